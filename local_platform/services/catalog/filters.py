"""Catalog's query language: filters, order, pages, and which properties to show."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

from local_platform.http import Call
from local_platform.problems import BadRequest

Json = dict[str, Any]

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 100
_CONDITION = re.compile(r"(?P<path>[^=!<>~]+)(?:(?P<operator>==|!=|<=|>=|<|>|=|!~|~)(?P<value>.*))?", re.S)


def select(call: Call, objects: dict[str, Json], simple: tuple[str, ...]) -> dict[str, Json]:
    """The page of objects a list call asks for, keyed by id.

    Args:
        simple: top-level fields that can be filtered by a query parameter of their name.

    Raises:
        BadRequest
    """
    limit = call.integer("limit", DEFAULT_LIMIT, least=1, most=LARGEST_LIMIT)
    start = call.integer("start", 0, least=0, most=10**9)
    query = call.request.query_params
    found = objects
    for name in simple:
        if query.get(name) is not None:
            found = {id: item for id, item in found.items() if _is_named(item.get(name), query[name])}
    for condition in query.getlist("property"):
        found = {id: item for id, item in found.items() if _holds(item, condition)}
    for tag in query.getlist("tags"):
        found = {id: item for id, item in found.items() if _is_tagged(item.get("tags", {}), tag)}
    ordered = _ordered(found, query.get("orderBy") or query.get("sort"))
    page = dict(list(ordered.items())[start : start + limit])
    return only(page, query.get("properties"))


def only(objects: dict[str, Json], properties: str | None) -> dict[str, Json]:
    """The objects with the named top-level fields only; all fields without a list of names."""
    if not properties:
        return objects
    names = [name.strip().split(".")[0] for name in properties.split(",")]
    return {id: {name: item[name] for name in names if name in item} for id, item in objects.items()}


def _is_named(value: Any, pattern: str) -> bool:
    """`a,b` is either, `!a` is not, `*` stands for anything."""
    if pattern.startswith("!"):
        return not _is_named(value, pattern[1:])
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return any(fnmatch.fnmatchcase(text, _literal(part)) for part in pattern.split(","))


def _literal(pattern: str) -> str:
    """Only `*` is a wildcard."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def _holds(item: Json, condition: str) -> bool:
    match = _CONDITION.fullmatch(condition)
    if match is None:
        raise BadRequest(f"The filter property={condition!r} cannot be read; write property=name==value.")
    value: Any = item
    for part in match["path"].strip().split("."):
        value = value.get(part) if isinstance(value, dict) else None
    operator, wanted = match["operator"], (match["value"] or "").strip()
    if operator is None:
        return value is not None
    values = value if isinstance(value, list) else [] if value is None else [value]
    if operator in ("~", "!~"):
        return any(_found(wanted, str(one)) for one in values) == (operator == "~")
    if operator in ("=", "=="):
        return any(_is_named(one, wanted) for one in values)
    if operator == "!=":
        return not any(_is_named(one, wanted) for one in values)
    return any(_compares(one, operator, wanted) for one in values)


def _found(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise BadRequest(f"{pattern!r} is no valid regular expression: {error}.") from None


def _compares(value: Any, operator: str, wanted: str) -> bool:
    left, right = str(value), wanted
    try:
        difference = float(left) - float(right)
    except ValueError:
        difference = (left > right) - (left < right)
    return {"<": difference < 0, ">": difference > 0, "<=": difference <= 0, ">=": difference >= 0}[operator]


def _is_tagged(tags: dict[str, list[str]], wanted: str) -> bool:
    key, _, value = wanted.partition(":")
    values = [text.replace(" ", "") for text in tags.get(key, [])]
    return key in tags and (not value or any(_is_named(text, value.replace(" ", "")) for text in values))


def _ordered(objects: dict[str, Json], order: str | None) -> dict[str, Json]:
    """`desc:created` or `asc:name,updated`; without it, by creation."""
    items = list(objects.items())
    descending = False
    keys: list[tuple[str, bool]] = []
    for part in (order or "asc:created").split(","):
        direction, separator, name = part.strip().rpartition(":")
        if separator and direction not in ("asc", "desc"):
            raise BadRequest(f"orderBy={order!r} cannot be read; write orderBy=desc:created.")
        descending = direction == "desc" if separator else descending
        keys.append((name, descending))
    for name, reverse in reversed(keys):
        items.sort(key=lambda item: _sort_key(item[1].get(name)), reverse=reverse)
    return dict(items)


def _sort_key(value: Any) -> tuple[int, Any]:
    if isinstance(value, int | float):
        return (1, value)
    return (0, "") if value is None else (2, str(value))
