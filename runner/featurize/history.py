"""How far the events reach, and what follows for the as-of date. All days are UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Any, Protocol

from runner.errors import DataError, SettingsError
from runner.settings import UseCase

DAY = timedelta(days=1)
REACH_TOLERANCE = timedelta(hours=1)
"""How much earlier than on the days before the newest day may fall silent and still count as whole."""
COMPARED_DAYS = 7
LONGEST_SILENCE = timedelta(days=90)
"""Data before a longer silence is not history: a few stray events with a wrong clock would otherwise make it long."""
MOST_UNLISTED = 40
"""Unlisted event types that become features; the rarer ones are only counted (each adds five columns)."""


class Sql(Protocol):
    """What is needed of the SQL client."""

    def rows(self, sql: str) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class DayOfData:
    """One UTC day that has events: how many, and when the last one was (naive, UTC)."""

    day: date
    events: int
    last_at: datetime


@dataclass(frozen=True)
class History:
    """The events as they are in the lake.

    Args:
        now: the platform's clock (naive, UTC).
        days: the days that have events, oldest first, without times after now and without strays before a long silence.
        after_now: events whose time is after now; never read by features.
    """

    now: datetime
    days: tuple[DayOfData, ...]
    after_now: int

    @property
    def first_day(self) -> date:
        return self.days[0].day

    @property
    def newest_day(self) -> date:
        return self.days[-1].day

    @property
    def events(self) -> int:
        return sum(d.events for d in self.days)


def read_history(sql: Sql, events_table: str) -> History:
    """Read the days of the event dataset: one query, two columns.

    Raises:
        DataError: there is no event at all.
    """
    table = checked_name(events_table)
    rows = sql.rows(
        "select cast(timestamp as date) as day, count(*) as event_rows, max(timestamp) as last_at, "
        f"current_timestamp() as now from {table} where timestamp is not null "
        "group by cast(timestamp as date) order by day asc nulls last"
    )
    return history_of(rows, table)


def history_of(rows: Sequence[Mapping[str, Any]], table: str) -> History:
    """The history that rows of (day, event_rows, last_at, now) tell, oldest first.

    Raises:
        DataError: there is no event at all, or none before now.
    """
    if not rows:
        raise DataError(
            f"The event dataset {table} is empty.",
            "Ingest events first ('propensity load-events', 'propensity synthesize'), or correct datasets.events.",
        )
    now = _naive(rows[0]["now"])
    days = [DayOfData(day_of(r["day"]), int(r["event_rows"]), _naive(r["last_at"])) for r in rows]
    past = [d for d in days if d.day <= now.date()]
    if not past:
        raise DataError(
            f"Every event in {table} has a time after now ({now:%Y-%m-%d %H:%M} UTC).",
            "Check the clock of what produced the events.",
        )
    after = sum(d.events for d in days if d.day > now.date())
    return History(now, _unbroken(past), after)


def end_of_newest_complete_day(history: History) -> date:
    """The end of the newest complete day in the data, as the date that begins then (as_of is its 00:00 UTC).

    A day is complete when the platform's clock has passed it and its events reach as late as on at least one of the
    seven days before it, give or take an hour: a file that was cut off at 15:00 does not end with a whole day.
    """
    for index in range(len(history.days) - 1, -1, -1):
        newest = history.days[index]
        if history.now < _midnight(newest.day + DAY):
            continue
        before = history.days[max(0, index - COMPARED_DAYS) : index]
        if not before or _reach(newest) >= min(_reach(d) for d in before) - REACH_TOLERANCE:
            return newest.day + DAY
        return newest.day
    raise DataError(
        f"There is no complete day in the data: it begins on {history.first_day}, and now is {history.now:%Y-%m-%d}.",
        "Wait for the day to end, or load older events.",
    )


def require_history(use_case: UseCase, history: History, as_of: date) -> None:
    """Refuse an as-of date with too little data before it for the time split, or with none up to it.

    Raises:
        DataError: it states the days needed and the days seen.
    """
    last = history.newest_day + DAY
    if as_of > last:
        raise DataError(
            f"The as-of date {as_of} is after the end of the data: the newest day with events is {history.newest_day}.",
            f"Use {last} or an earlier date, or load the events up to {as_of}.",
        )
    window = use_case.horizon_days + use_case.gap_days
    seen = max(0, (as_of - history.first_day).days)
    if seen < use_case.required_days:
        raise DataError(
            f"The use case {use_case.name} needs {use_case.required_days} days of events before the as-of date {as_of} "
            f"(two label windows of {window} days and {use_case.min_history_days} days to look back at); "
            f"the data has {seen} (from {history.first_day}).",
            "Load older events, choose a later as-of date, or shorten horizon_days, gap_days or min_history_days in "
            "propensity.yml.",
        )


def require_target(use_case: UseCase, seen: Sequence[str], as_of: date) -> None:
    """Refuse a target event that never happened: every label would be 0, and a run is built once.

    Args:
        seen: the event types that occur before as_of.

    Raises:
        DataError: it names the types that are written like it, else the most frequent ones.
    """
    target = use_case.target_event
    if target in seen:
        return
    known = {name.lower(): name for name in seen}
    alike = [known[name] for name in get_close_matches(target.lower(), list(known), n=3)]
    instead = f"is it {' or '.join(alike)}?" if alike else f"there are: {', '.join(seen[:8])}."
    raise DataError(
        f"The use case {use_case.name} predicts {target!r}, but no event before {as_of} is of that type; {instead}",
        "Correct target_event in propensity.yml (upper and lower case differ), or load events that have it.",
    )


def checked_name(name: str) -> str:
    """A table name that may go into SQL text as it is."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,254}", name):
        raise SettingsError(
            f"{name!r} is not the name of a table in Query Service (letters, digits and underscores).",
            "Check the dataset's tag adobe/pqs/table in Catalog.",
        )
    return name


def _unbroken(days: Sequence[DayOfData]) -> tuple[DayOfData, ...]:
    kept = [days[-1]]
    for earlier in reversed(days[:-1]):
        if kept[-1].day - earlier.day > LONGEST_SILENCE:
            break
        kept.append(earlier)
    return tuple(reversed(kept))


def _reach(day: DayOfData) -> timedelta:
    return day.last_at - _midnight(day.day)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def day_of(value: date | datetime) -> date:
    """The date of what Query Service sends for a day."""
    return value.date() if isinstance(value, datetime) else value


def _naive(value: datetime) -> datetime:
    """Query Service sends timestamps without zone; one that has a zone is turned into UTC."""
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
