"""The lake keeps its promises: visible or not, replaced as a whole, and the past can still be read."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_platform.clock import Clock
from local_platform.lake import (
    DatasetNotFound,
    IncompatibleSchema,
    Lake,
    SnapshotNotFound,
    TableExists,
    WrongBatchState,
    table_name_for,
)

SCHEMA = pa.schema([("user_id", pa.string()), ("n", pa.int64())])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "data", Clock())


def rows_file(directory: Path, values: list[int], name: str = "rows.parquet") -> Path:
    path = directory / name
    pq.write_table(pa.table({"user_id": [str(v) for v in values], "n": values}, schema=SCHEMA), path)
    return path


def read(files: list[Path]) -> list[int]:
    return [n for file in files for n in pq.read_table(file).column("n").to_pylist()]


def test_a_committed_batch_is_visible_and_its_files_have_left_their_old_place(lake: Lake, tmp_path: Path) -> None:
    dataset = lake.create_dataset("Luma midValues", SCHEMA, owner="me", created_by="api")
    batch = lake.open_batch(dataset.id, external_id="run-1")
    file = rows_file(tmp_path, [1, 2])
    assert lake.files(dataset.id) == []
    snapshot = lake.commit_batch(batch.id, [file])
    assert read(lake.files(dataset.id)) == [1, 2]
    assert not file.exists()
    assert (snapshot.generation, snapshot.parent_id, snapshot.output_record_count) == (0, None, 2)
    assert lake.batch(batch.id).status == "success"
    assert lake.batch(batch.id).metrics["outputRecordCount"] == 2
    assert [b.id for b in lake.batches(external_id="run-1")] == [batch.id]


def test_a_table_name_is_lower_case_with_single_underscores(lake: Lake) -> None:
    assert table_name_for("Luma midValues") == "luma_midvalues"
    assert table_name_for("a__b - c") == "a_b_c"
    assert lake.create_dataset("A b", SCHEMA, owner="me", created_by="api").tags["adobe/pqs/table"] == ["a_b"]


def test_a_second_table_of_the_same_name_is_refused_in_sql_and_numbered_in_catalog(lake: Lake) -> None:
    lake.create_dataset("events", SCHEMA, owner="me", created_by="api")
    with pytest.raises(TableExists, match="events"):
        lake.create_dataset("Events", SCHEMA, owner="me", created_by="query_service")
    numbered = lake.create_dataset("events", SCHEMA, owner="me", created_by="api", suffix_on_clash=True)
    assert numbered.table_name == "events_1"


def test_a_replaced_batch_leaves_in_the_same_moment_as_its_successor_arrives(lake: Lake, tmp_path: Path) -> None:
    dataset = lake.create_dataset("t", SCHEMA, owner="me", created_by="api")
    first = lake.open_batch(dataset.id)
    before = lake.commit_batch(first.id, [rows_file(tmp_path, [1])])
    second = lake.open_batch(dataset.id, replaces=[first.id])
    lake.commit_batch(second.id, [rows_file(tmp_path, [2])])
    assert read(lake.files(dataset.id)) == [2]
    assert lake.batch(first.id).status == "inactive"
    assert read(lake.files(dataset.id, up_to=before.id)) == [1]


def test_a_reverted_batch_leaves_the_table_but_not_its_past(lake: Lake, tmp_path: Path) -> None:
    dataset = lake.create_dataset("t", SCHEMA, owner="me", created_by="api")
    batch = lake.open_batch(dataset.id)
    written = lake.commit_batch(batch.id, [rows_file(tmp_path, [1])])
    reverted = lake.revert_batch(batch.id)
    assert lake.files(dataset.id) == []
    assert (reverted.parent_id, reverted.output_record_count) == (written.id, 0)
    assert read(lake.files(dataset.id, up_to=written.id)) == [1]
    with pytest.raises(WrongBatchState, match="inactive"):
        lake.revert_batch(batch.id)


def test_a_range_of_snapshots_excludes_its_start_and_includes_its_end(lake: Lake, tmp_path: Path) -> None:
    dataset = lake.create_dataset("t", SCHEMA, owner="me", created_by="api")
    ids = [lake.append(dataset.id, [rows_file(tmp_path, [n])]).id for n in range(4)]
    assert read(lake.files(dataset.id, after=ids[0], up_to=ids[2])) == [1, 2]
    assert lake.files(dataset.id, after=ids[3]) == []
    assert [s.generation for s in lake.snapshots(dataset.id)] == [0, 1, 2, 3]
    with pytest.raises(SnapshotNotFound, match="7"):
        lake.files(dataset.id, after=7)


def test_a_finished_batch_cannot_be_committed_again(lake: Lake, tmp_path: Path) -> None:
    dataset = lake.create_dataset("t", SCHEMA, owner="me", created_by="api")
    batch = lake.open_batch(dataset.id)
    lake.abort_batch(batch.id)
    with pytest.raises(WrongBatchState, match="aborted"):
        lake.commit_batch(batch.id, [rows_file(tmp_path, [1])])
    assert list((lake.root / dataset.id).rglob("*.parquet")) == []


def test_a_file_with_an_unknown_column_is_refused(lake: Lake, tmp_path: Path) -> None:
    dataset = lake.create_dataset("t", SCHEMA, owner="me", created_by="api")
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"surprise": [1]}), path)
    with pytest.raises(IncompatibleSchema, match="surprise"):
        lake.append(dataset.id, [path])
    assert lake.snapshots(dataset.id) == []
    assert lake.batches(dataset_id=dataset.id) == []


def test_a_table_made_with_data_exists_with_its_data_or_not_at_all(lake: Lake, tmp_path: Path) -> None:
    made = lake.create_table_with_data("made", SCHEMA, [rows_file(tmp_path, [5])], owner="me")
    assert read(lake.files(made.id)) == [5]
    with pytest.raises(OSError, match="absent"):
        lake.create_table_with_data("half", SCHEMA, [tmp_path / "absent.parquet"], owner="me")
    with pytest.raises(DatasetNotFound):
        lake.dataset_by_table("half")


def test_an_added_column_is_in_the_schema_and_a_second_of_its_name_is_refused(lake: Lake) -> None:
    dataset = lake.create_dataset("t", SCHEMA, owner="me", created_by="api")
    assert lake.add_columns(dataset.id, [pa.field("extra", pa.string())]).schema.names == ["user_id", "n", "extra"]
    with pytest.raises(IncompatibleSchema, match="EXTRA"):
        lake.add_columns(dataset.id, [pa.field("EXTRA", pa.string())])


def test_a_dropped_dataset_is_gone_and_its_name_is_free(lake: Lake, tmp_path: Path) -> None:
    dataset = lake.create_table_with_data("t", SCHEMA, [rows_file(tmp_path, [1])], owner="me")
    lake.delete_dataset(dataset.id)
    again = lake.create_dataset("t", SCHEMA, owner="me", created_by="api")
    assert again.id != dataset.id
    assert lake.files(again.id) == []


def test_views_are_replaced_only_when_asked_and_never_take_a_tables_name(lake: Lake) -> None:
    lake.create_dataset("t", SCHEMA, owner="me", created_by="api")
    lake.create_view("V", "select 1", "me")
    with pytest.raises(TableExists):
        lake.create_view("v", "select 2", "me")
    with pytest.raises(TableExists):
        lake.create_view("T", "select 2", "me", replace=True)
    lake.create_view("v", "select 3", "me", replace=True)
    assert [(view.name, view.sql) for view in lake.views()] == [("v", "select 3")]
    lake.drop_view("v")
    assert lake.views() == []


def test_orphans_of_a_killed_commit_are_collected_at_the_next_start(lake: Lake, tmp_path: Path) -> None:
    dataset = lake.create_table_with_data("t", SCHEMA, [rows_file(tmp_path, [1])], owner="me")
    batch = lake.open_batch(dataset.id)
    orphan = lake.root / dataset.id / batch.id / "part-00000.parquet"
    orphan.parent.mkdir()
    rows_file(orphan.parent, [9], orphan.name)
    lake.staging_dir("01NOSUCHBATCH")
    (lake.staging_dir(batch.id) / "upload.parquet").write_bytes(b"x")
    again = Lake(lake.data_dir, Clock())
    assert not orphan.exists()
    assert read(again.files(dataset.id)) == [1]
    assert (lake.staging_root / batch.id / "upload.parquet").exists()
    assert not (lake.staging_root / "01NOSUCHBATCH").exists()


def test_many_threads_write_one_dataset_and_no_row_is_lost(lake: Lake, tmp_path: Path) -> None:
    dataset = lake.create_dataset("t", SCHEMA, owner="me", created_by="api")
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(5):
                lake.append(dataset.id, [rows_file(tmp_path, [number * 5 + step], f"{number}-{step}.parquet")])
                lake.files(dataset.id)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(read(lake.files(dataset.id))) == list(range(40))
    snapshots = lake.snapshots(dataset.id)
    assert [s.generation for s in snapshots] == list(range(40))
    assert [s.parent_id for s in snapshots[1:]] == [s.id for s in snapshots[:-1]]
