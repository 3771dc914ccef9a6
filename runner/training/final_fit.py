"""The fit that is published: on all people of all mature dates, the newest one included.

The judged model must not know its test date, so it is a label window older than it has to be, and what moves people
drifts. Once it is judged, the same contest is held again on everything whose label is known: the same two plans with
the same settings, judged by the newest date's people, who are held out a fold at a time. They also say whether a row's
weight shall halve with every `HALF_LIFE_DAYS` of age. Where that is not ahead by more than a standard error, all dates
count alike: in a steady world older rows are as good as any (12,000 synthetic users of the `default` scenario, seed 11:
an expected AUC of 0.616 with equal weights, 0.611 with halved ones, 0.623 at best).

Scores become probabilities through the log-odds that the newest date's people were given by models that had not seen
them, so no curve is fitted on rows that its model learned from. What the share of converters does after that date is
not guessed. Moving the curve by what the judged model missed on its test date, the drift of one label window, was
tried on 10,000 users of seeds 7 to 9: on `reference`, whose share rises by a fifth in that time, the log loss of what
followed fell on two seeds (0.1547 to 0.1534, 0.1559 to 0.1552) and rose on the third (0.1591 to 0.1602); on `default`
it rose on all three (0.2267 to 0.2272, 0.2150 to 0.2169, 0.2206 to 0.2222), because what a model misses is as often
chance as drift. Holding the mean score at the newest date's share helped all three of `reference` (to 0.1537, 0.1584,
0.1555) and hurt all three of `default` (to 0.2269, 0.2153, 0.2212), whose features do tell what moves. So the card
says of which date the probabilities are, and what share converted on each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from runner.calibration import Calibration, fit_calibration
from runner.errors import ModelError
from runner.training.boosting import Boosted, Pair, compare, fit, is_ahead, judge
from runner.training.door import Rows, TrainingData
from runner.training.linear import FirstStage, refit

FOLDS = 3
HALF_LIFE_DAYS = 7
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class FinalFit:
    """A refitted model.

    Args:
        boosted: as from `boost`. calibration: fitted out of fold on the newest date.
        rows, conversions: of all dates. through: the newest as-of date, ISO.
        half_life_days: in which a row's weight halves; None: all dates count alike.
    """

    boosted: Boosted
    calibration: Calibration
    rows: int
    conversions: int
    through: str
    half_life_days: int | None


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
    judges = [
        k for k in range(FOLDS) if _both_classes(rows, is_newest & (fold == k)) and _both_classes(rows, fold != k)
    ]
    if not judges:
        return None

    def pairs(learners: Rows, stage: FirstStage | None) -> Iterator[Pair]:
        for k in judges:
            learn = learners.where(fold != k)
            start = refit(stage, learn, data.features) if stage else None
            yield Pair(learn, rows.where(is_newest & (fold == k)), start)

    winner, trials = compare(judged.index, lambda stage: pairs(rows, stage), data.features, seed)
    recent = judge(winner.plan, judged.index, lambda stage: pairs(aged, stage), data.features, seed)
    half_life = HALF_LIFE_DAYS if is_ahead(recent, winner) else None
    learners = rows
    if half_life:
        winner, learners, trials = recent, aged, (*trials, recent.trial)
    try:
        calibration = fit_calibration(winner.log_odds, winner.label, winner.weight)
    except ModelError:
        return None
    index = refit(judged.index, learners, data.features) if judged.index else None
    conversions = rows.where(is_newest).positives
    judged_on = f"{FOLDS} folds of the people as of {day_of(newest)} ({conversions:,} conversions)"
    boosted = fit(winner, trials, learners, data.features, index, judged_on, seed)
    return FinalFit(boosted, calibration, rows.size, rows.positives, day_of(newest).isoformat(), half_life)


def _both_classes(rows: Rows, where: npt.NDArray[np.bool_]) -> bool:
    label = rows.label[where]
    return bool(label.size) and bool(label.min() < label.max())


def learned_until(as_of_ms: int, window_days: int) -> str:
    """The day (ISO, exclusive) at which the label window of an as-of time ends: `window_days` is gap + horizon."""
    return (day_of(as_of_ms) + timedelta(days=window_days)).isoformat()


def day_of(milliseconds: int) -> date:
    """The UTC day of a time in milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()


def newest_of(*splits: Rows) -> int:
    """The newest as-of time of some splits, in milliseconds since 1970."""
    return max(int(np.max(rows.as_of)) for rows in splits)
