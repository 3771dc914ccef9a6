"""Reading a statement's head, word by word."""

from __future__ import annotations

from local_platform.query_service.errors import QueryError, syntax_error
from local_platform.query_service.sql.lexer import Token, tokenize


class Reader:
    """A place in the tokens of one statement."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens = tokenize(sql)
        self.place = 0

    @property
    def token(self) -> Token | None:
        """The next token, None at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    @property
    def at_end(self) -> bool:
        return self.place >= len(self.tokens)

    def next(self) -> Token:
        """Take one token.

        Raises:
            QueryError: 42601 at the end of the statement.
        """
        token = self.token
        if token is None:
            raise syntax_error(f"The statement ends too early: {self.sql[-60:]!r}.")
        self.place += 1
        return token

    def sees(self, *words: str) -> bool:
        """Whether the next tokens are these words or signs."""
        ahead = self.tokens[self.place : self.place + len(words)]
        return [token.upper for token in ahead] == list(words)

    def accept(self, *words: str) -> bool:
        """Take these words if they come next."""
        if not self.sees(*words):
            return False
        self.place += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Take these words.

        Raises:
            QueryError: 42601, something else comes.
        """
        if not self.accept(*words):
            raise self.unexpected(" ".join(words))

    def name(self, what: str = "a name") -> str:
        """A bare or quoted name."""
        token = self.token
        if token is None or token.kind not in ("word", "name"):
            raise self.unexpected(what)
        self.place += 1
        return token.value

    def parts(self, what: str = "a name") -> tuple[str, ...]:
        """A name of up to three parts joined by dots."""
        names = [self.name(what)]
        while self.accept("."):
            names.append(self.name(what))
        return tuple(names)

    def text(self, what: str) -> str:
        """A text literal, or a bare or quoted name in its place."""
        token = self.next()
        if token.kind in ("text", "name", "word", "number"):
            return token.value
        raise self.unexpected(what, token)

    def rest(self) -> str:
        """The SQL from here to the end; takes it all."""
        token = self.token
        self.place = len(self.tokens)
        return self.sql[token.start :].strip() if token is not None else ""

    def parenthesised(self) -> str:
        """The SQL inside a pair of parentheses that starts here; takes both."""
        self.expect("(")
        start = self.place
        depth = 1
        while depth:
            token = self.next()
            if token.kind == "sign":
                depth += {"(": 1, ")": -1}.get(token.text, 0)
        inside = self.tokens[start : self.place - 1]
        return self.sql[inside[0].start : inside[-1].end] if inside else ""

    def end(self) -> None:
        """Nothing may follow.

        Raises:
            QueryError: 42601.
        """
        if not self.at_end:
            raise self.unexpected("the end of the statement")

    def unexpected(self, wanted: str, token: Token | None = None) -> QueryError:
        """42601: something else was expected here."""
        seen = token or self.token
        place = f"{seen.text!r}" if seen is not None else "the end"
        return syntax_error(f"Syntax error: expected {wanted}, seen {place}.")
