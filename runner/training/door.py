"""The door to training: read the exported files, refuse what would teach the model something false.

Rows come out sorted by as-of time and key, so that the same data give the same model however the files were cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runner.contract import Contract
from runner.errors import DataError
from runner.training.frame import Feature, Matrix, as_text, batches, check_types, matrix

SPLITS = ("train", "validate", "calibrate", "test")
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """The rows of one split, in order of as-of time and key.

    Args:
        keys: person keys. as_of: milliseconds since 1970. x: shape (rows, features), NaN = null.
        label: 0 or 1. weight: how many identities a row stands for.
    """

    keys: pa.Array
    as_of: Ints
    x: Matrix
    label: Floats
    weight: Floats

    @property
    def size(self) -> int:
        return int(self.label.size)

    @property
    def positives(self) -> int:
        return int(self.label.sum())

    def where(self, rows: npt.NDArray[np.bool_]) -> Rows:
        """The rows for which `rows` is true."""
        return Rows(
            self.keys.filter(pa.array(rows)), self.as_of[rows], self.x[rows], self.label[rows], self.weight[rows]
        )

    def fold(self, folds: int) -> Ints:
        """A stable number in [0, folds) for each row; all rows of a person share it."""
        hashed = pd.util.hash_array(self.keys.to_numpy(zero_copy_only=False).astype(object))
        return np.asarray(hashed % np.uint64(folds), dtype=np.int64)


@dataclass(frozen=True)
class TrainingData:
    """Everything training needs, checked.

    Args:
        features: the columns of `x`, in order. splits: rows by split. remarks: what is odd but not wrong.
    """

    features: tuple[Feature, ...]
    splits: dict[str, Rows]
    remarks: tuple[str, ...]

    @property
    def train(self) -> Rows:
        return self.splits["train"]

    @property
    def validate(self) -> Rows:
        return self.splits["validate"]

    @property
    def calibrate(self) -> Rows:
        return self.splits["calibrate"]

    @property
    def test(self) -> Rows:
        return self.splits["test"]

    @property
    def everything(self) -> Rows:
        """The rows of all splits, in order of as-of time and key. Makes a copy."""
        return _joined([self.splits[name] for name in SPLITS])


def read_training_data(
    files: Sequence[str], contract: Contract, run_id: str, horizon_days: int, gap_days: int = 0
) -> TrainingData:
    """Read and check one run's training rows.

    Args:
        files: the exported Parquet files.
        contract: the training set's columns and roles.
        run_id: the only run that may be in the files.
        horizon_days, gap_days: of the use case; no label window may reach past the test as-of time.

    Raises:
        DataError: naming every fault of the columns, or the first fault of the rows with how many rows have it.
    """
    _check_columns(files, contract)
    features = _features(files, contract)
    parts: dict[str, list[Rows]] = {name: [] for name in SPLITS}
    for batch in batches(files, contract.names):
        for name, rows in _read(batch, contract, features, run_id).items():
            parts[name].append(rows)
    if not any(rows.size for of_split in parts.values() for rows in of_split):
        raise DataError(f"Run {run_id} has no training rows.", "Is there enough history? Run 'propensity featurize'.")
    splits = {name: _joined(parts.pop(name)) for name in SPLITS}
    _check_keys(splits)
    _check_splits(splits)
    _check_time(splits, timedelta(days=horizon_days + gap_days))
    return TrainingData(features, splits, _remarks(features, splits["train"]))


def _check_columns(files: Sequence[str], contract: Contract) -> None:
    for role in ("label", "weight", "split"):
        contract.one(role)
    for file in files:
        found = pq.read_schema(file)
        missing = [name for name in contract.names if name not in found.names]
        unknown = [name for name in found.names if name not in contract.names]
        faults = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        if faults:
            raise DataError(
                f"{file} does not fit the contract of {contract.model}: it {' and '.join(faults)}.",
                "The contract is read from dbt's manifest: featurize and export again, so that both are of one run.",
            )
        check_types(found, {c.name: c.kind for c in contract.features})


def _features(files: Sequence[str], contract: Contract) -> tuple[Feature, ...]:
    """The features with the categories that occur in the train split (what only later splits know is unseen)."""
    named = [c.name for c in contract.features if c.kind == "category"]
    seen: dict[str, set[str]] = {name: set() for name in named}
    split = contract.one("split").name
    if named:
        for batch in batches(files, [*named, split]):
            train = batch.filter(pc.fill_null(pc.equal(batch.column(split), "train"), False))
            for name in named:
                seen[name] |= {v for v in pc.unique(as_text(train.column(name))).to_pylist() if v is not None}
    return tuple(Feature(c.name, c.kind, c.data_type, tuple(sorted(seen.get(c.name, ())))) for c in contract.features)


def _read(batch: pa.RecordBatch, contract: Contract, features: Sequence[Feature], run_id: str) -> dict[str, Rows]:
    """The rows of a batch by split, in the order of the file."""

    def column(role: str) -> pa.Array:
        found = batch.column(contract.one(role).name)  # type: ignore[arg-type]
        if found.null_count:
            raise DataError(
                f"{found.null_count} training rows have no {contract.one(role).name} ({role}).",  # type: ignore[arg-type]
                "The spine must give every row its key, as-of time, run, label, weight and split.",
            )
        return found

    runs = pc.unique(column("run")).to_pylist()
    if runs != [run_id]:
        raise DataError(
            f"The files hold the runs {', '.join(map(str, runs))}, expected only {run_id}.", "Export again."
        )
    label = column("label").cast(pa.float64()).to_numpy(zero_copy_only=False)
    if not np.isin(label, (0.0, 1.0)).all():
        odd = sorted({float(v) for v in label[~np.isin(label, (0.0, 1.0))]})[:5]
        raise DataError(f"Labels must be 0 or 1; also seen: {odd}.", "Correct the label in the use case's SQL.")
    weight = column("weight").cast(pa.float64()).to_numpy(zero_copy_only=False)
    if not (np.isfinite(weight) & (weight > 0)).all():
        bad = int((~(np.isfinite(weight) & (weight > 0))).sum())
        raise DataError(f"{bad} rows have a weight that is not a positive, finite number.", "Correct it in the spine.")
    as_of = column("as_of").cast(pa.timestamp("ms")).cast(pa.int64()).to_numpy(zero_copy_only=False)
    split = as_text(column("split")).to_numpy(zero_copy_only=False).astype(object)
    unknown = sorted({str(s) for s in split} - set(SPLITS))
    if unknown:
        raise DataError(f"Unknown splits: {', '.join(unknown)}; expected {', '.join(SPLITS)}.", "Correct the spine.")
    rows = Rows(as_text(column("key")), as_of, matrix(batch, features), label, weight)
    return {name: rows.where(split == name) for name in SPLITS}


def _joined(parts: Sequence[Rows]) -> Rows:
    """The rows of all parts, in order of as-of time and key. Makes a copy."""
    keys = pa.concat_arrays([part.keys for part in parts])
    as_of = np.concatenate([part.as_of for part in parts])
    order = pc.sort_indices(
        pa.table({"as_of": as_of, "key": keys}), sort_keys=[("as_of", "ascending"), ("key", "ascending")]
    )
    rows = order.to_numpy(zero_copy_only=False)
    return Rows(
        keys.take(order),
        as_of[rows],
        np.concatenate([part.x for part in parts])[rows],
        np.concatenate([part.label for part in parts])[rows],
        np.concatenate([part.weight for part in parts])[rows],
    )


def _check_keys(splits: dict[str, Rows]) -> None:
    """Sorted by as-of time and key, so a repeated pair stands next to itself; no pair is in two splits (see below)."""
    repeated = 0
    for rows in splits.values():
        if rows.size > 1:
            same_key = pc.equal(rows.keys[1:], rows.keys[:-1]).to_numpy(zero_copy_only=False)
            repeated += int((same_key & (rows.as_of[1:] == rows.as_of[:-1])).sum())
    if repeated:
        raise DataError(
            f"{repeated} training rows repeat a key at the same as-of time.",
            "A join in the features multiplies rows: run the dbt test one_row_per_key.",
        )


def _check_splits(splits: dict[str, Rows]) -> None:
    for name, rows in splits.items():
        if not rows.size:
            raise DataError(f"Split {name} has no rows.", "Longer history or more identities are needed.")
        if rows.positives in (0, rows.size):
            seen = "converted" if rows.positives else "did not convert"
            raise DataError(
                f"All {rows.size:,} rows of split {name} {seen}: nothing can be learned from, or judged on, one class.",
                "Check the use case's target_event, take a longer horizon, or wait for more data.",
            )
    people = {name: set(splits[name].keys.unique().to_pylist()) for name in ("train", "validate", "calibrate")}
    for one, other in (("train", "validate"), ("train", "calibrate"), ("validate", "calibrate")):
        both = len(people[one] & people[other])
        if both:
            raise DataError(f"{both:,} identities are in both {one} and {other}.", "The split must go by identity.")


def _check_time(splits: dict[str, Rows], window: timedelta) -> None:
    tests = np.unique(splits["test"].as_of)
    if tests.size != 1:
        raise DataError(f"The test split has {tests.size} as-of times, expected one.", "Correct the spine.")
    newest = max(int(splits[name].as_of.max()) for name in SPLITS if name != "test")
    ends = newest + int(window.total_seconds() * 1000)
    if ends > tests[0]:
        raise DataError(
            f"Label windows of earlier splits end on {_day(ends)}, after the test as-of time {_day(int(tests[0]))}: "
            "the test would judge days that training has seen.",
            "Training as-of times must lie at least horizon + gap before the test's.",
        )


def _remarks(features: Sequence[Feature], train: Rows) -> tuple[str, ...]:
    empty, constant = [], []
    for position, feature in enumerate(features):
        values = train.x[:, position]
        known = values[~np.isnan(values)]
        if not known.size:
            empty.append(feature.name)
        elif known.size == values.size and known.min() == known.max():
            constant.append(feature.name)
    remarks = []
    if empty:
        remarks.append(f"Always null in training, so never used: {', '.join(empty)}.")
    if constant:
        remarks.append(f"Constant in training, so never used: {', '.join(constant)}.")
    return tuple(remarks)


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()
