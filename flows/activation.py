"""The morning flow: was the audience evaluated after the scores arrived, and was every row delivered?

The platform evaluates audiences once a day. This flow looks for an evaluation newer than the publish, counts its
members and the delivered rows, and closes the pending activation. Nothing there yet is not an error: run it again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from prefect import flow, task

from flows.pipeline import RETRY_DELAYS, may_pass
from runner import steps
from runner.summary import summarise


@task(name="7 activate", retries=3, retry_delay_seconds=RETRY_DELAYS, retry_condition_fn=may_pass)
def activate(settings: Path, run_id: str) -> bool:
    """Reconcile the pending activation of a run; True when it is complete."""
    return steps.activate(settings, run_id)


@task(name="report")
def report(settings: Path, run_id: str) -> str:
    """Write the run's report into its folder; returns where it is."""
    return str(summarise(settings, run_id)["report_file"])


@flow(name="activation", log_prints=True)
def activation(
    use_case: str, settings: Path = Path("propensity.yml"), run_id: str | None = None, with_report: bool = True
) -> bool:
    """Close the pending activation of a use case's run.

    Args:
        use_case: its name in propensity.yml.
        settings: the settings file.
        run_id: which run; by default the newest one of the use case.
        with_report: write the run's report when it is complete.

    Returns:
        True when evaluation and delivery are complete and reconciled, False when the platform is not there yet.
    """
    run_id = run_id or steps.newest_run(settings, use_case)
    complete = activate(settings, run_id)
    if complete and with_report:
        print(f"    report: {report(settings, run_id)}")
    return complete


if __name__ == "__main__":
    activation(sys.argv[1])
