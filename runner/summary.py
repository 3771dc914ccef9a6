"""What a run did, in one record: the demo's summary.json, its closing table, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from runner.session import Session, open_session
from runner.synthetic import auc
from runner.timing import read_seconds
from runner.workspace import Workspace


def summarise(settings_file: Path, run_id: str, report_file: Path) -> dict[str, Any]:
    """Collect a run's records into the summary and write the report.

    Returns:
        The fields of the demo's summary; `auc_best_possible` is None where the truth is not known (own data).
    """
    from runner.report_data import write_report

    session = open_session(settings_file)
    workspace = session.workspace(run_id)
    records = {name: workspace.load(name) for name in ("featurize", "train", "score", "publish", "audience")}
    activated = workspace.load("activate") if workspace.has("activate") else {}
    verification = (
        workspace.load("verification") if workspace.has("verification") else records["publish"]["verification"]
    )
    summary: dict[str, Any] = {
        "run_id": run_id,
        "as_of": records["featurize"]["as_of"],
        "events": _data(session)["events"],
        "profiles": records["featurize"]["profiles"],
        "training_rows": records["featurize"]["training_rows"],
        "scoring_rows": records["featurize"]["scoring_rows"],
        "excluded_by_reason": records["featurize"]["excluded_by_reason"],
        "auc": records["train"]["metrics"]["auc"],
        "auc_best_possible": best_possible(session, workspace),
        "calibration_error": records["train"]["metrics"]["calibration_error"],
        "scores_published": records["publish"]["scores_published"],
        "profiles_with_score": verification["profiles_with_score"],
        "verification": {"levels": verification["levels"], "warnings": verification["warnings"]},
        "audience_size": activated.get("audience_size"),
        "activated_rows": activated.get("activated_rows"),
        "audience_rule": records["audience"]["pql"],
        "audience_expected": records["audience"]["expected_size"],
        "model_version": records["train"]["version"],
        "scores_file": records["score"]["scores_file"],
        "report_file": str(report_file),
        "seconds": read_seconds(session.settings.state_dir / "data") | read_seconds(workspace.folder),
    }
    write_report(session, workspace, summary, report_file)
    return summary


def best_possible(session: Session, workspace: Workspace) -> float | None:
    """AUC of the true probability on the very rows on which the model was judged; None where the truth is not known."""
    truth_file = Path(_data(session).get("folder", "")) / "truth.parquet"
    train = workspace.load("train")
    if _data(session)["kind"] != "synthetic" or not truth_file.exists() or not train.get("test_file"):
        return None
    judged = pq.read_table(train["test_file"], columns=["user_id", "as_of", "label"]).to_pandas()
    known = pq.read_table(truth_file, columns=["user_id", "as_of", "probability"]).to_pandas()
    for frame in (judged, known):
        frame["as_of"] = frame["as_of"].dt.strftime("%Y-%m-%d")
    both = judged.merge(known, on=["user_id", "as_of"], how="inner").dropna(subset=["probability"])
    if len(both) != len(judged):
        return None
    return round(float(auc(both["probability"].to_numpy(float), both["label"].to_numpy(float) > np.float64(0.5))), 4)


def print_summary(summary: Mapping[str, Any]) -> None:
    """The closing table."""
    table = Table(title=f"Run {summary['run_id']}, as of {summary['as_of']}", show_header=False, title_justify="left")
    table.add_column("what")
    table.add_column("value", justify="right")
    best = summary["auc_best_possible"]
    excluded = ", ".join(f"{n:,} {reason}" for reason, n in summary["excluded_by_reason"].items()) or "nobody"
    rows = {
        "events in the lake": f"{summary['events']:,}",
        "profiles": f"{summary['profiles']:,}",
        "training rows": f"{summary['training_rows']:,}",
        "scored": f"{summary['scoring_rows']:,}",
        "left out": excluded,
        "AUC on the later as-of date": f"{summary['auc']:.4f}" + (f" (best possible {best:.4f})" if best else ""),
        "calibration error": f"{summary['calibration_error']:.4f}",
        "scores published": f"{summary['scores_published']:,}",
        "profiles with the score": f"{summary['profiles_with_score'] or 0:,}",
        "checked at": ", ".join(summary["verification"]["levels"]),
        "audience members": f"{summary['audience_size'] or 0:,}",
        "rows delivered": f"{summary['activated_rows'] or 0:,}",
        "model": f"version {summary['model_version']}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    console = Console()
    console.print(table)
    console.print(f"Summary: {Path(summary['report_file']).with_name('summary.json')}", soft_wrap=True)
    console.print(f"Report:  {summary['report_file']}", soft_wrap=True)


def _data(session: Session) -> dict[str, Any]:
    import json

    content: dict[str, Any] = json.loads((session.settings.state_dir / "data" / "events.json").read_text("utf-8"))
    return content
