"""Rules a marketer writes, against five people whose answer can be read off the table."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from local_platform.pql import PqlError, PqlSyntaxError, PqlTypeError, PqlUnknownFunction, compile_pql

NOW = datetime(2026, 11, 9, 15, 0, tzinfo=UTC)
PROFILE = {
    "_acme.propensity.newsletter.score": "DOUBLE",
    "_acme.propensity.newsletter.percentile": "INTEGER",
    "_acme.propensity.newsletter.asOf": "TIMESTAMP",
    "_acme.propensity.newsletter.eligible": "BOOLEAN",
    "_acme.propensity.newsletter.reason": "VARCHAR",
    "_acme.attributes.country": "VARCHAR",
    "_acme.attributes.signupDate": "DATE",
    "_acme.tags": "VARCHAR[]",
}
EVENT = {"timestamp": "TIMESTAMP", "eventType": "VARCHAR", "commerce.order.priceTotal": "DOUBLE"}
PEOPLE = [
    # name, score, percentile, asOf, eligible, reason, country, signupDate, tags
    ("ada", 0.05, 90, "2026-11-09 00:00:00", True, None, "CA", "2026-11-06", ["gold", "red"]),
    ("bob", 0.30000000000000004, 99, "2026-11-09 00:00:00", True, None, "US", "2026-10-31", ["red"]),
    ("cyd", 0.9, 100, "2026-11-02 00:00:00", True, None, "us", "2025-12-31", []),
    ("dan", None, None, "2026-11-09 12:00:00", False, "opted_out", None, None, None),
    ("eve", 0.049, 89, "2026-11-09 00:00:00", True, None, "DE", "2026-11-09", ["blue"]),
]
EVENTS = [
    ("ada", "2026-11-09 14:00:00", "commerce.purchases", 10.0),
    ("ada", "2026-11-01 00:00:00", "commerce.purchases", 30.0),
    ("ada", "2026-11-09 14:30:00", "web.formFilledOut", None),
    ("bob", "2026-09-01 00:00:00", "commerce.purchases", 99.0),
]
SCORE = "_acme.propensity.newsletter.score"
AS_OF = "_acme.propensity.newsletter.asOf"
COUNTRY = "_acme.attributes.country"
SIGNUP = "_acme.attributes.signupDate"


@pytest.fixture(scope="module")
def people() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    columns = ", ".join(f'"{path}" {kind}' for path, kind in PROFILE.items())
    connection.execute(f'CREATE TABLE p ("@namespace" VARCHAR, "@identity" VARCHAR, {columns})')
    connection.executemany("INSERT INTO p VALUES ('ECID', ?, ?, ?, ?, ?, ?, ?, ?, ?)", PEOPLE)
    columns = ", ".join(f'"{path}" {kind}' for path, kind in EVENT.items())
    connection.execute(f'CREATE TABLE events ("@namespace" VARCHAR, "@identity" VARCHAR, {columns})')
    connection.executemany("INSERT INTO events VALUES ('ECID', ?, ?, ?, ?)", EVENTS)
    return connection


def members(connection: duckdb.DuckDBPyConnection, rule: str) -> str:
    compiled = compile_pql(rule, PROFILE, EVENT)
    parameters = {"now": NOW.replace(tzinfo=None)} if "$now" in compiled.sql else {}
    sql = f'SELECT "@identity" FROM p WHERE {compiled.sql} ORDER BY 1'
    return " ".join(row[0] for row in connection.execute(sql, parameters).fetchall())


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # comparisons: exact on doubles, absent never matches
        (f"{SCORE} >= 0.05", "ada bob cyd"),
        (f"{SCORE} > 0.05", "bob cyd"),
        (f"{SCORE} = 0.30000000000000004", "bob"),
        (f"{SCORE} = 0.3", ""),
        (f"{SCORE} != 0.9", "ada bob eve"),
        (f"0.05 <= {SCORE}", "ada bob cyd"),
        (f"{SCORE} > -1e-3", "ada bob cyd eve"),
        (f'{COUNTRY} = "CA"', "ada"),
        (f'$1.{COUNTRY} = "CA"', "ada"),
        (f'(Profile) => Profile.{COUNTRY} = "CA"', "ada"),
        (f"{SIGNUP} = date(2026, 10, 31)", "bob"),
        (f"{SIGNUP} >= date(2026, 11, 6)", "ada eve"),
        # boolean
        ("_acme.propensity.newsletter.eligible = true", "ada bob cyd eve"),
        ("_acme.propensity.newsletter.eligible", "ada bob cyd eve"),
        ("not _acme.propensity.newsletter.eligible", "dan"),
        (f'not ({COUNTRY} = "CA")', "bob cyd dan eve"),
        (f'!({COUNTRY} = "CA")', "bob cyd dan eve"),
        (f'{COUNTRY} = "CA" or {COUNTRY} = "US" and {SCORE} > 0.5', "ada"),
        (f'({COUNTRY} = "CA" or {COUNTRY} = "US") and {SCORE} > 0.1', "bob"),
        (f'if ({COUNTRY} = "CA", 1, 2) = 2', "bob cyd dan eve"),
        # lists
        (f'{COUNTRY} in ["CA", "DE"]', "ada eve"),
        (f'not ({COUNTRY} in ["CA", "DE"])', "bob cyd dan"),
        (f'{COUNTRY} notIn ["CA", "DE"]', "bob cyd"),
        (f'{COUNTRY} not in ["CA", "DE"]', "bob cyd"),
        ("_acme.propensity.newsletter.percentile in [90, 99]", "ada bob"),
        ('_acme.tags.includes("red")', "ada bob"),
        ('_acme.tags.intersects(["red", "blue"])', "ada bob eve"),
        ('_acme.tags.supersetOf(["gold", "red"])', "ada"),
        ('_acme.tags.subsetOf(["red", "blue"])', "bob cyd eve"),
        ("_acme.tags.distinct().count() > 1", "ada"),
        # null tests, on leaves and on objects
        (f"{SCORE}.isNull()", "dan"),
        (f"{SCORE}.isNotNull()", "ada bob cyd eve"),
        ("_acme.attributes.isNull()", "dan"),
        ("_acme.propensity.isNotNull()", "ada bob cyd dan eve"),
        # strings
        (f'{COUNTRY}.startsWith("U")', "bob"),
        (f'{COUNTRY}.startsWith("U", false)', "bob cyd"),
        (f'{COUNTRY}.doesNotStartWith("U")', "ada cyd eve"),
        (f'{COUNTRY}.endsWith("E")', "eve"),
        (f'{COUNTRY}.doesNotEndWith("E")', "ada bob cyd"),
        (f'{COUNTRY}.contains("A")', "ada"),
        (f'{COUNTRY}.doesNotContain("s", false)', "ada eve"),
        (f'{COUNTRY}.equals("us", false)', "bob cyd"),
        (f'{COUNTRY}.notEqualTo("US")', "ada cyd eve"),
        (f'{COUNTRY}.matches("(?i)^us$")', "bob cyd"),
        (f'{COUNTRY} like "%S"', "bob"),
        (f'{COUNTRY} like "_A"', "ada"),
        ('_acme.propensity.newsletter.reason.regexGroup("(\\w+)_out", 1) = "opted"', "dan"),
        (f'{COUNTRY} = "O\'Brien"', ""),
        # arithmetic
        ("_acme.propensity.newsletter.percentile % 10 = 0", "ada cyd"),
        ("_acme.propensity.newsletter.percentile / 2 + 1 > 50", "bob cyd"),
        ("_acme.propensity.newsletter.percentile / 0 > 1", ""),
        # dates
        (f"{SIGNUP}.getMonth() = 11", "ada eve"),
        (f"{SIGNUP}.getMonth() = currentMonth()", "ada eve"),
        (f"{SIGNUP}.getYear() in [2025, 2024]", "cyd"),
        (f"{SIGNUP}.getDayOfMonth() <= 6", "ada"),
        (f"{AS_OF} occurs on date(2026, 11, 9)", "ada bob dan eve"),
        (f"{AS_OF} occurs date(2026, 11, 2)", "cyd"),
        (f"{AS_OF} occurs today", "ada bob dan eve"),
        (f"{AS_OF} occurs before today", "cyd"),
        (f"{AS_OF} occurs after date(2026, 11, 2)", "ada bob dan eve"),
        (f"{AS_OF} occurs from date(2026, 11, 2)", "ada bob cyd dan eve"),
        (f"{AS_OF} occurs between date(2026, 11, 3) and date(2026, 11, 9)", "ada bob dan eve"),
        (f"{AS_OF} occurs <= 3 hours before now", "dan"),
        (f"{AS_OF} occurs = 3 hours before now", "dan"),
        (f"{AS_OF} occurs > 1 day before now", "cyd"),
        (f"{AS_OF} occurs >= 7 days before today", "cyd"),
        (f"{SIGNUP} occurs = 3 days before today", "ada"),
        (f"{SIGNUP} occurs != 3 days before today", "bob cyd eve"),
        (f"{SIGNUP} occurs last month", "bob"),
        (f"{SIGNUP} occurs last week", "ada"),
        (f"{SIGNUP} occurs this week", "eve"),
        (f"{SIGNUP} occurs last year", "cyd"),
        (f"{SIGNUP} occurs last century", ""),
        (f"{SIGNUP} occurs < 2 days after yesterday", "eve"),
        (f"{AS_OF} occurs after {SIGNUP}", "ada bob cyd"),
        # experience events
        ('xEvent[eventType = "commerce.purchases"].count() >= 2', "ada"),
        ('xEvent[(timestamp occurs < 7 days before now) and eventType = "commerce.purchases"].count() = 1', "ada"),
        ('xEvent[eventType = "commerce.purchases"].sum(commerce.order.priceTotal) > 50', "bob"),
        ("xEvent.count() = 0", "cyd dan eve"),
        ('select E from xEvent where E.eventType = "web.formFilledOut"', "ada"),
        ('(select E from xEvent where E.eventType = "commerce.purchases").count() = 1', "bob"),
        ('exists E from xEvent where E.commerce.order.priceTotal > 50 and _acme.tags.includes("red")', None),
        ("exists E from xEvent : E.commerce.order.priceTotal > 50", "bob"),
        (f'not (exists E from xEvent where E.eventType.contains("web")) and {SCORE} > 0', "bob cyd eve"),
        ('forall E from xEvent where E.eventType = "commerce.purchases"', "bob cyd dan eve"),
    ],
)
def test_rule_selects_the_people_it_says(people: duckdb.DuckDBPyConnection, rule: str, expected: str | None) -> None:
    if expected is None:
        # Inside a quantifier an unqualified path belongs to the event, so a profile path there is absent.
        assert members(people, rule) == ""
    else:
        assert members(people, rule) == expected


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        ("", PqlError, "empty"),
        (f"{SCORE} >=", PqlSyntaxError, "the end of the expression"),
        (f"{SCORE} >= 0.5)", PqlSyntaxError, "should end here"),
        (f"({SCORE} >= 0.5", PqlSyntaxError, "close the bracket"),
        (f"{SCORE} == 0.5", PqlSyntaxError, "found '='"),
        (f'{COUNTRY} = "CA', PqlSyntaxError, "not closed"),
        (f"{COUNTRY} = 'CA'", PqlSyntaxError, "double quotes"),
        (f"{SCORE} >= 0.5; drop table p", PqlSyntaxError, "Unexpected character ';'"),
        ("date(2026, 2, 30) = date(2026, 1, 1)", PqlSyntaxError, "not a date"),
        ("date(2026, 2) = date(2026, 1, 1)", PqlSyntaxError, "three whole numbers"),
        (f"{AS_OF} occurs <= days before now", PqlSyntaxError, "whole number"),
        (f"{AS_OF} occurs <= 3 fortnights before now", PqlSyntaxError, "unit of time"),
        (f"{AS_OF} occurs <= 3 days since now", PqlSyntaxError, "'before', 'after' or 'from'"),
        ("chain(xEvent, timestamp, [X: eventType])", PqlSyntaxError, "'chain' expressions are not evaluated"),
        (f'{COUNTRY}.soundsLike("CA")', PqlUnknownFunction, "Unknown function 'soundsLike'"),
        ("_acme.tags.topN(price, 5)", PqlUnknownFunction, "documented but not evaluated"),
        ("random() > 0.5", PqlUnknownFunction, "Unknown function 'random'"),
        (f'{SCORE} = "high"', PqlTypeError, "cannot compare a number with a string"),
        (f"{COUNTRY} > 3", PqlTypeError, "cannot compare a string with a number"),
        (f"{SCORE}", PqlTypeError, "must be true or false"),
        (f"{SCORE} and true", PqlTypeError, "'and' needs a boolean"),
        (f"{SCORE} occurs today", PqlTypeError, "needs a date"),
        (f'{SCORE}.startsWith("a")', PqlTypeError, "works on a string"),
        (f"{COUNTRY} in 3", PqlTypeError, "needs an array"),
        ('_acme.attributes = "x"', PqlTypeError, "not objects"),
        (f'{COUNTRY}.matches("(")', PqlError, "regular expression"),
        (f"{COUNTRY}.startsWith()", PqlError, "takes 1 to 2"),
    ],
)
def test_what_pql_does_not_allow_is_refused_with_a_reason(rule: str, error: type[PqlError], message: str) -> None:
    with pytest.raises(error, match=message.replace("(", r"\(").replace(")", r"\)")):
        compile_pql(rule, PROFILE, EVENT)


def test_unknown_field_is_absent_for_everybody_and_reported() -> None:
    compiled = compile_pql("_acme.nothing.here = 3", PROFILE)
    assert compiled.unknown_paths == {"_acme.nothing.here"}
    with pytest.raises(PqlError, match="No such field in the union schema"):
        compile_pql("_acme.nothing.here = 3", PROFILE, strict=True)


def test_text_in_a_rule_cannot_become_sql(people: duckdb.DuckDBPyConnection) -> None:
    assert members(people, f'{COUNTRY} = "x\' OR TRUE --"') == ""
