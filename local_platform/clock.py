"""The platform's clock: real time plus an offset that is kept in the catalog and only ever grows.

Delays, schedules and time stamps follow it, so that a test reaches tomorrow at once. Access tokens do not: their life
is measured by the client's own clock (``tokens.py``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from local_platform.database import Database

_KEY = "clock.offset_seconds"


class Clock:
    """Time as the platform sees it.

    Args:
        database: where the offset is kept; None keeps it in memory.
    """

    def __init__(self, database: Database | None = None) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._offset = float((database.setting(_KEY) if database else None) or 0.0)
        self._listeners: list[Callable[[], None]] = []
        self._before: list[Callable[[], object]] = []
        self._awaited: list[datetime] = []

    def now(self) -> datetime:
        """The current platform time, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._offset)

    def now_ms(self) -> int:
        """The current platform time in epoch milliseconds, the unit of Catalog."""
        return int(self.now().timestamp() * 1000)

    def advance(self, seconds: float) -> datetime:
        """Move the clock forward and return the new time.

        Raises:
            ValueError: for a negative number; time stamps already given out could not be taken back.
        """
        if seconds < 0:
            raise ValueError(f"The clock was asked to go back {-seconds} s; it only goes forward.")
        for look in list(self._before):
            look()
        with self._lock:
            self._offset += seconds
            if self._database is not None:
                self._database.set_setting(_KEY, repr(self._offset))
            listeners = list(self._listeners)
        for wake in listeners:
            wake()
        return self.now()

    @contextmanager
    def awaiting(self, due: datetime) -> Iterator[None]:
        """Say, for the length of a block, that something waits for a time to come."""
        with self._lock:
            self._awaited.append(due)
        try:
            yield
        finally:
            with self._lock:
                self._awaited.remove(due)

    def awaited(self) -> datetime | None:
        """The earliest time that something waits for; None when nothing does. Whoever moves the clock may go there."""
        with self._lock:
            return min(self._awaited, default=None)

    def before_advance(self, look: Callable[[], object]) -> None:
        """Have `look` called before each move, for who must know what was there until then."""
        with self._lock:
            self._before.append(look)

    def on_advance(self, wake: Callable[[], None]) -> None:
        """Have `wake` called after each move, for threads that wait for a time to come."""
        with self._lock:
            self._listeners.append(wake)
