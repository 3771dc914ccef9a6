"""One run's rows through Data Access: exactly those that SQL counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from runner.errors import DataError, NotFound
from runner.export import Exported, export_data_access, read_card
from tests.integration.sandbox import CONTRACT, RUN, Sandbox, run_rows, sandbox

OTHER = "newsletter-20261102"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with sandbox(tmp_path_factory.mktemp("export")) as made:
        made.sql.execute(f"CREATE TABLE {CONTRACT.dataset} AS {run_rows(OTHER, range(300))}")
        made.sql.execute(f"INSERT INTO {CONTRACT.dataset} {run_rows(RUN, range(200))}")
        made.sql.execute(f"INSERT INTO {CONTRACT.dataset} {run_rows(RUN, range(200, 250))}")
        made.sql.execute(f"CREATE TABLE doubled_runs AS {run_rows(RUN, range(20))}")
        made.sql.execute(f"INSERT INTO doubled_runs {run_rows(RUN, range(10, 30))}")
        yield made


def export(world: Sandbox, out: Path, dataset: str = CONTRACT.dataset, run: str = RUN) -> Exported:
    return export_data_access(world.platform, world.sql, dataset, run, out, CONTRACT)


def test_an_export_holds_the_runs_rows_and_no_other(world: Sandbox, tmp_path: Path) -> None:
    exported = export(world, tmp_path / "out")
    table = pq.read_table(list(exported.files))
    assert exported.rows == table.num_rows == 250
    assert table.schema.names == list(CONTRACT.names)
    assert set(table.column("run_id").to_pylist()) == {RUN}
    assert len(set(table.column("user_id").to_pylist())) == 250
    assert len(exported.batches) == 2


def test_a_second_export_reuses_the_first(world: Sandbox, tmp_path: Path) -> None:
    first = export(world, tmp_path / "out")
    stamp = Path(first.files[0]).stat().st_mtime_ns
    assert export(world, tmp_path / "out") == first
    assert Path(first.files[0]).stat().st_mtime_ns == stamp


def test_a_damaged_export_is_made_again(world: Sandbox, tmp_path: Path) -> None:
    first = export(world, tmp_path / "out")
    Path(first.files[0]).write_bytes(b"PAR1")
    again = export(world, tmp_path / "out")
    assert pq.read_table(list(again.files)).num_rows == 250


def test_another_contract_makes_another_export(world: Sandbox, tmp_path: Path) -> None:
    export(world, tmp_path / "out")
    narrower = replace(CONTRACT, columns=CONTRACT.columns[:-1])
    again = export_data_access(world.platform, world.sql, CONTRACT.dataset, RUN, tmp_path / "out", narrower)
    assert pq.read_schema(again.files[0]).names == list(narrower.names)


def test_the_manifest_and_a_card_lie_beside_the_rows(world: Sandbox, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"nodes": {}}')
    exported = export_data_access(
        world.platform, world.sql, CONTRACT.dataset, RUN, tmp_path / "out", CONTRACT, manifest_file=manifest
    )
    assert (tmp_path / "out" / "manifest.json").read_text() == '{"nodes": {}}'
    assert read_card(tmp_path / "out") == exported


def test_a_run_without_rows_is_refused(world: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{CONTRACT.dataset} has no rows of run newsletter-20250101"):
        export(world, tmp_path / "out", run="newsletter-20250101")
    assert not (tmp_path / "out").exists()


def test_a_dataset_that_is_not_there_is_named(world: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no_such_runs"):
        export(world, tmp_path / "out", dataset="no_such_runs")


def test_a_run_inserted_twice_is_refused(world: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="rows twice under one key"):
        export(world, tmp_path / "out", dataset="doubled_runs")
    assert not list(tmp_path.iterdir())


def test_a_batch_replaced_while_it_is_read_is_read_again(world: Sandbox, tmp_path: Path) -> None:
    world.sql.execute(f"CREATE TABLE moving_runs AS {run_rows(RUN, range(100))}")
    world.sql.execute(f"INSERT INTO moving_runs {run_rows(RUN, range(100, 140), clicks=1)}")
    replaced: list[str] = []

    def replace_newest(line: str) -> None:
        if "holds 40 of 140 rows" in line and not replaced:
            dataset = world.platform.catalog.dataset_named("moving_runs")
            newest = max(world.platform.catalog.batches(dataset_id=dataset.id), key=lambda b: b.created_ms)
            world.platform.ingestion.act(newest.id, "REVERT")
            while world.platform.catalog.batch(newest.id).state != "gone":
                pass
            world.sql.execute(f"INSERT INTO moving_runs {run_rows(RUN, range(100, 140), clicks=2)}")
            replaced.append(newest.id)

    exported = export_data_access(
        world.platform, world.sql, "moving_runs", RUN, tmp_path / "out", CONTRACT, log=replace_newest
    )
    assert replaced
    assert replaced[0] not in exported.batches
    clicks = pq.read_table(list(exported.files)).column("n_clicks_7d").to_pylist()
    assert (clicks.count(1), clicks.count(2)) == (100, 40)


def test_a_batch_taken_away_after_the_export_makes_it_anew(world: Sandbox, tmp_path: Path) -> None:
    world.sql.execute(f"CREATE TABLE shrinking_runs AS {run_rows(RUN, range(10))}")
    world.sql.execute(f"INSERT INTO shrinking_runs {run_rows(RUN, range(10, 30))}")
    first = export(world, tmp_path / "out", "shrinking_runs")
    world.platform.ingestion.act(first.batches[0], "REVERT")
    while world.platform.catalog.batch(first.batches[0]).state != "gone":
        pass
    world.sql.execute(f"INSERT INTO shrinking_runs {run_rows(RUN, range(10, 30), clicks=5)}")
    again = export(world, tmp_path / "out", "shrinking_runs")
    assert again.rows == first.rows
    assert again.fingerprint != first.fingerprint
