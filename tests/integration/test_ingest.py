"""Files reach a dataset exactly once, whatever happens on the way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.errors import DataError, NotFound
from runner.ingestion import CONTENT_TAG, Ingested, _pieces, fingerprint, ingest_parquet
from runner.local import local_platform
from runner.platform import Platform
from runner.settings import Settings
from runner.setup import apply, plan

MOMENT = pa.timestamp("ms", tz="UTC")
_numbers = itertools.count()


@dataclass(frozen=True)
class World:
    platform: Platform
    folder: Path
    dataset: str

    def users(self) -> list[str]:
        """Who is in the lake, from the files of the visible batches."""
        catalog, found = self.platform.catalog, list[str]()
        for batch in catalog.batches(dataset_id=catalog.dataset_named(self.dataset).id, status="success"):
            for file in self.platform.access.download_batch(batch.id, self.folder):
                found += [row["_acme"]["userId"] for row in pq.read_table(file.path).to_pylist()]
        return sorted(found)

    def states(self) -> dict[str, str]:
        batches = self.platform.catalog.batches(dataset_id=self.platform.catalog.dataset_named(self.dataset).id)
        return {b.external_id.removeprefix(f"{self.dataset}-"): b.state for b in batches}

    def open(self, content: str) -> tuple[str, str]:
        """A batch that an earlier attempt opened and left; its id and the dataset's."""
        dataset = self.platform.catalog.dataset_named(self.dataset)
        external_id, tags = f"{self.dataset}-load-1", {CONTENT_TAG: [content]}
        return self.platform.ingestion.open_batch(dataset.id, external_id=external_id, tags=tags), dataset.id


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with local_platform(tmp_path_factory.mktemp("platform"), delays="none") as local:
        yield Platform(local.connection(), sleep=lambda _: None)


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> World:
    """A dataset of its own for each test."""
    name = f"events_{next(_numbers)}"
    case = {"name": "n", "title": "t", "target_event": "e", "audience": {"name": "a", "min_score": 0.5}}
    apply(plan(Settings.model_validate({"use_cases": [case], "datasets": {"events": name}}), platform))
    return World(platform, tmp_path / "downloads", name)


def events(path: Path, users: list[str], *, as_list: bool = False) -> Path:
    moments = [datetime(2026, 11, 1, 12, 0, 0, 123000, tzinfo=UTC)] * len(users)
    person = pa.array([[u] for u in users]) if as_list else pa.array(users, pa.string())
    table = pa.table(
        {
            "_id": pa.array([f"{path.stem}-{n}" for n in range(len(users))]),
            "timestamp": pa.array(moments, MOMENT),
            "eventType": pa.array(["web.formFilledOut"] * len(users)),
            "_acme": pa.StructArray.from_arrays([person], ["userId"]),
        }
    )
    pq.write_table(table, path)
    return path


def send(world: World, *files: Path, external_id: str = "load-1") -> Ingested:
    name = f"{world.dataset}-{external_id}"
    return ingest_parquet(world.platform, world.dataset, files, external_id=name, tags={"propensity/run": ["r1"]})


def test_rows_arrive_once_and_a_repeat_changes_nothing(world: World, tmp_path: Path) -> None:
    first, second = events(tmp_path / "a.parquet", ["u1", "u2"]), events(tmp_path / "b.parquet", ["u3"])
    done = send(world, first, second)
    assert (done.rows, done.created) == (3, True)
    assert world.users() == ["u1", "u2", "u3"]
    again = send(world, first, second)
    assert (again.batch_id, again.created) == (done.batch_id, False)
    assert world.users() == ["u1", "u2", "u3"]


def test_corrected_content_replaces_what_was_sent_before(world: World, tmp_path: Path) -> None:
    send(world, events(tmp_path / "a.parquet", ["u1", "u2"]))
    corrected = send(world, events(tmp_path / "a2.parquet", ["u1", "u9"]))
    assert corrected.created
    assert world.users() == ["u1", "u9"]
    assert world.states() == {"load-1": "gone", "load-1-r2": "success"}
    assert not send(world, tmp_path / "a2.parquet").created


def test_a_named_batch_is_replaced(world: World, tmp_path: Path) -> None:
    old = send(world, events(tmp_path / "a.parquet", ["u1"]))
    ingest_parquet(
        world.platform,
        world.dataset,
        [events(tmp_path / "b.parquet", ["u2"])],
        external_id="b",
        replaces=[old.batch_id],
    )
    assert world.users() == ["u2"]


def test_a_batch_left_open_by_a_crash_is_continued(world: World, tmp_path: Path) -> None:
    file = events(tmp_path / "a.parquet", ["u1", "u2"])
    opened, dataset = world.open(fingerprint([file]))
    world.platform.ingestion.upload(opened, dataset, "part-00000.parquet", file)
    done = send(world, file)
    assert (done.batch_id, done.created) == (opened, True)
    assert world.users() == ["u1", "u2"]


def test_a_batch_left_open_with_other_content_is_given_up(world: World, tmp_path: Path) -> None:
    stale = events(tmp_path / "stale.parquet", ["old1", "old2"])
    opened, dataset = world.open("other")
    world.platform.ingestion.upload(opened, dataset, "part-00001.parquet", stale)
    done = send(world, events(tmp_path / "a.parquet", ["u1"]))
    assert done.external_id.endswith("-load-1-r2")
    assert world.users() == ["u1"]
    assert world.states()["load-1"] == "failed"


def test_a_batch_completed_before_a_crash_is_found(world: World, tmp_path: Path) -> None:
    file = events(tmp_path / "a.parquet", ["u1"])
    opened, dataset = world.open(fingerprint([file]))
    world.platform.ingestion.upload(opened, dataset, "part-00000.parquet", file)
    world.platform.ingestion.act(opened, "COMPLETE")
    done = send(world, file)
    assert (done.batch_id, done.created) == (opened, False)
    assert world.users() == ["u1"]


def test_a_failed_batch_says_why_and_the_corrected_one_goes_in(world: World, tmp_path: Path) -> None:
    wrong = events(tmp_path / "wrong.parquet", ["u1"], as_list=True)
    with pytest.raises(DataError) as caught:
        send(world, wrong)
    assert "none of them is visible" in str(caught.value)
    assert "Diagnostics" in str(caught.value)
    assert world.users() == []
    done = send(world, events(tmp_path / "right.parquet", ["u1"]))
    assert done.external_id.endswith("-load-1-r2")
    assert world.users() == ["u1"]


def test_a_truncated_file_is_refused_before_anything_is_sent(world: World, tmp_path: Path) -> None:
    whole = events(tmp_path / "a.parquet", ["u1"])
    whole.write_bytes(whole.read_bytes()[:-10])
    with pytest.raises(DataError, match="not Parquet"):
        send(world, whole)
    assert world.states() == {}


def test_no_rows_is_an_error(world: World, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows to ingest"):
        send(world, events(tmp_path / "a.parquet", []))


def test_an_unknown_dataset_says_what_to_run(world: World, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="propensity setup"):
        ingest_parquet(world.platform, "nowhere", [events(tmp_path / "a.parquet", ["u1"])], external_id="x")


def test_a_reverted_batch_can_be_sent_again(world: World, tmp_path: Path) -> None:
    file = events(tmp_path / "a.parquet", ["u1"])
    world.platform.ingestion.act(send(world, file).batch_id, "REVERT")
    assert world.users() == []
    assert send(world, file).created
    assert world.users() == ["u1"]


def test_a_name_taken_in_another_dataset_gets_the_datasets_own(world: World, tmp_path: Path) -> None:
    file = events(tmp_path / "a.parquet", ["u1"])
    other = world.platform.catalog.ensure_dataset(
        f"{world.dataset}_other", world.platform.catalog.dataset_named(world.dataset).schema_id
    )
    world.platform.ingestion.open_batch(other.id, external_id=f"{world.dataset}-load-1")
    first = send(world, file)
    assert first.external_id.startswith(f"{world.dataset}-load-1-")
    again = send(world, file)
    assert (again.batch_id, again.created) == (first.batch_id, False)
    assert world.users() == ["u1"]


def test_a_file_over_the_limit_is_sent_in_pieces_with_every_row(tmp_path: Path) -> None:
    from contextlib import ExitStack

    path = events(tmp_path / "big.parquet", [f"u{n}" for n in range(5000)])
    limit = path.stat().st_size // 3
    with ExitStack() as stack:
        pieces = _pieces(path, stack, limit)
        assert len(pieces) > 2
        assert all(p.stat().st_size <= limit for p in pieces)
        together = pa.concat_tables([pq.read_table(p) for p in pieces])
    assert together.equals(pq.read_table(path))
