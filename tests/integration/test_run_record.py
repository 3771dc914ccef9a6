"""A run's record lives in the platform: another machine can read it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from runner.errors import Unavailable
from runner.local import LocalPlatform, local_platform
from runner.platform import Platform
from runner.run_record import RunRecord, RunRecords
from runner.settings import Settings
from runner.setup import apply, plan
from runner.sql import SqlClient

CASE = {"name": "newsletter", "title": "t", "target_event": "e", "audience": {"name": "a", "min_score": 0.5}}
_numbers = itertools.count()
NOW = datetime(2026, 11, 23, 8, 30, 0, 125000, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """One platform, with a dataset of records for each test."""

    local: LocalPlatform
    dataset: str

    def records(self, state_dir: Path) -> RunRecords:
        return RunRecords(self.settings(state_dir), Platform(self.local.connection(), sleep=lambda _: None))

    def settings(self, state_dir: Path) -> Settings:
        values = {"use_cases": [CASE], "state_dir": str(state_dir), "datasets": {"runs": self.dataset}}
        return Settings.model_validate(values)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    with local_platform(tmp_path_factory.mktemp("platform"), delays="none") as running:
        yield running


@pytest.fixture
def world(local: LocalPlatform, tmp_path: Path) -> World:
    made = World(local, f"runs_{next(_numbers)}")
    apply(plan(made.settings(tmp_path), Platform(local.connection())))
    return made


def record(day: int, state: str, minutes: int = 0) -> RunRecord:
    as_of = date(2026, 11, day)
    body = {"rows": 10 * day, "it's": ["a", None, 0.5]}
    return RunRecord(f"newsletter-{as_of:%Y%m%d}", "newsletter", as_of, state, body, NOW + timedelta(minutes=minutes))


def test_another_machine_reads_the_newest_record_of_a_run(world: World, tmp_path: Path) -> None:
    here = world.records(tmp_path / "here")
    for state, minutes in (("featurize", 0), ("score", 20), ("export", 10)):
        here.append(record(9, state, minutes), wait=True)
    there = world.records(tmp_path / "there")
    assert there.newest("newsletter-20261109") == record(9, "score", 20)
    assert there.newest("newsletter-20261116") is None
    assert [r.state for r in there.all()] == ["featurize", "export", "score"]


def test_the_newest_run_of_a_use_case_goes_by_its_date(world: World, tmp_path: Path) -> None:
    records = world.records(tmp_path / "here")
    records.append(record(16, "publish"), wait=True)
    records.append(record(9, "publish", minutes=60), wait=True)
    found = records.newest_of_use_case("newsletter")
    assert found is not None
    assert found.run_id == "newsletter-20261116"
    assert records.newest_of_use_case("other") is None


def test_the_same_record_twice_is_one(world: World, tmp_path: Path) -> None:
    records = world.records(tmp_path / "here")
    assert records.append(record(9, "score"), wait=True) == records.append(record(9, "score"), wait=True)
    assert len(records.all()) == 1


class _NoSql(SqlClient):
    """Query Service that is not licensed."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        raise Unavailable("Query Service is away.")


def test_records_are_read_from_files_where_sql_does_not_answer(world: World, tmp_path: Path) -> None:
    platform = Platform(world.local.connection(), sleep=lambda _: None)
    world.records(tmp_path / "here").append(record(9, "score"), wait=True)
    there = RunRecords(world.settings(tmp_path / "there"), platform, _NoSql(platform))
    assert there.newest("newsletter-20261109") == record(9, "score")


def test_a_record_that_is_not_visible_yet_is_known_where_it_was_made(world: World, tmp_path: Path) -> None:
    records = world.records(tmp_path / "here")
    exact = record(9, "score")
    records.append(exact)
    assert records.newest("newsletter-20261109") == exact
