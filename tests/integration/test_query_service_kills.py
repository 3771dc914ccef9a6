"""The process is killed in the middle of a statement; after the restart every table is as before it or as after it."""

from __future__ import annotations

import contextlib
import random
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
import requests

from tests.integration.local_api import EVENTS, TERMINAL, LocalApi, parquet, start, stop

ROWS = 400
EXPLODED = f"(SELECT explode(sequence(1, {ROWS})) AS i)"
# So many rows that the statement takes a good part of a second.
MANY = f"SELECT a.i AS x, b.i AS y, concat('some text ', a.i) AS t FROM {EXPLODED} a CROSS JOIN {EXPLODED} b"
WHOLE = ROWS * ROWS


class Moments:
    """Random moments for the kill, in seconds, around the one at which the work is done, however fast the machine is.

    Each result moves the middle: a kill that came too late draws the next one earlier.
    """

    def __init__(self, seed: int, middle: float) -> None:
        self.chance = random.Random(seed)
        self.middle = middle

    def next(self) -> float:
        return self.chance.random() * 2 * self.middle

    def came(self, *, too_late: bool) -> None:
        self.middle *= 0.85 if too_late else 1.18


def kill_during(api: LocalApi, work: Callable[[threading.Event], None], wait: float) -> None:
    """Begin something and kill the server so many seconds after it set its event."""
    sent = threading.Event()

    def run() -> None:
        with contextlib.suppress(psycopg2.Error, requests.RequestException):
            work(sent)

    thread = threading.Thread(target=run)
    thread.start()
    assert sent.wait(20)
    with contextlib.suppress(subprocess.TimeoutExpired):
        api.process.wait(timeout=wait)
    stop(api, kill=True)
    thread.join(20)


def sending(api: LocalApi, statement: str) -> Callable[[threading.Event], None]:
    def run(sent: threading.Event) -> None:
        connection = connect(api)
        sent.set()
        connection.cursor().execute(statement)

    return run


def connect(api: LocalApi) -> Any:
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
    connection = connect(api)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def no_orphans(api: LocalApi) -> None:
    """Every file of the lake belongs to a batch that a table shows."""
    data_dir = Path(api.ready["data_dir"])
    shown = {row[1] for row in rows(api, "SHOW TABLES")}
    assert {file.parts[-3] for file in (data_dir / "lake").glob("*/*/*.parquet")} <= shown


def after_ctas(api: LocalApi) -> bool:
    if not rows(api, "SELECT table_exists('made') AS e")[0][0]:
        return False
    assert rows(api, "SELECT count(*) AS n FROM made") == [(WHOLE,)]
    assert rows(api, "SELECT count(*) AS n FROM (SELECT history_meta('made'))") == [(1,)]
    rows(api, "DROP TABLE made")
    return True


def after_insert(api: LocalApi) -> bool:
    counts = [row[0] for row in rows(api, "SELECT output_record_count FROM (SELECT history_meta('filled'))")]
    assert set(counts[1:]) <= {WHOLE}
    assert rows(api, "SELECT count(*) AS n FROM filled") == [(1 + WHOLE * (len(counts) - 1),)]
    rows(api, f"DROP TABLE filled; CREATE TABLE filled AS {MANY} LIMIT 1")
    return len(counts) > 1


def after_overwrite(api: LocalApi) -> bool:
    members = rows(api, "SELECT t, count(*) AS n FROM aud GROUP BY t")
    assert members in ([("old", 3)], [("new", WHOLE)])
    rows(api, f"INSERT OVERWRITE INTO aud {OLD}")
    return members != [("old", 3)]


OLD = "SELECT cast(i AS string) AS id, 'old' AS t FROM (SELECT explode(sequence(1, 3)) AS i)"
NEW = f"SELECT concat(x, '-', y) AS id, 'new' AS t FROM ({MANY})"
CASES: dict[str, tuple[tuple[str, ...], str, Callable[[LocalApi], bool]]] = {
    "create table as": ((), f"CREATE TABLE made AS {MANY}", after_ctas),
    "insert": ((f"CREATE TABLE filled AS {MANY} LIMIT 1",), f"INSERT INTO filled {MANY}", after_insert),
    "overwrite": (
        (f"CREATE AUDIENCE aud WITH (primary_identity='id', identity_namespace='Email') AS {OLD}",),
        f"INSERT OVERWRITE INTO aud {NEW}",
        after_overwrite,
    ),
}


def campaign(data_dir: Path, name: str, kills: int, seed: int) -> set[bool]:
    """Kill so many times at random moments; which of before (False) and after (True) was seen."""
    moments = Moments(seed, middle=0.12)
    setup, statement, check = CASES[name]
    api = start(data_dir, "--delays", "none")
    try:
        for each in setup:
            rows(api, each)
        seen = set()
        for _ in range(kills):
            kill_during(api, sending(api, statement), moments.next())
            api = start(data_dir, "--delays", "none")
            no_orphans(api)
            happened = check(api)
            moments.came(too_late=happened)
            seen.add(happened)
        return seen
    finally:
        stop(api)


PROMOTED = 20_000


def promotions(data_dir: Path, kills: int, seed: int) -> set[str]:
    """Kill so many times while a batch is promoted; the states in which the batches were found after the restart.

    Whatever the state, the table shows all rows of the batch once it succeeded and none of them before or otherwise.
    """
    moments = Moments(seed, middle=0.15)
    api = start(data_dir, "--delays", "none")
    try:
        _, dataset = api.make("Killed events", EVENTS, {"note": {"type": "string"}})
        events = {
            "_id": [str(i) for i in range(PROMOTED)],
            "timestamp": ["2026-11-01T10:00:00.123Z"] * PROMOTED,
            "eventType": ["web.visit"] * PROMOTED,
            "_acme": [{"userId": f"u{i}", "note": "n"} for i in range(PROMOTED)],
        }
        file = parquet(pa.table(events).to_pylist())
        found: set[str] = set()
        whole = 0
        for _ in range(kills):
            batch = api.open_batch(dataset)
            api.upload(batch, dataset, file)

            def complete(sent: threading.Event, api: LocalApi = api, batch: str = batch) -> None:
                sent.set()
                api.act(batch, "COMPLETE")
                sent.wait()

            kill_during(api, complete, moments.next())
            api = start(data_dir, "--delays", "none")
            no_orphans(api)
            # The count is taken between two looks at the state: it belongs to both when they agree.
            state, count, again = api.batch(batch)["status"], counted(api), api.batch(batch)["status"]
            if state == again:
                assert count == whole + PROMOTED * (state == "success"), (state, count)
            found.add(state)
            moments.came(too_late=state == "success")
            if state == "loading":
                # The order to COMPLETE was never taken: the batch is still open and takes it now.
                api.act(batch, "COMPLETE")
            assert api.wait(batch, *TERMINAL)["status"] == "success"
            whole += PROMOTED
            assert counted(api) == whole
        return found
    finally:
        stop(api)


def counted(api: LocalApi) -> int:
    return int(rows(api, "SELECT count(*) AS n FROM killed_events")[0][0])


@pytest.mark.parametrize("name", CASES)
def test_a_killed_statement_has_happened_or_has_not(tmp_path: Path, name: str) -> None:
    campaign(tmp_path / "data", name, kills=2, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("name", CASES)
def test_fifty_kills_leave_every_table_as_before_or_as_after(tmp_path: Path, name: str) -> None:
    assert campaign(tmp_path / "data", name, kills=50, seed=2) == {False, True}


def test_a_batch_whose_promotion_is_killed_is_wholly_there_or_not_at_all(tmp_path: Path) -> None:
    assert promotions(tmp_path / "data", kills=2, seed=3)


@pytest.mark.soak
def test_fifty_kills_leave_every_batch_whole(tmp_path: Path) -> None:
    assert len(promotions(tmp_path / "data", kills=50, seed=4)) > 1
