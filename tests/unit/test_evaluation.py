"""The figures on the test split, against definitions and scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from runner.evaluation import (
    auc,
    auc_difference,
    auc_with_error,
    average_precision,
    baseline,
    calibration_bins,
    calibration_error,
    deciles,
    evaluate,
    roc,
)
from runner.training.door import TrainingData, read_training_data
from tests.unit.model_rows import RUN, TRAINING, export, training_rows

RNG = np.random.default_rng(11)
LABEL = (RNG.random(3_000) < 0.2).astype(float)
SCORES = np.round(RNG.normal(size=3_000) + LABEL, 1)
WEIGHT = RNG.uniform(0.5, 3.0, 3_000)
ONES = np.ones(3_000)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    exported = export(training_rows(1_500), TRAINING, tmp_path_factory.mktemp("export"))
    return read_training_data(exported.files, TRAINING, RUN, 14)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(1, 4)), min_size=2, max_size=40).filter(
        lambda rows: len({row[1] for row in rows}) == 2
    )
)
@settings(max_examples=100, deadline=None)
def test_weighted_auc_and_precision_equal_scikit_learn(rows: list[tuple[int, bool, int]]) -> None:
    scores, label, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    assert auc(scores, label, weight) == pytest.approx(roc_auc_score(label, scores, sample_weight=weight))
    expected = average_precision_score(label, scores, sample_weight=weight)
    assert average_precision(scores, label, weight) == pytest.approx(expected)


def test_the_interval_holds_the_true_auc_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    true, inside = 0.7602, 0  # of two normals one standard deviation apart
    for _ in range(300):
        label = (np.arange(400) < 80).astype(float)
        area, error = auc_with_error(rng.normal(size=400) + label, label, np.ones(400))
        inside += abs(area - true) < 1.96 * error
    assert 0.91 <= inside / 300 <= 0.99


def test_two_models_on_the_same_people_are_compared_more_sharply_than_alone() -> None:
    other = SCORES + np.random.default_rng(1).normal(size=3_000) * 0.1
    difference, error = auc_difference(SCORES, other, LABEL, ONES)
    assert difference == pytest.approx(auc(SCORES, LABEL) - auc(other, LABEL))
    assert 0 < error < auc_with_error(SCORES, LABEL, ONES)[1] / 3


def test_a_weight_of_two_is_two_people() -> None:
    weight = np.where(np.arange(3_000) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(3_000), weight.astype(int))
    assert auc(SCORES, LABEL, weight) == pytest.approx(auc(SCORES[twice], LABEL[twice]))
    assert sum(d.rate for d in deciles(SCORES, LABEL, weight)) / 10 == pytest.approx(
        np.average(LABEL, weights=weight), abs=0.002
    )


def test_deciles_fall_and_capture_everything() -> None:
    found = deciles(SCORES, LABEL, WEIGHT)
    assert [d.decile for d in found] == list(range(1, 11))
    assert found[0].rate > found[4].rate > found[9].rate
    assert found[-1].captured == pytest.approx(1.0)
    assert found[0].lift == pytest.approx(found[0].rate / np.average(LABEL, weights=WEIGHT))


def test_calibration_error_is_the_distance_that_was_put_in() -> None:
    promised = np.linspace(0.05, 0.5, 100_000)
    label = (np.random.default_rng(0).random(promised.size) < promised - 0.03).astype(float)
    assert calibration_error(calibration_bins(promised, label, np.ones(promised.size))) == pytest.approx(
        0.03, abs=0.004
    )


def test_the_curve_has_the_area_that_is_stated() -> None:
    curve = roc(SCORES, LABEL, WEIGHT)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(auc(SCORES, LABEL, WEIGHT), abs=0.002)


def test_the_baseline_is_the_feature_that_matters(data: TrainingData) -> None:
    found = baseline(data)
    assert (found.feature, found.direction) == ("n_opened_90d", 1)
    assert found.auc > 0.55


def test_a_feature_that_knows_the_future_raises_the_alarm(tmp_path: Path) -> None:
    rows = training_rows(800)
    leaky = rows.assign(n_noise_90d=rows.label * 3)
    exported = export(leaky, TRAINING, tmp_path)
    found = evaluate(leaky[leaky.split == "test"].sort_values("user_id").label.to_numpy(float) * 0.9 + 0.05,
                     read_training_data(exported.files, TRAINING, RUN, 14))  # fmt: skip
    assert len(found.leak_alarms) == 2
    assert "n_noise_90d alone separates" in found.leak_alarms[1]


def test_an_honest_model_raises_none(data: TrainingData) -> None:
    found = evaluate(np.full(data.test.size, 0.1) + 0.001 * data.test.x[:, 1], data)
    assert found.leak_alarms == ()
    assert found.metrics()["log_loss_gain"] < found.log_loss_base
