"""Query Service as a process, with the clients people use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aepp.queryservice
import connectorx
import psycopg
import psycopg2
import pytest
import sqlalchemy

from tests.integration.local_api import EVENTS, PROFILES, LocalApi, local_api, parquet
from tests.unit.query_world import sqlalchemy_url


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("query"), "--delays", "none") as made:
        with connected(made) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE shop AS SELECT 1 AS id, struct(2 AS x, struct('y' AS z) AS w) AS nested")
            cursor.execute("CREATE VIEW window_shop AS SELECT id FROM shop")
        yield made


def dsn(api: LocalApi) -> dict[str, Any]:
    ready = api.ready
    return {
        "host": ready["sql_host"],
        "port": ready["sql_port"],
        "dbname": ready["dbname"],
        "user": ready["user"],
        "password": ready["password"],
        "sslmode": "require",
        "gssencmode": "disable",
    }


def connected(api: LocalApi) -> Any:
    connection = psycopg2.connect(**dsn(api))
    connection.autocommit = True
    return connection


def rows(api: LocalApi, sql: str) -> list[tuple[Any, ...]]:
    connection = connected(api)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def psql(api: LocalApi, command: str) -> str:
    """What psql prints, unaligned."""
    ready = api.ready
    environment = {
        **os.environ,
        "PGHOST": ready["sql_host"],
        "PGPORT": str(ready["sql_port"]),
        "PGDATABASE": ready["dbname"],
        "PGUSER": ready["user"],
        "PGPASSWORD": ready["password"],
        "PGSSLMODE": "require",
        "PGGSSENCMODE": "disable",
    }
    done = subprocess.run(["psql", "-X", "-A", "-t", "-c", command], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


def psql_script(api: LocalApi, script: str) -> list[str]:
    """Lines that psql prints for a script, errors among them."""
    given = dsn(api)
    words = " ".join(f"{key}={value}" for key, value in given.items() if key != "password")
    done = subprocess.run(
        ["psql", "-X", "-A", "-t", words],
        input=script + "\n",
        env={**os.environ, "PGPASSWORD": str(given["password"])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("letters", ["", "t", "v", "E", "f", "f+", "i", "m", "n", "s", "S", "T", "tsn"])
def test_psql_commands_of_the_documentation_work(api: LocalApi, letters: str) -> None:
    psql(api, rf"\d{letters}")


def test_psql_lists_tables_and_views_of_schema_public(api: LocalApi) -> None:
    assert "public|shop|table|postgres" in psql(api, r"\d")
    assert "public|window_shop|view|postgres" in psql(api, r"\dv")
    assert "all|postgres" in psql(api, r"\l")


def test_psql_reads_a_result_piece_by_piece(api: LocalApi) -> None:
    found = psql_script(api, "\\set FETCH_COUNT 2\nSELECT explode(sequence(1, 5)) AS a;")
    assert found == ["1", "2", "3", "4", "5"]


def test_psql_prints_what_its_other_commands_ask(api: LocalApi) -> None:
    """Roles, sizes and tablespaces; types of a result before it is run; one row more each time."""
    assert "postgres" in psql(api, r"\du")
    assert "all|postgres|UTF8" in psql(api, r"\l+")
    assert "shop|" in psql(api, r"\d+")
    assert psql(api, r"\df") == ""
    typed = psql_script(api, r"SELECT id, CAST(1 AS decimal(12,3)) AS n FROM shop \gdesc")
    assert typed == ["id|integer", "n|numeric(12,3)"]
    assert psql_script(api, r"SELECT 'SELECT 2 AS b' AS q \gexec") == ["2"]
    assert "Time:" in psql_script(api, "\\timing on\nSELECT 1 AS a;")[-1]


def test_psql_cannot_copy(api: LocalApi, tmp_path: Path) -> None:
    for command in (f"\\copy shop to '{tmp_path / 'out.csv'}' csv", "COPY shop TO STDOUT;", "COPY shop FROM STDIN;"):
        assert "COPY to or from the client is not supported" in "".join(psql_script(api, command)), command


def test_psql_says_where_it_is_connected(api: LocalApi) -> None:
    said = psql(api, r"\conninfo")
    assert 'You are connected to database "dev:all" as user' in said
    assert f'at port "{api.ready["sql_port"]}"' in said
    assert "SSL connection" in said


def test_psql_describes_a_struct_as_a_type_of_its_own(api: LocalApi) -> None:
    assert "nested|shop_nested" in psql(api, r"\d shop")
    assert "w|shop_nested_w" in psql(api, r"\d shop_nested")
    assert "z|text" in psql(api, r"\d shop_nested_w")


@pytest.fixture(scope="module")
def engine(api: LocalApi) -> Iterator[sqlalchemy.Engine]:
    made = sqlalchemy.create_engine(sqlalchemy_url(dsn(api)))
    yield made
    made.dispose()


def test_sqlalchemy_finds_the_tables(engine: sqlalchemy.Engine) -> None:
    inspector = sqlalchemy.inspect(engine)
    assert "shop" in inspector.get_table_names()
    assert "window_shop" in inspector.get_view_names()
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT id FROM shop WHERE id = :id"), {"id": 1}).scalar() == 1


def test_a_named_cursor_of_psycopg2_reads_piece_by_piece(api: LocalApi) -> None:
    with psycopg2.connect(**dsn(api)) as connection, connection.cursor("pieces") as cursor:
        cursor.itersize = 1000
        cursor.execute("SELECT explode(sequence(1, 60000)) AS i LIMIT 0")
        assert [row[0] for row in cursor.fetchmany(3)] == [1, 2, 3]
        assert sum(1 for _ in cursor) == 60_000 - 3
    connection.close()


def test_psycopg_speaks_the_simple_and_the_extended_protocol(api: LocalApi) -> None:
    with psycopg.connect(**dsn(api), autocommit=True) as connection:
        with psycopg.ClientCursor(connection) as simple:
            assert simple.execute("SELECT id, %s AS b FROM shop", ("x",)).fetchall() == [(1, "x")]
        for binary in (False, True):
            found = connection.execute("SELECT id, %s AS b FROM shop WHERE id = %s", ("it's", 1), binary=binary)
            assert found.fetchall() == [(1, "it's")]


def test_psycopg_prepares_and_pipelines(api: LocalApi) -> None:
    with psycopg.connect(**dsn(api), autocommit=True) as connection:
        connection.prepare_threshold = 1
        for number in range(4):
            assert connection.execute("SELECT id + %s AS a FROM shop", (number,)).fetchone() == (number + 1,)
        with connection.pipeline():
            cursors = [connection.execute("SELECT %s + 1 AS a", (number,)) for number in range(5)]
            assert [cursor.fetchone() for cursor in cursors] == [(number + 1,) for number in range(5)]
        with pytest.raises(psycopg.errors.UndefinedTable):
            pipelined(connection, "SELECT * FROM nowhere", "CREATE TABLE after_failure AS SELECT 1 AS a")
        assert connection.execute("SELECT table_exists('after_failure') AS e").fetchone() == (False,)
        assert connection.execute("SELECT 2 AS a").fetchone() == (2,)


def pipelined(connection: psycopg.Connection[Any], *statements: str) -> None:
    with connection.pipeline():
        for statement in statements:
            connection.execute(statement)


def test_a_server_side_cursor_of_psycopg_reads_piece_by_piece(api: LocalApi) -> None:
    with psycopg.connect(**dsn(api)) as connection, connection.cursor("pieces", binary=True) as cursor:
        cursor.execute("SELECT explode(sequence(1, 60000)) AS i LIMIT 0")
        assert cursor.fetchmany(2) == [(1,), (2,)]
        assert len(cursor.fetchmany(100_000)) == 60_000 - 2
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="FETCH ALL"):
            cursor.fetchall()


def connectorx_url(api: LocalApi) -> str:
    user, password, dbname = (quote(dsn(api)[name], safe="") for name in ("user", "password", "dbname"))
    return f"postgresql://{user}:{password}@{api.ready['sql_host']}:{api.ready['sql_port']}/{dbname}?sslmode=require"


@pytest.mark.parametrize("form", ["pandas", "arrow"])
def test_connectorx_reads_through_a_cursor(api: LocalApi, form: str) -> None:
    query = (
        "SELECT id, 'text' AS t, 0.5D AS d, 9007199254740993L AS b, true AS f, CAST(NULL AS string) AS n, "
        "DATE '2026-11-09' AS day, TIMESTAMP '2026-11-09 01:02:03.456' AS at FROM shop"
    )
    read = connectorx.read_sql(connectorx_url(api), query, protocol="cursor", return_type=form)
    row = (read.to_pylist() if form == "arrow" else read.to_dict("records"))[0]
    assert (row["id"], row["t"], row["d"], row["b"], row["f"]) == (1, "text", 0.5, 9007199254740993, True)
    assert row["n"] is None
    assert str(row["day"])[:10] == "2026-11-09"
    assert str(row["at"]) == "2026-11-09 01:02:03.456000"


@pytest.mark.parametrize("protocol", ["binary", "csv"])
def test_connectorx_is_told_that_copy_is_not_the_way(api: LocalApi, protocol: str) -> None:
    with pytest.raises(RuntimeError, match=r"COPY to or from the client is not supported.*through a cursor"):
        connectorx.read_sql(connectorx_url(api), "SELECT id FROM shop", protocol=protocol, return_type="arrow")


def test_aepp_queries_with_its_default_sslmode(api: LocalApi) -> None:
    parameters = api.call("GET", "/data/foundation/query/connection_parameters").json()
    client = aepp.queryservice.InteractiveQuery2(parameters)
    assert client.query("SELECT id, 'x' AS b FROM shop").to_dict("list") == {"id": [1], "b": ["x"]}


def test_a_table_made_in_sql_is_a_dataset_of_the_catalogue(api: LocalApi) -> None:
    (identifier,) = [row[1] for row in rows(api, "SHOW TABLES") if row[0] == "shop"]
    shown = api.catalog("GET", f"/dataSets/{identifier}")[identifier]
    assert shown["name"] == "shop"
    assert shown["tags"]["adobe/pqs/table"] == ["shop"]


def test_ingested_events_are_rows(api: LocalApi) -> None:
    fields = {"userId": {"type": "string", "title": "User", "description": ""}}
    _, dataset = api.make("Query events", EVENTS, fields)
    event = {"_id": "1", "timestamp": "2026-11-01T10:00:00.123Z", "eventType": "web.visit", "_acme": {"userId": "u1"}}
    api.ingest(dataset, parquet([event, event | {"_id": "2"}]))
    found = rows(api, "SELECT _id, timestamp, _acme.userId FROM query_events ORDER BY _id")
    assert [(row[0], str(row[1]), row[2]) for row in found] == [
        ("1", "2026-11-01 10:00:00.123000", "u1"),
        ("2", "2026-11-01 10:00:00.123000", "u1"),
    ]


def test_a_table_can_take_the_shape_of_an_xdm_schema(api: LocalApi) -> None:
    fields = {"userId": {"type": "string", "title": "User", "description": ""}}
    group = api.field_group("Shape fields", PROFILES, fields)
    api.schema("Shape", PROFILES, [group["$id"]])
    rows(api, "CREATE TABLE shaped WITH (schema='Shape') AS SELECT '1' AS _id, struct('u1' AS userId) AS _acme")
    assert rows(api, "SELECT _id, _acme.userid FROM shaped") == [("1", "u1")]
    with pytest.raises(psycopg2.Error, match="Error validating schema"):
        rows(api, "CREATE TABLE misshaped WITH (schema='Shape') AS SELECT '1' AS _id, struct('u1' AS nobody) AS _acme")


def test_an_identity_made_in_sql_is_a_descriptor(api: LocalApi) -> None:
    rows(api, "CREATE TABLE people AS SELECT 'a' AS mail")
    rows(api, "ALTER TABLE people ADD CONSTRAINT PRIMARY IDENTITY (mail) NAMESPACE 'Email'")
    assert ("people", "mail", "text", '"Email"', "true") in rows(api, "SHOW IDENTITIES")


def test_two_platforms_on_one_machine_have_their_own_certificates(api: LocalApi, tmp_path: Path) -> None:
    first = Path(api.ready["data_dir"]) / "sql-certificate.pem"
    assert first.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert (first.with_name("sql-key.pem").stat().st_mode & 0o777) == 0o600
