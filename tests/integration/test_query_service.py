"""Query Service as a process, with the clients people use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aepp.queryservice
import psycopg2
import pytest
import sqlalchemy

from tests.integration.local_api import EVENTS, PROFILES, LocalApi, local_api, parquet


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("query"), "--delays", "none") as made:
        with connected(made) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE shop AS SELECT 1 AS id, struct(2 AS x, struct('y' AS z) AS w) AS nested")
            cursor.execute("CREATE VIEW window_shop AS SELECT id FROM shop")
        yield made


def connected(api: LocalApi) -> Any:
    ready = api.ready
    connection = psycopg2.connect(
        host=ready["sql_host"],
        port=ready["sql_port"],
        dbname=ready["dbname"],
        user=ready["user"],
        password=ready["password"],
        sslmode="require",
        gssencmode="disable",
    )
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


@pytest.mark.parametrize("letters", ["", "t", "v", "E", "f", "i", "m", "n", "s", "S", "T", "tsn"])
def test_psql_commands_of_the_documentation_work(api: LocalApi, letters: str) -> None:
    psql(api, rf"\d{letters}")


def test_psql_lists_tables_and_views_of_schema_public(api: LocalApi) -> None:
    assert "public|shop|table|postgres" in psql(api, r"\d")
    assert "public|window_shop|view|postgres" in psql(api, r"\dv")
    assert "all|postgres" in psql(api, r"\l")


def test_psql_describes_a_struct_as_a_type_of_its_own(api: LocalApi) -> None:
    assert "nested|shop_nested" in psql(api, r"\d shop")
    assert "w|shop_nested_w" in psql(api, r"\d shop_nested")
    assert "z|text" in psql(api, r"\d shop_nested_w")


def test_sqlalchemy_finds_the_tables(api: LocalApi) -> None:
    ready = api.ready
    url = sqlalchemy.URL.create(
        "postgresql+psycopg2",
        username=ready["user"],
        password=ready["password"],
        host=ready["sql_host"],
        port=ready["sql_port"],
        database=ready["dbname"],
        query={"sslmode": "require", "gssencmode": "disable"},
    )
    engine = sqlalchemy.create_engine(url)
    assert "shop" in sqlalchemy.inspect(engine).get_table_names()
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT id FROM shop WHERE id = :id"), {"id": 1}).scalar() == 1
    engine.dispose()


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
    assert ("people", "mail", "string", '"Email"', "true") in rows(api, "SHOW IDENTITIES")


def test_the_endpoint_survives_what_clients_do_wrong(api: LocalApi) -> None:
    """Wrong password, plain text, unsupported, unknown table and column, type error: each its SQLSTATE, then work."""
    for sql, state in (
        ("UPDATE shop SET id = 2", "0A000"),
        ("SELECT * FROM nowhere", "42P01"),
        ("SELECT nope FROM shop", "58000"),
        ("SELECT array(1) + 1 AS a", "58000"),
        ("SELEC", "42601"),
    ):
        with pytest.raises(psycopg2.Error) as caught:
            rows(api, sql)
        assert caught.value.pgcode == state, sql
    assert rows(api, "SELECT 1/0 AS a") == [(None,)]


def test_two_platforms_on_one_machine_have_their_own_certificates(api: LocalApi, tmp_path: Path) -> None:
    first = Path(api.ready["data_dir"]) / "sql-certificate.pem"
    assert first.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert (first.with_name("sql-key.pem").stat().st_mode & 0o777) == 0o600
