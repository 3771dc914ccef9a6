"""A local platform with everything `propensity setup` makes, for the tests of export, publishing and activation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from runner.contract import Column, Contract
from runner.local import Delays, LocalPlatform, Zone, local_platform
from runner.platform import Platform
from runner.publishing import RunFacts
from runner.settings import Settings, UseCase
from runner.setup import apply, plan
from runner.sql import SqlClient

AS_OF = datetime(2026, 11, 9, tzinfo=UTC)
RUN = "newsletter-20261109"
CONTRACT = Contract(
    "newsletter_training_set",
    "newsletter_training_set",
    "newsletter_training_set_runs",
    (
        Column("user_id", "key", "category", "string", ""),
        Column("as_of", "as_of", "category", "timestamp", ""),
        Column("run_id", "run", "category", "string", ""),
        Column("label", "label", "number", "integer", ""),
        Column("n_clicks_7d", "feature", "number", "integer", ""),
        Column("order_value", "feature", "number", "double", ""),
    ),
)


@dataclass(frozen=True)
class Sandbox:
    """What the tests need of one running platform, and the use case that a test has to itself."""

    local: LocalPlatform
    platform: Platform
    sql: SqlClient
    settings: Settings
    case: UseCase

    def facts(self, days: int = 0, model: str = "1") -> RunFacts:
        """The run of the use case some days after AS_OF."""
        as_of = AS_OF + timedelta(days=days)
        return RunFacts(f"{self.case.name}-{as_of:%Y%m%d}", as_of, model)

    def for_case(self, name: str) -> Sandbox:
        """The same platform with another use case."""
        return replace(self, case=self.settings.use_case(name))


def use_case(name: str, **audience: object) -> dict[str, object]:
    """A use case's settings; without an audience rule the best tenth."""
    rule = {"name": f"Likely {name}", **(audience or {"top_percent": 10})}
    return {"name": name, "title": "Who will subscribe", "target_event": "web.formFilledOut", "audience": rule}


@contextmanager
def sandbox(
    data_dir: Path, *cases: dict[str, object], delays: Delays = "none", landing_zone: Zone = "s3"
) -> Iterator[Sandbox]:
    """Start a platform, by default one whose asynchronous steps take no time, and set it up for some use cases."""
    settings = Settings.model_validate(
        {"state_dir": str(data_dir / "state"), "use_cases": list(cases) or [use_case("newsletter")]}
    )
    with local_platform(data_dir / "platform", delays=delays, landing_zone=landing_zone) as local:
        platform = Platform(local.connection())
        apply(plan(settings, platform))
        yield Sandbox(local, platform, SqlClient(platform), settings, settings.use_cases[0])


def write_scores(path: Path, scores: Mapping[str, float], as_of: datetime = AS_OF) -> Path:
    """A scores file, as the scoring step writes it."""
    columns = {
        "user_id": pa.array(list(scores), pa.string()),
        "as_of": pa.array([as_of] * len(scores), pa.timestamp("ms", tz="UTC")),
        "score": pa.array(list(scores.values()), pa.float64()),
    }
    pq.write_table(pa.table(columns), path)
    return path


def run_rows(run: str, users: range, *, clicks: int = 1) -> str:
    """A SELECT that gives one row a user, shaped like a training set with a column too many."""
    return (
        f"SELECT concat('u', CAST(id AS string)) AS user_id, to_timestamp('2026-11-09 00:00:00') AS as_of,"
        f" '{run}' AS run_id, CAST(id % 2 AS int) AS label, CAST({clicks} AS int) AS n_clicks_7d,"
        f" CAST(id AS double) / 7 AS order_value, 'extra' AS note"
        f" FROM (SELECT explode(sequence({users.start}, {users.stop - 1})) AS id) AS ids"
    )
