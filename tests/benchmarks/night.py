"""How long a nightly featurize of one use case is, when each batch statement waits its 240 seconds to start.

The waiting is on the local platform's clock: whenever a statement waits, the clock is moved to the moment it starts, so
that four minutes pass at once there and nothing is left out. What is computed in between takes its real time. The next
day's build is compared with the first build, in minutes of that clock; both are of one platform, which is started anew
without delays while events are brought in.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from runner.local import LocalPlatform
from tests.benchmarks.measuring import Ratio
from tests.integration.feature_store import DATA_END, feature_store, synthetic_events
from tests.integration.point_in_time import Event, ms

USE_CASE = "newsletter"
MOST_BATCH_STATEMENTS = 8
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Night:
    """One featurize on the platform's clock: batch statements, seconds waiting, and seconds in all."""

    batch_statements: int
    waiting: float
    in_all: float


def run(users: int = 1_000) -> list[Ratio]:
    """Build 69 days, then the next one.

    Raises:
        RuntimeError: a night has more batch statements than are wanted.
    """
    last = ms((DATA_END - timedelta(days=1)).isoformat())
    events = synthetic_events(users)
    with tempfile.TemporaryDirectory(prefix="bench-night-") as folder:
        first = _night(Path(folder), [e for e in events if e.at_ms < last], "history")
        second = _night(Path(folder), [e for e in events if e.at_ms >= last], "next-day")
    for night in (first, second):
        if not 0 < night.batch_statements <= MOST_BATCH_STATEMENTS:
            raise RuntimeError(f"{night.batch_statements} batch statements; {MOST_BATCH_STATEMENTS} are the most.")
    details = {
        "batch_statements": second.batch_statements,
        "most_batch_statements": MOST_BATCH_STATEMENTS,
        "minutes_waiting": round(second.waiting / 60, 1),
        "minutes_in_all": round(second.in_all / 60, 1),
        "users": users,
    }
    return [
        Ratio("a night's featurize", "the next day", "the first build", (second.in_all,), (first.in_all,),
              "builds", 1, 1, details=details)
    ]  # fmt: skip


def _night(folder: Path, events: list[Event], name: str) -> Night:
    """Bring the events in at once, then featurize with the documented delays."""
    with feature_store(folder) as store:
        store.add_events(events, name)
    with feature_store(folder, delays="documented") as store, time_lapse(store.local) as waited:
        began = store.local.now()
        built = store.featurize(None, USE_CASE)
        return Night(built.batch_statements, sum(waited), (store.local.now() - began).total_seconds())


@contextmanager
def time_lapse(local: LocalPlatform) -> Iterator[list[float]]:
    """For the length of a block, whatever a statement waits for comes at once; yields the seconds that were skipped."""
    ended = threading.Event()
    skipped: list[float] = []

    def move() -> None:
        while not ended.wait(_LOOK_SECONDS):
            awaited = local.awaited()
            if awaited is not None:
                seconds = max((awaited - local.now()).total_seconds(), 0.0)
                local.advance(seconds)
                skipped.append(seconds)

    mover = threading.Thread(target=move, name="time-lapse")
    mover.start()
    try:
        yield skipped
    finally:
        ended.set()
        mover.join()
