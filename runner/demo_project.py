"""The project that `make demo` runs: a copy of ours, and a propensity.yml that fits the events."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from runner.errors import DataError, SettingsError
from runner.events_file import Survey, survey
from runner.project import init
from runner.settings import snake_case

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_TARGET = "web.formFilledOut"


def sources() -> list[Path]:
    """The files that decide what the demo's tables hold: the dbt project and propensity.yml."""
    project = ROOT / "dbt_project"
    files = [path for path in sorted(project.rglob("*")) if path.is_file()]
    return [*(f for f in files if not {"target", "logs", "dbt_packages"} & set(f.parts)), ROOT / "propensity.yml"]


def write(
    folder: Path,
    *,
    use_case: str | None = None,
    events: Path | None = None,
    target: str | None = None,
    horizon: int | None = None,
    repeatable: bool = False,
) -> Path:
    """Make the project anew and return its propensity.yml; the use case that the demo runs stands first in it.

    Args:
        folder: where; what was there is replaced. Run records are kept beside it, in `state`.
        use_case: one of ours; by default the first of propensity.yml. A file of one's own has a single one.
        events: a file of one's own; its event types and numbers become features. None: the synthetic events.
        target: event type to predict; horizon: days; repeatable: whether it can happen again.

    Raises:
        DataError: the target is not among the file's event types.
        SettingsError: there is no such use case.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    init(folder)
    path = folder / "propensity.yml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = survey(events) if events else None
    if found:
        content |= _own_data(found)
    content["state_dir"] = "../state"
    case = _first(content, use_case)
    if target or events or horizon or repeatable:
        case["target_event"] = _target(events, found, target) if events and found else target or DEFAULT_TARGET
        case["horizon_days"] = horizon or case["horizon_days"]
        case["repeatable"] = repeatable
    if events or target not in (None, DEFAULT_TARGET):
        case["name"] = snake_case(case["target_event"])[:24].strip("_") or "conversion"
        case["title"] = f"Who will do {case['target_event']} in the next {case['horizon_days']} days"
        case["audience"] = {"name": f"{case['target_event']} - most likely", "top_percent": 10}
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def _first(content: dict[str, Any], use_case: str | None) -> dict[str, Any]:
    """The named use case, moved to the front."""
    cases: list[dict[str, Any]] = content["use_cases"]
    if use_case is not None and use_case not in [c["name"] for c in cases]:
        known = ", ".join(c["name"] for c in cases)
        raise SettingsError(f"There is no use case {use_case!r} to show.", f"Choose USE_CASE from: {known}.")
    first = use_case or cases[0]["name"]
    cases.sort(key=lambda c: c["name"] != first)
    return cases[0]


def _own_data(found: Survey) -> dict[str, Any]:
    """Settings for a loaded file: a namespace of its own, no profile attributes, every number a feature."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "propensity.yml").read_text(encoding="utf-8"))
    case = {key: value for key, value in content["use_cases"][0].items() if key != "exclusions"}
    return {
        "identity": {"path": "_{tenant}.userId", "namespace": "PROPENSITYID"},
        "event_types": [],
        "unlisted_event_types": "feature",
        "profile_attributes": [],
        "rates": [],
        "channel_fields": [],
        "numeric_fields": _numbers(found.number_columns),
        "use_cases": [case],
    }


def _numbers(paths: Sequence[str]) -> list[dict[str, str]]:
    """A feature name for each number: the last two parts of its path, or all of it where two would read the same."""
    names = [_shortened("_".join(path.split(".")[-2:])) for path in paths]
    twice = {name for name in names if names.count(name) > 1}
    return [
        {"path": path, "name": _shortened(path) if name in twice else name}
        for path, name in zip(paths, names, strict=True)
    ]


def _shortened(text: str) -> str:
    return snake_case(text)[-30:].strip("_").lstrip("0123456789_")


def _target(file: Path, found: Survey, target: str | None) -> str:
    wanted = target or DEFAULT_TARGET
    if wanted not in found.event_types:
        listed = ", ".join(f"{name} ({count:,})" for name, count in list(found.event_types.items())[:20])
        raise DataError(
            f"{file} holds no event of type {wanted!r}, so there is nothing to predict. It holds: {listed}.",
            "Name one of them as the target: make demo EVENTS=... TARGET=...",
        )
    return wanted
