"""Java's regular expressions by the library `regex`: for what DuckDB's (RE2) cannot do, such as looking ahead.

Text is ASCII for \\w, \\d, \\s and \\b, as in Java unless told otherwise. A pattern that goes back over a text again
and again may take years for one value: unlike Python's own `re`, this library lets other threads run meanwhile, and
gives up after a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import regex

from local_platform.query_service.engine import bounded, pace

_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": "\\x00-\\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": "!-/:-@\\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": " \\t",
    "Cntrl": "\\x00-\\x1f\\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": " \\t\\n\\x0b\\f\\r",
    "L": "^\\W\\d_",
    "IsAlphabetic": "^\\W\\d_",
}


_LONGEST = 10_000
"""Characters of a pattern: while one is read, nothing else runs."""
_SECONDS = 10.0
"""For one value."""
_LIMITS = {"timeout": _SECONDS, "concurrent": True}
# What `regex` reads and Java refuses: a bracket that repeats nothing, verbs, other kinds of groups, other escapes.
_NOT_JAVA = re.compile(
    r"(?P<repetition>\{(?!\d+(?:,\d*)?\}))|(?P<verb>\(\*)|(?P<group>\(\?(?![:=!>]|<[=!A-Za-z]|[idmsuxU]*(?:-[idmsuxU]*)?[:)]))"
)
_ESCAPE = re.compile(r"\\(?:[pP]\{\w+\}|[xN]\{[^}]*\}|.)|\[(?:\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPES_OF_JAVA = frozenset("tnrfaecdDsSwWhHvVRXbBAGZzxuNpPQEk")


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> regex.Pattern[str]:
    """The pattern for the library.

    Raises:
        ValueError: Java or the library does not read it.
    """
    if len(pattern) > _LONGEST:
        raise ValueError(f"A pattern of more than {_LONGEST} characters is too long for the local Query Service.")
    unicode = "\\p{L}" in pattern or "\\p{IsAlphabetic}" in pattern
    plain = re.sub(r"\\Q(.*?)(?:\\E|$)", lambda found: re.escape(found[1]), pattern, flags=re.DOTALL)
    _refuse_what_java_refuses(pattern, plain)
    try:
        return regex.compile(_translated(plain), regex.V0 if unicode else regex.V0 | regex.ASCII)
    except (regex.error, RecursionError) as error:
        raise ValueError(f"The pattern {pattern!r} cannot be read: {error}.") from None


def _refuse_what_java_refuses(pattern: str, plain: str) -> None:
    for found in re.findall(r"\\([A-Za-z])", plain.replace("\\\\", "")):
        if found not in _ESCAPES_OF_JAVA:
            raise ValueError(f"The pattern {pattern!r} cannot be read: Java knows no \\{found}.")
    found = _NOT_JAVA.search(_ESCAPE.sub("", plain))
    if found is not None:
        raise ValueError(f"The pattern {pattern!r} cannot be read: Java takes no such {found.lastgroup}.")


def _translated(pattern: str) -> str:
    pattern = re.sub(r"\(\?<([A-Za-z][A-Za-z0-9]*)>", r"(?P<\1>", pattern)
    pattern = re.sub(r"\\k<([A-Za-z][A-Za-z0-9]*)>", r"(?P=\1)", pattern)
    # [a-f&&[^bd]]: both must hold of one character.
    pattern = re.sub(r"\[([^\[\]&]+)&&(\[[^\[\]]+\]|[^\[\]]+)\]", _both, pattern)
    pattern = re.sub(r"\\[pP]\{(?:Is)?(\w+)\}", _property, pattern)
    return pattern.replace(r"\Z", r"(?=\n?\Z)").replace(r"\z", r"\Z").replace(r"\h", r"[ \t]")


def _both(found: re.Match[str]) -> str:
    other = found[2] if found[2].startswith("[") else f"[{found[2]}]"
    return f"(?:(?=[{found[1]}]){other})"


def _property(found: re.Match[str]) -> str:
    members = _POSIX.get(found[1])
    if members is None:
        raise ValueError(f"The local Query Service does not know the class {found[0]} in such a pattern.")
    if found[0][1] == "P":
        return f"[{members[1:]}]" if members.startswith("^") else f"[^{members}]"
    return f"[{members}]"


def matches(text: str, pattern: str) -> bool:
    """Whether the pattern is found anywhere."""
    return _first(compiled(pattern), text) is not None


def extract(text: str, pattern: str, group: int) -> str:
    """A group of the first match, empty when there is none.

    Raises:
        ValueError: the pattern has no such group.
    """
    expression = compiled(pattern)
    if not 0 <= group <= expression.groups:
        raise ValueError(f"Expects group index between 0 and {expression.groups}, but got {group}.")
    found = _first(expression, text)
    return (found[group] or "") if found else ""


def extract_all(text: str, pattern: str, group: int) -> list[str]:
    """A group of every match, empty where a match leaves it out.

    Raises:
        ValueError: the pattern has no such group.
    """
    expression = compiled(pattern)
    if not 0 <= group <= expression.groups:
        raise ValueError(f"Expects group index between 0 and {expression.groups}, but got {group}.")
    return [found[group] or "" for found in _matches(expression, text)]


def _first(expression: regex.Pattern[str], text: str) -> regex.Match[str] | None:
    try:
        return expression.search(text, **_LIMITS)
    except TimeoutError:
        raise _too_long(expression) from None


def _matches(expression: regex.Pattern[str], text: str) -> Iterator[regex.Match[str]]:
    try:
        for found in expression.finditer(text, **_LIMITS):
            pace.tick()
            yield found
    except TimeoutError:
        raise _too_long(expression) from None


def _too_long(expression: regex.Pattern[str]) -> ValueError:
    return ValueError(
        f"The pattern {expression.pattern!r} takes longer than {_SECONDS:.0f} seconds for one value; the local Query "
        "Service gives up. Write it so that a text can be matched in one way only."
    )


def replace(text: str, pattern: str, replacement: str) -> str:
    """Every match; $1 is a group, a backslash takes the next character as it is."""
    expression = compiled(pattern)
    parts = re.findall(r"\\(.)|\$(\d)|\$\{(\w+)\}|([^\\$]+)", replacement, re.DOTALL)

    budget = bounded.Budget(len(text))

    def made(found: regex.Match[str]) -> str:
        pace.tick()
        pieces: list[str] = []
        for escaped, number, name, plain in parts:
            if number:
                pieces.append(found[int(number)] or "")
            elif name:
                pieces.append(found[name] or "")
            else:
                pieces.append(escaped or plain)
        return budget.spend("".join(pieces))

    try:
        return str(expression.sub(made, text, **_LIMITS))
    except TimeoutError:
        raise _too_long(expression) from None


def split(text: str, pattern: str, limit: int) -> list[str]:
    """Pieces between matches, at most `limit` of them when it is positive; an empty match at the start is none."""
    pieces: list[str] = []
    place = 0
    for found in _matches(compiled(pattern), text):
        if found.end() == 0 or (found.start() == found.end() == len(text)):
            continue
        if limit > 0 and len(pieces) == limit - 1:
            break
        pieces.append(text[place : found.start()])
        place = found.end()
    return [*pieces, text[place:]]
