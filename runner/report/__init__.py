"""The report: one self-contained HTML page about a run, with its pictures inside."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from runner.report import pictures
from runner.report.data import (
    AsOf,
    AudienceFacts,
    BestPossible,
    Followed,
    GateLine,
    Histogram,
    ReportData,
    Step,
    Strength,
    Timeline,
    best_possible_of,
    features_of,
    histogram_of,
    model_facts_of,
    strengths_of,
    timeline_of,
)
from runner.report.pictures import Picture, picture

__all__ = [
    "AsOf",
    "AudienceFacts",
    "BestPossible",
    "Followed",
    "GateLine",
    "Histogram",
    "ReportData",
    "Step",
    "Strength",
    "Timeline",
    "best_possible_of",
    "features_of",
    "histogram_of",
    "model_facts_of",
    "render",
    "strengths_of",
    "timeline_of",
    "write_page",
]


def write_page(data: ReportData, file: Path) -> Path:
    """Render the page and write it, whole or not at all."""
    text = render(data)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
    return file


def render(data: ReportData) -> str:
    """The page as HTML text. Everything that came from outside is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("runner.report").joinpath("page.html").read_text(encoding="utf-8"))
    return template.render(d=data, e=data.evaluation, x=data.exploration, p=_pictures(data))


def _pictures(data: ReportData) -> dict[str, Picture]:
    """All pictures, each with a sentence that says what it shows."""
    e, a = data.evaluation, data.audience
    best = f"; the best possible curve has {data.best.auc:.3f}" if data.best else ""
    found = {
        "timeline": picture(
            f"Timeline of {len(data.timeline.as_ofs)} as-of dates with their label windows, ending before the scored "
            f"date {data.timeline.scored}.",
            pictures.timeline,
            data.timeline,
        ),
        "roc": picture(f"ROC curve of the model with an AUC of {e.auc:.3f}{best}.", pictures.roc_curve, e, data.best),
        "gain": picture(
            f"Conversion rate by tenth of the people: {e.deciles[0].rate:.1%} in the best, "
            f"{e.deciles[-1].rate:.1%} in the last; the best three tenths hold {e.deciles[2:3][0].captured:.0%} of all "
            "conversions."
            if len(e.deciles) > 2
            else "Conversion rate by group of people.",
            pictures.gain,
            e,
        ),
        "calibration": picture(
            f"Mean score against observed rate in ten groups; {e.calibration_error:.4f} apart on average.",
            pictures.calibration,
            e,
        ),
        "scores": picture(
            f"Histogram of {data.scored:,} scores; {a.expected:,} are in the audience, from {a.min_score:.4f}.",
            pictures.scores,
            data.histogram,
            a.min_score,
        ),
        "importance": picture(
            "Mean absolute contribution of the strongest features: "
            + ", ".join(f"{s.feature} {s.value:.3f}" for s in data.importance[:5])
            + ".",
            pictures.importance,
            data.importance,
        ),
    }
    if data.recipe:
        r = data.recipe
        found["recipe"] = picture(
            f"ROC curves: the recipe has an AUC of {r.own_test.auc:.3f} on its own rows and {r.on_date.auc:.3f} on the "
            f"date; ours has {r.ours.auc:.3f} on the date.",
            pictures.recipe,
            r,
        )
    if data.exploration:
        found |= _data_pictures(data)
    return found


def _data_pictures(data: ReportData) -> dict[str, Picture]:
    x = data.exploration
    assert x is not None
    first = x.types[0]
    return {
        "days": picture(
            f"Events a day over {len(x.days)} days, {x.events:,} in all, with {x.targets:,} {x.target_event}.",
            pictures.days,
            x,
        ),
        "funnel": picture(
            f"People by event type; {first.event_type} is the most frequent event, {first.users:,} people had it.",
            pictures.funnel,
            x,
        ),
        "correlations": picture(
            f"Correlation of each event type's count with the count of {x.target_event}, strongest first.",
            pictures.correlations,
            x,
        ),
    }
