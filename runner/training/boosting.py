"""The second stage: gradient-boosted trees, and how many of them.

Two plans compete. "on the first stage" starts from the additive index and lets small trees correct it; "alone" grows
larger trees from nothing. The number of trees with the lowest log loss wins, and the second plan only when it is ahead
by more than one standard error of the difference: on equal terms the additive index travels better to later dates. The
judges are the validate rows and, while those hold few conversions, train rows that a fold leaves out: with 200
conversions the difference between two good plans drowns in chance. Calibrate and test rows are never looked at here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from runner.training.door import Rows, TrainingData
from runner.training.frame import Feature, Matrix
from runner.training.linear import FirstStage, fit_first_stage, mean_log_loss, refit
from runner.training.threads import lgb

Floats = npt.NDArray[np.float64]
FOLDS = 3
ENOUGH_CONVERSIONS = 1000
"""From this many conversions on, the validate split alone is judge enough."""
MOST_TREES, PATIENCE = 1500, 40
SHARED: dict[str, Any] = {
    "objective": "binary",
    "metric": "binary_logloss",
    "bagging_freq": 1,
    "num_threads": 2,
    # Equal data, seed and library give an equal model, whatever the load on the machine.
    "deterministic": True,
    "force_row_wise": True,
    "feature_pre_filter": False,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Plan:
    """How trees are grown. `parameters` go to LightGBM; `on_first_stage` says whether they start from its index."""

    name: str
    on_first_stage: bool
    parameters: dict[str, Any]


ON_FIRST_STAGE = Plan(
    "on the first stage",
    True,
    {
        "num_leaves": 15,
        "learning_rate": 0.03,
        "min_data_in_leaf": 200,
        "lambda_l2": 50.0,
        "feature_fraction": 0.4,
        "bagging_fraction": 0.6,
    },
)
ALONE = Plan(
    "alone",
    False,
    {
        "num_leaves": 15,
        "learning_rate": 0.05,
        "min_data_in_leaf": 100,
        "lambda_l2": 10.0,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
    },
)


@dataclass(frozen=True)
class Trial:
    """What the judges said of a plan: its best number of trees, and the log loss with and without them."""

    plan: str
    trees: int
    log_loss: float
    log_loss_without_trees: float


@dataclass(frozen=True)
class Pair:
    """Rows to learn from, rows that judge, and the first stage fitted on the former only (None: trees start alone)."""

    learn: Rows
    judge: Rows
    stage: FirstStage | None


Pairs = Callable[[FirstStage | None], Iterator[Pair]]
"""Pairs of learners and judges, with the given first stage fitted on each pair's learners."""


@dataclass(frozen=True)
class Judged:
    """A trial, and the log-odds that it gave each judging row, in the same order for every plan."""

    plan: Plan
    trial: Trial
    log_odds: Floats
    label: Floats
    weight: Floats

    @property
    def losses(self) -> Floats:
        """Log loss of each row."""
        losses: Floats = np.logaddexp(0.0, self.log_odds) - self.label * self.log_odds
        return losses


@dataclass(frozen=True)
class Boosted:
    """The winner, fitted.

    Args:
        booster: LightGBM's model. first_stage: where it starts from, or None.
        index: the first stage that was on offer, whether the winner starts from it or not.
        plan: name of the plan. parameters: as given to LightGBM. trials: every plan that was judged.
        judged_on: which rows the judges were, in words.
    """

    booster: lgb.Booster
    first_stage: FirstStage | None
    index: FirstStage | None
    plan: str
    parameters: dict[str, Any]
    trials: tuple[Trial, ...]
    judged_on: str


def boost(data: TrainingData, seed: int) -> Boosted:
    """Compare the plans and fit the better one on all of train."""
    index = fit_first_stage(data.train, data.features)
    folds = FOLDS if data.validate.positives < ENOUGH_CONVERSIONS else 0
    winner, trials = compare(index, lambda stage: _pairs(stage, data, folds), data.features, seed)
    judged_on = f"validate ({data.validate.positives:,} conversions)"
    if folds:
        judged_on += f" and {folds} folds of train ({data.train.positives:,} conversions)"
    return fit(winner, trials, data.train, data.features, index, judged_on, seed)


def compare(
    index: FirstStage | None, pairs: Pairs, features: Sequence[Feature], seed: int
) -> tuple[Judged, tuple[Trial, ...]]:
    """Let the judges of all pairs compare the plans: the winner, and what was said of every plan."""
    plans = [ON_FIRST_STAGE, ALONE] if index else [ALONE]
    judged = [judge(plan, index, pairs, features, seed) for plan in plans]
    winner = judged[1] if len(judged) > 1 and is_ahead(judged[1], judged[0]) else judged[0]
    return winner, tuple(j.trial for j in judged)


def fit(
    winner: Judged,
    trials: tuple[Trial, ...],
    rows: Rows,
    features: Sequence[Feature],
    index: FirstStage | None,
    judged_on: str,
    seed: int,
) -> Boosted:
    """Fit the winner on `rows`; `index` is the first stage fitted on them."""
    start = index if winner.plan.on_first_stage else None
    parameters = _parameters(winner.plan, rows.size, seed)
    booster: lgb.Booster = lgb.train(parameters, _dataset(rows, features, start), winner.trial.trees)
    return Boosted(booster, start, index, winner.plan.name, parameters, trials, judged_on)


def start_scores(x: Matrix, features: Sequence[Feature], stage: FirstStage | None) -> Floats | None:
    """What trees start from: the first stage's log-odds, or nothing."""
    return stage.log_odds(x, [f.name for f in features]) if stage else None


def is_ahead(one: Judged, other: Judged) -> bool:
    """Whether the log loss of `one` is lower by more than a standard error of the difference on the same rows."""
    difference = other.losses - one.losses
    share = one.weight / one.weight.sum()
    mean = float(share @ difference)
    return mean > float(np.sqrt((share**2 * (difference - mean) ** 2).sum()))


def judge(plan: Plan, index: FirstStage | None, pairs: Pairs, features: Sequence[Feature], seed: int) -> Judged:
    """The number of trees at which the log loss, pooled over all judges, is lowest."""
    curve, total, without = np.zeros(0), 0.0, 0.0
    judges: list[tuple[Rows, Floats, lgb.Booster]] = []
    for pair in pairs(index if plan.on_first_stage else None):
        start = start_scores(pair.judge.x, features, pair.stage)
        booster, losses = _grow(pair, features, _parameters(plan, pair.learn.size, seed))
        weight = float(pair.judge.weight.sum())
        curve = _added(curve, losses * weight)
        total += weight
        base = np.full(pair.judge.size, _prior(pair.learn)) if start is None else start
        without += mean_log_loss(base, pair.judge.label, pair.judge.weight) * weight
        judges.append((pair.judge, np.zeros(pair.judge.size) if start is None else start, booster))
    trees = int(np.argmin(curve)) + 1
    return Judged(
        plan,
        Trial(plan.name, trees, float(curve[trees - 1] / total), without / total),
        np.concatenate([_log_odds(judge, start, booster, trees) for judge, start, booster in judges]),
        np.concatenate([judge.label for judge, _, _ in judges]),
        np.concatenate([judge.weight for judge, _, _ in judges]),
    )


def _log_odds(judge: Rows, start: Floats, booster: lgb.Booster, trees: int) -> Floats:
    raw = booster.predict(judge.x, raw_score=True, num_iteration=min(trees, booster.num_trees()), num_threads=2)
    log_odds: Floats = start + np.asarray(raw, dtype=np.float64)
    return log_odds


def _pairs(stage: FirstStage | None, data: TrainingData, folds: int) -> Iterator[Pair]:
    """Train with validate, then each fold of train with the rest of it."""
    yield Pair(data.train, data.validate, stage)
    fold = data.train.fold(folds) if folds else np.zeros(0, dtype=np.int64)
    for k in range(folds):
        learn, judge = data.train.where(fold != k), data.train.where(fold == k)
        if judge.positives in (0, judge.size) or learn.positives in (0, learn.size):
            continue
        yield Pair(learn, judge, refit(stage, learn, data.features) if stage else None)


def _grow(pair: Pair, features: Sequence[Feature], parameters: dict[str, Any]) -> tuple[lgb.Booster, Floats]:
    """Trees until the judges' log loss has not fallen for `PATIENCE` trees, and that loss after each tree."""
    train = _dataset(pair.learn, features, pair.stage)
    seen: dict[str, dict[str, list[float]]] = {}
    booster: lgb.Booster = lgb.train(
        parameters,
        train,
        MOST_TREES,
        valid_sets=[_dataset(pair.judge, features, pair.stage, train)],
        valid_names=["judge"],
        callbacks=[lgb.record_evaluation(seen), lgb.early_stopping(PATIENCE, verbose=False)],
    )
    return booster, np.array(seen["judge"]["binary_logloss"])


def _dataset(
    rows: Rows, features: Sequence[Feature], stage: FirstStage | None, reference: lgb.Dataset | None = None
) -> lgb.Dataset:
    return lgb.Dataset(
        rows.x,
        rows.label,
        weight=rows.weight,
        init_score=start_scores(rows.x, features, stage),
        reference=reference,
        feature_name=[f"f{i}" for i in range(len(features))] if reference is None else "auto",
        categorical_feature=[i for i, f in enumerate(features) if f.kind == "category"],
        free_raw_data=True,
        params={k: SHARED[k] for k in ("feature_pre_filter", "num_threads", "deterministic", "verbosity")},
    )


def _parameters(plan: Plan, rows: int, seed: int) -> dict[str, Any]:
    """The plan's parameters; leaves may be smaller when there are few rows."""
    own = dict(plan.parameters)
    own["min_data_in_leaf"] = max(5, min(int(own["min_data_in_leaf"]), rows // 100))
    return {**SHARED, **own, "seed": seed}


def _added(one: Floats, other: Floats) -> Floats:
    """Sum of two curves; one that ended early stands still at its last value."""
    if not one.size:
        return other
    length = max(one.size, other.size)
    return np.pad(one, (0, length - one.size), mode="edge") + np.pad(other, (0, length - other.size), mode="edge")


def _prior(rows: Rows) -> float:
    share = float(np.average(rows.label, weights=rows.weight))
    return float(np.log(share / (1.0 - share)))


def as_json(boosted: Boosted) -> dict[str, Any]:
    """How the model came about, for the card."""
    return {
        "plan": boosted.plan,
        "trees": boosted.booster.num_trees(),
        "parameters": boosted.parameters,
        "judged_on": boosted.judged_on,
        "trials": [dataclasses.asdict(t) for t in boosted.trials],
    }
