"""The second stage: gradient-boosted trees, and how many of them.

Two plans compete. "on the first stage" starts from the additive index and lets small trees correct it; "alone" grows
larger trees from nothing. The number of trees with the lowest log loss wins, and the second plan only when it is ahead
by more than one standard error of the difference: on equal terms the additive index travels better to later dates. The
judges are the validate rows and, while those hold few conversions, train rows that a fold leaves out: with 200
conversions the difference between two good plans drowns in chance. Calibrate and test rows are never looked at here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
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
class Boosted:
    """The winner, fitted on train.

    Args:
        booster: LightGBM's model. first_stage: where it starts from, or None.
        plan: name of the plan. parameters: as given to LightGBM. trials: every plan that was judged.
        judged_on: which rows the judges were, in words.
    """

    booster: lgb.Booster
    first_stage: FirstStage | None
    plan: str
    parameters: dict[str, Any]
    trials: tuple[Trial, ...]
    judged_on: str


def boost(data: TrainingData, seed: int) -> Boosted:
    """Compare the plans and fit the better one on all of train."""
    stage = fit_first_stage(data.train, data.features)
    plans = [ON_FIRST_STAGE, ALONE] if stage else [ALONE]
    folds = FOLDS if data.validate.positives < ENOUGH_CONVERSIONS else 0
    judged = [_judge(plan, stage, data, folds, seed) for plan in plans]
    plan, trial = plans[0], judged[0].trial
    if len(judged) > 1 and _is_ahead(judged[1], judged[0]):
        plan, trial = plans[1], judged[1].trial
    start = stage if plan.on_first_stage else None
    parameters = _parameters(plan, data.train.size, seed)
    booster: lgb.Booster = lgb.train(parameters, _dataset(data.train, data.features, start), trial.trees)
    judged_on = f"validate ({data.validate.positives:,} conversions)"
    if folds:
        judged_on += f" and {folds} folds of train ({data.train.positives:,} conversions)"
    return Boosted(booster, start, plan.name, parameters, tuple(j.trial for j in judged), judged_on)


def start_scores(x: Matrix, features: Sequence[Feature], stage: FirstStage | None) -> Floats | None:
    """What trees start from: the first stage's log-odds, or nothing."""
    return stage.log_odds(x, [f.name for f in features]) if stage else None


@dataclass(frozen=True)
class _Judged:
    """A trial, and what each judging row says of it: its log loss and its weight, in the same order for every plan."""

    trial: Trial
    losses: Floats
    weights: Floats


def _is_ahead(one: _Judged, other: _Judged) -> bool:
    """Whether the log loss of `one` is lower by more than a standard error of the difference on the same rows."""
    difference = other.losses - one.losses
    share = one.weights / one.weights.sum()
    mean = float(share @ difference)
    return mean > float(np.sqrt((share**2 * (difference - mean) ** 2).sum()))


def _judge(plan: Plan, stage: FirstStage | None, data: TrainingData, folds: int, seed: int) -> _Judged:
    """The number of trees at which the log loss, pooled over all judges, is lowest."""
    curve, total, without = np.zeros(0), 0.0, 0.0
    judges: list[tuple[Rows, Floats, lgb.Booster]] = []
    for learn, judge, own in _pairs(plan, stage, data, folds):
        start = start_scores(judge.x, data.features, own)
        booster, losses = _grow(learn, judge, data.features, own, _parameters(plan, learn.size, seed))
        weight = float(judge.weight.sum())
        curve = _added(curve, losses * weight)
        total += weight
        base = np.full(judge.size, _prior(learn)) if start is None else start
        without += mean_log_loss(base, judge.label, judge.weight) * weight
        judges.append((judge, np.zeros(judge.size) if start is None else start, booster))
    trees = int(np.argmin(curve)) + 1
    losses = np.concatenate([_losses(judge, start, booster, trees) for judge, start, booster in judges])
    weights = np.concatenate([judge.weight for judge, _, _ in judges])
    return _Judged(Trial(plan.name, trees, float(curve[trees - 1] / total), without / total), losses, weights)


def _losses(judge: Rows, start: Floats, booster: lgb.Booster, trees: int) -> Floats:
    raw = booster.predict(judge.x, raw_score=True, num_iteration=min(trees, booster.num_trees()), num_threads=2)
    log_odds = start + np.asarray(raw, dtype=np.float64)
    losses: Floats = np.logaddexp(0.0, log_odds) - judge.label * log_odds
    return losses


def _pairs(
    plan: Plan, stage: FirstStage | None, data: TrainingData, folds: int
) -> Iterator[tuple[Rows, Rows, FirstStage | None]]:
    """Rows to learn from, rows that judge, and the first stage fitted on the former only."""
    use = stage if plan.on_first_stage else None
    yield data.train, data.validate, use
    fold = data.train.fold(folds) if folds else np.zeros(0, dtype=np.int64)
    for k in range(folds):
        learn, judge = data.train.where(fold != k), data.train.where(fold == k)
        if judge.positives in (0, judge.size) or learn.positives in (0, learn.size):
            continue
        yield learn, judge, refit(use, learn, data.features) if use else None


def _grow(
    learn: Rows, judge: Rows, features: Sequence[Feature], stage: FirstStage | None, parameters: dict[str, Any]
) -> tuple[lgb.Booster, Floats]:
    """Trees until the log loss on `judge` has not fallen for `PATIENCE` trees, and that loss after each tree."""
    train = _dataset(learn, features, stage)
    seen: dict[str, dict[str, list[float]]] = {}
    booster: lgb.Booster = lgb.train(
        parameters,
        train,
        MOST_TREES,
        valid_sets=[_dataset(judge, features, stage, train)],
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
