"""Which days the events reach and which changed, without reading all of them: the table `propensity_event_days`.

A row says that a batch holds so many events on a day or of a type, or that it is gone: replaced or reverted. Loads only
ever add rows, each from the events of new snapshots (`SNAPSHOT BETWEEN`, the start excluded) and from what Catalog says
about batches, because a snapshot range shows what was added and never what was taken away. The facts of a batch never
change, so a load that is repeated, or made twice at the same moment, changes nothing.

Where the last snapshot has expired (Query Service keeps them for two days) or was never known, all events are read
again under a new `base_snapshot`, and everything before it no longer counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from runner.errors import DataError
from runner.featurize.history import History, Sql, checked_name, day_of, history_of
from runner.platform.catalog import Batch
from runner.sql import literal

TABLE = "propensity_event_days"
BATCH_ID = "_acp_system_metadata.acp_sourceBatchId"
"""The batch as Catalog names it. (unconfirmed: the pages describe it, nobody has compared it with Catalog's ids)"""
_NO_TIME = "cast(null as timestamp)"
_GONE_WORDS = ("inactive", "deleted", "archived", "retained")


class Writing(Sql, Protocol):
    """What is needed of the SQL client."""

    def execute(self, sql: str) -> None: ...


class Batches(Protocol):
    """What is needed of Catalog."""

    def batches(self, *, dataset_id: str | None = None, status: str | None = None) -> Iterable[Batch]: ...


@dataclass(frozen=True)
class Reading:
    """One load: the checkpoint it set.

    Args:
        base: snapshot at which the events were last read as a whole. snapshot: up to which this load read.
        number: grows by one with every load.
    """

    base: str
    snapshot: str
    number: int


@dataclass(frozen=True)
class EventDays:
    """The event days of one event table.

    Args:
        events_table: its name. base, number: see `Reading`. added: INSERT or CREATE TABLE AS that it took (0 or 1).
        days: rows of (day, event_rows, last_at, now), oldest first. types: (event type, first day, event rows).
    """

    events_table: str
    base: str
    number: int
    added: int
    days: tuple[Mapping[str, Any], ...]
    types: tuple[tuple[str, date, int], ...]

    def history(self) -> History:
        """The days that have events.

        Raises:
            DataError: there is none.
        """
        return history_of(self.days, self.events_table)

    def event_types(self, as_of: date) -> tuple[str, ...]:
        """Event types that occur before as_of, the most frequent (so far as is known today) first."""
        return tuple(name for name, first, _ in sorted(self.types, key=lambda t: (-t[2], t[0])) if first < as_of)

    def variable(self) -> dict[str, Any]:
        """What the models need to know (macro event_days_read)."""
        return {"base": self.base, "load": self.number}


def read_event_days(
    sql: Writing, catalog: Batches, dataset_id: str, events_table: str, log: Callable[[str], None]
) -> EventDays:
    """Bring the event days up to date: one INSERT (or CREATE TABLE AS) where something changed, none otherwise.

    Raises:
        DataError: the event table has never been written to.
    """
    table = checked_name(events_table)
    snapshots = sql.rows(
        "select cast(snapshot_id as string) as snapshot_id "
        f"from (select history_meta({literal(table)})) as written order by snapshot_generation asc nulls last"
    )
    if not snapshots:
        raise DataError(
            f"The event dataset {table} is empty.",
            "Ingest events first ('propensity load-events', 'propensity synthesize'), or correct datasets.events.",
        )
    current = str(snapshots[-1]["snapshot_id"])
    there = _is_there(sql)
    last = _last_reading(sql, table) if there else None
    reason = _why_everything(last, {str(row["snapshot_id"]) for row in snapshots})
    if last is None or reason:
        log(f"reading all of {table} to learn which days it holds: {reason}")
        reading = Reading(current, current, (last.number if last else 0) + 1)
        parts = [_of_events(table, reading, f"snapshot as of {current}")]
    else:
        gone = _gone(sql, catalog, dataset_id, table, last)
        if last.snapshot == current and not gone:
            return _event_days(sql, table, last, added=0)
        reading = Reading(last.base, current, last.number + 1)
        parts = []
        if last.snapshot != current:
            parts.append(_of_events(table, reading, f"snapshot between {last.snapshot} and {current}"))
        if gone:
            log(f"{len(gone)} batches of {table} were replaced or reverted")
            parts.append(_of_gone(table, reading, gone))
    parts.append(_checkpoint(table, reading))
    verb = f"insert into {TABLE}" if there else f"create table if not exists {TABLE} as"
    # Both statements in one message, so that the columns of the system are shown in this session and in no other.
    sql.execute(f"set drop_system_columns=false; {verb} {' union all '.join(parts)}")
    return _event_days(sql, table, reading, added=1)


def known_event_days(sql: Sql, events_table: str) -> EventDays | None:
    """The event days as they were noted last; None where nobody has."""
    table = checked_name(events_table)
    last = _last_reading(sql, table) if _is_there(sql) else None
    return _event_days(sql, table, last, added=0) if last else None


def _is_there(sql: Sql) -> bool:
    return str(sql.rows(f"select table_exists({literal(TABLE)}) as there")[0]["there"]).lower() in ("true", "t")


def _last_reading(sql: Sql, table: str) -> Reading | None:
    facts = ("load_number", "base_snapshot", "snapshot_id")
    found = sql.rows(
        f"select {', '.join(f'newest.{name} as {name}' for name in facts)} from "
        f"(select max(struct({', '.join(f'{name} as {name}' for name in facts)})) as newest from {TABLE} "
        f"where events_table = {literal(table)}) as loads where newest.load_number is not null"
    )
    if not found:
        return None
    return Reading(str(found[0]["base_snapshot"]), str(found[0]["snapshot_id"]), int(found[0]["load_number"]))


def _event_days(sql: Sql, table: str, reading: Reading, *, added: int) -> EventDays:
    """Days and types of the batches that are not gone, in one statement."""
    where = f"events_table = {literal(table)} and base_snapshot = {literal(reading.base)}"
    rows = sql.rows(
        "select facts.fact as fact, facts.event_type as event_type, min(facts.activity_date) as day, "
        "sum(facts.event_rows) as event_rows, max(facts.last_event_at) as last_at, current_timestamp() as now from ("
        "select batch_id, fact, activity_date, event_type, max(event_rows) as event_rows, max(last_event_at) as "
        f"last_event_at from {TABLE} where {where} and fact in ('day', 'type') and activity_date is not null "
        "group by batch_id, fact, activity_date, event_type) as facts "
        f"left join (select distinct batch_id from {TABLE} where {where} and fact = 'gone') as gone "
        "on facts.batch_id = gone.batch_id where gone.batch_id is null "
        "group by facts.fact, case when facts.fact = 'day' then facts.activity_date end, facts.event_type "
        "order by day asc nulls last"
    )
    days = tuple(row for row in rows if row["fact"] == "day")
    types = tuple(
        (str(row["event_type"]), day_of(row["day"]), int(row["event_rows"]))
        for row in rows
        if row["fact"] == "type" and row["event_type"] is not None
    )
    return EventDays(table, reading.base, reading.number, added, days, types)


def _why_everything(last: Reading | None, known: set[str]) -> str:
    """Why all events must be read; empty: they need not be."""
    if last is None:
        return "nobody has looked before"
    if last.snapshot not in known:
        return "the last snapshot that was read has expired, or the dataset was made anew"
    return ""


def _gone(sql: Sql, catalog: Batches, dataset_id: str, table: str, last: Reading) -> list[str]:
    """Batches that are gone according to Catalog and were there according to us."""
    listed = sorted({b.id for word in _GONE_WORDS for b in catalog.batches(dataset_id=dataset_id, status=word)})
    if not listed:
        return []
    rows = sql.rows(
        f"select batch_id, max(case when fact = 'gone' then 1 else 0 end) as gone from {TABLE} "
        f"where events_table = {literal(table)} and base_snapshot = {literal(last.base)} "
        f"and batch_id in ({', '.join(literal(batch) for batch in listed)}) group by batch_id"
    )
    return sorted(str(row["batch_id"]) for row in rows if not int(row["gone"]))


def _select(table: str, reading: Reading, facts: Sequence[str]) -> str:
    names = ("fact", "batch_id", "activity_date", "event_type", "event_rows", "last_event_at")
    listed = ", ".join(f"{fact} as {name}" for fact, name in zip(facts, names, strict=True))
    return (
        f"select {literal(table)} as events_table, {literal(reading.base)} as base_snapshot, "
        f"{literal(reading.snapshot)} as snapshot_id, cast({reading.number} as bigint) as load_number, "
        f"current_timestamp() as read_at, {listed}"
    )


def _of_events(table: str, reading: Reading, snapshots: str) -> str:
    """Events by batch and day, and by batch and type: both from one reading."""
    fact = "case when grouping(event_type) = 1 then 'day' else 'type' end"
    facts = (fact, "batch_id", "min(activity_date)", "event_type", "count(*)", "max(event_at)")
    return (
        f"{_select(table, reading, facts)} from (select {BATCH_ID} as batch_id, cast(timestamp as date) as event_day, "
        f"cast(timestamp as date) as activity_date, eventType as event_type, timestamp as event_at "
        f"from {table} {snapshots}) as events group by grouping sets ((batch_id, event_day), (batch_id, event_type))"
    )


def _of_gone(table: str, reading: Reading, gone: Sequence[str]) -> str:
    facts = ("'gone'", "batch_id", "cast(null as date)", "cast(null as string)", "cast(0 as bigint)", _NO_TIME)
    listed = ", ".join(literal(batch) for batch in gone)
    return f"{_select(table, reading, facts)} from (select explode(array({listed})) as batch_id) as gone"


def _checkpoint(table: str, reading: Reading) -> str:
    nothing = [f"cast(null as {data_type})" for data_type in ("string", "date", "string", "bigint")]
    return _select(table, reading, ["'checkpoint'", *nothing, _NO_TIME])
