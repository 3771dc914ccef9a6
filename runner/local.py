"""Start the local platform as a process and say how to reach it.

The runner never imports the local platform: it only starts it and hands on addresses and credentials, exactly as it
would those of a sandbox.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import requests

from runner.errors import PlatformError, PlatformTimeout
from runner.processes import child, tail
from runner.settings import ENVIRONMENT, Connection

Delays = Literal["documented", "none"]
Zone = Literal["s3", "azure"]
"""Storage of the landing zone; azure needs Node, and Azurite from `make azurite`."""


@dataclass(frozen=True)
class LocalPlatform:
    """A running local platform: what its ready file says, and its movable clock."""

    ready: Mapping[str, object]
    process_id: int

    def environment(self) -> dict[str, str]:
        """The AEP_* variables that point the runner at this platform."""
        names = {
            "org_id": "org_id",
            "client_id": "client_id",
            "client_secret": "client_secret",
            "scopes": "scopes",
            "sandbox": "sandbox",
            "api_url": "api_url",
            "ims_url": "ims_url",
            "sql_sslmode": "sslmode",
            "s3_endpoint": "s3_endpoint",
        }
        # There is no S3 endpoint where the landing zone is on Azure.
        told = {field: self.ready[key] for field, key in names.items()}
        return {ENVIRONMENT[field]: _text(value) for field, value in told.items() if value is not None}

    def connection(self) -> Connection:
        """The same, as the runner's own record."""
        return Connection.from_environment(self.environment())

    def now(self) -> datetime:
        """The platform's own time, in UTC."""
        return datetime.fromisoformat(str(self._clock("GET", None)["now"]))

    def awaited(self) -> datetime | None:
        """The earliest time that a waiting statement of Query Service starts; None when none waits."""
        found = self._clock("GET", None)["awaited"]
        return None if found is None else datetime.fromisoformat(str(found))

    def advance(self, seconds: float) -> datetime:
        """Move the platform's clock forward; what becomes due on the way is done before this returns."""
        return datetime.fromisoformat(str(self._clock("POST", {"advance_seconds": seconds})["now"]))

    def _clock(self, method: str, body: Mapping[str, float] | None) -> Mapping[str, object]:
        with requests.Session() as session:
            # Loopback: no proxy of the environment may see the secret, and no ~/.netrc replace it.
            session.trust_env = False
            answer = session.request(
                method,
                f"{self.ready['control_url']}/clock",
                json=body,
                headers={"Authorization": f"Bearer {self.ready['client_secret']}"},
                timeout=(10, 600),
            )
        if answer.status_code != 200:
            raise PlatformError(
                f"The local platform's clock answered {answer.status_code}: {answer.text[:500]}",
                "See platform.log in its data folder.",
                service="local platform",
                status=answer.status_code,
            )
        content: Mapping[str, object] = answer.json()
        return content


@contextmanager
def local_platform(
    data_dir: Path,
    *,
    delays: Delays = "documented",
    landing_zone: Zone = "s3",
    timeout_seconds: float = 60,
    extra_arguments: tuple[str, ...] = (),
) -> Iterator[LocalPlatform]:
    """Start a local platform over `data_dir`, yield it, and stop it however the block ends.

    It also ends by itself when this process dies, because its standard input closes.

    Raises:
        PlatformTimeout: it was not ready in time; the message holds the end of its log.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    ready_file, log = data_dir / "ready.json", data_dir / "platform.log"
    ready_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "local_platform", "serve", "--data-dir", str(data_dir), "--api-port", "0"]
    command += ["--sql-port", "0", "--ready-file", str(ready_file), "--delays", delays]
    command += ["--landing-zone", landing_zone, "--exit-on-stdin-close"]
    with child([*command, *extra_arguments], log) as process:
        _wait(process, ready_file, log, timeout_seconds)
        yield LocalPlatform(json.loads(ready_file.read_text(encoding="utf-8")), process.pid)


def _wait(process: subprocess.Popen[bytes], ready_file: Path, log: Path, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise PlatformTimeout(
                f"The local platform was not ready within {timeout_seconds:.0f} s (exit code {process.poll()}).",
                f"The end of {log}:\n{tail(log)}",
                service="local platform",
            )
        time.sleep(0.05)


def _text(value: object) -> str:
    return ",".join(str(v) for v in value) if isinstance(value, list) else str(value)
