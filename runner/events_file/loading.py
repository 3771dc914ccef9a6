"""Load a file of events into the platform, and say whether its history is long enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from runner import setup
from runner.errors import DataError
from runner.events_file.events import EventsFile, read_events
from runner.ingestion import Waiting, ingest_parquet
from runner.platform import Platform
from runner.settings import Settings, UseCase


@dataclass(frozen=True)
class LoadedEvents:
    """What was loaded. `created` is False when the same events had been loaded before: nothing was doubled."""

    rows: int
    first: datetime
    last: datetime
    event_types: dict[str, int]
    batch_ids: tuple[str, ...]
    created: bool
    file: EventsFile


def load_events(
    settings: Settings,
    platform: Platform,
    path: Path,
    *,
    now: datetime | None = None,
    work_dir: Path | None = None,
    accept_bad_rows: bool = False,
    progress: Callable[[str], None] | None = None,
) -> LoadedEvents:
    """Check a Parquet or CSV file and ingest it as ExperienceEvents, as one batch.

    Fields that the event schema lacks are added first. The batch is named after the dataset and the events it holds, so
    that loading the same events again, in whatever file, finds it and adds nothing.

    Args:
        now: events after this moment are refused; default: the clock of this machine.
        work_dir: where the converted files and the list of refused rows go, under `loaded`; default: state_dir.
        progress: called with one line per thing that happens.

    Raises:
        DataError: see `read_events`; or the events and what arrived differ.
    """
    tell = progress or (lambda _: None)
    events = read_events(
        path,
        tenant=setup.checked_tenant(settings, platform),
        out_dir=(work_dir or settings.state_dir) / "loaded",
        now=now or datetime.now(UTC),
        identity_path=settings.identity.path,
        namespace=settings.identity.namespace,
        accept_bad_rows=accept_bad_rows,
    )
    for line in _remarks(events):
        tell(line)
    setup.apply(setup.plan(settings, platform, event_fields=dict(events.fields)), tell)
    batch = ingest_parquet(
        platform,
        settings.datasets.events,
        [Path(f) for f in events.files],
        external_id=f"{settings.datasets.events}-{events.digest}",
        tags={"propensity/events": [events.digest]},
        waiting=Waiting(deadline=settings.wait_seconds),
        progress=progress,
    )
    return LoadedEvents(
        events.rows, events.first, events.last, events.event_types, (batch.batch_id,), batch.created, events
    )


def required_days(use_case: UseCase) -> int:
    """Days of events before as_of that the time split needs: 2 * (horizon + gap) + min_history_days.

    The test's label window ends at as_of, the one of train, validate and calibrate before the test's as-of date, and
    the earliest features need something to look back at.
    """
    return use_case.required_days


def check_history(first: datetime, last: datetime, use_case: UseCase, as_of: date | None = None) -> date:
    """The as-of date, when the history before it is long enough.

    Args:
        first, last: times (UTC) of the oldest and the newest event.
        as_of: default: the midnight after the newest event.

    Raises:
        DataError: too short a history, or as_of beyond the data; it states the days needed and the days seen.
    """
    end = date.fromordinal(last.astimezone(UTC).date().toordinal() + 1)
    begin, day = first.astimezone(UTC).date(), as_of or end
    if day > end:
        raise DataError(
            f"The as-of date {day} lies after the data: the newest event is of {last.astimezone(UTC):%Y-%m-%d %H:%M}.",
            f"Use {end} or an earlier date.",
        )
    needed, seen = required_days(use_case), max((day - begin).days, 0)
    if seen < needed:
        longest = (seen - use_case.min_history_days) // 2 - use_case.gap_days
        shorter = f", or a horizon of at most {longest} days" if longest >= 1 else ""
        raise DataError(
            f"The history is too short: {needed} days of events before {day} are needed (twice the horizon of "
            f"{use_case.horizon_days} and the gap of {use_case.gap_days} days, and {use_case.min_history_days} days to "
            f"look back), {seen} are there (since {begin}).",
            f"Load older events{shorter}.",
        )
    return day


def _remarks(events: EventsFile) -> list[str]:
    lines = [f"{events.rows:,} events of {events.users:,} users, {events.first:%Y-%m-%d} to {events.last:%Y-%m-%d}"]
    if events.rejected:
        lines.append(f"{events.rejected:,} rows refused, listed in {events.rejects_file}")
    if events.duplicate_rows:
        lines.append(f"{events.duplicate_rows:,} rows equal an earlier one in every column; each is kept as an event")
    if events.left_out:
        lines.append(f"left out: {', '.join(repr(c) for c in events.left_out)} (row numbers of a data frame)")
    return lines
