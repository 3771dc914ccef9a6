"""Steps 6 and 7: scores into profiles, and the audience they make."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.activation import Activated, Activation, activate_now, reconcile_activation, request_activation
from runner.audiences import upsert_audience
from runner.blueprints import scores_dataset
from runner.publishing import Scores, fields_of, read_scores, verify
from runner.publishing import publish as publish_scores
from runner.quota import Quota
from runner.session import Session, tell
from runner.settings import UseCase
from runner.steps.common import as_of_time, contract_of, facts_of, open_run, recall, record
from runner.timing import step
from runner.workspace import Workspace


def publish(settings_file: Path, run_id: str) -> None:
    """Step 6: ingest the scores exactly once and verify what arrived."""
    session, case, workspace = open_run(settings_file, run_id)
    scored = workspace.load("score")
    with step(workspace.folder, 6, "publish", "scores into profiles"):
        published = publish_scores(
            session.settings,
            case,
            session.platform,
            session.sql,
            facts_of(workspace),
            Path(scored["scores_file"]),
            expected_rows=workspace.load("featurize")["scoring_rows"],
            scoring_set=contract_of(workspace, f"{case.name}_scoring_set").relation,
            exclusions=f"{case.name}_exclusions",
            work_dir=workspace.folder,
            log=tell,
        )
        workspace.save("publish", published)
        for warning in published.verification.warnings:
            tell(f"note: {warning}")
        tell(f"{published.scores_published:,} scores in the lake; checked: {', '.join(published.verification.levels)}")


def audience(settings_file: Path, run_id: str) -> None:
    """Step 7: the audience's rule for this run, and an activation that waits for the daily evaluation."""
    session, case, workspace = open_run(settings_file, run_id)
    published, facts = workspace.load("publish"), facts_of(workspace)
    with step(workspace.folder, 7, "audience", f"audience '{case.audience.name}'"):
        scores = read_scores(Path(workspace.load("score")["scores_file"]), facts.as_of, None)
        made = upsert_audience(session.settings, case, session.platform, scores, facts.as_of, tell)
        workspace.save("audience", made)
        now = datetime.now(UTC)
        wanted = request_activation(
            session.settings,
            case,
            session.platform,
            made,
            run_id=run_id,
            published_ms=published["completed_ms"],
            now=now,
            log=tell,
        )
        workspace.save("activation", wanted)
        body = {name: workspace.load(name) for name in ("featurize", "export", "train", "score", "publish", "audience")}
        record(session, case, workspace, "activation_pending", body | {"activation": asdict(wanted)})
        tell(f"{made.expected_size:,} scores meet the rule; activation waits for the daily evaluation")


def activate(settings_file: Path, run_id: str, *, now: bool = False) -> bool:
    """Step 7, after the evaluation: members, delivered rows and published scores must agree. False: not there yet."""
    session, case, workspace = open_run(settings_file, run_id)
    with step(workspace.folder, 7, "activate", "evaluation and delivery"):
        wanted = Activation(**recall(session, workspace, "activation"))
        if now:
            quota = Quota(session.settings.state_dir, session.platform.connection.sandbox)
            wanted = activate_now(session.platform, wanted, quota, now=datetime.now(UTC), log=tell)
        outcome = reconcile_activation(session.platform, wanted, _published_scores(workspace))
        if not isinstance(outcome, Activated):
            tell(f"waiting for the {outcome.awaited}: {outcome.detail}")
            return False
        workspace.save("activate", outcome)
        verification = _verify_again(session, case, workspace)
        workspace.save("verification", verification)
        record(session, case, workspace, "activated", asdict(outcome) | {"verification": verification})
        tell(f"{outcome.audience_size:,} members, {outcome.activated_rows:,} rows delivered: as published")
    return True


def _published_scores(workspace: Workspace) -> Scores | None:
    """The scores as published; None on a machine that did not make them."""
    if not workspace.has("score"):
        return None
    file = Path(workspace.load("score")["scores_file"])
    return read_scores(file, as_of_time(workspace), None) if file.exists() else None


def _verify_again(session: Session, case: UseCase, workspace: Workspace) -> dict[str, Any]:
    """The day after, the profile snapshot tells how many profiles carry the score."""
    facts = facts_of(workspace)
    scores = _published_scores(workspace)
    if scores is None:
        verification: dict[str, Any] = workspace.load("publish")["verification"]
        return verification
    return asdict(
        verify(
            session.platform,
            session.sql,
            fields_of(session.settings, case, session.platform),
            session.platform.catalog.dataset_named(scores_dataset(case.name)),
            facts,
            scores,
            session.settings.identity.namespace,
            completed_ms=workspace.load("publish")["completed_ms"],
        )
    )
