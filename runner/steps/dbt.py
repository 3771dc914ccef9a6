"""dbt and editors with a working connection."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runner.blueprints import scores_dataset
from runner.cost import keep_seconds, past_seconds
from runner.dataset_settings import settle_datasets
from runner.dbt_output import pass_on
from runner.featurize import (
    EventDays,
    dbt_environment,
    end_of_newest_complete_day,
    known_event_days,
    read_event_days,
    read_history,
)
from runner.featurize.command import propensity_variables, read_run
from runner.session import open_session

BUILDS = ("build", "run", "retry")
STATE_OPTIONS = ("--state", "--defer-state")
"""dbt's options that name the folder of another run's manifest."""
PROJECT = "PROPENSITY_PROJECT"
"""The files as one command saw them (macro dataset_made_from). Not for a shell, where they change afterwards."""


def dbt_variables(settings_file: Path) -> dict[str, str]:
    """Environment variables for bare dbt: host, a fresh token, and the variables of the newest day of data."""
    return {name: value for name, value in dbt_call(settings_file)[1].items() if name != PROJECT}


def dbt_call(settings_file: Path, arguments: Sequence[str] = ()) -> tuple[Path, dict[str, str]]:
    """The dbt project's folder and the environment to run dbt in; the same target folder each time, for `dbt retry`.

    Args:
        arguments: dbt's. Before a command that builds, the days that changed are noted, so that only those are built.
    """
    session = open_session(settings_file)
    settings, platform = session.settings, session.platform
    dataset = platform.catalog.dataset_named(settings.datasets.events)
    events = dataset.table_name
    profiles = platform.catalog.dataset_named(settings.datasets.profiles).table_name
    tenant = (settings.tenant or platform.schemas.tenant()).lstrip("_")
    days: EventDays | None
    if any(word in BUILDS for word in arguments):
        days = read_event_days(session.sql, platform.catalog, dataset.id, events, _tell)
    else:
        days = known_event_days(session.sql, events)
    history = days.history() if days else read_history(session.sql, events)
    as_of = end_of_newest_complete_day(history)
    variables = propensity_variables(as_of, history.first_day, tenant, events, profiles, days)
    scores = {case.name: platform.catalog.find_dataset(scores_dataset(case.name)) for case in settings.use_cases}
    variables["scores_tables"] = {name: found.table_name for name, found in scores.items() if found}
    known = [past_seconds(folder) for folder in work_folders(settings.state_dir)]
    variables["past_seconds"] = {name: seconds for found in known for name, seconds in found.items()}
    # As they stand in propensity.yml, whether or not `propensity sync` has been run since.
    variables |= {"max_scanned_gb": settings.max_scanned_gb, "max_compute_hours": settings.max_compute_hours}
    environment = dbt_environment(
        platform.queries.login(),
        variables,
        project_dir=settings.dbt_project,
        work_dir=settings.state_dir / "dbt",
        sslmode=platform.connection.sql_sslmode,
    )
    expires = datetime.now(UTC) + timedelta(seconds=platform.session.tokens.seconds_left())
    environment["PROPENSITY_TOKEN_EXPIRES"] = f"{expires:%Y-%m-%dT%H:%M:%SZ}"
    return settings.dbt_project, environment | {PROJECT: project_fingerprint(settings.dbt_project)}


def project_fingerprint(folder: Path) -> str:
    """Changes with every file of the dbt project that decides what is built; not with what dbt writes there."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".sql", ".yml", ".csv")):
        if not {"target", "logs"} & set(path.relative_to(folder).parts):
            digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def run_dbt_here(settings_file: Path, arguments: Sequence[str]) -> int:
    """`propensity dbt -- ...`: dbt in the foreground, with its own exit status; labels datasets after a build."""
    folder, variables = dbt_call(settings_file, arguments)
    target = Path(variables["DBT_TARGET_PATH"])
    results, manifest = target / "run_results.json", target / "manifest.json"
    builds = any(word in BUILDS for word in arguments)
    started = time.time()
    # Without Python's remark that dbt's package imports the module that is run.
    here = paths_from_here(arguments, Path.cwd())
    command = [sys.executable, "-W", "ignore::RuntimeWarning:runpy", "-m", "dbt.cli.main", *here]
    status = pass_on(command, folder, {**os.environ, **variables}, print)
    if builds and manifest.exists() and results.exists() and results.stat().st_mtime >= started:
        keep_seconds(target.parent, read_run(target).batch_seconds)
    if status == 0 and manifest.exists() and builds:
        settle_datasets(open_session(settings_file).platform, manifest, _tell)
    return status


def paths_from_here(arguments: Sequence[str], folder: Path) -> list[str]:
    """The same arguments, in which a relative path of a state is one below `folder`: dbt would look in its project.

    One that is not there stays as it is, for dbt to look for and to complain of.
    """
    changed: list[str] = []
    for before, argument in zip(("", *arguments), arguments, strict=False):
        option, equals, value = argument.partition("=")
        if option in STATE_OPTIONS and equals and (folder / value).exists():
            argument = f"{option}={folder / value}"
        elif before in STATE_OPTIONS and (folder / argument).exists():
            argument = str(folder / argument)
        changed.append(argument)
    return changed


def work_folders(state_dir: Path) -> list[Path]:
    """Where builds on this machine leave what they took: `propensity dbt`'s folder, and one of each use case."""
    return [*sorted((state_dir / "featurize").glob("*")), state_dir / "dbt"]


def _tell(line: str) -> None:
    """Standard output belongs to dbt."""
    print(line, file=sys.stderr)
