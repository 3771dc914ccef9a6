"""The fit that is published: on all people of all mature dates, the newest one included.

The judged model must not know its test date, so it is a label window older than it has to be, and what moves people
drifts. Once it is judged, the same contest is held again on everything whose label is known: the same two plans with
the same settings, judged by the newest date's people, who are held out a fold at a time. A row's weight halves with
every `HALF_LIFE_DAYS` of age: counts over 90 days mean something else where fewer days of history were known.

Scores become probabilities through the log-odds that the newest date's people were given by models that had not seen
them, so no curve is fitted on rows that its model learned from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from runner.calibration import Calibration, fit_calibration
from runner.errors import ModelError
from runner.training.boosting import Boosted, Pair, compare, fit
from runner.training.door import Rows, TrainingData
from runner.training.linear import FirstStage, refit

FOLDS = 3
HALF_LIFE_DAYS = 7
"""Chosen on synthetic data by the log loss out of fold on the newest mature date; see tests/benchmarks/README.md."""
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class FinalFit:
    """A refitted model.

    Args:
        boosted: as from `boost`. calibration: fitted out of fold on the newest date.
        rows, conversions: of all dates. through: the newest as-of date, ISO.
    """

    boosted: Boosted
    calibration: Calibration
    rows: int
    conversions: int
    through: str


def fit_again(data: TrainingData, judged: Boosted, seed: int) -> FinalFit | None:
    """Fit on every row that has a label.

    Args:
        data: checked training rows. judged: the evaluated model; its first stage's settings are kept.
        seed: of row and column sampling in LightGBM.

    Returns:
        None where the newest date holds too few conversions to judge with, or where out of fold its people convert
        less the higher they are ranked: then nothing speaks for a refit.
    """
    rows = data.everything
    newest = int(rows.as_of.max())
    aged = replace(rows, weight=rows.weight * 0.5 ** ((newest - rows.as_of) / _DAY_MS / HALF_LIFE_DAYS))
    fold, is_newest = rows.fold(FOLDS), rows.as_of == newest

    def divided() -> Iterator[tuple[Rows, Rows]]:
        for k in range(FOLDS):
            judge = rows.where(is_newest & (fold == k))
            if judge.positives in (0, judge.size):
                continue
            learn = aged.where(fold != k)
            if learn.positives not in (0, learn.size):
                yield learn, judge

    def pairs(stage: FirstStage | None) -> Iterator[Pair]:
        for learn, judge in divided():
            yield Pair(learn, judge, refit(stage, learn, data.features) if stage else None)

    if next(divided(), None) is None:
        return None
    winner, trials = compare(judged.index, pairs, data.features, seed)
    try:
        calibration = fit_calibration(winner.log_odds, winner.label, winner.weight)
    except ModelError:
        return None
    index = refit(judged.index, aged, data.features) if judged.index else None
    conversions = rows.where(is_newest).positives
    judged_on = f"{FOLDS} folds of the people as of {day_of(newest)} ({conversions:,} conversions)"
    boosted = fit(winner, trials, aged, data.features, index, judged_on, seed)
    return FinalFit(boosted, calibration, rows.size, rows.positives, day_of(newest).isoformat())


def learned_until(as_of_ms: int, window_days: int) -> str:
    """The day (ISO, exclusive) at which the label window of an as-of time ends: `window_days` is gap + horizon."""
    return (day_of(as_of_ms) + timedelta(days=window_days)).isoformat()


def day_of(milliseconds: int) -> date:
    """The UTC day of a time in milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()


def newest_of(*splits: Rows) -> int:
    """The newest as-of time of some splits, in milliseconds since 1970."""
    return max(int(np.max(rows.as_of)) for rows in splits)
