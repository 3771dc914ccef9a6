"""How the synthetic data are made, in words and numbers: enough for a third party to do it again."""

from __future__ import annotations

from typing import Any

import numpy as np

from runner.synthetic import paths, profiles
from runner.synthetic import truth as estimation
from runner.synthetic.model import (
    CONVERSION,
    CONVERSION_DELAY_MS,
    EVENT_TYPES,
    FOLLOW_UPS,
    HOUR_MS,
    START_THOUSANDTHS,
    WEEKLY_EXPOSURES,
)
from runner.synthetic.spec import TAIL_DAYS, SyntheticSpec


def expected_counts(spec: SyntheticSpec) -> dict[str, float] | None:
    """Expected number of events before the end, by type; the conversion's follows from the dynamics and is left out.

    Follow-ups that would come after the end are not counted: a chain of exponential delays takes some of them there.
    None for the reference scenario.
    """
    if spec.scenario != "default":
        return None
    step = 0.1
    grid = np.arange(0, spec.days * 24, step)
    # Rate in events an hour at each moment since the start: constant for exposures, smoothed by each delay after.
    rate = {kind: np.full(grid.size, weekly * spec.users / 168) for kind, weekly in WEEKLY_EXPOSURES.items()}
    for follow in FOLLOW_UPS:
        came = follow.mean * _smoothed(rate[follow.parent], step, follow.delay_hours)
        rate[follow.child] = rate.get(follow.child, 0) + came
    return {e.name: round(float(rate[k].sum() * step), 1) for k, e in enumerate(EVENT_TYPES) if k in rate}


def _smoothed(rate: Any, step: float, delay: float) -> Any:
    """A rate after an exponential delay: an exponential moving average of it (exact for steps of constant rate)."""
    keep = np.exp(-step / delay)
    result, level = np.empty_like(rate), 0.0
    for i, value in enumerate(rate):
        now = keep * level + (1 - keep) * value
        result[i] = value - (value - level) * (1 - keep) * delay / step
        level = now
    return result


def formulae(spec: SyntheticSpec) -> dict[str, Any]:
    """The model's tables and formulae for method.json."""
    common: dict[str, Any] = {
        "event_types": [
            {
                "event_type": e.name,
                "weekly_rate": e.weekly_rate,
                "effect_on_propensity": e.effect / 1000,
                "may_convert": e.may_convert,
            }
            for e in EVENT_TYPES
        ],
        "propensity": {
            "start": START_THOUSANDTHS / 1000,
            "rule": "Event by event in order of (user, timestamp): propensity = clip(propensity + effect, 0, 1).",
            "conversion": "After every event that may convert, a Bernoulli draw with the propensity just reached. "
            f"The first success writes {CONVERSION} {CONVERSION_DELAY_MS // 1000} s later, once per user; other events "
            "go on, without further draws.",
            "ties": "Equal timestamps of one user keep the order of the rows in events.parquet.",
        },
        "profiles": _profiles(),
        "ids": "user_id: two zero-padded 19-digit halves (ECID-like). event_id: "
        "{population key}-{day of the exposure it descends from}-{number}, with -c on conversions.",
        "random_numbers": "numpy PCG64, SeedSequence(seed, spawn_key): (0, day) events of a day's exposures and all "
        "that follows from them, (1) reference scenario, (2) ids, (3) opt-outs, (4) attributes, (5) reference "
        "conversions, (6, as_of in days since 1970, horizon, gap, seed, replicate) truth.",
    }
    return {**common, **(_default() if spec.scenario == "default" else _reference())}


def _default() -> dict[str, Any]:
    return {
        "model": {
            "exposures_per_week": {EVENT_TYPES[k].name: rate for k, rate in WEEKLY_EXPOSURES.items()},
            "follow_ups": [
                {
                    "parent": EVENT_TYPES[f.parent].name,
                    "child": EVENT_TYPES[f.child].name,
                    "expected_number": f.mean,
                    "mean_delay_hours": f.delay_ms / HOUR_MS,
                }
                for f in FOLLOW_UPS
            ],
            "law": "Exposures: Poisson process. Each event has Poisson(expected_number) follow-ups of each kind, each "
            "after its own exponential delay. expected_number = weekly rate of the child / weekly rate of the parent.",
            "page_views": "Two sources: half a page view after each email click, and exposure for the rest of the "
            "weekly rate (0.1 = 0.075 + 0.05 * 0.5), so that the expected total is the table's.",
            "days_beyond_the_end": TAIL_DAYS,
        },
        "truth_method": {
            "question": "P(conversion written in [as_of + gap, as_of + gap + horizon) | events before as_of)",
            "posterior": "Follow-ups to come of a parent of age a: Poisson(expected_number * exp(-a / delay)), each "
            "after a fresh exponential(delay); independent of those that came. M = their expected number in all.",
            "formula": "P = q + (1 - q) * (exp(-M) * f(propensity) + (1 - exp(-M)) * g). q: an event of the last 60 s "
            "before as_of converts (1 - product(1 - propensity)); f: nothing pending comes, shared by all users with "
            "that propensity; g: at least one comes, simulated for the user. Each simulated future contributes "
            "1 - product(1 - propensity) over its events that may convert, at least 60 s before the window ends. With "
            "a gap: product over the events before the gap ends, minus product over all, and q adds nothing.",
            "futures_for_f_per_replicate": paths.POOL_PATHS,
            "draws_for_g_per_replicate": f"ceil({paths.DRAWS_PER_WEIGHT} * (1 - exp(-M))); none where "
            f"M < {estimation.NEGLIGIBLE_PENDING}",
            "replicates": f"independent, {estimation.REPLICATES_AT_LEAST} to {estimation.REPLICATES_AT_MOST}, until "
            f"the jackknife standard error of the expected AUC is below {estimation.TARGET_STANDARD_ERROR}",
            "who_converted_already": "not eligible, probability null",
        },
    }


def _reference() -> dict[str, Any]:
    return {
        "model": {
            "law": "The published generator. Exposures: Poisson(weekly rate * weeks) for each user at random times. "
            "For each parent event every kind of follow-up is drawn as Poisson(weekly rate * weeks) with exponential "
            "delays, and replaces the follow-ups of that kind drawn before, so that only the last parent processed "
            "keeps its own; page views after an email click replace the user's own.",
            "window": "Exposures lie before the end. Later follow-ups are in future_events.parquet only.",
        },
        "truth_method": None,
    }


def _profiles() -> dict[str, Any]:
    return {
        "relation_to_behaviour": "none: attributes are drawn independently of events and of each other",
        "country": profiles.COUNTRIES,
        "age_band": profiles.AGE_BANDS,
        "loyalty_tier": profiles.LOYALTY_TIERS,
        "signup_date": f"uniform over {profiles.SIGNUP_YEARS} years before the data begin",
        "email_opt_out": f"{profiles.OPTED_OUT_AT_START:.0%} of users when the data begin, a further "
        f"{profiles.OPT_OUTS_PER_DAY:.3%} each day, in a fixed random order of users. It is the user's wish about our "
        "emails to come and does not change the events.",
    }
