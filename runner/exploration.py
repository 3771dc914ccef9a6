"""Figures about the events, for the report: computed in Query Service, so that only a few hundred numbers come back.

They are taken from the daily activity that featurize keeps, so that looking at the events costs no second reading.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from runner.errors import DataError
from runner.platform import Platform
from runner.settings import Settings, UseCase
from runner.sql import identifier, literal

ACTIVITY = "int_user_day_activity"
"""The model that every figure is taken from: a row per user, UTC day, event type and standing."""
MOST_TYPES = 60
"""Event types with a figure of their own, the most frequent first: each is a column of one aggregate."""
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
    before = f"from {identifier(activity)} where activity_date < cast('{_utc(as_of):%Y-%m-%d}' as date)"
    source = f"{before} and standing = 'usable'"
    totals = sql.rows(
        "select sum(case when standing = 'usable' then n else 0 end) as known_rows, "
        "sum(case when standing = 'no identity' then n else 0 end) as nameless_rows, "
        "min(case when standing = 'usable' then first_event_ms end) as first_ms, "
        f"max(case when standing = 'usable' then last_event_ms end) as last_ms {before}"
    )[0]
    if not _int(totals["known_rows"]):
        raise DataError(
            f"{events} has no event with an identity before {_utc(as_of):%Y-%m-%d}.",
            "Check identity.path in propensity.yml and the as-of date.",
        )
    counts = sql.rows(
        f"select event_type, sum(n) as event_rows {source} and event_type is not null "
        f"group by event_type order by event_rows desc nulls last, event_type asc nulls last limit {MOST_TYPES}"
    )
    types = {str(r["event_type"]): _int(r["event_rows"]) for r in counts}
    users, targets, target_users, figures = _per_user(sql, source, target_event, types)
    return Exploration(
        as_of=_utc(as_of).isoformat(),
        table=events,
        first_at=_time(totals["first_ms"]),
        last_at=_time(totals["last_ms"]),
        events=_int(totals["known_rows"]),
        without_identity=_int(totals["nameless_rows"]),
        users=users,
        target_event=target_event,
        targets=targets,
        target_users=target_users,
        types=figures,
        days=_days(sql, source, target_event),
        sample=_sample(sql, source, target_event),
        ids_on_several_days=_ids_on_several_days(sql, source),
    )


def _per_user(
    sql: Sql, source: str, target: str, types: dict[str, int]
) -> tuple[int, int, int, tuple[TypeFigures, ...]]:
    """Users, target events, target users, and each type's figures: one pass, one row back."""
    names = list(types)
    counted = ", ".join(f"sum({_is(name)}) as c{i}" for i, name in enumerate(names))
    sums = ", ".join(
        f"sum(c{i}) as s{i}, sum(c{i} * c{i}) as q{i}, sum(c{i} * t) as p{i}, "
        f"sum(case when c{i} > 0 then 1 else 0 end) as u{i}, "
        f"sum(case when c{i} > 0 and t > 0 then 1 else 0 end) as v{i}"
        for i in range(len(names))
    )
    found = sql.rows(
        f"select count(*) as n, sum(t) as s, sum(t * t) as q, sum(case when t > 0 then 1 else 0 end) as u, {sums} "
        f"from (select user_id, sum({_is(target)}) as t, {counted} {source} group by user_id) as per_user"
    )[0]
    row = {name: _int(value) for name, value in found.items()}
    figures = [
        TypeFigures(
            name,
            types[name],
            row[f"u{i}"],
            row[f"v{i}"],
            pearson(row["n"], row[f"s{i}"], row["s"], row[f"q{i}"], row["q"], row[f"p{i}"]),
        )
        for i, name in enumerate(names)
    ]
    return row["n"], row["s"], row["u"], tuple(figures)


def _days(sql: Sql, source: str, target: str) -> tuple[DayFigures, ...]:
    rows = sql.rows(
        f"select activity_date as day, sum(n) as event_rows, sum({_is(target)}) as target_rows {source} "
        "group by activity_date order by day asc nulls last"
    )
    return tuple(DayFigures(_day(r["day"]), _int(r["event_rows"]), _int(r["target_rows"])) for r in rows)


def _sample(sql: Sql, source: str, target: str) -> SampleFigures | None:
    part = f"cast(conv(substr(md5(concat('sample', user_id)), 1, 8), 16, 10) as bigint) % {SAMPLES}"
    rows = sql.rows(
        "select part, count(*) as n, sum(case when t > 0 then 1 else 0 end) as u "
        f"from (select user_id, max({part}) as part, sum({_is(target)}) as t {source} group by user_id) "
        "as per_user group by part order by part asc nulls last"
    )
    parts = [(_int(r["n"]), _int(r["u"])) for r in rows]
    users, had = sum(n for n, _ in parts), sum(u for _, u in parts)
    if len(parts) < SAMPLES:
        return None
    whole = had / users
    n, u = parts[0]
    return SampleFigures(
        n,
        u / n,
        whole,
        math.sqrt(whole * (1 - whole) / n),
        math.sqrt(sum((own / size - whole) ** 2 for size, own in parts) / len(parts)),
    )


def _ids_on_several_days(sql: Sql, source: str) -> int:
    """Each row of daily activity names one of its event ids by a hash, and within a day an id is on one row only."""
    rows = sql.rows(
        f"select count(*) as n from (select least_id_hash {source} and least_id_hash is not null "
        "group by least_id_hash having count(*) > 1) as by_id"
    )
    return _int(rows[0]["n"])


def pearson(n: int, sx: int, sy: int, sxx: int, syy: int, sxy: int) -> float | None:
    """Pearson correlation from whole-number sums; None where one side does not vary."""
    x, y = n * sxx - sx * sx, n * syy - sy * sy
    return None if x <= 0 or y <= 0 else (n * sxy - sx * sy) / math.sqrt(x) / math.sqrt(y)


def strongest(types: Sequence[TypeFigures], target_event: str) -> tuple[TypeFigures, ...]:
    """The types other than the target that have a correlation, strongest first."""
    others = [t for t in types if t.event_type != target_event and t.correlation is not None]
    return tuple(sorted(others, key=lambda t: -abs(t.correlation or 0.0)))


def _is(event_type: str) -> str:
    """Events of this type in a row of daily activity."""
    return f"case when event_type = {literal(event_type)} then n else 0 end"


def _int(value: Any) -> int:
    """Sums come back as integers or, from Spark's wider types, as decimals."""
    return int(value) if isinstance(value, int | float | Decimal) else 0


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _time(milliseconds: Any) -> str:
    return (datetime(1970, 1, 1) + timedelta(milliseconds=_int(milliseconds))).isoformat()


def _day(value: Any) -> str:
    return value.isoformat()[:10] if isinstance(value, date) else str(value)[:10]
