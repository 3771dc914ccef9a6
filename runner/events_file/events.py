"""A user's own events, checked and in XDM shape, with ids that are the same whenever the same event is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from runner.blueprints import FieldKind
from runner.errors import DataError
from runner.events_file.reading import REQUIRED, read_raw
from runner.events_file.times import read_times
from runner.events_file.values import event_types, further_column, user_ids
from runner.xdm_paths import column_kind, with_tenant
from runner.xdm_shape import nested, write_files


@dataclass(frozen=True)
class EventsFile:
    """What is in a file of events, and the XDM Parquet made from it.

    Args:
        files: XDM Parquet, ordered by time, for ingestion as one batch.
        digest: of the events themselves; the same for the same events in another format or order.
        rows, users, first, last, event_types: of the rows that can be loaded (event types with their counts).
        rejected, rejected_by_reason, rejects_file: rows left out, only with `accept_bad_rows`.
        duplicate_rows: rows equal to an earlier one in every column. They are kept, as events of their own.
        fields: further fields as (XDM path, type), with `_{tenant}` spelled out: what the schema must have.
        left_out: columns that hold a data frame's row numbers and were not loaded.
    """

    source: str
    files: tuple[str, ...]
    digest: str
    rows: int
    users: int
    first: datetime
    last: datetime
    event_types: dict[str, int]
    rejected: int
    rejected_by_reason: dict[str, int]
    rejects_file: str | None
    duplicate_rows: int
    fields: tuple[tuple[str, FieldKind], ...]
    left_out: tuple[str, ...]


def read_events(
    path: Path,
    *,
    tenant: str,
    out_dir: Path,
    now: datetime,
    identity_path: str = "_{tenant}.userId",
    namespace: str = "PROPENSITYID",
    accept_bad_rows: bool = False,
) -> EventsFile:
    """Check a Parquet or CSV file of events and convert it to XDM Parquet in `out_dir`.

    Columns: user_id, event_type, timestamp (UTC; see `times` for the notations), and any others named by XDM path.

    Args:
        now: aware; events after it are refused.
        namespace: identity namespace of user_id; for ECID the rules for ECIDs hold.
        accept_bad_rows: load the rows that are right and list the others in `{name}.rejected.csv`.

    Raises:
        DataError: the file, a column or (unless accepted) any row is not as it must be. Row problems are listed with
            their numbers and reasons; the complete list is in `out_dir`.
    """
    raw = read_raw(path)
    problems = raw.problems
    kinds = {n: column_kind(n, tenant, identity_path) for n in raw.table.column_names if n not in REQUIRED}
    columns: dict[str, Any] = {
        "user_id": user_ids(raw.table["user_id"], namespace, problems),
        "event_type": event_types(raw.table["event_type"], problems),
        "time": pa.array(read_times(raw.table["timestamp"], now, problems)),
    }
    fields: dict[str, FieldKind] = {}
    for name, kind in kinds.items():
        place = with_tenant(name, tenant)
        if place in fields:
            raise DataError(f"{path} has the field {place} in two columns.", "Leave one of them out.")
        fields[place], columns[place] = further_column(name, raw.table[name], raw.text, kind, problems)
    rejects = None
    if problems.found:
        rejects = problems.write(out_dir / f"{path.name}.rejected.csv")
        if not accept_bad_rows or problems.rows.size == raw.total:
            raise problems.error(path, raw.total, rejects)
    table = pa.table(columns).filter(pa.array(problems.good()))
    events, duplicates = identified(table, list(fields))
    flat = events.drop_columns(["time"])
    flat = flat.append_column("timestamp", events["time"].cast(pa.timestamp("ms", tz="UTC")))
    xdm = nested(
        {
            "_id": flat["event_id"],
            "timestamp": flat["timestamp"],
            "eventType": flat["event_type"],
            with_tenant(identity_path, tenant): flat["user_id"],
            **{name: flat[name] for name in fields},
        }
    )
    digest = _digest(flat, fields)
    counts = sorted(_counts(flat["event_type"]), key=lambda pair: (-pair[1], pair[0]))
    time = events["time"].to_numpy()
    return EventsFile(
        source=str(path),
        files=tuple(str(f) for f in write_files(xdm, out_dir, f"events-{digest}")),
        digest=digest,
        rows=flat.num_rows,
        users=pc.count_distinct(flat["user_id"]).as_py(),
        first=datetime.fromtimestamp(int(time[0]) / 1000, UTC),
        last=datetime.fromtimestamp(int(time[-1]) / 1000, UTC),
        event_types=dict(counts),
        rejected=int(problems.rows.size),
        rejected_by_reason=problems.by_reason(),
        rejects_file=str(rejects) if rejects else None,
        duplicate_rows=duplicates,
        fields=tuple(fields.items()),
        left_out=raw.left_out,
    )


def identified(table: pa.Table, further: list[str]) -> tuple[pa.Table, int]:
    """The events in order of time, with `event_id`, and how many rows repeat another in every column.

    The id is a hash of user, type and time, and an occurrence number among events that have these three in common,
    counted in the order of their other values: it depends on the events, not on the file or its order.
    """
    keys = _hashes(table["user_id"], table["event_type"], table["time"])
    table = table.append_column("key", pa.array(keys))
    order = [("time", "ascending"), ("key", "ascending"), *((name, "ascending") for name in further)]
    table = table.take(pc.sort_indices(table, sort_keys=order))
    key = table["key"].to_numpy(zero_copy_only=False)
    number = np.arange(key.size)
    fresh = np.append(True, key[1:] != key[:-1])
    occurrence = number - np.maximum.accumulate(np.where(fresh, number, 0))
    repeated = ~fresh
    for name in further:
        repeated[1:] &= _same_as_before(table[name])
    ids = pc.binary_join_element_wise(table["key"], pa.array(occurrence).cast(pa.string()), "-")
    return table.drop_columns(["key"]).append_column("event_id", ids), int(repeated.sum())


def _hashes(users: Any, types: Any, times: Any) -> list[str]:
    # Control characters are refused in ids and event types, so the separator cannot be part of either.
    rows: Iterable[tuple[str, str, int]] = zip(users.to_pylist(), types.to_pylist(), times.to_pylist(), strict=True)
    blake = hashlib.blake2b
    return [blake(f"{user}\x1f{kind}\x1f{time}".encode(), digest_size=16).hexdigest() for user, kind, time in rows]


def _same_as_before(column: Any) -> Any:
    column = column.combine_chunks()
    here, before = column.slice(1), column.slice(0, len(column) - 1)
    both_null = pc.and_(here.is_null(), before.is_null())
    return pc.or_(pc.fill_null(pc.equal(here, before), False), both_null).to_numpy(zero_copy_only=False)


def _digest(flat: pa.Table, fields: dict[str, FieldKind]) -> str:
    digest = hashlib.sha256()
    for name in ("event_id", *sorted(fields)):
        digest.update(f"\x1e{name}\x1e".encode())
        values = pc.fill_null(flat[name].cast(pa.string()), "\x00")
        digest.update("\x1f".join(values.to_pylist()).encode())
    return digest.hexdigest()[:16]


def _counts(column: Any) -> list[tuple[str, int]]:
    return [(str(pair["values"]), int(pair["counts"])) for pair in column.value_counts().to_pylist()]
