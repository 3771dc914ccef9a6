"""The `reference` scenario: the published generator as it is, whole users at a time.

Its quirks are part of it: each kind of follow-up is drawn with its own weekly rate × weeks (not relative to its
parent's), and of several parents only the last one processed keeps its follow-ups, which replace what was there
(so a user who clicked an email loses the page views that came by themselves). Exposures end with the window;
follow-ups do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.synthetic.model import DAY_MS, EVENT_TYPES, FOLLOW_UPS, IMPRESSION, PAGE_VIEW, SENT
from runner.synthetic.streams import Ints, Stream, after, generator


@dataclass(frozen=True)
class _Lists:
    """For one event type every user's list: how many, and the times, user after user."""

    counts: Ints
    times: Ints

    def last(self) -> tuple[Ints, Ints]:
        """Users with a list that is not empty, and the last time in it (in the order drawn, not of the calendar)."""
        users = np.flatnonzero(self.counts)
        return users, self.times[np.cumsum(self.counts)[users] - 1]


def reference_streams(seed: int, users: int, begin_ms: int, days: int) -> dict[int, Stream]:
    """All events of all users, without the conversion."""
    rng = generator(seed, 1)
    weeks, length = days / 7, days * DAY_MS
    lists: dict[int, _Lists] = {}
    for kind in (IMPRESSION, PAGE_VIEW, SENT):
        counts = rng.poisson(EVENT_TYPES[kind].weekly_rate * weeks, users)
        lists[kind] = _Lists(counts, begin_ms + rng.integers(0, length, int(counts.sum())))
    for follow in FOLLOW_UPS:
        parents, parent_time = lists[follow.parent].last()
        drawn = rng.poisson(EVENT_TYPES[follow.child].weekly_rate * weeks, parents.size)
        times = after(rng, np.repeat(parent_time, drawn), follow.delay_ms)
        lists[follow.child] = _replaced(lists.get(follow.child), users, parents, drawn, times)
    return {kind: (np.repeat(np.arange(users), part.counts), part.times) for kind, part in lists.items()}


def _replaced(known: _Lists | None, users: int, parents: Ints, drawn: Ints, times: Ints) -> _Lists:
    """The lists of a type after its follow-ups were drawn: users with a parent get the new ones, others keep theirs."""
    counts = np.zeros(users, np.int64)
    if known is None:
        counts[parents] = drawn
        return _Lists(counts, times)
    kept_owner = np.repeat(np.arange(users), known.counts)
    kept = ~np.isin(kept_owner, parents)
    owner = np.concatenate([kept_owner[kept], np.repeat(parents, drawn)])
    order = np.argsort(owner, kind="stable")
    return _Lists(np.bincount(owner, minlength=users), np.concatenate([known.times[kept], times])[order])
