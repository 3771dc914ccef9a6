"""Reading a wide result from the local Query Service, and the same rows from a real PostgreSQL 15.

62 columns, by three ways of reading, each from both servers over loopback and TLS (Query Service demands it):

- psycopg2, a plain SELECT: every cell of every row becomes a Python value;
- psycopg2, a named cursor: DECLARE, then FETCH 10,000 rows at a time;
- ConnectorX through its cursor protocol (binary), into an Arrow table: a compiled client, so that the server's own pace
  shows. Its other protocols use COPY, which Query Service refuses.

The server's memory is the peak of its resident set from the first read to the last.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import connectorx
import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from local_platform.clock import Clock
from local_platform.database import Database
from local_platform.lake import Lake
from runner.local import LocalPlatform, local_platform
from tests.benchmarks.measuring import ROUNDS, Ratio, in_turn, seconds_of
from tests.benchmarks.postgres import postgresql
from tests.benchmarks.wide import COLUMNS, create_statement, total_label, wide_table

TABLE = "bench_wide"
FETCH = 10_000
MEMORY_AIM_MB = 500
_PARTS = 4

Server = Mapping[str, Any]
Reader = Callable[[Server, str], tuple[int, int]]


def run(rows: int, rounds: int = ROUNDS) -> list[Ratio]:
    """Compare both servers.

    Raises:
        CannotRunHere: there is no PostgreSQL 15.
    """
    table = wide_table(rows)
    with tempfile.TemporaryDirectory(prefix="bench-query-") as folder:
        home = Path(folder)
        _fill_lake(home / "platform", table)
        with local_platform(home / "platform", delays="none") as local:
            certificate, key = (home / "platform" / name for name in ("sql-certificate.pem", "sql-key.pem"))
            with postgresql(certificate, key) as postgres:
                _fill_postgresql(postgres, table, home / "wide.csv")
                return _compare(local, postgres, table, rounds)


def _compare(local: LocalPlatform, postgres: Server, table: pa.Table, rounds: int) -> list[Ratio]:
    ready = local.ready
    ours = {
        "host": ready["sql_host"],
        "port": ready["sql_port"],
        "user": ready["user"],
        "password": ready["password"],
        "dbname": ready["dbname"],
        "gssencmode": "disable",
        "sslmode": "require",
    }
    expected = (table.num_rows, total_label(table))
    encrypted, plain = {**postgres, "sslmode": "require"}, {**postgres, "sslmode": "disable"}
    _reset_peak(local.process_id)
    found = []
    for name, reader, aim in _READERS:

        def read(server: Server, sql: str, reader: Reader = reader) -> None:
            assert reader(server, sql) == expected, "the servers hold different rows"

        # LIMIT 0 is Query Service's way to lift the cap of 50,000 rows.
        ours_seconds, reference_seconds = in_turn(
            lambda _, read=read: read(ours, f"SELECT * FROM {TABLE} LIMIT 0"),  # type: ignore[misc]
            lambda _, read=read: read(encrypted, f"SELECT * FROM {TABLE}"),  # type: ignore[misc]
            rounds,
        )
        without_tls = seconds_of(lambda read=read: read(plain, f"SELECT * FROM {TABLE}"))  # type: ignore[misc]
        details = {
            "rows": table.num_rows,
            "columns": COLUMNS,
            "postgresql_without_tls_seconds": round(without_tls, 3),
            "server_peak_mb": _peak_mb(local.process_id),
            "server_peak_aim_mb": MEMORY_AIM_MB,
        }
        found.append(
            Ratio(
                name,
                "Query Service",
                "PostgreSQL 15",
                ours_seconds,
                reference_seconds,
                "rows",
                table.num_rows,
                table.num_rows,
                aim,
                details,
            )
        )
    return found


def _plain_select(server: Server, sql: str) -> tuple[int, int]:
    connection = psycopg2.connect(**server)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return _counted(iter(lambda: cursor.fetchmany(FETCH), []))
    finally:
        connection.close()


def _named_cursor(server: Server, sql: str) -> tuple[int, int]:
    connection = psycopg2.connect(**server)
    try:
        with connection.cursor("wide") as cursor:
            cursor.execute(sql)
            return _counted(iter(lambda: cursor.fetchmany(FETCH), []))
    finally:
        connection.close()


def _connectorx(server: Server, sql: str) -> tuple[int, int]:
    account = quote(server["user"], safe="")
    if "password" in server:
        account += ":" + quote(server["password"], safe="")
    place = f"{server['host']}:{server['port']}/{quote(server['dbname'], safe='')}"
    url = f"postgresql://{account}@{place}?sslmode={server['sslmode']}"
    read = connectorx.read_sql(url, sql, protocol="cursor", return_type="arrow")
    return read.num_rows, pc.sum(read["label"]).as_py()


def _counted(pieces: Iterator[list[tuple[Any, ...]]]) -> tuple[int, int]:
    """Number of rows and total of the labels."""
    rows = total = 0
    for piece in pieces:
        rows += len(piece)
        total += sum(row[3] for row in piece)
    return rows, total


_READERS: tuple[tuple[str, Reader, float | None], ...] = (
    ("wide result, psycopg2", _plain_select, 0.5),
    ("wide result, DECLARE and FETCH", _named_cursor, None),
    ("wide result, ConnectorX cursor", _connectorx, 0.25),
)


def _fill_lake(data_dir: Path, table: pa.Table) -> None:
    """The table as a dataset of several batches, before anything serves it."""
    database = Database(data_dir / "catalog.sqlite")
    lake = Lake(data_dir, Clock(database), database)
    dataset = lake.create_dataset(TABLE, table.schema, owner="bench", created_by="api")
    step = -(-table.num_rows // _PARTS)
    for begin in range(0, table.num_rows, step):
        with lake.scratch_dir() as directory:
            pq.write_table(table.slice(begin, step), directory / "part.parquet")
            lake.append(dataset.id, [directory / "part.parquet"])
    database.close()


def _fill_postgresql(server: Server, table: pa.Table, file: Path) -> None:
    pa_csv.write_csv(table, file, pa_csv.WriteOptions(include_header=False))
    connection = psycopg2.connect(**server)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor, file.open("rb") as rows:
            cursor.execute(create_statement(TABLE, table))
            cursor.copy_expert(f"COPY {TABLE} FROM STDIN (FORMAT csv)", rows)
            cursor.execute(f"VACUUM ANALYZE {TABLE}")
    finally:
        connection.close()
        file.unlink()


def _reset_peak(process_id: int) -> None:
    """Let the kernel forget the peak so far."""
    Path(f"/proc/{process_id}/clear_refs").write_text("5")


def _peak_mb(process_id: int) -> int:
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024)
    raise RuntimeError(f"/proc/{process_id}/status states no VmHWM.")
