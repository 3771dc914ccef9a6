"""Commits: the moment a batch becomes visible, leaves, or is replaced; and what each snapshot shows."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local_platform.lake.batches import Batches
from local_platform.lake.errors import IncompatibleSchema, SnapshotNotFound, WrongBatchState
from local_platform.lake.records import (
    OPEN_STATES,
    VISIBLE_STATES,
    Batch,
    CreatedBy,
    DataFile,
    Dataset,
    Json,
    Snapshot,
    file_of,
    new_snapshot_id,
    snapshot_of,
)


@dataclass(frozen=True)
class _Taken:
    """A file that already lies in its final place but is not yet in the catalog."""

    path: Path
    records: int
    bytes: int


class Commits(Batches):
    """Snapshots and files of datasets."""

    def commit_batch(
        self,
        batch_id: str,
        parquet_files: Sequence[Path],
        *,
        metrics: Json | None = None,
        errors: list[Json] | None = None,
    ) -> Snapshot:
        """Move the files into the lake, then make them visible, and their predecessors invisible, in one transaction.

        Args:
            parquet_files: taken away from where they are; their columns must be columns of the dataset.
            metrics: merged over the counts the lake makes itself.
            errors: what was refused of the input, for the batch record.

        Raises:
            BatchNotFound
            WrongBatchState: the batch is finished already.
            IncompatibleSchema: a file has a column the dataset has not.
        """
        batch = self.batch(batch_id)
        dataset = self.dataset(batch.dataset_id)
        taken = self._take_in(dataset, batch_id, parquet_files)
        try:
            with self.database.write():
                current = self.batch(batch_id)
                if current.status not in OPEN_STATES:
                    raise WrongBatchState(batch_id, current.status, "a commit")
                snapshot = self._make_visible(current, taken, metrics or {}, errors or [])
        except BaseException:
            _remove(taken)
            raise
        shutil.rmtree(self.staging_root / batch_id, ignore_errors=True)
        return snapshot

    def append(
        self, dataset_id: str, parquet_files: Sequence[Path], *, tags: dict[str, list[str]] | None = None
    ) -> Snapshot:
        """Open and commit a batch in one transaction; even without rows it makes one snapshot.

        Raises:
            DatasetNotFound
            IncompatibleSchema
        """
        taken: list[_Taken] = []
        try:
            with self.database.write():
                batch = self.open_batch(dataset_id, tags=tags)
                taken = self._take_in(self.dataset(dataset_id), batch.id, parquet_files)
                return self._make_visible(batch, taken, {}, [])
        except BaseException:
            _remove(taken)
            raise

    def create_table_with_data(
        self,
        name: str,
        schema: pa.Schema,
        parquet_files: Sequence[Path],
        *,
        owner: str,
        created_by: CreatedBy = "query_service",
        schema_ref: str | None = None,
        tags: dict[str, list[str]] | None = None,
        description: str = "",
        properties: Json | None = None,
    ) -> Dataset:
        """A dataset and its first batch in one transaction: both exist or neither. Without files there is no snapshot.

        Raises:
            TableExists
            IncompatibleSchema
        """
        with self.database.write():
            dataset = self.create_dataset(
                name,
                schema,
                owner=owner,
                created_by=created_by,
                schema_ref=schema_ref,
                tags=tags,
                description=description,
                properties=properties,
            )
            if parquet_files:
                self.append(dataset.id, parquet_files)
            return dataset

    def revert_batch(self, id: str) -> Snapshot:
        """Take a committed batch out of the lake: a new snapshot that adds nothing. Older snapshots still show it.

        Raises:
            BatchNotFound
            WrongBatchState: it is not visible.
        """
        with self.database.write() as connection:
            batch = self.batch(id)
            if batch.status not in VISIBLE_STATES:
                raise WrongBatchState(id, batch.status, "a revert")
            snapshot = self._next_snapshot(connection, batch, records=0, size=0)
            self._make_invisible(connection, [id], batch.dataset_id, snapshot.generation)
        return snapshot

    def snapshots(self, dataset_id: str) -> list[Snapshot]:
        """Snapshots of a dataset by generation; empty for a dataset never written to."""
        sql = "SELECT * FROM snapshots WHERE dataset_id = ? ORDER BY generation"
        return [snapshot_of(row) for row in self.database.rows(sql, (dataset_id,))]

    def files(self, dataset_id: str, *, after: int | None = None, up_to: int | None = None) -> list[Path]:
        """Paths of the Parquet files a read sees, oldest first.

        Args:
            after: snapshot id; only files added after it. None: from the beginning.
            up_to: snapshot id; the dataset as it was at it (what was reverted later is still there). None: now.

        Raises:
            SnapshotNotFound
        """
        return [file.path for file in self.data_files(dataset_id, after=after, up_to=up_to)]

    def data_files(self, dataset_id: str, *, after: int | None = None, up_to: int | None = None) -> list[DataFile]:
        """Like `files`, with counts and sizes."""
        newer = -1 if after is None else self._generation(dataset_id, after)
        upper = 2**62 if up_to is None else self._generation(dataset_id, up_to)
        sql = (
            "SELECT * FROM files WHERE dataset_id = ?1 AND added_generation > ?2 AND added_generation <= ?3 "
            "AND (removed_generation IS NULL OR removed_generation > ?3) ORDER BY number"
        )
        return [file_of(row, self.root) for row in self.database.rows(sql, (dataset_id, newer, upper))]

    def batch_files(self, batch_id: str) -> list[DataFile]:
        """Files a batch committed, whether or not they are still visible."""
        rows = self.database.rows("SELECT * FROM files WHERE batch_id = ? ORDER BY number", (batch_id,))
        return [file_of(row, self.root) for row in rows]

    def record_count(self, dataset_id: str) -> tuple[int, int]:
        """Rows and bytes a dataset shows now."""
        sql = (
            "SELECT coalesce(sum(records), 0), coalesce(sum(bytes), 0) FROM files "
            "WHERE dataset_id = ? AND removed_generation IS NULL"
        )
        row = self.database.row(sql, (dataset_id,))
        return (int(row[0]), int(row[1])) if row is not None else (0, 0)

    def _generation(self, dataset_id: str, snapshot_id: int) -> int:
        sql = "SELECT generation FROM snapshots WHERE dataset_id = ? AND id = ?"
        row = self.database.row(sql, (dataset_id, snapshot_id))
        if row is None:
            raise SnapshotNotFound(self.dataset(dataset_id).table_name, snapshot_id)
        return int(row["generation"])

    def _take_in(self, dataset: Dataset, batch_id: str, files: Sequence[Path]) -> list[_Taken]:
        """Move files to their final place, where nobody looks until the catalog names them."""
        directory = self.root / dataset.id / batch_id
        directory.mkdir(parents=True, exist_ok=True)
        taken: list[_Taken] = []
        try:
            for number, file in enumerate(files):
                metadata = pq.ParquetFile(file)
                _check_columns(dataset, file, metadata.schema_arrow)
                target = directory / f"part-{number:05d}-{secrets.token_hex(8)}.c000.snappy.parquet"
                rows, size = metadata.metadata.num_rows, file.stat().st_size
                metadata.close()
                shutil.move(file, target)
                taken.append(_Taken(target, rows, size))
        except BaseException:
            _remove(taken)
            raise
        return taken

    def _make_visible(self, batch: Batch, taken: list[_Taken], metrics: Json, errors: list[Json]) -> Snapshot:
        records, size = sum(file.records for file in taken), sum(file.bytes for file in taken)
        now = self.clock.now_ms()
        with self.database.write() as connection:
            snapshot = self._next_snapshot(connection, batch, records=records, size=size)
            for file in taken:
                connection.execute(
                    "INSERT INTO files (dataset_id, batch_id, name, records, bytes, added_generation, created_ms) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (batch.dataset_id, batch.id, file.path.name, file.records, file.bytes, snapshot.generation, now),
                )
            self._make_invisible(connection, batch.replaces, batch.dataset_id, snapshot.generation)
            started = batch.started_ms or now
            counts: Json = {
                "inputRecordCount": records,
                "inputByteSize": size,
                "inputFileCount": len(taken),
                "outputRecordCount": records,
                "outputByteSize": size,
                "outputFileCount": len(taken),
                "failedRecordCount": 0,
                "partitionCount": len(taken),
                "startTime": started,
                "endTime": now,
            }
            self.set_batch_status(
                batch.id,
                "success",
                started_ms=started,
                completed_ms=now,
                metrics={**counts, **metrics},
                errors=errors,
            )
        return snapshot

    def _next_snapshot(self, connection: sqlite3.Connection, batch: Batch, *, records: int, size: int) -> Snapshot:
        sql = "SELECT * FROM snapshots WHERE dataset_id = ? ORDER BY generation DESC LIMIT 1"
        row = self.database.row(sql, (batch.dataset_id,))
        parent = None if row is None else snapshot_of(row)
        made = Snapshot(
            dataset_id=batch.dataset_id,
            generation=0 if parent is None else parent.generation + 1,
            id=new_snapshot_id(),
            parent_id=None if parent is None else parent.id,
            # Two snapshots never share a time, so that ordering by made_current_at equals ordering by generation.
            made_current_ms=max(self.clock.now_ms(), 0 if parent is None else parent.made_current_ms + 1),
            batch_id=batch.id,
            output_record_count=records,
            output_byte_size=size,
        )
        connection.execute("INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?)", tuple(made.__dict__.values()))
        return made

    def _make_invisible(
        self, connection: sqlite3.Connection, batch_ids: Sequence[str], dataset_id: str, generation: int
    ) -> None:
        for id in batch_ids:
            connection.execute(
                "UPDATE files SET removed_generation = ? "
                "WHERE batch_id = ? AND dataset_id = ? AND removed_generation IS NULL",
                (generation, id, dataset_id),
            )
            connection.execute(
                "UPDATE batches SET status = 'inactive', updated_ms = ?, version = version + 1 "
                "WHERE id = ? AND dataset_id = ? AND status IN ('success', 'active')",
                (self.clock.now_ms(), id, dataset_id),
            )


def _check_columns(dataset: Dataset, file: Path, found: pa.Schema) -> None:
    known = {name.lower() for name in dataset.schema.names}
    unknown = [name for name in found.names if name.lower() not in known]
    if unknown:
        raise IncompatibleSchema(
            f"{file.name} has the columns {unknown}, which {dataset.table_name!r} does not have; add them first."
        )


def _remove(taken: Sequence[_Taken]) -> None:
    for file in taken:
        file.path.unlink(missing_ok=True)
    for directory in {file.path.parent for file in taken}:
        if directory.exists() and not os.listdir(directory):
            directory.rmdir()
