"""A session: what belongs to one connection and ends with it."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_platform.query_service.engine.tables import LakeCatalog, TempTable

if TYPE_CHECKING:
    from local_platform.query_service.engine.core import Engine
    from local_platform.query_service.engine.results import Result
    from local_platform.query_service.sql.statements import Prepare

SETTINGS = {
    "auto_to_json": "false",
    "aqp": "false",
    "drop_system_columns": "true",
    "resolve_fallback_snapshot_on_failure": "false",
    "skip_stats_for_complex_datatypes": "true",
}


@dataclass
class Cursor:
    """A declared cursor: the open result and the rows already taken from the engine but not yet fetched."""

    result: Result
    pending: list[Any] = field(default_factory=list)


class Session:
    """State of one connection.

    Args:
        principal: who is logged in; its `technical_account` owns what it makes.
        database: the dbname's part behind the colon: `all`, or one table.
        interactive: results go to a client; REST queries are not capped by time.
    """

    def __init__(self, engine: Engine, principal: Any, database: str = "all", *, flatten: bool = False) -> None:
        self.engine = engine
        self.principal = principal
        self.database = database
        self.flatten = flatten
        self.settings = dict(SETTINGS)
        self.temporary: dict[str, TempTable] = {}
        self.prepared: dict[str, Prepare] = {}
        self.cursors: dict[str, Cursor] = {}
        self.in_transaction = False
        self.failed = False
        self._directory: Path | None = None
        self._running: set[Any] = set()
        self._lock = threading.Lock()
        self.cancelled = threading.Event()
        self.statistics: list[tuple[str, str, str, str, str]] = []
        self.waits = True
        self.gone: Callable[[], bool] = lambda: False

    @property
    def owner(self) -> str:
        """Who owns the tables this session makes."""
        return str(self.principal.technical_account)

    def flag(self, key: str) -> bool:
        """A setting that is true or false."""
        return self.settings.get(key, "false").lower() in ("true", "t", "1", "on")

    def name_of(self, parts: tuple[str, ...]) -> str:
        """A table's own name in lower case.

        Raises:
            QueryError: 42P01, a qualified name that no data group has.
        """
        return self.catalog().name_of(parts).lower()

    def catalog(self) -> LakeCatalog:
        """A fresh view of the lake, for one statement."""
        return LakeCatalog(
            self.engine.lake,
            self.engine.clock,
            temporary=self.temporary,
            groups=self.engine.groups,
            only=self._shown(),
            flatten=self.flatten,
            system_columns=not self.flag("drop_system_columns"),
            fallback=self.flag("resolve_fallback_snapshot_on_failure"),
            snapshot_seconds=self.engine.options.snapshot_seconds,
        )

    def _shown(self) -> set[str] | None:
        """Names the dbname shows: all, those of a database made with CREATE DATABASE, or one table (or its id)."""
        if self.database == "all":
            return None
        members = self.engine.groups.members(self.database.partition(".")[0])
        if members is not None:
            return members
        lowered = self.database.lower()
        return {each.table_name for each in self.engine.lake.datasets() if each.id == lowered} or {lowered}

    def wait_to_start(self) -> None:
        """Let the minutes pass that a batch statement takes to start; the REST API has waited already."""
        if self.waits:
            self.engine.wait_to_start(self.cancelled)

    def directory(self) -> Path:
        """Where temporary tables lie; made at first use."""
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="session-", dir=self.engine.lake.scratch_root))
        return self._directory

    def connection(self) -> Any:
        """A cursor of the engine for one statement; give it back with `release`."""
        connection = self.engine.database.cursor()
        with self._lock:
            self._running.add(connection)
        return connection

    def release(self, connection: Any) -> None:
        """Close a statement's cursor."""
        with self._lock:
            self._running.discard(connection)
        connection.close()

    def cancel(self) -> None:
        """Interrupt whatever runs."""
        self.cancelled.set()
        with self._lock:
            for connection in self._running:
                connection.interrupt()

    def close(self) -> None:
        """End the session: cursors, temporary tables, running statements."""
        self.cancel()
        for cursor in self.cursors.values():
            cursor.result.close()
        self.cursors.clear()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
