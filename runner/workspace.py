"""The run's folder on this machine: files and one small JSON record per step.

It is a cache. What matters lives in the platform; a deleted folder costs time, not data.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from runner.errors import SettingsError
from runner.run_ids import use_case_of

MADE_BY = {"explore": "featurize", "leak_check": "check-leaks", "activation": "audience", "verification": "activate"}
"""The command that makes a record, where it is not called like it."""


@dataclass(frozen=True)
class Workspace:
    """The folder of one run: `{state_dir}/runs/{run_id}`."""

    state_dir: Path
    run_id: str

    @property
    def folder(self) -> Path:
        folder = self.state_dir / "runs" / self.run_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def save(self, step: str, record: Any) -> None:
        """Write a step's record (a dataclass or a mapping) so that it is there whole or not at all."""
        content = record if isinstance(record, Mapping) else dataclasses.asdict(record)
        write_json(self.folder / f"{step}.json", content)

    def load(self, step: str) -> dict[str, Any]:
        """Read a step's record; SettingsError says which command makes it."""
        path = self.folder / f"{step}.json"
        if not path.exists():
            command = f"propensity {MADE_BY.get(step, step)} --use-case {use_case_of(self.run_id)}"
            raise SettingsError(f"Run {self.run_id} has no record of '{step}' here.", f"Run '{command}' first.")
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content

    def has(self, step: str) -> bool:
        return (self.folder / f"{step}.json").exists()


def latest_run(state_dir: Path, use_case: str) -> str | None:
    """The newest run of a use case that was featurized on this machine (run ids sort by as-of date)."""
    runs = sorted(p.parent.name for p in (state_dir / "runs").glob(f"{use_case}-*/featurize.json"))
    return runs[-1] if runs else None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(content, indent=2, default=_plain, sort_keys=False) + "\n", encoding="utf-8")
    partial.replace(path)


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} does not go into JSON")
