"""Child processes that never outlive us.

A child watches its standard input; the operating system closes that pipe however the parent ends, SIGKILL included.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def child(
    command: Sequence[str],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    stop_seconds: float = 20,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command that ends when its standard input closes; stop it when the block ends.

    It gets a session of its own, so that Ctrl-C reaches only us and we stop it in order.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tail(log: Path, characters: int = 1500) -> str:
    """The end of a log file, for an error message."""
    return log.read_text(encoding="utf-8", errors="replace")[-characters:] if log.exists() else "(no log)"
