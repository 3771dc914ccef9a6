"""A dbt process that stays for a while after a command, because the next one then begins without dbt's own start-up.

Starting dbt costs more processor time than parsing our project: about eight seconds of eleven.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.dbt_child import DONE

IDLE_SECONDS = 120.0
"""How long one waits for the next command: it holds about 200 MB."""


class DbtProcess:
    """One process of `runner.dbt_child`, which carries out commands one after another."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "runner.dbt_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**without_ours(os.environ), "PYTHONPATH": _import_path()},
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self.status: int | None = None
        """Exit status of the last command; 0 is success."""

    def lines(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
        """Run a command to its end, line by line of what it says; `status` follows.

        Args:
            arguments: of the dbt command.
            environment: the whole of it. It goes through the pipe, secrets too.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.status = None
        command = {"arguments": list(arguments), "environment": dict(environment), "folder": str(Path.cwd())}
        with suppress(BrokenPipeError):  # somebody killed it: reading says so
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith(DONE):
                self.status = int(line.removeprefix(DONE))
                return
            if line.strip():
                yield line
        self.status = self._process.wait()

    def running(self) -> bool:
        """Whether it can take another command."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it, in the middle of a command too."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class _Idle:
    """The one process that waits for a next command, if any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: DbtProcess | None = None
        self._timer: threading.Timer | None = None

    def take(self) -> DbtProcess | None:
        with self._lock:
            process, self._process = self._process, None
            if self._timer:
                self._timer.cancel()
        if process and not process.running():
            process.close()
            return None
        return process

    def keep(self, process: DbtProcess) -> None:
        """Let it wait; a second one is ended instead."""
        with self._lock:
            if self._process is None and process.running():
                self._process = process
                self._timer = threading.Timer(IDLE_SECONDS, self._expire, (process,))
                self._timer.daemon = True
                self._timer.start()
                return
        process.close()

    def _expire(self, process: DbtProcess) -> None:
        with self._lock:
            if self._process is not process:
                return
            self._process = None
        process.close()

    def close(self) -> None:
        if process := self.take():
            process.close()

    def forget(self) -> None:
        """In a fork of ours: the process belongs to the parent."""
        self._lock, self._process, self._timer = threading.Lock(), None, None


_idle = _Idle()
atexit.register(_idle.close)
os.register_at_fork(after_in_child=_idle.forget)


@contextmanager
def dbt_process() -> Iterator[DbtProcess]:
    """One that waits, or a new one. It waits again afterwards, and is ended where the block ends in an error."""
    process = _idle.take() or DbtProcess()
    try:
        yield process
    except BaseException:
        process.close()
        raise
    _idle.keep(process)


def without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """What dbt may see of our environment: no address and no secret of the platform."""
    return {name: value for name, value in environment.items() if not name.startswith("AEP_")}


def _import_path() -> str:
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))
