"""Train a use case's model: read, check, fit, calibrate, judge on the later date, write the model and its card."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from runner.calibration import fit_calibration
from runner.contract import Contract
from runner.evaluation import Evaluation, evaluate
from runner.export.exported import Exported
from runner.model_card import Importance, Parts, build_card, contract_hash, write_card
from runner.settings import UseCase
from runner.training.boosting import as_json, boost
from runner.training.door import Floats, TrainingData, read_training_data
from runner.training.model import CARD_FILE, MODEL_FILE, TEST_SCORES_FILE, Model, load_model, text_hash

__all__ = ["Model", "Trained", "load_model", "train"]

EXPLAINED_ROWS = 5_000
"""Test rows whose contributions are averaged for the feature importance."""


@dataclass(frozen=True)
class Trained:
    """A trained model on disk.

    Args:
        model_dir: folder with model.txt, card.json and test_scores.parquet (see runner.training.model).
        use_case, run_id, fingerprint: what it was trained for, and on which data.
        contract_hash: of the features. model_sha256: of model.txt.
        rows_by_split, conversions_by_split: by split name.
        metrics: by name, on the test split (runner.evaluation.Evaluation.metrics).
        plan, trees: how the winner was grown. remarks: what was odd but not wrong. seconds: how long it took.
    """

    model_dir: str
    use_case: str
    run_id: str
    fingerprint: str
    contract_hash: str
    model_sha256: str
    rows_by_split: dict[str, int]
    conversions_by_split: dict[str, int]
    metrics: dict[str, float]
    plan: str
    trees: int
    remarks: tuple[str, ...]
    seconds: float


def train(exported: Exported, contract: Contract, use_case: UseCase, model_dir: Path, seed: int = 7) -> Trained:
    """Train on one run's exported rows. The same rows and seed give the same files, byte for byte.

    Args:
        exported: the run's training rows. contract: the training set's. use_case: horizon, gap and names.
        model_dir: folder to fill; it appears when everything is written and replaces what was there.
        seed: of row and column sampling in LightGBM.

    Raises:
        DataError: the rows are not fit to learn from (see runner.training.door).
        ModelError: the model ranks worse than luck on the calibrate split.
    """
    started = time.monotonic()
    data = read_training_data(exported.files, contract, exported.run_id, use_case.horizon_days, use_case.gap_days)
    boosted = boost(data, seed)
    raw = Model(data.features, boosted.first_stage, boosted.booster)
    calibrate = data.calibrate
    calibration = fit_calibration(raw.log_odds(calibrate.x), calibrate.label, calibrate.weight)
    model = Model(data.features, boosted.first_stage, boosted.booster, calibration)
    scores = model.scores(data.test.x)
    evaluation = evaluate(scores, data)
    text = boosted.booster.model_to_string()
    parts = Parts(
        run_id=exported.run_id,
        seed=seed,
        model_sha256=text_hash(text),
        features=[asdict(f) for f in data.features],
        data={
            "dataset": exported.dataset,
            "route": exported.route,
            "fingerprint": exported.fingerprint,
            "batches": list(exported.batches),
            "rows": {name: rows.size for name, rows in data.splits.items()},
            "conversions": {name: rows.positives for name, rows in data.splits.items()},
            "as_of": {name: _days(rows.as_of) for name, rows in data.splits.items()},
        },
        first_stage=boosted.first_stage.as_json() if boosted.first_stage else None,
        boosting=as_json(boosted),
        calibration=calibration.as_json(),
        evaluation=evaluation.as_json(),
        metrics=evaluation.metrics(),
        importance=importance(model, data),
        remarks=data.remarks,
    )
    _write(model_dir, text, build_card(parts, contract, use_case), _test_scores(data, scores))
    return _trained(model_dir, parts, contract, evaluation, time.monotonic() - started)


def importance(model: Model, data: TrainingData) -> tuple[Importance, ...]:
    """Mean absolute contribution of each feature over (a thinned part of) the test rows, strongest first."""
    x = data.test.x[:: max(1, -(-data.test.size // EXPLAINED_ROWS))]
    strength = np.abs(model.contributions(x)).mean(axis=0)
    found = [Importance(f.name, float(v)) for f, v in zip(model.features, strength, strict=True)]
    return tuple(sorted(found, key=lambda i: (-i.mean_absolute, i.feature)))


def _trained(model_dir: Path, parts: Parts, contract: Contract, evaluation: Evaluation, seconds: float) -> Trained:
    return Trained(
        model_dir=str(model_dir),
        use_case=parts.run_id.rsplit("-", 1)[0],
        run_id=parts.run_id,
        fingerprint=str(parts.data["fingerprint"]),
        contract_hash=contract_hash(contract.features),
        model_sha256=parts.model_sha256,
        rows_by_split=dict(parts.data["rows"]),
        conversions_by_split=dict(parts.data["conversions"]),
        metrics=evaluation.metrics(),
        plan=str(parts.boosting["plan"]),
        trees=int(parts.boosting["trees"]),
        remarks=(*parts.remarks, *evaluation.leak_alarms),
        seconds=round(seconds, 2),
    )


def _test_scores(data: TrainingData, scores: Floats) -> pa.Table:
    return pa.table(
        {
            "user_id": data.test.keys,
            "as_of": pa.array(data.test.as_of).cast(pa.timestamp("ms", tz="UTC")),
            "label": pa.array(data.test.label.astype(np.int8)),
            "weight": pa.array(data.test.weight),
            "score": pa.array(scores),
        }
    )


def _write(model_dir: Path, text: str, card: dict[str, object], test_scores: pa.Table) -> None:
    """Fill a folder beside `model_dir`, then put it in its place: a model is there whole or not at all."""
    model_dir.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(mkdtemp(prefix=f".{model_dir.name}-", dir=model_dir.parent))
    try:
        (stage / MODEL_FILE).write_text(text, encoding="utf-8")
        write_card(stage / CARD_FILE, card)
        pq.write_table(test_scores, stage / TEST_SCORES_FILE)
        shutil.rmtree(model_dir, ignore_errors=True)
        os.replace(stage, model_dir)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _days(as_of: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str]:
    return [np.datetime_as_string(np.datetime64(int(v), "ms"), unit="D") for v in np.unique(np.asarray(as_of))]
