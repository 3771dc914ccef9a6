"""Dates and times. The session's zone is UTC; text arguments are read as dates or timestamps where one is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast, literal_text, text_value
from local_platform.query_service.compiler.functions.registry import arguments, constant_text, function, simple
from local_platform.query_service.compiler.patterns import strftime_pattern, strptime_pattern
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import (
    BIGINT,
    DATE,
    DOUBLE,
    INT,
    INTERVAL_MONTH,
    STRING,
    TIMESTAMP,
    Type,
    struct,
)

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
simple("to_utc_timestamp", [TIMESTAMP, STRING], TIMESTAMP, "spark_to_utc({0}, {1})")
simple("from_utc_timestamp", [TIMESTAMP, STRING], TIMESTAMP, "spark_from_utc({0}, {1})")

# The guide on deciles uses these two, which the list of functions leaves out.
simple("make_date", [INT, INT, INT], DATE, "try_cast(format('{{:04d}}-{{:02d}}-{{:02d}}', {0}, {1}, {2}) AS DATE)")


@function("make_ym_interval", least=0, most=2)
def _make_ym_interval(self: Expressions, call: Call) -> Value:
    """Years and months; what is left out is 0."""
    years, months = (*(value.sql for value in arguments(self, call, INT, INT)), "0", "0")[:2]
    return Value(f"to_months(CAST({years} * 12 + {months} AS INTEGER))", INTERVAL_MONTH)


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
    value = self.held(cast(self.value(call.arguments[1]), TIMESTAMP))
    return _truncated(self.value(call.arguments[0]), set(_UNITS.values()), value.sql, TIMESTAMP)


def _truncated(unit: Value, known: set[str], value: str, type: Type) -> Value:
    """`value` cut to a unit, which is a literal or changes from row to row; NULL for a unit that is not known."""
    if isinstance(unit.literal, str):
        name = _UNITS.get(unit.literal.lower())
        cut = f"date_trunc('{name}', {value})" if name in known else "NULL"
        return Value(f"CAST({cut} AS {type.duck})", type)
    whens = " ".join(
        f"WHEN lower({cast(unit, STRING).sql}) = '{spelled}' THEN date_trunc('{name}', {value})"
        for spelled, name in _UNITS.items()
        if name in known
    )
    return Value(f"CAST((CASE {whens} END) AS {type.duck})", type)


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
    value = self.held(cast(self.value(call.arguments[0]), DATE))
    return _truncated(self.value(call.arguments[1]), _DATE_UNITS, value.sql, DATE)


@function("date_format", least=2, most=2)
def _date_format(self: Expressions, call: Call) -> Value:
    value = self.held(cast(self.value(call.arguments[0]), TIMESTAMP))
    return Value(formatted_time(value.sql, cast(self.value(call.arguments[1]), STRING)), STRING)


def formatted_time(sql: str, pattern: Value) -> str:
    """SQL of a time's text."""
    if isinstance(pattern.literal, str):
        known = strftime_pattern(pattern.literal)
        if known is not None:
            return f"strftime({sql}, {literal_text(known)})"
    return f"spark_format_time(epoch_us({sql}), {pattern.sql})"


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
    return _read(cast(value, STRING).sql, cast(self.value(call.arguments[1]), STRING))


def _read(sql: str, pattern: Value) -> str:
    """SQL of the time a text stands for: by DuckDB where the text has just the digits of a plain pattern."""
    general = f"make_timestamp(spark_parse_time({sql}, {pattern.sql}))"
    known = strptime_pattern(pattern.literal) if isinstance(pattern.literal, str) else None
    if known is None:
        return general
    shape, plain = (literal_text(part) for part in known)
    # DuckDB reads a day that does not exist as NULL, as Spark does.
    return f"(CASE WHEN regexp_full_match({sql}, {shape}) THEN try_strptime({sql}, {plain}) ELSE {general} END)"


@function("unix_timestamp", "to_unix_timestamp", least=0, most=2)
def _unix_timestamp(self: Expressions, call: Call) -> Value:
    """Whole seconds; without arguments of the current time."""
    if not call.arguments:
        return Value(f"CAST({int(self.statement.now.timestamp())} AS BIGINT)", BIGINT)
    value = self.value(call.arguments[0])
    if value.type.kind in ("date", "timestamp"):
        return _whole_seconds(cast(value, TIMESTAMP).sql)
    if len(call.arguments) == 1:
        parsed = _read(cast(value, STRING).sql, text_value(_DEFAULT_PATTERN))
    else:
        parsed = _parsed(self, call, value)
    return _whole_seconds(parsed)


def _whole_seconds(sql: str) -> Value:
    """Seconds since 1970; a fraction is cut off, so before 1970 it is the later second (a cast gives the earlier)."""
    return Value(f"CAST(trunc(epoch({sql})) AS BIGINT)", BIGINT)


@function("from_unixtime", most=2)
def _from_unixtime(self: Expressions, call: Call) -> Value:
    """Text of a number of seconds."""
    seconds = cast(self.value(call.arguments[0]), BIGINT)
    pattern = text_value(_DEFAULT_PATTERN)
    if len(call.arguments) > 1:
        pattern = cast(self.value(call.arguments[1]), STRING)
    return Value(formatted_time(f"make_timestamp({seconds.sql} * 1000000)", pattern), STRING)


@function("window", "time_window", least=2, most=4)
def _time_window(self: Expressions, call: Call) -> Value:
    """The window a time falls in: struct(start, end). Windows that overlap are in FROM already, see compiler.sliding.

    Raises:
        QueryError: 58000, overlapping windows where rows are not multiplied, such as in WHERE.
    """
    value = self.held(cast(self.value(call.arguments[0]), TIMESTAMP))
    texts = [constant_text(self.value(node), "A duration of window") for node in call.arguments[1:]]
    if len(texts) > 1 and texts[1].lower().rstrip("s") != texts[0].lower().rstrip("s"):
        if self.scope.sliding is None:
            raise analysis_error("Windows that overlap stand in the select list, GROUP BY, HAVING or ORDER BY only.")
        return self.scope.sliding
    width = f"CAST({literal_text(texts[0])} AS INTERVAL)"
    origin = "TIMESTAMP '1970-01-01'"
    if len(texts) > 2:
        origin = f"{origin} + CAST({literal_text(texts[2])} AS INTERVAL)"
    start = f"time_bucket({width}, {value.sql}, {origin})"
    return Value(
        f'(CASE WHEN {value.sql} IS NOT NULL THEN struct_pack("start" := {start}, "end" := {start} + {width}) END)',
        struct(("start", TIMESTAMP), ("end", TIMESTAMP)),
    )
