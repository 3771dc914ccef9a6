"""Bad input, one test each: what the platform answers, and what the runner says of it."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.errors import Conflict, DataError, PlatformError
from runner.events_file import load_events
from runner.ingestion import ingest_parquet
from runner.local import local_platform
from runner.platform import Platform
from runner.publishing import read_scores
from runner.settings import Settings
from runner.setup import apply, plan
from tests.integration.local_api import PROFILES, Json, LocalApi

AS_OF = datetime(2026, 11, 9, tzinfo=UTC)
DEFINITIONS = "/data/core/ups/segment/definitions"
SETTINGS = Settings.model_validate(
    {"use_cases": [{"name": "n", "title": "t", "target_event": "e", "audience": {"name": "Likely", "min_score": 0.5}}]}
)


@dataclass
class World:
    """One platform, spoken to over plain HTTP and by the runner's client; a profile-enabled dataset with a score."""

    api: LocalApi
    client: Platform
    dataset: str
    name: str
    folder: Path

    def bad_batch(self, data: bytes | str, format: str = "parquet") -> Json:
        """What the platform makes of a batch."""
        return self.api.ingest(self.dataset, data, format, enableErrorDiagnostics=True)[1]

    def refusal(self, data: bytes) -> str:
        """What the runner says when it brings the same file in; nothing of it may be in the lake."""
        file = self.folder / "sent.parquet"
        file.write_bytes(data)
        before = self.api.row_count(self.dataset)
        with pytest.raises(DataError) as seen:
            ingest_parquet(self.client, self.name, [file], external_id=f"bad-{len(data)}-{before}")
        assert seen.value.remedy
        assert self.api.row_count(self.dataset) == before
        return str(seen.value)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("bad input")
    with local_platform(folder / "platform", delays="none") as local:
        client = Platform(local.connection())
        apply(plan(SETTINGS, client))
        api = LocalApi(cast("subprocess.Popen[bytes]", None), dict(local.ready))
        fields = {"score": {"type": "number"}, "note": {"type": "string"}}
        group = api.field_group("judged", PROFILES, {"userId": {"type": "string"}, **fields})
        schema = api.schema("judged", PROFILES, [group["$id"]])
        api.primary_identity(schema["$id"])
        api.enable(schema["$id"])
        tags = {"unifiedProfile": ["enabled:true"], "unifiedIdentity": ["enabled:true"]}
        yield World(api, client, api.dataset("judged", schema["$id"], tags=tags), "judged", folder)


def people(*users: Any, **more: Any) -> bytes:
    return parquet([{"_acme": {"userId": user, **more}} for user in users])


def parquet(rows: list[Json]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def test_a_field_of_the_wrong_type(world: World) -> None:
    data = people("a", "b", score="high")
    found = world.bad_batch(data)
    assert (found["status"], found["metrics"]["failedRecordCount"]) == ("failed", 2)
    said = world.refusal(data)
    assert "_acme.score cannot be converted to double" in said
    assert "none of them is visible" in said


@pytest.mark.parametrize("identity", [None, ""])
def test_an_identity_that_is_null_or_empty(world: World, identity: str | None) -> None:
    data = people("a", identity)
    found = world.bad_batch(data)
    assert (found["status"], found["metrics"]["failedRecordCount"]) == ("failed", 1)
    assert "1555: The primary identity _acme.userId is missing or empty" in world.refusal(data)


def test_an_identity_twice_in_a_batch(world: World, tmp_path: Path) -> None:
    rows = [{"_acme": {"userId": "twice", "score": score}} for score in (0.25, 0.75)]
    found = world.bad_batch(parquet(rows))
    assert (found["status"], found["metrics"]["outputRecordCount"]) == ("success", 2)
    profile = world.client.profiles.entity("twice", "ECID", ["_acme.score"])
    assert profile is not None
    assert profile.attributes == {"_acme": {"score": 0.75}}
    moments = pa.array([AS_OF, AS_OF], pa.timestamp("ms", tz="UTC"))
    table = pa.table({"user_id": ["twice", "twice"], "as_of": moments, "score": [0.25, 0.75]})
    pq.write_table(table, tmp_path / "scores.parquet")
    with pytest.raises(DataError, match="twice"):
        read_scores(tmp_path / "scores.parquet", AS_OF, None)


def test_a_record_over_100_kb(world: World) -> None:
    data = parquet([{"_acme": {"userId": f"size-{n}", "note": "x" * n}} for n in (99_000, 100_001)])
    file = world.folder / "large.parquet"
    file.write_bytes(data)
    done = ingest_parquet(world.client, world.name, [file], external_id="large")
    assert world.api.batch(done.batch_id)["metrics"]["outputRecordCount"] == done.rows == 2
    found = world.client.profiles.entities(["size-99000", "size-100001"], "ECID", ["_acme.userId"])
    assert set(found) == {"size-99000"}


def test_a_truncated_parquet_file(world: World) -> None:
    data = people("a")[:-40]
    found = world.bad_batch(data)
    assert (found["status"], "not readable as Parquet" in found["errors"][0]["description"]) == ("failed", True)
    assert "is not Parquet" in world.refusal(data)


def test_the_wrong_content_type(world: World) -> None:
    batch = world.api.open_batch(world.dataset)
    path = world.api.file_path(batch, world.dataset, "part.parquet")
    text = {"Content-Type": "text/plain"}
    assert world.api.call("PUT", path, data=people("a"), headers=text).status_code == 415
    with pytest.raises(PlatformError, match="415") as seen:
        world.client.ingestion.send("PUT", path.removeprefix("/data/foundation/import"), data=b"x", headers=text)
    assert (seen.value.service, seen.value.status) == ("Batch Ingestion", 415)
    world.api.act(batch, "COMPLETE", 400)
    world.api.act(batch, "ABORT")


def test_a_csv_file_with_a_missing_column(world: World, tmp_path: Path) -> None:
    found = world.bad_batch("_acme.score,_acme.note\n0.5,x\n", "csv")
    assert (found["status"], found["metrics"]["failedRecordCount"]) == ("failed", 1)
    short = world.bad_batch("_acme.userId,_acme.score,_acme.note\na,0.5\n", "csv")
    assert short["status"] == "failed"
    file = tmp_path / "events.csv"
    file.write_text("event_type,timestamp\ne,2026-11-01T00:00:00Z\n", encoding="utf-8")
    with pytest.raises(DataError, match="user_id") as seen:
        load_events(SETTINGS, world.client, file, work_dir=tmp_path)
    assert seen.value.remedy


def test_a_mapping_to_a_field_that_does_not_exist(world: World) -> None:
    schema = world.api.catalog("GET", f"/dataSets/{world.dataset}")[world.dataset]["schemaRef"]
    mappings = [{"sourceType": "ATTRIBUTE", "source": "a", "destination": "_acme.nowhere"}]
    body = {"version": 0, "outputSchema": {"schemaRef": schema}, "mappings": mappings}
    answer = world.api.call("POST", "/data/foundation/conversion/mappingSets", json=body)
    assert (answer.status_code, "_acme.nowhere" in answer.text) == (400, True)
    with pytest.raises(PlatformError, match=r"_acme\.nowhere") as seen:
        world.client.mappings.create(body)
    assert (seen.value.service, seen.value.status) == ("Data Prep", 400)


def test_a_rule_that_is_no_pql(world: World) -> None:
    rule = {"type": "PQL", "format": "pql/text", "value": "_acme.score >= and 1"}
    body = {"name": "wrong", "expression": rule, "schema": {"name": "_xdm.context.profile"}}
    answer = world.api.expect(400, "POST", DEFINITIONS, json=body)
    assert "at character" in json.dumps(answer.json())
    with pytest.raises(PlatformError, match="at character") as seen:
        world.client.segmentation.create("wrong", "_acme.score >= and 1", "d")
    assert (seen.value.service, seen.value.status) == ("Segmentation", 400)
    assert world.client.segmentation.find("wrong") is None


def test_a_name_that_another_audience_has(world: World) -> None:
    first = world.client.segmentation.create("Taken", "_acme.score >= 0.5", "d")
    second = world.client.segmentation.create("Free", "_acme.score >= 0.6", "d")
    rule = {"type": "PQL", "format": "pql/text", "value": "_acme.score >= 0.7"}
    body = {"name": "Taken", "expression": rule, "schema": {"name": "_xdm.context.profile"}}
    answer = world.api.call("POST", DEFINITIONS, json=body)
    assert (answer.status_code >= 400, "Taken" in answer.text) == (True, True)
    with pytest.raises(Conflict, match="Taken"):
        world.client.segmentation.change(second.id, "Taken", "_acme.score >= 0.6", "d")
    assert world.client.segmentation.create("Taken", "_acme.score >= 0.7", "d").id == first.id
    assert world.client.segmentation.definition(first.id).pql == "_acme.score >= 0.5"
