"""The query log: one row a statement, in a SQLite file anyone may read."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import astuple, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """What one statement did.

    Attributes:
        at: ISO time of the platform.
        kind: `SELECT`, `CREATE TABLE AS`, ...
        tables: names read, one for each reference, separated by commas.
        files: Parquet files read, each reference counted.
        batches: batches those files belong to.
        bytes_read: bytes the engine read from them.
        rows_scanned: rows of every row group the engine opened, each reference counted.
        rows: returned or written.
        error: SQLSTATE, empty for success.
    """

    at: str
    session: str
    kind: str
    statement: str
    tables: str
    files: int
    batches: int
    bytes_read: int
    rows_scanned: int
    rows: int
    seconds: float
    error: str


_COLUMNS = ", ".join(field.name for field in fields(Entry))
_MARKS = ", ".join("?" * len(fields(Entry)))


class QueryLog:
    """Written by every session, through one connection.

    Args:
        path: the SQLite file; made when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS queries ({_COLUMNS})")

    def write(self, entry: Entry) -> None:
        """Add a row."""
        with self._lock:
            self._connection.execute(f"INSERT INTO queries ({_COLUMNS}) VALUES ({_MARKS})", astuple(entry))

    def entries(self) -> list[Entry]:
        """All rows, oldest first."""
        with self._lock:
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM queries ORDER BY rowid").fetchall()
        return [Entry(*row) for row in rows]

    def close(self) -> None:
        with self._lock:
            self._connection.close()
