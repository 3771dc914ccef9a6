"""Points and periods of time in PQL, as SQL. All times are UTC; weeks start on Monday (unconfirmed)."""

from __future__ import annotations

from local_platform.pql import nodes as n
from local_platform.pql.errors import PqlTypeError
from local_platform.pql.values import Value

_STEP = {
    "millisecond": "MILLISECOND", "second": "SECOND", "minute": "MINUTE", "hour": "HOUR", "day": "DAY", "week": "WEEK",
    "month": "MONTH", "year": "YEAR", "decade": "DECADE", "century": "CENTURY", "millennium": "MILLENNIUM",
}  # fmt: skip
_DAY_SHIFT = {"yesterday": -1, "today": 0, "tomorrow": 1}
_PERIOD_SHIFT = {"last": -1, "this": 0, "next": 1}


def moment(node: n.Moment, now: str) -> Value:
    """``now`` as an instant; ``today`` and its neighbours, ``this``/``last``/``next`` unit as periods.

    Args:
        now: SQL of the time of evaluation.
    """
    if node.name == "now":
        return Value(now, "time")
    if node.unit is None:
        return _period("day", _DAY_SHIFT[node.name], now)
    return _period(node.unit, _PERIOD_SHIFT[node.name], now)


def _period(unit: str, shift: int, now: str) -> Value:
    start = f"date_trunc('{unit}', {now})"
    return Value(shifted(start, shift, unit), "period", end=shifted(start, shift + 1, unit))


def date(node: n.Date) -> Value:
    """The day of a date literal."""
    text = f"TIMESTAMP '{node.year:04d}-{node.month:02d}-{node.day:02d} 00:00:00'"
    return Value(text, "period", day=True, end=shifted(text, 1, "day"))


def shifted(time: str, amount: int, unit: str) -> str:
    """SQL of ``time`` moved by whole units."""
    return time if amount == 0 else f"({time} + {_interval(amount, unit)})"


def _interval(amount: int, unit: str) -> str:
    years = {"decade": 10, "century": 100, "millennium": 1000}
    if unit in years:
        return f"INTERVAL ({amount * years[unit]}) YEAR"
    return f"INTERVAL ({amount}) {_STEP[unit]}"


def bounds(value: Value) -> tuple[str, str | None]:
    """Start and exclusive end; the end is ``None`` for an instant."""
    if value.kind == "period":
        return value.sql, value.end
    if value.kind != "time":
        raise PqlTypeError(f"'occurs' needs a time, found {value.kind}")
    return (value.sql, shifted(value.sql, 1, "day")) if value.day else (value.sql, None)


def occurs(node: n.Occurs, target: Value, times: list[Value]) -> str:
    """The condition as SQL; null when the timestamp is absent.

    ``= 3 days before today`` is the third day back as a whole unit: [today - 3 days, today - 2 days). A bound such as
    ``<= 3 days before now`` also asks that the timestamp is not on the other side of the reference.
    """
    if target.kind not in ("time", "period"):
        raise PqlTypeError(f"'occurs' is applied to {target.kind}; it needs a date or date-time field")
    time = target.sql
    start, end = bounds(times[0])
    if node.form == "between":
        last, last_end = bounds(times[1])
        return f"({time} >= {start} AND {time} {'<' if last_end else '<='} {last_end or last})"
    if node.form == "direction":
        return _direction(time, node.direction, start, end)
    if node.form == "on":
        return f"({time} = {start})" if end is None else f"({time} >= {start} AND {time} < {end})"
    if node.direction == "before":
        return _before(node, time, start)
    # "3 days after last week" counts from where the week ended; after a day literal, from where the day starts.
    relative = isinstance(node.times[0], n.Moment) and node.times[0].unit is not None
    return _after(node, time, end if relative and end else start)


def _direction(time: str, direction: str, start: str, end: str | None) -> str:
    if direction == "before":
        return f"({time} < {start})"
    if direction == "from":
        return f"({time} >= {start})"
    return f"({time} > {start})" if end is None else f"({time} >= {end})"


def _before(node: n.Occurs, time: str, reference: str) -> str:
    far = shifted(reference, -node.amount, node.unit)
    near = shifted(reference, 1 - node.amount, node.unit)
    if node.comparison == "=":
        return f"({time} >= {far} AND {time} < {near})"
    if node.comparison == "!=":
        return f"({time} <= {reference} AND NOT ({time} >= {far} AND {time} < {near}))"
    if node.comparison in ("<", "<="):
        sign = ">" if node.comparison == "<" else ">="
        return f"({time} {sign} {far} AND {time} <= {reference})"
    return f"({time} {'<' if node.comparison == '>' else '<='} {far})"


def _after(node: n.Occurs, time: str, reference: str) -> str:
    far = shifted(reference, node.amount, node.unit)
    beyond = shifted(reference, node.amount + 1, node.unit)
    if node.comparison == "=":
        return f"({time} >= {far} AND {time} < {beyond})"
    if node.comparison == "!=":
        return f"({time} >= {reference} AND NOT ({time} >= {far} AND {time} < {beyond}))"
    if node.comparison in ("<", "<="):
        return f"({time} >= {reference} AND {time} {node.comparison} {far})"
    return f"({time} {node.comparison} {far})"
