"""What is judged has not seen its test date; what is published has, and each is where it belongs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from runner.errors import ModelError
from runner.evaluation import auc
from runner.gate import against_champion, judge
from runner.scoring import score
from runner.training import NOT_REFITTED, Trained, load_model, train
from runner.training.boosting import Boosted, boost
from runner.training.door import Rows, TrainingData, read_training_data
from runner.training.final_fit import fit_again
from runner.training.model import load_judged_model
from tests.unit.model_rows import (
    RUN,
    SCORING,
    TEST_AS_OF,
    TRAINING,
    USE_CASE,
    export,
    people,
    training_rows,
)

SCORED_AS_OF = TEST_AS_OF + timedelta(days=14)


def chance_of(frame: pd.DataFrame) -> pd.Series:
    """What moves people from the test date on: what said nothing before, and more of them convert."""
    return 0.05 + 0.1 * frame.n_noise_90d


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Training rows whose world changes after the anchor. Of train's negatives every second is left out."""
    frame = training_rows(2_000)
    rng = np.random.default_rng(4)
    test = frame.split == "test"
    frame.loc[test, "label"] = (rng.random(int(test.sum())) < chance_of(frame[test])).astype(np.int32)
    negative = (frame.split == "train") & (frame.label == 0)
    frame.loc[negative, "weight"] = 2.0
    return frame[~negative | (rng.random(len(frame)) < 0.5)]


@pytest.fixture(scope="module")
def data(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    files = export(rows, TRAINING, tmp_path_factory.mktemp("rows")).files
    return read_training_data(files, TRAINING, RUN, USE_CASE.horizon_days)


@pytest.fixture(scope="module")
def boosted(data: TrainingData) -> Boosted:
    return boost(data, 7)


@pytest.fixture(scope="module")
def trained(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    return train(export(rows, TRAINING, folder / "export"), TRAINING, USE_CASE, folder / "model")


def test_the_published_model_knows_the_newest_date_and_says_true_chances(trained: Trained, tmp_path: Path) -> None:
    later = people(6_000, seed=21).assign(as_of=pd.Timestamp(SCORED_AS_OF))
    told = score(Path(trained.model_dir), export(later, SCORING, tmp_path / "in"), SCORING, tmp_path / "scores.parquet")
    scores = pq.read_table(told.scores_file).to_pandas().set_index("user_id").score.reindex(later.user_id).to_numpy()
    chance = chance_of(later).to_numpy()
    happens = (np.random.default_rng(9).random(chance.size) < chance).astype(float)
    assert auc(scores, happens) - 0.5 > 0.9 * (auc(chance, happens) - 0.5)
    assert scores.mean() == pytest.approx(chance.mean(), abs=0.015)
    for group in np.array_split(np.argsort(scores), 5):
        assert scores[group].mean() == pytest.approx(chance[group].mean(), abs=0.03)
    assert trained.metrics["auc"] < 0.6, "the judged model cannot know what changed after it"


def test_the_figures_are_those_of_the_model_that_has_not_seen_the_test_date(
    trained: Trained, data: TrainingData
) -> None:
    folder = Path(trained.model_dir)
    judged, published = load_judged_model(folder), load_model(folder)
    scores = judged.scores(data.test.x)
    assert auc(scores, data.test.label) == pytest.approx(trained.metrics["auc"], abs=1e-9)
    assert auc(published.scores(data.test.x), data.test.label) > trained.metrics["auc"] + 0.1
    kept = pq.read_table(folder / "test_scores.parquet")
    np.testing.assert_array_equal(kept["score"].to_numpy(), scores)


def test_the_judged_model_is_the_same_whatever_the_test_date_holds(
    trained: Trained, rows: pd.DataFrame, tmp_path: Path
) -> None:
    other = rows.assign(label=np.where(rows.split == "test", (rows.n_opened_90d > 2).astype(np.int32), rows.label))
    again = train(export(other, TRAINING, tmp_path / "export"), TRAINING, USE_CASE, tmp_path / "model")
    assert (tmp_path / "model" / "judged.txt").read_bytes() == (Path(trained.model_dir) / "judged.txt").read_bytes()
    assert again.model_sha256 != trained.model_sha256


def test_the_card_says_which_model_is_which(trained: Trained, rows: pd.DataFrame) -> None:
    card = json.loads((Path(trained.model_dir) / "card.json").read_text())
    assert (trained.judged_as_of, trained.refitted_through) == ("2026-10-26", "2026-10-26")
    assert (card["judged"]["as_of"], card["judged"]["learned_until"]) == ("2026-10-26", "2026-10-26")
    assert (card["published"]["through"], card["published"]["learned_until"]) == ("2026-10-26", "2026-11-09")
    assert card["published"]["rows"] == len(rows)
    assert card["published"]["half_life_days"] == 7, "in this world the older dates mislead"
    assert card["judged"]["model_sha256"] != card["model_sha256"] == trained.model_sha256


def test_the_card_says_of_which_date_the_probabilities_are_and_how_the_share_that_converts_moved(
    trained: Trained, rows: pd.DataFrame
) -> None:
    card = json.loads((Path(trained.model_dir) / "card.json").read_text())
    assert "of people as of 2026-10-26." in card["published"]["probabilities"]
    weighted = rows.assign(converted=rows.label * rows.weight).groupby("as_of")[["converted", "weight"]].sum()
    expected = {f"{as_of:%Y-%m-%d}": share for as_of, share in (weighted.converted / weighted.weight).items()}
    assert list(expected) == list(card["data"]["conversion_rate"])
    assert card["data"]["conversion_rate"] == pytest.approx(expected, abs=1e-6)


def test_nobody_who_calibrates_was_learned_from(
    data: TrainingData, boosted: Boosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[set[str], set[str]]] = []

    def watched(learn: Rows, judge: Rows) -> None:
        seen.append((set(learn.keys.to_pylist()), set(judge.keys.to_pylist())))

    import runner.training.final_fit as room

    plain = room.Pair
    monkeypatch.setattr(
        room, "Pair", lambda learn, judge, stage: (watched(learn, judge), plain(learn, judge, stage))[1]
    )
    assert fit_again(data, boosted, 7) is not None
    assert len(seen) >= 3
    assert all(learn.isdisjoint(judge) for learn, judge in seen)
    assert set().union(*(judge for _, judge in seen)) == set(data.test.keys.to_pylist())


def test_in_a_steady_world_all_dates_count_alike(tmp_path: Path) -> None:
    train(export(training_rows(2_000), TRAINING, tmp_path / "export"), TRAINING, USE_CASE, tmp_path / "model")
    published = json.loads((tmp_path / "model" / "card.json").read_text())["published"]
    assert (published["refitted"], published["half_life_days"]) == (True, None)


def test_a_champion_is_compared_by_what_it_could_not_know(trained: Trained, rows: pd.DataFrame, tmp_path: Path) -> None:
    """Tomorrow's challenger is judged on a date that yesterday's published champion has learned from."""
    next_week = rows.assign(as_of=rows.as_of + pd.Timedelta(days=7))
    exported = export(next_week, TRAINING, tmp_path / "export")
    challenger = train(exported, TRAINING, USE_CASE, tmp_path / "model")
    found = against_champion(challenger, Path(trained.model_dir), "1", exported, TRAINING)
    # Equal rows a week later: the judged models are equal, the published champion would be far ahead.
    assert (found.difference, found.standard_error) == (0.0, 0.0)
    assert judge(challenger, "dry_run", found).findings[-1].passed


def test_a_champion_that_knows_days_after_the_test_date_is_not_compared(
    trained: Trained, rows: pd.DataFrame, tmp_path: Path
) -> None:
    a_week_before = rows.assign(as_of=rows.as_of - pd.Timedelta(days=7))
    exported = export(a_week_before, TRAINING, tmp_path / "export")
    challenger = train(exported, TRAINING, USE_CASE, tmp_path / "model")
    found = against_champion(challenger, Path(trained.model_dir), "1", exported, TRAINING)
    assert found.difference is None
    assert "until 2026-10-26, after the test date 2026-10-19" in found.note


def test_people_are_not_scored_as_of_a_day_whose_future_the_model_knows(trained: Trained, tmp_path: Path) -> None:
    early = people(200, seed=2).assign(as_of=pd.Timestamp(SCORED_AS_OF - timedelta(days=1)))
    with pytest.raises(ModelError, match=r"learned from what happened until 2026-11-09; as of 2026-11-08 that was"):
        score(Path(trained.model_dir), export(early, SCORING, tmp_path / "in"), SCORING, tmp_path / "scores.parquet")
    assert not (tmp_path / "scores.parquet").exists()


def test_a_champion_from_before_this_was_recorded_is_not_compared(
    trained: Trained, rows: pd.DataFrame, tmp_path: Path
) -> None:
    exported = export(rows, TRAINING, tmp_path / "export")
    (tmp_path / "card.json").write_text(json.dumps({"format": 1}))
    found = against_champion(trained, tmp_path, "1", exported, TRAINING)
    assert found.difference is None
    assert "the champion cannot be read" in found.note


def test_a_newest_date_that_holds_too_little_is_not_fitted_on(data: TrainingData, boosted: Boosted) -> None:
    fold = data.test.fold(3)
    alone = np.zeros(data.test.size, dtype=bool)
    # One person of each kind, in different folds: no fold can judge.
    alone[[np.flatnonzero((data.test.label == kind) & (fold == kind))[0] for kind in (0, 1)]] = True
    few = replace(data, splits={**data.splits, "test": data.test.where(alone)})
    assert fit_again(few, boosted, 7) is None


def test_where_people_convert_less_the_higher_they_are_ranked_the_judged_model_is_published(
    rows: pd.DataFrame, data: TrainingData, tmp_path: Path
) -> None:
    """On the newest date everybody does the opposite of what the people of the other folds do."""
    fold = dict(zip(data.test.keys.to_pylist(), data.test.fold(3), strict=True))
    opposite = (rows.n_noise_90d % 3 == rows.user_id.map(fold)).astype(np.int32)
    odd = rows.assign(label=np.where(rows.split == "test", opposite, rows.label))
    done = train(export(odd, TRAINING, tmp_path / "export"), TRAINING, USE_CASE, tmp_path / "model")
    published = json.loads((tmp_path / "model" / "card.json").read_text())["published"]
    assert done.refitted_through == ""
    assert NOT_REFITTED in done.remarks
    assert (tmp_path / "model" / "model.txt").read_bytes() == (tmp_path / "model" / "judged.txt").read_bytes()
    assert (published["refitted"], published["learned_until"]) == (False, TEST_AS_OF.date().isoformat())
