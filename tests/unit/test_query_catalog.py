"""What the documented clients ask PostgreSQL's catalogue, answered from the lake.

Adobe documents psql, SQLAlchemy, DbVisualizer and RStudio (over JDBC), Tableau (over ODBC) and Power BI (over Npgsql).
The questions below have the form their drivers give them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.unit.query_world import World, query_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("catalogue")) as made:
        made.rows("CREATE TABLE shop AS SELECT 1 AS Id, struct(2 AS x) AS nested, CAST(1.5 AS decimal(12,3)) AS price")
        made.rows("CREATE VIEW window_shop AS SELECT id FROM shop")
        yield made


SCHEMA_AND_NAME = "n.nspname = 'public' AND c.relname = 'shop'"


def test_the_odbc_driver_lists_tables_through_a_cursor(world: World) -> None:
    question = (
        "select relname, nspname, relkind from pg_catalog.pg_class c, pg_catalog.pg_namespace n where relkind in "
        "('r', 'v') and nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pg_temp_1') and n.oid = "
        "relnamespace order by nspname, relname"
    )
    with world.connected() as cursor:
        cursor.execute(f'BEGIN;declare "SQL_CUR1" cursor for {question};fetch 2048 in "SQL_CUR1"')
        assert cursor.fetchall() == [("shop", "public", "r"), ("window_shop", "public", "v")]


def test_the_odbc_driver_reads_columns_in_order(world: World) -> None:
    found = world.rows(
        "select c.relname, a.attname, a.atttypid, t.typname, a.attnum, a.attlen, a.atttypmod, a.attnotnull, c.oid, "
        "pg_get_expr(d.adbin, d.adrelid), case t.typtype when 'd' then t.typbasetype else 0 end, t.typtypmod, "
        "c.relhasoids from (((pg_catalog.pg_class c inner join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
        f"and {SCHEMA_AND_NAME}) inner join pg_catalog.pg_attribute a on (not a.attisdropped) and a.attnum > 0 and "
        "a.attrelid = c.oid) inner join pg_catalog.pg_type t on t.oid = a.atttypid) left outer join pg_attrdef d on "
        "a.atthasdef and d.adrelid = a.attrelid and d.adnum = a.attnum order by n.nspname, c.relname, attnum"
    )
    assert [(row[1], row[3], row[4]) for row in found] == [
        ("id", "int4", 1),
        ("nested", "shop_nested", 2),
        ("price", "numeric", 3),
    ]


def test_the_jdbc_driver_finds_the_types_of_what_it_reads(world: World) -> None:
    """It looks a type up by its number, bound as a parameter, along the schemas of the session."""
    question = (
        "SELECT typinput='pg_catalog.array_in'::regproc as is_array, typtype, typname, pg_type.oid FROM "
        "pg_catalog.pg_type LEFT JOIN (select ns.oid as nspoid, ns.nspname, r.r from pg_namespace as ns join (select "
        "s.r, (current_schemas(false))[s.r] as nspname from generate_series(1, array_upper(current_schemas(false), 1))"
        " as s(r)) as r using (nspname)) as sp ON sp.nspoid = typnamespace WHERE pg_type.oid = %s ORDER BY sp.r"
    )
    with psycopg.connect(**world.dsn()) as connection:
        assert connection.execute(question, (1700,)).fetchone() == (False, "b", "numeric", 1700)
        assert connection.execute(question, (2277,)).fetchone() == (True, "p", "anyarray", 2277)


def test_the_jdbc_driver_asks_for_keys_and_is_given_none(world: World) -> None:
    """Keys of the lake are metadata of schemas; whether the real catalogue shows them is unconfirmed."""
    world.rows("CREATE TABLE keyed AS SELECT 'a' AS mail")
    world.rows("ALTER TABLE keyed ADD CONSTRAINT PRIMARY IDENTITY (mail) NAMESPACE 'Email'")
    assert not world.rows(
        "SELECT result.column_name, result.key_seq FROM (SELECT a.attname AS column_name, "
        "(information_schema._pg_expandarray(i.indkey)).n AS key_seq, "
        "information_schema._pg_expandarray(i.indkey) AS keys, a.attnum AS a_attnum FROM pg_catalog.pg_class ct JOIN "
        "pg_catalog.pg_attribute a ON (ct.oid = a.attrelid) JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid) "
        "WHERE ct.relname = 'keyed' AND i.indisprimary) result WHERE result.a_attnum = (result.keys).x"
    )


def test_npgsql_finds_base_and_composite_types_with_the_functions_that_receive_them(world: World) -> None:
    found = world.rows(
        "SELECT ns.nspname, a.typname, a.oid, CASE WHEN pg_proc.proname='array_recv' THEN 'a' ELSE a.typtype END AS "
        "type FROM pg_type AS a JOIN pg_namespace AS ns ON (ns.oid = a.typnamespace) JOIN pg_proc ON pg_proc.oid = "
        "a.typreceive LEFT OUTER JOIN pg_class AS cls ON (cls.oid = a.typrelid) LEFT OUTER JOIN pg_range ON "
        "(pg_range.rngtypid = a.oid) WHERE a.typtype IN ('b', 'r', 'e', 'd') OR (a.typtype = 'c' AND cls.relkind='c')"
    )
    assert {("pg_catalog", "int8", 20, "b"), ("pg_catalog", "timestamp", 1114, "b")} <= set(found)


def test_power_bi_lists_tables_and_columns(world: World) -> None:
    tables = world.rows(
        "select TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE from INFORMATION_SCHEMA.tables where TABLE_SCHEMA not in "
        "('information_schema', 'pg_catalog') and TABLE_NAME like '%shop' order by TABLE_SCHEMA, TABLE_NAME"
    )
    assert tables == [("public", "shop", "BASE TABLE"), ("public", "window_shop", "VIEW")]
    columns = world.rows(
        "select COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, case when (data_type like '%unsigned%') then DATA_TYPE || "
        "' unsigned' else DATA_TYPE end as DATA_TYPE from INFORMATION_SCHEMA.columns where TABLE_SCHEMA = 'public' and "
        "TABLE_NAME = 'shop' order by ORDINAL_POSITION"
    )
    assert columns == [
        ("id", 1, "YES", "integer"),
        ("nested", 2, "YES", "USER-DEFINED"),
        ("price", 3, "YES", "numeric"),
    ]
    assert not world.rows(
        "select i.CONSTRAINT_NAME as INDEX_NAME, ii.COLUMN_NAME from INFORMATION_SCHEMA.table_constraints i inner join "
        "INFORMATION_SCHEMA.key_column_usage ii on i.CONSTRAINT_SCHEMA = ii.CONSTRAINT_SCHEMA and i.CONSTRAINT_NAME = "
        "ii.CONSTRAINT_NAME where i.TABLE_SCHEMA = 'public' and i.CONSTRAINT_TYPE in ('PRIMARY KEY', 'UNIQUE')"
    )


def test_a_session_of_one_table_sees_that_table(world: World) -> None:
    with world.connected(dbname="dev:shop") as cursor:
        cursor.execute("SELECT table_catalog, table_name FROM information_schema.tables WHERE table_schema = 'public'")
        assert cursor.fetchall() == [("shop", "shop")]
        cursor.execute("SELECT current_catalog")
        assert cursor.fetchall() == [("shop",)]


def test_names_and_numbers_of_relations_and_types_are_cast_both_ways(world: World) -> None:
    assert world.rows(
        "SELECT c.oid = 'public.shop'::regclass, c.oid::regclass::text, 'int4'::regtype::oid, "
        "format_type(1700, 786439) FROM pg_class c WHERE c.relname = 'shop'"
    ) == [(True, "shop", 23, "numeric(12,3)")]


def test_columns_without_a_name_have_postgresqls(world: World) -> None:
    with world.connected() as cursor:
        cursor.execute(
            "SELECT pg_catalog.pg_get_userbyid(relowner), CASE relkind WHEN 'r' THEN 1 END, oid + 1, relname::text "
            "FROM pg_catalog.pg_class WHERE relname = 'shop'"
        )
        assert [item.name for item in cursor.description] == ["pg_get_userbyid", "case", "?column?", "relname"]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM pg_catalog.pg_authid",
        "SELECT * FROM pg_tables",
        "SELECT * FROM pg_stat_activity",
        "SELECT * FROM information_schema.role_table_grants",
        'SELECT column_name FROM "dev:all".information_schema.columns',
        "SELECT pg_sleep(1) FROM pg_class",
        "SELECT * FROM pg_class, shop",
        "SELECT * FROM pg_class, read_text('/etc/hostname')",
        "SELECT * FROM pg_class, rows",
    ],
)
def test_what_no_documented_client_reads_is_refused(world: World, question: str) -> None:
    code, message = world.refused(question)
    assert (code, "SHOW TABLES" in message) == ("0A000", True), message


def test_the_catalogue_cannot_be_written_from(world: World) -> None:
    code, _ = world.refused("CREATE TABLE copied AS SELECT * FROM information_schema.columns")
    assert code == "42P01"


def test_a_question_that_takes_long_can_be_cancelled(world: World) -> None:
    with psycopg.connect(**world.dsn(), autocommit=True) as connection:
        timer = threading.Timer(0.3, connection.cancel_safe)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(
                "SELECT count(*) FROM pg_class, generate_series(1, 2000000) a, generate_series(1, 2000000) b"
            )
        assert connection.execute("SELECT 1 AS a").fetchall() == [(1,)]
