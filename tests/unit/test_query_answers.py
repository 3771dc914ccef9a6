"""What a statement answers besides its rows: the command's tag and the headings, as the pages print them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.query_world import query_world

KEYS = "tableName, columnName, datatype, "
DATAGROUPS = "Database, Schema, GroupType, ChildType, ChildName, ChildId"
VIEWS = "Db Name, Schema Name, Name, Id, Dataset Dependencies, Views Dependencies, TYPE"
SAMPLES = (
    "sample_table_name, sample_dataset_id, parent_dataset_id, sample_type, sampling_rate, "
    "filter_condition_on_source_dataset, sample_num_rows, created"
)
HISTORY = (
    "snapshot_generation, made_current_at, snapshot_id, parent_id, is_current_ancestor, is_current, "
    "output_record_count, output_byte_size"
)
MODELS = "model-id, model-name, version, source-dataset, type, options, transform, fields, created, updated, created BY"
ANSWERS = [
    ("CREATE TABLE a AS SELECT 'k' AS id, 1 AS n", "CREATE TABLE AS", ""),
    ("CREATE TABLE b (id text)", "CREATE TABLE", "Created Table DataSet Id"),
    ("INSERT INTO a SELECT 'l', 2 UNION ALL SELECT 'm', 3", "INSERT 0 2", ""),
    ("ALTER TABLE a ADD COLUMN c string", "ALTER TABLE", ""),
    ("ALTER TABLE a ADD CONSTRAINT PRIMARY IDENTITY (id) NAMESPACE 'ECID'", "ALTER TABLE", ""),
    ("ALTER TABLE a ADD LABEL 'PROFILE'", "ALTER SUCCESS", ""),
    ("ALTER TABLE a ADD LABEL 'UPSERT'", "ALTER SUCCESS", ""),
    ("ALTER TABLE a DROP LABEL 'UPSERT'", "ALTER SUCCESS", ""),
    ("SHOW TABLES", "SHOW TABLES", "name, dataSetId, dataSet, description, labels"),
    ("SHOW VIEWS", "SHOW VIEWS", VIEWS),
    ("SHOW DATABASES", "SHOW DATABASES", "name"),
    ("SHOW SCHEMAS", "SHOW SCHEMAS", "database, schema"),
    ("SHOW PRIMARY KEYS", "SHOW PRIMARY KEYS", f"{KEYS}namespace"),
    ("SHOW FOREIGN KEYS", "SHOW FOREIGN KEYS", f"{KEYS}referencedTableName, referencedColumnName, namespace"),
    ("SHOW IDENTITIES", "SHOW IDENTITIES", f"{KEYS}namespace, ifPrimary"),
    ("SHOW DATAGROUPS", "SHOW DATAGROUPS", DATAGROUPS),
    ("SHOW DATAGROUPS FOR 'a'", "SHOW DATAGROUPS", DATAGROUPS),
    ("CREATE FIELDGROUP f (a text) WITH (LABEL='PROFILE')", "CREATE FIELDGROUP", "Created FieldGroup Id"),
    ("DROP FIELDGROUP f", "DROP FIELDGROUP", ""),
    ("SHOW FIELDGROUPS", "SHOW FIELDGROUPS", "name, fieldgroupId, owner"),
    ("SHOW MODELS", "SHOW MODELS", MODELS),
    ("SHOW STATISTICS", "SHOW STATISTICS", "statsId, tableName, columnSet, filterContext, timestamp"),
    ("SELECT history_meta('a')", "SELECT 2", HISTORY),
    ("EXPLAIN SELECT * FROM a", "EXPLAIN", "QUERY PLAN"),
    ("EXPLAIN FORMAT JSON SELECT * FROM a", "EXPLAIN", "QUERY PLAN"),
    ("SET aqp = true", "SET", ""),
    ("SET aqp", "SET", "aqp"),
    ("ANALYZE TABLE a TABLESAMPLE SAMPLERATE 5", "ANALYZE", "Sample Table Name"),
    ("SELECT sample_meta('a')", "SELECT 1", SAMPLES),
    ("CREATE VIEW v AS SELECT 1 AS x", "CREATE VIEW", ""),
    ("DROP VIEW v", "DROP VIEW", ""),
    ("DROP TABLE b", "DROP TABLE", ""),
    ("$$ BEGIN SELECT 1 AS x; END $$", "SELECT 1", "x"),
    ("PREPARE p AS SELECT 1 AS x", "PREPARE", ""),
    ("EXECUTE p", "SELECT 1", "x"),
    ("DEALLOCATE ALL", "DEALLOCATE ALL", ""),
    ("BEGIN WORK", "BEGIN", ""),
    ("COMMIT", "COMMIT", ""),
    ("START TRANSACTION", "START TRANSACTION", ""),
    ("ROLLBACK", "ROLLBACK", ""),
    ("SET", "SET", "key, value"),
]


def test_keys_identities_and_statistics_are_listed_as_printed(tmp_path: Path) -> None:
    with query_world(tmp_path) as world, world.connected() as cursor:
        for sql in (
            "CREATE TABLE people AS SELECT 'k' AS id, 1 AS n",
            "CREATE TABLE visits AS SELECT 'k' AS who",
            "ALTER TABLE people ADD CONSTRAINT PRIMARY KEY (id) NAMESPACE ECID",
            "ALTER TABLE people ADD CONSTRAINT PRIMARY IDENTITY (id) NAMESPACE ECID",
            "ALTER TABLE visits ADD CONSTRAINT FOREIGN KEY (who) REFERENCES people (id)",
            "ANALYZE TABLE people COMPUTE STATISTICS",
            "ANALYZE TABLE people FILTERCONTEXT (n > 0) COMPUTE STATISTICS FOR COLUMNS (n, id)",
        ):
            cursor.execute(sql)
        assert listed(cursor, "SHOW PRIMARY KEYS") == [("people", "id", "text", '"ECID"')]
        assert listed(cursor, "SHOW FOREIGN KEYS") == [("visits", "who", "text", "people", "id", '"ECID"')]
        assert listed(cursor, "SHOW IDENTITIES") == [("people", "id", "text", '"ECID"', "true")]
        assert [row[:4] for row in listed(cursor, "SHOW STATISTICS")] == [
            ("people_stats_1", "people", "(*)", ""),
            ("people_stats_2", "people", "(n,id)", "(n > 0)"),
        ]


def listed(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    return list(cursor.fetchall())


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[str, str]]]:
    with query_world(tmp_path_factory.mktemp("answers")) as world, world.connected() as cursor:
        yield {sql: answer(cursor, sql) for sql, *_ in ANSWERS}


def answer(cursor: Any, sql: str) -> tuple[str, str]:
    """Tag and headings."""
    cursor.execute(sql)
    return cursor.statusmessage, ", ".join(column.name for column in cursor.description or [])


@pytest.mark.parametrize(("sql", "tag", "headings"), ANSWERS, ids=[sql for sql, *_ in ANSWERS])
def test_a_statement_answers_as_its_page_prints_it(
    answers: dict[str, tuple[str, str]], sql: str, tag: str, headings: str
) -> None:
    assert answers[sql] == (tag, headings)
