"""Protocol 3 messages. PostgreSQL's documentation, "Frontend/Backend Protocol: Message Formats"."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from local_platform.query_service.errors import QueryError
from local_platform.query_service.wire.backend import Column

SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102
PROTOCOL_3 = 196608
MAX_MESSAGE = 64 << 20
_SIZES = {16: 1, 20: 8, 21: 2, 23: 4, 700: 4, 701: 8, 1082: 4, 1114: 8, 1184: 8}


class Disconnected(Exception):
    """The client is gone, in the middle of a message or between two."""


class Reader(Protocol):
    def recv_into(self, buffer: memoryview) -> int: ...


def read_exactly(source: Reader, size: int) -> bytes:
    """Read `size` bytes or raise Disconnected."""
    data = bytearray(size)
    view, have = memoryview(data), 0
    while have < size:
        try:
            got = source.recv_into(view[have:])
        except OSError as error:
            raise Disconnected from error
        if not got:
            raise Disconnected
        have += got
    return bytes(data)


def read_startup(source: Reader) -> tuple[int, bytes]:
    """The first message, which has no type byte: (code, rest)."""
    size, code = struct.unpack("!ii", read_exactly(source, 8))
    if not 8 <= size <= 1 << 16:
        raise Disconnected
    return code, read_exactly(source, size - 8)


def read_message(source: Reader) -> tuple[bytes, bytes]:
    """A typed message: (type, payload)."""
    kind, size = struct.unpack("!ci", read_exactly(source, 5))
    if not 4 <= size <= MAX_MESSAGE:
        raise Disconnected
    return kind, read_exactly(source, size - 4)


def startup_parameters(payload: bytes) -> dict[str, str]:
    """user, database, application_name, options ... of a StartupMessage."""
    parts = payload.split(b"\0")
    texts = [p.decode("utf-8", "replace") for p in parts]
    return {k: v for k, v in zip(texts[::2], texts[1::2], strict=False) if k}


def message(kind: bytes, payload: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(payload) + 4) + payload


def text(value: str) -> bytes:
    return value.encode("utf-8") + b"\0"


def authentication(code: int) -> bytes:
    """0 is Ok, 3 asks for the password in clear text."""
    return message(b"R", struct.pack("!i", code))


def parameter_status(values: Mapping[str, str]) -> bytes:
    return b"".join(message(b"S", text(k) + text(v)) for k, v in values.items())


def backend_key(process: int, secret: int) -> bytes:
    return message(b"K", struct.pack("!ii", process, secret))


def ready(status: str) -> bytes:
    return message(b"Z", status.encode())


def row_description(columns: Sequence[Column], formats: Sequence[int] = ()) -> bytes:
    body = struct.pack("!h", len(columns))
    for i, column in enumerate(columns):
        code = formats[i] if len(formats) == len(columns) else (formats[0] if formats else 0)
        body += text(column.name) + struct.pack("!ihihih", 0, 0, column.oid, _SIZES.get(column.oid, -1), -1, code)
    return message(b"T", body)


def command_complete(tag: str) -> bytes:
    return message(b"C", text(tag))


def error_response(error: QueryError) -> bytes:
    """ErrorResponse with severity, SQLSTATE, text and, where there is one, a hint."""
    severity = "FATAL" if error.fatal else "ERROR"
    fields = [(b"S", severity), (b"V", severity), (b"C", error.sqlstate), (b"M", error.message)]
    if error.hint:
        fields.append((b"H", error.hint))
    return message(b"E", b"".join(k + text(v) for k, v in fields) + b"\0")


def notice_response(line: str) -> bytes:
    fields = ((b"S", "NOTICE"), (b"V", "NOTICE"), (b"C", "00000"), (b"M", line))
    return message(b"N", b"".join(k + text(v) for k, v in fields) + b"\0")


def parameter_description(oids: Iterable[int]) -> bytes:
    found = list(oids)
    return message(b"t", struct.pack(f"!h{len(found)}i", len(found), *found))


def cut_text(payload: bytes, at: int) -> tuple[str, int]:
    """A zero-terminated text and the position behind it."""
    end = payload.index(b"\0", at)
    return payload[at:end].decode("utf-8"), end + 1
