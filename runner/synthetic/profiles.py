"""Who the synthetic people are: ids and attributes, drawn independently of what they do."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runner.synthetic.spec import SyntheticSpec
from runner.synthetic.streams import generator

COUNTRIES = {"US": 0.38, "GB": 0.14, "DE": 0.13, "FR": 0.1, "JP": 0.09, "AU": 0.06, "CA": 0.06, "CH": 0.04}
AGE_BANDS = {"18-24": 0.14, "25-34": 0.24, "35-44": 0.22, "45-54": 0.18, "55-64": 0.13, "65+": 0.09}
LOYALTY_TIERS = {"none": 0.55, "silver": 0.27, "gold": 0.13, "platinum": 0.05}
SIGNUP_YEARS = 3
OPTED_OUT_AT_START, OPT_OUTS_PER_DAY = 0.02, 0.00015
"""Shares of all users: 2 % when the data begin, 3.05 % after 70 days, a few more people every day."""


def user_ids(spec: SyntheticSpec) -> npt.NDArray[np.str_]:
    """Unique ECID-like ids: two halves of 19 digits, each a positive 64-bit number, leading zeros kept."""
    rng = generator(spec.seed, 2)
    halves = rng.integers(0, 2**63 - 1, (spec.users, 2), dtype=np.int64)
    while True:
        _, first = np.unique(halves, axis=0, return_index=True)
        if first.size == spec.users:
            break
        twice = np.setdiff1d(np.arange(spec.users), first)
        halves[twice] = rng.integers(0, 2**63 - 1, (twice.size, 2), dtype=np.int64)
    return np.array([f"{a:019d}{b:019d}" for a, b in halves.tolist()], dtype="<U38")


def opt_out_days(spec: SyntheticSpec) -> npt.NDArray[np.int64]:
    """For each user the day (counted from `spec.start`) from which on they have opted out; 0: always had."""
    # A fixed order of people and a fixed share a day: every day has opt-outs, however the days are cut.
    rank = generator(spec.seed, 3).permutation(spec.users) + 1
    share = (rank / spec.users - OPTED_OUT_AT_START) / OPT_OUTS_PER_DAY
    return np.maximum(np.ceil(np.round(share, 6)), 0).astype(np.int64)


def profiles(spec: SyntheticSpec, as_of: date | None = None) -> pa.Table:
    """Everybody's attributes as they were at 00:00 UTC of `as_of` (default: the end of the data).

    Columns: user_id, country, age_band, signup_date (date32, before the data begin), loyalty_tier, email_opt_out.
    """
    rng = generator(spec.seed, 4)
    day = ((as_of or spec.end) - spec.start).days
    signup = np.datetime64(spec.start) - rng.integers(1, SIGNUP_YEARS * 365, spec.users).astype("timedelta64[D]")
    return pa.table(
        {
            "user_id": pa.array(user_ids(spec)),
            "country": _choices(rng, COUNTRIES, spec.users),
            "age_band": _choices(rng, AGE_BANDS, spec.users),
            "signup_date": pa.array(signup, pa.date32()),
            "loyalty_tier": _choices(rng, LOYALTY_TIERS, spec.users),
            "email_opt_out": pa.array(opt_out_days(spec) <= day),
        }
    )


def changed_profiles(spec: SyntheticSpec, day: date) -> pa.Table:
    """The profile rows that change during `day`: people who opt out, as they are on the midnight after."""
    after = day + timedelta(days=1)
    return profiles(spec, after).filter(pa.array(opt_out_days(spec) == (after - spec.start).days))


def _choices(rng: np.random.Generator, shares: dict[str, float], n: int) -> Any:
    return pa.array(rng.choice(list(shares), n, p=list(shares.values())))
