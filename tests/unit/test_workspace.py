"""The run's folder: records are whole, and a missing one names the step that makes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from runner.cli.main import main
from runner.errors import SettingsError
from runner.workspace import MADE_BY, Workspace, latest_run


@dataclass(frozen=True)
class Record:
    as_of: date
    file: Path


def test_a_record_comes_back(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "newsletter-20261109")
    workspace.save("score", Record(date(2026, 11, 9), Path("scores.parquet")))
    assert workspace.load("score") == {"as_of": "2026-11-09", "file": "scores.parquet"}


def test_a_missing_record_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="propensity train --use-case newsletter"):
        Workspace(tmp_path, "newsletter-20261109").load("train")


def test_every_record_that_is_read_is_made_by_a_command_that_exists() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (Path(__file__).parents[2] / "runner").rglob("*.py"))
    read = set(re.findall(r'(?:workspace\.load\(|recall\(session, workspace, )"(\w+)"\)', code))
    assert read > {"explore", "activation", "train"}
    assert {MADE_BY.get(name, name) for name in read} - set(main.commands) == set()


def test_the_newest_run_is_by_as_of(tmp_path: Path) -> None:
    for day in ("20261102", "20261109", "20261026"):
        Workspace(tmp_path, f"newsletter-{day}").save("featurize", {})
    assert latest_run(tmp_path, "newsletter") == "newsletter-20261109"
    assert latest_run(tmp_path, "purchase") is None
