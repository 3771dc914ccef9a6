"""SQLAlchemy's reflection and pandas on top of it, over the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
import sqlalchemy as sa

from tests.unit.query_world import World, query_world, sqlalchemy_url

# SQLAlchemy has no type for structs and arrays of this catalogue and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Did not recognize type")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("reflection")) as made:
        made.rows(
            "CREATE TABLE kinds AS SELECT 1 AS i, 2L AS l, 0.5D AS d, CAST(1.25 AS decimal(12,3)) AS n, true AS b, "
            "DATE '2026-01-02' AS day, TIMESTAMP '2026-01-02 03:04:05.678' AS at, 'text' AS Name, array(1) AS list, "
            "struct(2 AS x) AS nested"
        )
        made.rows("CREATE VIEW few_kinds AS SELECT i, name FROM kinds")
        yield made


@pytest.fixture(scope="module")
def engine(world: World) -> Iterator[sa.Engine]:
    made = sa.create_engine(sqlalchemy_url(world.dsn()))
    yield made
    made.dispose()


def test_an_inspector_finds_tables_views_and_their_columns(engine: sa.Engine) -> None:
    inspector = sa.inspect(engine)
    assert inspector.get_table_names() == ["kinds"]
    assert inspector.get_view_names() == ["few_kinds"]
    assert inspector.get_schema_names() == ["public"]
    assert (inspector.has_table("kinds"), inspector.has_table("few_kinds"), inspector.has_table("no")) == (
        True,
        True,
        False,
    )
    assert {column["name"]: type(column["type"]) for column in inspector.get_columns("kinds")} == {
        "i": sa.INTEGER,
        "l": sa.BIGINT,
        "d": sa.DOUBLE_PRECISION,
        "n": sa.NUMERIC,
        "b": sa.BOOLEAN,
        "day": sa.DATE,
        "at": sa.dialects.postgresql.TIMESTAMP,
        "name": sa.TEXT,
        "list": sa.types.NullType,
        "nested": sa.types.NullType,
    }
    assert [column["name"] for column in inspector.get_columns("few_kinds")] == ["i", "name"]
    with pytest.raises(sa.exc.NoSuchTableError):
        inspector.get_columns("no")


def test_a_lake_has_no_keys_indexes_or_comments(engine: sa.Engine) -> None:
    inspector = sa.inspect(engine)
    assert inspector.get_pk_constraint("kinds")["constrained_columns"] == []
    assert inspector.get_foreign_keys("kinds") == []
    assert inspector.get_indexes("kinds") == []
    assert inspector.get_unique_constraints("kinds") == []
    assert inspector.get_check_constraints("kinds") == []
    assert inspector.get_table_comment("kinds") == {"text": None}


def test_core_selects_from_a_reflected_table(engine: sa.Engine) -> None:
    tables = sa.MetaData()
    tables.reflect(engine, views=True)
    assert set(tables.tables) == {"kinds", "few_kinds"}
    kinds = sa.Table("kinds", sa.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(kinds.c.name, sa.func.max(kinds.c.n).label("most"), sa.case((kinds.c.b, "y"), else_="n"))
            .where(kinds.c.i.in_([1, 2]))
            .group_by(kinds.c.name, kinds.c.b)
            .having(sa.func.count() > 0)
            .order_by(kinds.c.name)
            .limit(10)
        ).all()
        assert [(row[0], float(row[1]), row[2]) for row in rows] == [("text", 1.25, "y")]


def test_pandas_reads_a_table_by_name(engine: sa.Engine) -> None:
    frame = pd.read_sql_table("few_kinds", engine)
    assert frame.to_dict("list") == {"i": [1], "name": ["text"]}
    pieces = pd.read_sql("SELECT explode(sequence(1, 9)) AS n", engine, chunksize=4)
    assert [len(piece) for piece in pieces] == [4, 4, 1]
