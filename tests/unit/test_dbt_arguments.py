"""`propensity dbt` runs dbt in the project's folder: paths are those of whoever typed them, and output can be used."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runner.dbt_output import pass_on
from runner.steps.dbt import paths_from_here


def test_a_state_is_looked_for_where_the_command_was_typed(tmp_path: Path) -> None:
    (tmp_path / "yesterday").mkdir()
    there = str(tmp_path / "yesterday")
    asked = ["build", "--select", "state:modified", "--state", "yesterday", "--defer-state=yesterday"]
    assert paths_from_here(asked, tmp_path) == [*asked[:4], there, f"--defer-state={there}"]


def test_everything_else_stays_as_it_was_typed(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    asked = ["build", "--select", "models", "--state", "not_there", f"--state={tmp_path}", "--vars", "{a: --state}"]
    assert paths_from_here(asked, tmp_path) == asked


def test_a_statement_that_dbt_suggests_can_be_sent_as_it_is(tmp_path: Path) -> None:
    said: list[str] = []
    suggests = "print('  select * from prod:all.public.ann_is_positive'); print('12:00:01  OK dev.ann_x at 1:2')"
    assert pass_on([sys.executable, "-c", suggests], tmp_path, os.environ, said.append) == 0
    assert said == ["  select * from ann_is_positive", "12:00:01  OK dev.ann_x at 1:2"]
