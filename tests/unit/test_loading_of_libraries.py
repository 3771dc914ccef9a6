"""A command waits only for the libraries that it uses."""

from __future__ import annotations

import subprocess
import sys

import pytest

LARGE = ("dbt", "lightgbm", "matplotlib", "mlflow", "pandas", "prefect", "scipy", "sklearn")
"""Each takes between half a second and three to load."""


def loaded_by(statement: str) -> set[str]:
    program = f"import sys\n{statement}\nprint(*(name for name in {LARGE} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement", ["import runner.cli", "from runner import steps", "import runner.dbt_child, runner.featurize"]
)
def test_what_all_commands_load_is_small(statement: str) -> None:
    assert loaded_by(statement) == set()


def test_the_steps_of_the_model_load_what_they_need() -> None:
    assert {"lightgbm", "sklearn", "pandas"} <= loaded_by("from runner import steps\nsteps.train")


def test_a_step_that_is_none_is_an_error() -> None:
    assert loaded_by("from runner import steps\nassert not hasattr(steps, 'no_such_step')") == set()
