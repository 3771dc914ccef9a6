"""Reading an anonymous block: statements, variables, IF, EXCEPTION."""

from __future__ import annotations

from dataclasses import dataclass

from local_platform.query_service.errors import QueryError, syntax_error
from local_platform.query_service.sql.lexer import Token, blank_hash_comments, tokenize
from local_platform.query_service.sql.parse import parse_statement
from local_platform.query_service.sql.statements import Block, Select


@dataclass(frozen=True)
class Run:
    """A statement."""

    sql: str


@dataclass(frozen=True)
class Assign:
    """SET @name = SELECT ..."""

    name: str
    query: str


@dataclass(frozen=True)
class If:
    """IF ... ELSEIF ... ELSE ... END IF; `otherwise` may be empty."""

    branches: tuple[tuple[str, tuple[Step, ...]], ...]
    otherwise: tuple[Step, ...]


@dataclass(frozen=True)
class Body:
    """BEGIN ... EXCEPTION WHEN OTHER THEN ... END; `handler` None without one."""

    steps: tuple[Step, ...]
    handler: tuple[Step, ...] | None


Step = Run | Assign | If | Body

_ENDS = ("END", "ELSE", "ELSEIF", "EXCEPTION")


def parse_block(text: str) -> Body:
    """The block between the $$.

    Raises:
        QueryError: 42601; nothing of the block has run then.
    """
    reader = _Reader(text)
    reader.expect("BEGIN")
    body = reader.body()
    reader.accept(";")
    if reader.token is not None:
        raise syntax_error(f"Syntax error: {reader.token.text!r} behind END of the block.")
    return body


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = blank_hash_comments(text)
        self.tokens = tokenize(self.text)
        self.place = 0

    @property
    def token(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def sees(self, *words: str) -> bool:
        return [token.upper for token in self.tokens[self.place : self.place + len(words)]] == list(words)

    def accept(self, *words: str) -> bool:
        if not self.sees(*words):
            return False
        self.place += len(words)
        return True

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            seen = self.token.text if self.token is not None else "the end of the block"
            raise syntax_error(f"Syntax error in the block: expected {' '.join(words)}, seen {seen!r}.")

    def body(self) -> Body:
        """Behind BEGIN up to its END."""
        steps = self.steps()
        handler = None
        if self.accept("EXCEPTION"):
            self.expect("WHEN")
            if not self.accept("OTHER"):
                self.expect("OTHERS")
            self.expect("THEN")
            handler = self.steps()
        self.expect("END")
        return Body(steps, handler)

    def steps(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        while self.token is not None and self.token.upper not in _ENDS:
            steps.append(self.step())
        return tuple(steps)

    def step(self) -> Step:
        if self.accept("IF"):
            return self.condition()
        if self.sees("BEGIN") and not any(self.sees("BEGIN", word) for word in (";", "TRANSACTION", "WORK")):
            self.expect("BEGIN")
            body = self.body()
            self.expect(";")
            return body
        start = self.token
        if start is not None and start.upper == "SET" and self.place + 1 < len(self.tokens):
            following = self.tokens[self.place + 1]
            if following.text.startswith("@"):
                return self.assign(following.text[1:])
        return Run(_checked(self.until_semicolon()))

    def assign(self, name: str) -> Assign:
        self.place += 2
        self.expect("=")
        query = self.until_semicolon()
        if not isinstance(parse_statement(query), Select):
            raise syntax_error(f"SET @{name} takes the result of a SELECT.")
        return Assign(name.lower(), query)

    def condition(self) -> If:
        branches = [(self.until_then(), self.steps())]
        otherwise: tuple[Step, ...] = ()
        while self.accept("ELSEIF"):
            branches.append((self.until_then(), self.steps()))
        if self.accept("ELSE"):
            otherwise = self.steps()
        self.expect("END", "IF")
        self.expect(";")
        return If(tuple(branches), otherwise)

    def until_then(self) -> str:
        """The text up to the THEN that belongs to IF; those inside CASE do not."""
        start, cases = self.place, 0
        while self.token is not None:
            word = self.token.upper
            if word == "THEN" and cases == 0:
                text = self._slice(start)
                self.place += 1
                return text
            cases += {"CASE": 1, "END": -1}.get(word, 0)
            self.place += 1
        raise syntax_error("IF without THEN in the block.")

    def until_semicolon(self) -> str:
        start = self.place
        while self.token is not None and not (self.token.kind == "sign" and self.token.text == ";"):
            self.place += 1
        if self.token is None:
            raise syntax_error("A statement of the block does not end with a semicolon.")
        text = self._slice(start)
        self.place += 1
        return text

    def _slice(self, start: int) -> str:
        taken = self.tokens[start : self.place]
        if not taken:
            raise syntax_error("An empty statement or condition in the block.")
        return self.text[taken[0].start : taken[-1].end]


def _checked(sql: str) -> str:
    """The statement, if it is one; a variable may stand where a literal must, so details wait until it runs."""
    try:
        statement = parse_statement(sql)
    except QueryError:
        if "@" in sql:
            return sql
        raise
    if isinstance(statement, Block):
        raise syntax_error("A block inside a block is written BEGIN ... END; without $$.")
    return sql
