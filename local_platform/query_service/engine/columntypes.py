"""Types of columns as CREATE TABLE and ALTER TABLE spell them, which is not as Spark does."""

from __future__ import annotations

from local_platform.query_service.compiler.typenames import type_of
from local_platform.query_service.errors import syntax_error
from local_platform.query_service.sql.dialect import parse_type
from local_platform.query_service.sql.lexer import Token, tokenize
from local_platform.query_service.sql.types import Field, Type, array

CREATE_TYPES = {
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamp",
    "text": "string",
    "float": "float",
    "bigint": "bigint",
    "integer": "int",
    "int": "int",
}
_NESTED = ("ROW", "STRUCT", "MAP", "ARRAY")


def column_type(text: str, known: dict[str, str]) -> Type:
    """A column's type.

    Args:
        known: the words that are documented there, with Spark's name of each.

    Raises:
        QueryError: 42601, a type that is not documented there.
    """
    word = " ".join(text.lower().split())
    base = word.split("(")[0].strip()
    if word in known:
        return type_of(parse_type(known[word]))
    if base in known and known[base] == "string" and base != word:
        return type_of(parse_type("string"))
    if known is CREATE_TYPES:
        reader = _Reader(text)
        if reader.word in _NESTED:
            return reader.whole()
    raise syntax_error(f"A column cannot have the type {text!r} here; known are {', '.join(sorted(known))}.")


class _Reader:
    """ROW (a int, b text), MAP <text, integer>, ARRAY <text>, inside one another."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = tokenize(text)
        self.place = 0

    @property
    def word(self) -> str:
        return self.tokens[self.place].upper if self.place < len(self.tokens) else ""

    def whole(self) -> Type:
        """The type, and nothing behind it."""
        type = self.type()
        if self.place < len(self.tokens):
            raise self.unreadable()
        return type

    def type(self) -> Type:
        word = self.word
        self.place += 1
        if word == "ARRAY":
            self.expect("<")
            element = self.type()
            self.expect(">")
            return array(element)
        if word == "MAP":
            self.expect("<")
            key = self.type()
            self.expect(",")
            value = self.type()
            self.expect(">")
            return Type("map", key=key, element=value)
        if word in ("ROW", "STRUCT"):
            return self.row()
        if word.lower() not in CREATE_TYPES and word != "STRING":
            raise self.unreadable()
        return type_of(parse_type(CREATE_TYPES.get(word.lower(), "string")))

    def row(self) -> Type:
        close = {"(": ")", "<": ">"}.get(self.word)
        if close is None:
            raise self.unreadable()
        fields: list[Field] = []
        while not fields or self.word == ",":
            self.place += 1
            name = self.tokens[self.place].value if self.place < len(self.tokens) else ""
            self.place += 1
            if self.word == ":":
                self.place += 1
            fields.append(Field(name, self.type()))
        self.expect(close)
        return Type("struct", fields=tuple(fields))

    def expect(self, sign: str) -> None:
        if self.word != sign:
            raise self.unreadable()
        self.place += 1

    def unreadable(self) -> Exception:
        return syntax_error(
            f"Cannot read the type {self.text!r}; nested are ROW (name type, ...), MAP <type, type> and ARRAY <type>, "
            f"of {', '.join(sorted(CREATE_TYPES))}."
        )
