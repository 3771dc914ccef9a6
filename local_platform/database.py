"""The one SQLite file: what its transactions commit is what the platform shows.

Write-ahead logging keeps readers and the single writer out of each other's way, and a process that is killed leaves
either the whole transaction or nothing of it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS datasets (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, table_name TEXT NOT NULL UNIQUE COLLATE NOCASE, arrow_schema BLOB NOT NULL,
  schema_ref TEXT, owner TEXT NOT NULL, created_by TEXT NOT NULL, tags TEXT NOT NULL, description TEXT NOT NULL,
  properties TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, view_id TEXT NOT NULL,
  version INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS datasets_by_name ON datasets (name);
CREATE TABLE IF NOT EXISTS batches (
  id TEXT PRIMARY KEY, dataset_id TEXT NOT NULL, status TEXT NOT NULL, external_id TEXT NOT NULL, tags TEXT NOT NULL,
  input_format TEXT NOT NULL, replaces TEXT NOT NULL, properties TEXT NOT NULL, created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL, started_ms INTEGER, completed_ms INTEGER, metrics TEXT NOT NULL, errors TEXT NOT NULL,
  version INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS batches_by_dataset ON batches (dataset_id, created_ms);
CREATE INDEX IF NOT EXISTS batches_by_external_id ON batches (external_id);
CREATE TABLE IF NOT EXISTS snapshots (
  dataset_id TEXT NOT NULL, generation INTEGER NOT NULL, id INTEGER NOT NULL UNIQUE, parent_id INTEGER,
  made_current_ms INTEGER NOT NULL, batch_id TEXT NOT NULL, output_record_count INTEGER NOT NULL,
  output_byte_size INTEGER NOT NULL, PRIMARY KEY (dataset_id, generation));
CREATE TABLE IF NOT EXISTS files (
  number INTEGER PRIMARY KEY, dataset_id TEXT NOT NULL, batch_id TEXT NOT NULL, name TEXT NOT NULL,
  records INTEGER NOT NULL, bytes INTEGER NOT NULL, added_generation INTEGER NOT NULL, removed_generation INTEGER,
  created_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS files_by_dataset ON files (dataset_id, added_generation);
CREATE INDEX IF NOT EXISTS files_by_batch ON files (batch_id);
CREATE TABLE IF NOT EXISTS views (
  name TEXT PRIMARY KEY COLLATE NOCASE, sql TEXT NOT NULL, owner TEXT NOT NULL, created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
  collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, etag TEXT NOT NULL, created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (collection, id));
CREATE INDEX IF NOT EXISTS documents_in_order ON documents (collection, sequence);
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class _Handle:
    """A thread's connection; closed when the thread ends, since only its thread-local storage holds on to it."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        # NORMAL survives a killed process; only a power cut can lose the newest transactions, whole.
        self.connection.execute("PRAGMA synchronous = NORMAL")

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):
            self.connection.close()


class Database:
    """SQLite in WAL mode for many threads: a connection for each living thread, one writer at a time.

    Args:
        path: the file; made when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        self._writer = threading.RLock()
        self._handles: weakref.WeakSet[_Handle] = weakref.WeakSet()
        connection = self._connection()
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_TABLES)

    def _connection(self) -> sqlite3.Connection:
        handle: _Handle | None = getattr(self._local, "handle", None)
        if handle is None:
            handle = self._local.handle = _Handle(self.path)
            with self._writer:
                self._handles.add(handle)
        return handle.connection

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """Rows of a SELECT; inside `write()` of the same thread it sees what that transaction wrote."""
        return self._connection().execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: tuple[Any, ...] = ()) -> sqlite3.Row | None:
        """First row of a SELECT, or None."""
        found: sqlite3.Row | None = self._connection().execute(sql, parameters).fetchone()
        return found

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction. Nested use in the same thread joins the outer one; an exception undoes all of it."""
        with self._writer:
            connection = self._connection()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def setting(self, key: str) -> str | None:
        """Value of a platform-wide setting, or None."""
        row = self.row("SELECT value FROM settings WHERE key = ?", (key,))
        return None if row is None else str(row["value"])

    def set_setting(self, key: str, value: str) -> None:
        """Store a platform-wide setting."""
        with self.write() as connection:
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, value))

    def close(self) -> None:
        """Close the connections of all threads; for orderly shutdown and tests."""
        with self._writer:
            for handle in list(self._handles):
                handle.connection.close()
            self._handles.clear()
        self._local = threading.local()
