"""Running compiled SQL: streaming, deadlines, what was read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from local_platform.query_service.engine import pace
from local_platform.query_service.engine.errors import translate
from local_platform.query_service.engine.querylog import Entry
from local_platform.query_service.engine.scan import Scan
from local_platform.query_service.engine.scanned import read_of
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.udfs import STATEMENT
from local_platform.query_service.errors import QueryError, cancelled, limit_exceeded

# How often a statement that waits for its turn looks whether it is still wanted.
_LOOK_UP_SECONDS = 0.1


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
    _number: int = 0

    def open(self) -> Any:
        """Take a turn and a connection.

        Raises:
            QueryError: 57014, the statement was cancelled, or its client left, while it waited.
        """
        engine = self.session.engine
        while not self._turn:
            if self._unwanted():
                raise cancelled()
            self._turn = engine.turns.acquire(timeout=_LOOK_UP_SECONDS)
        self._connection = self.session.connection()
        self._connection.execute("PRAGMA enable_profiling='no_output'")
        # Clients read slower than the engine computes; little should wait for them.
        self._connection.execute("SET streaming_buffer_size = '2MB'")
        self._number = pace.begin(self._stopping)
        self._connection.execute(f"SET VARIABLE {STATEMENT} = {self._number}")
        self._deadline = engine.watchdog.watch(self._connection, self.seconds_allowed, self._unwanted)
        return self._connection

    def _unwanted(self) -> bool:
        return self.session.cancelled.is_set() or self.session.gone()

    def _stopping(self) -> bool:
        return self._unwanted() or (self._deadline is not None and self._deadline.passed)

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
        if translated.sqlstate == cancelled().sqlstate and self._deadline is not None and self._deadline.passed:
            translated = limit_exceeded(
                f"Statement timeout: the statement ran longer than {self.seconds_allowed:.0f} seconds."
            )
        self.close(translated.sqlstate)
        return translated

    def close(self, error: str = "") -> None:
        """Give everything back and write the log; safe to call twice."""
        engine = self.session.engine
        pace.end(self._number)
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
        lists = [each for _, scan in self.references for each in scan.reads]
        read = read_of(self._profile, lists)
        return Entry(
            at=self.session.engine.clock.now().isoformat(timespec="milliseconds"),
            session=f"{id(self.session):x}",
            kind=self.kind,
            statement=self.statement,
            tables=",".join(name for name, _ in self.references),
            files=len(files),
            batches=len({file.parent for file in files}),
            bytes_read=read.bytes,
            rows_scanned=read.rows,
            rows=self.rows,
            seconds=round(time.perf_counter() - self.started, 6),
            error=error,
        )


def _profile_of(connection: Any) -> str:
    try:
        return str(connection.get_profiling_information("json"))
    except duckdb.Error:
        return ""
