"""Dates and times. The session's zone is UTC; text arguments are read as dates or timestamps where one is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast, literal_text
from local_platform.query_service.compiler.functions.registry import arguments, constant_text, function, simple
from local_platform.query_service.compiler.patterns import strftime_pattern
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.sql.types import BIGINT, DATE, DOUBLE, INT, STRING, TIMESTAMP, struct

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

for _name, _sql in {
    "year": "year({0})",
    "quarter": "quarter({0})",
    "month": "month({0})",
    "day": "day({0})",
    "dayofmonth": "day({0})",
    "dayofyear": "dayofyear({0})",
    "dayofweek": "dayofweek({0}) + 1",
    "weekday": "isodow({0}) - 1",
    "weekofyear": "week({0})",
}.items():
    simple(_name, [DATE], INT, f"CAST({_sql} AS INTEGER)")
for _name in ("hour", "minute", "second"):
    simple(_name, [TIMESTAMP], INT, f"CAST({_name}({{0}}) AS INTEGER)")

simple("date_add", [DATE, INT], DATE, "({0} + {1})")
simple("date_sub", [DATE, INT], DATE, "({0} - {1})")
simple("datediff", [DATE, DATE], INT, "CAST({0} - {1} AS INTEGER)")
simple("add_months", [DATE, INT], DATE, "CAST({0} + to_months({1}) AS DATE)")
simple("last_day", [DATE], DATE, "last_day({0})")
simple("next_day", [DATE, STRING], DATE, "spark_next_day({0}, {1})")
simple("to_utc_timestamp", [TIMESTAMP, STRING], TIMESTAMP, "timezone('UTC', timezone({1}, {0}))")
simple("from_utc_timestamp", [TIMESTAMP, STRING], TIMESTAMP, "timezone({1}, timezone('UTC', {0}))")

_DEFAULT_PATTERN = "yyyy-MM-dd HH:mm:ss"


@function("months_between", least=2, most=3)
def _months_between(self: Expressions, call: Call) -> Value:
    """Whole months between equal days or two month ends, else 31-day months; rounded to 8 digits unless told not to."""
    values = arguments(self, call, TIMESTAMP, TIMESTAMP)
    result = f"spark_months_between({values[0].sql}, {values[1].sql})"
    rounded = len(values) < 3 or values[2].literal is not False
    return Value(f"round({result}, 8)" if rounded else result, DOUBLE)


@function("date_trunc", least=2, most=2)
def _date_trunc(self: Expressions, call: Call) -> Value:
    """A timestamp; weeks start on Monday; an unknown unit gives NULL."""
    unit = constant_text(self.value(call.arguments[0]), "The unit of date_trunc").lower()
    value = cast(self.value(call.arguments[1]), TIMESTAMP)
    name = _UNITS.get(unit)
    if name is None:
        return Value("CAST(NULL AS TIMESTAMP)", TIMESTAMP)
    return Value(f"CAST(date_trunc('{name}', {value.sql}) AS TIMESTAMP)", TIMESTAMP)


_UNITS = {
    **dict.fromkeys(("year", "yyyy", "yy"), "year"),
    "quarter": "quarter",
    **dict.fromkeys(("month", "mm", "mon"), "month"),
    "week": "week",
    **dict.fromkeys(("day", "dd"), "day"),
    "hour": "hour",
    "minute": "minute",
    "second": "second",
    "millisecond": "milliseconds",
    "microsecond": "microseconds",
}
_DATE_UNITS = {"year", "quarter", "month", "week"}


@function("trunc", least=2, most=2)
def _trunc(self: Expressions, call: Call) -> Value:
    """A date; the unit comes last. Units below a week give NULL."""
    value = cast(self.value(call.arguments[0]), DATE)
    unit = _UNITS.get(constant_text(self.value(call.arguments[1]), "The unit of trunc").lower())
    if unit not in _DATE_UNITS:
        return Value("CAST(NULL AS DATE)", DATE)
    return Value(f"CAST(date_trunc('{unit}', {value.sql}) AS DATE)", DATE)


@function("date_format", least=2, most=2)
def _date_format(self: Expressions, call: Call) -> Value:
    value = cast(self.value(call.arguments[0]), TIMESTAMP)
    pattern = constant_text(self.value(call.arguments[1]), "The pattern of date_format")
    return Value(f"strftime({value.sql}, {literal_text(strftime_pattern(pattern))})", STRING)


@function("to_date", most=2)
def _to_date(self: Expressions, call: Call) -> Value:
    value = self.value(call.arguments[0])
    if len(call.arguments) == 1 or value.type.kind in ("date", "timestamp"):
        return cast(value, DATE)
    return Value(f"CAST({_parsed(self, call, value)} AS DATE)", DATE)


@function("to_timestamp", most=2)
def _to_timestamp(self: Expressions, call: Call) -> Value:
    value = self.value(call.arguments[0])
    if len(call.arguments) == 1 or value.type.kind in ("date", "timestamp"):
        return cast(value, TIMESTAMP)
    return Value(_parsed(self, call, value), TIMESTAMP)


def _parsed(self: Expressions, call: Call, value: Value) -> str:
    pattern = constant_text(self.value(call.arguments[1]), f"The pattern of {call.name}")
    return f"try_strptime({cast(value, STRING).sql}, {literal_text(strftime_pattern(pattern, parse=True))})"


@function("unix_timestamp", "to_unix_timestamp", least=0, most=2)
def _unix_timestamp(self: Expressions, call: Call) -> Value:
    """Whole seconds; without arguments of the current time."""
    if not call.arguments:
        return Value(f"CAST({int(self.statement.now.timestamp())} AS BIGINT)", BIGINT)
    value = self.value(call.arguments[0])
    if value.type.kind in ("date", "timestamp"):
        return cast(cast(value, TIMESTAMP), BIGINT)
    if len(call.arguments) == 1:
        parsed = f"try_strptime({cast(value, STRING).sql}, {literal_text(strftime_pattern(_DEFAULT_PATTERN))})"
    else:
        parsed = _parsed(self, call, value)
    return cast(Value(parsed, TIMESTAMP), BIGINT)


@function("from_unixtime", most=2)
def _from_unixtime(self: Expressions, call: Call) -> Value:
    """Text of a number of seconds."""
    seconds = cast(self.value(call.arguments[0]), BIGINT)
    pattern = _DEFAULT_PATTERN
    if len(call.arguments) > 1:
        pattern = constant_text(self.value(call.arguments[1]), "The pattern of from_unixtime")
    return Value(
        f"strftime(make_timestamp({seconds.sql} * 1000000), {literal_text(strftime_pattern(pattern))})", STRING
    )


@function("window", least=2, most=2)
def _time_window(self: Expressions, call: Call) -> Value:
    """The tumbling window a time falls in: struct(start, end)."""
    value = cast(self.value(call.arguments[0]), TIMESTAMP)
    width = literal_text(constant_text(self.value(call.arguments[1]), "The duration of window"))
    start = f"time_bucket(CAST({width} AS INTERVAL), {value.sql}, TIMESTAMP '1970-01-01')"
    return Value(
        f'struct_pack("start" := {start}, "end" := {start} + CAST({width} AS INTERVAL))',
        struct(("start", TIMESTAMP), ("end", TIMESTAMP)),
    )
