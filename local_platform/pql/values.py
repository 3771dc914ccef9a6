"""Typed pieces of SQL, and how a DuckDB type is seen by PQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["boolean", "number", "string", "time", "array", "object", "period", "items", "unknown"]


@dataclass(frozen=True)
class Value:
    """A DuckDB expression and what PQL may do with it.

    ``day`` marks a time that is a whole calendar day (a date field or literal) rather than an instant. ``leaves`` are
    the columns below an object. ``end`` is the exclusive end of a period whose start is ``sql``.
    """

    sql: str
    kind: Kind
    day: bool = False
    leaves: tuple[str, ...] = ()
    end: str = ""


@dataclass(frozen=True)
class Items(Value):
    """The experience events of the profile, possibly filtered: conditions are SQL over the alias ``e``."""

    conditions: tuple[str, ...] = field(default=())


def kind_of(type_name: str) -> Kind:
    """PQL's view of a DuckDB type name such as ``DOUBLE`` or ``VARCHAR[]``."""
    name = type_name.upper()
    if name.endswith("]") or name.startswith("LIST"):
        return "array"
    if name.startswith(("STRUCT", "MAP", "JSON")):
        return "object"
    if name == "BOOLEAN":
        return "boolean"
    if name == "VARCHAR":
        return "string"
    if name.startswith(("DATE", "TIMESTAMP")):
        return "time"
    if name.startswith(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINY", "USMALL", "UINT", "UBIG",
                        "FLOAT", "DOUBLE", "DECIMAL")):  # fmt: skip
        return "number"
    return "unknown"


def quoted_name(name: str) -> str:
    """A DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """A DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"
