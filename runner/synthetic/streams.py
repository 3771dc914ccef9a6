"""Events as arrays: who, what, when. Vectorised follow-ups and the propensity they build up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runner.synthetic.model import DAY_MS, EFFECT, FOLLOW_UPS, MAY_CONVERT, START_THOUSANDTHS, WEEKLY_EXPOSURES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Stream = tuple[Ints, Ints]
"""Owners (a user or a simulated path, as a position) and times (ms) of events of one type."""


@dataclass(frozen=True)
class Sorted:
    """Events in order of owner and time, with where each owner's events start.

    Args:
        order: positions into the arrays that were sorted.
        starts: for each of `owners` owners, the position of its first event; one more entry holds the total.
    """

    order: Ints
    starts: Ints

    @property
    def counts(self) -> Ints:
        return np.diff(self.starts)


def generator(seed: int, *key: int) -> np.random.Generator:
    """An independent stream of random numbers for every key."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def draw_exposures(
    rng: np.random.Generator, owners: int, begin_ms: int, length_ms: int, weekly: Mapping[int, float] = WEEKLY_EXPOSURES
) -> dict[int, Stream]:
    """Events that come by themselves in [begin, begin + length): a Poisson process for each owner and type."""
    streams: dict[int, Stream] = {}
    for kind, rate in weekly.items():
        # One Poisson total whose events choose their owners evenly is the same law as one Poisson draw per owner.
        n = int(rng.poisson(rate * length_ms / (7 * DAY_MS) * owners))
        streams[kind] = (rng.integers(0, owners, n), begin_ms + rng.integers(0, length_ms, n))
    return streams


def add_follow_ups(rng: np.random.Generator, streams: dict[int, Stream], before_ms: int | None = None) -> None:
    """Draw the follow-ups of every event in `streams`, and theirs, in place.

    With `before_ms`, follow-ups at or after it are dropped; their own follow-ups would come later still.
    """
    for follow in FOLLOW_UPS:
        if follow.parent not in streams:
            continue
        owner, time = streams[follow.parent]
        n = rng.poisson(follow.mean, owner.size)
        child_owner, child_time = np.repeat(owner, n), after(rng, np.repeat(time, n), follow.delay_ms)
        if before_ms is not None:
            kept = child_time < before_ms
            child_owner, child_time = child_owner[kept], child_time[kept]
        known = streams.get(follow.child)
        if known is not None:
            child_owner, child_time = np.concatenate([known[0], child_owner]), np.concatenate([known[1], child_time])
        streams[follow.child] = (child_owner, child_time)


def after(rng: np.random.Generator, time: Ints, delay_ms: float) -> Ints:
    """Times an exponential delay later, at least one millisecond."""
    delays: Ints = np.maximum(rng.exponential(delay_ms, time.size), 1.0).astype(np.int64)
    return time + delays


def joined(streams: Mapping[int, Stream]) -> tuple[Ints, npt.NDArray[np.int8], Ints]:
    """All events of all types as three arrays: owner, type, time (ordered by type)."""
    kinds: Sequence[int] = sorted(streams)
    if not kinds:
        return np.empty(0, np.int64), np.empty(0, np.int8), np.empty(0, np.int64)
    kind = np.repeat(np.array(kinds, dtype=np.int8), [streams[k][0].size for k in kinds])
    return np.concatenate([streams[k][0] for k in kinds]), kind, np.concatenate([streams[k][1] for k in kinds])


def by_owner_and_time(owner: Ints, time: Ints, owners: int) -> Sorted:
    """Sort by owner, then time; ties keep the order in which they come."""
    first = int(time.min()) if time.size else 0
    span = (int(time.max()) - first + 1) if time.size else 1
    order = np.argsort(owner.astype(np.int64) * span + (time - first), kind="stable")
    starts = np.zeros(owners + 1, np.int64)
    np.cumsum(np.bincount(owner, minlength=owners), out=starts[1:])
    return Sorted(order, starts)


def accumulate(kind: npt.NDArray[np.int8], ranges: Sorted, begin: Ints | None = None) -> Ints:
    """The propensity after each event, in thousandths, clipped to [0, 1000] event by event.

    Args:
        kind: event types in sorted order (already taken through `ranges.order`).
        begin: each owner's propensity before its first event; 0.001 for everybody when left out.
    """
    counts = ranges.counts
    longest_first = np.argsort(-counts, kind="stable")
    starts, lengths = ranges.starts[:-1][longest_first], counts[longest_first]
    state = (
        np.full(counts.size, START_THOUSANDTHS, np.int64) if begin is None else begin[longest_first].astype(np.int64)
    )
    result, effect = np.empty(kind.size, np.int64), EFFECT[kind]
    # Owner by owner would be a Python loop over people; event number by event number is a loop over a few dozen.
    for number in range(int(lengths[0]) if lengths.size else 0):
        active = int(np.searchsorted(-lengths, -number, side="left"))
        at = starts[:active] + number
        state = np.clip(state[:active] + effect[at], 0, 1000)
        result[at] = state
    return result


def survival(kind: npt.NDArray[np.int8], propensity: Ints, ranges: Sorted, counted: Bools | None = None) -> Floats:
    """For each owner, the probability that none of its events converts: the product of 1 - propensity.

    Only events that may convert count, and of these only where `counted` (in sorted order) says so.
    """
    may = MAY_CONVERT[kind] if counted is None else MAY_CONVERT[kind] & counted
    factor = np.where(may, 1.0 - propensity / 1000.0, 1.0)
    product = np.ones(ranges.starts.size - 1)
    filled = ranges.counts > 0
    if factor.size:
        product[filled] = np.multiply.reduceat(factor, ranges.starts[:-1][filled])
    return product
