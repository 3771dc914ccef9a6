"""Messages of the protocol as bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from local_platform.query_service.errors import QueryError
from local_platform.query_service.sql.types import Type, oid

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102
PROTOCOL_3 = 196608

AUTHENTICATION_OK = b"R\x00\x00\x00\x08\x00\x00\x00\x00"
ASK_CLEARTEXT_PASSWORD = b"R\x00\x00\x00\x08\x00\x00\x00\x03"
PARSE_COMPLETE = b"1\x00\x00\x00\x04"
BIND_COMPLETE = b"2\x00\x00\x00\x04"
CLOSE_COMPLETE = b"3\x00\x00\x00\x04"
NO_DATA = b"n\x00\x00\x00\x04"
EMPTY_QUERY = b"I\x00\x00\x00\x04"
PORTAL_SUSPENDED = b"s\x00\x00\x00\x04"


def message(kind: bytes, body: bytes) -> bytes:
    """A message of one kind."""
    return kind + struct.pack("!i", len(body) + 4) + body


def text(value: str) -> bytes:
    """A zero-terminated string."""
    return value.encode().replace(b"\x00", b"") + b"\x00"


def parameter_status(name: str, value: str) -> bytes:
    return message(b"S", text(name) + text(value))


def backend_key(process: int, secret: int) -> bytes:
    return message(b"K", struct.pack("!ii", process, secret))


def ready(status: str) -> bytes:
    """I idle, T in a transaction, E in a failed one."""
    return message(b"Z", status.encode())


def command_complete(tag: str) -> bytes:
    return message(b"C", text(tag))


def error(problem: QueryError) -> bytes:
    """ErrorResponse with severity, code, message and hint."""
    severity = "FATAL" if problem.fatal else "ERROR"
    fields = [("S", severity), ("V", severity), ("C", problem.sqlstate), ("M", problem.message)]
    if problem.hint:
        fields.append(("H", problem.hint))
    return message(b"E", b"".join(code.encode() + text(value) for code, value in fields) + b"\x00")


def notice(content: str) -> bytes:
    fields = [("S", "NOTICE"), ("V", "NOTICE"), ("C", "00000"), ("M", content)]
    return message(b"N", b"".join(code.encode() + text(value) for code, value in fields) + b"\x00")


def row_description(columns: Sequence[tuple[str, Type]], formats: Sequence[int]) -> bytes:
    """Names and types of the columns; formats 0 text, 1 binary."""
    parts = [struct.pack("!h", len(columns))]
    for (name, type), format in zip(columns, formats, strict=True):
        number, size = oid(type)
        parts.append(text(name) + struct.pack("!ihihih", 0, 0, number, size, modifier(type), format))
    return message(b"T", b"".join(parts))


def modifier(type: Type) -> int:
    """PostgreSQL's type modifier: precision and scale of a decimal."""
    return ((type.precision << 16) | type.scale) + 4 if type.kind == "decimal" else -1


def parameter_description(oids: Sequence[int]) -> bytes:
    return message(b"t", struct.pack("!h", len(oids)) + b"".join(struct.pack("!i", each) for each in oids))


class Body:
    """Reads the fields of one message."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = 0

    def text(self) -> str:
        end = self.content.index(b"\x00", self.place)
        value = self.content[self.place : end].decode()
        self.place = end + 1
        return value

    def int16(self) -> int:
        return self._number("!h", 2)

    def int32(self) -> int:
        return self._number("!i", 4)

    def bytes(self, count: int) -> bytes:
        value = self.content[self.place : self.place + count]
        self.place += count
        return value

    def _number(self, form: str, size: int) -> int:
        (value,) = struct.unpack_from(form, self.content, self.place)
        self.place += size
        return int(value)
