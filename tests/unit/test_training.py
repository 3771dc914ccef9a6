"""Training finds what is there, says how sure it is, and gives the same model twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from runner.errors import ModelError
from runner.evaluation import Evaluation, auc
from runner.training import Trained, load_model, train
from runner.training.door import read_training_data
from runner.training.threads import lgb
from tests.unit.model_rows import RUN, TRAINING, USE_CASE, export, training_rows


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return training_rows()


@pytest.fixture(scope="module")
def trained(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    return train(export(rows, TRAINING, folder / "export"), TRAINING, USE_CASE, folder / "model")


def test_it_comes_close_to_the_true_chance(rows: pd.DataFrame, trained: Trained) -> None:
    test = rows[rows.split == "test"]
    chance = (0.02 + 0.03 * test.n_opened_90d) * np.where(test.channel == "search", 2.0, 1.0)
    best = auc(chance.to_numpy(float), test.label.to_numpy(float))
    assert trained.metrics["auc"] - 0.5 > 0.9 * (best - 0.5)
    assert trained.metrics["calibration_error"] < 0.03


def test_the_same_rows_give_the_same_files(rows: pd.DataFrame, trained: Trained, tmp_path: Path) -> None:
    shuffled = export(rows.sample(frac=1, random_state=9), TRAINING, tmp_path / "export", files=3)
    again = train(shuffled, TRAINING, USE_CASE, tmp_path / "model")
    for name in ("model.txt", "judged.txt", "card.json"):
        assert (tmp_path / "model" / name).read_bytes() == (Path(trained.model_dir) / name).read_bytes()
    assert again.model_sha256 == trained.model_sha256


def test_the_model_is_text_that_plain_lightgbm_reads(rows: pd.DataFrame, trained: Trained, tmp_path: Path) -> None:
    booster = lgb.Booster(model_file=str(Path(trained.model_dir) / "model.txt"))
    model = load_model(Path(trained.model_dir))
    data = read_training_data(export(rows, TRAINING, tmp_path).files, TRAINING, RUN, 14)
    x = data.test.x[:500]
    start = model.first_stage.log_odds(x, [f.name for f in model.features]) if model.first_stage else 0.0
    np.testing.assert_allclose(booster.predict(x, raw_score=True) + start, model.log_odds(x), atol=1e-12)


def test_contributions_add_up_to_the_score(rows: pd.DataFrame, trained: Trained, tmp_path: Path) -> None:
    model = load_model(Path(trained.model_dir))
    data = read_training_data(export(rows, TRAINING, tmp_path).files, TRAINING, RUN, 14)
    x = data.test.x[:200]
    rest = model.log_odds(x) - model.contributions(x).sum(axis=1)
    assert np.ptp(rest) < 1e-9, "what is left over must be the same for everybody: the average person's log-odds"


def test_the_card_says_what_the_model_is(rows: pd.DataFrame, trained: Trained) -> None:
    card = json.loads((Path(trained.model_dir) / "card.json").read_text())
    assert [f["name"] for f in card["features"]] == [c.name for c in TRAINING.features]
    assert card["features"][0]["window_days"] == 7
    assert card["features"][4]["categories"] == ["mail", "search"]
    assert card["importance"][0]["feature"] in ("n_opened_90d", "channel")
    assert card["data"]["rows"] == {"train": 2400, "validate": 800, "calibrate": 800, "test": 4000}
    assert card["data"]["fingerprint"] == "abc123"
    assert card["metrics"] == trained.metrics
    assert Evaluation.from_json(card["evaluation"]).metrics() == trained.metrics
    assert "0.1" not in str(card["features"][4]["description"])


def test_test_scores_lie_beside_the_model(rows: pd.DataFrame, trained: Trained) -> None:
    table = pq.read_table(Path(trained.model_dir) / "test_scores.parquet")
    assert table.num_rows == 4000
    label = table["label"].to_numpy().astype(float)
    assert auc(table["score"].to_numpy(), label) == pytest.approx(trained.metrics["auc"])


def test_noise_is_shown_as_noise(rows: pd.DataFrame, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    noise = rows.assign(label=(rng.random(len(rows)) < 0.1).astype(np.int32))
    result = train(export(noise, TRAINING, tmp_path / "export"), TRAINING, USE_CASE, tmp_path / "model")
    assert result.metrics["auc_low"] < 0.53


def test_what_trees_alone_can_see_is_found(tmp_path: Path) -> None:
    rows = training_rows()
    rng = np.random.default_rng(2)
    middle = (rows.n_noise_90d == 1) ^ (rows.n_opened_90d % 2 == 1)
    rows["label"] = (rng.random(len(rows)) < np.where(middle, 0.4, 0.1)).astype(np.int32)
    found = train(export(rows, TRAINING, tmp_path / "export"), TRAINING, USE_CASE, tmp_path / "model")
    assert found.metrics["auc"] > 0.66


def test_a_model_whose_text_was_changed_is_refused(trained: Trained, tmp_path: Path) -> None:
    for name in ("model.txt", "card.json"):
        (tmp_path / name).write_bytes((Path(trained.model_dir) / name).read_bytes())
    with (tmp_path / "model.txt").open("a") as file:
        file.write("\n")
    with pytest.raises(ModelError, match="is not the model its card describes"):
        load_model(tmp_path)


def test_no_folder_of_a_failed_training_is_left(rows: pd.DataFrame, tmp_path: Path) -> None:
    exported = export(rows.assign(label=0), TRAINING, tmp_path / "export")
    with pytest.raises(Exception, match="did not convert"):
        train(exported, TRAINING, USE_CASE, tmp_path / "model")
    assert [p.name for p in tmp_path.iterdir()] == ["export"]


def test_threads_are_told_how_to_wait_before_lightgbm_loads() -> None:
    program = (
        "import os, sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'lightgbm':\n"
        "            assert os.environ.get('OMP_WAIT_POLICY') == 'PASSIVE', name\n"
        "sys.meta_path.insert(0, Watch())\n"
        "import runner.calibration, runner.gate, runner.scoring\n"
        "assert 'lightgbm' in sys.modules\n"
    )
    clean = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    subprocess.run([sys.executable, "-c", program], check=True, env=clean)
