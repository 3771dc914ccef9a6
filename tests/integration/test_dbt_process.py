"""dbt's process stays for the next command, carries nothing over to it, and never outlives who needs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.featurize import dbt_process as module
from runner.featurize.dbt_process import dbt_process, without_ours

PROJECT = """name: words
profile: words
model-paths: [models]
flags: {send_anonymous_usage_stats: false, partial_parse: false}
"""
PROFILE = """words:
  target: dev
  outputs:
    dev: {type: postgres, host: 127.0.0.1, port: 1, user: u, password: p, dbname: d, schema: s, threads: 1}
"""
MODEL = "{{ log('word ' ~ env_var('WORD', 'none') ~ ' ' ~ env_var('AEP_CLIENT_SECRET', 'none'), info=true) }} select 1"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A project whose parsing says a variable of the environment."""
    monkeypatch.setenv("AEP_CLIENT_SECRET", "not-for-dbt")
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    (tmp_path / "profiles.yml").write_text(PROFILE)
    (tmp_path / "models/word.sql").write_text(MODEL)
    return {"DBT_PROJECT_DIR": str(tmp_path), "DBT_PROFILES_DIR": str(tmp_path), "DBT_LOG_PATH": str(tmp_path)}


@pytest.fixture(autouse=True)
def nothing_waits_afterwards() -> Iterator[None]:
    yield
    module._idle.close()


def run(environment: dict[str, str], *arguments: str) -> tuple[int, int | None, str]:
    """Process id, exit status, and all that dbt said."""
    with dbt_process() as process:
        said = "".join(process.lines(arguments, {**without_ours(os.environ), **environment}))
    return process._process.pid, process.status, said


def test_a_command_finds_nothing_of_the_one_before(environment: dict[str, str]) -> None:
    first = run(environment | {"WORD": "apple"}, "parse")
    broken = run(environment, "parse", "--no-such-option")
    failing = run(environment | {"DBT_PROJECT_DIR": "/nowhere"}, "parse")
    last = run(environment, "parse")
    assert first[0] == broken[0] == failing[0] == last[0], "each had a process of its own"
    assert [one[1] for one in (first, broken, failing, last)] == [0, 2, 2, 0]
    assert "word apple none" in first[2]
    assert "No such option" in broken[2]
    assert "/nowhere" in failing[2]
    assert "word none none" in last[2]
    assert "apple" not in last[2]


def test_one_that_was_killed_while_it_waited_is_replaced() -> None:
    with dbt_process() as first:
        pass
    os.kill(first._process.pid, signal.SIGKILL)
    gone(first._process.pid)
    with dbt_process() as second:
        assert second is not first
        assert second.running()


def test_an_error_in_the_middle_of_a_command_ends_it(environment: dict[str, str]) -> None:
    started: list[int] = []

    def interrupted() -> None:
        with dbt_process() as process:
            started.append(process._process.pid)
            for _ in process.lines(["parse"], {**os.environ, **environment}):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    gone(started[0])
    with dbt_process() as process:
        assert process._process.pid != started[0]


def test_one_that_nobody_needs_any_more_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.1)
    with dbt_process() as process:
        pass
    gone(process._process.pid)


def test_it_ends_with_its_parent_however_that_ends() -> None:
    program = (
        "import time\nfrom runner.featurize.dbt_process import dbt_process\n"
        "with dbt_process() as p: pass\nprint(p._process.pid, flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert running(pid)
        parent.kill()
    gone(pid)


def gone(pid: int, seconds: float = 30) -> None:
    """Wait until a process has ended."""
    deadline = time.monotonic() + seconds
    while running(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


def running(pid: int) -> bool:
    """Whether it runs; one that has ended and was not asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
