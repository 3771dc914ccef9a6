"""The start of a run and its work are two jobs on two threads: whichever is later changes nothing of the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_platform.context import Context, Options
from local_platform.services.flows.runs import Runs, records


def test_a_run_that_is_finished_while_it_starts_stays_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(Context.open(Options(tmp_path / "data", delays="none")))
    id = runs.create("flow", {"kind": "audiences"})
    look = runs.status

    def finished_right_after(run_id: str) -> str | None:
        seen = look(run_id)
        runs.succeed(run_id, {"recordSummary": records(2, 2)})
        return seen

    monkeypatch.setattr(runs, "status", finished_right_after)
    runs.start(id)
    assert look(id) == "success"


def test_a_run_that_waits_starts(tmp_path: Path) -> None:
    runs = Runs(Context.open(Options(tmp_path / "data", delays="none")))
    id = runs.create("flow", {"kind": "audiences"})
    runs.start(id)
    assert runs.status(id) == "processing"
    runs.start("of a flow that was deleted meanwhile")
