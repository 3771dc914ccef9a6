"""Azurite, Microsoft's emulator of Azure's storage, as a child process on loopback.

It keeps everything in memory, listens on a port that the system hands out, and ends with us: its standard input is a
pipe of ours (azurite/launch.js), which the operating system closes however we end.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import IO

log = logging.getLogger("local_platform.landing_zone")

_HOST = "127.0.0.1"
_LAUNCHER = Path(__file__).parent / "azurite" / "launch.js"
_MAIN = Path("dist") / "src" / "blob" / "main.js"
_INSTALLED = Path(__file__).parents[2] / ".azurite" / "node_modules" / "azurite" / _MAIN
_LISTENS = re.compile(r"listens on http://127\.0\.0\.1:([0-9]+)")
_STOP_SECONDS = 5.0


class NoAzurite(Exception):
    """The Azure landing zone was asked for, and what it needs is not on this machine."""

    def __init__(self, missing: str, remedy: str) -> None:
        super().__init__(f"The Azure landing zone needs {missing}. {remedy}, or start with --landing-zone s3.")


def installation() -> tuple[str, Path]:
    """Where Node and Azurite's blob service are: in the project (`make azurite`), or on the PATH.

    Raises:
        NoAzurite
    """
    node = shutil.which("node")
    if node is None:
        raise NoAzurite("Node", "Install it with npm and run 'make azurite'")
    if _INSTALLED.is_file():
        return node, _INSTALLED
    if (found := shutil.which("azurite-blob")) is not None:
        return node, Path(found).resolve()
    raise NoAzurite("Azurite", "Run 'make azurite'")


class Azurite:
    """The process. `start` returns once it accepts connections.

    Args:
        directory: its working directory; nothing is written there.
        account: name of its only storage account.
        key: the account's key in base64; it is handed over in the environment, never on a command line.
    """

    def __init__(self, directory: Path, account: str, key: str) -> None:
        self.node, self.main = installation()
        self.authority = ""
        self._directory = directory
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), "AZURITE_ACCOUNTS": f"{account}:{key}"}
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process and wait until it listens.

        Raises:
            RuntimeError: it ended before; the message holds what it said.
        """
        with self._lock:
            if self._stopped:
                raise RuntimeError("Azurite was stopped before it had started.")
            process = self._process = subprocess.Popen(self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                cwd=self._directory, env=self._environment, text=True, start_new_session=True)  # fmt: skip
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            if (found := _LISTENS.search(line)) is not None:
                self.authority = f"{_HOST}:{found.group(1)}"
                threading.Thread(target=_drain, args=(process.stdout,), name="azurite", daemon=True).start()
                return
            said.append(line.strip())
        raise RuntimeError(f"Azurite ended with status {process.wait()}: {' '.join(said)[-500:] or 'it said nothing'}")

    def stop(self) -> None:
        """Close its standard input, on which it ends."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _command(self) -> list[str]:
        # Clients are newer than Azurite, whose newest version takes Node 22 and ten times the room; what the landing
        # zone is used for has not changed. Its log would hold the signatures of all addresses.
        return [self.node, "--no-deprecation", str(_LAUNCHER), str(self.main), "--blobHost", _HOST, "--blobPort", "0",
                "--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableProductStyleUrl"]  # fmt: skip


def _drain(output: IO[str]) -> None:
    """Read on, so that the process never waits for us."""
    for _ in output:
        pass
