"""The seven steps, each a function that the command and the flows call. Every one is safe to repeat.

A step reads the records of earlier steps from the run's folder, does its work through the rooms of this package, and
leaves its own record there.

The steps of the model are loaded when one is asked for: LightGBM and scikit-learn take seconds, which no other command
needs to wait.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.session import may_pass, newest_run
from runner.steps.data import apply_setup, doctor, load_events, plan_setup, synthesize
from runner.steps.dbt import dbt_variables, run_dbt_here
from runner.steps.features import check_leaks, explore, export, featurize, forget
from runner.steps.scores import activate, audience, publish

if TYPE_CHECKING:
    from runner.steps.model import recipe, score, train

__all__ = [
    "activate",
    "apply_setup",
    "audience",
    "check_leaks",
    "dbt_variables",
    "doctor",
    "explore",
    "export",
    "featurize",
    "forget",
    "load_events",
    "may_pass",
    "newest_run",
    "plan_setup",
    "publish",
    "recipe",
    "run",
    "run_dbt_here",
    "score",
    "synthesize",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in ("recipe", "score", "train"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from runner.steps import model

    return getattr(model, name)


def run(settings_file: Path, use_case: str | None, as_of: date | None, *, both_routes: bool = False) -> str:
    """Steps 2 to 7 up to the pending activation."""
    from runner.steps.model import score, train

    run_id = featurize(settings_file, use_case, as_of)
    explore(settings_file, run_id)
    export(settings_file, run_id, both_routes=both_routes)
    train(settings_file, run_id)
    score(settings_file, run_id)
    publish(settings_file, run_id)
    audience(settings_file, run_id)
    return run_id
