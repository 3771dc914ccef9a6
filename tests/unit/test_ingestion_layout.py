"""Event files lie in the lake in order of time, and no row group holds two days, however they were uploaded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local_platform.services.ingestion.layout import is_time_series, lay_out_by_day

TIME = pa.timestamp("ms", tz="UTC")
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def write(path: Path, times: list[datetime | None]) -> pa.Table:
    table = pa.table(
        {
            "_id": [f"e{n}" for n in range(len(times))],
            "timestamp": pa.array(times, TIME),
            "_acme": pa.array([{"userId": f"u{n}"} for n in range(len(times))]),
        }
    )
    pq.write_table(table, path)
    return table


def test_row_groups_hold_one_day_each_and_no_row_is_lost(tmp_path: Path) -> None:
    file, upload = tmp_path / "a.parquet", tmp_path / "upload.parquet"
    times: list[datetime | None] = [FIRST + timedelta(hours=(n * 7) % 72) for n in range(40)]
    midnight = FIRST + timedelta(days=1)
    written = write(upload, [*times, None, midnight, midnight - timedelta(milliseconds=1), None])
    file.hardlink_to(upload)
    lay_out_by_day(file)
    groups = [pq.ParquetFile(file).read_row_group(n) for n in range(pq.read_metadata(file).num_row_groups)]
    days = [{t and t.date() for t in group.column("timestamp").to_pylist()} for group in groups]
    assert days == [{FIRST.date()}, {midnight.date()}, {(midnight + timedelta(days=1)).date()}, {None}]
    found = pa.concat_tables(groups)
    assert sorted(found.column("_id").to_pylist()) == sorted(written.column("_id").to_pylist())
    assert found.sort_by("_id").equals(written.sort_by("_id"))
    assert pq.read_table(upload).equals(written)


def test_a_file_that_is_in_order_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    write(file, [FIRST, FIRST + timedelta(hours=3)])
    before = file.stat().st_ino
    lay_out_by_day(file)
    assert file.stat().st_ino == before


def test_profiles_are_no_time_series() -> None:
    assert is_time_series(pa.schema([("_id", pa.string()), ("timestamp", TIME)]))
    assert not is_time_series(pa.schema([("_id", pa.string()), ("timestamp", pa.string())]))
    assert not is_time_series(pa.schema([("timestamp", TIME)]))
