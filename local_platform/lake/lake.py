"""The lake as one object.

    data_dir/catalog.sqlite                    what is visible, and all records
    data_dir/lake/{dataset}/{batch}/*.parquet  immutable files
    data_dir/staging/{batch}/                  uploads of batches that are not committed
    data_dir/tmp/                              scratch files of queries; emptied at start

A file becomes visible only when a transaction names it, so a process killed at any moment leaves a batch visible or
not. Files that no transaction named are collected at the next start.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_platform.clock import Clock
from local_platform.database import Database
from local_platform.lake.commits import Commits
from local_platform.lake.errors import TableExists, ViewNotFound
from local_platform.lake.records import OPEN_STATES, View

# Snapshot metadata expires after two days in Query Service; what was removed earlier can no longer be asked for.
RETENTION_MS = 2 * 24 * 3600 * 1000


class Lake(Commits):
    """Datasets, batches, snapshots, files and views. Safe for many threads of one process.

    Args:
        data_dir: the platform's directory. Only one process may use it at a time.
        clock: stamps every record.
        database: the catalog; opened in `data_dir` when not given.
    """

    def __init__(self, data_dir: Path, clock: Clock, database: Database | None = None) -> None:
        super().__init__(data_dir, clock, database)
        self._doomed: list[tuple[float, Path]] = []
        self._doomed_lock = threading.Lock()
        self.collect()

    def collect(self) -> int:
        """Remove what no record names any more: orphaned files, finished uploads, scratch files. Run once, at start.

        Returns:
            How many data files were removed.
        """
        shutil.rmtree(self.scratch_root, ignore_errors=True)
        self.scratch_root.mkdir(parents=True)
        self._forget_expired()
        named = {
            (row["dataset_id"], row["batch_id"], row["name"])
            for row in self.database.rows("SELECT dataset_id, batch_id, name FROM files")
        }
        removed = 0
        for file in self.root.glob("*/*/*"):
            if (file.parts[-3], file.parts[-2], file.name) not in named:
                file.unlink()
                removed += 1
        _remove_empty(self.root)
        self._collect_staging()
        return removed

    def _forget_expired(self) -> None:
        limit = self.clock.now_ms() - RETENTION_MS
        gone = (
            "SELECT f.number, f.batch_id FROM files f JOIN snapshots s "
            "ON s.dataset_id = f.dataset_id AND s.generation = f.removed_generation WHERE s.made_current_ms < ?"
        )
        with self.database.write() as connection:
            for row in self.database.rows(gone, (limit,)):
                connection.execute("DELETE FROM files WHERE number = ?", (row["number"],))
                connection.execute("UPDATE batches SET status = 'deleted' WHERE id = ?", (row["batch_id"],))

    def _collect_staging(self) -> None:
        still_open = {
            row["id"] for row in self.database.rows("SELECT id, status FROM batches") if row["status"] in OPEN_STATES
        }
        for directory in self.staging_root.iterdir():
            if directory.name not in still_open:
                shutil.rmtree(directory, ignore_errors=True)

    @contextmanager
    def scratch_dir(self) -> Iterator[Path]:
        """A directory on the lake's own disk (so that commits only rename), gone afterwards."""
        directory = Path(tempfile.mkdtemp(dir=self.scratch_root))
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def create_view(self, name: str, sql: str, owner: str, *, replace: bool = False) -> View:
        """Store a named query.

        Raises:
            TableExists: the name belongs to a table, or to a view and `replace` is false.
        """
        now = self.clock.now_ms()
        with self.database.write() as connection:
            stored = self.database.row("SELECT created_ms FROM views WHERE name = ?", (name,))
            if self.name_is_taken(name) and not (replace and stored):
                raise TableExists(name)
            made = View(name.lower(), sql, owner, int(stored["created_ms"]) if stored else now, now)
            connection.execute("INSERT OR REPLACE INTO views VALUES (?, ?, ?, ?, ?)", tuple(made.__dict__.values()))
        return made

    def view(self, name: str) -> View:
        """The view of this name, in any case.

        Raises:
            ViewNotFound
        """
        row = self.database.row("SELECT * FROM views WHERE name = ?", (name,))
        if row is None:
            raise ViewNotFound(name)
        return View(*row)

    def views(self) -> list[View]:
        """All views by name."""
        return [View(*row) for row in self.database.rows("SELECT * FROM views ORDER BY name")]

    def drop_view(self, name: str) -> None:
        """Remove a view.

        Raises:
            ViewNotFound
        """
        with self.database.write() as connection:
            if connection.execute("DELETE FROM views WHERE name = ?", (name,)).rowcount == 0:
                raise ViewNotFound(name)


def _remove_empty(root: Path) -> None:
    for directory in [*root.glob("*/*"), *root.glob("*")]:
        if directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
