"""Step 1 and what comes before it: what the sandbox must hold, and the events."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, get_args

from runner.blueprints import FieldKind
from runner.doctor import examine
from runner.ingestion import Waiting, ingest_parquet
from runner.session import Session, open_session, tell
from runner.settings import Settings, UseCase, load_settings
from runner.setup import Action, apply, plan
from runner.synthetic import (
    ATTRIBUTE_PATHS,
    SyntheticData,
    SyntheticSpec,
    generate,
    next_day,
    write_day,
    write_population,
)
from runner.synthetic.model import CONVERSION
from runner.synthetic.spec import Scenario
from runner.timing import named, step
from runner.workspace import write_json

DATA = "data"
"""Folder under state_dir for what step 1 leaves: its record, and truth beside synthetic data."""


def plan_setup(settings_file: Path) -> list[Action]:
    """What setup would create."""
    session = open_session(settings_file)
    return plan(session.settings, session.platform)


def apply_setup(settings_file: Path) -> None:
    """Create what is missing."""
    with named(1, "setup"):
        apply(plan_setup(settings_file), tell)


def doctor(settings_file: Path) -> bool:
    """Print one line per check; True when one failed."""
    checks = examine(load_settings(settings_file))
    for check in checks:
        mark = "ok  " if check.ok else ("note" if check.warning else "FAIL")
        tell(f"{mark}  {check.name}: {check.seen}")
        if not check.ok and check.remedy:
            tell(f"      {check.remedy}")
    return any(check.failed for check in checks)


def synthesize(settings_file: Path, *, users: int, days: int, end: date, seed: int, scenario: str) -> dict[str, Any]:
    """Step 1: make synthetic profiles and events and ingest them; more days of the same population are added to it."""
    session = open_session(settings_file)
    kind: Scenario = "reference" if scenario == "reference" else "default"
    spec = SyntheticSpec.ending(end, days=days, users=users, seed=seed, scenario=kind)
    folder = session.settings.state_dir / DATA / f"synthetic-{spec.key}"
    with step(session.settings.state_dir / DATA, 1, "events", f"{users:,} synthetic users, {days} days ending {end}"):
        _create_what_is_missing(session, profiles=dict(ATTRIBUTE_PATHS.values()))
        marker = folder / "ingested.json"
        there = json.loads(marker.read_text(encoding="utf-8"))["days"] if marker.exists() else 0
        if there < days:
            _ingest(session, spec, there, folder)
            write_json(marker, {"days": days})
        record: dict[str, Any] = {"kind": "synthetic", "folder": str(folder), "scenario": scenario}
        record |= {"events": _lake_count(session), "end": end.isoformat(), "truth_of": _question(session.settings)}
        write_json(session.settings.state_dir / DATA / "events.json", record)
    return record


def load_events(settings_file: Path, file: Path, *, accept_bad_rows: bool = False) -> dict[str, Any]:
    """Step 1 with a file of one's own."""
    from runner.events_file import load_events as load_file  # pandas: no other step of this room needs it

    session = open_session(settings_file)
    data = session.settings.state_dir / DATA
    with step(data, 1, "events", f"events of {file.name}"):
        loaded = load_file(
            session.settings, session.platform, file, work_dir=data, accept_bad_rows=accept_bad_rows, progress=tell
        )
        record: dict[str, Any] = {"kind": "file", "folder": str(data), "file": str(file), "loaded": asdict(loaded)}
        record["events"] = _lake_count(session)
        write_json(data / "events.json", record)
    return record


def _ingest(session: Session, spec: SyntheticSpec, there: int, folder: Path) -> None:
    """Ingest the days that are not there yet: all at once the first time, day by day after that."""
    tenant = session.platform.schemas.tenant()
    identity = session.settings.identity.path
    if there == 0:
        tell("simulating, and estimating what could be known")
        case = _case_with_truth(session.settings)
        files = write_population(
            generate(spec),
            folder,
            tenant,
            identity_path=identity,
            horizon_days=case.horizon_days,
            gap_days=case.gap_days,
        )
        first, last = files.start, files.end
        _send(session, spec, f"{first}-{last}", files.events_xdm, files.profiles_xdm)
        return
    data: SyntheticData = generate(SyntheticSpec(spec.start, there, spec.users, spec.seed, spec.scenario))
    while data.spec.days < spec.days:
        day = next_day(data)
        written = write_day(day, folder / "ingest", tenant, identity_path=identity)
        _send(session, spec, written.day, written.events_xdm, written.profiles_xdm)
        data = day.data


def _case_with_truth(settings: Settings) -> UseCase:
    """The use case whose true probability the simulation knows; any other only lends its horizon."""
    return next((c for c in settings.use_cases if c.target_event == CONVERSION), settings.use_cases[0])


def _question(settings: Settings) -> dict[str, Any]:
    """What the truth beside the data is about."""
    case = _case_with_truth(settings)
    return {"target_event": CONVERSION, "horizon_days": case.horizon_days, "gap_days": case.gap_days}


def _send(session: Session, spec: SyntheticSpec, what: str, events: tuple[str, ...], profiles: tuple[str, ...]) -> None:
    datasets = session.settings.datasets
    for name, files in ((datasets.profiles, profiles), (datasets.events, events)):
        if files:
            external_id = f"synthetic-{spec.key}-{what}-{name}"
            paths = [Path(f) for f in files]
            waiting = Waiting(deadline=session.settings.wait_seconds)
            done = ingest_parquet(
                session.platform, name, paths, external_id=external_id, waiting=waiting, progress=tell
            )
            tell(f"{name}: {done.rows:,} rows" + ("" if done.created else " (were there already)"))


def _create_what_is_missing(session: Session, profiles: dict[str, str]) -> None:
    kinds: tuple[FieldKind, ...] = get_args(FieldKind)
    fields = {path: next(k for k in kinds if k == kind) for path, kind in profiles.items()}
    apply(plan(session.settings, session.platform, profile_fields=fields), tell)


def _lake_count(session: Session) -> int:
    return session.sql.count(session.platform.catalog.dataset_named(session.settings.datasets.events).table_name)
