"""DuckDB for Profile: one in-memory instance, a cursor for each call, UTC everywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


class Engine:
    """Runs SQL over the Parquet files of Profile.

    Args:
        spill_dir: where large aggregates spill.
    """

    def __init__(self, spill_dir: Path) -> None:
        self._connection = duckdb.connect(config={"threads": 2, "memory_limit": "1500MB"})
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(f"SET temp_directory = '{_escaped(spill_dir)}'")

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own for one caller; safe in any thread."""
        cursor = self._connection.cursor()
        try:
            cursor.execute("SET TimeZone = 'UTC'")
            yield cursor
        finally:
            cursor.close()

    def copy(self, sql: str, target: Path, parameters: dict[str, object] | None = None) -> int:
        """Write the rows of a query to a Parquet file that appears whole or not at all; returns how many."""
        draft = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.cursor() as cursor:
                written = cursor.execute(
                    f"COPY ({sql}) TO '{_escaped(draft)}' (FORMAT parquet, COMPRESSION zstd)", parameters or {}
                ).fetchone()
            os.replace(draft, target)
        finally:
            draft.unlink(missing_ok=True)
        return int(written[0]) if written else 0

    def close(self) -> None:
        """Release the memory."""
        self._connection.close()


def parquet(files: list[Path]) -> str:
    """SQL of a relation over Parquet files whose columns may differ."""
    names = ", ".join(f"'{_escaped(file)}'" for file in files)
    return f"read_parquet([{names}], union_by_name = true)"


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
