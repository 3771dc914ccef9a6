"""The first stage: an additive index of the numeric features, handed to LightGBM as its starting point.

Trees need many rows to add up a dozen small effects; an elastic net needs few. It is fitted on the 0/1 label itself
because chances of rare events add up (twice the visits, about twice the chance), and its output is read as a
log-odds through two more numbers. What is not additive is left to the trees.

Windows of one count nest (7 days lie inside 28), so the widest window carries the effect and the narrower ones are
increments: those must earn their place against a higher bar. The bar is in units of the noise of a correlation, so it
falls by itself as rows are added. How high it is, and whether counts are taken as they are or in logarithms, is decided
out of fold on train, with all rows of a person in one fold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import add
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from runner.calibration import fit_line
from runner.training.door import Rows
from runner.training.frame import Feature, Matrix

Floats = npt.NDArray[np.float64]
Shape = Literal["as it is", "logarithm"]
RIDGES = (0.03, 0.1, 0.3)
BARS = (3.0, 2.0, 1.0)
"""In standard errors of the covariance of a scaled feature without effect and the label; falling, for warm starts."""
WIDEST_WINDOW = 0.4
"""Share of the bar that a count's widest window must pass."""
SHAPES: tuple[Shape, ...] = ("as it is", "logarithm")
FOLDS = 4
SWEEPS = 300
TOLERANCE = 1e-7
FURTHEST = 20.0
"""Standard deviations at which a value is cut, so that one huge order does not decide about a person."""
_WINDOW = re.compile(r"^(?P<stem>.+)_(?P<days>\d+)d$")
_MINUTES_A_DAY = 1440.0


@dataclass(frozen=True)
class FirstStage:
    """A fitted first stage; all of it are numbers that stand in the model card.

    Args:
        features: names of the columns it reads. shape: what is done to counts and sums before they are scaled.
        mean, scale, coefficients: one for each feature, for the transformed value.
        base: the index of an average person. lowest, highest: the index is cut to this range.
        slope, intercept: log-odds = intercept + slope * logit(index).
        ridge, bar: what the out-of-fold comparison chose.
    """

    features: tuple[str, ...]
    shape: Shape
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    base: float
    lowest: float
    highest: float
    slope: float
    intercept: float
    ridge: float
    bar: float

    def log_odds(self, x: Matrix, names: Sequence[str]) -> Floats:
        """The stage's log-odds for rows of a matrix whose columns are `names`."""
        return self._link(self._index(x, names))

    def contributions(self, x: Matrix, names: Sequence[str]) -> Floats:
        """What each feature adds to the log-odds of each row, against the average person; shape (rows, features).

        The link is not linear, so each row's total is shared in proportion to the features' parts of the index.
        """
        parts = self._scaled(x, names) * np.asarray(self.coefficients)
        index = self.base + parts.sum(axis=1)
        total = self._link(index) - self._link(np.array([self.base]))
        distance = index - self.base
        ratio = np.divide(total, distance, out=np.zeros_like(total), where=np.abs(distance) > 1e-12)
        shared: Floats = parts * ratio[:, None]
        return shared

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        several = ("features", "mean", "scale", "coefficients")
        values: dict[str, Any] = {k: tuple(v) if k in several else v for k, v in content.items()}
        return cls(**values)

    def _scaled(self, x: Matrix, names: Sequence[str]) -> Floats:
        at = {name: i for i, name in enumerate(names)}
        raw = transformed(x[:, [at[name] for name in self.features]], self.features, self.shape)
        return _scale(raw, np.asarray(self.mean), np.asarray(self.scale))

    def _index(self, x: Matrix, names: Sequence[str]) -> Floats:
        index: Floats = self.base + self._scaled(x, names) @ np.asarray(self.coefficients)
        return index

    def _link(self, index: Floats) -> Floats:
        cut = np.clip(index, self.lowest, self.highest)
        linked: Floats = self.intercept + self.slope * np.log(cut / (1.0 - cut))
        return linked


def transformed(x: Matrix, names: Sequence[str], shape: Shape) -> Floats:
    """Columns as the stage reads them: recency as 1 / (1 + days) with 0 for never, counts in the given shape."""
    values = np.asarray(x, dtype=np.float64)
    if shape == "logarithm":
        values = np.sign(values) * np.log1p(np.abs(values))
    for position, name in enumerate(names):
        if name.startswith("minutes_since_"):
            recency = 1.0 / (1.0 + np.maximum(x[:, position], 0.0) / _MINUTES_A_DAY)
            values[:, position] = np.nan_to_num(recency, nan=0.0)
    return values


def fit_first_stage(train: Rows, features: Sequence[Feature]) -> FirstStage | None:
    """Fit on train; None when no numeric feature varies, or the folds do not all have both classes."""
    usable = [i for i, f in enumerate(features) if f.kind == "number" and _varies(train.x[:, i])]
    names = tuple(features[i].name for i in usable)
    fold = train.fold(FOLDS)
    classes = [np.unique(train.label[fold == k]).size for k in range(FOLDS)]
    if not names or min(classes) < 2:
        return None
    best: tuple[float, Shape, float, float] | None = None
    for shape in SHAPES:
        z, _, _ = _standardised(transformed(train.x[:, usable], names, shape))
        loss, ridge, bar = _compare(z, train, fold, names)
        if best is None or loss < best[0]:
            best = (loss, shape, ridge, bar)
    assert best is not None
    _, shape, ridge, bar = best
    return _fit(train, names, usable, shape, ridge, bar)


def refit(stage: FirstStage, rows: Rows, features: Sequence[Feature]) -> FirstStage:
    """The same stage (features, shape, ridge and bar) fitted on other rows."""
    at = {f.name: i for i, f in enumerate(features)}
    return _fit(rows, stage.features, [at[n] for n in stage.features], stage.shape, stage.ridge, stage.bar)


def _fit(
    rows: Rows, names: tuple[str, ...], columns: Sequence[int], shape: Shape, ridge: float, bar: float
) -> FirstStage:
    z, mean, scale = _standardised(transformed(rows.x[:, columns], names, shape))
    moments = _moments(z, rows.label, rows.weight)
    coefficients = _elastic_net(moments, ridge, bar * _bars(names))
    base = moments.label - float(moments.mean @ coefficients)
    lowest, highest = moments.label / 15.0, 1.0 - (1.0 - moments.label) / 15.0
    index = np.clip(base + z @ coefficients, lowest, highest)
    slope, intercept = fit_line(np.log(index / (1.0 - index)), rows.label, rows.weight)
    return FirstStage(
        names, shape, tuple(mean.tolist()), tuple(scale.tolist()), tuple(coefficients.tolist()),
        base, lowest, highest, slope, intercept, ridge, bar,
    )  # fmt: skip


@dataclass(frozen=True)
class _Moments:
    """Sums that a ridge regression needs; sums of parts add up, so folds are left out by subtraction."""

    rows: float
    sum_label: float
    sum_z: Floats
    zz: Floats
    zy: Floats

    @property
    def label(self) -> float:
        return self.sum_label / self.rows

    @property
    def mean(self) -> Floats:
        mean: Floats = self.sum_z / self.rows
        return mean

    def __add__(self, other: _Moments) -> _Moments:
        return _Moments(
            self.rows + other.rows,
            self.sum_label + other.sum_label,
            self.sum_z + other.sum_z,
            self.zz + other.zz,
            self.zy + other.zy,
        )

    def __sub__(self, other: _Moments) -> _Moments:
        return _Moments(
            self.rows - other.rows,
            self.sum_label - other.sum_label,
            self.sum_z - other.sum_z,
            self.zz - other.zz,
            self.zy - other.zy,
        )


def _moments(z: Floats, label: Floats, weight: Floats) -> _Moments:
    weighted = z * weight[:, None]
    return _Moments(
        float(weight.sum()), float((weight * label).sum()), weighted.sum(axis=0), weighted.T @ z, weighted.T @ label
    )


def _elastic_net(m: _Moments, ridge: float, bars: Floats, start: Floats | None = None) -> Floats:
    """Coordinate descent: half the squared error, plus a ridge, plus `bars` standard errors times |b|."""
    gram = m.zz / m.rows - np.outer(m.mean, m.mean)
    toward = m.zy / m.rows - m.label * m.mean
    least = bars * np.sqrt(m.label * (1.0 - m.label) / m.rows)
    hold = np.diag(gram) + ridge
    b = np.zeros(toward.size) if start is None else start.copy()
    rest = toward - gram @ b
    for _ in range(SWEEPS):
        furthest = 0.0
        for j in range(b.size):
            pull = rest[j] + gram[j, j] * b[j]
            fresh = np.sign(pull) * max(abs(pull) - least[j], 0.0) / hold[j]
            step = fresh - b[j]
            if step != 0.0:
                rest -= gram[:, j] * step
                b[j] = fresh
                furthest = max(furthest, abs(step))
        if furthest < TOLERANCE:
            break
    return b


def _compare(z: Floats, train: Rows, fold: npt.NDArray[np.int64], names: Sequence[str]) -> tuple[float, float, float]:
    """Out-of-fold log loss of the best pair of ridge and bar."""
    rows = [np.flatnonzero(fold == k) for k in range(FOLDS)]
    held = [z[r] for r in rows]
    parts = [_moments(own, train.label[r], train.weight[r]) for own, r in zip(held, rows, strict=True)]
    whole = reduce(add, parts)
    means = [(whole - part).mean for part in parts]
    best = (np.inf, RIDGES[0], BARS[0])
    for ridge in RIDGES:
        starts: list[Floats | None] = [None] * FOLDS
        for bar in BARS:
            index = np.empty(train.size)
            for k in range(FOLDS):
                rest = whole - parts[k]
                found = _elastic_net(rest, ridge, bar * _bars(names), starts[k])
                starts[k] = found
                index[rows[k]] = rest.label + held[k] @ found - float(means[k] @ found)
            cut = np.clip(index, whole.label / 15.0, 1.0 - (1.0 - whole.label) / 15.0)
            logit = np.log(cut / (1.0 - cut))
            slope, intercept = fit_line(logit, train.label, train.weight)
            best = min(best, (mean_log_loss(intercept + slope * logit, train.label, train.weight), ridge, bar))
    return best


def mean_log_loss(log_odds: Floats, label: Floats, weight: Floats) -> float:
    """Weighted mean log loss."""
    return float(np.average(np.logaddexp(0.0, log_odds) - label * log_odds, weights=weight))


def _bars(names: Sequence[str]) -> Floats:
    """The bar of each feature: `WIDEST_WINDOW` for a count's widest window, 1 for everything else."""
    parsed = [_WINDOW.match(name) for name in names]
    widest: dict[str, int] = {}
    for match in parsed:
        if match:
            widest[match["stem"]] = max(widest.get(match["stem"], 0), int(match["days"]))
    base = [m is not None and int(m["days"]) == widest[m["stem"]] for m in parsed]
    return np.where(base, WIDEST_WINDOW, 1.0)


def _standardised(values: Floats) -> tuple[Floats, Floats, Floats]:
    mean, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    return _scale(values, mean, scale), mean, scale


def _scale(values: Floats, mean: Floats, scale: Floats) -> Floats:
    """In standard deviations, cut at `FURTHEST`; null counts as average."""
    scaled: Floats = np.clip(np.nan_to_num((values - mean) / scale, nan=0.0), -FURTHEST, FURTHEST)
    return scaled


def _varies(values: npt.NDArray[np.float32]) -> bool:
    known = values[~np.isnan(values)]
    return bool(known.size) and bool(known.min() < known.max())
