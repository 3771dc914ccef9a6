"""Java's date patterns, as Spark takes them, in the form of strftime."""

from __future__ import annotations

import re

from local_platform.query_service.errors import analysis_error

_LETTERS = {
    "yyyy": "%Y",
    "y": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%-m",
    "LL": "%m",
    "L": "%-m",
    "dd": "%d",
    "d": "%-d",
    "DDD": "%j",
    "D": "%-j",
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
    "XXX": "Z",
    "X": "Z",
    "z": "UTC",
    "VV": "UTC",
}
_TOKEN = re.compile(r"''|'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


def strftime_pattern(pattern: str, *, parse: bool = False) -> str:
    """The pattern for strftime, or for strptime with `parse`.

    Raises:
        QueryError: 58000, a letter the local Query Service does not read.
    """
    parts = []
    for match in _TOKEN.finditer(pattern):
        text = match.group(0)
        if text == "''":
            parts.append("'")
        elif match.group(1) is not None:
            parts.append(match.group(1).replace("''", "'").replace("%", "%%"))
        elif match.group(2) is None:
            parts.append(text.replace("%", "%%"))
        else:
            parts.append(_letters(text, pattern, parse))
    return "".join(parts)


def _letters(text: str, pattern: str, parse: bool) -> str:
    found = _LETTERS.get(text)
    if found is None:
        raise analysis_error(f"Illegal pattern component {text!r} in {pattern!r}.", kind="INVALID_DATETIME_PATTERN")
    if parse and text in ("XXX", "X", "z", "VV"):
        return "%z"
    return found
