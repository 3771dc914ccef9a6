"""Batches before they are committed: opened, staged, given up."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from local_platform.lake.datasets import Datasets
from local_platform.lake.errors import BatchNotFound, WrongBatchState
from local_platform.lake.part import encode
from local_platform.lake.records import OPEN_STATES, Batch, Json, batch_of, new_batch_id

_ENCODED = frozenset({"metrics", "errors", "tags", "properties"})
_CHANGEABLE = frozenset({"started_ms", "completed_ms", "metrics", "errors", "tags", "properties"})
_FILTERS = {
    "id": "id = ?",
    "dataset_id": "dataset_id = ?",
    "status": "status = ?",
    "external_id": "external_id = ?",
    "created_after": "created_ms > ?",
    "created_before": "created_ms < ?",
}


class Batches(Datasets):
    """Batches by id, external id, dataset and state."""

    def open_batch(
        self,
        dataset_id: str,
        *,
        external_id: str | None = None,
        input_format: str | Json = "parquet",
        replaces: Iterable[str] = (),
        tags: dict[str, list[str]] | None = None,
        properties: Json | None = None,
    ) -> Batch:
        """Make a batch in state `loading`; its external id defaults to its id.

        Raises:
            DatasetNotFound
        """
        with self.database.write() as connection:
            self.dataset(dataset_id)
            now = self.clock.now_ms()
            id = new_batch_id(now)
            made = Batch(
                id=id,
                dataset_id=dataset_id,
                status="loading",
                external_id=external_id or id,
                tags=tags or {},
                input_format={"format": input_format} if isinstance(input_format, str) else input_format,
                replaces=tuple(replaces),
                created_ms=now,
                updated_ms=now,
                started_ms=None,
                completed_ms=None,
                metrics={},
                errors=[],
                properties=properties or {},
            )
            _insert(connection, made)
        return made

    def batch(self, id: str) -> Batch:
        """The batch with this id.

        Raises:
            BatchNotFound
        """
        row = self.database.row("SELECT * FROM batches WHERE id = ?", (id,))
        if row is None:
            raise BatchNotFound(id)
        return batch_of(row)

    def batches(self, **filters: Any) -> list[Batch]:
        """Batches, oldest first.

        Args:
            filters: id, dataset_id, status, external_id (a value or a collection of values), created_after,
                created_before (epoch milliseconds, exclusive); None means no filter.
        """
        conditions: list[str] = []
        values: list[Any] = []
        for key, value in filters.items():
            if value is None:
                continue
            if isinstance(value, str | int):
                conditions.append(_FILTERS[key])
                values.append(value)
            else:
                wanted = list(value)
                conditions.append(f"{_FILTERS[key].split()[0]} IN ({', '.join('?' * len(wanted))})")
                values.extend(wanted)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"SELECT * FROM batches {where} ORDER BY created_ms, id"
        return [batch_of(row) for row in self.database.rows(sql, tuple(values))]

    def set_batch_status(
        self, id: str, status: str, *, expected: Collection[str] | None = None, **changes: Any
    ) -> Batch:
        """Move a batch to a state, if it is in one of the expected ones.

        Args:
            changes: started_ms, completed_ms, metrics, errors, tags or properties to set with it.

        Raises:
            BatchNotFound
            WrongBatchState: it was not in an expected state.
        """
        unknown = changes.keys() - _CHANGEABLE
        if unknown:
            raise TypeError(f"A batch has no changeable {sorted(unknown)}; changeable are {sorted(_CHANGEABLE)}.")
        names = "".join(f", {key} = ?" for key in changes)
        values = [encode(value) if key in _ENCODED else value for key, value in changes.items()]
        with self.database.write() as connection:
            current = self.batch(id)
            if expected is not None and current.status not in expected:
                raise WrongBatchState(id, current.status, f"a change to {status}")
            sql = f"UPDATE batches SET status = ?, updated_ms = ?, version = version + 1{names} WHERE id = ?"
            connection.execute(sql, (status, self.clock.now_ms(), *values, id))
            return self.batch(id)

    def fail_batch(self, id: str, errors: list[Json], *, metrics: Json | None = None) -> Batch:
        """Give a batch up because of its data; nothing of it becomes visible.

        Raises:
            BatchNotFound
            WrongBatchState: it is finished already.
        """
        now = self.clock.now_ms()
        changes: Json = {"errors": errors, "completed_ms": now}
        if metrics is not None:
            changes["metrics"] = metrics
        return self.set_batch_status(id, "failed", expected=OPEN_STATES, **changes)

    def abort_batch(self, id: str) -> Batch:
        """Give a batch up because its client says so.

        Raises:
            BatchNotFound
            WrongBatchState: it is finished already.
        """
        batch = self.set_batch_status(id, "aborted", expected=OPEN_STATES, completed_ms=self.clock.now_ms())
        shutil.rmtree(self.staging_root / id, ignore_errors=True)
        return batch

    def staging_dir(self, batch_id: str) -> Path:
        """Directory for the files a client uploads to this batch; made when missing."""
        directory = self.staging_root / batch_id
        directory.mkdir(parents=True, exist_ok=True)
        return directory


def _insert(connection: sqlite3.Connection, batch: Batch) -> None:
    connection.execute(
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            batch.id,
            batch.dataset_id,
            batch.status,
            batch.external_id,
            encode(batch.tags),
            encode(batch.input_format),
            encode(list(batch.replaces)),
            encode(batch.properties),
            batch.created_ms,
            batch.updated_ms,
            batch.started_ms,
            batch.completed_ms,
            encode(batch.metrics),
            encode(batch.errors),
            batch.version,
        ),
    )
