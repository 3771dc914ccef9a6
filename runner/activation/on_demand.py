"""Evaluation and delivery now: opt-in, counted against the documented quota, and never asked for by a retry."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from runner.activation.records import Activation
from runner.errors import Conflict, DataError, PlatformTimeout
from runner.export.request import Log, quiet
from runner.platform import Platform, SegmentJob
from runner.platform.flows import ALREADY_RUNNING, NOT_READY
from runner.quota import Quota


def activate_now(
    platform: Platform,
    activation: Activation,
    quota: Quota,
    *,
    now: datetime,
    seconds: float = 4 * 3600,
    log: Log = quiet,
    sleep: Callable[[float], None] = time.sleep,
) -> Activation:
    """Evaluate the audience on demand and deliver it; then `reconcile_activation` counts.

    A run gets one on-demand evaluation in its life. A second call follows it while it runs and delivers what it found;
    it never starts another.

    Args:
        activation: what `request_activation` gave.
        quota: of this sandbox.
        now: the current time.
        seconds: how long to wait for evaluation and delivery together (an evaluation may take four hours).

    Raises:
        RateLimited: the quota is used up, or this run has had its evaluation.
        Conflict: another evaluation is running; they cannot run side by side.
        DataError: the evaluation failed.
        PlatformTimeout: not done in time; reconcile later.
    """
    end = time.monotonic() + seconds
    if not _evaluated(platform, activation):
        job = _evaluate(platform, activation, quota, now)
        log(f"Evaluation {job.id} is under way.")
        _finish(platform, job, end, log, sleep)
    _deliver(platform, activation, end, log, sleep)
    return replace(activation, on_demand=True)


def _evaluated(platform: Platform, activation: Activation) -> bool:
    job = platform.segmentation.latest_evaluation(activation.audience_id)
    return job is not None and job.created_ms >= activation.after_ms


def _evaluate(platform: Platform, activation: Activation, quota: Quota, now: datetime) -> SegmentJob:
    jobs = platform.segmentation.jobs()
    running = [j for j in jobs if j.state == "running"]
    if ours := [j for j in running if j.created_ms >= activation.after_ms and j.covers(activation.audience_id)]:
        return ours[0]
    if running:
        raise Conflict(
            f"Evaluation {running[0].id} is running ({running[0].reported}); two cannot run side by side.",
            "Nothing was used up. Try again when it has finished.",
            service="Segmentation",
        )
    on_demand = [datetime.fromtimestamp(j.created_ms / 1000, UTC) for j in jobs if j.source == "api"]
    quota.take(activation.run_id, now, on_demand)
    return platform.segmentation.evaluate_now([activation.audience_id])


def _finish(platform: Platform, job: SegmentJob, end: float, log: Log, sleep: Callable[[float], None]) -> None:
    delay = 0.3
    while (job := platform.segmentation.job(job.id)).state == "running":
        _wait(delay, end, f"Evaluation {job.id} is still {job.reported}", sleep)
        log(f"Evaluation {job.id} is {job.reported}.")
        delay = min(60.0, delay * 1.6)
    if job.state == "failed":
        raise DataError(
            f"The on-demand evaluation {job.id} ended as {job.reported}: {'; '.join(job.errors) or 'no reason given'}.",
            "The daily evaluation covers the audience too; look at the audience's rule if that fails as well.",
        )


def _deliver(platform: Platform, activation: Activation, end: float, log: Log, sleep: Callable[[float], None]) -> None:
    """Ask for a delivery (or follow the one going on) and wait until it has ended; its counts are reconciled later."""
    run_id = _asked(platform, activation, end, log, sleep)
    delay = 0.3
    while run_id is not None and platform.flows.run(run_id).state == "running":
        _wait(delay, end, f"The delivery {run_id} is still going on", sleep)
        delay = min(60.0, delay * 1.6)


def _asked(
    platform: Platform, activation: Activation, end: float, log: Log, sleep: Callable[[float], None]
) -> str | None:
    while True:
        try:
            runs = platform.destinations.activate_now(activation.flow_id, [activation.audience_id])
            return runs.get(activation.audience_id)
        except Conflict as error:
            if error.code == ALREADY_RUNNING:
                going_on = [r for r in platform.flows.runs(activation.flow_id) if r.state == "running"]
                return going_on[0].id if going_on else None
            if error.code != NOT_READY:
                raise
            log("The audience is too new in its dataflow to be delivered; asking again in a minute.")
            _wait(60.0, end, "The dataflow is not ready for delivery", sleep)


def _wait(seconds: float, end: float, what: str, sleep: Callable[[float], None]) -> None:
    if time.monotonic() + seconds > end:
        raise PlatformTimeout(
            f"{what} and the time allowed is over.",
            "It goes on without us: reconcile later with 'propensity activate'.",
            service="Segmentation",
        )
    sleep(seconds)
