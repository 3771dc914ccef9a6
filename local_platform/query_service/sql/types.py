"""Spark's types, and their names in DuckDB, Arrow and PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pyarrow as pa


@dataclass(frozen=True)
class Field:
    """A named part of a struct."""

    name: str
    type: Type


@dataclass(frozen=True)
class Type:
    """A Spark SQL type.

    Attributes:
        kind: `int`, `string`, ..., `decimal`, `struct`, `array`, `map`, `void` (of a bare NULL), `interval_day`
            (whole days), `interval` (other durations), `interval_month`.
        precision: of a decimal, with `scale`.
        fields: of a struct.
        element: of an array; the value type of a map.
        key: of a map.
    """

    kind: str
    precision: int = 0
    scale: int = 0
    fields: tuple[Field, ...] = ()
    element: Type | None = None
    key: Type | None = None

    @property
    def is_integral(self) -> bool:
        return self.kind in _INTEGRAL

    @property
    def is_numeric(self) -> bool:
        return self.kind in _INTEGRAL or self.kind in ("float", "double", "decimal")

    @property
    def is_fractional(self) -> bool:
        return self.kind in ("float", "double")

    @property
    def is_complex(self) -> bool:
        return self.kind in ("struct", "array", "map")

    @property
    def is_interval(self) -> bool:
        return self.kind.startswith("interval")

    @property
    def item(self) -> Type:
        """Element of an array or value of a map; void for anything else."""
        return self.element or VOID

    def field(self, name: str) -> Field | None:
        """The struct's field of this name, in any case."""
        lowered = name.lower()
        return next((field for field in self.fields if field.name.lower() == lowered), None)

    @property
    def duck(self) -> str:
        """Name in DuckDB."""
        return _duck(self)

    @property
    def spark(self) -> str:
        """Name in Spark, as its messages and DESCRIBE print it."""
        return _spark(self)


_INTEGRAL = ("tinyint", "smallint", "int", "bigint")

VOID = Type("void")
BOOLEAN = Type("boolean")
TINYINT = Type("tinyint")
SMALLINT = Type("smallint")
INT = Type("int")
BIGINT = Type("bigint")
FLOAT = Type("float")
DOUBLE = Type("double")
STRING = Type("string")
BINARY = Type("binary")
DATE = Type("date")
TIMESTAMP = Type("timestamp")
INTERVAL_DAY = Type("interval_day")
INTERVAL = Type("interval")
INTERVAL_MONTH = Type("interval_month")


def decimal(precision: int, scale: int) -> Type:
    """decimal(p,s), cut to 38 digits the way Spark does (whole digits win, at least six decimals stay)."""
    if precision > 38:
        scale = max(38 - (precision - scale), min(scale, 6))
        precision = 38
    return Type("decimal", precision=max(precision, 1), scale=scale)


def bounded(precision: int, scale: int) -> Type:
    """decimal(p,s) with each cut to 38, as sum and avg have it."""
    return Type("decimal", precision=min(precision, 38), scale=min(scale, 38))


def array(element: Type) -> Type:
    return Type("array", element=element)


def map_of(key: Type, value: Type) -> Type:
    return Type("map", key=key, element=value)


def struct(*fields: tuple[str, Type]) -> Type:
    return Type("struct", fields=tuple(Field(name, type) for name, type in fields))


_DUCK = {
    "void": "INTEGER",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "interval_day": "INTERVAL",
    "interval": "INTERVAL",
    "interval_month": "INTERVAL",
}


def quoted(name: str) -> str:
    """A DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


@cache
def _duck(type: Type) -> str:
    if type.kind == "decimal":
        return f"DECIMAL({type.precision},{type.scale})"
    if type.kind == "array":
        return f"{type.item.duck}[]"
    if type.kind == "map":
        return f"MAP({(type.key or VOID).duck}, {type.item.duck})"
    if type.kind == "struct":
        return "STRUCT(" + ", ".join(f"{quoted(field.name)} {field.type.duck}" for field in type.fields) + ")"
    return _DUCK[type.kind]


@cache
def _spark(type: Type) -> str:
    if type.kind == "decimal":
        return f"decimal({type.precision},{type.scale})"
    if type.kind == "array":
        return f"array<{type.item.spark}>"
    if type.kind == "map":
        return f"map<{(type.key or VOID).spark},{type.item.spark}>"
    if type.kind == "struct":
        return "struct<" + ",".join(f"{field.name}:{field.type.spark}" for field in type.fields) + ">"
    return {"interval_day": "interval day", "interval_month": "interval month"}.get(type.kind, type.kind)


def from_arrow(type: pa.DataType) -> Type:
    """The Spark type that reads an Arrow (or Parquet) type.

    Raises:
        TypeError: for types XDM does not have.
    """
    for test, result in _FROM_ARROW:
        if test(type):
            return result
    if pa.types.is_decimal(type):
        return Type("decimal", precision=type.precision, scale=type.scale)
    if pa.types.is_dictionary(type):
        return from_arrow(type.value_type)
    if pa.types.is_struct(type):
        return struct(*((field.name, from_arrow(field.type)) for field in type))
    if pa.types.is_map(type):
        return map_of(from_arrow(type.key_type), from_arrow(type.item_type))
    if pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_list_view(type):
        return array(from_arrow(type.value_type))
    raise TypeError(f"Arrow type {type} has no counterpart in Query Service.")


_FROM_ARROW = (
    (pa.types.is_boolean, BOOLEAN),
    (pa.types.is_int8, TINYINT),
    (pa.types.is_int16, SMALLINT),
    (pa.types.is_uint8, SMALLINT),
    (pa.types.is_int32, INT),
    (pa.types.is_uint16, INT),
    (pa.types.is_integer, BIGINT),
    (pa.types.is_float32, FLOAT),
    (pa.types.is_floating, DOUBLE),
    (lambda type: pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type), STRING),
    (lambda type: pa.types.is_binary(type) or pa.types.is_large_binary(type), BINARY),
    (pa.types.is_date, DATE),
    (pa.types.is_timestamp, TIMESTAMP),
    (pa.types.is_null, STRING),
)

_TO_ARROW = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


def to_arrow(type: Type) -> pa.DataType:
    """The Arrow type a new table stores.

    Raises:
        TypeError: intervals and bare NULLs cannot be stored.
    """
    if type.kind == "decimal":
        return pa.decimal128(type.precision, type.scale)
    if type.kind == "array":
        return pa.list_(to_arrow(type.item))
    if type.kind == "map":
        return pa.map_(to_arrow(type.key or VOID), to_arrow(type.item))
    if type.kind == "struct":
        return pa.struct([pa.field(field.name, to_arrow(field.type)) for field in type.fields])
    if type.kind not in _TO_ARROW:
        raise TypeError(f"Type {type.spark} cannot be stored in a table.")
    return _TO_ARROW[type.kind]


# (object id, fixed size or -1) of the PostgreSQL type a client is told; see section "types" of DIFFERENCES.
_OID = {
    "boolean": (16, 1),
    "binary": (17, -1),
    "bigint": (20, 8),
    "smallint": (21, 2),
    "tinyint": (21, 2),
    "int": (23, 4),
    "float": (700, 4),
    "double": (701, 8),
    "date": (1082, 4),
    "timestamp": (1114, 8),
    "decimal": (1700, -1),
}
TEXT_OID = 25


def oid(type: Type) -> tuple[int, int]:
    """Object id and size of the PostgreSQL type; text for everything nested."""
    return _OID.get(type.kind, (TEXT_OID, -1))
