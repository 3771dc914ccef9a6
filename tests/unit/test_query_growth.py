"""Values that grow without measure are refused while there is memory left, and what runs on is stopped when asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from local_platform.query_service.engine import pace
from tests.unit.query_world import World, query_world

MEMORY = 400
"""Megabytes that the engine may use, and functions beside it."""
ROWS = "FROM (SELECT explode(sequence(1, 3000)) AS r, 'ab' AS s) t"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("growing"), memory=f"{MEMORY}MB") as opened:
        yield opened
    pace.allow("2GB")


def resident() -> float:
    return pace._resident() / 1e6


@pytest.fixture
def peak() -> Iterator[list[float]]:
    """Megabytes by which this process grew, filled in when it is asked for."""
    before, seen, stop = resident(), [0.0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.01):
            seen[0] = max(seen[0], resident() - before)

    thread = threading.Thread(target=watch)
    thread.start()
    yield seen
    stop.set()
    thread.join()


@pytest.mark.parametrize(
    "expression",
    [
        "repeat(s, 1000000 + r)",
        "lpad(s, 1000000 + r, 'x')",
        "space(1000000 + r)",
        "array_repeat(s, 100000 + r)",
        "sequence(1, 100000 + r)",
        "transform(sequence(1, 10000 + r), x -> repeat(s, 1000 + x))",
        "regexp_replace(repeat(s, 5000 + r), '(?=a)a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')",
        "split(repeat(s, 100000 + r), '(?=a)')",
    ],
)
def test_rows_of_growing_values_are_refused_together(world: World, peak: list[float], expression: str) -> None:
    """One of these values is harmless; 2,048 are made at a time."""
    _, message = world.refused(f"SELECT max(length(CAST({expression} AS string))) {ROWS}")
    assert "do not fit the memory of the local Query Service" in message
    # The last piece is copied once more when it is handed over.
    assert peak[0] < MEMORY * 3, peak
    assert world.one("length(repeat('ab', 1000))") == 2000


def test_a_few_large_values_are_made(world: World) -> None:
    assert world.rows("SELECT length(repeat(s, 30000000)) FROM (VALUES ('x')) t(s)") == [(30_000_000,)]


def chain(step: str, times: int) -> str:
    query = "SELECT 'a' AS s"
    for _ in range(times):
        query = f"SELECT {step} AS s FROM ({query}) t"
    return f"SELECT length(s) FROM ({query}) t"


@pytest.mark.parametrize(
    "sql",
    [
        chain("regexp_replace(s, '(?=a)(a)', '$1$1aa')", 12),
        "SELECT levenshtein(repeat('abc', 30000 + r), repeat('xay', 30000 + r)) FROM (VALUES (1), (2), (3)) t(r)",
        "SELECT max(size(split(repeat('ab,', 300000 + r), '(?=,)'))) FROM (SELECT explode(sequence(1, 100)) AS r) t",
    ],
)
def test_a_function_that_works_on_and_on_is_cancelled(world: World, sql: str) -> None:
    with psycopg.connect(**world.dsn(), autocommit=True) as connection:
        timer = threading.Timer(0.5, connection.cancel_safe)
        timer.start()
        started = time.monotonic()
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(sql)
        timer.join()
        assert refused.value.sqlstate == "57014", refused.value
        # No measure of speed: uncancelled they take more than half a minute.
        assert time.monotonic() - started < 15
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_its_time_is_over_inside_a_function_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    with query_world(tmp_path_factory.mktemp("timely"), query_seconds=1.0) as hurried:
        code, message = hurried.refused(
            "SELECT levenshtein(repeat('abc', 30000 + r), repeat('xay', 30000 + r)) FROM (VALUES (1), (2)) t(r)"
        )
        assert code == "53400"
        assert "Statement timeout" in message


def test_a_pattern_that_would_take_long_to_read_is_refused(world: World) -> None:
    _, message = world.refused("SELECT 'a' RLIKE p FROM (SELECT repeat('a?', 6000 + r) AS p FROM (VALUES (1)) t(r)) t")
    assert "A pattern of more than 10000 characters" in message


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [("kitten", "sitting", 3), ("Größe", "Grüße", 1), ("", "é", 1), ("aé", "", 2), ("ab" * 700, "ba" * 700, 2)],
)
def test_edits_are_counted_by_character(world: World, left: str, right: str, edits: int) -> None:
    assert world.rows(f"SELECT levenshtein(a, b) FROM (VALUES ('{left}', '{right}')) t(a, b)") == [(edits,)]
