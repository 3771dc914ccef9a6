"""What Query Service makes of the lake: files, snapshots, owners, the log."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest

from local_platform.query_service.engine.querylog import Entry
from tests.unit.query_world import World, query_world

DAY = 24 * 3600


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with query_world(tmp_path) as made:
        yield made


def events(first: int, count: int) -> pa.Table:
    """Events as the platform stores them: millisecond times in UTC, tenant fields in a struct."""
    numbers = range(first, first + count)
    tenant = pa.StructArray.from_arrays([pa.array([f"u{i % 7}" for i in numbers])], ["userId"])
    times = pa.array([1_700_000_000_000 + i * 1000 for i in numbers], pa.timestamp("ms", tz="UTC"))
    return pa.table(
        {
            "_id": pa.array([f"e{i}" for i in numbers]),
            "timestamp": times,
            "eventType": pa.array(["commerce.purchases" if i % 3 else "web.visits" for i in numbers]),
            "_acme": tenant,
            "amount": pa.array([i / 4 for i in numbers]),
        }
    )


def test_an_empty_select_tells_every_type(world: World) -> None:
    schema = pa.schema(
        [
            ("flag", pa.bool_()),
            ("small", pa.int16()),
            ("number", pa.int32()),
            ("big", pa.int64()),
            ("real", pa.float64()),
            ("word", pa.string()),
            ("day", pa.date32()),
            ("at", pa.timestamp("ms", tz="UTC")),
            ("price", pa.decimal128(10, 2)),
            ("nested", pa.struct([("a", pa.int32())])),
            ("several", pa.list_(pa.string())),
            ("pairs", pa.map_(pa.string(), pa.int32())),
        ]
    )
    world.table("kinds", schema.empty_table())
    with world.connected() as cursor:
        cursor.execute("SELECT * FROM kinds WHERE 1=0")
        assert [(each.name, each.type_code) for each in cursor.description] == [
            ("flag", 16),
            ("small", 21),
            ("number", 23),
            ("big", 20),
            ("real", 701),
            ("word", 25),
            ("day", 1082),
            ("at", 1114),
            ("price", 1700),
            ("nested", 25),
            ("several", 25),
            ("pairs", 25),
        ]


def test_times_in_utc_arrive_without_a_zone(world: World) -> None:
    world.table("Some Events", events(0, 3))
    assert world.rows('SELECT timestamp FROM some_events WHERE _id = "_id" ORDER BY timestamp LIMIT 1') == [
        (datetime(2023, 11, 14, 22, 13, 20),)
    ]


def test_a_batch_from_before_a_column_reads_null_there(world: World) -> None:
    made = world.table("events", events(0, 4))
    world.lake.add_columns(made.id, [pa.field("extra", pa.struct([("x", pa.int32())]))])
    later = events(4, 2).append_column("extra", pa.array([{"x": 1}, {"x": 2}], pa.struct([("x", pa.int32())])))
    world.append(made, later)
    assert world.rows("SELECT count(*) AS n, count(extra) AS e, sum(extra.x) AS s FROM events") == [(6, 2, 3)]


def test_a_batch_with_fewer_nested_fields_fits_the_wider_schema(world: World) -> None:
    wide = pa.struct([("a", pa.int64()), ("b", pa.struct([("c", pa.string())]))])
    made = world.lake.create_dataset("wide", pa.schema([("s", wide)]), owner="o", created_by="api")
    world.append(made, pa.table({"s": pa.array([{"a": 1}, None], pa.struct([("a", pa.int32())]))}))
    world.append(made, pa.table({"s": pa.array([{"a": 2, "b": {"c": "x"}}], wide)}))
    assert world.rows("SELECT s.a, s.b.c FROM wide ORDER BY s.a NULLS LAST") == [(1, None), (2, "x"), (None, None)]


def test_a_late_event_is_in_the_next_snapshot(world: World) -> None:
    made = world.table("events", events(100, 5))
    before = world.rows("SELECT snapshot_id FROM (SELECT history_meta('events')) WHERE is_current")[0][0]
    world.append(made, events(0, 2))
    assert world.rows(f"SELECT _id FROM events SNAPSHOT SINCE {before} ORDER BY _id") == [("e0",), ("e1",)]


def test_a_reverted_batch_is_gone_now_and_there_as_of_then(world: World) -> None:
    made = world.table("events", events(0, 3))
    first = world.lake.snapshots(made.id)[0]
    world.lake.revert_batch(first.batch_id)
    assert world.one("count(*) FROM events") == 0
    assert world.one(f"count(*) FROM events SNAPSHOT AS OF {first.id}") == 3


def test_snapshot_ids_expire_after_two_days_of_the_platforms_clock(world: World) -> None:
    made = world.table("events", events(0, 3))
    start = world.lake.snapshots(made.id)[0].id
    world.append(made, events(3, 2))
    world.clock.advance(2 * DAY - 60)
    assert world.one(f"count(*) FROM events SNAPSHOT SINCE {start}") == 2
    world.clock.advance(120)
    code, message = world.refused(f"SELECT * FROM events SNAPSHOT SINCE {start}")
    assert (code, "has expired" in message) == ("58000", True)
    fallback = "SET resolve_fallback_snapshot_on_failure=true; "
    assert world.rows(f"{fallback}SELECT count(*) AS n FROM events SNAPSHOT SINCE {start}") == [(2,)]
    assert world.one("count(*) FROM (SELECT history_meta('events'))") == 1


def test_only_tables_of_query_service_and_of_the_same_user_are_dropped(world: World) -> None:
    world.table("ingested", events(0, 1))
    code, message = world.refused("DROP TABLE ingested")
    assert (code, "not created by Query Service" in message) == ("42501", True)
    world.lake.create_dataset("theirs", pa.schema([("a", pa.int32())]), owner="other", created_by="query_service")
    code, message = world.refused("DROP TABLE theirs")
    assert (code, "not created by the authenticated user" in message) == ("42501", True)


def test_a_new_table_of_the_same_name_is_another_dataset(world: World) -> None:
    world.rows("CREATE TABLE t AS SELECT 1 AS a")
    before = world.lake.dataset_by_table("t").id
    world.rows("DROP TABLE t; CREATE TABLE t AS SELECT 1 AS a")
    assert world.lake.dataset_by_table("t").id != before


def test_flatten_shows_leaves_by_their_dotted_path(world: World) -> None:
    world.table("events", events(0, 2))
    with world.connected(dbname="dev:all?FLATTEN") as cursor:
        cursor.execute('SELECT "_acme.userId" FROM events ORDER BY 1')
        assert cursor.fetchall() == [("u0",), ("u1",)]


def test_a_dbname_of_one_table_shows_only_it(world: World) -> None:
    world.table("events", events(0, 2))
    world.table("others", events(0, 2))
    with world.connected(dbname="dev:events") as cursor:
        cursor.execute("SHOW TABLES")
        assert [row[0] for row in cursor.fetchall()] == ["events"]
        with pytest.raises(psycopg2.errors.UndefinedTable):
            cursor.execute("SELECT * FROM others")


def test_hidden_columns_name_the_batch_and_the_time_it_came(world: World) -> None:
    made = world.table("events", events(0, 4), batches=2)
    facts = "_ACP_BATCHID AS b, count(*) AS n, min(_acp_system_metadata.ingestTime) AS t"
    shown = "SET drop_system_columns=false"
    rows = world.rows(f"{shown}; SELECT {facts} FROM events GROUP BY _ACP_BATCHID ORDER BY b")
    assert [(row[0], row[1]) for row in rows] == [(each.batch_id, 2) for each in world.lake.snapshots(made.id)]
    assert all(abs(row[2] - world.clock.now_ms()) < 60_000 for row in rows)


def test_an_audience_is_deleted_thirty_days_after_its_last_refresh(world: World) -> None:
    world.rows("CREATE AUDIENCE aud WITH (primary_identity='id', identity_namespace='Email') AS SELECT 'a' AS id")
    world.clock.advance(29 * DAY)
    world.rows("INSERT OVERWRITE INTO aud SELECT 'b' AS id")
    world.clock.advance(29 * DAY)
    assert world.rows("SELECT id FROM aud") == [("b",)]
    world.clock.advance(2 * DAY)
    assert world.refused("SELECT id FROM aud")[0] == "42P01"


def test_temporary_tables_leave_no_files(world: World) -> None:
    scratch = world.lake.scratch_root
    with world.connected() as cursor:
        cursor.execute("CREATE TEMP TABLE t AS SELECT 1 AS a")
        assert list(scratch.glob("session-*/*.parquet"))
    deadline = time.monotonic() + 5
    while list(scratch.glob("session-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not list(scratch.glob("session-*"))


def test_a_batch_statement_starts_when_its_time_has_come(tmp_path: Path) -> None:
    with query_world(tmp_path, batch_start_seconds=240) as slow:
        done = threading.Event()

        def create() -> None:
            slow.rows("CREATE TABLE t AS SELECT 1 AS a")
            done.set()

        thread = threading.Thread(target=create)
        thread.start()
        assert not done.wait(0.3)
        assert slow.one("1") == 1
        awaited = slow.clock.awaited()
        assert awaited is not None
        assert 200 < (awaited - slow.clock.now()).total_seconds() <= 240
        slow.clock.advance((awaited - slow.clock.now()).total_seconds())
        assert done.wait(5)
        thread.join()
        assert slow.clock.awaited() is None


def last(world: World) -> Entry:
    return world.service.engine.log.entries()[-1]


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("1 = 1", 1250),
        ("amount BETWEEN 87.5 AND 162.5", 600),
        ("amount > 297.5", 150),
        ("timestamp >= timestamp '2023-11-14 22:33:10'", 150),
        ("amount = 1", 300),
        ("amount > 1e9", 0),
    ],
)
def test_rows_scanned_are_those_of_every_row_group_opened(world: World, condition: str, rows: int) -> None:
    """Row groups of 300, 300, 300 and 100 rows in one file, of 100, 100 and 50 in the other."""
    made = world.lake.create_dataset("events", events(0, 1).schema, owner="o", created_by="api")
    for first, count, size in ((0, 1000, 300), (1000, 250, 100)):
        with world.lake.scratch_dir() as directory:
            file = directory / "part.parquet"
            pa.parquet.write_table(events(first, count), file, row_group_size=size)
            world.lake.append(made.id, [file])
    world.rows(f"SELECT count(*) AS n, sum(amount) AS s FROM events WHERE {condition}")
    entry = last(world)
    assert (entry.rows_scanned, entry.files, entry.batches, entry.tables) == (rows, 2, 2, "events")


def test_a_filter_on_the_time_reaches_the_files_through_views(world: World) -> None:
    made = world.lake.create_dataset("events", events(0, 1).schema, owner="o", created_by="api")
    for day in range(5):
        world.append(made, events(day * 86_400, 100))
    world.rows("CREATE VIEW staged AS WITH s AS (SELECT _id, timestamp AS event_ts FROM events) SELECT * FROM s")
    late = "event_ts >= timestamp '2023-11-14 00:00:00' + INTERVAL 4 DAYS"
    assert world.rows(f"SELECT count(*) AS n, min(event_ts) AS t FROM (SELECT * FROM staged) WHERE {late}") == [
        (100, datetime(2023, 11, 18, 22, 13, 20))
    ]
    assert last(world).rows_scanned == 100


def test_each_reference_is_counted(world: World) -> None:
    world.table("events", events(0, 1000))
    world.rows("SELECT count(*) AS n FROM events a JOIN events b ON a._id = b._id")
    assert (last(world).rows_scanned, last(world).tables) == (2000, "events,events")


def test_the_log_tells_what_was_written_and_what_failed(world: World) -> None:
    world.rows("CREATE TABLE t AS SELECT explode(sequence(1, 30)) AS i")
    written = last(world)
    assert (written.kind, written.rows, written.error) == ("CREATE TABLE AS", 30, "")
    world.refused("SELECT raise_error('x') AS a FROM t")
    assert (last(world).kind, last(world).error) == ("SELECT", "58000")


def test_sql_over_rest_runs_all_statements_and_counts_rows(world: World) -> None:
    principal: Any = world.tokens.check(world.tokens.issue())
    outcome = world.service.run("CREATE TABLE t AS SELECT 1 AS a; INSERT INTO t SELECT 2", "dev:all", principal)
    assert (outcome.tag, outcome.row_count) == ("INSERT 0 1", 1)
    assert world.service.run("SELECT a FROM t ORDER BY a", "dev:all", principal).rows == [{"a": 1}, {"a": 2}]


def test_memory_does_not_grow_with_the_result(world: World) -> None:
    world.rows(
        "CREATE TABLE wide AS SELECT a.i, b.i AS j, concat('text ', a.i) AS t "
        "FROM (SELECT explode(sequence(1, 1000)) AS i) a CROSS JOIN (SELECT explode(sequence(1, 1000)) AS i) b"
    )
    connection = psycopg2.connect(**world.dsn())
    with connection, connection.cursor("all") as cursor:
        cursor.itersize = 5000
        cursor.execute("SELECT * FROM wide LIMIT 0")
        cursor.fetchmany(5000)
        before, count = resident_mb(), 5000
        while rows := cursor.fetchmany(5000):
            count += len(rows)
        assert count == 1_000_000
        assert resident_mb() < before + 60
    connection.close()


def resident_mb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6
