"""How many batches Profile takes in on one day.

Documented is a soft limit of 90 batches of profile-enabled datasets a day; that what is more waits for the next day
is the stricter reading, unconfirmed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

BATCHES_A_DAY = 90
_DAY_MS = 86_400_000


class Allowance:
    """Counts by UTC day.

    Args:
        a_day: how many there may be; None is without limit.
        used: times (epoch ms) of those there were.
    """

    def __init__(self, a_day: int | None, used: Iterable[int]) -> None:
        self._a_day = a_day
        self._used = Counter(ms // _DAY_MS for ms in used)

    def next(self, wanted_ms: int) -> int:
        """The wanted time, or the beginning of the first later day with room."""
        day = wanted_ms // _DAY_MS
        while self._a_day is not None and self._used[day] >= self._a_day:
            day += 1
        return max(wanted_ms, day * _DAY_MS)

    def use(self, ms: int) -> None:
        """Count one at this time."""
        self._used[ms // _DAY_MS] += 1
