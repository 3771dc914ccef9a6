"""Settings, platform client and SQL client, opened once per process and settings file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import click

from runner.errors import PlatformTimeout, RateLimited, SettingsError, Unavailable
from runner.platform import Platform
from runner.run_record import RunRecords
from runner.settings import Connection, Settings, load_settings
from runner.sql import SqlClient
from runner.workspace import Workspace, latest_run


@dataclass(frozen=True)
class Session:
    """What every step needs."""

    settings: Settings
    platform: Platform
    sql: SqlClient
    records: RunRecords

    def workspace(self, run_id: str) -> Workspace:
        return Workspace(self.settings.state_dir, run_id)


@lru_cache(maxsize=8)
def open_session(settings_file: Path) -> Session:
    """Read settings and environment and build the clients; no call goes out yet."""
    settings = load_settings(settings_file)
    platform = Platform(Connection.from_environment())
    sql = SqlClient(platform)
    return Session(settings, platform, sql, RunRecords(settings, platform, sql))


def newest_run(settings_file: Path, use_case: str | None = None) -> str:
    """The newest run of a use case: from the platform's records, else from this machine.

    Raises:
        SettingsError: there is none.
    """
    session = open_session(settings_file)
    name = session.settings.use_case(use_case).name
    here = latest_run(session.settings.state_dir, name)
    recorded = session.records.newest_of_use_case(name)
    found = max((run for run in (here, recorded and recorded.run_id) if run), default=None)
    if found is None:
        raise SettingsError(f"There is no run of {name} yet.", "Run 'propensity featurize' first.")
    return found


def may_pass(error: BaseException | None) -> bool:
    """Whether trying the same step again later may help: the platform was away, slow or busy."""
    return isinstance(error, Unavailable | RateLimited | PlatformTimeout | ConnectionError | TimeoutError)


def tell(line: str) -> None:
    """One line of progress."""
    click.echo(f"    {line}")
