"""What the report shows: plain values, so that whoever runs the steps can fill it and a test can too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from runner.errors import DataError
from runner.evaluation import Curve, Evaluation, auc, roc
from runner.exploration import Exploration
from runner.recipe import Recipe
from runner.training.door import SPLITS


@dataclass(frozen=True)
class Step:
    """One of the seven steps: what happened, in a sentence with its counts, and the seconds it took (None: unknown)."""

    number: int
    name: str
    happened: str
    seconds: float | None = None


@dataclass(frozen=True)
class AsOf:
    """One as-of date of the training set: which splits it feeds, and where its label window ends (exclusive)."""

    as_of: date
    splits: tuple[str, ...]
    label_from: date
    label_until: date


@dataclass(frozen=True)
class Timeline:
    """The split over time. `scored` is the as-of date of the run itself."""

    scored: date
    look_back_days: int
    first_event: date | None
    as_ofs: tuple[AsOf, ...]
    rows: Mapping[str, int]
    conversions: Mapping[str, int]


@dataclass(frozen=True)
class BestPossible:
    """What the true probability would have reached on the same test rows. Known for synthetic data only."""

    auc: float
    roc: Curve


@dataclass(frozen=True)
class Histogram:
    """Scores in bins of equal width. `edges` has one more entry than `counts`."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Strength:
    """A feature and its mean absolute contribution to the log-odds."""

    feature: str
    value: float
    description: str = ""


@dataclass(frozen=True)
class Followed:
    """One person's score, looked up where it must be the same.

    Args:
        places: (where, score as found there), in the order of its way: scores file, ingested batch, profile.
    """

    user_id: str
    places: tuple[tuple[str, float | None], ...]

    @property
    def agree(self) -> bool:
        """Every place holds the same number."""
        values = {value for _, value in self.places}
        return len(values) == 1 and None not in values


@dataclass(frozen=True)
class AudienceFacts:
    """The audience: its rule, and three counts that must be equal. None: not known yet."""

    name: str
    pql: str
    min_score: float
    expected: int
    members: int | None
    delivered: int | None
    destination: str = ""


@dataclass(frozen=True)
class GateLine:
    """One rule of the gate applied."""

    metric: str
    value: float
    expected: str
    passed: bool
    why: str


@dataclass(frozen=True)
class ReportData:
    """Everything on the page. Sections whose value is None or empty are left out.

    Args:
        question: the use case's title. source: where the events came from, in words.
        excluded: identities that were left out, by reason. profiles: all known identities.
        model: facts about the model in reading order (label, value). importance: the strongest, in order.
        features: every feature that the model was given, strongest first.
        gate_mode with gate: what the gate said. levels: how far the published scores were verified.
        leak_check: what the proof that no feature knows the future compared, in a sentence.
        refitted_through: newest as-of date that the published model learned from, ISO; empty: it is the judged model.
        recipe: what the documented notebook recipe reaches on the same question.
        warnings: anything a reader should know before relying on the page.
    """

    run_id: str
    question: str
    target_event: str
    as_of: date
    horizon_days: int
    source: str
    steps: tuple[Step, ...]
    profiles: int
    scored: int
    excluded: Mapping[str, int]
    evaluation: Evaluation
    timeline: Timeline
    histogram: Histogram
    importance: tuple[Strength, ...]
    audience: AudienceFacts
    model: tuple[tuple[str, str], ...] = ()
    exploration: Exploration | None = None
    best: BestPossible | None = None
    followed: Followed | None = None
    gate_mode: str = ""
    gate: tuple[GateLine, ...] = ()
    levels: tuple[str, ...] = ()
    leak_check: str = ""
    recipe: Recipe | None = None
    features: tuple[Strength, ...] = ()
    refitted_through: str = ""
    warnings: tuple[str, ...] = field(default=())


def histogram_of(scores_file: Path, bins: int = 50) -> Histogram:
    """Read a scores file batch by batch and count."""
    highest = 0.0
    with pq.ParquetFile(scores_file) as source:
        for batch in source.iter_batches(columns=["score"]):
            values = batch.column(0).to_numpy(zero_copy_only=False)
            highest = max(highest, float(values.max())) if values.size else highest
        edges = np.linspace(0.0, max(highest, 1e-6), bins + 1)
        counts = np.zeros(bins, dtype=np.int64)
        for batch in source.iter_batches(columns=["score"]):
            counts += np.histogram(batch.column(0).to_numpy(zero_copy_only=False), edges)[0]
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))


def best_possible_of(truth_file: Path, test_scores_file: Path) -> BestPossible | None:
    """Rank the test rows by their true probability.

    Args:
        truth_file: Parquet with user_id, as_of, probability. test_scores_file: the model's test rows with labels.

    Returns:
        None when the truth does not cover every test row: part of the people would be another question.
    """
    judged = pq.read_table(test_scores_file, columns=["user_id", "as_of", "label", "weight"]).to_pandas()
    known = pq.read_table(truth_file, columns=["user_id", "as_of", "probability"]).to_pandas()
    for frame in (judged, known):
        frame["as_of"] = frame["as_of"].dt.strftime("%Y-%m-%d")
    both = judged.merge(known, on=["user_id", "as_of"], how="inner").dropna(subset=["probability"])
    if len(both) != len(judged) or both.empty:
        return None
    probability, label, weight = (both[name].to_numpy(dtype=np.float64) for name in ("probability", "label", "weight"))
    return BestPossible(auc(probability, label, weight), roc(probability, label, weight))


def timeline_of(card: Mapping[str, Any], scored: date, first_event: date | None = None) -> Timeline:
    """The split over time, from a model card.

    Raises:
        DataError: the card has no as-of dates.
    """
    question, data = card["question"], card["data"]
    by_date: dict[date, list[str]] = {}
    for split in SPLITS:
        for text in data["as_of"].get(split, ()):
            by_date.setdefault(date.fromisoformat(text), []).append(split)
    if not by_date:
        raise DataError("The model card names no as-of dates.", "Train again.")
    gap, horizon = timedelta(days=question["gap_days"]), timedelta(days=question["horizon_days"])
    as_ofs = tuple(AsOf(d, tuple(by_date[d]), d + gap, d + gap + horizon) for d in sorted(by_date))
    return Timeline(scored, int(question["look_back_days"]), first_event, as_ofs, data["rows"], data["conversions"])


def strengths_of(card: Mapping[str, Any], most: int = 15) -> tuple[Strength, ...]:
    """The strongest features of a model card."""
    described = {f["name"]: f["description"] for f in card["features"]}
    entries: Sequence[Mapping[str, Any]] = card["importance"][:most]
    return tuple(
        Strength(e["feature"], e["mean_absolute"], described.get(e["feature"], ""))
        for e in entries
        if e["mean_absolute"] > 0
    )


def features_of(card: Mapping[str, Any]) -> tuple[Strength, ...]:
    """Every feature of a model card, strongest first; those that moved nobody follow in the contract's order."""
    found = [Strength(f["name"], f["mean_absolute_contribution"], f["description"]) for f in card["features"]]
    return tuple(sorted(found, key=lambda s: -s.value))


def model_facts_of(card: Mapping[str, Any], version: str) -> tuple[tuple[str, str], ...]:
    """The lines of a model card that a reader asks for first."""
    calibration, data, judged, published = card["calibration"], card["data"], card["judged"], card["published"]
    scoring = f"the judged model itself, which knows outcomes until {published['learned_until']}"
    if published["refitted"]:
        half_life = published["half_life_days"]
        scoring = f"fitted again on all {published['rows']:,} rows through {published['through']}; {_grown(card)}; " + (
            f"a row's weight halves with every {half_life} days of age" if half_life else "all dates count alike"
        )
    return (
        ("Judged model", f"as of {judged['as_of']}; knows outcomes until {judged['learned_until']}; {_grown(judged)}"),
        ("Published model", scoring),
        ("Registered as", f"propensity_{card['use_case']}, version {version}"),
        ("Calibration", f"{calibration['method']}, on {calibration['rows']:,} people whom its model had not seen"),
        ("Features", f"{len(card['features'])}, contract {card['contract_hash']}"),
        ("Trained on", f"{data['dataset']} of run {card['run_id']}, fingerprint {data['fingerprint']}"),
        ("Versions", ", ".join(f"{name} {number}" for name, number in card["versions"].items())),
    )


def _grown(fitted: Mapping[str, Any]) -> str:
    boosting = fitted["boosting"]
    started = "an additive first stage" if fitted["first_stage"] else "nothing"
    return f"{boosting['trees']} LightGBM trees grown from {started}, chosen on {boosting['judged_on']}"
