"""A model as it scores: first stage, trees, calibration. Read from its folder, which holds no executable content.

model_dir/
  model.txt        the published model, in LightGBM's text format
  judged.txt       the judged one, which has not learned from the test date
  card.json        everything else: features, categories, first stages, calibrations, metrics, fingerprints
  test_scores.parquet   the test split's rows with label, weight and the judged model's score
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runner.calibration import Calibration
from runner.errors import ModelError
from runner.model_card import read_card
from runner.training.boosting import start_scores
from runner.training.frame import Feature, Matrix
from runner.training.linear import FirstStage
from runner.training.threads import lgb

Floats = npt.NDArray[np.float64]
MODEL_FILE, JUDGED_FILE, CARD_FILE, TEST_SCORES_FILE = "model.txt", "judged.txt", "card.json", "test_scores.parquet"


@dataclass(frozen=True)
class Model:
    """Features in, log-odds or calibrated probabilities out.

    Args:
        features: columns of the matrix, in order. first_stage: where the trees start from, or None.
        booster: LightGBM's model. calibration: None only while it is being made.
    """

    features: tuple[Feature, ...]
    first_stage: FirstStage | None
    booster: lgb.Booster
    calibration: Calibration | None = None

    def log_odds(self, x: Matrix) -> Floats:
        """Uncalibrated log-odds of each row."""
        if not x.shape[0]:
            return np.zeros(0)
        trees = np.asarray(self.booster.predict(x, raw_score=True, num_threads=2), dtype=np.float64)
        start = start_scores(x, self.features, self.first_stage)
        total: Floats = trees if start is None else trees + start
        return total

    def scores(self, x: Matrix) -> Floats:
        """Calibrated probabilities in [0, 1].

        Raises:
            ModelError: a score is not finite, so the model's files are damaged.
        """
        assert self.calibration is not None
        scores = self.calibration.probability(self.log_odds(x))
        if not np.isfinite(scores).all():
            raise ModelError("The model gave scores that are not numbers.", "Its files are damaged: train again.")
        return scores

    def contributions(self, x: Matrix) -> Floats:
        """What each feature adds to each row's log-odds; shape (rows, features).

        Trees: SHAP values, computed by LightGBM. First stage: see FirstStage.contributions.
        """
        added = np.asarray(self.booster.predict(x, pred_contrib=True, num_threads=2), dtype=np.float64)[:, :-1].copy()
        if self.first_stage:
            at = {f.name: i for i, f in enumerate(self.features)}
            columns = [at[name] for name in self.first_stage.features]
            added[:, columns] += self.first_stage.contributions(x, [f.name for f in self.features])
        return added


def load_model(model_dir: Path) -> Model:
    """Read the published model, which scores, from its folder.

    Raises:
        ModelError: a file is missing, or model.txt is not the one the card was written for.
    """
    card = read_card(model_dir / CARD_FILE)
    return _load(model_dir / MODEL_FILE, card["features"], card)


def load_judged_model(model_dir: Path) -> Model:
    """Read the judged model, which may be compared with others on a later date.

    Raises:
        ModelError: as `load_model`.
    """
    card = read_card(model_dir / CARD_FILE)
    return _load(model_dir / JUDGED_FILE, card["features"], card["judged"])


def _load(file: Path, features: Sequence[dict[str, Any]], fitted: Mapping[str, Any]) -> Model:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        raise ModelError(f"There is no {file.name} in {file.parent}.", "Run 'propensity train'.") from None
    if text_hash(text) != fitted["model_sha256"]:
        raise ModelError(f"{file} is not the model its card describes (its SHA-256 differs).", "Train again.")
    stage = fitted["first_stage"]
    return Model(
        features_of(features),
        FirstStage.from_json(stage) if stage else None,
        lgb.Booster(model_str=text),
        Calibration.from_json(fitted["calibration"]),
    )


def features_of(entries: Sequence[dict[str, Any]]) -> tuple[Feature, ...]:
    """The features of a card."""
    return tuple(Feature(e["name"], e["kind"], e["data_type"], tuple(e["categories"])) for e in entries)


def text_hash(text: str) -> str:
    """SHA-256 of a model's text."""
    return hashlib.sha256(text.encode()).hexdigest()
