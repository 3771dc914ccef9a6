"""dbt and editors with a working connection."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from runner.featurize import (
    EventDays,
    dbt_environment,
    end_of_newest_complete_day,
    known_event_days,
    read_event_days,
    read_history,
)
from runner.featurize.command import propensity_variables
from runner.session import open_session

BUILDS = ("build", "run", "retry")


def dbt_variables(settings_file: Path) -> dict[str, str]:
    """Environment variables for bare dbt: host, a fresh token, and the variables of the newest day of data."""
    return dbt_call(settings_file)[1]


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
    environment = dbt_environment(
        platform.queries.login(),
        variables,
        project_dir=settings.dbt_project,
        work_dir=settings.state_dir / "dbt",
        sslmode=platform.connection.sql_sslmode,
    )
    return settings.dbt_project, environment


def _tell(line: str) -> None:
    """Standard output belongs to dbt."""
    print(line, file=sys.stderr)
