"""What a run did, in one record: the demo's summary.json, its closing table, and the report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from runner.report import BestPossible, best_possible_of
from runner.run_ids import use_case_of
from runner.run_report import write_report
from runner.session import Session, open_session
from runner.settings import UseCase
from runner.timing import read_seconds
from runner.workspace import Workspace


def summarise(settings_file: Path, run_id: str, report_file: Path | None = None) -> dict[str, Any]:
    """Collect a run's records into the summary and write the report.

    Args:
        report_file: where the report goes; by default into the run's folder.

    Returns:
        The fields of the demo's summary; `auc_best_possible` is None where the truth is not known (own data).
    """
    session = open_session(settings_file)
    workspace = session.workspace(run_id)
    report_file = report_file or workspace.folder / "report.html"
    records = {name: workspace.load(name) for name in ("featurize", "train", "score", "publish", "audience")}
    activated = workspace.load("activate") if workspace.has("activate") else {}
    verification = (
        workspace.load("verification") if workspace.has("verification") else records["publish"]["verification"]
    )
    data = _data(session, workspace)
    case = session.settings.use_case(use_case_of(run_id))
    best = _best_possible(data, case, workspace)
    summary: dict[str, Any] = {
        "run_id": run_id,
        "as_of": records["featurize"]["as_of"],
        "events": data["events"],
        "profiles": records["featurize"]["profiles"],
        "training_rows": records["featurize"]["training_rows"],
        "scoring_rows": records["featurize"]["scoring_rows"],
        "excluded_by_reason": records["featurize"]["excluded_by_reason"],
        "auc": records["train"]["metrics"]["auc"],
        "auc_best_possible": best.auc if best else None,
        "calibration_error": records["train"]["metrics"]["calibration_error"],
        "scores_published": records["publish"]["scores_published"],
        "profiles_with_score": verification["profiles_with_score"],
        "verification": {"levels": verification["levels"], "warnings": verification["warnings"]},
        "audience_size": activated.get("audience_size"),
        "activated_rows": activated.get("activated_rows"),
        "audience_rule": records["audience"]["pql"],
        "audience_expected": records["audience"]["expected_size"],
        "model_version": records["train"]["version"],
        "judged_as_of": records["train"]["judged_as_of"],
        "refitted_through": records["train"]["refitted_through"],
        "scores_file": records["score"]["scores_file"],
        "report_file": str(report_file),
        "leak_check": workspace.load("leak_check") if workspace.has("leak_check") else None,
        "seconds": read_seconds(session.settings.state_dir / "data") | read_seconds(workspace.folder),
    }
    write_report(session, workspace, summary, best, _source(session, data), report_file)
    return summary


def _best_possible(data: Mapping[str, Any], case: UseCase, workspace: Workspace) -> BestPossible | None:
    """What the true probability reaches on the very rows on which the model was judged; None where it is not known."""
    truth_file = Path(str(data.get("folder", ""))) / "truth.parquet"
    asked = {name: getattr(case, name) for name in ("target_event", "horizon_days", "gap_days")}
    if data["kind"] != "synthetic" or data.get("truth_of") != asked or not truth_file.exists():
        return None
    return best_possible_of(truth_file, Path(workspace.load("train")["test_file"]))


def print_summary(summary: Mapping[str, Any]) -> None:
    """The closing table, and where the report is."""
    table = Table(title=f"Run {summary['run_id']}, as of {summary['as_of']}", show_header=False, title_justify="left")
    table.add_column("what")
    table.add_column("value", justify="right")
    best = summary["auc_best_possible"]
    excluded = ", ".join(f"{n:,} {reason}" for reason, n in summary["excluded_by_reason"].items()) or "nobody"
    leaks = summary["leak_check"]
    rows = {
        "events in the lake": f"{summary['events']:,}",
        "profiles": f"{summary['profiles']:,}",
        "training rows": f"{summary['training_rows']:,}",
        "scored": f"{summary['scoring_rows']:,}",
        "left out": excluded,
        "AUC on the later as-of date": f"{summary['auc']:.4f}" + (f" (best possible {best:.4f})" if best else ""),
        "features that know the future": f"none of {leaks['features']}" if leaks else "not checked",
        "calibration error": f"{summary['calibration_error']:.4f}",
        "scores published": f"{summary['scores_published']:,}",
        "profiles with the score": f"{summary['profiles_with_score'] or 0:,}",
        "checked at": ", ".join(summary["verification"]["levels"]),
        "audience members": f"{summary['audience_size'] or 0:,}",
        "rows delivered": f"{summary['activated_rows'] or 0:,}",
        "model": f"version {summary['model_version']}, judged as of {summary['judged_as_of']}",
        "scores come from": f"its refit through {summary['refitted_through']}"
        if summary["refitted_through"]
        else "the judged model",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    console = Console()
    console.print(table)
    console.print(f"Report:  {summary['report_file']}", soft_wrap=True)


def _source(session: Session, data: Mapping[str, Any]) -> str:
    if data["kind"] == "sandbox":
        return f"dataset {session.settings.datasets.events} of sandbox {session.platform.connection.sandbox}"
    return (
        f"loaded from {Path(data['file']).name}"
        if data["kind"] == "file"
        else f"synthetic, scenario '{data['scenario']}'"
    )


def _data(session: Session, workspace: Workspace) -> dict[str, Any]:
    """What step 1 left on this machine; in a sandbox the events were there, and the exploration counted them."""
    path = session.settings.state_dir / "data" / "events.json"
    if not path.exists():
        return {"kind": "sandbox", "events": workspace.load("explore")["events"]}
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content
