"""The engine: one DuckDB, the lake, the clock, and what all sessions share."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta

import duckdb

from local_platform.clock import Clock
from local_platform.lake import Lake
from local_platform.query_service.engine import audiences
from local_platform.query_service.engine.database import open_database
from local_platform.query_service.engine.groups import Groups
from local_platform.query_service.engine.querylog import QueryLog
from local_platform.query_service.engine.registry import SharedRegistry
from local_platform.query_service.engine.watch import Watchdog
from local_platform.query_service.errors import cancelled
from local_platform.query_service.options import QueryOptions


class Engine:
    """Shared by all sessions.

    Args:
        lake: where tables live.
        clock: limits and delays follow it.
    """

    def __init__(self, lake: Lake, clock: Clock, options: QueryOptions) -> None:
        self.lake = lake
        self.clock = clock
        self.options = options
        self.database = open_database(lake.scratch_root / "spill", threads=options.threads, memory=options.memory)
        self.log = QueryLog(lake.data_dir / "query_log.sqlite")
        self.watchdog = Watchdog(clock)
        self.turns = threading.BoundedSemaphore(options.running)
        self.registry = SharedRegistry(lake, clock, options)
        self.groups = Groups(self.registry.documents)
        clock.on_advance(self.expire)
        self.expire()

    def expire(self) -> None:
        """Delete what the clock has outlived."""
        audiences.expire(self)

    def wait_to_start(self, stop: threading.Event) -> None:
        """Let the time pass that a batch statement takes to start, on the platform's clock.

        Raises:
            QueryError: 57014, the statement was cancelled meanwhile.
        """
        if not self.options.batch_start_seconds:
            return
        due = self.clock.now() + timedelta(seconds=self.options.batch_start_seconds)
        with self.clock.awaiting(due):
            while (left := (due - self.clock.now()).total_seconds()) > 0:
                if stop.wait(min(0.1, left)):
                    raise cancelled()

    def close(self) -> None:
        """Stop everything; running statements are interrupted."""
        self.watchdog.stop()
        with contextlib.suppress(duckdb.Error):
            self.database.interrupt()
            self.database.close()
        self.log.close()
