"""The model card: a JSON file beside the model, holding all that scoring needs and all that a reader asks.

Equal data, settings and libraries give an equal card, byte for byte: no time of day stands in it.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from runner.contract import Column, Contract
from runner.errors import ModelError
from runner.settings import UseCase
from runner.workspace import write_json

FORMAT = 2
LIBRARIES = ("lightgbm", "numpy", "pyarrow", "scikit-learn")
_WINDOW = re.compile(r"_(\d+)d$")


@dataclass(frozen=True)
class Importance:
    """How much a feature moves the log-odds of a person, on average (mean absolute contribution)."""

    feature: str
    mean_absolute: float


@dataclass(frozen=True)
class Parts:
    """What training hands over for the card; every mapping is plain JSON.

    Args:
        features: name, kind, data_type and categories, in the order of the matrix.
        data: dataset, route, fingerprint, batches, and rows and conversions by split.
        model_sha256, first_stage, boosting, calibration, importance: of the published model.
        published: whether it was refitted, through which as-of date, and until which day it knows outcomes.
        judged: the same of the judged model. evaluation, metrics: of the judged model, on the test split.
        importance: strongest first. remarks: what was odd but not wrong.
    """

    run_id: str
    seed: int
    model_sha256: str
    features: Sequence[Mapping[str, Any]]
    data: Mapping[str, Any]
    first_stage: Mapping[str, Any] | None
    boosting: Mapping[str, Any]
    calibration: Mapping[str, Any]
    published: Mapping[str, Any]
    judged: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    metrics: Mapping[str, float]
    importance: Sequence[Importance]
    remarks: Sequence[str]


def build_card(parts: Parts, contract: Contract, use_case: UseCase) -> dict[str, Any]:
    """The card as plain JSON."""
    described = {c.name: c for c in contract.columns}
    strength = {i.feature: i.mean_absolute for i in parts.importance}
    return {
        "format": FORMAT,
        "use_case": use_case.name,
        "title": use_case.title,
        "run_id": parts.run_id,
        "question": {
            "target_event": use_case.target_event,
            "repeatable": use_case.repeatable,
            "look_back_days": use_case.look_back_days,
            "gap_days": use_case.gap_days,
            "horizon_days": use_case.horizon_days,
            "negative_keep": use_case.negative_keep,
        },
        "contract_hash": contract_hash(contract.features),
        "features": [
            {
                **feature,
                "window_days": window_days(feature["name"]),
                "description": described[feature["name"]].description,
                "mean_absolute_contribution": strength.get(feature["name"], 0.0),
            }
            for feature in parts.features
        ],
        "data": dict(parts.data),
        "first_stage": parts.first_stage,
        "boosting": dict(parts.boosting),
        "calibration": dict(parts.calibration),
        "published": dict(parts.published),
        "judged": dict(parts.judged),
        "metrics": dict(parts.metrics),
        "evaluation": dict(parts.evaluation),
        "importance": [{"feature": i.feature, "mean_absolute": i.mean_absolute} for i in parts.importance],
        "remarks": list(parts.remarks),
        "seed": parts.seed,
        "model_sha256": parts.model_sha256,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }


def write_card(path: Path, card: Mapping[str, Any]) -> None:
    """Write a card atomically."""
    write_json(path, card)


def read_card(path: Path) -> dict[str, Any]:
    """Read a card.

    Raises:
        ModelError: there is none, it is unreadable, or of another format.
    """
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ModelError(f"There is no model card {path}.", "Run 'propensity train'.") from None
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {error}.", "Train again.") from None
    if card.get("format") != FORMAT:
        raise ModelError(
            f"{path} has the format {card.get('format')!r}; this version reads {FORMAT}.",
            "Train again with this version.",
        )
    return card


def contract_hash(features: Sequence[Column]) -> str:
    """Short text that changes when a feature is added, removed, retyped or moved."""
    content = [[c.name, c.kind, c.data_type] for c in features]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def window_days(name: str) -> int | None:
    """The window in a feature's name (`n_opened_7d` has 7), or None."""
    match = _WINDOW.search(name)
    return int(match[1]) if match else None
