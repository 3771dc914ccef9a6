"""Running compiled SQL: streaming, deadlines, what was read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from local_platform.query_service.engine.errors import translate
from local_platform.query_service.engine.querylog import Entry
from local_platform.query_service.engine.scan import Scan
from local_platform.query_service.engine.session import Session
from local_platform.query_service.errors import QueryError, limit_exceeded


@dataclass
class Running:
    """One statement on the engine. Use as: open, iterate `batches` or `execute`, close."""

    session: Session
    kind: str
    statement: str
    references: list[tuple[str, Scan]]
    seconds_allowed: float
    started: float = field(default_factory=time.perf_counter)
    rows: int = 0
    _connection: Any = None
    _deadline: Any = None
    _turn: bool = False
    _logged: bool = False
    _profile: str = ""

    def open(self) -> Any:
        """Take a turn and a connection."""
        engine = self.session.engine
        engine.turns.acquire()
        self._turn = True
        self._connection = self.session.connection()
        self._connection.execute("PRAGMA enable_profiling='no_output'")
        self._deadline = engine.watchdog.watch(self._connection, self.seconds_allowed, self.session.gone)
        return self._connection

    def batches(self, sql: str, size: int) -> Iterator[pa.RecordBatch]:
        """Rows as they come. The first batch is computed when this is called, so errors show before any row is sent."""
        try:
            reader = self.open().sql(sql).to_arrow_reader(size)
            first = next(reader, None)
        except Exception as error:
            raise self.failed(error) from None
        return self._rest(reader, first)

    def _rest(self, reader: Any, first: pa.RecordBatch | None) -> Iterator[pa.RecordBatch]:
        try:
            batch = first
            while batch is not None:
                self.rows += batch.num_rows
                yield batch
                batch = next(reader, None)
        except GeneratorExit:
            reader.close()
            raise
        except Exception as error:
            raise self.failed(error) from None
        self.close()

    def execute(self, sql: str) -> list[Any]:
        """Run a statement to its end."""
        try:
            return list(self.open().execute(sql).fetchall())
        except Exception as error:
            raise self.failed(error) from None

    def failed(self, error: Exception) -> QueryError:
        """The refusal for an engine error; also ends and logs the statement."""
        translated = error if isinstance(error, QueryError) else translate(error)
        if isinstance(error, duckdb.InterruptException) and self._deadline is not None and self._deadline.passed:
            translated = limit_exceeded(
                f"Statement timeout: the statement ran longer than {self.seconds_allowed:.0f} seconds."
            )
        self.close(translated.sqlstate)
        return translated

    def close(self, error: str = "") -> None:
        """Give everything back and write the log; safe to call twice."""
        engine = self.session.engine
        if self._deadline is not None:
            engine.watchdog.release(self._deadline)
        if self._connection is not None:
            if not error and not self._logged:
                self._profile = _profile_of(self._connection)
            self.session.release(self._connection)
            self._connection = None
        if self._turn:
            self._turn = False
            engine.turns.release()
        if not self._logged:
            self._logged = True
            engine.log.write(self._entry(error))

    def _entry(self, error: str) -> Entry:
        files = [file for _, scan in self.references for file in scan.files]
        read = _read_of(self._profile)
        return Entry(
            at=self.session.engine.clock.now().isoformat(timespec="milliseconds"),
            session=f"{id(self.session):x}",
            kind=self.kind,
            statement=self.statement,
            tables=",".join(name for name, _ in self.references),
            files=len(files),
            batches=len({file.parent for file in files}),
            bytes_read=read[0],
            rows_scanned=read[1],
            rows=self.rows,
            seconds=round(time.perf_counter() - self.started, 6),
            error=error,
        )


def _profile_of(connection: Any) -> str:
    try:
        return str(connection.get_profiling_information("json"))
    except duckdb.Error:
        return ""


def _read_of(profile: str) -> tuple[int, int]:
    """(bytes read, rows of opened row groups) of a DuckDB profile."""
    try:
        tree = json.loads(profile)
    except ValueError:
        return 0, 0
    rows = sum(_rows_opened(node) for node in _scans(tree.get("operator", [])))
    return int(tree.get("io", {}).get("total_bytes_read", 0)), rows


def _scans(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if node.get("type") == "TABLE_SCAN" and "READ_PARQUET" in str(node.get("extra_info", {}).get("Function", "")):
            yield node
        yield from _scans(node.get("children", []))


def _rows_opened(node: dict[str, Any]) -> int:
    """Rows of the row groups a scan opened.

    The engine says how many row groups it opened and from which files; when it skipped some, the mean size stands for
    the ones it did open.
    """
    names = str(node.get("extra_info", {}).get("Filename(s)", ""))
    groups, rows = 0, 0
    for name in filter(None, (part.strip() for part in names.split(", "))):
        if Path(name).exists():
            metadata = pq.read_metadata(name)
            groups += metadata.num_row_groups
            rows += metadata.num_rows
    opened = int(node.get("row_groups_scanned", 0))
    if not groups:
        return int(node.get("rows_scanned", 0))
    return rows if opened >= groups else round(rows * opened / groups)
