"""What the SQL client refuses, and how it says so."""

from __future__ import annotations

import pytest

from runner.errors import (
    AuthenticationError,
    Conflict,
    DataError,
    NotFound,
    PermissionDenied,
    PlatformError,
    PlatformTimeout,
    RateLimited,
    Unavailable,
)
from runner.sql import ROW_CAP, _kind, _refuse_if_cut, identifier, literal


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("28P01", "invalid password", AuthenticationError),
        ("42P01", "table not found", NotFound),
        ("42P07", "table exists", Conflict),
        ("42501", "table not created by Query Service", PermissionDenied),
        ("53400", "statement timeout", PlatformTimeout),
        ("53400", "LIMIT exceeds max value", PlatformError),
        ("08P01", "ErrorCode: 08P01 Unknown error encountered. Reason: [No such struct field x in y;]", PlatformError),
        ("42601", "syntax error", PlatformError),
        ("58000", "Internal System Error", Unavailable),
        (
            "58000",
            "Batch query execution gets: Analysis error encountered. Function [varchar] not defined",
            PlatformError,
        ),
        ("58000", "Session Limit Reached", RateLimited),
        ("", "server closed the connection unexpectedly", Unavailable),
        ("42P12", "no tables found", NotFound),
    ],
)
def test_each_documented_code_is_one_kind_of_error_with_a_way_out(
    code: str, text: str, kind: type[PlatformError]
) -> None:
    found, remedy = _kind(code, text)
    assert found is kind
    assert remedy


def test_a_result_cut_at_the_cap_is_refused_with_three_ways_out() -> None:
    with pytest.raises(DataError) as caught:
        _refuse_if_cut(ROW_CAP, "SELECT * FROM propensity_events")
    said = str(caught.value)
    assert "exactly 50,000 rows" in said
    assert "SELECT * FROM propensity_events" in said
    for way_out in ("Aggregate", "propensity export", "LIMIT 100000"):
        assert way_out in said


@pytest.mark.parametrize("sql", ["SELECT 1 FROM t LIMIT 50000", "select 1 from t limit 50000 ;", "SELECT 1 LIMIT 0"])
def test_a_limit_of_ones_own_is_trusted(sql: str) -> None:
    _refuse_if_cut(ROW_CAP, sql)


def test_other_row_counts_pass() -> None:
    _refuse_if_cut(ROW_CAP - 1, "SELECT 1 FROM t")
    _refuse_if_cut(ROW_CAP + 1, "SELECT 1 FROM t")


@pytest.mark.parametrize("name", ["t; drop table x", "a b", "", 'x"', "a--b"])
def test_a_name_that_could_carry_sql_is_refused(name: str) -> None:
    with pytest.raises(DataError):
        identifier(name)


def test_quotes_in_a_literal_are_escaped_as_spark_reads_them() -> None:
    assert literal("it's a \\ there") == r"'it\'s a \\ there'"
