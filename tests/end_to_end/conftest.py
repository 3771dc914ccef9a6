"""A project on a local platform of its own, driven by the same steps as the command and the flows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner import demo_project
from runner.local import LocalPlatform, local_platform

ROOT = Path(__file__).parents[2]
DAY = 86_400


@dataclass(frozen=True)
class Project:
    settings: Path
    platform: LocalPlatform

    def a_day_passes(self) -> None:
        self.platform.advance(DAY)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    with local_platform(tmp_path / "platform", delays="none") as platform:
        for name, value in platform.environment().items():
            monkeypatch.setenv(name, value)
        yield Project(demo_project.write(tmp_path / "project"), platform)


def demo_command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "flows.demo", "--home", str(home), *arguments]


def run_demo(home: Path, *arguments: str, timeout: float = 900) -> str:
    """Run the demo to its end; returns what it printed."""
    done = subprocess.run(
        demo_command(home, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout
