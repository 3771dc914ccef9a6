"""Every row is scored, once, by the model that was trained for exactly these features."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from runner.contract import Column
from runner.errors import DataError, ModelError
from runner.scoring import Scored, score
from runner.training import train
from tests.unit.model_rows import (
    FEATURES,
    HEAD,
    SCORING,
    TRAINING,
    USE_CASE,
    changed,
    export,
    people,
    training_rows,
    with_columns,
)

AS_OF = pd.Timestamp("2026-11-09", tz="UTC")


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    train(export(training_rows(2_000), TRAINING, folder / "export"), TRAINING, USE_CASE, folder / "m")
    return folder / "m"


@pytest.fixture
def rows() -> pd.DataFrame:
    return people(3_000, seed=8).assign(as_of=AS_OF)


def run(model_dir: Path, rows: pd.DataFrame, folder: Path, files: int = 3) -> Scored:
    return score(model_dir, export(rows, SCORING, folder / "in", files), SCORING, folder / "scores.parquet")


def test_every_row_has_one_finite_score(model_dir: Path, rows: pd.DataFrame, tmp_path: Path) -> None:
    done = run(model_dir, rows, tmp_path)
    table = pq.read_table(done.scores_file)
    assert table.schema.names == ["user_id", "as_of", "score"]
    assert [str(t) for t in table.schema.types] == ["string", "timestamp[ms, tz=UTC]", "double"]
    assert sorted(table["user_id"].to_pylist()) == sorted(rows.user_id)
    values = table["score"].to_numpy()
    assert done.rows == 3_000
    assert 0 <= done.lowest == values.min() <= values.max() == done.highest <= 1
    assert done.mean == pytest.approx(values.mean())


def test_scores_are_the_chances_they_claim_to_be(model_dir: Path, rows: pd.DataFrame, tmp_path: Path) -> None:
    table = pq.read_table(run(model_dir, rows, tmp_path).scores_file).to_pandas().set_index("user_id")
    chance = rows.set_index("user_id").chance
    assert np.corrcoef(table.score.reindex(chance.index), chance)[0, 1] > 0.85
    assert table.score.mean() == pytest.approx(chance.mean(), abs=0.02)


def test_who_never_did_anything_and_an_unseen_category_are_scored(
    model_dir: Path, rows: pd.DataFrame, tmp_path: Path
) -> None:
    quiet = rows.assign(n_opened_7d=0, n_opened_90d=0, n_noise_90d=0, minutes_since_opened=np.nan, channel="pigeon")
    done = run(model_dir, quiet, tmp_path)
    assert done.rows == 3_000
    assert done.lowest == done.highest


def test_the_split_into_files_changes_no_score(model_dir: Path, rows: pd.DataFrame, tmp_path: Path) -> None:
    one = pq.read_table(run(model_dir, rows, tmp_path / "a", 1).scores_file).to_pandas().set_index("user_id")
    many = pq.read_table(run(model_dir, rows, tmp_path / "b", 7).scores_file).to_pandas().set_index("user_id")
    pd.testing.assert_frame_equal(one.sort_index(), many.sort_index())


def test_a_repeated_key_is_refused_and_nothing_is_written(model_dir: Path, rows: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 keys occur more than once in the scoring set, for example user"):
        run(model_dir, pd.concat([rows, rows.iloc[:1]]), tmp_path)
    assert not list(tmp_path.glob("*scores*"))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("user_id", None, "1 scoring rows have no user_id"),
        ("run_id", "newsletter-20261102", "expected newsletter-20261109"),
        ("as_of", AS_OF - pd.Timedelta("7D"), "has 2 as-of times, expected one"),
        ("minutes_since_opened", np.inf, "minutes_since_opened holds an infinite value"),
    ],
)
def test_a_bad_row_is_refused(
    model_dir: Path, rows: pd.DataFrame, tmp_path: Path, column: str, value: object, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        run(model_dir, changed(rows, 5, column, value), tmp_path)


def test_a_row_that_the_export_did_not_count_is_refused(model_dir: Path, rows: pd.DataFrame, tmp_path: Path) -> None:
    exported = replace(export(rows, SCORING, tmp_path / "in"), rows=3_001)
    with pytest.raises(DataError, match="3,000 rows were scored, the export of newsletter-20261109 counted 3,001"):
        score(model_dir, exported, SCORING, tmp_path / "scores.parquet")


def test_features_that_are_not_the_models_are_named(model_dir: Path, rows: pd.DataFrame, tmp_path: Path) -> None:
    retyped = [replace(c, data_type="double") if c.name == "n_noise_90d" else c for c in FEATURES[1:]]
    contract = with_columns(SCORING, *HEAD, *retyped, Column("n_new_7d", "feature", "number", "int", ""))
    exported = export(rows.assign(n_new_7d=1), contract, tmp_path / "in")
    with pytest.raises(ModelError) as refused:
        score(model_dir, exported, contract, tmp_path / "scores.parquet")
    assert "missing n_opened_7d; unknown n_new_7d; n_noise_90d is number double, the model knows it as number int" in (
        refused.value.message
    )


def test_memory_does_not_grow_with_the_rows(model_dir: Path, tmp_path: Path) -> None:
    many = pd.concat([people(20_000, seed=s).assign(as_of=AS_OF, part=s) for s in range(15)], ignore_index=True)
    many["user_id"] = many.user_id + "-" + many.part.astype(str)
    exported = export(many, SCORING, tmp_path / "in", files=4)
    del many
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert score(model_dir, exported, SCORING, tmp_path / "scores.parquet").rows == 300_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000, "kB"
