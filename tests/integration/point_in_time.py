"""An independent computation of labels and features, row by row in plain Python, to compare the SQL with."""

from __future__ import annotations

from calendar import day_name
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from runner.settings import Rate, snake_case

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
    events: Iterable[Event],
    event_types: Iterable[str],
    as_of: date,
    look_back_days: int = 90,
    rates: Iterable[Rate] = (),
    session_timeout_minutes: int = 30,
) -> dict[str, float | None]:
    """The features of one user, given that user's usable events."""
    cut = ms(as_of.isoformat())
    known = sorted((e for e in events if cut - look_back_days * DAY <= e.at_ms < cut), key=lambda e: e.at_ms)
    inside = {days: [e for e in known if e.at_ms >= cut - days * DAY] for days in WINDOWS}
    row: dict[str, float | None] = {}
    for event_type in event_types:
        for days in WINDOWS:
            row[f"n_{snake_case(event_type)}_{days}d"] = sum(e.event_type == event_type for e in inside[days])
        times = [e.at_ms for e in known if e.event_type == event_type]
        row[f"minutes_since_{snake_case(event_type)}"] = (cut - max(times)) / MINUTE if times else None
    for rate in rates:
        for days in (28, 90):
            above = row[f"n_{snake_case(rate.numerator)}_{days}d"] or 0
            below = row[f"n_{snake_case(rate.denominator)}_{days}d"]
            row[f"rate_{rate.name}_{days}d"] = above / below if below else None
    row["n_event_types"] = len({e.event_type for e in known})
    row |= _liveliness([e.at_ms for e in known], cut)
    for days in WINDOWS:
        sessions = _sessions([e.at_ms for e in inside[days]], session_timeout_minutes)
        row[f"n_sessions_{days}d"] = len(sessions)
        if days > 7:
            row[f"mean_session_minutes_{days}d"] = sum(sessions) / len(sessions) / MINUTE if sessions else None
            row[f"longest_session_minutes_{days}d"] = max(sessions) / MINUTE if sessions else None
    moments = [datetime.fromtimestamp(e.at_ms // 1000, UTC) for e in known]
    for number, part in enumerate(("night", "morning", "afternoon", "evening")):
        row[f"share_{part}"] = sum(m.hour // 6 == number for m in moments) / len(moments) if moments else None
    for number, name in enumerate(day_name):
        row[f"share_{name.lower()}"] = sum(m.weekday() == number for m in moments) / len(moments) if moments else None
    return row


def _liveliness(times: list[int], cut: int) -> dict[str, float | None]:
    """Totals, active days, recency, tenure, gaps and trend; `times` in order."""
    row: dict[str, float | None] = {}
    for days in WINDOWS:
        inside = [t for t in times if t >= cut - days * DAY]
        row[f"n_events_{days}d"] = len(inside)
        row[f"active_days_{days}d"] = len({t // DAY for t in inside})
    active = sorted({t // DAY for t in times})
    gaps = [later - earlier for earlier, later in pairwise(times)]
    month = row["n_events_28d"] or 0
    return row | {
        "minutes_since_last_event": (cut - max(times)) / MINUTE if times else None,
        "tenure_days": (cut - min(times)) / DAY if times else None,
        "mean_gap_days": (active[-1] - active[0]) / (len(active) - 1) if len(active) > 1 else None,
        "mean_gap_minutes": sum(gaps) / len(gaps) / MINUTE if gaps else None,
        "longest_gap_minutes": max(gaps) / MINUTE if gaps else None,
        "events_trend_7d": (row["n_events_7d"] or 0) * 4 / month if month else None,
    }


def _sessions(times: list[int], timeout_minutes: int) -> list[int]:
    """Lengths, in milliseconds, of the sessions that events at these times (in order) make."""
    begun: list[list[int]] = []
    for at in times:
        last = begun[-1][-1] if begun else None
        same_day = last is not None and last // DAY == at // DAY
        if last is not None and same_day and (at - last) // 1000 <= timeout_minutes * 60:
            begun[-1].append(at)
        else:
            begun.append([at])
    return [session[-1] - session[0] for session in begun]


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
