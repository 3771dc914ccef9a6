"""A recorded exchange against the published files: path, method, parameters, headers, bodies, media types, status."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from jsonschema.exceptions import ValidationError

from tests.published_apis.files import Operation, Parameter, PublishedFile, published
from tests.published_apis.recorder import Exchange

Json = dict[str, Any]
# Services of the loop that Adobe publishes no file for.
UNPUBLISHED = (
    "/ims/",
    "/data/core/idnamespace/",
    "/data/core/ais/",
    "/data/foundation/conversion/",
    "/data/foundation/connectors/",
    "/data/foundation/dataset/",
    "/data/foundation/dulepolicy/",
)


@dataclass(frozen=True)
class Finding:
    """Something that a published file does not describe so.

    `part` is one of: path, method, query, header, request body, request type, status, response body, response type.
    """

    operation: str
    part: str
    where: str
    what: str
    line: str

    def __str__(self) -> str:
        return f"{self.operation} | {self.part} {self.where} | {self.what} | {self.line}"


def findings(exchange: Exchange) -> list[Finding]:
    """What contradicts the file that describes the path; of two files the one that is contradicted least."""
    if exchange.path.startswith(UNPUBLISHED):
        return []
    path = "/" + "/".join(part for part in exchange.path.split("/") if part)
    described = [file for file in published() if path.startswith(file.base + "/") or path == file.base]
    if not described:
        return [Finding("-", "path", path, "no file describes this path", exchange.line)]
    operations = [found for file in described if (found := _operation(file, exchange.method, path)) is not None]
    if not operations:
        name = "/".join(file.name for file in described)
        return [Finding(name, "path", path, f"{exchange.method} is not described", exchange.line)]
    return min(([*_check(exchange, operation)] for operation in operations), key=len)


def _operation(file: PublishedFile, method: str, path: str) -> Operation | None:
    for pattern, operation in file.operations:
        if operation.method.upper() == method and pattern.fullmatch(path):
            return operation
    return None


def _check(exchange: Exchange, operation: Operation) -> Iterator[Finding]:
    def finding(part: str, where: str, what: str) -> Finding:
        return Finding(operation.name, part, where, what, exchange.line)

    # What a client sent that was refused need not be right.
    if exchange.status < 400:
        for part, where, what in [*_parameters(exchange, operation), *_request(exchange, operation)]:
            yield finding(part, where, what)
    answers = operation.response(exchange.status)
    if answers is None:
        yield finding("status", str(exchange.status), f"is not described: {exchange.response_body[:150]!r}")
        return
    if not exchange.response_body:
        return
    status = str(exchange.status)
    if not answers:
        yield finding("response body", status, f"no body is described: {exchange.response_body[:100]!r}")
        return
    media = _media(answers, exchange.response_headers.get("content-type", ""))
    if media is None:
        yield finding("response type", status, f"{exchange.response_headers.get('content-type')} not in {[*answers]}")
        return
    schema = answers[media]
    if schema is not None and "json" in exchange.response_headers.get("content-type", ""):
        for where, what in errors(operation.file, schema, json.loads(exchange.response_body)):
            yield finding("response body", f"{status} {where}", what)


def _parameters(exchange: Exchange, operation: Operation) -> Iterator[tuple[str, str, str]]:
    sent: dict[str, list[str]] = {}
    for name, value in parse_qsl(exchange.query, keep_blank_values=True):
        sent.setdefault(name, []).append(value)
    known = {item.name for item in operation.parameters if item.place == "query"}
    for name in sorted(set(sent) - known):
        yield "query", name, "is not described"
    for item in operation.parameters:
        if item.place == "query":
            values = sent.get(item.name)
        elif item.place == "header":
            value = exchange.request_headers.get(item.name.lower())
            values = None if value is None else [value]
        else:
            continue
        if values is None:
            # A request without a body has no media type, whatever a file says.
            empty = item.name.lower() == "content-type" and not exchange.request_body
            if item.required and not empty:
                yield item.place, item.name, "is required and was not sent"
            continue
        for where, what in _value_errors(operation, item, values):
            yield item.place, f"{item.name}{where}", what


def _value_errors(operation: Operation, item: Parameter, values: list[str]) -> Iterator[tuple[str, str]]:
    schema = operation.file.resolved(item.schema)
    if schema.get("type") == "array":
        items = operation.file.resolved(schema.get("items") or {})
        typed: Any = [_typed(value, items.get("type")) for value in values]
    else:
        typed = _typed(values[-1], schema.get("type"))
    yield from errors(operation.file, schema, typed)


def _typed(text: str, kind: Any) -> Any:
    if kind in ("integer", "number"):
        try:
            return int(text) if kind == "integer" else float(text)
        except ValueError:
            return text
    return {"true": True, "false": False}.get(text.lower(), text) if kind == "boolean" else text


def _request(exchange: Exchange, operation: Operation) -> Iterator[tuple[str, str, str]]:
    required, kinds = operation.request
    if not exchange.request_body:
        if required and kinds:
            yield "request body", "", "is required and was not sent"
        return
    if not kinds:
        yield "request body", "", f"none is described: {exchange.request_body[:100]!r}"
        return
    kind = exchange.request_headers.get("content-type", "")
    media = _media(kinds, kind)
    if media is None:
        yield "request type", "", f"{kind} not in {[*kinds]}"
        return
    schema = kinds[media]
    if schema is not None and "json" in kind:
        for where, what in errors(operation.file, schema, json.loads(exchange.request_body)):
            yield "request body", where, what


def _media(kinds: Mapping[str, Json | None], sent: str) -> str | None:
    plain = sent.split(";")[0].strip().lower()
    return next((kind for kind in kinds if kind.split(";")[0].strip().lower() in (plain, "*/*")), None)


def errors(file: PublishedFile, schema: Json, value: Any) -> list[tuple[str, str]]:
    """Where a value contradicts a schema (`/a/*/b`), and how; of alternatives the one that is contradicted least."""
    found = [(_where(error), _reason(error)) for error in file.validator(schema).iter_errors(value)]
    return list(dict.fromkeys(item for item in found if not item[1].endswith("for not nullable")))


def _where(error: ValidationError) -> str:
    parts = ["*" if isinstance(part, int) else str(part) for part in error.absolute_path]
    return "/" + "/".join(parts) if parts else ""


def _reason(error: ValidationError) -> str:
    if not error.context:
        return error.message if len(error.message) < 300 else f"... {error.message[-290:]}"
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    least = min(branches.values(), key=len)
    inside = "; ".join(f"{_where(inner)} {_reason(inner)}" for inner in least[:3])
    return f"fits no alternative; nearest: {inside}"
