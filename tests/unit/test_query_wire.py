"""The Postgres wire by itself, with drivers that people use; DuckDB answers in place of the SQL side."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import psycopg
import psycopg2
import psycopg2.errors
import pyarrow as pa
import pytest

from local_platform.query_service.errors import QueryError
from local_platform.query_service.wire import Column, Outcome, SqlSession, WireServer

OIDS = {"int32": 23, "int64": 20, "double": 701, "bool": 16, "timestamp[us]": 1114, "date32[day]": 1082}


class DuckSession:
    status = "I"

    def __init__(self) -> None:
        self.duck = duckdb.connect()
        self.closed = False

    def split(self, text: str) -> list[str]:
        return [part.strip() for part in text.split(";") if part.strip()]

    def run(self, statement: str, parameters: Sequence[str | None] = ()) -> Outcome:
        if statement.upper() in ("BEGIN", "ROLLBACK", "COMMIT") or statement.upper().startswith("SET "):
            return Outcome(statement.split()[0].upper())
        reader = self.duck.execute(statement, list(parameters)).to_arrow_reader(10_000)
        return Outcome("SELECT {rows}", self._columns(reader.schema), iter(reader))

    def describe(self, statement: str) -> tuple[Column, ...] | None:
        return (Column("value", 25),)

    def _columns(self, schema: pa.Schema) -> tuple[Column, ...]:
        return tuple(Column(f.name, OIDS.get(str(f.type), 25)) for f in schema)

    def fail(self) -> None: ...
    def cancel(self) -> None: ...

    def close(self) -> None:
        self.closed = True
        self.duck.close()


class Door:
    def __init__(self) -> None:
        self.sessions: list[DuckSession] = []

    def open_session(self, user: str, password: str, database: str, application: str) -> SqlSession:
        if password != "right":
            raise QueryError("28P01", "Invalid password: the access token is not valid.")
        self.sessions.append(DuckSession())
        return self.sessions[-1]


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def port(door: Door, tmp_path: Path) -> Iterator[int]:
    server = WireServer(door, tmp_path)
    yield server.start(0)
    server.stop()


def dsn(port: int, **options: object) -> str:
    parts = {"host": "127.0.0.1", "port": port, "user": "u", "password": "right", "dbname": "dev:all"}
    parts |= {"sslmode": "require", "gssencmode": "disable"} | options
    return " ".join(f"{k}={v}" for k, v in parts.items())


def test_values_arrive_with_their_types(port: int) -> None:
    with psycopg2.connect(dsn(port)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT 7::INT, 9007199254740993::BIGINT, 0.1::DOUBLE, true, 'ä'::VARCHAR, NULL::VARCHAR,"
            " DATE '2026-11-09', TIMESTAMP '2026-11-09 01:02:03.456'"
        )
        row = cursor.fetchone()
    assert row[:6] == (7, 9007199254740993, 0.1, True, "ä", None)
    assert str(row[6]) == "2026-11-09"
    assert str(row[7]) == "2026-11-09 01:02:03.456000"


def test_many_rows_keep_every_cell(port: int) -> None:
    with psycopg2.connect(dsn(port)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE repeat('x', (i % 50)::INT) END FROM range(30000) t(i)"
        )
        rows = cursor.fetchall()
    assert rows == [(i, None if i % 3 == 0 else "x" * (i % 50)) for i in range(30000)]


def test_the_extended_protocol_binds_parameters(port: int) -> None:
    with psycopg.connect(dsn(port)) as connection:
        assert connection.execute("SELECT %s::INT + %s::INT", (40, 2)).fetchone() == (42,)


def test_a_wrong_password_has_its_sqlstate(port: int) -> None:
    with pytest.raises(psycopg2.OperationalError, match="Invalid password"):
        psycopg2.connect(dsn(port, password="wrong"))


def test_a_plain_text_connection_is_refused(port: int) -> None:
    with pytest.raises(psycopg2.OperationalError, match="TLS is required"):
        psycopg2.connect(dsn(port, sslmode="disable"))


def test_gss_is_declined_politely(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(struct.pack("!ii", 8, 80877104))
        assert client.recv(1) == b"N"


def test_a_dropped_client_frees_its_session(port: int, door: Door) -> None:
    for _ in range(20):
        connection = psycopg2.connect(dsn(port))
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
        connection.close()
    deadline = 100
    while deadline and not all(s.closed for s in door.sessions):
        deadline -= 1
        psycopg2.connect(dsn(port)).close()
    assert sum(not s.closed for s in door.sessions) <= 1
