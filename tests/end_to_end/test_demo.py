"""`make demo` as a newcomer meets it: one story, the same when told twice, and nothing left behind."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.end_to_end.conftest import ROOT, demo_command, run_demo

USERS = ("--users", "2000", "--seed", "11")
FEWER = ("--users", "1000", "--seed", "11")


def summary(home: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((home / "summary.json").read_text())
    return content


def processes_of(home: Path) -> list[str]:
    """Command lines of the processes that name the demo's folder there or in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = ((process / name).read_bytes() for name in ("cmdline", "environ"))
        except OSError:
            continue
        if os.fsencode(home) in command + environment:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def check(home: Path) -> dict[str, Any]:
    told = summary(home)
    assert told["scoring_rows"] + sum(told["excluded_by_reason"].values()) == told["profiles"]
    assert told["scores_published"] == told["scoring_rows"] == told["profiles_with_score"]
    assert told["audience_size"] == told["activated_rows"] == told["audience_expected"] > 0
    scores = pq.read_table(told["scores_file"])
    assert scores.column_names[:3] == ["user_id", "as_of", "score"]
    assert scores.num_rows == told["scoring_rows"] == len(set(scores["user_id"].to_pylist()))
    report = Path(told["report_file"]).read_text(encoding="utf-8")
    assert "No feature knows the future" in report
    assert "The documented recipe on the same question" in report
    assert told["leak_check"]["features"] > 100
    return told


@pytest.fixture(scope="module")
def told_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A demo that was killed and went through when it was run again: its home, and what it printed then."""
    home = tmp_path_factory.mktemp("told") / "demo"
    kill(home, USERS, random.Random(5).uniform(1, 30))
    return home, run_demo(home, *USERS)


@pytest.fixture
def other_home(tmp_path: Path, told_once: tuple[Path, str]) -> Path:
    """As it is after a demo with other parameters: only Prefect's database is there, whose making takes longest."""
    home = tmp_path / "demo"
    shutil.copytree(told_once[0] / "prefect", home / "prefect")
    return home


def test_a_demo_that_was_killed_tells_one_story_when_run_again_and_tells_it_once_more(
    told_once: tuple[Path, str],
) -> None:
    home, told = told_once
    assert "rows by data access" in told
    assert "rows by landing zone" in told
    assert "both routes hold the same" in told
    first = check(home)
    assert first["verification"]["levels"] == ["lake", "entities", "profile_snapshot"]
    assert 0.5 < first["auc"] <= 1
    assert 0.5 < first["auc_best_possible"] < 1
    run_demo(home, *USERS)
    second = check(home)
    for name in ("events", "profiles", "scores_published", "audience_size", "model_version", "run_id"):
        assert second[name] == first[name], name
    assert processes_of(home) == []


def kill(home: Path, arguments: tuple[str, ...], after_seconds: float) -> None:
    process = subprocess.Popen(
        demo_command(home, *arguments), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(after_seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 30
    while processes_of(home) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(home) == [], "a killed demo left something running"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_killed_many_times_and_run_again_it_succeeds(tmp_path: Path, seed: int) -> None:
    home, rng = tmp_path / "demo", random.Random(seed)
    for _ in range(4):
        kill(home, FEWER, rng.uniform(1, 80))
    run_demo(home, *FEWER)
    check(home)


def test_ctrl_c_leaves_nothing_running(other_home: Path) -> None:
    home = other_home
    process = subprocess.Popen(
        demo_command(home, *FEWER), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if b"Step 2" in line:
            break
    time.sleep(3)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) != 0
    assert processes_of(home) == []
