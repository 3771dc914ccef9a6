"""Words, quotes and punctuation: enough to split a message into statements and to read what surrounds a query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from local_platform.query_service.errors import syntax_error

Kind = Literal["word", "number", "text", "name", "block", "sign"]

_TOKEN = re.compile(
    r"""
      (?P<space>\s+ | --[^\n]* | /\*.*?\*/)
    | (?P<block>\$\$.*?\$\$)
    | (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<name>"(?:[^"]|"")*" | `(?:[^`]|``)*`)
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z_]))
    | (?P<word>[@$]?[A-Za-z_0-9\u0080-\uffff][\w\u0080-\uffff$]*)
    | (?P<sign>::|<=>|<=|>=|==|!=|<>|\|\||->|=>|[^\s])
    """,
    re.VERBOSE | re.DOTALL,
)
_HASH_COMMENT = re.compile(
    r"""
      (?P<comment>^[ \t]*\#[^\n]*)
    | --[^\n]* | /\*.*?\*/ | '(?:[^'\\]|\\.)*' | "(?:[^"]|"")*" | `(?:[^`]|``)*`
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
DEEPEST = 500
"""Levels of parentheses, brackets, CASE and prefix operators that a statement may have.

(unconfirmed: Spark's parser gives up where its stack ends, after hundreds to thousands; no number is published)"""
_DEEPER, _BACK = frozenset("(["), frozenset(")]")
_PREFIXES = frozenset(("NOT", "-", "+", "~", "!"))
_OPEN = {"'": "text", '"': "quoted name", "`": "quoted name", "$": "$$ block", "/": "comment"}


@dataclass(frozen=True)
class Token:
    """A piece of SQL with its place in the text."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """Upper case for a bare word; a quoted name never equals a keyword."""
        return self.text.upper() if self.kind in ("word", "sign", "number") else ""

    @property
    def value(self) -> str:
        """The text inside the quotes."""
        if self.kind == "text":
            return re.sub(r"\\(.)", r"\1", self.text[1:-1])
        if self.kind == "name":
            quote = self.text[0]
            return self.text[1:-1].replace(quote * 2, quote)
        return self.text


def tokenize(sql: str) -> list[Token]:
    """All tokens, comments left out.

    Raises:
        QueryError: 42601 for a quote, block or comment that never ends, and for more than `DEEPEST` levels.
    """
    tokens: list[Token] = []
    place = 0
    depth = _Depth()
    while place < len(sql):
        match = _TOKEN.match(sql, place)
        if match is None:  # pragma: no cover - the last alternative takes any character
            raise syntax_error(f"Cannot read the statement at character {place + 1}.")
        kind = match.lastgroup
        text = match.group(0)
        unfinished = (kind == "sign" and text in "'\"`") or (sql.startswith(("/*",), place) and kind != "space")
        if unfinished or (sql.startswith("$$", place) and kind != "block"):
            raise syntax_error(f"The {_OPEN[sql[place]]} that starts at character {place + 1} never ends.")
        if kind != "space":
            tokens.append(Token(kind, text, place, match.end()))  # type: ignore[arg-type]
            depth.take(tokens[-1])
        place = match.end()
    return tokens


class _Depth:
    """How deeply a place is nested, refused before anything recurses into it."""

    def __init__(self) -> None:
        self.levels = 0
        self.cases = 0
        self.prefixes = 0

    def take(self, token: Token) -> None:
        """Go one token on."""
        word = token.upper
        self.prefixes = self.prefixes + 1 if word in _PREFIXES else 0
        if word in _DEEPER:
            self.levels += 1
        elif word in _BACK:
            self.levels -= 1
        elif word == "CASE":
            self.cases += 1
        elif word == "END" and self.cases:
            self.cases -= 1
        if self.levels + self.cases + self.prefixes > DEEPEST:
            raise syntax_error(
                f"The statement is nested more than {DEEPEST} levels deep at character {token.start + 1}.",
                hint="Divide it: name the inner parts in a WITH clause, or make views of them.",
            )


def parameter_count(sql: str) -> int:
    """How many values a query takes: the highest of $1, $2, ..."""
    numbers = [int(token.text[1:]) for token in tokenize(sql) if token.text[:1] == "$" and token.text[1:].isdigit()]
    return max(numbers, default=0)


def blank_hash_comments(sql: str) -> str:
    """Blanks in place of the lines that begin with `#`: comments in a block, but text inside quotes."""
    parts: list[str] = []
    end = 0
    for match in _HASH_COMMENT.finditer(sql):
        if match.lastgroup == "comment":
            parts += [sql[end : match.start()], " " * len(match.group(0))]
            end = match.end()
    return "".join(parts) + sql[end:]


def split(sql: str) -> list[str]:
    """The statements of a message, without their semicolons; nothing is split inside quotes or $$ blocks."""
    statements: list[str] = []
    start = 0
    tokens = tokenize(sql)
    begun = False
    for token in tokens:
        if token.kind == "sign" and token.text == ";":
            if begun:
                statements.append(sql[start : token.start].strip())
            start, begun = token.end, False
        else:
            begun = True
    if begun:
        statements.append(sql[start:].strip())
    return statements
