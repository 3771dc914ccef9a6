"""The nightly flow: features, training set, model, scores, audience, and a pending activation.

    python -m flows.pipeline newsletter     run it here
    prefect deploy --all                    schedule it (prefect.yaml)

Running it twice for the same date is safe: every step finds what it did before. Running it after a crash continues.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from prefect import flow, task

from runner import steps

RETRY_DELAYS: list[float] = [30, 120, 600]
"""Seconds between attempts of a step whose failure may pass: the platform was away, or a lease was taken."""


def may_pass(_task: object, _run: object, state: object) -> bool:
    """Retry only what may pass by itself; wrong settings and bad data stay wrong."""
    return steps.may_pass(getattr(state, "data", None))


@task(name="2 featurize", retries=3, retry_delay_seconds=RETRY_DELAYS, retry_condition_fn=may_pass)
def featurize(settings: Path, use_case: str, as_of: date | None) -> str:
    """Build the features, the training set and the scoring set in Query Service; returns the run id."""
    return steps.featurize(settings, use_case, as_of)


@task(name="2 explore", retries=1, retry_delay_seconds=30, retry_condition_fn=may_pass)
def explore(settings: Path, run_id: str) -> None:
    """Figures about the data, for the report."""
    steps.explore(settings, run_id)


@task(name="3 export", retries=3, retry_delay_seconds=RETRY_DELAYS, retry_condition_fn=may_pass)
def export(settings: Path, run_id: str, both_routes: bool) -> None:
    """Export the run's training rows and reconcile them with Query Service's own count."""
    steps.export(settings, run_id, both_routes=both_routes)


@task(name="4 train")
def train(settings: Path, run_id: str) -> None:
    """Train, calibrate, judge on the later as-of date, gate, register."""
    steps.train(settings, run_id)


@task(name="5 score", retries=3, retry_delay_seconds=RETRY_DELAYS, retry_condition_fn=may_pass)
def score(settings: Path, run_id: str) -> None:
    """Score every identity of the scoring set."""
    steps.score(settings, run_id)


@task(name="6 publish", retries=3, retry_delay_seconds=RETRY_DELAYS, retry_condition_fn=may_pass)
def publish(settings: Path, run_id: str) -> None:
    """Ingest the scores once and verify that they arrived."""
    steps.publish(settings, run_id)


@task(name="7 audience", retries=3, retry_delay_seconds=RETRY_DELAYS, retry_condition_fn=may_pass)
def audience(settings: Path, run_id: str) -> None:
    """Create or update the audience and ask for its activation after the next daily evaluation."""
    steps.audience(settings, run_id)


@flow(name="propensity", log_prints=True)
def propensity(
    use_case: str,
    settings: Path = Path("propensity.yml"),
    as_of: date | None = None,
    both_routes: bool = False,
) -> str:
    """Score a use case and prepare its audience.

    Args:
        use_case: its name in propensity.yml.
        settings: the settings file.
        as_of: score as of 00:00 UTC of this date; by default the end of the newest complete day in the data.
        both_routes: also export through the landing zone and compare both exports row by row.

    Returns:
        The run id. The activation itself happens after the platform's daily evaluation: see flows/activation.py.
    """
    run_id = featurize(settings, use_case, as_of)
    explore(settings, run_id)
    export(settings, run_id, both_routes)
    train(settings, run_id)
    score(settings, run_id)
    publish(settings, run_id)
    audience(settings, run_id)
    return run_id


if __name__ == "__main__":
    propensity(sys.argv[1])
