"""The Postgres wire, with drivers that people use."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import psycopg2
import psycopg2.errors
import pytest

from tests.unit.query_world import World, query_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("wire"), sessions=100) as made:
        yield made


VALUES = (
    "7 AS i, 9007199254740993L AS b, 0.1D AS d, true AS t, 'ä' AS s, CAST(NULL AS string) AS n, "
    "DATE '2026-11-09' AS day, TIMESTAMP '2026-11-09 01:02:03.456' AS at, 12.50 AS price, CAST(3 AS smallint) AS small"
)
EXPECTED = (
    7,
    9007199254740993,
    0.1,
    True,
    "ä",
    None,
    date(2026, 11, 9),
    datetime(2026, 11, 9, 1, 2, 3, 456000),
    Decimal("12.50"),
    3,
)


def test_values_arrive_with_their_types(world: World) -> None:
    with world.connected() as cursor:
        cursor.execute(f"SELECT {VALUES}")
        assert cursor.fetchone() == EXPECTED
        assert [column.type_code for column in cursor.description] == [23, 20, 701, 16, 25, 25, 1082, 1114, 1700, 21]


@pytest.mark.parametrize("binary", [False, True])
def test_the_extended_protocol_gives_the_same_values_in_text_and_binary(world: World, binary: bool) -> None:
    with psycopg.connect(**world.dsn(), autocommit=True) as connection:
        assert connection.execute(f"SELECT {VALUES}", binary=binary, prepare=True).fetchone() == EXPECTED


@pytest.mark.parametrize("number", ["0.00", "-0.01", "123456789012345678.123", "10000", "-99999999.5", "0.00001"])
def test_decimals_survive_the_binary_form(world: World, number: str) -> None:
    with psycopg.connect(**world.dsn(), autocommit=True) as connection:
        row = connection.execute(f"SELECT CAST('{number}' AS decimal(38,5))", binary=True).fetchone()
    assert row is not None
    assert row[0] == Decimal(number)


def test_parameters_are_bound_by_value_and_type(world: World) -> None:
    query = "SELECT %s + 1, %s, %s, %s, %s"
    given = (41, "it's", 1.5, date(2026, 1, 2), None)
    with psycopg.connect(**world.dsn(), autocommit=True) as connection:
        assert connection.execute(query, given).fetchone() == (42, "it's", 1.5, date(2026, 1, 2), None)
        with connection.cursor(binary=True) as cursor:
            assert cursor.execute(query, given).fetchone() == (42, "it's", 1.5, date(2026, 1, 2), None)


def test_many_rows_keep_every_cell(world: World) -> None:
    expected = [(i, None if i % 3 == 0 else "x" * (i % 50)) for i in range(30_000)]
    rows = world.rows(
        "SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE repeat('x', i % 50) END AS x "
        "FROM (SELECT explode(sequence(0, 29999)) AS i) ORDER BY i"
    )
    assert rows == expected


def test_several_statements_answer_with_the_last_result(world: World) -> None:
    assert world.rows("SET auto_to_json=true; SELECT 1 AS a; SELECT 2 AS b") == [(2,)]


def test_a_statement_after_a_failed_one_is_not_run(world: World) -> None:
    assert world.refused("SELECT nope; CREATE TABLE after_failure AS SELECT 1 AS a")[0] == "58000"
    assert world.one("table_exists('after_failure')") is False


def test_a_portal_can_be_read_in_pieces(world: World) -> None:
    with psycopg.connect(**world.dsn()) as connection, connection.cursor("pieces") as cursor:
        cursor.execute("SELECT explode(sequence(1, 5)) AS i")
        assert [row[0] for row in cursor.fetchmany(2)] == [1, 2]
        assert [row[0] for row in cursor.fetchmany(9)] == [3, 4, 5]


def test_a_named_cursor_of_psycopg2_streams(world: World) -> None:
    connection = psycopg2.connect(**world.dsn())
    with connection, connection.cursor("stream") as cursor:
        cursor.itersize = 7
        cursor.execute("SELECT explode(sequence(1, 100)) AS i")
        assert sum(row[0] for row in cursor) == 5050
    connection.close()


def test_a_wrong_password_has_its_sqlstate(world: World) -> None:
    with pytest.raises(psycopg.OperationalError, match="Invalid password") as caught:
        psycopg.connect(**world.dsn(password="wrong"))
    assert "FATAL" in str(caught.value)


def test_the_non_expiring_credential_is_a_password_too(world: World) -> None:
    with world.connected(password=world.tokens.non_expiring_password) as cursor:
        cursor.execute("SELECT 1 AS a")
        assert cursor.fetchall() == [(1,)]


def test_an_expired_token_is_refused(world: World) -> None:
    with pytest.raises(psycopg2.OperationalError, match="Invalid password"):
        psycopg2.connect(**world.dsn(password=world.tokens.issue(life_seconds=-1)))


def test_a_plain_text_connection_is_refused(world: World) -> None:
    with pytest.raises(psycopg2.OperationalError, match="SSL connection is required"):
        psycopg2.connect(**world.dsn(sslmode="disable"))


def test_the_certificate_can_be_verified(world: World) -> None:
    with world.connected(sslmode="verify-full", sslrootcert=str(world.data_dir / "sql-certificate.pem")) as cursor:
        cursor.execute("SELECT 1 AS a")
        assert cursor.fetchall() == [(1,)]


def test_an_unknown_database_has_no_tables(world: World) -> None:
    for dbname in ("prod:all", "dev:no_such_table"):
        with pytest.raises(psycopg2.OperationalError, match="No tables found"):
            psycopg2.connect(**world.dsn(dbname=dbname))


def test_gss_is_declined_politely(world: World) -> None:
    with socket.create_connection(("127.0.0.1", world.port)) as client:
        client.sendall(struct.pack("!ii", 8, 80877104))
        assert client.recv(1) == b"N"


def test_drivers_find_the_parameters_they_insist_on(world: World) -> None:
    connection = psycopg2.connect(**world.dsn())
    seen = {name: connection.get_parameter_status(name) for name in ("server_version", "client_encoding", "DateStyle")}
    assert seen == {"server_version": "0.1.0", "client_encoding": "UTF8", "DateStyle": "ISO, MDY"}
    assert connection.get_parameter_status("standard_conforming_strings") == "on"
    connection.close()


def test_a_failed_transaction_refuses_statements_until_rollback(world: World) -> None:
    connection = psycopg2.connect(**world.dsn())
    cursor = connection.cursor()
    with pytest.raises(psycopg2.errors.SystemError):
        cursor.execute("SELECT nope")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        cursor.execute("SELECT 1 AS a")
    connection.rollback()
    cursor.execute("SELECT 1 AS a")
    assert cursor.fetchall() == [(1,)]
    connection.close()


def test_rollback_undoes_nothing(world: World) -> None:
    connection = psycopg2.connect(**world.dsn())
    connection.cursor().execute("CREATE TABLE kept_after_rollback AS SELECT 1 AS a")
    connection.rollback()
    connection.close()
    assert world.rows("SELECT a FROM kept_after_rollback") == [(1,)]


THOUSANDS = "(SELECT explode(sequence(1, 3000)) AS i)"
SLOW = f"SELECT count(*) AS n FROM {THOUSANDS} a, {THOUSANDS} b, {THOUSANDS} c WHERE pmod(a.i + b.i + c.i, 7) = 3"


def test_a_cancelled_statement_says_so_and_the_session_lives_on(world: World) -> None:
    with psycopg.connect(**world.dsn(), autocommit=True) as connection:
        threading.Timer(0.3, connection.cancel_safe).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(SLOW)
        assert connection.execute("SELECT 1 AS a").fetchone() == (1,)


def test_an_unknown_message_is_a_protocol_violation(world: World) -> None:
    line = logged_in(world)
    line.sendall(b"F\x00\x00\x00\x04S\x00\x00\x00\x04")
    assert b"C08P01" in line.recv(4096)
    line.close()


def logged_in(world: World) -> ssl.SSLSocket:
    """A TLS connection after login, spoken by hand."""
    plain = socket.create_connection(("127.0.0.1", world.port))
    plain.sendall(struct.pack("!ii", 8, 80877103))
    assert plain.recv(1) == b"S"
    context = ssl.create_default_context(cafile=str(world.data_dir / "sql-certificate.pem"))
    line = context.wrap_socket(plain, server_hostname="localhost")
    fields = (
        b"".join(part.encode() + b"\x00" for part in ("user", world.dsn()["user"], "database", "dev:all")) + b"\x00"
    )
    line.sendall(struct.pack("!ii", len(fields) + 8, 196608) + fields)
    line.recv(64)
    password = world.tokens.issue().encode() + b"\x00"
    line.sendall(b"p" + struct.pack("!i", len(password) + 4) + password)
    seen = b""
    while not seen.endswith(b"Z\x00\x00\x00\x05I"):
        received = line.recv(4096)
        assert received, seen
        seen += received
    return line


def test_copy_to_the_client_is_refused(world: World) -> None:
    code, message = world.refused("COPY (SELECT 1 AS a) TO STDOUT")
    assert code == "0A000"
    assert "Data Access" in message


def test_the_row_cap_holds_unless_limit_zero_lifts_it(tmp_path: Path) -> None:
    with query_world(tmp_path, row_cap=100, largest_limit=1000) as small:
        query = "SELECT explode(sequence(1, 5000)) AS i"
        assert len(small.rows(query)) == 100
        assert len(small.rows(f"{query} LIMIT 0")) == 5000
        assert len(small.rows(f"{query} LIMIT 500")) == 500
        assert small.refused(f"{query} LIMIT 1001")[0] == "53400"
        assert small.one(f"count(*) FROM ({query})") == 5000


def test_one_session_too_many_is_told_so(tmp_path: Path) -> None:
    refused = pytest.raises(psycopg2.OperationalError, match="Session Limit Reached")
    with query_world(tmp_path, sessions=2) as small, small.connected(), small.connected(), refused:
        psycopg2.connect(**small.dsn())


def test_a_query_that_takes_too_long_on_the_platforms_clock_is_stopped(tmp_path: Path) -> None:
    with query_world(tmp_path) as small:
        threading.Timer(0.5, small.clock.advance, (601,)).start()
        assert small.refused(SLOW)[0] == "53400"


def test_sessions_dropped_at_random_points_leak_nothing(world: World) -> None:
    # What allocators keep for themselves is kept by then; what each session left behind would go on growing.
    drop_sessions(world, 40)
    files, memory = open_files(), resident_mb()
    drop_sessions(world, 60)
    assert wait_for(lambda: open_files() <= files + 2), (files, open_files())
    assert resident_mb() < memory + 80


@pytest.mark.soak
def test_two_hundred_dropped_sessions_leak_nothing(world: World) -> None:
    drop_sessions(world, 10)
    files, memory = open_files(), resident_mb()
    drop_sessions(world, 200)
    assert wait_for(lambda: open_files() <= files + 2), (files, open_files())
    assert resident_mb() < memory + 80


ENDLESS = f"SELECT a.i, b.i AS j, 'some text to fill the line' AS c FROM {THOUSANDS} a, {THOUSANDS} b LIMIT 0"
STATEMENTS = ("", ENDLESS, SLOW, "BEGIN", "CREATE TEMP TABLE t AS SELECT 1 AS a", "DECLARE c CURSOR FOR SELECT 1 AS a")


def drop_sessions(world: World, count: int) -> None:
    """Cut the line after login, in mid-result, in mid-statement, inside a transaction, with temporary tables."""
    for number in range(count):
        line = logged_in(world)
        statement = STATEMENTS[number % len(STATEMENTS)].encode() + b"\x00"
        if len(statement) > 1:
            line.sendall(b"Q" + struct.pack("!i", len(statement) + 4) + statement)
        if number % 2 and statement.startswith(b"SELECT a"):
            line.recv(1000)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", number % 2, 0))
        os.close(line.detach())


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident_mb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def wait_for(condition: Any) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())
