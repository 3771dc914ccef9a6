"""Literals: numbers, text, intervals."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler.casts import literal_text, text_value
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error, syntax_error
from local_platform.query_service.sql.types import (
    BIGINT,
    BINARY,
    BOOLEAN,
    DOUBLE,
    INT,
    INTERVAL,
    INTERVAL_DAY,
    INTERVAL_MONTH,
    VOID,
    Type,
)

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

_MONTHS = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}
_SECONDS = {"WEEK": 604_800, "DAY": 86_400, "HOUR": 3_600, "MINUTE": 60, "SECOND": 1}
_PARTS = ("SECOND", "MINUTE", "HOUR", "DAY")


def literal(_: Expressions, node: exp.Literal) -> Value:
    """A number or a text."""
    if node.is_string:
        return text_value(node.this)
    return number(node.this)


def ordinal(node: exp.Expression) -> int | None:
    """The place in the select list that an int literal means in GROUP BY and ORDER BY: 2, (2), and -2, which is none.

    Returns:
        None for anything else, numbers with a fraction or beyond int among it.
    """
    node = node.unnest()
    if isinstance(node, exp.Neg) and (inner := ordinal(node.this)) is not None:
        return -inner
    if not isinstance(node, exp.Literal) or node.is_string:
        return None
    value = number(node.this)
    return int(node.this) if value.type == INT else None


def number(text: str) -> Value:
    """A number as Spark types it: int, bigint, decimal with as many digits as written, double with an exponent."""
    if re.fullmatch(r"\d+", text):
        value = int(text)
        if value < 2**31:
            return Value(text, INT, value)
        if value < 2**63:
            return Value(f"CAST({text} AS BIGINT)", BIGINT, value)
        return Value(f"CAST('{text}' AS DECIMAL({len(text)},0))", Type("decimal", precision=len(text)), Decimal(text))
    if re.fullmatch(r"\d*\.\d*", text):
        whole, _, fraction = text.partition(".")
        digits = len(whole.lstrip("0")) + len(fraction)
        precision = max(digits, len(fraction), 1)
        type = Type("decimal", precision=precision, scale=len(fraction))
        return Value(f"CAST('{text}' AS {type.duck})", type, Decimal(text))
    return Value(f"CAST('{text}' AS DOUBLE)", DOUBLE, float(text))


def boolean(_: Expressions, node: exp.Boolean) -> Value:
    return Value("true" if node.this else "false", BOOLEAN, bool(node.this))


def null(_: Expressions, __: exp.Null) -> Value:
    return Value("NULL", VOID)


def hex_string(_: Expressions, node: exp.HexString) -> Value:
    return Value(f"unhex({literal_text(node.this)})", BINARY)


def raw_string(_: Expressions, node: exp.RawString) -> Value:
    return text_value(node.this)


def adjacent_strings(self: Expressions, node: exp.Concat) -> Value:
    """'a' 'b' is one text; so is 'it''s' (its): a doubled quote does not escape in Spark."""
    text = "".join(part.this for part in node.expressions)
    return text_value(text)


def interval(self: Expressions, node: exp.Interval) -> Value:
    """INTERVAL 3 DAYS, INTERVAL '3' DAY, INTERVAL '1 2:3:4' DAY TO SECOND."""
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        return _span(node.this.name, unit.this.name.upper(), unit.expression.name.upper())
    if unit is None:
        raise syntax_error("INTERVAL needs a unit, as in INTERVAL 30 DAYS or INTERVAL '30' DAY.")
    name = unit.name.upper().removesuffix("S")
    amount = node.this
    negative = isinstance(amount, exp.Neg)
    text = (amount.this if negative else amount).name.strip()
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        raise analysis_error(f"Cannot read the interval {text!r} {name}; write a number and a unit.")
    count = -Decimal(text) if negative else Decimal(text)
    if name in _MONTHS:
        return Value(f"to_months({int(count) * _MONTHS[name]})", INTERVAL_MONTH)
    if name not in _SECONDS:
        raise syntax_error(f"{unit.name} is not a unit of an interval.")
    if name in ("WEEK", "DAY") and count == int(count):
        return Value(f"to_days({int(count) * _SECONDS[name] // 86_400})", INTERVAL_DAY)
    return Value(f"to_microseconds({int(count * _SECONDS[name] * 1_000_000)})", INTERVAL)


def _span(text: str, first: str, last: str) -> Value:
    if (first, last) == ("YEAR", "MONTH"):
        found = re.fullmatch(r"\s*([+-]?)(\d+)-(\d+)\s*", text)
        if found:
            months = int(found[2]) * 12 + int(found[3])
            return Value(f"to_months({-months if found[1] == '-' else months})", INTERVAL_MONTH)
    elif first in _PARTS and last in _PARTS:
        numbers = re.findall(r"\d+(?:\.\d+)?", text)
        units = _PARTS[_PARTS.index(last) : _PARTS.index(first) + 1][::-1]
        if len(numbers) == len(units):
            seconds = sum(
                (Decimal(part) * _SECONDS[unit] for part, unit in zip(numbers, units, strict=True)), Decimal(0)
            )
            micros = int(seconds * 1_000_000) * (-1 if text.strip().startswith("-") else 1)
            return Value(f"to_microseconds({micros})", INTERVAL)
    raise analysis_error(f"Cannot read the interval {text!r} {first} TO {last}.")
