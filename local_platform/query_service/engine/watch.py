"""Statements that must stop: their ten minutes on the platform's clock are over, or their client is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from local_platform.clock import Clock

_TICK_SECONDS = 0.2


class Deadline:
    """One running statement; `passed` is set before it is interrupted."""

    def __init__(self, connection: Any, due: float, gone: Callable[[], bool]) -> None:
        self.connection = connection
        self.due = due
        self.gone = gone
        self.passed = False


class Watchdog:
    """Interrupts statements whose time is over. Its thread runs only while something is watched."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watched: set[Deadline] = set()
        self._condition = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def watch(self, connection: Any, seconds: float, gone: Callable[[], bool]) -> Deadline:
        """Interrupt the connection's statement after this many platform seconds, or once nobody waits for it.

        Args:
            gone: whether the client has left.
        """
        deadline = Deadline(connection, self._clock.now().timestamp() + seconds, gone)
        with self._condition:
            self._watched.add(deadline)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="query-watchdog", daemon=True)
                self._thread.start()
            self._condition.notify()
        return deadline

    def release(self, deadline: Deadline) -> None:
        """The statement ended in time."""
        with self._condition:
            self._watched.discard(deadline)

    def stop(self) -> None:
        with self._condition:
            self._stopped = True
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                if self._stopped:
                    return
                if not self._watched:
                    self._condition.wait()
                    continue
                now = self._clock.now().timestamp()
                for deadline in self._watched:
                    # Again at every tick until released: an interrupt between two engine calls is lost.
                    deadline.passed = deadline.passed or deadline.due <= now
                    if deadline.passed or deadline.gone():
                        deadline.connection.interrupt()
                self._condition.wait(_TICK_SECONDS)
