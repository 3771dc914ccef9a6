"""What the steps share: the run at hand, its contract and facts, and the records that outlive this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.contract import Contract
from runner.export import Exported, export_data_access, export_landing_zone
from runner.publishing import RunFacts
from runner.run_ids import use_case_of
from runner.run_record import RunRecord
from runner.session import Session, open_session, tell
from runner.settings import UseCase
from runner.workspace import Workspace


def open_run(settings_file: Path, run_id: str) -> tuple[Session, UseCase, Workspace]:
    session = open_session(settings_file)
    return session, session.settings.use_case(use_case_of(run_id)), session.workspace(run_id)


def contract_of(workspace: Workspace, model: str) -> Contract:
    return Contract.from_manifest(Path(workspace.load("featurize")["manifest_file"]), model)


def as_of_time(workspace: Workspace) -> datetime:
    return datetime.fromisoformat(workspace.load("featurize")["as_of"]).replace(tzinfo=UTC)


def facts_of(workspace: Workspace) -> RunFacts:
    return RunFacts(workspace.run_id, as_of_time(workspace), str(workspace.load("train")["version"]))


def export_rows(session: Session, workspace: Workspace, model: str, route: str) -> Exported:
    contract = contract_of(workspace, model)
    folder = workspace.folder / "export" / f"{model}-{route}"
    options: dict[str, Any] = {"manifest_file": Path(workspace.load("featurize")["manifest_file"]), "log": tell}
    if route == "landing_zone":
        options |= {"folder": session.settings.landing_zone.folder, "seconds": session.settings.wait_seconds}
    go = export_landing_zone if route == "landing_zone" else export_data_access
    exported = go(session.platform, session.sql, contract.dataset, workspace.run_id, folder, contract, **options)
    tell(f"{exported.rows:,} rows by {exported.route.replace('_', ' ')}, as counted in Query Service")
    return exported


def record(session: Session, case: UseCase, workspace: Workspace, state: str, body: dict[str, Any]) -> None:
    """Append to the run's record in the platform, so that another machine can go on."""
    record = RunRecord(workspace.run_id, case.name, as_of_time(workspace).date(), state, body, datetime.now(UTC))
    session.records.append(record)


def recall(session: Session, workspace: Workspace, name: str) -> dict[str, Any]:
    """A step's record from this machine, else from the run's record in the platform."""
    if not workspace.has(name):
        found = session.records.newest(workspace.run_id)
        if found is not None:
            for key, value in found.body.items():
                if isinstance(value, dict):
                    workspace.save(key, value)
    return workspace.load(name)
