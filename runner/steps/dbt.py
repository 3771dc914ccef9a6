"""dbt and editors with a working connection."""

from __future__ import annotations

from pathlib import Path

from runner.featurize import dbt_environment, end_of_newest_complete_day, read_history
from runner.featurize.command import propensity_variables
from runner.session import open_session
from runner.workspace import latest_run


def dbt_variables(settings_file: Path, use_case: str | None = None) -> dict[str, str]:
    """Environment variables for bare dbt: host, a fresh token, and the variables of the newest day of data."""
    return dbt_call(settings_file, use_case)[1]


def dbt_call(settings_file: Path, use_case: str | None = None) -> tuple[Path, dict[str, str]]:
    """The dbt project's folder and the environment to run dbt in."""
    session = open_session(settings_file)
    settings, platform = session.settings, session.platform
    case = settings.use_case(use_case) if use_case or len(settings.use_cases) == 1 else settings.use_cases[0]
    events = platform.catalog.dataset_named(settings.datasets.events).table_name
    profiles = platform.catalog.dataset_named(settings.datasets.profiles).table_name
    tenant = (settings.tenant or platform.schemas.tenant()).lstrip("_")
    history = read_history(session.sql, events)
    as_of = end_of_newest_complete_day(history)
    variables = propensity_variables(as_of, history.first_day, tenant, events, profiles)
    work = settings.state_dir / "dbt" / (latest_run(settings.state_dir, case.name) or case.name)
    environment = dbt_environment(
        platform.queries.login(),
        variables,
        project_dir=settings.dbt_project,
        work_dir=work,
        sslmode=platform.connection.sql_sslmode,
    )
    return settings.dbt_project, environment
