"""How well anybody could rank: the AUC of the true probability, and how sure that number is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runner.errors import DataError
from runner.synthetic.streams import Bools, Floats

if TYPE_CHECKING:
    from runner.synthetic.truth import Truth


@dataclass(frozen=True)
class BestPossible:
    """The limit for any model that sees the past only.

    Args:
        auc: of the true probability against what really happened; compare a model's AUC on the same users to it.
        expected_auc: its mean over everything that could have happened.
        monte_carlo_standard_error, monte_carlo_bias: of `auc`, because the probability is estimated (jackknife
            over independent replicates). A positive bias means that the estimate is too high.
        sampling_standard_error: of `auc`, because these users converted and not others (DeLong).
        users, converted: how many were ranked, and how many of them converted.
    """

    auc: float
    expected_auc: float
    monte_carlo_standard_error: float
    monte_carlo_bias: float
    sampling_standard_error: float
    users: int
    converted: int


def best_possible_auc(truth: Truth, among: Bools | None = None) -> BestPossible:
    """The best AUC that can be had on eligible users, or on those of them where `among` says so.

    Raises:
        DataError: nobody, or everybody, converted.
    """
    rows = truth.eligible if among is None else truth.eligible & among
    happened, probability = truth.converted[rows], truth.probability[rows]
    if happened.all() or not happened.any():
        raise DataError(
            f"Of {happened.size} users {int(happened.sum())} converted between {truth.as_of} and "
            f"{truth.horizon_days} days later: there is nothing to rank.",
            "Use more users or a longer horizon.",
        )
    replicates = truth.replicates[:, rows]
    error, bias = jackknife(replicates, lambda p: auc(p, happened))
    sampling = _delong(probability, happened)
    return BestPossible(
        auc(probability, happened),
        expected_auc(probability),
        error,
        bias,
        sampling,
        int(happened.size),
        int(happened.sum()),
    )


def auc(score: Floats, happened: Bools) -> float:
    """Area under the ROC curve: the chance that who converted has the higher score, ties counting half."""
    positive = happened.astype(float)
    return _concordance(score, positive, 1.0 - positive)


def expected_auc(probability: Floats) -> float:
    """The AUC of a probability when conversions happen with exactly that probability.

    The mean number of concordant pairs over the mean number of pairs (a ratio of means), which is exact for many users.
    """
    return _concordance(probability, probability, 1.0 - probability)


def jackknife(replicates: Floats, statistic: Callable[[Floats], float]) -> tuple[float, float]:
    """Standard error and bias of a statistic of the replicates' mean, leaving one replicate out at a time."""
    n, total = replicates.shape[0], replicates.sum(axis=0)
    whole = statistic(total / n)
    without = np.array([statistic((total - one) / (n - 1)) for one in replicates])
    error = float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
    return error, float((n - 1) * (without.mean() - whole))


def _concordance(score: Floats, positive: Floats, negative: Floats) -> float:
    """Sum over pairs of positive weight times negative weight of a lower score (half on ties), over all pairs."""
    _, back, counts = np.unique(score, return_inverse=True, return_counts=True)
    up, down = np.bincount(back, positive, counts.size), np.bincount(back, negative, counts.size)
    below = np.cumsum(down) - down
    # A person is no pair with themselves; with 0/1 weights the term is zero.
    itself = float((positive * negative).sum())
    pairs = float(up.sum() * down.sum()) - itself
    return (float((up * (below + 0.5 * down)).sum()) - 0.5 * itself) / pairs


def _delong(score: Floats, happened: Bools) -> float:
    values, back, counts = np.unique(score, return_inverse=True, return_counts=True)
    up = np.bincount(back, happened, values.size)
    down = counts - up
    above_negatives = (np.cumsum(down) - down + 0.5 * down)[back] / down.sum()
    above_positives = (np.cumsum(up) - up + 0.5 * up)[back] / up.sum()
    placed, passed = above_negatives[happened], above_positives[~happened]
    return float(np.sqrt(placed.var(ddof=1) / placed.size + passed.var(ddof=1) / passed.size))
