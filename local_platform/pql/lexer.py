"""Splits PQL text into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local_platform.pql.errors import PqlSyntaxError

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<name>[A-Za-z_@][A-Za-z0-9_@]*|\$\d+)
  | (?P<quoted>`[^`]+`)
  | (?P<operator>=>|>=|<=|!=|[=<>!+\-*/%.,()\[\]:])
    """,
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True)
class Token:
    """``kind``: number, string, name, operator or end. ``text``: unescaped content for strings, else as written."""

    kind: str
    text: str
    position: int


def tokens(source: str) -> list[Token]:
    """All tokens of ``source`` and an ``end`` token. Raises PqlSyntaxError for a character that starts none."""
    found: list[Token] = []
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            raise PqlSyntaxError(_unexpected(source, position), position)
        kind = match.lastgroup or ""
        if kind == "string":
            found.append(Token("string", _unescape(match.group()[1:-1]), position))
        elif kind == "quoted":
            found.append(Token("name", match.group()[1:-1], position))
        elif kind != "space":
            found.append(Token(kind, match.group(), position))
        position = match.end()
    found.append(Token("end", "", len(source)))
    return found


def _unexpected(source: str, position: int) -> str:
    character = source[position]
    if character == '"':
        return "The string that starts here is not closed. Strings stand between double quotes"
    if character == "'":
        return "Unexpected single quote. PQL strings stand between double quotes"
    return f"Unexpected character {character!r}"


def _unescape(text: str) -> str:
    # A regular expression's own escapes (\w, \d) are kept; only quotes, backslashes and the usual white space are ours.
    def one(match: re.Match[str]) -> str:
        character = match.group(1)
        if character in '"\\':
            return character
        return _ESCAPES.get(character, "\\" + character)

    return re.sub(r"\\(.)", one, text)
