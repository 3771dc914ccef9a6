"""What drivers do besides reading: bound values, cursors of their own, settings."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import psycopg
import psycopg2
import pytest
import sqlalchemy as sa
from psycopg2.extras import execute_values

from local_platform.query_service.errors import QueryError
from local_platform.query_service.wire.parameters import value_of
from tests.unit.query_world import World, query_world, sqlalchemy_url


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("drivers")) as made:
        yield made


@pytest.fixture
def connection(world: World) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**world.dsn(), autocommit=True) as made:
        yield made


def test_an_insert_takes_bound_values(connection: psycopg.Connection[Any]) -> None:
    connection.execute("CREATE TABLE bought AS SELECT 1 AS id, '' AS item, 0.5D AS price WHERE false")
    rows = [(1, "it's", 0.5), (2, "a \\ b", 1.5)]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO bought VALUES (%s, %s, %s)", rows)
        assert cursor.rowcount == 2
    assert connection.execute("SELECT * FROM bought ORDER BY id").fetchall() == rows
    connection.execute("CREATE TABLE cheap AS SELECT id FROM bought WHERE price < %s", (1,))
    assert connection.execute("SELECT id FROM cheap").fetchall() == [(1,)]


def test_every_kind_of_value_comes_back_as_it_was_bound(connection: psycopg.Connection[Any]) -> None:
    values = (1, 1.5, True, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5, 600_000), Decimal("1.20"), "x", None)
    for mark in ("%t", "%b"):
        names = ", ".join(f"{mark} AS c{place}" for place in range(len(values)))
        assert connection.execute(f"SELECT {names}", values).fetchone() == values


@pytest.mark.parametrize(
    ("content", "oid", "format", "code"),
    [(b"abc", 23, 0, "22P02"), (b"1.5x", 701, 0, "22P02"), (b"maybe", 16, 0, "22P02"), (b"abc", 23, 1, "22P03")],
)
def test_what_is_no_value_of_its_type_is_refused(content: bytes, oid: int, format: int, code: str) -> None:
    with pytest.raises(QueryError) as caught:
        value_of(content, oid, format)
    assert caught.value.sqlstate == code


def test_a_server_side_cursor_takes_bound_values(world: World) -> None:
    with psycopg.connect(**world.dsn()) as connection, connection.cursor("pieces") as cursor:
        cursor.execute("SELECT explode(sequence(1, %s)) AS n", (7,))
        assert cursor.fetchmany(2) == [(1,), (2,)]
        assert cursor.fetchone() == (3,)


def test_execute_values_of_psycopg2_is_one_insert(world: World) -> None:
    with world.connected() as cursor:
        cursor.execute("CREATE TABLE listed (id int, item text)")
        execute_values(cursor, "INSERT INTO listed VALUES %s", [(1, "x"), (2, "y"), (3, "z")])
        assert cursor.statusmessage == "INSERT 0 3"
        cursor.execute("SELECT count(*) AS n FROM (SELECT history_meta('listed'))")
        assert cursor.fetchall() == [(1,)]


def test_there_are_no_procedures_to_call(world: World) -> None:
    with world.connected() as cursor, pytest.raises(psycopg2.errors.FeatureNotSupported):
        cursor.callproc("abs", [1])


def test_values_written_into_the_text_are_read_as_spark_reads_them(world: World) -> None:
    """Two literals side by side are one text, and a backslash escapes: psycopg2's quoting is PostgreSQL's."""
    with world.connected() as cursor:
        cursor.execute("SELECT %s AS a, %s AS b", ("it's", "a\\b"))
        assert cursor.fetchone() == ("its", "a\b")
        with pytest.raises(psycopg2.errors.SyntaxError, match="CAST"):
            cursor.execute("SELECT %s AS a", (date(2026, 1, 2),))


@pytest.mark.parametrize(
    "statement",
    [
        "SET client_encoding TO 'LATIN1'",
        "SET DateStyle = 'German'",
        "SET TimeZone = 'Europe/Berlin'",
        "SET TRANSACTION READ ONLY",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    ],
)
def test_a_driver_cannot_set_what_would_change_nothing(world: World, statement: str) -> None:
    assert world.refused(statement)[0] == "0A000"


def test_a_driver_may_set_what_is_so_already(world: World) -> None:
    for statement in ("SET client_encoding TO 'UTF8'", "SET DateStyle TO 'ISO'", "SET TimeZone='UTC'"):
        world.rows(statement)


def test_sqlalchemy_over_psycopg_3_connects_without_hstore(world: World) -> None:
    url = sqlalchemy_url(world.dsn(), "psycopg")
    with pytest.raises(sa.exc.NotSupportedError, match="SAVEPOINT"):
        sa.create_engine(url).connect()
    engine = sa.create_engine(url, use_native_hstore=False)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT :n + 1 AS a"), {"n": 1}).scalar() == 2
        with pytest.raises(sa.exc.ProgrammingError, match="CAST"):
            connection.execute(sa.select(sa.literal("x")))
    engine.dispose()


async def asyncpg_answers(world: World, *questions: str) -> list[Any]:
    """What asyncpg, which describes each statement before it binds it, is answered; an error is its SQLSTATE."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    given = world.dsn()
    connection = await asyncpg.connect(
        host=given["host"],
        port=given["port"],
        user=given["user"],
        password=given["password"],
        database=given["dbname"],
        ssl=context,
    )
    answers: list[Any] = []
    try:
        for question in questions:
            try:
                answers.append([tuple(row) for row in await asyncio.wait_for(connection.fetch(question), 10)])
            except asyncpg.PostgresError as error:
                answers.append(error.sqlstate)
    finally:
        connection.terminate()
    return answers


def test_statements_with_rows_are_described_before_they_run(world: World) -> None:
    world.rows("CREATE TABLE described AS SELECT 1 AS a")
    found = asyncio.run(
        asyncpg_answers(
            world,
            "SHOW server_version",
            "EXPLAIN SELECT 1 AS a",
            "SET aqp",
            "PREPARE plus AS SELECT $1 + 1 AS a",
            "EXECUTE plus(1)",
            "DECLARE c CURSOR FOR SELECT 5 AS a",
            "FETCH 1 FROM c",
            "ANALYZE TABLE described COMPUTE STATISTICS AS known",
            "SELECT columnName FROM known",
        )
    )
    assert found == [
        [("0.1.0",)],
        [("Output [a: int]",)],
        [("false",)],
        [],
        [(2,)],
        [],
        [(5,)],
        [("known",)],
        [("a",)],
    ]


def test_a_block_told_to_be_without_rows_sends_none(world: World) -> None:
    """Its rows are known only when it has run; a driver that was told of no columns takes none."""
    found = asyncio.run(asyncpg_answers(world, "$$ BEGIN SELECT 5 AS a; END $$", "SELECT 6 AS a"))
    assert found == [[], [(6,)]]


def test_an_error_reaches_a_driver_that_waits_for_it_before_it_goes_on(world: World) -> None:
    found = asyncio.run(
        asyncpg_answers(world, "SELECT nope AS a", "SELECT * FROM nowhere", "EXECUTE nobody", "SELECT 1 AS a")
    )
    assert found == ["58000", "42P01", "26000", [(1,)]]
