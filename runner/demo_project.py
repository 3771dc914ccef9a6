"""The project that `make demo` runs: a copy of ours, and a propensity.yml that fits the events."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import yaml

from runner.errors import DataError, SettingsError
from runner.project import init
from runner.settings import snake_case

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_TARGET = "web.formFilledOut"
FIXED_COLUMNS = ("user_id", "event_type", "timestamp")


def sources() -> list[Path]:
    """The files that decide what the demo's tables hold: the dbt project and propensity.yml."""
    project = ROOT / "dbt_project"
    files = [path for path in sorted(project.rglob("*")) if path.is_file()]
    return [*(f for f in files if not {"target", "logs", "dbt_packages"} & set(f.parts)), ROOT / "propensity.yml"]


def write(
    folder: Path,
    *,
    events: Path | None = None,
    target: str | None = None,
    horizon: int | None = None,
    repeatable: bool = False,
) -> Path:
    """Make the project anew and return its propensity.yml.

    Args:
        folder: where; what was there is replaced. Run records are kept beside it, in `state`.
        events: a file of one's own; its event types and numbers become features. None: the synthetic events.
        target: event type to predict; horizon: days; repeatable: whether it can happen again.

    Raises:
        DataError: the target is not among the file's event types.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    init(folder)
    path = folder / "propensity.yml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    if events:
        content |= _own_data(events)
    content["state_dir"] = "../state"
    case = content["use_cases"][0]
    if target or events or horizon or repeatable:
        case["target_event"] = _target(events, target)
        case["horizon_days"] = horizon or case["horizon_days"]
        case["repeatable"] = repeatable
    if events or target not in (None, DEFAULT_TARGET):
        case["name"] = snake_case(case["target_event"])[:24].strip("_") or "conversion"
        case["title"] = f"Who will do {case['target_event']} in the next {case['horizon_days']} days"
        case["audience"] = {"name": f"{case['target_event']} - most likely", "top_percent": 10}
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def _own_data(events: Path) -> dict[str, Any]:
    """Settings for a loaded file: a namespace of its own, no profile attributes, every number a feature."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "propensity.yml").read_text(encoding="utf-8"))
    case = {key: value for key, value in content["use_cases"][0].items() if key != "exclusions"}
    return {
        "identity": {"path": "_{tenant}.userId", "namespace": "PROPENSITYID"},
        "event_types": [],
        "unlisted_event_types": "feature",
        "profile_attributes": [],
        "numeric_fields": _numbers(events),
        "use_cases": [case],
    }


def _numbers(events: Path) -> list[dict[str, str]]:
    schema = _open(events).schema
    paths = [f.name for f in schema if f.name not in FIXED_COLUMNS and _is_number(f.type)]
    names = [snake_case("_".join(path.split(".")[-2:]))[:30].strip("_") for path in paths]
    twice = {name for name in names if names.count(name) > 1}
    return [
        {"path": path, "name": snake_case(path)[-30:].strip("_") if name in twice else name}
        for path, name in zip(paths, names, strict=True)
    ]


def _target(events: Path | None, target: str | None) -> str:
    wanted = target or DEFAULT_TARGET
    if events is None:
        return wanted
    dataset = _open(events)
    if "event_type" not in dataset.schema.names:
        return wanted  # load-events refuses the file by the missing column's name
    counts: Counter[str] = Counter()
    for batch in dataset.to_batches(columns=["event_type"]):
        for pair in pc.value_counts(batch.column(0)).to_pylist():
            counts[str(pair["values"])] += int(pair["counts"])
    if wanted not in counts:
        found = ", ".join(f"{name} ({n:,})" for name, n in counts.most_common(20))
        raise DataError(
            f"{events} holds no event of type {wanted!r}, so there is nothing to predict. It holds: {found}.",
            "Name one of them as the target, for example make demo EVENTS=... TARGET=" + _first(counts) + ".",
        )
    return wanted


def _first(counts: Counter[str]) -> str:
    return counts.most_common()[-1][0] if counts else "event_type"


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _open(events: Path) -> ds.Dataset:
    kind = {".parquet": "parquet", ".csv": "csv"}.get(events.suffix.lower())
    if kind is None:
        raise SettingsError(f"{events} is neither .parquet nor .csv.", "Give one of the two.")
    try:
        return ds.dataset(events, format=kind)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{events} cannot be read as {kind}: {error}.") from None
