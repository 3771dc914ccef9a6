"""What training refuses at the door, and what it says then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from runner.contract import Column
from runner.errors import DataError
from runner.training.door import TrainingData, read_training_data
from tests.unit.model_rows import RUN, TRAINING, changed, export, training_rows, with_columns


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return training_rows(600)


def read(frame: pd.DataFrame, folder: Path, contract=TRAINING, files: int = 1) -> TrainingData:  # type: ignore[no-untyped-def]
    return read_training_data(export(frame, contract, folder, files).files, contract, RUN, 14)


def test_never_stays_missing(rows: pd.DataFrame, tmp_path: Path) -> None:
    data = read(rows, tmp_path)
    position = [f.name for f in data.features].index("minutes_since_opened")
    never = rows[(rows.split == "train") & rows.minutes_since_opened.isna()]
    assert int(np.isnan(data.train.x[:, position]).sum()) == len(never) > 0


def test_the_same_rows_in_other_files_are_the_same_data(rows: pd.DataFrame, tmp_path: Path) -> None:
    one, many = read(rows, tmp_path / "one"), read(rows.sample(frac=1, random_state=3), tmp_path / "many", files=4)
    for split, there in one.splits.items():
        assert there.keys.equals(many.splits[split].keys)
        np.testing.assert_array_equal(there.x, many.splits[split].x)


def test_all_rows_of_a_person_fall_into_one_fold(rows: pd.DataFrame, tmp_path: Path) -> None:
    data = read(rows, tmp_path)
    train, test = data.train, data.test
    by_key = dict(zip(test.keys.to_pylist(), test.fold(4), strict=True))
    assert [by_key[key] for key in train.keys.to_pylist()] == train.fold(4).tolist()


def test_a_category_only_later_splits_know_is_unknown(rows: pd.DataFrame, tmp_path: Path) -> None:
    data = read(changed(rows, rows.index[rows.split == "test"][:5], "channel", "fax"), tmp_path)
    assert next(f for f in data.features if f.name == "channel").categories == ("mail", "search")


def test_null_and_constant_features_are_remarked_on(rows: pd.DataFrame, tmp_path: Path) -> None:
    frame = rows.assign(n_noise_90d=0, minutes_since_opened=np.nan)
    assert read(frame, tmp_path).remarks == (
        "Always null in training, so never used: minutes_since_opened.",
        "Constant in training, so never used: n_noise_90d.",
    )


def first(frame: pd.DataFrame, split: str, n: int = 1) -> pd.Index:
    return frame.index[frame.split == split][:n]


def earlier(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(as_of=frame.as_of - pd.Timedelta("7D"))


REFUSED: list[tuple[str, Callable[[pd.DataFrame], pd.DataFrame], str]] = [
    ("null key", lambda f: changed(f, first(f, "train", 2), "user_id", None), "2 training rows have no user_id"),
    ("repeated key", lambda f: pd.concat([f, f.iloc[:3]]), "3 training rows repeat a key"),
    ("label of 2", lambda f: changed(f, first(f, "train"), "label", 2), r"Labels must be 0 or 1; also seen: \[2.0\]"),
    ("one class", lambda f: changed(f, f.index[f.split == "calibrate"], "label", 0), "of split calibrate did not conv"),
    ("infinite weight", lambda f: changed(f, first(f, "train"), "weight", np.inf), "1 rows have a weight that is not"),
    ("zero weight", lambda f: changed(f, first(f, "test", 4), "weight", 0.0), "4 rows have a weight that is not"),
    ("odd split", lambda f: changed(f, first(f, "train"), "split", "holdout"), "Unknown splits: holdout"),
    ("missing split", lambda f: f[f.split != "validate"], "Split validate has no rows"),
    ("other run", lambda f: changed(f, first(f, "train"), "run_id", "newsletter-20261102"), "newsletter-20261102"),
    ("infinite feature", lambda f: changed(f, first(f, "train"), "minutes_since_opened", np.inf), "infinite value"),
    (
        "person in two splits",
        lambda f: pd.concat([f, earlier(f[f.split == "train"].iloc[:1]).assign(split="validate")]),
        "1 identities are in both train and validate",
    ),
    (
        "label window over the test",
        lambda f: f.assign(as_of=f.as_of.where(f.split == "test", f.as_of + pd.Timedelta("1D"))),
        "end on 2026-10-27, after the test as-of time 2026-10-26",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_it_refuses(
    rows: pd.DataFrame, tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(change(rows), tmp_path)


def test_a_missing_and_an_unknown_column_are_both_named(rows: pd.DataFrame, tmp_path: Path) -> None:
    other = with_columns(
        TRAINING,
        *[c for c in TRAINING.columns if c.name != "channel"],
        Column("n_new_7d", "feature", "number", "int", ""),
    )
    exported = export(rows, TRAINING, tmp_path)
    with pytest.raises(DataError, match=r"lacks n_new_7d and has unknown channel"):
        read_training_data(exported.files, other, RUN, 14)


def test_a_text_where_a_number_belongs_is_named(rows: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"n_noise_90d is (large_)?string, which is no number"):
        read(rows.assign(n_noise_90d="1"), tmp_path)


def test_no_files_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no training rows"):
        read_training_data([], TRAINING, RUN, 14)
