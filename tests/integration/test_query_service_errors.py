"""What goes wrong on the Postgres wire: each has its SQLSTATE, the server stays up, and the next session works."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import psycopg2
import pytest

from tests.integration.local_api import LocalApi, local_api
from tests.integration.test_query_service import connected, dsn, rows


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("errors"), "--delays", "none") as made:
        rows(made, "CREATE TABLE shop AS SELECT 1 AS id, 'x' AS name")
        yield made


@pytest.fixture
def api(platform: LocalApi) -> Iterator[LocalApi]:
    """The platform; whatever the test did to it, its process lives and the next session works."""
    yield platform
    assert platform.process.poll() is None
    assert rows(platform, "SELECT id, name FROM shop") == [(1, "x")]


def refusal(api: LocalApi, sql: str) -> tuple[str, str]:
    """SQLSTATE and message; the same session then answers its next statement."""
    with contextlib.closing(connected(api)) as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg2.Error) as caught:
            cursor.execute(sql)
        cursor.execute("SELECT 1 AS a")
        assert cursor.fetchall() == [(1,)]
    return str(caught.value.pgcode), str(caught.value)


def fatal(api: LocalApi, **options: Any) -> tuple[str, str]:
    """SQLSTATE and message of a login that must fail."""
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(**dsn(api) | options)
    # libpq keeps no SQLSTATE of a failed login; the message read from the wire has it.
    return wire_sqlstate(api, **options), str(caught.value)


def test_a_wrong_password(api: LocalApi) -> None:
    state, message = fatal(api, password="wrong")
    assert state == "28P01"
    assert "Invalid password" in message


def test_a_plain_text_connection(api: LocalApi) -> None:
    state, message = fatal(api, sslmode="disable")
    assert state == "28000"
    assert "sslmode=require" in message


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE shop SET id = 2", "UPDATE"),
        ("DELETE FROM shop", "DELETE"),
        ("MERGE INTO shop USING shop AS s ON true WHEN MATCHED THEN DELETE", "MERGE"),
        ("TRUNCATE TABLE shop", "TRUNCATE"),
        ("CREATE INDEX i ON shop (id)", "CREATE INDEX"),
        ("GRANT SELECT ON shop TO ann", "GRANT"),
    ],
)
def test_an_unsupported_statement_is_named(api: LocalApi, sql: str, kind: str) -> None:
    state, message = refusal(api, sql)
    assert state == "0A000"
    assert kind in message


def test_an_unknown_table(api: LocalApi) -> None:
    state, message = refusal(api, "SELECT * FROM nowhere")
    assert state == "42P01"
    assert "nowhere" in message


def test_an_unknown_column(api: LocalApi) -> None:
    state, message = refusal(api, "SELECT nope FROM shop")
    assert state == "58000"  # Spark's analysis errors come wrapped in it
    assert "UNRESOLVED_COLUMN" in message
    assert "nope" in message


def test_a_type_error(api: LocalApi) -> None:
    state, message = refusal(api, "SELECT array(1) + 1 AS a")
    assert state == "58000"
    assert "DATATYPE_MISMATCH" in message


def test_division_by_zero_is_null_as_in_spark_without_ansi(api: LocalApi) -> None:
    assert rows(api, "SELECT 1 / 0 AS a, 1 % 0 AS b, 1.5D / 0 AS c, CAST(1 AS decimal(5,2)) / 0 AS d") == [(None,) * 4]


HUNDREDS = "(SELECT explode(sequence(1, 3000)) AS i)"
LONG = f"SELECT count(*) AS n FROM {HUNDREDS} a, {HUNDREDS} b, {HUNDREDS} c WHERE pmod(a.i + b.i + c.i, 7) = 3"


@pytest.mark.parametrize("statement", [LONG, f"CREATE TABLE never AS {LONG}", f"DECLARE c CURSOR FOR {LONG}"])
def test_a_cancelled_statement(api: LocalApi, statement: str) -> None:
    with psycopg.connect(**dsn(api), autocommit=True) as connection:
        threading.Timer(0.3, connection.cancel_safe).start()
        with pytest.raises(psycopg.errors.QueryCanceled) as caught:
            connection.execute(statement)
        assert caught.value.sqlstate == "57014"
        assert connection.execute("SELECT 1 AS a").fetchone() == (1,)
        assert connection.execute("SELECT table_exists('never') AS a").fetchone() == (False,)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT length(space(2000000000)) AS n",
        "SELECT length(repeat('ab', 2000000000)) AS n",
        "SELECT lpad('a', 2000000000, 'xy') AS a",
        "SELECT size(sequence(1, 2000000000)) AS n",
        "SELECT size(array_repeat('a', 2000000000)) AS n",
        "SELECT count(*) AS n FROM (SELECT explode(sequence(1L, 9000000000000000000L)) AS i)",
    ],
)
def test_a_value_that_no_memory_holds_is_refused_at_once(api: LocalApi, sql: str) -> None:
    """DuckDB makes such a value in one piece which neither the timeout nor a cancel interrupts."""
    before = memory_mb(api)
    state, message = refusal(api, sql)
    assert state == "58000"
    assert "does not fit the memory" in message
    assert memory_mb(api) < before + 200


def doubled(start: str, step: str, size: str) -> str:
    """A chain of forty sub-queries, each of which makes the value of the one before it grow by `step`."""
    links = [f"a{n} AS (SELECT {step} AS s FROM a{n - 1})" for n in range(1, 41)]
    return f"WITH a0 AS (SELECT {start} AS s), {', '.join(links)} SELECT {size} AS n FROM a40"


@pytest.mark.parametrize(
    "sql",
    [
        doubled("'ab'", "s || s", "length(s)"),
        doubled("array(1, 2)", "concat(s, s)", "size(s)"),
        doubled("'a'", "replace(s, 'a', 'aaaa')", "length(s)"),
        doubled("'a'", "hex(s)", "length(s)"),
        "SELECT length(aggregate(sequence(1, 60), 'ab', (text, i) -> text || text)) AS n",
    ],
    ids=["||", "concat of arrays", "replace", "hex", "a lambda"],
)
def test_a_chain_that_grows_without_bound_is_refused(api: LocalApi, sql: str) -> None:
    before = memory_mb(api)
    state, message = refusal(api, sql)
    assert state == "58000"
    assert "does not fit the memory" in message
    assert settles(lambda: memory_mb(api) < before + 200), memory_mb(api)


ENDLESS = f"SELECT a.i, b.i AS j, 'some text to fill the line' AS c FROM {HUNDREDS} a, {HUNDREDS} b LIMIT 0"


def test_a_connection_dropped_in_mid_result(api: LocalApi) -> None:
    for linger in (0, 1):
        line = logged_in(api)
        say(line, ENDLESS)
        assert line.recv(1000)
        drop(line, linger)
    with contextlib.closing(connected(api)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 AS a")
        assert cursor.fetchall() == [(1,)]
    assert settles(lambda: threads(api) < 60), threads(api)


def test_fifty_sessions_dropped_at_random_points_leave_nothing_behind(api: LocalApi) -> None:
    dropped_sessions_leave_nothing(api, 50)


@pytest.mark.soak
def test_two_hundred_sessions_dropped_at_random_points_leave_nothing_behind(api: LocalApi) -> None:
    dropped_sessions_leave_nothing(api, 200)


STATEMENTS = (
    "",
    ENDLESS,
    LONG,
    "BEGIN",
    "SELECT * FROM shop",
    "SELECT nope",
    "CREATE TEMP TABLE t AS SELECT 1 AS a",
    f"DECLARE c CURSOR FOR {ENDLESS}",
)


def dropped_sessions_leave_nothing(api: LocalApi, count: int) -> None:
    chance = random.Random(7)
    drop_sessions(api, 20, chance)  # What is made once and kept is made now.
    assert settles(lambda: threads(api) < 40), threads(api)
    files, memory, running = open_files(api), memory_mb(api), threads(api)
    drop_sessions(api, count, chance)
    # SQLite closes a file only once no other connection has a lock on it, so a few may be left over for the next one.
    assert settles(lambda: open_files(api) <= files + 8), (files, open_files(api))
    assert settles(lambda: threads(api) <= running), (running, threads(api))
    assert settles(lambda: memory_mb(api) < memory + 60), (memory, memory_mb(api))


def drop_sessions(api: LocalApi, count: int, chance: random.Random) -> None:
    """Ten at a time: cut before, during or after the login, in mid-statement and in mid-result."""
    for _ in range(count // 10):
        lines = []
        for _ in range(10):
            if chance.random() < 0.2:
                lines.append(half_logged_in(api, chance))
                continue
            line = logged_in(api)
            say(line, chance.choice(STATEMENTS))
            lines.append(line)
        for line in lines:
            if chance.random() < 0.3:
                line.settimeout(0.05)
                with contextlib.suppress(OSError):
                    line.recv(chance.randrange(1, 5000))
            drop(line, chance.randrange(2))


# -- the wire, spoken by hand ------------------------------------------------------------------------------------------


def startup(api: LocalApi) -> bytes:
    given = dsn(api)
    fields = (
        b"".join(part.encode() + b"\x00" for part in ("user", given["user"], "database", given["dbname"])) + b"\x00"
    )
    return struct.pack("!ii", len(fields) + 8, 196608) + fields


def encrypted(api: LocalApi) -> ssl.SSLSocket:
    plain = socket.create_connection((api.ready["sql_host"], api.ready["sql_port"]))
    plain.sendall(struct.pack("!ii", 8, 80877103))
    assert plain.recv(1) == b"S"
    context = ssl.create_default_context(cafile=str(Path(api.ready["data_dir"]) / "sql-certificate.pem"))
    return context.wrap_socket(plain, server_hostname="localhost")


def send_password(line: socket.socket, password: str) -> None:
    content = password.encode() + b"\x00"
    line.sendall(b"p" + struct.pack("!i", len(content) + 4) + content)


def logged_in(api: LocalApi) -> ssl.SSLSocket:
    line = encrypted(api)
    line.sendall(startup(api))
    line.recv(64)
    send_password(line, dsn(api)["password"])
    seen = b""
    while not seen.endswith(b"Z\x00\x00\x00\x05I"):
        received = line.recv(4096)
        assert received, seen
        seen += received
    return line


def half_logged_in(api: LocalApi, chance: random.Random) -> socket.socket:
    if chance.random() < 0.5:
        return socket.create_connection((api.ready["sql_host"], api.ready["sql_port"]))
    line = encrypted(api)
    line.sendall(startup(api)[: chance.randrange(1, 40)])
    return line


def say(line: socket.socket, statement: str) -> None:
    if statement:
        content = statement.encode() + b"\x00"
        line.sendall(b"Q" + struct.pack("!i", len(content) + 4) + content)


def drop(line: socket.socket, linger: int) -> None:
    """Close without a goodbye; with lingering switched on at zero seconds the other side sees a reset."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", linger, 0))
    os.close(line.detach())


def wire_sqlstate(api: LocalApi, password: str = "", sslmode: str = "require") -> str:
    """The SQLSTATE in the answer to a login."""
    if sslmode == "disable":
        line: socket.socket = socket.create_connection((api.ready["sql_host"], api.ready["sql_port"]))
        line.sendall(startup(api))
    else:
        line = encrypted(api)
        line.sendall(startup(api))
        line.recv(64)
        send_password(line, password)
    with line:
        answer = line.recv(4096)
    assert answer[:1] == b"E", answer
    return next(field[1:].decode() for field in answer[5:].split(b"\x00") if field[:1] == b"C")


# -- the server's process ----------------------------------------------------------------------------------------------


def open_files(api: LocalApi) -> int:
    return len(os.listdir(f"/proc/{api.process.pid}/fd"))


def status(api: LocalApi, name: str) -> int:
    lines = Path(f"/proc/{api.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def threads(api: LocalApi) -> int:
    return status(api, "Threads")


def memory_mb(api: LocalApi) -> float:
    return status(api, "VmRSS") / 1024


def settles(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()
