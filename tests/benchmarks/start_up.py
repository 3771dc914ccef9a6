"""From the command to a ready local platform, against a Python that only imports the libraries it cannot do without.

Each round starts on an empty data directory. The ready file says when both ports accept connections and the first
request can be answered; the aim is two seconds on an idle machine, which the details give as seconds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.measuring import ROUNDS, Ratio, in_turn

_LIBRARIES = "import duckdb, pyarrow.compute, pyarrow.parquet, sqlglot, starlette.applications, uvicorn"
_DEADLINE_SECONDS = 60.0


def run(rounds: int = ROUNDS) -> list[Ratio]:
    """Compare both; processor seconds of our side stand beside, since they hardly depend on what else runs."""
    processor: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-start-") as folder:
        home = Path(folder)
        ours, reference = in_turn(lambda number: processor.append(_start(home / str(number))), _import, rounds)
    details = {"seconds": round(min(ours), 2), "processor_seconds": round(min(processor), 2)}
    return [
        Ratio("start-up", "serve until ready", "its libraries", ours, reference, "starts", 1, 1, details=details)
    ]  # fmt: skip


def _start(home: Path) -> float:
    """Start a platform, wait until it is ready, stop it; returns its processor seconds until then (Linux)."""
    home.mkdir()
    ready = home / "ready.json"
    command = [sys.executable, "-m", "local_platform", "serve", "--data-dir", str(home / "data")]
    command += ["--ready-file", str(ready), "--exit-on-stdin-close"]
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while not ready.exists():
            if process.poll() is not None or time.monotonic() - began > _DEADLINE_SECONDS:
                raise RuntimeError(f"The local platform was not ready in time (exit code {process.poll()}).")
            time.sleep(0.002)
        used = _processor_seconds(process.pid)
        # Stopping is not what is measured: it takes a signal and a moment.
        process.kill()
    return used


def _processor_seconds(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _import(_: int) -> None:
    subprocess.run([sys.executable, "-c", _LIBRARIES], check=True)
