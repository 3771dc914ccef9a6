"""An independent computation of labels and features, row by row in plain Python, to compare the SQL with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from runner.settings import snake_case

MINUTE, DAY = 60_000, 86_400_000
WINDOWS = (1, 7, 28, 90)


@dataclass(frozen=True)
class Event:
    """One event as it is ingested; `at_ms` is milliseconds since 1970."""

    event_id: str
    user_id: str | None
    event_type: str
    at_ms: int


def ms(text: str) -> int:
    """Milliseconds since 1970 of an ISO time in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def usable(events: Iterable[Event], now_ms: int) -> list[Event]:
    """Without repeats (the earliest row of an id stays), without identity, and without times after now."""
    first: dict[str, Event] = {}
    for event in sorted(events, key=lambda e: e.at_ms):
        first.setdefault(event.event_id, event)
    return [e for e in first.values() if e.user_id and e.at_ms <= now_ms]


def features(
    events: Iterable[Event], event_types: Iterable[str], as_of: date, look_back_days: int = 90
) -> dict[str, float | None]:
    """The features of one user, given that user's usable events."""
    cut = ms(as_of.isoformat())
    known = [e for e in events if cut - look_back_days * DAY <= e.at_ms < cut]
    row: dict[str, float | None] = {}
    for event_type in event_types:
        times = [e.at_ms for e in known if e.event_type == event_type]
        for days in WINDOWS:
            row[f"n_{snake_case(event_type)}_{days}d"] = sum(t >= cut - days * DAY for t in times)
        row[f"minutes_since_{snake_case(event_type)}"] = (cut - max(times)) / MINUTE if times else None
    times = [e.at_ms for e in known]
    for days in WINDOWS:
        inside = [t for t in times if t >= cut - days * DAY]
        row[f"n_events_{days}d"] = len(inside)
        row[f"active_days_{days}d"] = len({t // DAY for t in inside})
    active = sorted({t // DAY for t in times})
    row["n_event_types"] = len({e.event_type for e in known})
    row["minutes_since_last_event"] = (cut - max(times)) / MINUTE if times else None
    row["tenure_days"] = (cut - min(times)) / DAY if times else None
    row["mean_gap_days"] = (active[-1] - active[0]) / (len(active) - 1) if len(active) > 1 else None
    month = row["n_events_28d"] or 0
    row["events_trend_7d"] = (row["n_events_7d"] or 0) * 4 / month if month else None
    return row


def label(events: Iterable[Event], target: str, as_of: date, horizon_days: int, gap_days: int = 0) -> int:
    """1 if the target happens in [as_of + gap, as_of + gap + horizon)."""
    begin = ms((as_of + timedelta(days=gap_days)).isoformat())
    return int(any(e.event_type == target and begin <= e.at_ms < begin + horizon_days * DAY for e in events))


def converted_before(events: Iterable[Event], target: str, as_of: date) -> bool:
    """Whether the target happened before as_of, however long ago."""
    return any(e.event_type == target and e.at_ms < ms(as_of.isoformat()) for e in events)


def by_user(events: Iterable[Event]) -> Mapping[str, list[Event]]:
    """Events grouped by user."""
    grouped: dict[str, list[Event]] = {}
    for event in events:
        grouped.setdefault(event.user_id or "", []).append(event)
    return grouped
