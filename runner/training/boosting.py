"""The second stage: gradient-boosted trees, and how many of them.

Two plans compete. "on the first stage" starts from the additive index and lets small trees correct it; "alone" grows
larger trees from nothing. The plan and the number of trees with the lowest log loss win. The judges are the validate
rows and, while those hold few conversions, train rows that a fold leaves out: with 200 conversions the difference
between two good plans drowns in chance. Calibrate and test rows are never looked at here.
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
    trials = [_judge(plan, stage, data, folds, seed) for plan in plans]
    best = min(range(len(plans)), key=lambda i: trials[i].log_loss)
    plan, start = plans[best], stage if plans[best].on_first_stage else None
    parameters = _parameters(plan, data.train.size, seed)
    booster = _grow(data.train, data.features, start, parameters, trials[best].trees)
    judged_on = f"validate ({data.validate.positives:,} conversions)"
    if folds:
        judged_on += f" and {folds} folds of train ({data.train.positives:,} conversions)"
    return Boosted(booster, start, plan.name, parameters, tuple(trials), judged_on)


def start_scores(x: Matrix, features: Sequence[Feature], stage: FirstStage | None) -> Floats | None:
    """What trees start from: the first stage's log-odds, or nothing."""
    return stage.log_odds(x, [f.name for f in features]) if stage else None


def _judge(plan: Plan, stage: FirstStage | None, data: TrainingData, folds: int, seed: int) -> Trial:
    """The curve of the log loss over the number of trees, pooled over all judges, and where it is lowest."""
    curve, without, total = np.zeros(0), 0.0, 0.0
    for learn, judge, own in _pairs(plan, stage, data, folds):
        parameters = _parameters(plan, learn.size, seed)
        start = start_scores(judge.x, data.features, own)
        base = start if start is not None else np.full(judge.size, _prior(learn))
        losses = _curve(learn, judge, data.features, own, parameters)
        weight = float(judge.weight.sum())
        curve = _added(curve, losses * weight)
        without += mean_log_loss(base, judge.label, judge.weight) * weight
        total += weight
    at = int(np.argmin(curve))
    return Trial(plan.name, at + 1, float(curve[at] / total), without / total)


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


def _curve(
    learn: Rows, judge: Rows, features: Sequence[Feature], stage: FirstStage | None, parameters: dict[str, Any]
) -> Floats:
    """Log loss on `judge` after 1, 2, 3 ... trees, until it has not fallen for `PATIENCE` trees."""
    train = _dataset(learn, features, stage)
    valid = _dataset(judge, features, stage, train)
    seen: dict[str, dict[str, list[float]]] = {}
    lgb.train(
        parameters,
        train,
        MOST_TREES,
        valid_sets=[valid],
        valid_names=["judge"],
        callbacks=[lgb.record_evaluation(seen), lgb.early_stopping(PATIENCE, verbose=False)],
    )
    return np.array(seen["judge"]["binary_logloss"])


def _grow(
    rows: Rows, features: Sequence[Feature], stage: FirstStage | None, parameters: dict[str, Any], trees: int
) -> lgb.Booster:
    booster: lgb.Booster = lgb.train(parameters, _dataset(rows, features, stage), trees)
    return booster


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
