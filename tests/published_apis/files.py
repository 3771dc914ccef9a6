"""Adobe's published API files: which operations they describe, and the schemas of their requests and answers.

They are read from the directory that AEP_OPENAPI_DIR names, by default `../shared/openapi` beside the project; nothing
of them is kept here. Response codes are integers in several of them and texts in others: texts here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
METHODS = ("get", "post", "put", "patch", "delete", "head")


class _Loader(yaml.CSafeLoader):
    """Dates stay texts: an example's time stamp is no Python object."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def directory() -> Path | None:
    """Where the files are, or None when they are not on this machine."""
    place = Path(os.environ.get("AEP_OPENAPI_DIR") or ROOT.parent / "shared" / "openapi")
    return place if (place / "catalog.yaml").is_file() else None


@dataclass(frozen=True)
class Parameter:
    """A documented parameter; `schema` may hold references into its file."""

    name: str
    place: str
    required: bool
    schema: Json


@dataclass(frozen=True)
class Operation:
    """One method of one path of one file."""

    file: PublishedFile
    method: str
    template: str
    pointer: str
    body: Json

    @property
    def name(self) -> str:
        """`catalog GET /dataSets/{DATASET_ID}`."""
        return f"{self.file.name} {self.method.upper()} {self.template}"

    @cached_property
    def parameters(self) -> list[Parameter]:
        """Those of the path and of the operation, the request body left out."""
        listed = [*self.file.content["paths"][self.template].get("parameters", []), *self.body.get("parameters", [])]
        found = [self.file.resolved(item) for item in listed]
        return [
            Parameter(
                str(item["name"]),
                str(item["in"]),
                bool(item.get("required")),
                item.get("schema") or {key: item[key] for key in ("type", "enum", "format", "items") if key in item},
            )
            for item in found
            if item.get("in") != "body"
        ]

    @cached_property
    def request(self) -> tuple[bool, Mapping[str, Json | None]]:
        """Whether a body is required, and the schema of each media type."""
        for item in map(self.file.resolved, self.body.get("parameters", [])):
            if item.get("in") == "body":
                kinds = self.body.get("consumes") or self.file.content.get("consumes") or ["application/json"]
                return bool(item.get("required")), dict.fromkeys(kinds, item.get("schema"))
        body = self.file.resolved(self.body.get("requestBody") or {})
        return bool(body.get("required")), {kind: (it or {}).get("schema") for kind, it in _contents(body)}

    def response(self, status: int) -> Mapping[str, Json | None] | None:
        """Schema by media type of the answer with a status (None: not described); empty when it has no body."""
        listed = {str(code): answer for code, answer in self.body.get("responses", {}).items()}
        found = listed.get(str(status)) or listed.get(f"{str(status)[0]}XX") or listed.get("default")
        if found is None:
            return None
        answer = self.file.resolved(found)
        if "schema" in answer:
            kinds = self.body.get("produces") or self.file.content.get("produces") or ["application/json"]
            return dict.fromkeys(kinds, answer["schema"])
        return {kind: (it or {}).get("schema") for kind, it in _contents(answer)}


def _contents(body: Json) -> Iterator[tuple[str, Json | None]]:
    yield from (body.get("content") or {}).items()


@dataclass(frozen=True)
class PublishedFile:
    """One file; `name` is its file name without the ending."""

    name: str
    content: Json

    __hash__ = object.__hash__

    @cached_property
    def base(self) -> str:
        """Path in front of all its paths."""
        if "basePath" in self.content:
            return str(self.content["basePath"])
        return urlsplit(re.sub(r"\{\w+\}", "x", self.content["servers"][0]["url"])).path.rstrip("/")

    @cached_property
    def operations(self) -> list[tuple[re.Pattern[str], Operation]]:
        """All operations, fixed paths before those with parameters."""
        found = []
        for template, item in self.content["paths"].items():
            # A file's path below a batch may hold slashes.
            pattern = re.sub(r"\\\{(\w+)\\\}", lambda m: ".+" if m[1] == "filePath" else "[^/]+", re.escape(template))
            for method in METHODS:
                if method in item:
                    pointer = f"/paths/{template.replace('~', '~0').replace('/', '~1')}/{method}"
                    operation = Operation(self, method, template, pointer, item[method])
                    found.append((re.compile(re.escape(self.base) + pattern.rstrip("/")), operation))
        return sorted(found, key=lambda pair: pair[1].template.count("{"))

    def resolved(self, item: Json) -> Json:
        """What a `$ref` at the top names."""
        while "$ref" in item:
            target: Any = self.content
            for part in item["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            item = target
        return item

    @cached_property
    def _registry(self) -> Any:
        return Registry().with_resource(f"urn:{self.name}", Resource(self.content, DRAFT4))

    def validator(self, schema: Json) -> Any:
        """A validator of one of its schemas, references included."""
        return OAS30Validator(
            _absolute(schema, f"urn:{self.name}"), registry=self._registry, format_checker=oas30_format_checker
        )


def _absolute(node: Any, base: str) -> Any:
    if isinstance(node, dict):
        return {
            key: base + value if key == "$ref" and isinstance(value, str) and value.startswith("#") else
            _absolute(value, base)
            for key, value in node.items()
        }  # fmt: skip
    return [_absolute(item, base) for item in node] if isinstance(node, list) else node


@cache
def published() -> tuple[PublishedFile, ...]:
    """All files of the directory."""
    place = directory()
    assert place is not None
    # Loaded with the C loader: ten files, a megabyte and a half.
    return tuple(
        PublishedFile(path.stem, _with_text_codes(yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)))
        for path in sorted(place.glob("*.yaml"))
    )


def _with_text_codes(content: Json) -> Json:
    for item in content["paths"].values():
        for method in METHODS:
            if method in item:
                item[method]["responses"] = {str(code): a for code, a in item[method].get("responses", {}).items()}
    return content
