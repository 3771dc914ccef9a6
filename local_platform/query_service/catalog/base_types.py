"""The types and type functions that pg_type and pg_proc list.

Npgsql finds its types by joining pg_type with the functions that receive them, the JDBC driver recognises arrays by
the function that reads them; so both are there, under PostgreSQL's own numbers where types have them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

PUBLIC, CATALOG_SCHEMA, OWNER = 2200, 11, 10


class BaseType(NamedTuple):
    """A type as PostgreSQL numbers, names and spells it."""

    number: int
    name: str
    spelled: str
    size: int
    category: str


BASE_TYPES = [
    BaseType(16, "bool", "boolean", 1, "B"),
    BaseType(17, "bytea", "bytea", -1, "U"),
    BaseType(18, "char", '"char"', 1, "S"),
    BaseType(19, "name", "name", 64, "S"),
    BaseType(20, "int8", "bigint", 8, "N"),
    BaseType(21, "int2", "smallint", 2, "N"),
    BaseType(23, "int4", "integer", 4, "N"),
    BaseType(25, "text", "text", -1, "S"),
    BaseType(26, "oid", "oid", 4, "N"),
    BaseType(700, "float4", "real", 4, "N"),
    BaseType(701, "float8", "double precision", 8, "N"),
    BaseType(1043, "varchar", "character varying", -1, "S"),
    BaseType(1082, "date", "date", 4, "D"),
    BaseType(1114, "timestamp", "timestamp without time zone", 8, "D"),
    BaseType(1184, "timestamptz", "timestamp with time zone", 8, "D"),
    BaseType(1700, "numeric", "numeric", -1, "N"),
]
# Arrays and maps are shown as these; both are sent as text.
_PSEUDO = [BaseType(2277, "anyarray", "anyarray", -1, "P"), BaseType(5000, "anymap", "anymap", -1, "P")]
# \d prints this type shorter than PostgreSQL does, in every example of the documentation.
_SHORT = {"timestamp": "timestamp"}
_FIRST_FUNCTION = 1200
_ROLES = ("in", "out", "recv", "send")
_FUNCTION_NAMES = [f"{each.name}{role}" for each in BASE_TYPES for role in _ROLES] + [
    f"array_{role}" for role in _ROLES
]
_FUNCTIONS = {name: _FIRST_FUNCTION + place for place, name in enumerate(_FUNCTION_NAMES)}


def type_rows() -> list[dict[str, Any]]:
    """Rows of pg_type."""
    return [_row(each, "b", each.name) for each in BASE_TYPES] + [_row(each, "p", "array_") for each in _PSEUDO]


def _row(type: BaseType, kind: str, functions: str) -> dict[str, Any]:
    reader, writer, receiver, sender = (_FUNCTIONS[f"{functions}{role}"] for role in _ROLES)
    return {
        "oid": type.number,
        "typname": type.name,
        "typnamespace": CATALOG_SCHEMA,
        "typlen": type.size,
        "typtype": kind,
        "typcategory": type.category,
        "typisdefined": True,
        "typinput": reader,
        "typoutput": writer,
        "typreceive": receiver,
        "typsend": sender,
        "spelled": _SHORT.get(type.name, type.spelled),
    }


def function_rows() -> list[dict[str, Any]]:
    """Rows of pg_proc."""
    return [
        {"oid": number, "proname": name, "pronamespace": CATALOG_SCHEMA, "pronargs": 1}
        for name, number in _FUNCTIONS.items()
    ]
