"""Operators: arithmetic with Spark's result types, comparison with its casts, text and bits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from local_platform.query_service.compiler import growth
from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.coercion import as_decimal, compared, wider_numeric
from local_platform.query_service.compiler.ordering import order_key
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INT,
    INTERVAL,
    INTERVAL_DAY,
    STRING,
    TIMESTAMP,
    Type,
    decimal,
)

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

_EPOCH_MONTHS = "interval_month"


def compare(_: Expressions | None, operator: str, left: Value, right: Value) -> Value:
    """A comparison in the type Spark compares in; text that does not fit the other side is NULL.

    Raises:
        QueryError: 58000, the types cannot be compared.
    """
    target = compared(left.type, right.type)
    if target is None or target.kind == "map":
        raise analysis_error(
            f'Cannot resolve the comparison "{operator}" due to data type mismatch: the left and right operands '
            f'("{left.type.spark.upper()}" and "{right.type.spark.upper()}") are incompatible.',
            kind="DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
        )
    one, other = cast(left, target), cast(right, target)
    if target.is_complex and operator not in ("=", "<>", "IS NOT DISTINCT FROM"):
        return Value(f"({order_key(one)} {operator} {order_key(other)})", BOOLEAN)
    if target == TIMESTAMP and (one.raw or other.raw):
        return Value(f"({_zoned(one)} {operator} {_zoned(other)})", BOOLEAN)
    return Value(f"({one.sql} {operator} {other.sql})", BOOLEAN)


def _zoned(value: Value) -> str:
    """The instant as the files hold it; the session's zone is UTC."""
    return value.raw or f"CAST({value.sql} AS TIMESTAMPTZ)"


def _comparison(operator: str) -> Callable[[Expressions, Any], Value]:
    def handler(self: Expressions, node: exp.Binary) -> Value:
        return compare(self, operator, self.value(node.this), self.value(node.expression))

    return handler


def arithmetic(operator: str, left: Value, right: Value) -> Value:
    """+ - * / % and div.

    Raises:
        QueryError: 58000, the operands are no numbers, dates or intervals.
    """
    if operator in "+-" and _is_temporal(left, right):
        return _temporal(operator, left, right)
    left, right = _number(left, right), _number(right, left)
    if operator == "/":
        return _divide(left, right)
    if operator == "div":
        if left.type.is_fractional or right.type.is_fractional:
            raise analysis_error(
                f"The operator div requires BIGINT or DECIMAL on both sides, not "
                f'"{left.type.spark.upper()}" and "{right.type.spark.upper()}"; a string is read as DOUBLE.',
                kind="DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE",
            )
        whole = wrapped(f"spark_hugeint({left.sql}) // NULLIF({right.sql}, 0)", BIGINT)
        if not (left.type.is_integral and right.type.is_integral):
            whole = f"CAST(trunc({left.sql} / NULLIF({right.sql}, 0)) AS BIGINT)"
        return Value(whole, BIGINT)
    if "decimal" in (left.type.kind, right.type.kind) and not (left.type.is_fractional or right.type.is_fractional):
        return _decimal(operator, left, right)
    target = wider_numeric(left.type, right.type)
    one, other = cast(left, target).sql, cast(right, target).sql
    if operator == "%":
        return Value(f"({one} % NULLIF({other}, 0))", target)
    if target.is_integral:
        folded = _folded(operator, left.literal, right.literal, target)
        return Value(wrapped(f"{_WIDER[target.kind]}({one}) {operator} {other}", target), target, folded)
    return Value(f"({one} {operator} {other})", target)


def _folded(operator: str, left: Any, right: Any, type_: Type) -> int | None:
    """The value of 86400 * 7, for arguments that must be constant; None where an operand is no literal, or it wraps."""
    if type(left) is not int or type(right) is not int:
        return None
    result = {"+": left + right, "-": left - right, "*": left * right}.get(operator)
    return result if result is not None and abs(result) < 1 << (_BITS[type_.kind] - 1) else None


# A type in which the sum or product of two values always fits, as a function of DuckDB.
_WIDER = {"tinyint": "spark_int", "smallint": "spark_int", "int": "spark_bigint", "bigint": "spark_hugeint"}
_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}


def wrapped(sql: str, type: Type, *, wide: str = "") -> str:
    """A result of a wider type cut to an integral type: like Java's, an overflow wraps around.

    Args:
        wide: DuckDB's name of the wider type; the next one unless given.
    """
    half = 1 << (_BITS[type.kind] - 1)
    wide = wide or ("HUGEINT" if type == BIGINT else "BIGINT")
    return f"CAST((((({sql}) + {half}::{wide}) & {2 * half - 1}::{wide}) - {half}::{wide}) AS {type.duck})"


def _number(value: Value, other: Value) -> Value:
    if value.type.is_numeric:
        return value
    if value.type.kind == "string":
        return cast(value, DOUBLE)
    if value.type.kind == "void":
        return cast(value, other.type if other.type.is_numeric else DOUBLE)
    raise analysis_error(
        f'The operator requires a numeric type, not "{value.type.spark.upper()}".',
        kind="DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE",
    )


def _divide(left: Value, right: Value) -> Value:
    if "decimal" in (left.type.kind, right.type.kind) and not (left.type.is_fractional or right.type.is_fractional):
        one, other = _literal_decimal(left), _literal_decimal(right)
        scale = max(6, one.scale + other.precision + 1)
        target = decimal(one.precision - one.scale + other.scale + scale, scale)
        return Value(_quotient(cast(left, one).sql, one, cast(right, other).sql, other, target), target)
    return Value(f"({cast(left, DOUBLE).sql} / NULLIF({cast(right, DOUBLE).sql}, 0))", DOUBLE)


def _literal_decimal(value: Value) -> Type:
    """The decimal type of an operand; an integer literal counts its digits only."""
    if isinstance(value.literal, int) and not isinstance(value.literal, bool):
        return decimal(max(len(str(abs(value.literal))), 1), 0)
    return as_decimal(value.type)


def _decimal(operator: str, left: Value, right: Value) -> Value:
    one, other = _literal_decimal(left), _literal_decimal(right)
    if operator == "*":
        target = decimal(one.precision + other.precision + 1, one.scale + other.scale)
    elif operator == "%":
        scale = max(one.scale, other.scale)
        target = decimal(min(one.precision - one.scale, other.precision - other.scale) + scale, scale)
    else:
        scale = max(one.scale, other.scale)
        target = decimal(max(one.precision - one.scale, other.precision - other.scale) + scale + 1, scale)
    a, b = cast(left, one).sql, cast(right, other).sql
    if operator == "%":
        return Value(f"TRY_CAST(({a} % NULLIF({b}, 0)) AS {target.duck})", target)
    if operator == "*":
        digits = one.precision + other.precision
    else:
        digits = max(one.precision - one.scale, other.precision - other.scale) + max(one.scale, other.scale) + 1
    if digits > _MOST_DIGITS:
        return Value(_exactly(operator, a, b, target), target)
    if digits > _SMALL_DIGITS and operator == "*":
        # DuckDB computes in the width of its operands.
        a = f"CAST({a} AS DECIMAL({_MOST_DIGITS},{one.scale}))"
    elif digits > _SMALL_DIGITS:
        a = f"CAST({a} AS DECIMAL({digits},{max(one.scale, other.scale)}))"
    return Value(f"TRY_CAST(({a} {operator} {b}) AS {target.duck})", target)


_MOST_DIGITS = 38
_SMALL_DIGITS = 18


def _quotient(a: str, one: Type, b: str, other: Type, target: Type) -> str:
    """Exact to the last digit of the target, half up."""
    shift = target.scale - one.scale + other.scale
    if shift >= 0 and one.precision + shift < _MOST_DIGITS:
        # As whole numbers: (a * 10^shift) / b, with one more half of b for rounding.
        top = f"CAST(CAST({a} AS DECIMAL({_MOST_DIGITS},{one.scale})) * 1{'0' * one.scale} AS HUGEINT)"
        bottom = f"CAST(CAST({b} AS DECIMAL({_MOST_DIGITS},{other.scale})) * 1{'0' * other.scale} AS HUGEINT)"
        whole = f"spark_round_divide({top} * {10**shift}::HUGEINT, NULLIF({bottom}, 0))"
        if one.precision + one.scale < _MOST_DIGITS and other.precision + other.scale < _MOST_DIGITS:
            return f"spark_decimal(CAST({whole} AS VARCHAR), {target.scale})::{target.duck}"
    return _exactly("/", a, b, target)


def quotient(top: Value, bottom: Value, target: Type) -> str:
    """SQL of a decimal divided by a decimal or whole number, in a type of the caller's choice."""
    one, other = as_decimal(top.type), as_decimal(bottom.type)
    return _quotient(cast(top, one).sql, one, cast(bottom, other).sql, other, target)


def _exactly(operator: str, a: str, b: str, target: Type) -> str:
    """By the decimal arithmetic of Python, where DuckDB's 38 digits are too few on the way."""
    text = f"spark_decimal_operation('{operator}', CAST({a} AS VARCHAR), CAST({b} AS VARCHAR), {target.scale})"
    return f"TRY_CAST({text} AS {target.duck})"


def _is_temporal(left: Value, right: Value) -> bool:
    return any(value.type.kind in ("date", "timestamp") or value.type.is_interval for value in (left, right))


def _temporal(operator: str, left: Value, right: Value) -> Value:
    if left.type.is_interval and right.type.is_interval:
        same = left.type if left.type == right.type else INTERVAL
        return Value(f"({left.sql} {operator} {right.sql})", same)
    if operator == "+" and (left.type.is_interval or (left.type.is_integral and right.type == DATE)):
        left, right = right, left
    if left.type.kind == "string" and right.type.is_interval:
        return cast(_shift(operator, cast(left, TIMESTAMP), right), STRING)
    if left.type.kind == "string":
        left = cast(left, TIMESTAMP)
    if right.type.kind == "string" and operator == "-":
        right = cast(right, left.type)
    kinds = (left.type.kind, right.type.kind)
    if right.type.is_interval and left.type.kind in ("date", "timestamp"):
        return _shift(operator, left, right)
    if left.type == DATE and right.type.is_integral:
        return Value(f"({left.sql} {operator} {cast(right, INT).sql})", DATE)
    if operator == "-" and kinds == ("date", "date"):
        return Value(f"to_days(CAST({left.sql} - {right.sql} AS INTEGER))", INTERVAL_DAY)
    if operator == "-" and set(kinds) <= {"date", "timestamp"}:
        return Value(f"({cast(left, TIMESTAMP).sql} - {cast(right, TIMESTAMP).sql})", INTERVAL)
    raise analysis_error(
        f'Cannot resolve "{operator}" between "{left.type.spark.upper()}" and "{right.type.spark.upper()}".',
        kind="DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
    )


def _shift(operator: str, left: Value, right: Value) -> Value:
    """A date stays a date when the interval is whole days or months."""
    moved = f"({left.sql} {operator} {right.sql})"
    if left.type == DATE and right.type.kind in ("interval_day", _EPOCH_MONTHS):
        return Value(f"CAST({moved} AS DATE)", DATE)
    return Value(f"CAST({moved} AS TIMESTAMP)", TIMESTAMP)


def _arithmetic(operator: str) -> Callable[[Expressions, Any], Value]:
    def handler(self: Expressions, node: exp.Binary) -> Value:
        return arithmetic(operator, self.value(node.this), self.value(node.expression))

    return handler


def _chain(node: exp.Binary, *kinds: type[exp.Binary]) -> list[tuple[exp.Expression, type[exp.Binary]]]:
    """Operands of `a + b - c`, which is nested to the left, from left to right, each with the operator before it."""
    parts: list[tuple[exp.Expression, type[exp.Binary]]] = []
    current: exp.Expression = node
    while type(current) in kinds:
        parts.append((current.expression, type(current)))
        current = current.this
    return [(current, kinds[0]), *reversed(parts)]


def _sum(self: Expressions, node: exp.Binary) -> Value:
    """+ and -: whole numbers of one type are added in any order, so a long chain becomes a flat tree.

    DuckDB refuses deep trees. An overflow wraps around, so the order of whole numbers does not matter; with fractions
    it does, and with types that grow, as decimals do.
    """
    chain = _chain(node, exp.Add, exp.Sub)
    result, *rest = [(self.value(part), "-" if kind is exp.Sub else "+") for part, kind in chain]
    total = result[0]
    while rest:
        alike = rest[: _alike(total.type, [value.type for value, _ in rest])] if total.type.is_integral else []
        if len(alike) < 2:
            value, sign = rest.pop(0)
            total = arithmetic(sign, total, value)
            continue
        rest = rest[len(alike) :]
        added = [total, *(cast(value, total.type) for value, sign in alike if sign == "+")]
        taken = [cast(value, total.type) for value, sign in alike if sign == "-"]
        total = _balanced("+", added)
        if taken:
            total = arithmetic("-", total, _balanced("+", taken))
    return total


def _product(self: Expressions, node: exp.Binary) -> Value:
    """*: see `_sum`."""
    total, *rest = self.values([part for part, _ in _chain(node, exp.Mul)])
    while rest:
        alike = rest[: _alike(total.type, [value.type for value in rest])] if total.type.is_integral else []
        if len(alike) < 2:
            total = arithmetic("*", total, rest.pop(0))
            continue
        rest = rest[len(alike) :]
        total = _balanced("*", [total, *(cast(value, total.type) for value in alike)])
    return total


def _alike(type: Type, others: list[Type]) -> int:
    """How many of the next operands are whole numbers that fit the type, which is one of whole numbers."""
    return len(list(takewhile(lambda other: other.is_integral and wider_numeric(type, other) == type, others)))


def _balanced(operator: str, values: list[Value]) -> Value:
    """Numbers joined two by two."""
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    return arithmetic(operator, _balanced(operator, values[:half]), _balanced(operator, values[half:]))


def _negative(self: Expressions, node: exp.Neg) -> Value:
    signs, inner = 0, node
    while isinstance(inner.this, exp.Neg):
        signs, inner = signs + 1, inner.this
    if signs > 1:
        # Two signs undo each other.
        value = self.value(inner)
        return value if signs % 2 == 0 else _negated(value)
    value = self.value(node.this)
    if isinstance(node.this, exp.Literal) and value.literal == 2**31:
        return Value("(-2147483648)", INT, -(2**31))
    return _negated(value)


def _negated(value: Value) -> Value:
    return Value(f"(-{value.sql})", value.type) if value.type.is_interval else negate(_number(value, value))


def negate(number: Value) -> Value:
    """The number with the other sign; the least whole number stays what it is."""
    negated = -number.literal if isinstance(number.literal, int) and not isinstance(number.literal, bool) else None
    if number.type.is_integral and (negated is None or negated == 2 ** (_BITS[number.type.kind] - 1)):
        return Value(wrapped(f"0 - {_WIDER[number.type.kind]}({number.sql})", number.type), number.type)
    return Value(f"(-{number.sql})", number.type, negated)


def _concat(self: Expressions, node: exp.DPipe) -> Value:
    parts = self.values([part for part, _ in _chain(node, exp.DPipe)])
    return concatenated(self, [cast(value, STRING) for value in parts])


def concatenated(self: Expressions, values: list[Value]) -> Value:
    """Texts or bytes end to end, as a flat tree; watched where they may have grown too long."""
    return _joined(values, growth.is_risky(self, values, len(values)))


def _joined(values: list[Value], risky: bool) -> Value:
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    left, right = _joined(values[:half], risky), _joined(values[half:], risky)
    joined = Value(f"({left.sql} || {right.sql})", left.type)
    return growth.watched(joined) if risky else joined


def _bits(operator: str) -> Callable[[Expressions, Any], Value]:
    def handler(self: Expressions, node: exp.Binary) -> Value:
        left, right = self.value(node.this), self.value(node.expression)
        if not (left.type.is_integral and right.type.is_integral):
            raise analysis_error("Bit operators need integral operands.", kind="DATATYPE_MISMATCH")
        target = wider_numeric(left.type, right.type)
        one, other = cast(left, target).sql, cast(right, target).sql
        return Value(f"xor({one}, {other})" if operator == "^" else f"({one} {operator} {other})", target)

    return handler


def _bit_not(self: Expressions, node: exp.BitwiseNot) -> Value:
    value = self.value(node.this)
    if not value.type.is_integral:
        raise analysis_error("The operator ~ needs an integral operand.", kind="DATATYPE_MISMATCH")
    return Value(f"(~{value.sql})", value.type)


HANDLERS: dict[type, Callable[[Any, Any], Value]] = {
    exp.EQ: _comparison("="),
    exp.NEQ: _comparison("<>"),
    exp.LT: _comparison("<"),
    exp.LTE: _comparison("<="),
    exp.GT: _comparison(">"),
    exp.GTE: _comparison(">="),
    exp.NullSafeEQ: _comparison("IS NOT DISTINCT FROM"),
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Mul: _product,
    exp.Div: _arithmetic("/"),
    exp.Mod: _arithmetic("%"),
    exp.IntDiv: _arithmetic("div"),
    exp.Neg: _negative,
    exp.DPipe: _concat,
    exp.BitwiseAnd: _bits("&"),
    exp.BitwiseOr: _bits("|"),
    exp.BitwiseXor: _bits("^"),
    exp.BitwiseNot: _bit_not,
}
