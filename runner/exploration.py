"""Figures about the events, for the report: computed in Query Service, so that only a few hundred numbers come back.

They are taken from the daily activity that featurize keeps, in one reading of it, and cost none of the events.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from runner.errors import DataError
from runner.exploration_sql import figures_sql
from runner.platform import Platform
from runner.settings import Settings, UseCase
from runner.sql import identifier

ACTIVITY = "int_user_day_activity"
"""The model that every figure is taken from: a row per user, UTC day, event type and standing."""
MOST_TYPES = 60
"""Event types with a figure of their own, the most frequent first."""
SAMPLES = 20
"""People fall into this many equal parts by a stable hash; one part is a 5 % sample."""


class Sql(Protocol):
    """What is needed of a SQL client."""

    def rows(self, sql: str) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class TypeFigures:
    """One event type.

    Args:
        users: who had it at least once. converted: how many of those also had the target event.
        correlation: Pearson, of its count with the target's count over users with any event; None where one of the
            two does not vary.
    """

    event_type: str
    events: int
    users: int
    converted: int
    correlation: float | None


@dataclass(frozen=True)
class DayFigures:
    """One UTC day (ISO date): all events, and the target's."""

    day: str
    events: int
    targets: int


@dataclass(frozen=True)
class SampleFigures:
    """What a 5 % sample of the people would have said about the share that had the target event.

    Args:
        users: in the sample. share: in the sample. whole: among everybody. expected_error: standard error of a sample
            of this size. observed_error: how far the 20 samples really lie around the whole (root mean square).
    """

    users: int
    share: float
    whole: float
    expected_error: float
    observed_error: float


@dataclass(frozen=True)
class Exploration:
    """The events before the as-of time.

    Args:
        as_of, first_at, last_at: ISO 8601, UTC. events: of standing `usable`, which is what features see.
        without_identity: left out of all figures.
        users: with any event. target_event, targets, target_users: what the use case asks for.
        types: most frequent first. days: in order. sample: None where there are too few users for one.
        ids_on_several_days: at least so many event ids came again with the time of another UTC day, and count on both.
    """

    as_of: str
    table: str
    first_at: str
    last_at: str
    events: int
    without_identity: int
    users: int
    target_event: str
    targets: int
    target_users: int
    types: tuple[TypeFigures, ...]
    days: tuple[DayFigures, ...]
    sample: SampleFigures | None
    ids_on_several_days: int = 0


def explore(settings: Settings, use_case: UseCase, platform: Platform, sql: Sql, as_of: datetime) -> Exploration:
    """Explore the event dataset of the settings as it was known at `as_of`, once features are built.

    Raises:
        DataError: there is no event with an identity before as_of.
    """
    table = platform.catalog.dataset_named(settings.datasets.events).table_name
    return explore_activity(sql, ACTIVITY, table, use_case.target_event, as_of)


def explore_activity(sql: Sql, activity: str, events: str, target_event: str, as_of: datetime) -> Exploration:
    """Explore one table of daily activity.

    Args:
        activity: its name. events: that of the event table behind it. target_event: its event type.
        as_of: only events of the UTC days before this moment count.
    """
    day = f"{_utc(as_of):%Y-%m-%d}"
    rows = sql.rows(figures_sql(identifier(activity), day, target_event, SAMPLES))
    days = [row for row in rows if row["fact"] == "day" and _int(row["n"])]
    if not days:
        raise DataError(
            f"{events} has no event with an identity before {day}.",
            "Check identity.path in propensity.yml and the as-of date.",
        )
    parts = sorted(
        (row for row in rows if row["fact"] == "part" and row["part"] is not None), key=lambda row: _int(row["part"])
    )
    everybody = {name: sum(_int(row[name]) for row in parts) for name in ("people", "targets", "squares", "had_it")}
    return Exploration(
        as_of=_utc(as_of).isoformat(),
        table=events,
        first_at=_time(min(_int(row["first_ms"]) for row in days)),
        last_at=_time(max(_int(row["last_ms"]) for row in days)),
        events=sum(_int(row["n"]) for row in days),
        without_identity=sum(_int(row["nameless"]) for row in rows if row["fact"] == "day"),
        users=everybody["people"],
        target_event=target_event,
        targets=everybody["targets"],
        target_users=everybody["had_it"],
        types=_types(rows, everybody),
        days=tuple(
            DayFigures(_day(row["day"]), _int(row["n"]), _int(row["of_target"]))
            for row in sorted(days, key=lambda row: _day(row["day"]))
        ),
        sample=_sample([(_int(row["people"]), _int(row["had_it"])) for row in parts]),
        ids_on_several_days=sum(_int(row["again"]) for row in rows if row["fact"] == "id"),
    )


def _types(rows: Sequence[Mapping[str, Any]], everybody: Mapping[str, int]) -> tuple[TypeFigures, ...]:
    """Figures of the most frequent types, given the sums over all people."""
    found = [row for row in rows if row["fact"] == "type" and row["event_type"] is not None]
    found.sort(key=lambda row: (-_int(row["n"]), str(row["event_type"])))
    return tuple(
        TypeFigures(
            str(row["event_type"]),
            _int(row["n"]),
            _int(row["users"]),
            _int(row["converted"]),
            pearson(
                everybody["people"],
                _int(row["n"]),
                everybody["targets"],
                _int(row["own_squares"]),
                everybody["squares"],
                _int(row["products"]),
            ),
        )
        for row in found[:MOST_TYPES]
    )


def _sample(parts: Sequence[tuple[int, int]]) -> SampleFigures | None:
    """From the people and the target users of each part."""
    if len(parts) < SAMPLES:
        return None
    users, had = sum(n for n, _ in parts), sum(u for _, u in parts)
    whole = had / users
    n, u = parts[0]
    return SampleFigures(
        n,
        u / n,
        whole,
        math.sqrt(whole * (1 - whole) / n),
        math.sqrt(sum((own / size - whole) ** 2 for size, own in parts) / len(parts)),
    )


def pearson(n: int, sx: int, sy: int, sxx: int, syy: int, sxy: int) -> float | None:
    """Pearson correlation from whole-number sums; None where one side does not vary."""
    x, y = n * sxx - sx * sx, n * syy - sy * sy
    return None if x <= 0 or y <= 0 else (n * sxy - sx * sy) / math.sqrt(x) / math.sqrt(y)


def strongest(types: Sequence[TypeFigures], target_event: str) -> tuple[TypeFigures, ...]:
    """The types other than the target that have a correlation, strongest first."""
    others = [t for t in types if t.event_type != target_event and t.correlation is not None]
    return tuple(sorted(others, key=lambda t: -abs(t.correlation or 0.0)))


def _int(value: Any) -> int:
    """Sums come back as integers or, from Spark's wider types, as decimals."""
    return int(value) if isinstance(value, int | float | Decimal) else 0


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _time(milliseconds: Any) -> str:
    return (datetime(1970, 1, 1) + timedelta(milliseconds=_int(milliseconds))).isoformat()


def _day(value: Any) -> str:
    return value.isoformat()[:10] if isinstance(value, date) else str(value)[:10]
