"""dbt and editors with a working connection."""

from __future__ import annotations

from pathlib import Path

from runner.featurize import dbt_environment, end_of_newest_complete_day, read_history
from runner.featurize.command import propensity_variables
from runner.session import open_session


def dbt_variables(settings_file: Path) -> dict[str, str]:
    """Environment variables for bare dbt: host, a fresh token, and the variables of the newest day of data."""
    return dbt_call(settings_file)[1]


def dbt_call(settings_file: Path) -> tuple[Path, dict[str, str]]:
    """The dbt project's folder and the environment to run dbt in; the same target folder each time, for `dbt retry`."""
    session = open_session(settings_file)
    settings, platform = session.settings, session.platform
    events = platform.catalog.dataset_named(settings.datasets.events).table_name
    profiles = platform.catalog.dataset_named(settings.datasets.profiles).table_name
    tenant = (settings.tenant or platform.schemas.tenant()).lstrip("_")
    history = read_history(session.sql, events)
    as_of = end_of_newest_complete_day(history)
    variables = propensity_variables(as_of, history.first_day, tenant, events, profiles)
    environment = dbt_environment(
        platform.queries.login(),
        variables,
        project_dir=settings.dbt_project,
        work_dir=settings.state_dir / "dbt",
        sslmode=platform.connection.sql_sslmode,
    )
    return settings.dbt_project, environment
