"""Train a use case's model: read, check, fit, calibrate, judge on the later date, fit again on all dates, write.

Two models come of it. The judged one learned from earlier dates only: metrics, gate and the comparison with a champion
are about it. The published one is fitted afterwards on all dates (see runner.training.final_fit) and is what scores.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from runner.calibration import fit_calibration
from runner.contract import Contract
from runner.evaluation import Evaluation, evaluate
from runner.export.exported import Exported
from runner.model_card import Importance, Parts, build_card, contract_hash, write_card
from runner.run_ids import use_case_of
from runner.settings import UseCase
from runner.training.boosting import Boosted, as_json, boost
from runner.training.door import Floats, Rows, TrainingData, read_training_data
from runner.training.final_fit import FinalFit, day_of, fit_again, learned_until, newest_of
from runner.training.model import CARD_FILE, JUDGED_FILE, MODEL_FILE, TEST_SCORES_FILE, Model, load_model, text_hash

__all__ = ["Model", "Trained", "load_model", "train"]

EXPLAINED_ROWS = 5_000
"""Test rows whose contributions are averaged for the feature importance."""
PROBABILITIES = (
    "Probabilities are those of people as of {date}. Where the share that converts drifts, they are off by what it has "
    "moved since then: data.conversion_rate has it for each date."
)
NOT_REFITTED = (
    "The newest date holds too little to fit on it: the judged model is published as it is, a label window older."
)


@dataclass(frozen=True)
class Trained:
    """A trained model on disk.

    Args:
        model_dir: folder with model.txt, judged.txt, card.json and test_scores.parquet (see runner.training.model).
        use_case, run_id, fingerprint: what it was trained for, and on which data.
        contract_hash: of the features. model_sha256: of model.txt.
        rows_by_split, conversions_by_split: by split name.
        metrics: of the judged model, by name, on the test split (runner.evaluation.Evaluation.metrics).
        plan, trees: how the published model was grown. judged_as_of: the test date, ISO.
        refitted_through: the newest as-of date that the published model learned from, ISO; empty where it is the judged
            model itself.
        remarks: what was odd but not wrong. seconds: how long it took.
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
    judged_as_of: str
    refitted_through: str
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
    window = use_case.gap_days + use_case.horizon_days
    data = read_training_data(exported.files, contract, exported.run_id, use_case.horizon_days, use_case.gap_days)
    boosted = boost(data, seed)
    raw = Model(data.features, boosted.first_stage, boosted.booster)
    calibrate = data.calibrate
    calibration = fit_calibration(raw.log_odds(calibrate.x), calibrate.label, calibrate.weight)
    judged = Model(data.features, boosted.first_stage, boosted.booster, calibration)
    scores = judged.scores(data.test.x)
    evaluation = evaluate(scores, data)
    again = fit_again(data, boosted, seed)
    grown = again.boosted if again else boosted
    model = Model(data.features, grown.first_stage, grown.booster, again.calibration if again else calibration)
    text, judged_text = model.booster.model_to_string(), judged.booster.model_to_string()
    known = newest_of(data.train, data.validate, data.calibrate)
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
            "conversion_rate": conversion_rates(data.splits.values()),
        },
        **_fitted(model, grown),
        published={
            **_published(again, learned_until(newest_of(data.test) if again else known, window)),
            "probabilities": PROBABILITIES.format(date=again.through if again else day_of(newest_of(calibrate))),
        },
        judged={
            "model_sha256": text_hash(judged_text),
            "as_of": day_of(newest_of(data.test)).isoformat(),
            "learned_until": learned_until(known, window),
            **_fitted(judged, boosted),
        },
        evaluation=evaluation.as_json(),
        metrics=evaluation.metrics(),
        importance=importance(model, data),
        remarks=data.remarks if again else (*data.remarks, NOT_REFITTED),
    )
    card = build_card(parts, contract, use_case)
    _write(model_dir, {MODEL_FILE: text, JUDGED_FILE: judged_text}, card, _test_scores(data, scores))
    return _trained(model_dir, parts, contract, evaluation, time.monotonic() - started)


def importance(model: Model, data: TrainingData) -> tuple[Importance, ...]:
    """Mean absolute contribution of each feature over (a thinned part of) the test rows, strongest first."""
    x = data.test.x[:: max(1, -(-data.test.size // EXPLAINED_ROWS))]
    strength = np.abs(model.contributions(x)).mean(axis=0)
    found = [Importance(f.name, float(v)) for f, v in zip(model.features, strength, strict=True)]
    return tuple(sorted(found, key=lambda i: (-i.mean_absolute, i.feature)))


def conversion_rates(splits: Collection[Rows]) -> dict[str, float]:
    """The share that converted, by as-of date (ISO). A row counts by its weight, so down-sampling does not move it."""
    as_of = np.concatenate([rows.as_of for rows in splits])
    label = np.concatenate([rows.label for rows in splits])
    weight = np.concatenate([rows.weight for rows in splits])
    shares = {int(d): np.average(label[as_of == d], weights=weight[as_of == d]) for d in np.unique(as_of)}
    return {day_of(date).isoformat(): round(float(share), 6) for date, share in shares.items()}


def _fitted(model: Model, boosted: Boosted) -> dict[str, Any]:
    """What the card says of a fitted model, beside its text."""
    assert model.calibration is not None
    return {
        "first_stage": model.first_stage.as_json() if model.first_stage else None,
        "boosting": as_json(boosted),
        "calibration": model.calibration.as_json(),
    }


def _published(again: FinalFit | None, until: str) -> dict[str, Any]:
    """What the card says of the refit; `until` is the day at which the newest label that was learned from ends."""
    if again is None:
        return {"refitted": False, "through": "", "learned_until": until}
    return {
        "refitted": True,
        "through": again.through,
        "learned_until": until,
        "rows": again.rows,
        "conversions": again.conversions,
        "half_life_days": again.half_life_days,
    }


def _trained(model_dir: Path, parts: Parts, contract: Contract, evaluation: Evaluation, seconds: float) -> Trained:
    return Trained(
        model_dir=str(model_dir),
        use_case=use_case_of(parts.run_id),
        run_id=parts.run_id,
        fingerprint=str(parts.data["fingerprint"]),
        contract_hash=contract_hash(contract.features),
        model_sha256=parts.model_sha256,
        rows_by_split=dict(parts.data["rows"]),
        conversions_by_split=dict(parts.data["conversions"]),
        metrics=evaluation.metrics(),
        plan=str(parts.boosting["plan"]),
        trees=int(parts.boosting["trees"]),
        judged_as_of=str(parts.judged["as_of"]),
        refitted_through=str(parts.published["through"]),
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


def _write(model_dir: Path, texts: Mapping[str, str], card: dict[str, object], test_scores: pa.Table) -> None:
    """Fill a folder beside `model_dir`, then put it in its place: a model is there whole or not at all."""
    model_dir.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(mkdtemp(prefix=f".{model_dir.name}-", dir=model_dir.parent))
    try:
        for name, text in texts.items():
            (stage / name).write_text(text, encoding="utf-8")
        write_card(stage / CARD_FILE, card)
        pq.write_table(test_scores, stage / TEST_SCORES_FILE)
        shutil.rmtree(model_dir, ignore_errors=True)
        os.replace(stage, model_dir)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _days(as_of: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str]:
    return [np.datetime_as_string(np.datetime64(int(v), "ms"), unit="D") for v in np.unique(np.asarray(as_of))]
