"""The functions of calculated fields that this platform evaluates, after Adobe's list of Data Prep functions.

Null in most arguments gives null, as there. Dates are ISO 8601 texts on the way out; epoch figures are milliseconds.
"""

from __future__ import annotations

import hashlib
import math
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_platform.services.data_prep.errors import ExpressionError

_JAVA = (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"), ("SSS", "%f"))


@dataclass(frozen=True)
class Function:
    """A function as it is listed and called. `most` is None for any number of arguments."""

    name: str
    category: str
    description: str
    least: int
    most: int | None
    call: Callable[..., Any]


def _nulls(call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: None if any(value is None for value in given) else call(*given)


def text(value: Any) -> str:
    """A value as text: `true`, not `True`; whole numbers without a point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def number(value: Any) -> float | int:
    """A value as a number.

    Raises:
        ExpressionError: it is none.
    """
    if isinstance(value, int | float):
        return value
    try:
        return int(value) if re.fullmatch(r"[+-]?\d+", str(value).strip()) else float(value)
    except ValueError:
        raise ExpressionError(f"{value!r} is no number") from None


def moment(value: Any, pattern: str | None = None) -> datetime:
    """A value as a time in UTC: epoch milliseconds, ISO 8601, or the pattern given.

    Raises:
        ExpressionError: it is none.
    """
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / 1000, UTC)
        if pattern:
            return datetime.strptime(str(value), _pattern(pattern)).replace(tzinfo=UTC)
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise ExpressionError(f"{value!r} is no date" + (f" of the form {pattern}" if pattern else "")) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _pattern(java: str) -> str:
    for letters, code in _JAVA:
        java = java.replace(letters, code)
    return java.replace("'", "")


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _date(value: Any, pattern: str | None = None, default: Any = None) -> str | None:
    if value in (None, ""):
        return None if default is None else _iso(moment(default))
    return _iso(moment(value, pattern))


def _boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else text(value).lower() in ("true", "yes", "y", "1", "on")


def _regex(value: Any, pattern: str) -> re.Match[str] | None:
    try:
        return re.search(pattern, text(value))
    except re.error as fault:
        raise ExpressionError(f"{pattern!r} is no regular expression: {fault}") from None


def _decode(value: Any, *pairs: Any) -> Any:
    for known, result in zip(pairs[::2], pairs[1::2], strict=False):
        if known == value:
            return result
    return pairs[-1] if len(pairs) % 2 else None


def _empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


_S, _T, _N, _D, _L, _C = ("String", "Date / Time", "Number", "Digest", "Logical", "Conversion")


def _joined(*values: Any) -> str:
    return "".join(text(value) for value in values if value is not None)


def _part(value: Any, start: Any, length: Any) -> str:
    return text(value)[int(start) : int(start) + int(length)]


def _md5(value: Any) -> str:
    return hashlib.md5(text(value).encode(), usedforsecurity=False).hexdigest()


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list | dict | str) else 0


def _first(*values: Any) -> Any:
    found = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    return found[0] if found else None


_TABLE: tuple[tuple[str, str, str, int, int | None, Callable[..., Any]], ...] = (
    ("concat", _S, "Joins texts; null counts as empty.", 1, None, _joined),
    ("upper", _S, "Upper case.", 1, 1, _nulls(lambda v: text(v).upper())),
    ("ucase", _S, "Upper case.", 1, 1, _nulls(lambda v: text(v).upper())),
    ("lower", _S, "Lower case.", 1, 1, _nulls(lambda v: text(v).lower())),
    ("lcase", _S, "Lower case.", 1, 1, _nulls(lambda v: text(v).lower())),
    ("trim", _S, "Without blanks at both ends.", 1, 1, _nulls(lambda v: text(v).strip())),
    ("ltrim", _S, "Without blanks at the left.", 1, 1, _nulls(lambda v: text(v).lstrip())),
    ("rtrim", _S, "Without blanks at the right.", 1, 1, _nulls(lambda v: text(v).rstrip())),
    ("substr", _S, "A part: text, start (from 0), length.", 3, 3, _nulls(_part)),
    ("left", _S, "The first characters.", 2, 2, _nulls(lambda v, n: text(v)[: int(n)])),
    ("right", _S, "The last characters.", 2, 2, _nulls(lambda v, n: text(v)[-int(n) :] if n else "")),
    ("lpad", _S, "Filled up at the left.", 3, 3, _nulls(lambda v, n, c: text(v).rjust(int(n), str(c)[:1]))),
    ("rpad", _S, "Filled up at the right.", 3, 3, _nulls(lambda v, n, c: text(v).ljust(int(n), str(c)[:1]))),
    ("replace", _S, "All occurrences replaced.", 3, 3, _nulls(lambda v, a, b: text(v).replace(str(a), str(b)))),
    ("instr", _S, "Position of a part, -1 without one.", 2, 2, _nulls(lambda v, p: text(v).find(str(p)))),
    ("split", _S, "Cut at a separator.", 2, 2, _nulls(lambda v, by: text(v).split(str(by)))),
    ("explode", _S, "Cut at a separator.", 2, 2, _nulls(lambda v, by: text(v).split(str(by)))),
    ("join", _S, "A list joined.", 2, 2, _nulls(lambda by, v: str(by).join(text(x) for x in v))),
    ("equals", _S, "Whether two texts are equal.", 2, 2, _nulls(lambda a, b: text(a) == text(b))),
    ("equalsIgnoreCase", _S, "The same without case.", 2, 2, _nulls(lambda a, b: text(a).lower() == text(b).lower())),
    ("matches_regex", _S, "Whether a pattern is found.", 2, 2, _nulls(lambda v, p: _regex(v, p) is not None)),
    ("guid", _S, "A random id.", 0, 0, lambda: str(uuid.uuid4())),
    ("uuid", _S, "A random id.", 0, 0, lambda: str(uuid.uuid4())),
    ("date", _T, "A date from text, pattern and default.", 1, 3, _date),
    ("timestamp", _T, "Epoch milliseconds of a date.", 1, 1, _nulls(lambda v: int(moment(v).timestamp() * 1000))),
    ("dformat", _T, "Epoch milliseconds as text.", 2, 2, _nulls(lambda v, p: moment(number(v)).strftime(_pattern(p)))),
    ("format", _T, "A date as text.", 2, 2, _nulls(lambda v, p: moment(v).strftime(_pattern(p)))),
    ("zone_date_to_utc", _T, "A date in UTC.", 1, 1, _nulls(lambda v: _iso(moment(v)))),
    ("min", _N, "The smallest.", 1, None, _nulls(lambda *v: min(v, key=number))),
    ("max", _N, "The largest.", 1, None, _nulls(lambda *v: max(v, key=number))),
    ("abs", _N, "Without sign.", 1, 1, _nulls(lambda v: abs(number(v)))),
    ("ceil", _N, "Rounded up.", 1, 1, _nulls(lambda v: math.ceil(number(v)))),
    ("floor", _N, "Rounded down.", 1, 1, _nulls(lambda v: math.floor(number(v)))),
    ("round", _N, "Rounded half up.", 1, 1, _nulls(lambda v: math.floor(number(v) + 0.5))),
    ("md5", _D, "Digest of a text.", 1, 1, _nulls(_md5)),
    ("sha256", _D, "Digest of a text.", 1, 1, _nulls(lambda v: hashlib.sha256(text(v).encode()).hexdigest())),
    ("iif", _L, "One of two values.", 3, 3, lambda test, yes, no: yes if test else no),
    ("coalesce", _L, "The first that is not null.", 1, None, lambda *v: next((x for x in v if x is not None), None)),
    ("decode", _L, "The value that belongs to a key.", 3, None, _decode),
    ("nullify", _L, "Null.", 0, 0, lambda: None),
    ("is_empty", _L, "Whether a value is null or empty.", 1, 1, _empty),
    ("is_set", _L, "Whether a field is there.", 1, 1, lambda v: v is not None),
    ("size_of", "Hierarchies - Arrays", "How many elements.", 1, 1, _size),
    ("first", "Hierarchies - Arrays", "The first element.", 1, None, _first),
    ("to_string", _C, "As text.", 1, 1, _nulls(text)),
    ("to_integer", _C, "As a whole number.", 1, 1, _nulls(lambda v: int(number(v)))),
    ("to_long", _C, "As a whole number.", 1, 1, _nulls(lambda v: int(number(v)))),
    ("to_float", _C, "As a number.", 1, 1, _nulls(lambda v: float(number(v)))),
    ("to_double", _C, "As a number.", 1, 1, _nulls(lambda v: float(number(v)))),
    ("to_decimal", _C, "As a number.", 1, 1, _nulls(lambda v: float(number(v)))),
    ("to_bool", _C, "As true or false.", 1, 1, _nulls(_boolean)),
)  # fmt: skip
FUNCTIONS = {row[0]: Function(*row) for row in _TABLE}
