"""The files of a synthetic population: what is ingested, and what is kept beside it and never ingested."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from runner.synthetic.auc import best_possible_auc
from runner.synthetic.generator import NextDay, SyntheticData
from runner.synthetic.method import expected_counts, formulae
from runner.synthetic.model import EVENT_TYPES
from runner.synthetic.truth import Truth, truth
from runner.workspace import write_json
from runner.xdm_paths import with_tenant
from runner.xdm_shape import nested, write_file, write_files

ATTRIBUTE_PATHS = {
    "country": ("_{tenant}.attributes.country", "string"),
    "age_band": ("_{tenant}.attributes.ageBand", "string"),
    "signup_date": ("_{tenant}.attributes.signupDate", "date"),
    "loyalty_tier": ("_{tenant}.attributes.loyaltyTier", "string"),
    "email_opt_out": ("_{tenant}.attributes.emailOptOut", "boolean"),
}
"""Profile attributes: column of profiles.parquet → XDM path and type."""


@dataclass(frozen=True)
class SyntheticFiles:
    """What was written. Paths are strings; rows are counted per file group.

    Args:
        events_xdm, profiles_xdm: Parquet as the platform takes it, for ingestion.
        events_file, profiles_file: the same rows, flat, to look at.
        future_file, truth_file, method_file: beside the data, never ingested. truth_file is None in scenarios
            without a known truth.
        best_possible: by as-of date, what `best_possible_auc` says about all eligible users.
    """

    folder: str
    events_xdm: tuple[str, ...]
    profiles_xdm: tuple[str, ...]
    events_file: str
    profiles_file: str
    future_file: str
    truth_file: str | None
    method_file: str
    events: int
    profiles: int
    start: str
    end: str
    event_counts: dict[str, int]
    best_possible: dict[str, dict[str, float]]


@dataclass(frozen=True)
class DayFiles:
    """The files of one more day, for ingestion. `profiles_xdm` is empty when no profile changed."""

    day: str
    events_xdm: tuple[str, ...]
    profiles_xdm: tuple[str, ...]
    events: int
    profiles: int


def write_population(
    data: SyntheticData,
    folder: Path,
    tenant: str,
    *,
    identity_path: str = "_{tenant}.userId",
    horizon_days: int = 14,
    gap_days: int = 0,
    as_ofs: Sequence[date] | None = None,
) -> SyntheticFiles:
    """Write everything about a population into `folder`.

    Args:
        as_ofs: dates for truth.parquet; default: the end of the data, and one label window (gap + horizon) before it.
    """
    asked = as_ofs if as_ofs is not None else (data.spec.end - timedelta(days=gap_days + horizon_days), data.spec.end)
    truths = [truth(data, day, horizon_days, gap_days=gap_days) for day in asked] if _has_truth(data) else []
    events, profiles = data.events, data.profiles()
    counts = _counts(events)
    best = {t.as_of.isoformat(): asdict(best_possible_auc(t)) for t in truths if _rankable(t)}
    method = _method(data, counts, truths, best, events.num_rows)
    ingest = folder / "ingest"
    files = SyntheticFiles(
        folder=str(folder),
        events_xdm=_names(write_files(events_to_xdm(events, tenant, identity_path), ingest, "events")),
        profiles_xdm=_names(write_files(profiles_to_xdm(profiles, tenant, identity_path), ingest, "profiles")),
        events_file=str(write_file(events, folder / "events.parquet")),
        profiles_file=str(write_file(profiles, folder / "profiles.parquet")),
        future_file=str(write_file(data.future_events, folder / "future_events.parquet")),
        truth_file=str(write_file(pa.concat_tables(t.table() for t in truths), folder / "truth.parquet"))
        if truths
        else None,
        method_file=str(folder / "method.json"),
        events=events.num_rows,
        profiles=profiles.num_rows,
        start=data.spec.start.isoformat(),
        end=data.spec.end.isoformat(),
        event_counts=counts,
        best_possible=best,
    )
    write_json(folder / "method.json", method)
    return files


def write_day(day: NextDay, folder: Path, tenant: str, *, identity_path: str = "_{tenant}.userId") -> DayFiles:
    """Write one more day for ingestion: its events, and the profile rows that changed."""
    name = f"{day.day:%Y%m%d}"
    events = write_files(events_to_xdm(day.events, tenant, identity_path), folder, f"events-{name}")
    profiles: tuple[Path, ...] = ()
    if day.profiles.num_rows:
        profiles = write_files(profiles_to_xdm(day.profiles, tenant, identity_path), folder, f"profiles-{name}")
    return DayFiles(day.day.isoformat(), _names(events), _names(profiles), day.events.num_rows, day.profiles.num_rows)


def events_to_xdm(events: pa.Table, tenant: str, identity_path: str = "_{tenant}.userId") -> pa.Table:
    """Flat events as ExperienceEvents: _id, timestamp, eventType and the person key at its path."""
    return nested(
        {
            "_id": events["event_id"],
            "timestamp": events["timestamp"],
            "eventType": events["event_type"],
            with_tenant(identity_path, tenant): events["user_id"],
        }
    )


def profiles_to_xdm(profiles: pa.Table, tenant: str, identity_path: str = "_{tenant}.userId") -> pa.Table:
    """Flat attributes as Individual Profile records."""
    columns = {with_tenant(identity_path, tenant): profiles["user_id"]}
    columns |= {with_tenant(path, tenant): profiles[name] for name, (path, _) in ATTRIBUTE_PATHS.items()}
    return nested(columns)


def read_method(folder: Path) -> dict[str, Any]:
    """method.json of a population."""
    content: dict[str, Any] = json.loads((folder / "method.json").read_text(encoding="utf-8"))
    return content


def _method(
    data: SyntheticData, counts: dict[str, int], truths: Sequence[Truth], best: dict[str, dict[str, float]], rows: int
) -> dict[str, Any]:
    return {
        "spec": {**asdict(data.spec), "end": data.spec.end, "simulated_until": data.known_until},
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "pyarrow": pa.__version__},
        "counts": {"events": rows, "by_type": counts, "expected_by_type": expected_counts(data.spec)},
        **formulae(data.spec),
        "truth": [
            {
                "as_of": t.as_of,
                "horizon_days": t.horizon_days,
                "gap_days": t.gap_days,
                "eligible": int(t.eligible.sum()),
                "sum_of_probabilities": float(np.nansum(t.probability)),
                "converted_in_horizon": int(t.converted[t.eligible].sum()),
                "replicates": len(t.replicates),
                "mean_draws_per_user": float(t.draws[t.eligible].mean()) if t.eligible.any() else 0.0,
                "best_possible": best.get(t.as_of.isoformat()),
            }
            for t in truths
        ],
        "never_ingested": [
            "truth.parquet",
            "method.json",
            "future_events.parquet",
            "events.parquet",
            "profiles.parquet",
        ],
    }


def _counts(events: pa.Table) -> dict[str, int]:
    found = {row["values"]: row["counts"] for row in events["event_type"].value_counts().to_pylist()}
    return {e.name: int(found.get(e.name, 0)) for e in EVENT_TYPES}


def _has_truth(data: SyntheticData) -> bool:
    return data.spec.scenario == "default"


def _rankable(t: Truth) -> bool:
    happened = t.converted[t.eligible]
    return bool(happened.any() and not happened.all())


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(str(p) for p in paths)
