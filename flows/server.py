"""A Prefect server of our own for the length of one command.

Prefect would start a temporary server by itself, but that one outlives a killed parent. This one ends when its
standard input closes, which the operating system does for us however the parent ends.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.processes import child, tail


@contextmanager
def prefect_server(home: Path, *, timeout_seconds: float = 120) -> Iterator[str]:
    """Start a server on a loopback port with its database under `home`; yield its API address; stop it.

    Raises RuntimeError with the end of the server's log when it does not answer in time.
    """
    log = home / "server.log"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        with child(
            [sys.executable, "-m", "flows.server", str(listener.fileno())],
            log,
            environment={**server_environment(home), "PREFECT_API_URL": url},
            pass_fds=(listener.fileno(),),
        ) as process:
            _wait(process, f"{url}/health", log, timeout_seconds)
            yield url


def server_environment(home: Path) -> dict[str, str]:
    """Settings that keep Prefect at home: files under `home`, no telemetry, no services that we do not use."""
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": os.environ.get("PREFECT_LOGGING_LEVEL", "WARNING"),
    }


def _wait(process: subprocess.Popen[bytes], url: str, log: Path, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(
        f"The Prefect server did not start within {timeout_seconds:.0f} s. The end of {log}:\n{tail(log)}"
    )


def _exit_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main(listener_fd: int) -> None:
    """Serve Prefect's API on an inherited listening socket until standard input closes."""
    import uvicorn
    from prefect.server.api.server import create_app

    threading.Thread(target=_exit_with_parent, daemon=True).start()
    config = uvicorn.Config(create_app(ephemeral=False), log_level="warning", lifespan="on")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener_fd)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
