"""The flows repeat only what may pass, and do so under a real Prefect server."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from prefect import Flow, Task
from prefect.states import Failed

from flows import activation, pipeline, seven_steps
from flows.server import prefect_server, server_environment
from runner.errors import (
    AuthenticationError,
    Conflict,
    DataError,
    ModelError,
    NotFound,
    PermissionDenied,
    PlatformTimeout,
    RateLimited,
    SettingsError,
    Unavailable,
)

ROOT = Path(__file__).parents[2]
MODULES = (pipeline, activation, seven_steps)
TASKS: dict[str, Task[Any, Any]] = {
    value.name: value for module in MODULES for value in vars(module).values() if isinstance(value, Task)
}
FLOWS: dict[str, Flow[Any, Any]] = {
    value.name: value for module in MODULES for value in vars(module).values() if isinstance(value, Flow)
}


@pytest.mark.parametrize("task", [pytest.param(t, id=n) for n, t in TASKS.items()])
def test_a_task_is_repeated_only_for_what_may_pass(task: Task[Any, Any]) -> None:
    if task.retries:
        assert task.retry_condition_fn is pipeline.may_pass
        assert task.retry_delay_seconds, "the platform is given no time to come back"
    else:
        assert task.retry_condition_fn is None


def test_every_step_that_talks_to_the_platform_is_repeated() -> None:
    repeated = {name for name, task in TASKS.items() if task.retries}
    assert repeated == {"2 explore", "2 featurize", "3 export", "5 score", "6 publish", "7 activate", "7 audience"}


def test_the_nightly_flow_has_the_steps_in_their_order() -> None:
    numbers = [int(name[0]) for name in TASKS if name[0].isdigit() and name != "1 events"]
    assert numbers[:-1] == sorted(numbers[:-1])
    assert set(numbers) == {2, 3, 4, 5, 6, 7}


@pytest.mark.parametrize("kind", [Unavailable, RateLimited, PlatformTimeout])
def test_what_may_pass_is_tried_again(kind: type[Exception]) -> None:
    assert pipeline.may_pass(None, None, Failed(data=kind("away")))


@pytest.mark.parametrize(
    "kind",
    [AuthenticationError, Conflict, DataError, ModelError, NotFound, PermissionDenied, SettingsError, ValueError],
)
def test_what_stays_wrong_is_not_tried_again(kind: type[Exception]) -> None:
    assert not pipeline.may_pass(None, None, Failed(data=kind("wrong")))
    assert not pipeline.may_pass(None, None, Failed())


@pytest.mark.parametrize("flow", [pytest.param(f, id=n) for n, f in FLOWS.items()])
def test_a_flow_says_what_it_does_and_types_its_parameters(flow: Flow[Any, Any]) -> None:
    assert inspect.getdoc(flow.fn)
    for parameter in inspect.signature(flow.fn).parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty


TWO_TASKS = """
    from pathlib import Path

    from prefect import flow, task

    from flows.pipeline import may_pass
    from runner.errors import DataError, Unavailable

    attempts = {"passing": 0, "lasting": 0}


    @task(name="passing", retries=2, retry_delay_seconds=0, retry_condition_fn=may_pass)
    def passing() -> None:
        attempts["passing"] += 1
        if attempts["passing"] == 1:
            raise Unavailable("The platform is away.")


    @task(name="lasting", retries=2, retry_delay_seconds=0, retry_condition_fn=may_pass)
    def lasting() -> None:
        attempts["lasting"] += 1
        raise DataError("The rows are wrong.")


    @flow(name="two tasks")
    def two_tasks() -> None:
        passing()
        lasting()


    try:
        two_tasks()
    except DataError as error:
        print(error, attempts)
"""


def test_a_real_run_repeats_what_passes_and_stops_at_what_lasts(tmp_path: Path) -> None:
    """A process of its own, because Prefect reads its settings when it is imported."""
    script = tmp_path / "two_tasks.py"
    script.write_text(textwrap.dedent(TWO_TASKS), encoding="utf-8")
    home = tmp_path / "prefect"
    with prefect_server(home) as url:
        environment = {**os.environ, **server_environment(home), "PREFECT_API_URL": url, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, str(script)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        assert "The rows are wrong. {'passing': 2, 'lasting': 1}" in done.stdout
        runs = {run["name"].split("-")[0]: run for run in ask(f"{url}/task_runs/filter")}
        assert {name: (run["state_type"], run["run_count"]) for name, run in runs.items()} == {
            "passing": ("COMPLETED", 2),
            "lasting": ("FAILED", 1),
        }
        assert [run["state_type"] for run in ask(f"{url}/flow_runs/filter")] == ["FAILED"]
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/health", timeout=5)


def ask(url: str) -> list[dict[str, Any]]:
    """Everything a filter of Prefect's API lists."""
    request = urllib.request.Request(url, b"{}", {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found
