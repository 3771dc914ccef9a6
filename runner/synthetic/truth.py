"""The true probability of converting in a horizon, given only what happened before the as-of time.

Follow-ups of an event form a Poisson process with exponentially falling rate, so those still to come are independent
of those that came: their number is Poisson(mean * exp(-age / delay)) and their residual delay has the same
exponential law. This is the exact posterior; nothing after as_of is looked at. What cannot be summed in closed form
is simulated, and each draw contributes 1 - product(1 - propensity) over its events instead of a yes or no.

Two cases are taken apart, because the first is most of the probability for most people:
nothing pending (probability exp(-M)): a function of the current propensity alone, estimated once for all users;
something pending (1 - exp(-M)): simulated for each user, with draws in proportion to that weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runner.errors import DataError
from runner.synthetic.auc import expected_auc, jackknife
from runner.synthetic.generator import SyntheticData
from runner.synthetic.model import CONVERSION_DELAY_MS, DAY_MS, FOLLOW_UPS, FORM, START_THOUSANDTHS
from runner.synthetic.paths import PathPool, Window, pending_values
from runner.synthetic.spec import midnight_ms
from runner.synthetic.streams import Bools, Floats, Ints, accumulate, by_owner_and_time, generator, survival

REPLICATES_AT_LEAST, REPLICATES_AT_MOST = 8, 40
TARGET_STANDARD_ERROR = 0.0005
"""Of the expected AUC, from the Monte Carlo alone. A quarter of what is promised (0.002)."""
NEGLIGIBLE_PENDING = 1e-6
"""Users who expect fewer pending events than this are treated as having none: an error below 1e-6."""


@dataclass(frozen=True)
class Truth:
    """What could be known at `as_of`, for every user in the order of the population.

    Args:
        probability: of converting in [as_of + gap, as_of + gap + horizon); NaN where not eligible.
        eligible: has not converted before as_of. converted: really converted in that window.
        replicates: the same probability from independent parts of the draws, one row each; their mean is
            `probability`. They carry the Monte Carlo error to whatever is computed from it.
        draws: simulated futures for each user with something pending.
    """

    as_of: date
    horizon_days: int
    gap_days: int
    user_ids: npt.NDArray[np.str_]
    probability: Floats
    eligible: Bools
    converted: Bools
    replicates: Floats
    draws: Ints

    def table(self) -> pa.Table:
        """Columns user_id, as_of (ms, UTC), probability (null where not eligible), eligible, converted_in_horizon."""
        as_of = pa.scalar(midnight_ms(self.as_of), pa.timestamp("ms", tz="UTC"))
        return pa.table(
            {
                "user_id": pa.array(self.user_ids),
                "as_of": pa.repeat(as_of, self.eligible.size),
                "probability": pa.array(self.probability, mask=~self.eligible),
                "eligible": pa.array(self.eligible),
                "converted_in_horizon": pa.array(self.converted),
            }
        )


@dataclass(frozen=True)
class Known:
    """All that counts about users at as_of.

    Args:
        propensity: thousandths after the last event. converted: has converted.
        triggered: probability that an event of the last 60 seconds converts, to be written after as_of.
        user, follow_up, expected: parents that may still have follow-ups: whose, which (position into FOLLOW_UPS),
            and how many are expected.
    """

    propensity: Ints
    converted: Bools
    triggered: Floats
    user: Ints
    follow_up: Ints
    expected: Floats


def truth(data: SyntheticData, as_of: date, horizon_days: int = 14, *, gap_days: int = 0, seed: int = 0) -> Truth:
    """The true probability of converting, and whether it happened.

    Raises:
        DataError: the scenario has no such truth, or as_of or its horizon lies outside the simulated days.
    """
    window = _window(data, as_of, horizon_days, gap_days)
    known = what_is_known(data, as_of)
    eligible = ~known.converted
    replicates: list[Floats] = []
    draws = np.zeros(eligible.size, np.int64)
    while len(replicates) < REPLICATES_AT_MOST:
        number = len(replicates)
        rng = generator(data.spec.seed, 6, midnight_ms(as_of) // DAY_MS, horizon_days, gap_days, seed, number)
        values, drawn = _replicate(rng, known, eligible, window)
        replicates.append(values)
        draws += drawn
        if len(replicates) >= REPLICATES_AT_LEAST and _accurate(np.array(replicates)[:, eligible]):
            break
    all_replicates = np.array(replicates)
    probability = np.where(eligible, all_replicates.mean(axis=0), np.nan)
    first = midnight_ms(as_of) + gap_days * DAY_MS
    times = data.conversion_times()
    happened = (times >= first) & (times < first + horizon_days * DAY_MS)
    return Truth(as_of, horizon_days, gap_days, data.ids, probability, eligible, happened, all_replicates, draws)


def what_is_known(data: SyntheticData, as_of: date) -> Known:
    """Reduce every user's events before as_of to what matters for the future."""
    users, moment = data.ids.size, midnight_ms(as_of)
    past = (data.time < moment) & (data.kind != FORM)
    user, kind, time = data.user[past], data.kind[past], data.time[past]
    ranges = by_owner_and_time(user, time, users)
    user, kind, time = user[ranges.order], kind[ranges.order], time[ranges.order]
    running = accumulate(kind, ranges)
    propensity = np.full(users, START_THOUSANDTHS)
    seen = ranges.counts > 0
    propensity[seen] = running[ranges.starts[1:][seen] - 1]
    recent = time >= moment - CONVERSION_DELAY_MS
    triggered = 1.0 - survival(kind, running, ranges, recent)
    converted = data.conversion_times() < moment
    owners, follow_ups, expected = [], [], []
    for number, follow in enumerate(FOLLOW_UPS):
        at = np.flatnonzero(kind == follow.parent)
        left = follow.mean * np.exp(-(moment - time[at]) / follow.delay_ms)
        at, left = at[left > 1e-12], left[left > 1e-12]
        owners.append(user[at])
        follow_ups.append(np.full(at.size, number))
        expected.append(left)
    return Known(
        propensity, converted, triggered, np.concatenate(owners), np.concatenate(follow_ups), np.concatenate(expected)
    )


def _replicate(rng: np.random.Generator, known: Known, eligible: Bools, window: Window) -> tuple[Floats, Ints]:
    """One independent estimate for every user, and how many draws each took."""
    pool = PathPool.simulate(rng, window)
    nothing = pool.values(known.propensity)
    pending: Floats = np.bincount(known.user, known.expected, eligible.size).astype(np.float64)
    pending[~eligible | (pending < NEGLIGIBLE_PENDING)] = 0.0
    something = -np.expm1(-pending)
    simulated, draws = pending_values(rng, pool, known, pending)
    future = (1.0 - something) * nothing + something * simulated
    # A conversion triggered in the last minute is written at once: inside the window unless there is a gap.
    at_once = known.triggered if window.gap_ms == 0 else 0.0
    return at_once + (1.0 - known.triggered) * future, draws


def _accurate(replicates: Floats) -> bool:
    if replicates.shape[1] < 2:
        return True
    error, bias = jackknife(replicates, expected_auc)
    return error < TARGET_STANDARD_ERROR and abs(bias) < 2 * TARGET_STANDARD_ERROR


def _window(data: SyntheticData, as_of: date, horizon_days: int, gap_days: int) -> Window:
    if data.spec.scenario != "default":
        raise DataError(
            f"The scenario '{data.spec.scenario}' has no known true probability.", "Use the default scenario."
        )
    last = as_of + timedelta(days=gap_days + horizon_days)
    if not data.spec.start <= as_of or last > data.known_until or horizon_days < 1 or gap_days < 0:
        raise DataError(
            f"The truth was asked for as of {as_of} with {gap_days} + {horizon_days} days after it; the population is "
            f"simulated from {data.spec.start} to {data.known_until}.",
            "Choose an earlier as-of date or a shorter horizon.",
        )
    return Window(gap_days * DAY_MS, (gap_days + horizon_days) * DAY_MS)
