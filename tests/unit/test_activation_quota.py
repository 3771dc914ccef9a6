"""On-demand evaluations are counted across runs, and a retry never takes a second one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runner.errors import RateLimited
from runner.quota import Quota

NOW = datetime(2026, 11, 9, 12, tzinfo=UTC)


def test_two_a_day_and_then_none(tmp_path: Path) -> None:
    for run in ("one-20261109", "two-20261109"):
        Quota(tmp_path, "dev").take(run, NOW)
    with pytest.raises(RateLimited, match="2 of 2 used today, 2 of 50 this year") as refused:
        Quota(tmp_path, "dev").take("three-20261109", NOW)
    assert "daily evaluation costs nothing" in refused.value.remedy
    assert Quota(tmp_path, "dev").take("three-20261109", NOW + timedelta(days=1)).today == 1


def test_a_retry_of_a_run_takes_no_second_slot(tmp_path: Path) -> None:
    Quota(tmp_path, "dev").take("newsletter-20261109", NOW)
    with pytest.raises(RateLimited, match="Run newsletter-20261109 has already used"):
        Quota(tmp_path, "dev").take("newsletter-20261109", NOW + timedelta(days=3))
    assert Quota(tmp_path, "dev").used(NOW).this_year == 1


def test_jobs_that_others_started_count_too(tmp_path: Path) -> None:
    jobs = [NOW - timedelta(hours=1), NOW - timedelta(hours=2)]
    with pytest.raises(RateLimited):
        Quota(tmp_path, "dev").take("newsletter-20261109", NOW, jobs)


def test_the_year_has_its_own_limit_by_kind_of_sandbox(tmp_path: Path) -> None:
    jobs = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=i) for i in range(50)]
    with pytest.raises(RateLimited, match="50 of 50 this year"):
        Quota(tmp_path, "prod", "production").take("newsletter-20261109", NOW, jobs)
    assert Quota(tmp_path, "dev", "development").take("newsletter-20261109", NOW, jobs).this_year == 51


def test_sandboxes_do_not_share_a_quota(tmp_path: Path) -> None:
    Quota(tmp_path, "dev").take("newsletter-20261109", NOW)
    assert Quota(tmp_path, "stage").used(NOW).today == 0


def test_a_line_torn_by_a_crash_is_passed_over(tmp_path: Path) -> None:
    Quota(tmp_path, "dev").take("newsletter-20261109", NOW)
    with (tmp_path / "on_demand_dev.jsonl").open("a") as ledger:
        ledger.write('{"run_id": "newsl')
    assert Quota(tmp_path, "dev").used(NOW).today == 1
    Quota(tmp_path, "dev").take("newsletter-20261110", NOW)
    assert Quota(tmp_path, "dev").used(NOW).today == 2
