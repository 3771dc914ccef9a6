"""Was the audience evaluated after the publish, and was every member delivered? Counted, not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from runner.activation.delivery import delivered
from runner.activation.records import Activated, Activation, Pending
from runner.errors import DataError, PlatformError
from runner.export.hashing import Hashes
from runner.platform import FlowRun, Platform, SegmentJob
from runner.publishing.scores import Scores


def reconcile_activation(
    platform: Platform, activation: Activation, scores: Scores | None = None
) -> Activated | Pending:
    """Look whether the audience was evaluated and delivered since, and count.

    Args:
        scores: the published scores; with them every delivered identity is checked, not only how many there are.

    Raises:
        DataError: evaluation, delivery and published scores do not agree; all three numbers are named.
        PlatformError: the dataflow's run failed.
    """
    job = platform.segmentation.latest_evaluation(activation.audience_id)
    if job is None or job.created_ms < activation.after_ms:
        return _awaits_evaluation(platform, activation)
    members = job.members.get(activation.audience_id, 0)
    run = _run_after(platform, activation, job)
    if run is None:
        since = _utc(job.completed_ms or job.created_ms)
        detail = f"Evaluation {job.id} found {members:,} members; its delivery is on the way."
        return Pending("delivery", since, None, detail)
    delivery = delivered(platform, activation.path, activation.audience_id, activation.namespace, run)
    if not members == delivery.rows == activation.expected:
        raise DataError(
            f"Audience {activation.audience_id} of run {activation.run_id}: {activation.expected:,} published scores "
            f"meet the rule, evaluation {job.id} counted {members:,} members, {delivery.rows:,} rows were delivered.",
            "If Profile had not taken in all scores when it evaluated, tomorrow's evaluation will agree: reconcile "
            "again then ('propensity activate'). If not, compare the merge policy with the scores dataset.",
        )
    checked = scores is not None and delivery.identities is not None
    if scores is not None and delivery.identities is not None:
        _refuse_others(activation, scores, delivery.identities)
    return Activated(
        activation.run_id, activation.audience_id, members, delivery.rows, job.id, run.id, delivery.files, checked
    )


def _refuse_others(activation: Activation, scores: Scores, people: Hashes) -> None:
    """Refuse a delivery of the right size with the wrong people in it."""
    wanted = np.sort(scores.qualifying(activation.min_score))
    if not np.array_equal(wanted, people):
        others = len(np.setdiff1d(people, wanted))
        raise DataError(
            f"Audience {activation.audience_id} of run {activation.run_id}: {others:,} of {len(people):,} delivered "
            f"identities are not among the scores of at least {activation.min_score} that were published.",
            "Do not use the delivered files. Somebody else may be writing to the scores dataset, or a merge policy "
            "prefers other data to it.",
        )


def _awaits_evaluation(platform: Platform, activation: Activation) -> Pending:
    since = _utc(activation.after_ms)
    running = [j for j in platform.segmentation.jobs() if j.state == "running" and j.created_ms >= activation.after_ms]
    detail = (
        f"Evaluation {running[0].id} is {running[0].reported.lower()}."
        if running
        else "The next daily evaluation of the sandbox covers the audience; then it is delivered."
    )
    # Once a day: a whole day after the publish it must have happened.
    return Pending("evaluation", since, since + timedelta(days=1), detail)


def _run_after(platform: Platform, activation: Activation, job: SegmentJob) -> FlowRun | None:
    """The dataflow's successful run after the evaluation; None while it has not finished.

    The first that began after the evaluation ended; else one that began during it and ended after it (an evaluation's
    end is sometimes reported late). Should that one have delivered an older evaluation, the counts will not agree.

    Raises:
        PlatformError: all runs since have failed.
    """
    ended = job.completed_ms or job.created_ms
    since = [run for run in platform.flows.runs(activation.flow_id) if run.created_ms >= job.created_ms]
    done = [run for run in since if run.state == "success" and (run.completed_ms or run.created_ms) >= ended]
    if done:
        return min(done, key=lambda run: (run.created_ms < ended, run.created_ms))
    if since and all(run.state == "failed" for run in since):
        raise PlatformError(
            f"The delivery of audience {activation.audience_id} failed (dataflow {activation.flow_id}, run "
            f"{since[0].id}): {'; '.join(since[0].errors) or since[0].reported}.",
            "The next daily run delivers it again; if that fails too, look at the dataflow in the AEP user interface.",
            service="Flow Service",
        )
    return None


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
