"""A local platform with events and profiles in it, and the features built on them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from runner.featurize import Featurized, dbt_environment, featurize
from runner.featurize.command import DbtRun, propensity_variables, run_dbt
from runner.ingestion import ingest_parquet
from runner.local import Delays, LocalPlatform, local_platform
from runner.platform import Platform
from runner.settings import Settings, load_settings
from runner.setup import apply, plan
from runner.sql import SqlClient
from runner.synthetic import SyntheticSpec, generate
from runner.xdm_shape import nested, write_file
from tests.integration.point_in_time import Event

ROOT = Path(__file__).parents[2]
DATA_END = date(2026, 11, 9)
FIRST_DAY, AS_OF = date(2026, 8, 31), date(2026, 11, 2)
TENANT = "_acme"


@dataclass
class FeatureStore:
    """One running platform, its settings and a project of its own that a test may change."""

    local: LocalPlatform
    platform: Platform
    sql: SqlClient
    settings: Settings
    project: Path
    folder: Path

    def add_events(self, events: Sequence[Event], name: str) -> None:
        """Ingest events as one batch."""
        table = nested(
            {
                "_id": pa.array([e.event_id for e in events], pa.string()),
                "timestamp": pa.array([e.at_ms for e in events], pa.timestamp("ms", tz="UTC")),
                "eventType": pa.array([e.event_type for e in events], pa.string()),
                f"{TENANT}.userId": pa.array([e.user_id for e in events], pa.string()),
            }
        )
        file = write_file(table, self.folder / f"{name}.parquet")
        ingest_parquet(self.platform, self.settings.datasets.events, [file], external_id=name)

    def add_profiles(self, users: Sequence[str], opted_out: Sequence[bool], name: str) -> None:
        """Ingest profile records as one batch."""
        table = nested(
            {
                f"{TENANT}.userId": pa.array(users, pa.string()),
                f"{TENANT}.attributes.country": pa.array(["DE"] * len(users), pa.string()),
                f"{TENANT}.attributes.emailOptOut": pa.array(opted_out, pa.bool_()),
            }
        )
        file = write_file(table, self.folder / f"{name}.parquet")
        ingest_parquet(self.platform, self.settings.datasets.profiles, [file], external_id=name)

    def featurize(self, as_of: date | None, use_case: str = "newsletter") -> Featurized:
        """The step itself."""
        return featurize(
            self.settings,
            self.settings.use_case(use_case),
            self.platform,
            self.sql,
            as_of,
            self.project,
            self.folder / "work",
            print,
        )


def environment_of(
    store: FeatureStore, prefix: str, as_of: date, first_day: date, extra: Mapping[str, str] | None
) -> dict[str, str]:
    """What dbt is told in its environment, for an engineer with a prefix and a folder of that name."""
    variables = propensity_variables(as_of, first_day, "acme", "propensity_events", "propensity_profiles")
    environment = dbt_environment(
        store.platform.queries.login(), variables, project_dir=store.project, work_dir=store.folder / prefix
    )
    return environment | {"PROPENSITY_PREFIX": prefix} | dict(extra or {})


def dbt(
    store: FeatureStore,
    *arguments: str,
    prefix: str,
    as_of: date = AS_OF,
    first_day: date = FIRST_DAY,
    extra: Mapping[str, str] | None = None,
) -> DbtRun:
    """`propensity dbt -- ...` of an engineer with a prefix and a folder of that name."""
    return run_dbt(arguments, environment_of(store, prefix, as_of, first_day, extra), print)


@contextmanager
def feature_store(folder: Path, settings: Settings | None = None, *, delays: Delays = "none") -> Iterator[FeatureStore]:
    """Start a platform, set it up, and give it a copy of the dbt project; again over the same folder, it goes on."""
    settings = settings or load_settings(ROOT / "propensity.yml")
    project = folder / "dbt_project"
    if not project.exists():
        shutil.copytree(ROOT / "dbt_project", project, ignore=_left_by_dbt)
    with local_platform(folder / "platform", delays=delays) as local:
        platform = Platform(local.connection())
        apply(plan(settings, platform))
        yield FeatureStore(local, platform, SqlClient(platform), settings, project, folder)


def synthetic_events(users: int, seed: int = 3) -> list[Event]:
    """Events of a small synthetic population that end on DATA_END."""
    table = generate(SyntheticSpec.ending(DATA_END, users=users, seed=seed)).events
    times = table.column("timestamp").cast(pa.int64()).to_pylist()
    columns = [table.column(name).to_pylist() for name in ("event_id", "user_id", "event_type")]
    return [Event(*row, at_ms) for *row, at_ms in zip(*columns, times, strict=True)]


_left_by_dbt = shutil.ignore_patterns("target", "logs", ".user.yml")
