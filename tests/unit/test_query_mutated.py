"""A statement nobody would write gets an answer of ours: no failure inside, no word of what lies beneath."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.tables import tables
from tests.unit.mutated_statements import LEAKS, findings, mutated
from tests.unit.query_world import World, query_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("mutated"), query_seconds=20.0) as made:
        for name, rows in tables().items():
            made.table(name, rows)
        yield made


def told(world: World, seed: int, count: int) -> None:
    found = findings(world, mutated(seed, count))
    assert not found, "\n".join(f"{each.sql}\n    {each.what}" for each in found[:10])
    assert world.rows("SELECT 1") == [(1,)]


def test_six_hundred_mutated_statements(world: World) -> None:
    told(world, 1, 600)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
def test_thousands_of_mutated_statements(world: World, seed: int) -> None:
    told(world, seed, 5_000)


def test_a_seed_gives_the_same_statements_again() -> None:
    assert list(mutated(7, 200)) == list(mutated(7, 200))
    assert len(set(mutated(7, 200))) > 190


def test_what_lies_beneath_would_be_seen() -> None:
    for text in (
        "Binder Error: No function matches the given name",
        "Python exception occurred while executing the UDF: ValueError: x",
        "ErrorCode: 58000 Internal System Error [the platform's log has the reason]",
        "'Identifier' object has no attribute 'name'",
    ):
        assert LEAKS.search(text), text


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT",
        "SELECT FROM numbers",
        "SELECT varchar(``'x') AS a",
        "SELECT id FROM numbers LIMIT ALL OFFSET over",
        "SELECT id FROM numbers LIMIT 99999999999999999999999999",
        "SELECT CAST('1' AS decimal(38, @x 10)) AS a",
        "SELECT count(*) AS n FROM numbers GROUP BY",
        "SELECT c.as FROM pg_catalog.pg_class c",
        "SELECT (c.relkind)(1) FROM pg_catalog.pg_class c",
        "SELECT from_utc_timestamp('2019-03-02 03:30:00', 'Nowhere/Land') AS a",
        "SELECT SESS_TIMEOUT(1) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM numbers",
    ],
)
def test_statements_that_were_found_this_way(world: World, sql: str) -> None:
    code, message = world.refused(sql)
    assert code in ("42601", "58000", "0A000", "53400"), (code, message)
    assert not LEAKS.search(message), message
