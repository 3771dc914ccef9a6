"""dbt inside the test's own process: its imports, which are most of what a small build costs, are paid once a file.

Environment and outcome are those of `runner.featurize.command.run_dbt`, which starts a process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner, dbtRunnerResult

from runner.featurize.command import DbtRun, _failure, read_run
from tests.integration.feature_store import AS_OF, FIRST_DAY, FeatureStore, environment_of

SENT: list[str] = []
"""Every statement that dbt sent in this process (Query Service's log has those only that read or write rows)."""


def dbt_here(
    store: FeatureStore,
    *arguments: str,
    prefix: str,
    as_of: date = AS_OF,
    first_day: date = FIRST_DAY,
    extra: Mapping[str, str] | None = None,
) -> DbtRun:
    """What `feature_store.dbt` does, without a process of its own; raises what `run_dbt` raises."""
    target = store.folder / prefix / "target"
    (target / "run_results.json").unlink(missing_ok=True)
    invoke(store, *arguments, prefix=prefix, as_of=as_of, first_day=first_day, extra=extra)
    return read_run(target)


def invoke(
    store: FeatureStore,
    *arguments: str,
    prefix: str,
    as_of: date = AS_OF,
    first_day: date = FIRST_DAY,
    extra: Mapping[str, str] | None = None,
) -> dbtRunnerResult:
    """The same with dbt's own result, for commands that build nothing."""
    environment = environment_of(store, prefix, as_of, first_day, extra)
    seen: list[str] = []

    def note(event: Any) -> None:
        if event.info.name == "SQLQuery":
            SENT.append(event.data.sql.strip())
        if event.info.level in ("error", "warn"):
            seen.append(event.info.msg.strip())

    target = store.folder / prefix / "target"
    with variables_set(environment):
        done = dbtRunner(callbacks=[note]).invoke([*arguments, "--log-level", "warn"])
    if not done.success:
        raise _failure(target, seen or [str(done.exception)], Path(environment["DBT_LOG_PATH"]) / "dbt.log")
    return done


@contextmanager
def variables_set(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for the length of a block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
