"""Values bound to $1, $2, ... by a client, text or binary."""

from __future__ import annotations

import re
import struct
from datetime import date, datetime, timedelta
from decimal import Decimal

from local_platform.query_service.compiler.casts import cast, literal_text
from local_platform.query_service.compiler.literals import number
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import QueryError
from local_platform.query_service.sql import types
from local_platform.query_service.sql.types import Type
from local_platform.query_service.wire.numeric import decode_numeric

_TYPES: dict[int, Type] = {
    16: types.BOOLEAN,
    17: types.BINARY,
    20: types.BIGINT,
    21: types.SMALLINT,
    23: types.INT,
    25: types.STRING,
    700: types.FLOAT,
    701: types.DOUBLE,
    1042: types.STRING,
    1043: types.STRING,
    1082: types.DATE,
    1114: types.TIMESTAMP,
    1184: types.TIMESTAMP,
    1700: Type("decimal", precision=38, scale=18),
}
_INTEGERS = {2: "!h", 4: "!i", 8: "!q"}


def value_of(content: bytes | None, oid: int, format: int) -> Value:
    """A bound value as the compiler takes it. Type 0 (unknown) is text.

    Raises:
        QueryError: 0A000 for a type this end does not read in binary; 22P02 or 22P03 for what is no value of its type.
    """
    type = _TYPES.get(oid, types.STRING)
    if content is None:
        return Value(f"CAST(NULL AS {type.duck})", type)
    if format == 1:
        try:
            return _binary(content, oid, type)
        except (KeyError, struct.error, OverflowError):
            raise QueryError("22P03", f"{len(content)} bytes are no binary value of type {type.spark}.") from None
    text = content.decode()
    if not _reads_as(text, type):
        raise QueryError("22P02", f"{text!r} is no value of type {type.spark}.")
    return _text(text, type)


def _reads_as(text: str, type: Type) -> bool:
    """Whether a number or truth value is one: the driver says that it is, and a cast would make NULL of it."""
    if type.is_integral:
        return re.fullmatch(r"\s*[+-]?\d+\s*", text) is not None
    if type.is_fractional or type.kind == "decimal":
        try:
            float(text)
        except ValueError:
            return False
    if type == types.BOOLEAN:
        return text.strip().lower() in ("t", "f", "true", "false", "1", "0", "on", "off", "yes", "no")
    return True


def _text(text: str, type: Type) -> Value:
    if type == types.STRING:
        return Value(literal_text(text), types.STRING, text)
    if type.kind == "decimal":
        plain = number(text.lstrip("+-"))
        return Value(f"(-{plain.sql})", plain.type) if text.startswith("-") else plain
    if type == types.BINARY:
        return Value(f"unhex({literal_text(text.removeprefix(chr(92) + 'x'))})", type)
    made = cast(Value(literal_text(text), types.STRING), type)
    if type.is_integral and text.lstrip("-").isdigit():
        return Value(made.sql, type, int(text))
    return made


def _binary(content: bytes, oid: int, type: Type) -> Value:
    if type == types.BOOLEAN:
        return Value("true" if content != b"\x00" else "false", type, content != b"\x00")
    if type.is_integral:
        (whole,) = struct.unpack(_INTEGERS[len(content)], content)
        return Value(f"CAST({whole} AS {type.duck})", type, int(whole))
    if type.is_fractional:
        (real,) = struct.unpack("!f" if len(content) == 4 else "!d", content)
        return Value(f"CAST('{real!r}' AS {type.duck})", type)
    if type == types.STRING:
        return _text(content.decode(), type)
    if type == types.BINARY:
        return Value(f"unhex('{content.hex()}')", type)
    if type == types.DATE:
        (days,) = struct.unpack("!i", content)
        return Value(f"DATE '{date(2000, 1, 1) + timedelta(days=days)}'", type)
    if type == types.TIMESTAMP:
        (micros,) = struct.unpack("!q", content)
        return Value(f"TIMESTAMP '{datetime(2000, 1, 1) + timedelta(microseconds=micros)}'", type)
    if type.kind == "decimal":
        return _text(format(decode_numeric(content), "f"), type)
    raise QueryError("0A000", f"Binary parameters of type {oid} are not supported; send text.")


__all__ = ["Decimal", "value_of"]
