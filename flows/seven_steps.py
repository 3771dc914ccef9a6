"""The demo as a Prefect flow: step 1, the nightly flow, a day that passes, the morning flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow, task

from flows.activation import activation
from flows.pipeline import propensity
from runner import steps
from runner.errors import DataError
from runner.local import LocalPlatform
from runner.settings import load_settings
from runner.summary import print_summary, summarise

if TYPE_CHECKING:
    from flows.demo import Parameters

DAY = 86_400


@task(name="1 events")
def events(settings: Path, parameters: Parameters) -> None:
    """Synthetic profiles and events, or a file of one's own, into the lake."""
    if parameters.events:
        steps.apply_setup(settings)
        steps.load_events(settings, parameters.events)
    else:
        assert parameters.end is not None
        steps.synthesize(
            settings,
            users=parameters.users,
            days=70,
            end=parameters.end,
            seed=parameters.seed,
            scenario=parameters.scenario,
        )


@task(name="check leaks")
def check_leaks(settings: Path, run_id: str) -> None:
    """Change the future and build the features again: a proof for the demo and for tests, not for every night."""
    steps.check_leaks(settings, run_id, once=True)


@task(name="recipe")
def recipe(settings: Path, run_id: str) -> None:
    """What the documented notebook recipe would have reached on the same question, for the report."""
    steps.recipe(settings, run_id, once=True)


@task(name="a day passes")
def next_day(advance: Callable[[float], object]) -> None:
    """Only the demo does this: in a sandbox the night comes by itself, and with it evaluation and delivery."""
    advance(DAY)


@flow(name="seven steps", validate_parameters=False)
def seven_steps(settings: Path, home: Path, parameters: Parameters, platform: LocalPlatform) -> Mapping[str, Any]:
    """Events in, audience out. Returns the summary and writes the report."""
    events(settings, parameters)
    use_case = load_settings(settings).use_cases[0].name
    run_id = propensity(use_case, settings, parameters.as_of, both_routes=True)
    check_leaks(settings, run_id)
    recipe(settings, run_id)
    if not activation(use_case, settings, run_id, with_report=False):
        next_day(platform.advance)
        if not activation(use_case, settings, run_id, with_report=False):
            raise DataError(
                f"A day has passed on the local platform, and the audience of {run_id} is still not delivered.",
                "See platform.log in the demo's folder.",
            )
    summary = summarise(settings, run_id, home / "report.html")
    print_summary(summary)
    print(f"Summary: {home / 'summary.json'}")
    return summary
