"""A score of 0.1 means that one in ten converts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from runner.calibration import Calibration, fit_calibration, fit_line, sigmoid
from runner.errors import ModelError


def sample(rows: int, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-2.0, 1.2, rows)
    return log_odds, (rng.random(rows) < sigmoid(0.5 + 0.6 * log_odds)).astype(float)


def test_few_conversions_give_two_numbers() -> None:
    log_odds, label = sample(2_000)
    found = fit_calibration(log_odds, label, np.ones(2_000))
    assert (found.method, found.knots) == ("platt", ())
    assert found.slope == pytest.approx(0.6, abs=0.08)
    assert found.intercept == pytest.approx(0.5, abs=0.15)


def test_many_conversions_give_a_curve_that_keeps_people_apart() -> None:
    log_odds, label = sample(40_000)
    found = fit_calibration(log_odds, label, np.ones(40_000))
    assert found.method == "isotonic"
    fresh, happened = sample(40_000, seed=5)
    scores = found.probability(fresh)
    order = np.argsort(fresh)
    assert (np.diff(scores[order]) >= 0).all()
    assert np.unique(scores).size > 0.99 * scores.size
    assert np.quantile(np.abs(scores - sigmoid(0.5 + 0.6 * fresh)), 0.95) < 0.04
    assert abs(scores.mean() - happened.mean()) < 0.006


@pytest.mark.parametrize("rows", [2_000, 40_000])
def test_no_log_odds_leave_the_unit_interval(rows: int) -> None:
    log_odds, label = sample(rows)
    found = fit_calibration(log_odds, label, np.ones(rows))
    far = found.probability(np.array([-1e6, -700.0, -30.0, 0.0, 30.0, 700.0, 1e6]))
    assert np.isfinite(far).all()
    assert (np.diff(far) >= 0).all()
    assert 0.0 <= far[0] < 1e-6
    assert 0.99 < far[-1] <= 1.0


def test_weights_undo_thinning_of_negatives() -> None:
    log_odds, label = sample(40_000)
    keep = (label == 1) | (np.arange(40_000) % 4 == 0)
    weight = np.where(label == 1, 1.0, 4.0)[keep]
    found = fit_calibration(log_odds[keep], label[keep], weight)
    assert np.average(found.probability(log_odds)) == pytest.approx(label.mean(), abs=0.005)


def test_it_survives_json() -> None:
    log_odds, label = sample(40_000)
    found = fit_calibration(log_odds, label, np.ones(40_000))
    again = Calibration.from_json(json.loads(json.dumps(found.as_json())))
    np.testing.assert_array_equal(found.probability(log_odds), again.probability(log_odds))


def test_a_model_that_ranks_backwards_is_refused() -> None:
    log_odds, label = sample(3_000)
    with pytest.raises(ModelError, match="people with higher scores convert less"):
        fit_calibration(-log_odds, label, np.ones(3_000))


def test_classes_that_do_not_overlap_give_a_finite_slope() -> None:
    log_odds = np.linspace(-1, 1, 200)
    slope, intercept = fit_line(log_odds, (log_odds > 0).astype(float), np.ones(200))
    assert np.isfinite([slope, intercept]).all()
    assert slope > 1


def test_log_odds_without_spread_give_the_base_rate() -> None:
    label = (np.arange(500) % 10 == 0).astype(float)
    found = fit_calibration(np.zeros(500), label, np.ones(500))
    assert found.probability(np.zeros(1))[0] == pytest.approx(0.1, abs=1e-6)
