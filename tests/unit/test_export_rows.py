"""Gathering one run's rows out of files that hold several."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.errors import DataError
from runner.export.comparing import compare
from runner.export.exported import Exported, moved, read_card, staged, write_card
from runner.export.rows import RunRows

COLUMNS = {"user_id": "text", "as_of": "timestamp", "run_id": "text", "n_clicks_7d": "integer", "minutes": "double"}
KEYS = ("user_id", "as_of")
AS_OF = datetime(2026, 11, 9, tzinfo=UTC)


def table(users: list[str], run: str = "newsletter-20261109", *, clicks: int = 1, unit: str = "us") -> pa.Table:
    """Rows as the platform's files hold them: more columns than the contract, naive timestamps, long integers."""
    n = len(users)
    return pa.table(
        {
            "extra": pa.array(["x"] * n),
            "user_id": pa.array(users),
            "as_of": pa.array([AS_OF.replace(tzinfo=None)] * n, pa.timestamp(unit)),
            "run_id": pa.array([run] * n),
            "n_clicks_7d": pa.array([clicks] * n, pa.int64()),
            "minutes": pa.array([None if i % 2 else i / 7 for i in range(n)], pa.float64()),
        }
    )


def write(path: Path, *tables: pa.Table) -> Path:
    pq.write_table(pa.concat_tables(tables), path)
    return path


def gather(stage: Path) -> RunRows:
    stage.mkdir(parents=True, exist_ok=True)
    return RunRows(stage, COLUMNS, "run_id", "newsletter-20261109", KEYS)


def exported(rows: RunRows, route: str = "data_access") -> Exported:
    count = rows.rows
    files, _ = rows.finish()
    return Exported(
        files=tuple(map(str, files)),
        rows=count,
        route=route,
        dataset="d",
        run_id="newsletter-20261109",
        batches=(),
        columns=tuple(COLUMNS),
    )


def test_only_the_runs_rows_and_the_contracts_columns_are_kept(tmp_path: Path) -> None:
    source = write(tmp_path / "in.parquet", table(["a", "b", "c"]), table(["a", "b"], run="newsletter-20261102"))
    rows = gather(tmp_path / "out")
    assert rows.add("batch 1", source) == 3
    files, _ = rows.finish()
    kept = pq.read_table(files[0])
    assert kept.schema.names == list(COLUMNS)
    assert kept.column("user_id").to_pylist() == ["a", "b", "c"]
    assert kept.schema.field("as_of").type == pa.timestamp("ms", tz="UTC")
    assert kept.schema.field("n_clicks_7d").type == pa.int32()


def test_a_file_without_the_runs_rows_leaves_no_file(tmp_path: Path) -> None:
    rows = gather(tmp_path / "out")
    assert rows.add("batch 1", write(tmp_path / "in.parquet", table(["a"], run="newsletter-20261102"))) == 0
    assert not list((tmp_path / "out").iterdir())


def test_a_column_younger_than_the_file_is_null(tmp_path: Path) -> None:
    source = write(tmp_path / "in.parquet", table(["a"]).drop_columns(["minutes"]))
    rows = gather(tmp_path / "out")
    rows.add("batch 1", source)
    assert pq.read_table(rows.finish()[0][0]).column("minutes").to_pylist() == [None]


def test_a_value_that_does_not_fit_the_contract_is_named(tmp_path: Path) -> None:
    source = write(tmp_path / "in.parquet", table(["a"], clicks=2**40))
    with pytest.raises(DataError, match="'n_clicks_7d' in batch 1 does not fit the contract's type integer"):
        gather(tmp_path / "out").add("batch 1", source)
    assert not list((tmp_path / "out").iterdir())


def test_a_file_of_another_dataset_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "in.parquet", table(["a"]).drop_columns(["run_id"]))
    with pytest.raises(DataError, match="has no column 'run_id'"):
        gather(tmp_path / "out").add("batch 1", source)


def test_one_key_twice_is_refused_and_named(tmp_path: Path) -> None:
    rows = gather(tmp_path / "out")
    rows.add("batch 1", write(tmp_path / "1.parquet", table(["a", "b"])))
    rows.add("batch 2", write(tmp_path / "2.parquet", table(["c", "b"])))
    with pytest.raises(DataError, match=r"rows twice under one key \(user_id, as_of\): b / 2026-11-09"):
        rows.check_keys("newsletter_training_set_runs")


def test_a_null_key_is_refused(tmp_path: Path) -> None:
    rows = gather(tmp_path / "out")
    rows.add("batch 1", write(tmp_path / "1.parquet", table(["a", None])))  # type: ignore[list-item]
    with pytest.raises(DataError, match="1 rows of run newsletter-20261109 in d have no user_id"):
        rows.check_keys("d")


def test_repeats_of_full_and_incremental_exports_go_and_nothing_else(tmp_path: Path) -> None:
    rows = gather(tmp_path / "out")
    rows.add("full", write(tmp_path / "1.parquet", table(["a", "b", "c"])))
    rows.add("increment", write(tmp_path / "2.parquet", table(["a", "b", "c"]).slice(2), table(["d"])))
    assert rows.drop_repeats() == 1
    assert rows.rows == 4
    rows.check_keys("d")
    files, _ = rows.finish()
    assert sorted(u for f in files for u in pq.read_table(f).column("user_id").to_pylist()) == ["a", "b", "c", "d"]


def test_a_whole_file_of_repeats_leaves_no_file(tmp_path: Path) -> None:
    rows = gather(tmp_path / "out")
    rows.add("full", write(tmp_path / "1.parquet", table(["a", "b"])))
    rows.add("again", write(tmp_path / "2.parquet", table(["a", "b"])))
    assert rows.drop_repeats() == 2
    assert len(rows.finish()[0]) == 1


def test_a_discarded_batch_can_be_read_again(tmp_path: Path) -> None:
    rows = gather(tmp_path / "out")
    rows.add("batch 1", write(tmp_path / "1.parquet", table(["a"])))
    rows.add("batch 2", write(tmp_path / "2.parquet", table(["b"])))
    rows.discard("batch 1")
    rows.add("batch 1", tmp_path / "1.parquet")
    assert rows.rows == 2
    assert set(rows.units) == {"batch 1", "batch 2"}
    files, _ = rows.finish()
    assert sorted(u for f in files for u in pq.read_table(f).column("user_id").to_pylist()) == ["a", "b"]


def test_exports_that_differ_only_in_order_and_files_are_equal(tmp_path: Path) -> None:
    one = gather(tmp_path / "a")
    whole = table(["a", "b", "c", "d"])
    one.add("batch 1", write(tmp_path / "1.parquet", whole))
    two = gather(tmp_path / "b")
    two.add("file 1", write(tmp_path / "2.parquet", whole.slice(2).cast(whole.schema)))
    two.add("file 2", write(tmp_path / "3.parquet", whole.slice(0, 2)))
    seen = compare(exported(one), exported(two, "landing_zone"), KEYS)
    assert seen.equal
    assert (seen.rows_a, seen.rows_b) == (4, 4)


def test_exports_that_differ_are_told_apart_by_key(tmp_path: Path) -> None:
    one = gather(tmp_path / "a")
    one.add("batch 1", write(tmp_path / "1.parquet", table(["a", "b", "c"])))
    two = gather(tmp_path / "b")
    two.add("batch 1", write(tmp_path / "2.parquet", table(["a"]), table(["x", "b"], clicks=2)))
    seen = compare(exported(one), exported(two), KEYS)
    assert (seen.equal, seen.only_a, seen.only_b, seen.different) == (False, 1, 1, 1)


def leave(out: Path, text: bytes, fail: bool = False) -> Exported:
    """An export of one file that holds `text`; killed half way when it is to fail."""
    with staged(out) as stage:
        (stage / "part-00000.parquet").write_bytes(text)
        if fail:
            raise RuntimeError("killed")
        result = Exported((str(stage / "part-00000.parquet"),), 1, "data_access", "d", "r", ("b1",), ("user_id",), "f")
        write_card(stage, result)
    return moved(result, out)


def test_a_directory_is_complete_or_not_there(tmp_path: Path) -> None:
    out = tmp_path / "export"
    with pytest.raises(RuntimeError, match="killed"):
        leave(out, b"half", fail=True)
    assert not list(tmp_path.iterdir())
    assert read_card(out) is None
    assert leave(out, b"whole") == read_card(out)
    (out / "part-00000.parquet").write_bytes(b"tampered with")
    assert read_card(out) is None


def test_a_finished_directory_gives_way_to_a_newer_one(tmp_path: Path) -> None:
    out = tmp_path / "export"
    leave(out, b"one")
    with pytest.raises(RuntimeError, match="killed"):
        leave(out, b"half", fail=True)
    assert (out / "part-00000.parquet").read_bytes() == b"one"
    leave(out, b"two")
    assert (out / "part-00000.parquet").read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["export"]
