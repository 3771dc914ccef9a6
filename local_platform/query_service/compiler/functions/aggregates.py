"""Aggregates; all of them may also stand in a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.functions.registry import arguments, function, numeric
from local_platform.query_service.compiler.operators import quotient, wrapped
from local_platform.query_service.compiler.ordering import order_key
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import BIGINT, DOUBLE, TINYINT, array, bounded, decimal

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


@function("count", kind="aggregate", most=None)
def _count(self: Expressions, call: Call) -> Value:
    """count(*), count(a, b): rows in which no argument is NULL."""
    if len(call.arguments) == 1 and isinstance(call.arguments[0], exp.Star):
        return Value(f"count(*){call.over}", BIGINT)
    values = self.values(call.arguments)
    if len(values) == 1:
        return Value(f"count({_distinct(call)}{values[0].sql}){call.over}", BIGINT)
    complete = " AND ".join(f"{value.sql} IS NOT NULL" for value in values)
    row = f"row({', '.join(value.sql for value in values)})"
    return Value(f"count({_distinct(call)}CASE WHEN {complete} THEN {row} END){call.over}", BIGINT)


def _distinct(call: Call) -> str:
    if call.distinct and call.over:
        raise analysis_error(
            f"Distinct window functions are not supported: {call.name}(DISTINCT ...).",
            kind="DISTINCT_WINDOW_FUNCTION_UNSUPPORTED",
        )
    return "DISTINCT " if call.distinct else ""


@function("sum", kind="aggregate")
def _sum(self: Expressions, call: Call) -> Value:
    """Integers add up to bigint, decimals get ten more digits; NULL when all is NULL."""
    value = self.value(call.arguments[0])
    value = value if value.type.is_interval else numeric(value)
    if value.type.kind == "decimal":
        target = bounded(value.type.precision + 10, value.type.scale)
    elif value.type.is_interval:
        target = value.type
    else:
        target = BIGINT if value.type.is_integral else DOUBLE
    if target == BIGINT:
        return Value(wrapped(f"sum({_distinct(call)}{value.sql}){call.over}", BIGINT), BIGINT)
    return Value(f"CAST(sum({_distinct(call)}{value.sql}){call.over} AS {target.duck})", target)


@function("avg", "mean", kind="aggregate")
def _avg(self: Expressions, call: Call) -> Value:
    value = numeric(self.value(call.arguments[0]))
    if value.type.kind == "decimal":
        target = bounded(value.type.precision + 4, value.type.scale + 4)
        # DuckDB's avg goes through doubles.
        total = Value(f"sum({_distinct(call)}{value.sql}){call.over}", decimal(38, value.type.scale))
        count = Value(f"count({_distinct(call)}{value.sql}){call.over}", BIGINT)
        return Value(quotient(total, count, target), target)
    return Value(f"avg({_distinct(call)}{value.sql}){call.over}", DOUBLE)


@function("min", "max", kind="aggregate")
def _extreme(self: Expressions, call: Call) -> Value:
    value = self.value(call.arguments[0])
    if value.type.kind == "map":
        raise analysis_error(f"{call.name} does not order values of type map.", kind="DATATYPE_MISMATCH")
    if value.type.is_complex:
        chosen = f"arg_{call.name}({value.sql}, {order_key(value)}){call.over}"
        return Value(chosen, value.type)
    return Value(f"{call.name}({value.sql}){call.over}", value.type)


def _statistic(names: str, duck: str, *, takes: int = 1) -> None:
    @function(*names.split(), kind="aggregate", least=takes, most=takes)
    def handler(self: Expressions, call: Call) -> Value:
        values = ", ".join(value.sql for value in arguments(self, call, DOUBLE, DOUBLE))
        result = f"{duck}({_distinct(call)}{values}){call.over}"
        # DuckDB answers NaN where Spark answers NULL: no spread, nothing to compare.
        return Value(f"(CASE WHEN isnan({result}) THEN NULL ELSE {result} END)", DOUBLE)


_statistic("stddev stddev_samp", "stddev_samp")
_statistic("stddev_pop", "stddev_pop")
_statistic("variance var_samp", "var_samp")
_statistic("var_pop", "var_pop")
_statistic("kurtosis", "kurtosis_pop")


@function("corr", kind="aggregate", least=2, most=2)
def _corr(self: Expressions, call: Call) -> Value:
    """Of the sums of squares, as Spark does: a column's correlation with itself is 1.0 to the last digit."""
    values = ", ".join(value.sql for value in arguments(self, call, DOUBLE, DOUBLE))
    xy, xx, yy = (f"regr_{sums}({_distinct(call)}{values}){call.over}" for sums in ("sxy", "sxx", "syy"))
    # Without spread there is nothing to compare: NULL.
    return Value(f"({xy} / NULLIF(sqrt({xx} * {yy}), 0))", DOUBLE)


@function("approx_count_distinct", kind="aggregate", most=2)
def _approx_count_distinct(self: Expressions, call: Call) -> Value:
    """Counted exactly where the local engine can; Spark's answer may be off by the requested 5 %."""
    value = self.value(call.arguments[0])
    if call.over:
        return Value(f"approx_count_distinct({value.sql}){call.over}", BIGINT)
    return Value(f"count(DISTINCT {value.sql})", BIGINT)


@function("percentile_approx", "approx_percentile", kind="aggregate", least=2, most=3)
def _percentile_approx(self: Expressions, call: Call) -> Value:
    """A value that occurs: the smallest with at least that share of rows at or below it."""
    value, share = numeric(self.value(call.arguments[0])), self.value(call.arguments[1])
    shares, many = _shares(call, share)
    result = f"quantile_disc({value.sql}, {shares}){call.over}"
    return Value(result, array(value.type) if many else value.type)


@function("percentile", kind="aggregate", least=2, most=2)
def _percentile(self: Expressions, call: Call) -> Value:
    """Interpolated between neighbours."""
    value, share = cast(self.value(call.arguments[0]), DOUBLE), self.value(call.arguments[1])
    shares, many = _shares(call, share)
    return Value(f"quantile_cont({value.sql}, {shares}){call.over}", array(DOUBLE) if many else DOUBLE)


def _shares(call: Call, share: Value) -> tuple[str, bool]:
    node = call.arguments[1]
    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "array":
        texts = [part.this for part in node.expressions if isinstance(part, exp.Literal)]
        if len(texts) == len(node.expressions):
            return "[" + ", ".join(texts) + "]", True
    if share.literal is None or isinstance(share.literal, str):
        raise analysis_error("The percentage must be a literal.", kind="DATATYPE_MISMATCH.NON_FOLDABLE_INPUT")
    return str(share.literal), False


@function("collect_list", kind="aggregate")
def _collect_list(self: Expressions, call: Call) -> Value:
    """NULL is left out; the order is undefined."""
    value = self.value(call.arguments[0])
    return _collected(value, f"list({_distinct(call)}{value.sql}){call.over}")


@function("collect_set", kind="aggregate")
def _collect_set(self: Expressions, call: Call) -> Value:
    value = self.value(call.arguments[0])
    if call.over:
        result = _collected(value, f"list({value.sql}){call.over}")
        return Value(f"list_distinct({result.sql})", result.type)
    return _collected(value, f"list(DISTINCT {value.sql})")


def _collected(value: Value, collected: str) -> Value:
    kept = f"list_filter({collected}, lambda x: x IS NOT NULL)"
    return Value(f"coalesce({kept}, CAST([] AS {value.type.duck}[]))", array(value.type))


@function("first", "first_value", "last", "last_value", kind="aggregate", most=2)
def _edge(self: Expressions, call: Call) -> Value:
    """The second argument true, or IGNORE NULLS, skips NULL. The order is that of the rows, or of the window."""
    value = self.value(call.arguments[0])
    skip = call.ignore_nulls or (len(call.arguments) > 1 and self.value(call.arguments[1]).literal is True)
    name = "first" if call.name.startswith("first") else "last"
    if call.window is not None:
        return Value(f"{name}_value({value.sql}{' IGNORE NULLS' if skip else ''}){call.over}", value.type)
    chosen = f" FILTER (WHERE {value.sql} IS NOT NULL)" if skip else ""
    return Value(f"{name}({value.sql}){chosen}", value.type)


@function("grouping", kind="aggregate")
def _grouping(self: Expressions, call: Call) -> Value:
    _check_sets(self, call)
    return Value(f"CAST(grouping({self.value(call.arguments[0]).sql}) AS TINYINT)", TINYINT)


def _check_sets(self: Expressions, call: Call) -> None:
    if not self.scope.grouped:
        raise analysis_error(
            f"{call.name}() can only be used with GroupingSets/Cube/Rollup.", kind="UNSUPPORTED_GROUPING_EXPRESSION"
        )


@function("grouping_id", kind="aggregate", least=0, most=None)
def _grouping_id(self: Expressions, call: Call) -> Value:
    """The columns' grouping bits as one number; without arguments of all columns of GROUP BY."""
    _check_sets(self, call)
    nodes = call.arguments or self.scope.grouped
    columns = ", ".join(value.sql for value in self.values(nodes))
    return Value(f"CAST(grouping_id({columns}) AS BIGINT)", BIGINT)
