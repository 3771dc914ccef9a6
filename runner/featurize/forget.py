"""Take a run's rows out again, so that the same as-of date can be built anew from the events of today.

There is no DELETE. A run's rows came by INSERTs of their own, so their batches hold no other run's, and to revert those
is the documented way. That a batch of Query Service can be reverted as any other is unconfirmed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from runner.errors import DataError, PlatformTimeout
from runner.featurize.event_days import BATCH_ID
from runner.featurize.history import Sql
from runner.platform import Platform
from runner.sql import identifier, literal

MODELS = ("scoring_set", "training_set", "spine")
"""Each a dataset `{use_case}_{model}_runs`. What is built from the spine goes first."""


def forget_run(
    use_case: str,
    run_id: str,
    platform: Platform,
    sql: Sql,
    log: Callable[[str], None],
    *,
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Mapping[str, int]:
    """Revert the batches of a run; safe to repeat. What the run published stays as it is.

    Returns:
        batches that were reverted, by dataset.

    Raises:
        DataError: a batch holds rows of another run too; nothing of its dataset is touched.
        PlatformTimeout: a batch was still visible after `wait_seconds`.
    """
    done: dict[str, int] = {}
    for name in (f"{use_case}_{model}_runs" for model in MODELS):
        dataset = platform.catalog.find_dataset(name)
        if dataset is None:
            continue
        batches = _batches_of(sql, dataset.table_name, run_id)
        for batch in batches:
            platform.ingestion.act(batch, "REVERT")
        _wait_until_gone(platform, name, batches, wait_seconds, sleep)
        log(f"{name}: {len(batches)} batches of {run_id} reverted")
        done[name] = len(batches)
    return done


def _batches_of(sql: Sql, table: str, run_id: str) -> list[str]:
    """The batches that hold the run's rows."""
    rows = sql.rows(
        f"set drop_system_columns=false; select {BATCH_ID} as batch_id, count(distinct run_id) as runs, "
        f"max(case when run_id = {literal(run_id)} then 1 else 0 end) as holds_it from {identifier(table)} "
        f"group by {BATCH_ID} order by batch_id asc nulls last"
    )
    own = [row for row in rows if int(row["holds_it"])]
    mixed = [str(row["batch_id"]) for row in own if int(row["runs"]) > 1]
    if mixed:
        raise DataError(
            f"{table}: the batches {', '.join(mixed)} hold rows of other runs beside {run_id}; none was reverted.",
            "Build another date instead: propensity featurize --as-of DATE.",
        )
    return [str(row["batch_id"]) for row in own]


def _wait_until_gone(
    platform: Platform, name: str, batches: list[str], wait_seconds: float, sleep: Callable[[float], None]
) -> None:
    end, delay = time.monotonic() + wait_seconds, 0.1
    while waiting := [batch for batch in batches if platform.catalog.batch(batch).state != "gone"]:
        if time.monotonic() > end:
            raise PlatformTimeout(
                f"{name}: batch {waiting[0]} is still visible {wait_seconds:.0f} s after it was reverted.",
                "Run the command again later; it goes on where it is.",
                service="Batch Ingestion",
            )
        sleep(delay)
        delay = min(30.0, delay * 2)
