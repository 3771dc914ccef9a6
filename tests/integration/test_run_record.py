"""A run's record lives in the platform: another machine can read it."""

from __future__ import annotations

from collections.abc import Iterator
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
NOW = datetime(2026, 11, 23, 8, 30, 0, 125000, tzinfo=UTC)


def settings(folder: Path) -> Settings:
    return Settings.model_validate({"use_cases": [CASE], "state_dir": str(folder)})


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalPlatform]:
    with local_platform(tmp_path / "platform", delays="none") as running:
        apply(plan(settings(tmp_path), Platform(running.connection())))
        yield running


def record(day: int, state: str, minutes: int = 0) -> RunRecord:
    as_of = date(2026, 11, day)
    body = {"rows": 10 * day, "it's": ["a", None, 0.5]}
    return RunRecord(f"newsletter-{as_of:%Y%m%d}", "newsletter", as_of, state, body, NOW + timedelta(minutes=minutes))


def test_another_machine_reads_the_newest_record_of_a_run(local: LocalPlatform, tmp_path: Path) -> None:
    here = RunRecords(settings(tmp_path / "here"), Platform(local.connection()))
    for state, minutes in (("featurize", 0), ("score", 20), ("export", 10)):
        here.append(record(9, state, minutes), wait=True)
    there = RunRecords(settings(tmp_path / "there"), Platform(local.connection()))
    assert there.newest("newsletter-20261109") == record(9, "score", 20)
    assert there.newest("newsletter-20261116") is None
    assert [r.state for r in there.all()] == ["featurize", "export", "score"]


def test_the_newest_run_of_a_use_case_goes_by_its_date(local: LocalPlatform, tmp_path: Path) -> None:
    records = RunRecords(settings(tmp_path / "here"), Platform(local.connection()))
    records.append(record(16, "publish"), wait=True)
    records.append(record(9, "publish", minutes=60), wait=True)
    found = records.newest_of_use_case("newsletter")
    assert found is not None
    assert found.run_id == "newsletter-20261116"
    assert records.newest_of_use_case("other") is None


def test_the_same_record_twice_is_one(local: LocalPlatform, tmp_path: Path) -> None:
    records = RunRecords(settings(tmp_path / "here"), Platform(local.connection()))
    assert records.append(record(9, "score"), wait=True) == records.append(record(9, "score"), wait=True)
    assert len(records.all()) == 1


class _NoSql(SqlClient):
    """Query Service that is not licensed."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        raise Unavailable("Query Service is away.")


def test_records_are_read_from_files_where_sql_does_not_answer(local: LocalPlatform, tmp_path: Path) -> None:
    platform = Platform(local.connection())
    RunRecords(settings(tmp_path / "here"), platform).append(record(9, "score"), wait=True)
    there = RunRecords(settings(tmp_path / "there"), platform, _NoSql(platform))
    assert there.newest("newsletter-20261109") == record(9, "score")


def test_a_record_that_is_not_visible_yet_is_known_where_it_was_made(local: LocalPlatform, tmp_path: Path) -> None:
    records = RunRecords(settings(tmp_path / "here"), Platform(local.connection()))
    exact = record(9, "score")
    records.append(exact)
    assert records.newest("newsletter-20261109") == exact
