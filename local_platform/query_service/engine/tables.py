"""What a session sees of the lake: tables, views, its own temporary tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from local_platform.lake import DataFile, Dataset, DatasetNotFound, Lake, ViewNotFound
from local_platform.lake import Snapshot as LakeSnapshot
from local_platform.query_service.compiler.scope import Query, Snapshots
from local_platform.query_service.engine.samplemeta import SAMPLE_TAG, sample_rows
from local_platform.query_service.engine.scan import Scan, flattened, scan, with_system_columns
from local_platform.query_service.errors import QueryError, analysis_error, table_not_found
from local_platform.query_service.sql.types import BIGINT, BOOLEAN, INT, TIMESTAMP, Type

if TYPE_CHECKING:
    from local_platform.clock import Clock
    from local_platform.query_service.engine.groups import Groups

_HISTORY: list[tuple[str, Type]] = [
    ("snapshot_generation", INT),
    ("made_current_at", TIMESTAMP),
    ("snapshot_id", BIGINT),
    ("parent_id", BIGINT),
    ("is_current_ancestor", BOOLEAN),
    ("is_current", BOOLEAN),
    ("output_record_count", INT),
    ("output_byte_size", INT),
]


@dataclass
class TempTable:
    """A session's own table: Parquet files in the session's directory."""

    schema: pa.Schema
    files: list[Path] = field(default_factory=list)


class LakeCatalog:
    """The compiler's catalog for one session.

    Args:
        only: names of the tables and views a dbname shows, in lower case; None for all.
        flatten: every leaf of a struct is a column named by its dotted path.
        system_columns: the hidden columns are shown at the right.
        temporary: the session's tables by lower-case name.
        groups: the data groups, for names of several parts.
        fallback: resolve_fallback_snapshot_on_failure.
        snapshot_seconds: age at which a snapshot's id is forgotten.
    """

    def __init__(
        self,
        lake: Lake,
        clock: Clock,
        *,
        temporary: dict[str, TempTable],
        groups: Groups,
        only: set[str] | None = None,
        flatten: bool = False,
        system_columns: bool = False,
        fallback: bool = False,
        snapshot_seconds: float = 172_800.0,
    ) -> None:
        self.lake = lake
        self.clock = clock
        self.temporary = temporary
        self.groups = groups
        self.only = only
        self.flatten = flatten
        self.system_columns = system_columns
        self.approximate = False
        self.fallback = fallback
        self.snapshot_seconds = snapshot_seconds
        self.references: list[tuple[str, Scan]] = []

    def table(self, parts: tuple[str, ...], snapshots: Snapshots | None) -> Scan:
        """The files of a table, all or those of a range of snapshots.

        Raises:
            QueryError: 42P01.
        """
        name = self.name_of(parts)
        kept = self.temporary.get(name.lower())
        if kept is not None:
            if snapshots is not None:
                raise analysis_error(f"Temporary table {name} has no snapshots.")
            made = scan(kept.schema, kept.files)
        else:
            made = self._lake_table(name, snapshots)
        if self.flatten:
            made = flattened(made)
        self.references.append((name.lower(), made))
        return made

    def _lake_table(self, name: str, snapshots: Snapshots | None) -> Scan:
        dataset = self.dataset(name)
        if self.approximate:
            dataset = self._sample(dataset)
        if snapshots is None:
            return self._scan(dataset, self.lake.data_files(dataset.id))
        history = self.lake.snapshots(dataset.id)
        nothing, after = self._start(dataset, history, snapshots)
        up_to = self._end(dataset, history, snapshots)
        files = [] if nothing or not history else self.lake.data_files(dataset.id, after=after, up_to=up_to)
        return self._scan(dataset, files)

    def _scan(self, dataset: Dataset, files: Sequence[DataFile]) -> Scan:
        if self.system_columns:
            return with_system_columns(dataset.schema, files)
        return scan(dataset.schema, [file.path for file in files])

    def _sample(self, dataset: Dataset) -> Dataset:
        """The newest sample of a table, for WITHAPPROXIMATE."""
        samples = [each for each in self.lake.datasets() if each.tags.get(SAMPLE_TAG) == [dataset.id]]
        if not samples:
            raise analysis_error(
                f"Table {dataset.table_name} has no sample; make one with ANALYZE TABLE ... TABLESAMPLE SAMPLERATE."
            )
        return samples[-1]

    def _start(
        self, dataset: Dataset, history: Sequence[LakeSnapshot], snapshots: Snapshots
    ) -> tuple[bool, int | None]:
        """(nothing to read, snapshot id after which to read)."""
        start = snapshots.start
        if start is None or start == "HEAD":
            return False, None
        if start == "TAIL":
            return True, None
        known = {snapshot.id: snapshot for snapshot in history}
        found = known.get(int(start))
        if found is None or self.is_expired(found, history):
            if not self.fallback:
                raise self._unknown(dataset, start, expired=found is not None)
            earliest = next(snapshot for snapshot in history if not self.is_expired(snapshot, history))
            return False, earliest.parent_id
        return False, found.id

    def _end(self, dataset: Dataset, history: Sequence[LakeSnapshot], snapshots: Snapshots) -> int | None:
        end = snapshots.end
        if end is None or end == "TAIL":
            return None
        if end == "HEAD":
            raise analysis_error("'HEAD' is the start of a range, not its end.")
        known = {snapshot.id: snapshot for snapshot in history}
        found = known.get(int(end))
        if found is None or self.is_expired(found, history):
            raise self._unknown(dataset, end, expired=found is not None)
        return found.id

    def _unknown(self, dataset: Dataset, id: int | str, *, expired: bool) -> QueryError:
        reason = "has expired" if expired else "does not exist"
        return analysis_error(
            f"Snapshot {id} of table {dataset.table_name} {reason}; history_meta('{dataset.table_name}') lists what is "
            "there, SET resolve_fallback_snapshot_on_failure=true starts at the earliest one."
        )

    def is_expired(self, snapshot: LakeSnapshot, history: Sequence[LakeSnapshot]) -> bool:
        """Whether a snapshot's metadata is forgotten; the current one always stays."""
        age = self.clock.now_ms() - snapshot.made_current_ms
        return snapshot.id != history[-1].id and age > self.snapshot_seconds * 1000

    def name_of(self, parts: tuple[str, ...]) -> str:
        """A table's own name; what stands in front must be a data group that has it.

        Raises:
            QueryError: 42P01.
        """
        if len(parts) > 1 and not self.groups.holds(parts):
            raise table_not_found(".".join(parts))
        return parts[-1]

    def dataset(self, name: str) -> Dataset:
        """The dataset of a table name.

        Raises:
            QueryError: 42P01.
        """
        if self.only is not None and name.lower() not in self.only:
            raise table_not_found(name)
        try:
            return self.lake.dataset_by_table(name)
        except DatasetNotFound:
            raise table_not_found(name) from None

    def view(self, parts: tuple[str, ...]) -> str | None:
        """A view's SQL; a temporary table of the same name hides it."""
        name = self.name_of(parts)
        if name.lower() in self.temporary or (self.only is not None and name.lower() not in self.only):
            return None
        try:
            return self.lake.view(name).sql
        except ViewNotFound:
            return None

    def table_exists(self, name: str) -> bool:
        """Whether a table, view or temporary table has this name."""
        return name.lower() in self.temporary or self.lake.name_is_taken(name)

    def meta(self, function: str, table: str) -> Query:
        """Rows of history_meta or sample_meta.

        Raises:
            QueryError: 42P01; 58000 for what is not on the lake.
        """
        if function == "sample_meta":
            return sample_rows(self.lake, self.dataset(self.name_of(tuple(table.split(".")))))
        name = self.name_of(tuple(table.split(".")))
        if self.view((name,)) is not None or name.lower() in self.temporary:
            raise analysis_error(f"Invalid table {name}. historyMeta can be used on datalake tables only.")
        history = self.lake.snapshots(self.dataset(name).id)
        rows = [
            f"({snapshot.generation}, make_timestamp({snapshot.made_current_ms * 1000}), {snapshot.id}, "
            f"{'NULL' if snapshot.parent_id is None else snapshot.parent_id}, true, "
            f"{str(snapshot.id == history[-1].id).lower()}, "
            f"{snapshot.output_record_count}, {snapshot.output_byte_size})"
            for snapshot in history
            if not self.is_expired(snapshot, history)
        ]
        casts = ", ".join(f"CAST(v.x{place} AS {type.duck}) AS c{place}" for place, (_, type) in enumerate(_HISTORY))
        names = ", ".join(f"x{place}" for place in range(len(_HISTORY)))
        values = ", ".join(rows) or f"({', '.join(['NULL'] * len(_HISTORY))})"
        where = "" if rows else " WHERE false"
        return Query(f"SELECT {casts} FROM (VALUES {values}) AS v({names}){where}", list(_HISTORY))
