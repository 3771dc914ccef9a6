"""When the platform's calendar runs what: Quartz and five-field cron, export schedules, names of files."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest

from local_platform.landing_zone import UnsafeKey, safe_key
from local_platform.problems import Problem
from local_platform.services.flows import audience_export, dataset_export
from local_platform.services.flows.listing import page
from local_platform.services.flows.templates import render
from local_platform.services.queries.errors import QueryProblem
from local_platform.services.queries.schedules import cron_times
from local_platform.services.queries.state import substituted
from local_platform.services.segmentation.cron import CronError, daily_time, instants

AT = datetime(2026, 11, 9, 1, 2, 3, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_daily_evaluation_runs_at_one_in_the_morning() -> None:
    assert daily_time("0 0 1 * * ?") == time(1, tzinfo=UTC)
    assert daily_time("0 30 13 ? * *") == time(13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression", ["", "0 1 * * *", "0 0 * * * ?", "0 0/5 1 * * ?", "0 0 25 * * ?", "0 0 1 1 * ?", "0 0 1 ? * MON"]
)
def test_schedule_that_is_not_daily_is_refused(expression: str) -> None:
    with pytest.raises(CronError):
        daily_time(expression)


def test_every_passed_day_is_a_time_of_its_own_and_none_comes_twice() -> None:
    one = time(1, tzinfo=UTC)
    found = instants(one, moment("2026-11-09T01:00"), moment("2026-11-11T01:00"))
    assert found == [moment("2026-11-10T01:00"), moment("2026-11-11T01:00")]
    assert instants(one, moment("2026-11-09T00:59"), moment("2026-11-09T00:59:59")) == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("30 * * * *", ["2026-11-09T00:30", "2026-11-09T01:30"]),
        ("0 */2 * * *", ["2026-11-09T02:00"]),
        ("15,45 1 * * 1-5", ["2026-11-09T01:15", "2026-11-09T01:45"]),
        ("0 1 * * 0", []),
        ("0 1 10 * *", []),
    ],
)
def test_scheduled_query_runs_when_its_expression_says(expression: str, expected: list[str]) -> None:
    found = cron_times(expression, moment("2026-11-09T00:00"), moment("2026-11-09T02:00"))
    assert found == [moment(text) for text in expected]


@pytest.mark.parametrize("expression", ["", "* * * *", "61 * * * *", "x * * * *", "* * 0 * *"])
def test_expression_that_cron_does_not_know_is_refused(expression: str) -> None:
    with pytest.raises(QueryProblem):
        cron_times(expression, AT, AT)


def dataset_flow(**schedule: Any) -> dict[str, Any]:
    return {"scheduleParams": {"timeUnit": "day", "interval": 1, "startTime": 1_700_000_000, **schedule}}


def test_export_is_due_every_interval_from_its_start() -> None:
    start = int(moment("2026-11-01T06:00").timestamp())
    flow = dataset_flow(startTime=start)
    created = int(moment("2026-11-08T00:00").timestamp() * 1000)
    found = dataset_export.due_times(flow, created, moment("2026-11-08T06:00"), moment("2026-11-10T06:00"))
    assert found == [moment("2026-11-09T06:00"), moment("2026-11-10T06:00")]
    hourly = dataset_flow(startTime=start, timeUnit="hour", interval=12)
    assert len(dataset_export.due_times(hourly, created, moment("2026-11-09T00:00"), moment("2026-11-10T00:00"))) == 2
    ended = dataset_flow(startTime=start, endTime=start + 86_400)
    assert dataset_export.due_times(ended, created, moment("2026-11-09T00:00"), moment("2026-11-20T00:00")) == []


def test_what_was_due_before_the_flow_existed_is_not_made_up_for_but_a_single_export_is() -> None:
    start = int(moment("2026-11-01T06:00").timestamp())
    created_at = moment("2026-11-09T12:00")
    created = int(created_at.timestamp() * 1000)
    late = moment("2026-11-09T13:00")
    assert dataset_export.due_times(dataset_flow(startTime=start), created, moment("2026-11-01T00:00"), late) == []
    once = dataset_flow(startTime=start, interval=0)
    assert dataset_export.due_times(once, created, moment("2026-11-01T00:00"), late) == [created_at]


def test_scheduled_audience_is_due_at_its_hour_within_its_dates() -> None:
    schedule = {
        "triggerType": "SCHEDULED",
        "frequency": "EVERY_12_HOURS",
        "startDate": "2026-11-09",
        "endDate": "2026-11-10",
        "startTime": "05:00",
    }
    item = audience_export.Selected("s", "n", "t", "FIRST_FULL_THEN_INCREMENTAL", schedule)
    found = audience_export.due_times(item, moment("2026-11-09T05:00"), moment("2026-12-01T00:00"))
    assert found == [moment("2026-11-09T17:00"), moment("2026-11-10T05:00"), moment("2026-11-10T17:00")]


def test_file_names_follow_their_template_and_lose_what_is_unsafe() -> None:
    values = {"DESTINATION": "my/zone", "SEGMENT_ID": "s1"}
    assert render("%DESTINATION%_%SEGMENT_ID%_%DATETIME(YYYYMMdd_HHmmss)%", values, AT) == "my_zone_s1_20261109_010203"
    assert render("../%UNKNOWN%", values, AT) == "_"


@pytest.mark.parametrize("key", ["", "/", "..", "a/../b", "a/./../b", "a\\b", "a\nb", ".hidden", "x" * 901])
def test_key_that_leaves_the_landing_zone_is_refused(key: str) -> None:
    with pytest.raises(UnsafeKey):
        safe_key(key)


def test_key_is_kept_below_its_folder() -> None:
    assert safe_key("/a/b=1/part-0.parquet") == "a/b=1/part-0.parquet"


def test_filters_compare_numbers_as_numbers_and_nested_values_by_path() -> None:
    items = [{"id": str(n), "metrics": {"n": n}, "on": n > 1} for n in (2, 10, 1)]
    assert _ids(items, ("property", "metrics.n>=2")) == ["2", "10"]
    assert _ids(items, ("property", "on==true"), ("property", "metrics.n<5")) == ["2"]
    assert _ids(items, ("property", "id!=2"), ("orderby", "-metrics.n")) == ["10", "1"]


@pytest.mark.parametrize("query", [("property", "nonsense"), ("limit", "0"), ("continuationToken", "forged!")])
def test_list_question_that_cannot_be_read_is_a_400(query: tuple[str, str]) -> None:
    with pytest.raises(Problem):
        page("/runs", [{"id": "1"}], [query])


def _ids(items: list[dict[str, Any]], *query: tuple[str, str]) -> list[str]:
    return [item["id"] for item in page("/runs", items, list(query))["items"]]


def test_query_parameters_are_put_into_the_text_as_they_are() -> None:
    assert substituted("SELECT '$a', $b, $c", {"a": "x", "b": 1}) == "SELECT 'x', 1, $c"
