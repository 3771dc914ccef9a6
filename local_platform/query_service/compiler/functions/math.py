"""Numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.coercion import as_decimal
from local_platform.query_service.compiler.functions.registry import (
    arguments,
    constant_int,
    function,
    numeric,
    simple,
)
from local_platform.query_service.compiler.operators import arithmetic, negate, wrapped
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import BIGINT, DOUBLE, INT, STRING, VOID, decimal

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

_NAN = "'nan'::DOUBLE"

for _name in ("sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "radians", "degrees", "exp"):
    simple(_name, [DOUBLE], DOUBLE, f"{_name}({{0}})")
simple("cbrt", [DOUBLE], DOUBLE, "spark_cbrt({0})")
simple("cot", [DOUBLE], DOUBLE, "(1 / NULLIF(tan({0}), 0))")
simple("acos", [DOUBLE], DOUBLE, f"(CASE WHEN abs({{0}}) > 1 THEN {_NAN} ELSE acos({{0}}) END)")
simple("asin", [DOUBLE], DOUBLE, f"(CASE WHEN abs({{0}}) > 1 THEN {_NAN} ELSE asin({{0}}) END)")
simple("atan2", [DOUBLE, DOUBLE], DOUBLE, "atan2({0}, {1})")
simple("sqrt", [DOUBLE], DOUBLE, f"(CASE WHEN {{0}} < 0 THEN {_NAN} ELSE sqrt({{0}}) END)")
simple("expm1", [DOUBLE], DOUBLE, "spark_expm1({0})")
simple("hypot", [DOUBLE, DOUBLE], DOUBLE, "sqrt(pow({0}, 2) + pow({1}, 2))")
simple("ln", [DOUBLE], DOUBLE, "(CASE WHEN {0} > 0 THEN ln({0}) END)")
simple("log10", [DOUBLE], DOUBLE, "(CASE WHEN {0} > 0 THEN log10({0}) END)")
simple("log2", [DOUBLE], DOUBLE, "(CASE WHEN {0} > 0 THEN log2({0}) END)")
simple("log1p", [DOUBLE], DOUBLE, "(CASE WHEN {0} > -1 THEN spark_log1p({0}) END)")
simple("pow power", [DOUBLE, DOUBLE], DOUBLE, "pow({0}, {1})")
simple("rint", [DOUBLE], DOUBLE, "round_even({0}, 0)")
simple("sign signum", [DOUBLE], DOUBLE, f"(CASE WHEN isnan({{0}}) THEN {_NAN} ELSE CAST(sign({{0}}) AS DOUBLE) END)")
simple("pi", [], DOUBLE, "pi()")
simple("e", [], DOUBLE, "exp(1.0::DOUBLE)")
simple("factorial", [INT], BIGINT, "(CASE WHEN {0} BETWEEN 0 AND 20 THEN CAST(factorial({0}) AS BIGINT) END)")
simple("conv", [STRING, INT, INT], STRING, "spark_conv({0}, {1}, {2})")


@function("shiftleft", "shiftright", "shiftrightunsigned", least=2, most=2)
def _shift(self: Expressions, call: Call) -> Value:
    """Bits of an int or a bigint; the distance counts modulo their number."""
    value, bits = arguments(self, call, None, INT)
    type = BIGINT if value.type == BIGINT else INT
    number = cast(value, type).sql
    distance = f"({bits.sql} & {63 if type == BIGINT else 31})"
    if call.name == "shiftright":
        return Value(f"({number} >> {distance})", type)
    wide = "HUGEINT"
    if call.name == "shiftleft":
        moved = f"CAST({number} AS HUGEINT) * CAST(pow(2, {distance}) AS HUGEINT)"
        return Value(wrapped(moved, type, wide=wide), type)
    mask = (1 << (64 if type == BIGINT else 32)) - 1
    moved = f"(CAST({number} AS HUGEINT) & {mask}::HUGEINT) // CAST(pow(2, {distance}) AS HUGEINT)"
    return Value(wrapped(moved, type, wide=wide), type)


@function("log", most=2)
def _log(self: Expressions, call: Call) -> Value:
    values = arguments(self, call, DOUBLE, DOUBLE)
    number = values[-1].sql
    if len(values) == 1:
        return Value(f"(CASE WHEN {number} > 0 THEN ln({number}) END)", DOUBLE)
    base = values[0].sql
    return Value(f"(CASE WHEN {number} > 0 AND {base} > 0 THEN ln({number}) / ln({base}) END)", DOUBLE)


@function("abs")
def _abs(self: Expressions, call: Call) -> Value:
    value = numeric(self.value(call.arguments[0]))
    if value.type.is_integral:
        return Value(f"(CASE WHEN {value.sql} < 0 THEN {negate(value).sql} ELSE {value.sql} END)", value.type)
    return Value(f"abs({value.sql})", value.type)


@function("negative")
def _negative(self: Expressions, call: Call) -> Value:
    return negate(numeric(self.value(call.arguments[0])))


@function("positive")
def _positive(self: Expressions, call: Call) -> Value:
    return numeric(self.value(call.arguments[0]))


@function("ceil", "ceiling", "floor", most=2)
def _whole(self: Expressions, call: Call) -> Value:
    """A double becomes bigint, a decimal a decimal without fraction; with a scale the result is a decimal."""
    value = numeric(self.value(call.arguments[0]))
    name = "floor" if call.name == "floor" else "ceil"
    if len(call.arguments) == 2:
        return _whole_at(name, value, constant_int(self.value(call.arguments[1]), f"The scale of {call.name}"))
    if value.type.is_integral:
        return cast(value, BIGINT)
    if value.type.kind == "decimal":
        target = decimal(value.type.precision - value.type.scale + 1, 0)
        return Value(f"CAST({name}({value.sql}) AS {target.duck})", target)
    return cast(Value(f"{name}({value.sql})", DOUBLE), BIGINT)


def _whole_at(name: str, value: Value, places: int) -> Value:
    number = cast(value, decimal(30, 15)) if value.type.is_fractional else cast(value, as_decimal(value.type))
    whole = number.type.precision - number.type.scale + 1
    scale = min(places, number.type.scale) if places >= 0 else 0
    target = decimal(max(whole + scale, 1 - places), scale)
    if places >= 0:
        moved = f"{name}({number.sql} * {10**places})"
        return Value(f"CAST(CAST({moved} AS DECIMAL(38,{scale})) / {10**places} AS {target.duck})", target)
    return Value(f"CAST({name}({number.sql} / {10**-places}) * {10**-places} AS {target.duck})", target)


@function("round", most=2)
def _round(self: Expressions, call: Call) -> Value:
    """Half up; the number of places is a literal."""
    value = numeric(self.value(call.arguments[0]))
    places = constant_int(self.value(call.arguments[1]), "The scale of round") if len(call.arguments) > 1 else 0
    if value.type.is_integral:
        if places >= 0:
            return value
        number = Value(f"CAST({value.sql} AS DECIMAL(38,0))", decimal(38, 0))
        rounded = f"CAST(round({number.sql}, {places}) AS HUGEINT)"
        return Value(wrapped(rounded, value.type, wide="HUGEINT"), value.type)
    if value.type.kind == "decimal":
        scale = max(min(value.type.scale, places), 0)
        target = decimal(value.type.precision - value.type.scale + scale + 1, scale)
        return Value(f"CAST(round({value.sql}, {places}) AS {target.duck})", target)
    # Spark rounds through a decimal, which has no negative zero.
    return Value(f"CAST(round({value.sql}, {places}) + 0 AS {value.type.duck})", value.type)


@function("pmod", least=2, most=2)
def _pmod(self: Expressions, call: Call) -> Value:
    """The remainder with the sign of the divisor."""
    left, right = (numeric(value) for value in self.values(call.arguments))
    once = arithmetic("%", left, right)
    divisor = cast(right, once.type)
    again = f"(({once.sql} + {divisor.sql}) % NULLIF({divisor.sql}, 0))"
    return Value(f"CAST(CASE WHEN {once.sql} < 0 THEN {again} ELSE {once.sql} END AS {once.type.duck})", once.type)


@function("greatest", "least", least=2, most=None)
def _extreme(self: Expressions, call: Call) -> Value:
    """NULL is skipped."""
    values = self.unified(self.values(call.arguments), call.name)
    return Value(f"{call.name}({', '.join(value.sql for value in values)})", values[0].type)


@function("rand", "random", least=0)
def _rand(self: Expressions, call: Call) -> Value:
    """Uniform in [0, 1). A seed is accepted; which numbers it gives depends on the engine."""
    _check_seed(self, call)
    return Value("random()", DOUBLE)


@function("randn", least=0)
def _randn(self: Expressions, call: Call) -> Value:
    _check_seed(self, call)
    return Value("(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))", DOUBLE)


def _check_seed(self: Expressions, call: Call) -> None:
    for value in self.values(call.arguments):
        if value.type != VOID and not isinstance(value.literal, int):
            raise analysis_error("The seed must be an integer literal.", kind="SEED_EXPRESSION_IS_UNFOLDABLE")


@function("bin")
def _bin(self: Expressions, call: Call) -> Value:
    value = cast(self.value(call.arguments[0]), BIGINT)
    return Value(f"(CASE WHEN {value.sql} = 0 THEN '0' ELSE ltrim(to_binary({value.sql}), '0') END)", STRING)


@function("nanvl", least=2, most=2)
def _nanvl(self: Expressions, call: Call) -> Value:
    value, other = arguments(self, call, DOUBLE, DOUBLE)
    return Value(f"(CASE WHEN isnan({value.sql}) THEN {other.sql} ELSE {value.sql} END)", DOUBLE)
