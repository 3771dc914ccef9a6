"""Which type two types become when they meet, as Spark decides it with ANSI mode off."""

from __future__ import annotations

from collections.abc import Iterable

from local_platform.query_service.sql.types import (
    DOUBLE,
    STRING,
    TIMESTAMP,
    VOID,
    Field,
    Type,
    array,
    bounded,
    decimal,
    map_of,
)

_ORDER = ("tinyint", "smallint", "int", "bigint", "float", "double")
_DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 20}


def as_decimal(type: Type) -> Type:
    """The decimal that holds every value of an integral type."""
    return type if type.kind == "decimal" else decimal(_DIGITS[type.kind], 0)


def wider_numeric(left: Type, right: Type) -> Type:
    """Common type of two numeric types."""
    if left == right:
        return left
    if "decimal" in (left.kind, right.kind):
        if left.is_fractional or right.is_fractional:
            return DOUBLE
        one, other = as_decimal(left), as_decimal(right)
        scale = max(one.scale, other.scale)
        # The scale is kept even where whole digits then do not fit; only arithmetic gives scale up for them.
        return bounded(max(one.precision - one.scale, other.precision - other.scale) + scale, scale)
    # A float is not wide enough for an int or bigint in Spark's table either; Spark still picks float.
    return left if _ORDER.index(left.kind) >= _ORDER.index(right.kind) else right


def common(left: Type, right: Type, *, text: bool = True, names: bool = True) -> Type | None:
    """Common type of two values in CASE, COALESCE, UNION, IN, array() and the like; None when there is none.

    Args:
        text: whether a string and another simple type become a string.
        names: whether fields of structs must have the same names; if not, equal types are enough and the left names
            are taken.
    """
    if left == right or right.kind == "void":
        return left
    if left.kind == "void":
        return right
    if left.is_numeric and right.is_numeric:
        return wider_numeric(left, right)
    if {left.kind, right.kind} == {"date", "timestamp"}:
        return TIMESTAMP
    if left.is_interval and right.is_interval:
        return Type("interval")
    if text and "string" in (left.kind, right.kind):
        other = right if left.kind == "string" else left
        return None if other.is_complex or other.kind in ("binary", "boolean") else STRING
    return _common_complex(left, right, text, names)


def _common_complex(left: Type, right: Type, text: bool, names: bool) -> Type | None:
    if left.kind != right.kind:
        return None
    if left.kind == "array":
        element = common(left.item, right.item, text=text, names=names)
        return None if element is None else array(element)
    if left.kind == "map":
        key, value = common(left.key or VOID, right.key or VOID, text=text), common(left.item, right.item, text=text)
        return None if key is None or value is None else map_of(key, value)
    if left.kind == "struct" and len(left.fields) == len(right.fields):
        fields = []
        for one, other in zip(left.fields, right.fields, strict=True):
            type = common(one.type, other.type, text=text, names=names)
            renamed = one.name.lower() != other.name.lower()
            if type is None or (renamed and (names or one.type != other.type)):
                return None
            fields.append(Field(one.name, type))
        return Type("struct", fields=tuple(fields))
    return None


def common_of(types: Iterable[Type], *, text: bool = True, names: bool = True) -> Type | None:
    """Common type of several values."""

    widest: Type | None = VOID
    for type in types:
        widest = None if widest is None else common(widest, type, text=text, names=names)
    return widest


def compared(left: Type, right: Type) -> Type | None:
    """The type in which two values are compared; a string gives way to the other side."""
    if left == right:
        return left
    if "string" in (left.kind, right.kind):
        other = right if left.kind == "string" else left
        return None if other.is_complex else (STRING if other.kind in ("void", "binary") else other)
    if "boolean" in (left.kind, right.kind) and (left.is_numeric or right.is_numeric):
        return left if left.is_numeric else right
    return common(left, right, text=False)
