"""Score every row of a scoring set, out of core: record batches in, one Parquet file out, memory flat."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from runner.contract import Contract
from runner.errors import DataError, ModelError
from runner.export.exported import Exported
from runner.model_card import contract_hash, read_card
from runner.training.final_fit import day_of
from runner.training.frame import as_text, batches, check_types, matrix
from runner.training.model import CARD_FILE, Model, load_model

SCORES_SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("as_of", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Scored:
    """The scores of one run.

    Args:
        scores_file: Parquet with user_id, as_of, score (calibrated probability), one row for each scoring row.
        rows: equal to the scoring set's. lowest, highest, mean: of the scores. model_dir: the model that gave them.
        seconds: how long it took.
    """

    scores_file: str
    rows: int
    lowest: float
    highest: float
    mean: float
    model_dir: str
    model_sha256: str
    seconds: float


def score(model_dir: Path, exported: Exported, contract: Contract, out_file: Path) -> Scored:
    """Score one run's exported scoring rows.

    Args:
        model_dir: the model's folder. exported, contract: of the scoring set.
        out_file: appears when every row is scored and checked, and replaces what was there.

    Raises:
        ModelError: the scoring set's features are not those of the model card, or the model has learned from days at or
            after the scoring set's as-of time.
        DataError: a row without key, keys that repeat, another run or several as-of times in the files, or another
            number of rows than the export counted.
    """
    started = time.monotonic()
    card = read_card(model_dir / CARD_FILE)
    check_contract(card, contract)
    model = load_model(model_dir)
    for file in exported.files:
        check_types(pq.read_schema(file), {f.name: f.kind for f in model.features})
    out_file.parent.mkdir(parents=True, exist_ok=True)
    partial = out_file.with_name(f".{out_file.name}.{os.getpid()}")
    try:
        seen = _score_into(partial, model, exported, contract)
        seen.check(exported, contract)
        check_past(card, seen.as_ofs)
        os.replace(partial, out_file)
    finally:
        partial.unlink(missing_ok=True)
    return Scored(
        scores_file=str(out_file),
        rows=seen.rows,
        lowest=seen.lowest,
        highest=seen.highest,
        mean=seen.total / max(1, seen.rows),
        model_dir=str(model_dir),
        model_sha256=str(card["model_sha256"]),
        seconds=round(time.monotonic() - started, 2),
    )


def check_contract(card: dict[str, Any], contract: Contract) -> None:
    """ModelError naming every feature that is missing, unknown or retyped against the card."""
    if contract_hash(contract.features) == card["contract_hash"]:
        return
    known = {f["name"]: (f["kind"], f["data_type"]) for f in card["features"]}
    offered = {c.name: (c.kind, c.data_type) for c in contract.features}
    faults = [f"missing {n}" for n in known if n not in offered]
    faults += [f"unknown {n}" for n in offered if n not in known]
    faults += [
        f"{n} is {' '.join(offered[n])}, the model knows it as {' '.join(known[n])}"
        for n in known
        if n in offered and offered[n] != known[n]
    ]
    if faults:
        raise ModelError(
            f"{contract.model} does not offer the features of the model of run {card['run_id']}: {'; '.join(faults)}.",
            "Train a model on the present features, and let it through the gate, before scoring with them.",
        )


def check_past(card: dict[str, Any], as_ofs: Iterable[int]) -> None:
    """ModelError when the model knows outcomes of days at or after an as-of time (milliseconds since 1970)."""
    until = card["published"]["learned_until"]
    for as_of in as_ofs:
        day = day_of(as_of).isoformat()
        if until > day:
            raise ModelError(
                f"The model of run {card['run_id']} has learned from what happened until {until}; as of {day} that was "
                "still to come.",
                "Score that date with a model of its own: train its run, with gate: dry_run if the gate refuses it.",
            )


@dataclass
class _Seen:
    """What is remembered of the rows that went by: eight bytes for each."""

    rows: int = 0
    lowest: float = 1.0
    highest: float = 0.0
    total: float = 0.0

    def __post_init__(self) -> None:
        self.hashes: list[npt.NDArray[np.uint64]] = []
        self.as_ofs: set[int] = set()

    def add(self, keys: pa.Array, as_of: pa.Array, scores: npt.NDArray[np.float64]) -> None:
        if not scores.size:
            return
        self.rows += scores.size
        self.lowest = min(self.lowest, float(scores.min()))
        self.highest = max(self.highest, float(scores.max()))
        self.total += float(scores.sum())
        self.hashes.append(hash_keys(keys))
        self.as_ofs |= set(as_of.unique().cast(pa.int64()).to_pylist())

    def check(self, exported: Exported, contract: Contract) -> None:
        if self.rows != exported.rows:
            raise DataError(
                f"{self.rows:,} rows were scored, the export of {exported.run_id} counted {exported.rows:,}.",
                "Export the scoring set again.",
            )
        if len(self.as_ofs) > 1:
            raise DataError(f"The scoring set has {len(self.as_ofs)} as-of times, expected one.", "Featurize again.")
        repeated = _repeated(exported.files, contract.one("key").name, self.hashes)
        if repeated:
            raise DataError(
                f"{len(repeated)} keys occur more than once in the scoring set, for example {repeated[0][:4]}….",
                "A join in the features multiplies rows: run the dbt test one_row_per_key.",
            )


def _score_into(file: Path, model: Model, exported: Exported, contract: Contract) -> _Seen:
    key, as_of, run = (contract.one(role).name for role in ("key", "as_of", "run"))  # type: ignore[arg-type]
    seen = _Seen()
    with pq.ParquetWriter(file, SCORES_SCHEMA) as writer:
        for batch in batches(exported.files, [key, as_of, run, *(f.name for f in model.features)]):
            for name in (key, as_of, run):
                if batch.column(name).null_count:
                    raise DataError(f"{batch.column(name).null_count} scoring rows have no {name}.", "Featurize again.")
            runs = batch.column(run).unique().to_pylist()
            if runs not in ([exported.run_id], []):
                raise DataError(f"The files hold rows of {runs}, expected {exported.run_id}.", "Export again.")
            keys = as_text(batch.column(key))
            times = batch.column(as_of).cast(pa.timestamp("ms")).cast(pa.timestamp("ms", tz="UTC"))
            scores = model.scores(matrix(batch, model.features))
            writer.write_table(pa.table([keys, times, pa.array(scores)], schema=SCORES_SCHEMA))
            seen.add(keys, times, scores)
    return seen


def hash_keys(keys: pa.Array) -> npt.NDArray[np.uint64]:
    """A 64-bit number for each key."""
    values = keys.to_numpy(zero_copy_only=False).astype(object)
    return np.asarray(pd.util.hash_array(values, categorize=False), dtype=np.uint64)


def _repeated(files: Sequence[str], key: str, hashes: list[npt.NDArray[np.uint64]]) -> list[str]:
    """Keys that occur more than once. Equal hashes are candidates only; the keys themselves decide."""
    if not hashes:
        return []
    ordered = np.sort(np.concatenate(hashes))
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not twice.size:
        return []
    counts: Counter[str] = Counter()
    for batch in batches(files, [key]):
        keys = as_text(batch.column(key))
        counts.update(keys.filter(pa.array(np.isin(hash_keys(keys), twice))).to_pylist())
    return sorted(name for name, n in counts.items() if n > 1)
