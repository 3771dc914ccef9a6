"""Small readers for JSON answers.

An answer that lacks what was promised is an error, never an empty value: `need` and `listed` say what was missing and
where. Numbers arrive as numbers or as numeric strings (Data Access, batch metrics), so `whole` reads both; ids are read
by `text`, lists that may be absent by `rows`, pages by `page_of`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from runner.errors import Unavailable

Document = Mapping[str, Any]


def mapping(answer: object, what: str) -> Document:
    """The answer as an object; Unavailable when it is anything else."""
    if isinstance(answer, Mapping):
        return answer
    raise unexpected(what, f"an object, not {type(answer).__name__}")


def listed(answer: object, what: str) -> list[Document]:
    """The answer as a list of objects; Unavailable when it is anything else."""
    if isinstance(answer, list) and all(isinstance(item, Mapping) for item in answer):
        return answer
    raise unexpected(what, "a list of objects")


def need(document: Document, key: str, what: str) -> Any:
    """The value under `key`; Unavailable when the answer has no such key or null."""
    value = document.get(key)
    if value is None:
        raise unexpected(what, f"'{key}'; it has {', '.join(sorted(map(str, document)))[:200] or 'nothing'}")
    return value


def text(document: Document, key: str, what: str) -> str:
    """The name or number under `key` as text; Unavailable when there is none, or something that names nothing."""
    value = need(document, key, what)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise unexpected(what, f"a name under '{key}', not {type(value).__name__}")
    return str(value)


def rows(document: Document, key: str, what: str) -> list[Document]:
    """The list of objects under `key`, empty where it is absent or null; Unavailable when it is anything else."""
    value = document.get(key)
    return [] if value is None else listed(value, what)


def page_of(document: Document, key: str, what: str) -> list[Document]:
    """The list of objects under `key`, which must be there: an answer without it is not an empty page."""
    return listed(need(document, key, what), what)


def inner(document: Document, *keys: str) -> Document:
    """The nested object at `keys`, or an empty one where a link of the chain is absent or null."""
    here: Any = document
    for key in keys:
        here = here.get(key) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def whole(value: object, default: int = 0) -> int:
    """A whole number given as number or numeric string; `default` where it is absent or unreadable."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return default
    try:
        return int(float(value)) if isinstance(value, float) or "." in str(value) else int(value)
    except (ValueError, OverflowError):
        return default


def decimal(value: object, default: float = 0.0) -> float:
    """A number given as number or numeric string; `default` where it is absent, unreadable or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return default
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return default
    return found if math.isfinite(found) else default


def strings(value: object) -> tuple[str, ...]:
    """A list of texts, or one text, as a tuple."""
    if isinstance(value, str):
        return (value,)
    return tuple(str(v) for v in value) if isinstance(value, list | tuple) else ()


def unexpected(what: str, expected: str) -> Unavailable:
    """The error for an answer whose shape is not the documented one."""
    return Unavailable(
        f"The answer of {what} should hold {expected}.",
        "The service answered in a shape its documentation does not show: try again, then ask Adobe with the time.",
        service=what.split(" ")[0],
    )
