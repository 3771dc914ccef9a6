"""How good the scores are on the test split: people as of a later date, judged by what they did afterwards.

Everything is weighted by the rows' weights. Rates are fractions, not percentages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from runner.training.door import Rows, TrainingData

Floats = npt.NDArray[np.float64]
TOO_GOOD = 0.95
"""An AUC above this is an alarm: so far ahead nobody sees; the label has usually leaked into a feature."""
CALIBRATION_BINS = 10
BASELINE_ROWS = 50_000
"""Train rows, evenly thinned, that are enough to choose the best single feature."""
ROC_POINTS = 201


@dataclass(frozen=True)
class Curve:
    """Points of a curve; `x` rises."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Decile:
    """One tenth of the people, best first.

    Args:
        decile: 1 is the tenth with the highest scores. rows: how many. rate: share that converted.
        lift: rate over the overall rate. captured: share of all conversions in this and all better deciles.
    """

    decile: int
    rows: int
    rate: float
    lift: float
    captured: float


@dataclass(frozen=True)
class CalibrationBin:
    """One tenth of the people by score: what was promised and what happened."""

    rows: int
    mean_score: float
    rate: float


@dataclass(frozen=True)
class Baseline:
    """The best single feature: chosen and turned on train, measured on test. `direction` is 1 or -1 (fewer is better).

    Never (null) ranks below everything, since it stands for the weakest sign of interest.
    """

    feature: str
    direction: int
    auc_train: float
    auc: float


@dataclass(frozen=True)
class Evaluation:
    """Everything that is known about the scores on the test split.

    Args:
        as_of: the test as-of time, ISO 8601. rows, conversions, base_rate: of the split.
        auc with auc_low and auc_high (95 % interval, DeLong); average_precision; log_loss; brier.
        log_loss_base: log loss of telling everybody the base rate.
        calibration_error: weighted mean distance between promised and observed rate over ten bins of equal size.
        mean_score: compare with base_rate. leak_alarms: reasons to suspect that a feature knows the future.
    """

    as_of: str
    rows: int
    conversions: int
    base_rate: float
    mean_score: float
    auc: float
    auc_low: float
    auc_high: float
    average_precision: float
    log_loss: float
    log_loss_base: float
    brier: float
    calibration_error: float
    baseline: Baseline
    deciles: tuple[Decile, ...]
    calibration: tuple[CalibrationBin, ...]
    roc: Curve
    leak_alarms: tuple[str, ...]

    def metrics(self) -> dict[str, float]:
        """The plain numbers, by name, for the gate, the registry and the summary."""
        return {
            "rows": float(self.rows),
            "conversions": float(self.conversions),
            "base_rate": self.base_rate,
            "mean_score": self.mean_score,
            "auc": self.auc,
            "auc_low": self.auc_low,
            "auc_high": self.auc_high,
            "average_precision": self.average_precision,
            "log_loss": self.log_loss,
            "log_loss_gain": self.log_loss_base - self.log_loss,
            "brier": self.brier,
            "calibration_error": self.calibration_error,
            "calibration_error_relative": self.calibration_error / self.base_rate,
            "auc_baseline": self.baseline.auc,
            "auc_over_baseline": self.auc - self.baseline.auc,
            "lift_top_decile": self.deciles[0].lift,
            "leak_alarms": float(len(self.leak_alarms)),
        }

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **content,
                "baseline": Baseline(**content["baseline"]),
                "deciles": tuple(Decile(**d) for d in content["deciles"]),
                "calibration": tuple(CalibrationBin(**b) for b in content["calibration"]),
                "roc": Curve(tuple(content["roc"]["x"]), tuple(content["roc"]["y"])),
                "leak_alarms": tuple(content["leak_alarms"]),
            }
        )


def evaluate(scores: Floats, data: TrainingData) -> Evaluation:
    """Judge calibrated scores of the test split's rows (in their order).

    Returns:
        the evaluation; leak alarms are in it, nothing is raised for them (that is the gate's business).
    """
    test = data.test
    label, weight = test.label, test.weight
    area, error = auc_with_error(scores, label, weight)
    rate = float(np.average(label, weights=weight))
    best = baseline(data)
    bins = calibration_bins(scores, label, weight)
    return Evaluation(
        as_of=np.datetime_as_string(np.datetime64(int(test.as_of[0]), "ms"), unit="s") + "Z",
        rows=test.size,
        conversions=test.positives,
        base_rate=rate,
        mean_score=float(np.average(scores, weights=weight)),
        auc=area,
        auc_low=max(0.0, area - 1.96 * error),
        auc_high=min(1.0, area + 1.96 * error),
        average_precision=average_precision(scores, label, weight),
        log_loss=_log_loss(scores, label, weight),
        log_loss_base=_log_loss(np.full(label.size, rate), label, weight),
        brier=float(np.average((scores - label) ** 2, weights=weight)),
        calibration_error=calibration_error(bins),
        baseline=best,
        deciles=deciles(scores, label, weight),
        calibration=bins,
        roc=roc(scores, label, weight),
        leak_alarms=_alarms(area, best),
    )


def auc(scores: Floats, label: Floats, weight: Floats | None = None) -> float:
    """Area under the ROC curve: the chance that who converted has the higher score, ties counting half."""
    weight = np.ones_like(label) if weight is None else weight
    _, at = np.unique(scores, return_inverse=True)
    up = np.bincount(at, weight * label)
    down = np.bincount(at, weight * (1.0 - label))
    below = np.cumsum(down) - 0.5 * down
    return float((up * below).sum() / (up.sum() * down.sum()))


def auc_with_error(scores: Floats, label: Floats, weight: Floats) -> tuple[float, float]:
    """AUC and its standard error after DeLong, DeLong and Clarke-Pearson (Biometrics 1988), weighted."""
    up, down = _placements(scores, label, weight)
    area = float(np.average(up, weights=weight[label == 1]))
    return area, float(np.sqrt(_variance(up, weight[label == 1]) + _variance(down, weight[label == 0])))


def auc_difference(one: Floats, other: Floats, label: Floats, weight: Floats) -> tuple[float, float]:
    """AUC of `one` minus AUC of `other` on the same rows, and the standard error of that difference (DeLong)."""
    up_one, down_one = _placements(one, label, weight)
    up_other, down_other = _placements(other, label, weight)
    positive, negative = weight[label == 1], weight[label == 0]
    difference = float(np.average(up_one - up_other, weights=positive))
    variance = _variance(up_one - up_other, positive) + _variance(down_one - down_other, negative)
    return difference, float(np.sqrt(variance))


def average_precision(scores: Floats, label: Floats, weight: Floats) -> float:
    """Mean precision over the conversions, from the best score down; people with equal scores come together."""
    values, at = np.unique(-scores, return_inverse=True)
    up = np.bincount(at, weight * label, values.size)
    every = np.bincount(at, weight, values.size)
    return float((up * np.cumsum(up) / np.cumsum(every)).sum() / up.sum())


def roc(scores: Floats, label: Floats, weight: Floats) -> Curve:
    """The ROC curve, thinned: share of non-converters (x) and of converters (y) above a score."""
    _, at = np.unique(-scores, return_inverse=True)
    up = np.concatenate([[0.0], np.cumsum(np.bincount(at, weight * label))])
    down = np.concatenate([[0.0], np.cumsum(np.bincount(at, weight * (1.0 - label)))])
    grid = np.linspace(0.0, 1.0, ROC_POINTS)
    return Curve(tuple(grid.tolist()), tuple(np.interp(grid, down / down[-1], up / up[-1]).tolist()))


def deciles(scores: Floats, label: Floats, weight: Floats) -> tuple[Decile, ...]:
    """Ten groups of equal weight, best scores first."""
    order = np.argsort(-scores, kind="stable")
    label, weight = label[order], weight[order]
    part = _tenths(weight)
    rate = float(np.average(label, weights=weight))
    found, captured, total = [], 0.0, float((weight * label).sum())
    for number in range(CALIBRATION_BINS):
        rows = part == number
        if not rows.any():
            continue
        own = float(np.average(label[rows], weights=weight[rows]))
        captured += float((weight * label)[rows].sum()) / total
        found.append(Decile(number + 1, int(rows.sum()), own, own / rate, min(1.0, captured)))
    return tuple(found)


def calibration_bins(scores: Floats, label: Floats, weight: Floats) -> tuple[CalibrationBin, ...]:
    """Ten bins of equal weight by score, lowest first; people with equal scores may fall into two bins."""
    order = np.argsort(scores, kind="stable")
    scores, label, weight = scores[order], label[order], weight[order]
    part = _tenths(weight)
    return tuple(
        CalibrationBin(
            int(rows.sum()),
            float(np.average(scores[rows], weights=weight[rows])),
            float(np.average(label[rows], weights=weight[rows])),
        )
        for rows in (part == number for number in range(CALIBRATION_BINS))
        if rows.any()
    )


def calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """Mean distance between promised and observed rate (ECE); the bins are of equal weight."""
    return float(np.mean([abs(b.mean_score - b.rate) for b in bins]))


def baseline(data: TrainingData) -> Baseline:
    """The best single number feature, chosen and turned on train, measured on test."""
    train = data.train.where(np.arange(data.train.size) % max(1, data.train.size // BASELINE_ROWS) == 0)
    best: tuple[float, int, int] | None = None
    for position, feature in enumerate(data.features):
        if feature.kind != "number" or not _varies(train, position):
            continue
        for direction in (1, -1):
            area = auc(_ranked(train, position, direction), train.label, train.weight)
            if best is None or area > best[0]:
                best = (area, position, direction)
    if best is None:
        return Baseline("(none)", 1, 0.5, 0.5)
    area, position, direction = best
    on_test = auc(_ranked(data.test, position, direction), data.test.label, data.test.weight)
    return Baseline(data.features[position].name, direction, area, on_test)


def _alarms(area: float, best: Baseline) -> tuple[str, ...]:
    alarms = []
    if area > TOO_GOOD:
        alarms.append(f"AUC {area:.3f} on the later date is above {TOO_GOOD}: too good to be foresight.")
    if max(best.auc_train, best.auc) > TOO_GOOD:
        alarms.append(
            f"Feature {best.feature} alone separates who converts (AUC {max(best.auc_train, best.auc):.3f}): "
            "does it know what happened after as_of?"
        )
    return tuple(alarms)


def _ranked(rows: Rows, position: int, direction: int) -> Floats:
    values = direction * rows.x[:, position].astype(np.float64)
    return np.where(np.isnan(values), -np.inf, values)


def _varies(rows: Rows, position: int) -> bool:
    return bool(np.unique(rows.x[:, position]).size > 1)


def _placements(scores: Floats, label: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """For each converter the share of non-converters below, for each non-converter the share of converters above."""
    _, at = np.unique(scores, return_inverse=True)
    up, down = np.bincount(at, weight * label), np.bincount(at, weight * (1.0 - label))
    below = (np.cumsum(down) - 0.5 * down) / down.sum()
    above = 1.0 - (np.cumsum(up) - 0.5 * up) / up.sum()
    return below[at][label == 1], above[at][label == 0]


def _variance(placements: Floats, weight: Floats) -> float:
    """Variance of a weighted mean."""
    mean = np.average(placements, weights=weight)
    size = weight.size
    spread = float(((weight * (placements - mean)) ** 2).sum() / weight.sum() ** 2)
    return spread * size / max(1, size - 1)


def _tenths(weight: Floats) -> npt.NDArray[np.int64]:
    """For rows in order, which tenth of the total weight each falls into (by its middle)."""
    middle = np.cumsum(weight) - 0.5 * weight
    part = (middle / weight.sum() * CALIBRATION_BINS).astype(np.int64)
    return np.asarray(np.minimum(part, CALIBRATION_BINS - 1), dtype=np.int64)


def _log_loss(scores: Floats, label: Floats, weight: Floats) -> float:
    safe = np.clip(scores, 1e-12, 1.0 - 1e-12)
    return float(np.average(-(label * np.log(safe) + (1.0 - label) * np.log1p(-safe)), weights=weight))
