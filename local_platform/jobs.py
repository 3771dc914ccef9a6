"""Work that happens after the answer: promotions, exports, profile updates.

A job has a time on the platform's clock. Two threads run what is due; moving the clock wakes them. Jobs live in memory:
what must survive a restart is found again by its service from the state it stored (``resume`` in its routes module).
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from local_platform.clock import Clock
from local_platform.misbehaviour import Misbehaviour

log = logging.getLogger("local_platform.jobs")

_THREADS = 2
_LONGEST_SLEEP_SECONDS = 5.0


class Jobs:
    """A queue of callables by due time.

    Args:
        clock: the platform's.
        delays: False makes every job due at once, in the order submitted.
        misbehaviour: may hold jobs back until its rules change.
    """

    def __init__(self, clock: Clock, *, delays: bool, misbehaviour: Misbehaviour | None = None) -> None:
        self._clock = clock
        self._delays = delays
        self._queue: list[tuple[datetime, int, str, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._misbehaviour = misbehaviour or Misbehaviour()
        self._stuck: list[tuple[datetime, int, str, Callable[[], None]]] = []
        self._changed = threading.Condition()
        self._running = 0
        self._stopped = False
        self._current = threading.local()
        self._threads: list[threading.Thread] = []
        clock.on_advance(self._wake)
        self._misbehaviour.on_change(self._release)

    def start(self) -> None:
        """Start the threads that run jobs."""
        for number in range(_THREADS):
            thread = threading.Thread(target=self._work, name=f"job-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def submit(self, name: str, work: Callable[[], None], *, after_seconds: float = 0.0) -> None:
        """Run `work` once the platform's clock has passed `after_seconds` from now; errors are logged with `name`.

        In a job, "now" is when that job was due: after a leap of the clock, a chain of steps ends when it would have.
        """
        now = getattr(self._current, "due", None) or self._clock.now()
        due = now + timedelta(seconds=after_seconds if self._delays else 0.0)
        with self._changed:
            heapq.heappush(self._queue, (due, next(self._numbers), name, work))
            self._changed.notify()

    def drain(self, timeout_seconds: float = 300.0) -> bool:
        """Wait until nothing that is due is left, including what those jobs submit. False when it takes too long."""

        def idle() -> bool:
            return self._running == 0 and (not self._queue or self._queue[0][0] > self._clock.now())

        with self._changed:
            return self._changed.wait_for(idle, timeout_seconds)

    def stop(self) -> None:
        """Finish running jobs and stop; waiting jobs are dropped, their services find them again at the next start."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=10)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _release(self) -> None:
        """Put jobs that were held back in the queue again."""
        with self._changed:
            for job in self._stuck:
                heapq.heappush(self._queue, job)
            self._stuck.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                job = self._next()
                if job is None:
                    return
                self._running += 1
            self._current.due = job[0]
            try:
                job[3]()
            except Exception:
                log.exception("The job %s failed", job[2])
            finally:
                self._current.due = None
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _next(self) -> tuple[datetime, int, str, Callable[[], None]] | None:
        """The next due job, waiting for it; None when stopped. Called with the lock held."""
        while not self._stopped:
            wait = _LONGEST_SLEEP_SECONDS
            if self._queue:
                wait = (self._queue[0][0] - self._clock.now()).total_seconds()
                if wait <= 0:
                    job = heapq.heappop(self._queue)
                    if not self._misbehaviour.job_is_stuck(job[2]):
                        return job
                    self._stuck.append(job)
                    self._changed.notify_all()
                    continue
            self._changed.wait(min(wait, _LONGEST_SLEEP_SECONDS))
        return None
