"""Simulated futures: what comes by itself, shared by all users, and what is pending, for each user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from runner.synthetic.model import CONVERSION_DELAY_MS, EFFECT, FOLLOW_UPS, MAY_CONVERT
from runner.synthetic.streams import (
    Floats,
    Ints,
    Sorted,
    Stream,
    accumulate,
    add_follow_ups,
    by_owner_and_time,
    draw_exposures,
    joined,
    survival,
)

POOL_PATHS = 20_000
"""Futures in the pool of one replicate."""
DRAWS_PER_WEIGHT = 512
"""Draws of one replicate for a user who surely has something pending; others get their share, at least one."""
CHUNK_DRAWS = 400_000
"""Draws simulated at a time: bounds the memory."""


@dataclass(frozen=True)
class Window:
    """Milliseconds after as_of: conversions written in [gap_ms, end_ms) count."""

    gap_ms: int
    end_ms: int

    @property
    def last_trigger_ms(self) -> int:
        """Events from here on convert too late: the conversion is written 60 seconds after its trigger."""
        return self.end_ms - CONVERSION_DELAY_MS

    @property
    def first_trigger_ms(self) -> int:
        """Events before this convert before the window begins."""
        return self.gap_ms - CONVERSION_DELAY_MS

    def converts(self, kind: npt.NDArray[np.int8], time: Ints, propensity: Ints, ranges: Sorted) -> Floats:
        """For each path the probability that its first conversion is written in the window (times since as_of)."""
        none = survival(kind, propensity, ranges)
        if self.gap_ms == 0:
            return 1.0 - none
        return survival(kind, propensity, ranges, time < self.first_trigger_ms) - none


class PendingOf(Protocol):
    """What `truth.Known` knows: see there."""

    @property
    def propensity(self) -> Ints: ...
    @property
    def user(self) -> Ints: ...
    @property
    def follow_up(self) -> Ints: ...
    @property
    def expected(self) -> Floats: ...


@dataclass(frozen=True)
class PathPool:
    """Futures of somebody with nothing pending: exposures after as_of and all that follows from them.

    Sorted by path and time; times are milliseconds after as_of, before the window's last trigger.
    """

    window: Window
    kind: npt.NDArray[np.int8]
    time: Ints
    ranges: Sorted

    @classmethod
    def simulate(cls, rng: np.random.Generator, window: Window, paths: int = POOL_PATHS) -> PathPool:
        streams = draw_exposures(rng, paths, 0, window.last_trigger_ms)
        add_follow_ups(rng, streams, before_ms=window.last_trigger_ms)
        owner, kind, time = joined(streams)
        ranges = by_owner_and_time(owner, time, paths)
        return cls(window, kind[ranges.order], time[ranges.order], ranges)

    def values(self, propensity: Ints) -> Floats:
        """Probability of converting in the window for people with that propensity (thousandths), nothing pending.

        There are few distinct propensities, so each is run through the whole pool; sharing the futures keeps the
        order of people with different propensities free of chance.
        """
        distinct, back = np.unique(propensity, return_inverse=True)
        paths = self.ranges.starts.size - 1
        may = np.bincount(np.repeat(np.arange(paths), self.ranges.counts)[MAY_CONVERT[self.kind]], minlength=paths)
        # Most futures hold nothing that could convert; they count as zeros without being run.
        some, at = _taken(self.ranges, np.flatnonzero(may))
        parts = np.array_split(distinct, 1 + distinct.size // 64)
        totals = [_totals(self.window, self.kind[at], self.time[at], some, part) for part in parts]
        values: Floats = np.concatenate(totals)[back] / paths
        return values


def _totals(window: Window, kind: npt.NDArray[np.int8], time: Ints, ranges: Sorted, begin: Ints) -> Floats:
    """For each starting propensity, the sum over all paths of the probability of converting in the window."""
    lengths = ranges.counts
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = ranges.starts[:-1][order], lengths[order]
    state = np.repeat(begin[:, None].astype(np.float64), starts.size, axis=1)
    none, none_before = np.ones(state.shape), np.ones(state.shape)
    may, before = MAY_CONVERT[kind], time < window.first_trigger_ms
    for number in range(int(lengths[0]) if lengths.size else 0):
        active = int(np.searchsorted(-lengths, -number, side="left"))
        at = starts[:active] + number
        state = state[:, :active]
        state += EFFECT[kind[at]]
        np.clip(state, 0, 1000, out=state)
        factor = 1.0 - state / 1000.0 * may[at]
        none[:, :active] *= factor
        if window.gap_ms:
            none_before[:, :active] *= np.where(before[at], factor, 1.0)
    totals: Floats = (none_before - none).sum(axis=1)
    return totals


def pending_values(rng: np.random.Generator, pool: PathPool, known: PendingOf, pending: Floats) -> tuple[Floats, Ints]:
    """Mean probability of converting given that at least one pending follow-up comes, and draws taken, by user.

    Args:
        pending: expected number of pending follow-ups for each user; zero where none is to be simulated.
    """
    draws = np.where(pending > 0, np.ceil(DRAWS_PER_WEIGHT * -np.expm1(-pending)), 0).astype(np.int64)
    values = np.zeros(pending.size)
    order = np.argsort(known.user, kind="stable")
    cumulative = np.concatenate([[0.0], np.cumsum(known.expected[order])])
    users = np.flatnonzero(draws)
    first = np.searchsorted(known.user[order], users)
    after = np.searchsorted(known.user[order], users, side="right")
    chunk = np.cumsum(draws[users]) // CHUNK_DRAWS
    for number in np.unique(chunk):
        rows = chunk == number
        mine, n = users[rows], draws[users[rows]]
        path_user = np.repeat(np.arange(mine.size), n)
        events = _at_least_one(rng, pending[mine][path_user])
        path = np.repeat(np.arange(path_user.size), events)
        low, high = cumulative[first[rows]], cumulative[after[rows]]
        place = low[path_user[path]] + rng.random(path.size) * (high - low)[path_user[path]]
        # Rounding at the borders must not hand out a neighbour's pending event.
        component = np.clip(
            np.searchsorted(cumulative, place, side="right") - 1,
            first[rows][path_user[path]],
            after[rows][path_user[path]] - 1,
        )
        follow_up = known.follow_up[order][component]
        converts = _run(rng, pool, known.propensity[mine][path_user], path, follow_up)
        values[mine] = np.bincount(path_user, converts, mine.size) / n
    return values, draws


def _at_least_one(rng: np.random.Generator, mean: Floats) -> Ints:
    """Poisson numbers given that they are not zero: the first of a unit interval's arrivals, then the rest."""
    first = -np.log1p(rng.random(mean.size) * np.expm1(-mean)) / mean
    return 1 + rng.poisson(mean * np.maximum(1.0 - first, 0.0))


def _run(rng: np.random.Generator, pool: PathPool, begin: Ints, path: Ints, follow_up: Ints) -> Floats:
    """Probability of converting on each path: its pending events, what follows from them, and a future of the pool."""
    limit = pool.window.last_trigger_ms
    streams: dict[int, Stream] = {}
    for number, follow in enumerate(FOLLOW_UPS):
        at = path[follow_up == number]
        time = rng.exponential(follow.delay_ms, at.size).astype(np.int64)
        inside = time < limit
        known = streams.get(follow.child)
        mine = (at[inside], time[inside])
        streams[follow.child] = (
            mine if known is None else (np.concatenate([known[0], mine[0]]), np.concatenate([known[1], mine[1]]))
        )
    add_follow_ups(rng, streams, before_ms=limit)
    owner, kind, time = joined(streams)
    borrowed = rng.integers(0, pool.ranges.starts.size - 1, begin.size)
    ranges, at = _taken(pool.ranges, borrowed)
    owner = np.concatenate([owner, np.repeat(np.arange(begin.size), ranges.counts)])
    kind, time = np.concatenate([kind, pool.kind[at]]), np.concatenate([time, pool.time[at]])
    ranges = by_owner_and_time(owner, time, begin.size)
    kind, time = kind[ranges.order], time[ranges.order]
    return pool.window.converts(kind, time, accumulate(kind, ranges, begin), ranges)


def _taken(ranges: Sorted, owners: Ints) -> tuple[Sorted, Ints]:
    """The given owners' events, in the given order: new ranges, and positions of the events in the old arrays."""
    counts = ranges.counts[owners]
    starts = np.concatenate([[0], np.cumsum(counts)])
    at = np.arange(starts[-1]) + np.repeat(ranges.starts[:-1][owners] - starts[:-1], counts)
    return Sorted(at, starts), at
