"""Fill the report with what a run's records, files and the platform say."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from runner.blueprints import resolve
from runner.errors import PermissionDenied
from runner.evaluation import Evaluation
from runner.exploration import DayFigures, Exploration, SampleFigures, TypeFigures
from runner.model_card import read_card
from runner.recipe import Recipe
from runner.report import (
    AudienceFacts,
    BestPossible,
    Followed,
    GateLine,
    ReportData,
    Step,
    features_of,
    histogram_of,
    model_facts_of,
    strengths_of,
    timeline_of,
    write_page,
)
from runner.run_ids import use_case_of
from runner.session import Session
from runner.training.model import CARD_FILE
from runner.workspace import Workspace


def write_report(
    session: Session,
    workspace: Workspace,
    summary: Mapping[str, Any],
    best: BestPossible | None,
    source: str,
    file: Path,
) -> Path:
    """Write the page about a run.

    Args:
        summary: what `runner.summary.summarise` collected.
        best: the limit on the test rows, where the truth is known.
        source: where the events came from, in words.
    """
    case = session.settings.use_case(use_case_of(summary["run_id"]))
    train, audience = workspace.load("train"), workspace.load("audience")
    card = read_card(Path(train["champion_dir"]) / CARD_FILE)
    explored = exploration_from(workspace.load("explore"))
    as_of = date.fromisoformat(summary["as_of"])
    activated = workspace.load("activate") if workspace.has("activate") else {}
    data = ReportData(
        run_id=summary["run_id"],
        question=case.title,
        target_event=case.target_event,
        as_of=as_of,
        horizon_days=case.horizon_days,
        source=source,
        steps=_steps(summary, workspace),
        profiles=summary["profiles"],
        scored=summary["scoring_rows"],
        excluded=summary["excluded_by_reason"],
        evaluation=Evaluation.from_json(card["evaluation"]),
        timeline=timeline_of(card, as_of, date.fromisoformat(workspace.load("featurize")["first_day"])),
        histogram=histogram_of(Path(summary["scores_file"])),
        importance=strengths_of(card),
        features=features_of(card),
        audience=AudienceFacts(
            case.audience.name,
            audience["pql"],
            audience["min_score"],
            audience["expected_size"],
            summary["audience_size"],
            summary["activated_rows"],
            ", ".join(activated.get("files", [])),
        ),
        model=model_facts_of(card, str(train["version"])),
        refitted_through=card["published"]["through"],
        exploration=explored,
        best=best,
        followed=follow(session, workspace),
        gate_mode=session.settings.gate,
        gate=_gate(train["verdict"]),
        recipe=Recipe.from_json(workspace.load("recipe")) if workspace.has("recipe") else None,
        leak_check=_leak_check(summary["leak_check"]),
        levels=tuple(summary["verification"]["levels"]),
        warnings=(*train["remarks"], *summary["verification"]["warnings"], *(n for n in _notes(workspace) if n)),
    )
    return write_page(data, file)


def follow(session: Session, workspace: Workspace) -> Followed:
    """The highest score, looked up in the scores file, in the ingested batch and in the profile."""
    scores = pq.read_table(workspace.load("score")["scores_file"], columns=["user_id", "score"])
    best = pc.index(scores["score"], pc.max(scores["score"])).as_py()
    person, score = scores["user_id"][best].as_py(), scores["score"][best].as_py()
    tenant = (session.settings.tenant or session.platform.schemas.tenant()).lstrip("_")
    key = resolve(session.settings.identity.path, tenant)
    field = f"_{tenant}.propensity.{workspace.run_id.rsplit('-', 1)[0]}.score"
    return Followed(
        person,
        (
            ("scores file", score),
            ("ingested batch", _in_batches(session, workspace, key, field, person)),
            ("profile", _in_profile(session, person, field)),
        ),
    )


def exploration_from(content: Mapping[str, Any]) -> Exploration:
    """An exploration as its step recorded it."""
    return Exploration(
        **{
            **content,
            "types": tuple(TypeFigures(**t) for t in content["types"]),
            "days": tuple(DayFigures(**d) for d in content["days"]),
            "sample": SampleFigures(**content["sample"]) if content["sample"] else None,
        }
    )


def _in_batches(session: Session, workspace: Workspace, key: str, field: str, person: str) -> float | None:
    with tempfile.TemporaryDirectory(prefix="propensity-") as folder:
        for batch in workspace.load("publish")["batch_ids"]:
            files = [str(f.path) for f in session.platform.access.download_batch(batch, Path(folder))]
            found = ds.dataset(files, format="parquet").to_table(
                columns={"score": _at(field)}, filter=_at(key) == pa.scalar(person)
            )
            if found.num_rows:
                return float(found["score"][0].as_py())
    return None


def _in_profile(session: Session, person: str, field: str) -> float | None:
    """None where profile look-up is not licensed."""
    try:
        profile = session.platform.profiles.entity(person, session.settings.identity.namespace, [field])
    except PermissionDenied:
        return None
    value: Any = profile.attributes if profile else None
    for part in field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return None if value is None else float(value)


def _at(path: str) -> Any:
    return pc.field(*path.split("."))


def _steps(summary: Mapping[str, Any], workspace: Workspace) -> tuple[Step, ...]:
    seconds, export = summary["seconds"], workspace.load("export")
    delivered = "the daily evaluation is awaited"
    if summary["activated_rows"] is not None:
        delivered = f"{summary['audience_size']:,} members, {summary['activated_rows']:,} rows delivered"
    routes = " and ".join(str(route).replace("_", " ") for route in export["routes"])
    told = (
        (1, "events", f"{summary['events']:,} events in the lake"),
        (2, "featurize", f"{summary['training_rows']:,} training rows, {summary['scoring_rows']:,} to score"),
        (3, "export", f"{export['rows']:,} training rows by {routes}, as counted in Query Service"),
        (4, "train", f"AUC {summary['auc']:.4f} on the later as-of date"),
        (5, "score", f"{summary['scoring_rows']:,} identities scored"),
        (6, "publish", f"{summary['scores_published']:,} scores in the lake, once each"),
        (7, "audience", delivered),
    )
    return tuple(Step(n, name, what, seconds.get(f"{n}_{name}")) for n, name, what in told)


def _gate(verdict: Mapping[str, Any]) -> tuple[GateLine, ...]:
    return tuple(
        GateLine(f["metric"], f["value"], f"{f['direction']} {f['threshold']:.4g}", f["passed"], f["why"])
        for f in verdict["findings"]
    )


def _leak_check(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    return (
        f"No feature knows the future: when {found['removed']:,} events from {found['as_of']} on were removed, "
        f"{found['altered']:,} altered and {found['added']:,} added, all {found['features']} features of "
        f"{sum(found['rows'].values()):,} rows as of that date and earlier stayed the same, to the last bit."
    )


def _notes(workspace: Workspace) -> list[str]:
    return list(workspace.load("export")["notes"])
