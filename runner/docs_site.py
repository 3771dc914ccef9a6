"""The dbt project's documentation as one HTML file: descriptions, columns as they are in the platform, and lineage."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from runner.errors import DataError
from runner.local import local_platform
from runner.settings import load_settings

USERS = 300
"""Synthetic users of the local platform that the site's columns are taken from."""


def build_docs(settings_file: Path, out: Path, log: Callable[[str], None], *, local: bool = False) -> Path:
    """`dbt docs generate` over the wire, as one static file; returns where it is.

    Args:
        settings_file: propensity.yml.
        out: folder for index.html.
        local: against a local platform of its own with a small synthetic population, where everything is built first;
            otherwise against the sandbox of the environment, as it is.

    Raises:
        DataError: a command failed; the message holds the end of what it said.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="propensity-docs-") as scratch:
        if not local:
            return _generate(settings_file, out, {}, log)
        with local_platform(Path(scratch) / "platform", delays="none") as platform:
            environment = platform.environment()
            settings = _settings_elsewhere(settings_file, Path(scratch))
            _run(["setup", "--yes"], settings, environment, log)
            today = f"{platform.now():%Y-%m-%d}"
            _run(["synthesize", "--users", str(USERS), "--end", today], settings, environment, log)
            _run(["dbt", "--", "run", "--target", "prod"], settings, environment, log)
            return _generate(settings, out, environment, log)


def _generate(settings: Path, out: Path, environment: Mapping[str, str], log: Callable[[str], None]) -> Path:
    with tempfile.TemporaryDirectory(prefix="propensity-docs-") as target:
        arguments = ["dbt", "--", "docs", "generate", "--static", "--target", "prod", "--target-path", target]
        arguments += ["--select", "path:models", "fqn:*"]  # else the default selector leaves out scores and audiences
        _run(arguments, settings, environment, log)
        page = Path(shutil.copyfile(Path(target) / "static_index.html", out / "index.html"))
    log(f"The documentation is {page}")
    return page


def _settings_elsewhere(settings_file: Path, folder: Path) -> Path:
    """A copy of the settings with the same project and a state of its own."""
    content = yaml.safe_load(settings_file.read_text(encoding="utf-8"))
    content |= {"dbt_project": str(load_settings(settings_file).dbt_project), "state_dir": str(folder / "state")}
    copy = folder / "propensity.yml"
    copy.write_text(yaml.safe_dump(content), encoding="utf-8")
    return copy


def _run(arguments: list[str], settings: Path, environment: Mapping[str, str], log: Callable[[str], None]) -> None:
    log(f"propensity {' '.join(arguments)}")
    at = arguments.index("--") if "--" in arguments else len(arguments)
    command = [sys.executable, "-m", "runner.cli", *arguments[:at], "--settings", str(settings), *arguments[at:]]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise DataError(f"'propensity {' '.join(arguments)}' failed:\n{end}", "Run it by itself to see more.")
