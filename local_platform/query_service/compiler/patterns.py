"""Java's date patterns, as Spark takes them."""

from __future__ import annotations

import re
from functools import lru_cache

from local_platform.query_service.errors import analysis_error

# How often a letter may be repeated, in the patterns of DateTimeFormatter that Spark lets through.
_MOST = {
    **dict.fromkeys("GMLEQqaO", 4),
    "y": 6,
    **dict.fromkeys("dHhKkms", 2),
    "D": 3,
    "S": 9,
    "V": 2,
    "z": 4,
    **dict.fromkeys("XxZ", 5),
}
_NOT_READ = "EQq"
_TOKEN = re.compile(r"''|'((?:[^']|'')*)'|([A-Za-z])\2*|[\[\]]|[^A-Za-z'\[\]]+")

# What DuckDB's strftime writes alike, letter by letter.
_STRFTIME = {
    "yyyy": "%Y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%-m",
    "LL": "%m",
    "L": "%-m",
    "dd": "%d",
    "d": "%-d",
    "HH": "%H",
    "H": "%-H",
    "hh": "%I",
    "h": "%-I",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "SSS": "%g",
    "SSSSSS": "%f",
    "a": "%p",
    "EEEE": "%A",
    "EEE": "%a",
    "EE": "%a",
    "E": "%a",
}
# What DuckDB's strptime reads alike once the digits have been counted.
_STRPTIME = {"yyyy": r"\d{4}", "MM": r"\d{2}", "dd": r"\d{2}", "HH": r"\d{2}", "mm": r"\d{2}", "ss": r"\d{2}"}


@lru_cache(maxsize=512)
def pieces(pattern: str, *, parse: bool = False) -> tuple[tuple[str, str], ...]:
    """The pattern as (kind, text): `letters`, `text`, `[` and `]`.

    Raises:
        QueryError: 58000, a letter Spark does not take.
    """
    found: list[tuple[str, str]] = []
    place = 0
    for match in _TOKEN.finditer(pattern):
        if match.start() != place:
            raise _illegal(pattern[place], pattern)
        place = match.end()
        text = match.group(0)
        if text in "[]":
            found.append((text, text))
        elif text == "''":
            found.append(("text", "'"))
        elif match.group(1) is not None:
            found.append(("text", match.group(1).replace("''", "'")))
        elif match.group(2) is None:
            found.append(("text", text))
        else:
            _check(text, pattern, parse)
            found.append(("letters", text))
    if place != len(pattern):
        raise _illegal(pattern[place], pattern)
    return tuple(found)


def _check(text: str, pattern: str, parse: bool) -> None:
    letter, count = text[0], len(text)
    most = 1 if letter == "a" else _MOST.get(letter, 0)
    if count > most or (letter == "V" and count != 2) or (letter == "O" and count not in (1, 4)):
        raise _illegal(text, pattern)
    if parse and letter in _NOT_READ:
        raise _illegal(text, pattern)


def _illegal(text: str, pattern: str) -> Exception:
    return analysis_error(f"Illegal pattern component {text!r} in {pattern!r}.", kind="INVALID_DATETIME_PATTERN")


def strftime_pattern(pattern: str) -> str | None:
    """The pattern for DuckDB's strftime; None where it has no such letters.

    Raises:
        QueryError: 58000, as `pieces`.
    """
    parts = []
    for kind, text in pieces(pattern):
        if kind in "[]" or (kind == "letters" and text not in _STRFTIME):
            return None
        parts.append(_STRFTIME[text] if kind == "letters" else text.replace("%", "%%"))
    return "".join(parts) or None


def strptime_pattern(pattern: str) -> tuple[str, str] | None:
    """A regular expression of the texts, and the pattern, that DuckDB's strptime reads as Spark does; None for others.

    Raises:
        QueryError: 58000, as `pieces`.
    """
    shape, parts, seen = [], [], set()
    for kind, text in pieces(pattern, parse=True):
        if kind in "[]" or (kind == "letters" and (text not in _STRPTIME or text in seen)):
            return None
        if kind == "letters":
            seen.add(text)
            shape.append(_STRPTIME[text])
            parts.append(_STRFTIME[text])
        else:
            shape.append(re.escape(text))
            parts.append(text.replace("%", "%%"))
    return ("".join(shape), "".join(parts)) if {"yyyy", "MM", "dd"} <= seen else None
