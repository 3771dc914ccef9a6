"""Datasets of the lake: create, find, change, drop."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from local_platform.lake.errors import DatasetNotFound, IncompatibleSchema, TableExists
from local_platform.lake.names import free_name, table_name_for
from local_platform.lake.part import Part, encode
from local_platform.lake.records import CreatedBy, Dataset, Json, dataset_of, dump_schema, new_dataset_id

# A query that started before a table was dropped may still be opening its files.
_GRACE_SECONDS = 600.0
_ENCODED = {"tags": encode, "properties": encode, "schema": dump_schema}
_COLUMNS = {"schema": "arrow_schema"}
_CHANGEABLE = frozenset({"name", "schema", "schema_ref", "owner", "tags", "description", "properties"})


class Datasets(Part):
    """Datasets by id and by table name."""

    _doomed: list[tuple[float, Path]]
    _doomed_lock: threading.Lock

    def create_dataset(
        self,
        name: str,
        schema: pa.Schema,
        *,
        owner: str,
        created_by: CreatedBy,
        schema_ref: str | None = None,
        tags: dict[str, list[str]] | None = None,
        description: str = "",
        properties: Json | None = None,
        suffix_on_clash: bool = False,
    ) -> Dataset:
        """Make an empty dataset.

        Args:
            suffix_on_clash: give the table a number instead of refusing (Catalog allows a name twice, SQL does not).

        Raises:
            TableExists: a table or view of the derived name exists.
        """
        wanted = table_name_for(name)
        with self.database.write() as connection:
            if suffix_on_clash:
                table_name = free_name(wanted, self.name_is_taken)
            elif self.name_is_taken(wanted):
                raise TableExists(wanted)
            else:
                table_name = wanted
            now = self.clock.now_ms()
            made = Dataset(
                id=new_dataset_id(),
                name=name,
                table_name=table_name,
                schema=schema,
                schema_ref=schema_ref,
                owner=owner,
                created_by=created_by,
                tags={**(tags or {}), "adobe/pqs/table": [table_name]},
                description=description,
                created_ms=now,
                updated_ms=now,
                view_id=new_dataset_id(),
                properties=properties or {},
            )
            _insert(connection, made)
        return made

    def name_is_taken(self, table_name: str) -> bool:
        """Whether a table or a view has this name."""
        sql = "SELECT 1 FROM datasets WHERE table_name = ?1 UNION ALL SELECT 1 FROM views WHERE name = ?1"
        return self.database.row(sql, (table_name,)) is not None

    def dataset(self, id: str) -> Dataset:
        """The dataset with this id.

        Raises:
            DatasetNotFound
        """
        row = self.database.row("SELECT * FROM datasets WHERE id = ?", (id,))
        if row is None:
            raise DatasetNotFound(id)
        return dataset_of(row)

    def dataset_by_table(self, name: str) -> Dataset:
        """The dataset with this table name, in any case.

        Raises:
            DatasetNotFound
        """
        row = self.database.row("SELECT * FROM datasets WHERE table_name = ?", (name,))
        if row is None:
            raise DatasetNotFound(name)
        return dataset_of(row)

    def datasets(self) -> list[Dataset]:
        """All datasets, oldest first."""
        return [dataset_of(row) for row in self.database.rows("SELECT * FROM datasets ORDER BY created_ms, id")]

    def update_dataset(self, id: str, **changes: Any) -> Dataset:
        """Change name, schema, schema_ref, owner, tags, description or properties; the table name stays.

        Raises:
            DatasetNotFound
        """
        unknown = changes.keys() - _CHANGEABLE
        if unknown:
            raise TypeError(f"A dataset has no changeable {sorted(unknown)}; changeable are {sorted(_CHANGEABLE)}.")
        names = [f"{_COLUMNS.get(key, key)} = ?" for key in changes]
        values = [_ENCODED[key](value) if key in _ENCODED else value for key, value in changes.items()]
        assignments = ", ".join([*names, "updated_ms = ?", "version = version + 1"])
        with self.database.write() as connection:
            sql = f"UPDATE datasets SET {assignments} WHERE id = ?"
            if connection.execute(sql, (*values, self.clock.now_ms(), id)).rowcount == 0:
                raise DatasetNotFound(id)
            return self.dataset(id)

    def add_columns(self, id: str, fields: Sequence[pa.Field]) -> Dataset:
        """Add nullable columns at the right; files written before read as null there.

        Raises:
            DatasetNotFound
            IncompatibleSchema: a column of that name exists (names are compared without case).
        """
        with self.database.write():
            dataset = self.dataset(id)
            known = {name.lower() for name in dataset.schema.names}
            for field in fields:
                if field.name.lower() in known:
                    raise IncompatibleSchema(f"Column {field.name!r} already exists in {dataset.table_name!r}.")
                known.add(field.name.lower())
            return self.update_dataset(id, schema=pa.schema([*dataset.schema, *fields]))

    def delete_dataset(self, id: str) -> None:
        """Drop a dataset, its batches, snapshots and files; its id never comes back.

        Raises:
            DatasetNotFound
        """
        with self.database.write() as connection:
            self.dataset(id)
            for table in ("files", "snapshots", "batches"):
                connection.execute(f"DELETE FROM {table} WHERE dataset_id = ?", (id,))
            connection.execute("DELETE FROM datasets WHERE id = ?", (id,))
        self._doom(self.root / id)

    def _doom(self, directory: Path) -> None:
        """Remove a directory once queries that were under way are done with it; earlier ones go now."""
        now = time.monotonic()
        with self._doomed_lock:
            due = [path for since, path in self._doomed if now - since > _GRACE_SECONDS]
            self._doomed[:] = [entry for entry in self._doomed if now - entry[0] <= _GRACE_SECONDS]
            self._doomed.append((now, directory))
        for path in due:
            shutil.rmtree(path, ignore_errors=True)


def _insert(connection: sqlite3.Connection, dataset: Dataset) -> None:
    connection.execute(
        "INSERT INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            dataset.id,
            dataset.name,
            dataset.table_name,
            dump_schema(dataset.schema),
            dataset.schema_ref,
            dataset.owner,
            dataset.created_by,
            encode(dataset.tags),
            dataset.description,
            encode(dataset.properties),
            dataset.created_ms,
            dataset.updated_ms,
            dataset.view_id,
            dataset.version,
        ),
    )
