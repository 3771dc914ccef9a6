"""Lists of Flow Service: property filters, order, and pages by a continuation token that carries the whole question."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from local_platform.services.flows.errors import FlowProblem

Json = dict[str, Any]
DEFAULT_LIMIT = 20
LARGEST_LIMIT = 100
_QUESTION = {"property": list, "orderby": list, "limit": int, "start": int, "count": bool}
_FILTER = re.compile(r"^([A-Za-z0-9_.@-]+)(==|!=|>=|<=|>|<)(.*)$", re.DOTALL)


def page(path: str, items: list[Json], parameters: list[tuple[str, str]]) -> Json:
    """One page of the items that meet the query.

    Args:
        path: e.g. ``/runs``; the next link is ``{path}?continuationToken=…`` with no other parameter.
        parameters: the query as sent; when it holds a token, only the token counts.

    Raises:
        FlowProblem: a filter, limit or token that cannot be read.
    """
    question = _question(parameters)
    filters = [_filter(text) for text in question["property"]]
    found = [item for item in items if all(_meets(item, *parts) for parts in filters)]
    for name in reversed(question["orderby"]):
        found = _ordered(found, name)
    start, limit = question["start"], question["limit"]
    result: Json = {"items": found[start : start + limit], "_links": {"next": {"href": ""}}}
    if start + limit < len(found):
        token = base64.urlsafe_b64encode(json.dumps({**question, "start": start + limit}).encode()).decode().rstrip("=")
        result["_links"]["next"]["href"] = f"{path}?continuationToken={token}"
    if question["count"]:
        result["totalCount"] = len(found)
    return result


def _question(parameters: list[tuple[str, str]]) -> Json:
    token = next((value for name, value in parameters if name == "continuationToken" and value), None)
    if token is not None:
        return _asked_before(token)
    limit = next((value for name, value in parameters if name == "limit"), str(DEFAULT_LIMIT))
    if not re.fullmatch("[0-9]{1,9}", limit) or not 1 <= int(limit) <= LARGEST_LIMIT:
        raise FlowProblem(400, f"limit is {limit!r}; expected a whole number from 1 to {LARGEST_LIMIT}.")
    orders = [part for name, value in parameters if name.lower() == "orderby" for part in value.split(",") if part]
    return {
        "property": [value for name, value in parameters if name == "property"],
        "orderby": orders,
        "limit": int(limit),
        "start": 0,
        "count": any(name == "count" and value.lower() == "true" for name, value in parameters),
    }


def _asked_before(token: str) -> Json:
    unknown = FlowProblem(400, "The continuationToken is not one that this service gave out.")
    try:
        question = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, RecursionError):
        raise unknown from None
    if not isinstance(question, dict) or set(question) != set(_QUESTION):
        raise unknown
    texts = [text for name in ("property", "orderby") if isinstance(question[name], list) for text in question[name]]
    if not all(isinstance(question[name], kind) for name, kind in _QUESTION.items()):
        raise unknown
    if not all(isinstance(text, str) for text in texts) or not 1 <= question["limit"] <= LARGEST_LIMIT:
        raise unknown
    return {**question, "start": max(0, question["start"])}


def _filter(text: str) -> tuple[str, str, str]:
    match = _FILTER.match(text)
    if match is None:
        raise FlowProblem(400, f"The property filter {text!r} is not of the form name==value.")
    path, operator, wanted = match.groups()
    return path, operator, wanted


def _meets(item: Json, path: str, operator: str, wanted: str) -> bool:
    value = value_at(item, path)
    if operator in ("==", "!="):
        same = _text(value) == wanted.strip('"')
        return same if operator == "==" else not same
    if value is None:
        return False
    left, right = _comparable(value, wanted)
    return bool({">=": left >= right, "<=": left <= right, ">": left > right, "<": left < right}[operator])


def value_at(item: Any, path: str) -> Any:
    """The value at a dotted path, or None; a list is entered at its first element."""
    for part in path.split("."):
        if isinstance(item, list):
            item = item[0] if item else None
        if not isinstance(item, dict):
            return None
        item = item.get(part)
    return item


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_text(part) for part in value)
    return "" if value is None else str(value)


def _comparable(value: Any, wanted: str) -> tuple[Any, Any]:
    try:
        return float(value), float(wanted)
    except (TypeError, ValueError):
        return _text(value), wanted


def _ordered(items: list[Json], name: str) -> list[Json]:
    path = name.lstrip("+-")

    def key(item: Json) -> tuple[bool, Any]:
        value = value_at(item, path)
        return (isinstance(value, str), value if isinstance(value, str | int | float) else 0)

    return sorted(items, key=key, reverse=name.startswith("-"))
