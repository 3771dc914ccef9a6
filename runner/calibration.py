"""From log-odds to a probability that can be taken at its word, fitted on the calibrate split.

Few conversions: a logistic curve of two numbers (Platt). Many: a monotone curve through the observed rates (isotonic),
with straight lines between its steps, so that people who differ in log-odds still differ in score. Either is a handful
of numbers in the model card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from runner.errors import ModelError

Floats = npt.NDArray[np.float64]
Method = Literal["platt", "isotonic"]
ENOUGH_FOR_ISOTONIC = 1000
"""Rows of the rarer class from which the isotonic curve is less wrong than the logistic one."""
MOST_KNOTS = 200
LIGHTEST_STEP = 0.005
"""Share of all weight that a step of the isotonic curve must hold to become a knot."""


@dataclass(frozen=True)
class Calibration:
    """A fitted curve.

    Args:
        method: `platt` or `isotonic`. slope, intercept: of the logistic curve; also the ends of the isotonic one.
        knots, values: log-odds and probabilities of the isotonic curve, both rising; empty for `platt`.
        rows, conversions: what it was fitted on.
    """

    method: Method
    slope: float
    intercept: float
    rows: int
    conversions: int
    knots: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def probability(self, log_odds: Floats) -> Floats:
        """Calibrated probabilities in [0, 1], never falling with the log-odds."""
        logistic = sigmoid(self.intercept + self.slope * log_odds)
        if not self.knots:
            return logistic
        knots, values = np.asarray(self.knots), np.asarray(self.values)
        between = np.interp(log_odds, knots, values)
        # Beyond the outermost knots the logistic curve goes on, from the height the knots ended at.
        ends = sigmoid(self.intercept + self.slope * knots[[0, -1]])
        below = logistic * (values[0] / ends[0])
        above = 1.0 - (1.0 - logistic) * ((1.0 - values[-1]) / (1.0 - ends[1]))
        curve: Floats = np.where(log_odds < knots[0], below, np.where(log_odds > knots[-1], above, between))
        return np.clip(curve, 0.0, 1.0)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        values: dict[str, Any] = {k: tuple(v) if k in ("knots", "values") else v for k, v in content.items()}
        return cls(**values)


def fit_calibration(log_odds: Floats, label: Floats, weight: Floats) -> Calibration:
    """Fit on the calibrate split; the method goes by how many rows the rarer class has.

    Raises:
        ModelError: the chance to convert falls with the model's log-odds, so the model ranks worse than luck.
    """
    conversions = int(label.sum())
    slope, intercept = fit_line(log_odds, label, weight)
    if slope <= 0.0:
        raise ModelError(
            f"On the calibrate split ({label.size:,} rows, {conversions:,} conversions) people with higher scores "
            "convert less: the model has learned nothing that holds there.",
            "Use more identities or a longer horizon, or add features that say something about the target.",
        )
    plain = Calibration("platt", slope, intercept, int(label.size), conversions)
    if min(conversions, label.size - conversions) < ENOUGH_FOR_ISOTONIC:
        return plain
    knots, values = _isotonic(log_odds, label, weight)
    if knots.size < 2:
        return plain
    return Calibration(
        "isotonic", slope, intercept, plain.rows, conversions, tuple(knots.tolist()), tuple(values.tolist())
    )


def fit_line(log_odds: Floats, label: Floats, weight: Floats) -> tuple[float, float]:
    """Slope and intercept of a logistic regression on one number, by Newton's method.

    A trace of ridge keeps the slope finite where the classes do not overlap.
    """
    center = float(np.average(log_odds, weights=weight))
    design = np.column_stack([log_odds - center, np.ones_like(log_odds)])
    share = float(np.average(label, weights=weight))
    theta = np.array([1.0, np.log(share / (1.0 - share))])
    hold = np.array([1e-6 * weight.sum(), 0.0])
    for _ in range(50):
        chance = sigmoid(design @ theta)
        gradient = design.T @ (weight * (label - chance)) - hold * (theta - np.array([1.0, 0.0]))
        curvature = (design * (weight * chance * (1.0 - chance))[:, None]).T @ design + np.diag(hold)
        step = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        theta = theta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-10:
            break
    slope = float(theta[0])
    return slope, float(theta[1] - slope * center)


def sigmoid(log_odds: Floats) -> Floats:
    """Probability of log-odds, without overflow."""
    half: Floats = 0.5 * (1.0 + np.tanh(0.5 * log_odds))
    return half


def _isotonic(log_odds: Floats, label: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Centres and heights of the isotonic steps, without the extreme steps that no probability should rest on."""
    # Not at the top: scikit-learn takes seconds to load, and scoring does without it.
    from sklearn.isotonic import IsotonicRegression

    steps = IsotonicRegression(out_of_bounds="clip").fit_transform(log_odds, label, sample_weight=weight)
    heights, where = np.unique(steps, return_inverse=True)
    mass = np.bincount(where, weight)
    centres = np.bincount(where, weight * log_odds) / mass
    # The outermost steps are the luckiest few rows, and say too much: a step needs some weight, and a rate between.
    keep = (mass >= max(50.0, LIGHTEST_STEP * weight.sum())) & (heights > 0.0) & (heights < 1.0)
    centres, heights = centres[keep], heights[keep]
    if centres.size > MOST_KNOTS:
        chosen = np.unique(np.linspace(0, centres.size - 1, MOST_KNOTS).round().astype(int))
        centres, heights = centres[chosen], heights[chosen]
    return centres, heights
