"""Which engine runs a regular expression: DuckDB's own where it reads Java's pattern alike, else Python's."""

from __future__ import annotations

import re

from local_platform.query_service.compiler.scope import Value

# Looking around, back references, atomic groups, possessive quantifiers, intersected classes, classes by name.
_BEYOND = re.compile(
    r"\(\?(?:[=!>]|<[=!A-Za-z])|\\[1-9]|\\k<|[*+?}]\+|&&|\\[pP]\{(?!L[ulmto]?\}|N[dlo]?\}|P[a-z]?\}|S[a-z]?\})"
    r"|\\[hRvXGZzQE]|\[[^\]]*\[(?!:)"
)
_AT_END = re.compile(r"(?<!\\)\$")


def needs_python(pattern: Value) -> bool:
    """Whether the pattern is beyond RE2, or changes from row to row and so might be."""
    return not isinstance(pattern.literal, str) or _BEYOND.search(pattern.literal) is not None


def ends_line(pattern: Value) -> bool:
    """Whether it has a `$`, which in Java also stands before a last line break."""
    return isinstance(pattern.literal, str) and _AT_END.search(pattern.literal) is not None


def choose(pattern: Value, text: str, fast: str, general: str) -> str:
    """SQL that takes the fast form where it gives the same."""
    if needs_python(pattern):
        return general
    if ends_line(pattern):
        return f"(CASE WHEN ends_with({text}, chr(10)) THEN {general} ELSE {fast} END)"
    return fast


def groups(pattern: Value) -> int | None:
    """Number of groups of a literal pattern; None where it is not known."""
    if not isinstance(pattern.literal, str):
        return None
    bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "", pattern.literal, flags=re.DOTALL)
    return len(re.findall(r"\((?!\?)|\(\?<[A-Za-z]", bare))


def re2_replacement(text: str) -> str:
    """Java's replacement in RE2's spelling: $1 becomes \\1, an escaped character itself."""
    out, place = [], 0
    while place < len(text):
        letter = text[place]
        if letter == "\\" and place + 1 < len(text):
            out.append("\\\\" if text[place + 1] == "\\" else text[place + 1])
            place += 2
        elif letter == "$" and text[place + 1 : place + 2].isdigit():
            out.append("\\" + text[place + 1])
            place += 2
        else:
            out.append("\\\\" if letter == "\\" else letter)
            place += 1
    return "".join(out)
