"""A batch is in the lake as a whole or not at all, and a bad one says what is wrong with it."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from tests.integration.local_api import CONTEXT, EVENTS, PROFILES, TIME, Json, LocalApi, local_api, parquet, start, stop

FIELDS = {
    "score": {"type": "number", "minimum": 0, "maximum": 1},
    "rank": {"type": "integer", "minimum": 1, "maximum": 100},
    "born": {"type": "string", "format": "date"},
    "asOf": {"type": "string", "format": "date-time"},
    "optOut": {"type": "boolean"},
    "tags": {"type": "array", "items": {"type": "string"}},
}
EXPORT = "/data/foundation/export"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("ingestion") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def dataset(api: LocalApi) -> str:
    return api.make("ingested", PROFILES, FIELDS)[1]


@pytest.fixture(scope="module")
def events(api: LocalApi) -> str:
    return api.make("happened", EVENTS, {}, [CONTEXT + "experienceevent-web", CONTEXT + "experienceevent-commerce"])[1]


def user(name: Any, **fields: Any) -> Json:
    return {"_acme": {"userId": name, **fields}}


def lines(*records: Any) -> str:
    return "\n".join(record if isinstance(record, str) else json.dumps(record) for record in records)


def row_errors(api: LocalApi, batch: str) -> list[Json]:
    path = f"{EXPORT}/batches/{batch}/meta"
    found = api.expect(200, "GET", path, params={"path": "row_errors"}).json()["data"]
    texts = [api.expect(200, "GET", path, params={"path": f"row_errors/{item['name']}"}).text for item in found]
    return [json.loads(line) for text in texts for line in text.splitlines()]


@pytest.mark.parametrize("format", ["parquet", "json", "csv"])
def test_every_format_arrives_with_the_datasets_types(api: LocalApi, dataset: str, format: str) -> None:
    record = {
        "userId": "00042 ",
        "score": 0.5,
        "rank": 7,
        "born": "2000-02-29",
        "asOf": "2026-11-09T02:00:00.123+02:00",
    }
    moment = datetime(2026, 11, 9, 0, 0, 0, 123000, tzinfo=UTC)
    if format == "parquet":
        typed = pa.struct([("userId", pa.string()), ("score", pa.float64()), ("rank", pa.int64()), ("asOf", TIME)])
        values = {"userId": "00042 ", "score": 0.5, "rank": 7, "asOf": moment}
        data: bytes | str = parquet([{"_acme": values}], pa.schema([("_acme", typed)]))
    elif format == "json":
        data = lines({"_acme": record})
    else:
        data = ",".join(f"_acme.{name}" for name in record) + "\n" + ",".join(str(v) for v in record.values()) + "\n"
    batch, found = api.ingest(dataset, data, format)
    assert found["status"] == "success", found
    (row,) = api.rows(batch)
    assert row["_acme"]["userId"] == "00042 "
    assert (row["_acme"]["score"], row["_acme"]["rank"], row["_acme"]["asOf"]) == (0.5, 7, moment)


def test_the_stored_columns_are_those_of_the_schema(api: LocalApi, events: str) -> None:
    batch, _ = api.ingest(events, lines({"_id": "1", "timestamp": "2026-01-01T00:00:00Z", **user("u")}), "json")
    file = api.expect(200, "GET", f"{EXPORT}/batches/{batch}/files").json()["data"][0]
    path = f"{EXPORT}/files/{file['dataSetFileId']}"
    name = api.expect(200, "GET", path).json()["data"][0]["name"]
    schema = pq.read_schema(io.BytesIO(api.expect(200, "GET", path, params={"path": name}).content))
    assert schema.field("timestamp").type == TIME
    assert schema.field("commerce").type.field("order").type.field("priceTotal").type == pa.float64()
    assert pa.types.is_map(schema.field("identityMap").type)


def test_an_identity_map_arrives_from_json(api: LocalApi, events: str) -> None:
    identities = {"ECID": [{"id": "1", "primary": True}], "Email": [{"id": "a@b.c"}]}
    record = {"_id": "1", "timestamp": "2026-01-01T00:00:00Z", "identityMap": identities, **user("u")}
    batch, found = api.ingest(events, lines(record), "json")
    assert found["status"] == "success", found
    stored = dict(api.rows(batch)[0]["identityMap"])
    assert stored["ECID"][0]["primary"] is True


def test_multi_line_json_is_one_array(api: LocalApi, dataset: str) -> None:
    text = json.dumps([user("a"), user("b", tags=["x", "y"])], indent=2)
    batch, found = api.ingest(dataset, text, "json", inputFormat={"isMultiLineJson": True})
    assert found["metrics"]["outputRecordCount"] == 2
    assert api.rows(batch)[1]["_acme"]["tags"] == ["x", "y"]


@pytest.mark.parametrize(
    ("record", "code", "said"),
    [
        (user("a", score="high"), "1401", "_acme.score cannot be converted to double"),
        (user("a", score=1.5), "1401", "_acme.score is above its maximum 1"),
        (user("a", rank=0), "1401", "_acme.rank is below its minimum 1"),
        (user("a", rank=1.5), "1401", "_acme.rank cannot be converted to int"),
        (user("a", rank=3_000_000_000), "1401", "_acme.rank cannot be converted to int"),
        (user("a", born="29.02.2000"), "1401", "_acme.born cannot be converted to date"),
        (user("a", asOf="2026-11-09T00:00:00"), "1401", "_acme.asOf cannot be converted to date-time"),
        (user("a", optOut="maybe"), "1401", "_acme.optOut cannot be converted to boolean"),
        (user("a", tags="x"), "1401", "_acme.tags cannot be converted to array"),
        (user("a", surprise=1), "1401", "no field _acme.surprise"),
        (user(None), "1555", "primary identity _acme.userId is missing or empty"),
        (user(""), "1555", "primary identity _acme.userId is missing or empty"),
        ({"personID": "p"}, "1555", "primary identity _acme.userId is missing or empty"),
        ('{"_acme": {', "1401", "corrupted"),
        ("[1]", "1401", "not a JSON object"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason_and_the_others_arrive(
    api: LocalApi, dataset: str, record: Any, code: str, said: str
) -> None:
    data = lines(user("good"), record, user("also good"))
    batch, found = api.ingest(dataset, data, "json", partialIngestionPercent=50, enableErrorDiagnostics=True)
    assert found["status"] == "success", found
    assert (found["metrics"]["outputRecordCount"], found["metrics"]["failedRecordCount"]) == (2, 1)
    assert found["errors"][0]["code"] == "INGEST-1212-400"
    assert sorted(row["_acme"]["userId"] for row in api.rows(batch)) == ["also good", "good"]
    (error,) = row_errors(api, batch)
    assert error["_errors"][0]["code"] == code
    assert said in error["_errors"][0]["message"]
    assert error["_filename"] == "part.parquet"


def test_without_tolerance_one_bad_row_fails_the_batch_and_nothing_is_visible(api: LocalApi, dataset: str) -> None:
    before = api.row_count(dataset)
    batch, found = api.ingest(dataset, parquet([user("a"), user("")]))
    assert found["status"] == "failed"
    assert found["errors"][0]["code"] == "INGEST-1211-400"
    assert found["metrics"]["failedRecordCount"] == 1
    assert api.row_count(dataset) == before
    failed = api.expect(200, "GET", f"{EXPORT}/batches/{batch}/failed").json()["data"]
    assert [item["name"] for item in failed] == ["part.parquet"]
    content = api.expect(200, "GET", f"{EXPORT}/batches/{batch}/failed", params={"path": "part.parquet"}).content
    assert pq.read_table(io.BytesIO(content)).num_rows == 2


def test_an_event_without_id_or_time_is_refused(api: LocalApi, events: str) -> None:
    good = {"_id": "1", "timestamp": "2026-01-01T00:00:00Z", **user("u")}
    bad = [{key: value for key, value in good.items() if key != missing} for missing in ("_id", "timestamp")]
    options: Json = {"partialIngestionPercent": 90, "enableErrorDiagnostics": True}
    batch, _ = api.ingest(events, lines(good, *bad), "json", **options)
    said = {error["_errors"][0]["message"] for error in row_errors(api, batch)}
    assert said == {"The required field _id is missing.", "The required field timestamp is missing."}


def _in_microseconds() -> bytes:
    moments = pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
    struct = pa.StructArray.from_arrays([pa.array(["u"]), moments], names=["userId", "asOf"])
    return parquet_of(pa.table({"_acme": struct}))


def parquet_of(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("format", "data", "code", "said"),
    [
        ("parquet", parquet([user("a")])[:-40], "0070000017", "not readable as Parquet"),
        ("parquet", b"", "106", "empty"),
        ("parquet", _in_microseconds(), "0070000017", "must be TIMESTAMP_MILLIS"),
        ("parquet", parquet([user("a", surprise="x")]), "0070000017", "_acme.surprise"),
        ("parquet", parquet([{"_acme": "a"}]), "0070000017", "TypeCompatibilityException"),
        ("parquet", parquet([user({"deep": 1})]), "0070000017", "TypeCompatibilityException: _acme.userId"),
        ("csv", "", "106", "empty"),
        ("csv", ",,\n1,2,3\n", "118", "no header row"),
        ("csv", "_acme.userId,_acme.surprise\nu,1\n", "0070000017", "_acme.surprise"),
        ("csv", "_acme.score\n0.5\n", "INGEST-1211-400", "1 errors"),
        ("json", "", "106", "empty"),
    ],
)
def test_a_malformed_file_fails_the_batch(
    api: LocalApi, dataset: str, format: str, data: bytes | str, code: str, said: str
) -> None:
    _, found = api.ingest(dataset, data, format)
    assert found["status"] == "failed"
    assert found["errors"][0]["code"] == code
    assert said in found["errors"][0]["description"]


def test_a_replaced_batch_leaves_when_its_successor_succeeds_and_only_then(api: LocalApi) -> None:
    _, dataset = api.make("replaced", PROFILES, {})
    first, _ = api.ingest(dataset, parquet([user("a"), user("b")]), externalId="scores-1")
    replay = {"predecessors": [f"${first}"], "predecessorsByExternalId": [], "reason": "replace"}
    failed, _ = api.ingest(dataset, parquet([user("")]), externalId="scores-1-r1", replay=replay)
    assert (api.batch(failed)["status"], api.batch(first)["status"]) == ("failed", "success")
    assert api.row_count(dataset) == 2
    by_name = {"predecessorsByExternalId": ["$scores-1"], "reason": "replace"}
    second, found = api.ingest(dataset, parquet([user("c")]), externalId="scores-1-r2", replay=by_name)
    assert found["replay"]["predecessors"] == [first]
    assert api.batch(first)["status"] == "inactive"
    assert api.row_count(dataset) == 1
    assert api.batch(second)["status"] == "success"


def test_a_reverted_batch_is_inactive_and_gone_from_the_table(api: LocalApi) -> None:
    _, dataset = api.make("reverted", PROFILES, {})
    batch, _ = api.ingest(dataset, parquet([user("a")]))
    api.act(batch, "REVERT")
    assert api.wait(batch, "inactive")["status"] == "inactive"
    assert api.row_count(dataset) == 0
    assert "inactive" in api.act(batch, "REVERT", 400).json()["detail"]


def test_actions_in_the_wrong_state_are_refused_and_complete_may_be_repeated(api: LocalApi, dataset: str) -> None:
    batch = api.open_batch(dataset)
    assert "no files" in api.act(batch, "COMPLETE", 400).json()["detail"]
    assert "only a batch in success" in api.act(batch, "REVERT", 400).json()["detail"]
    api.upload(batch, dataset, parquet([user("a")]))
    assert api.act(batch, "COMPLETE").content == b""
    api.act(batch, "COMPLETE")
    api.wait(batch)
    api.act(batch, "COMPLETE")
    assert "success" in api.act(batch, "ABORT", 400).json()["detail"]
    aborted = api.open_batch(dataset)
    api.act(aborted, "ABORT")
    assert api.batch(aborted)["status"] == "aborted"
    api.act(aborted, "COMPLETE", 400)
    failed = api.open_batch(dataset)
    api.act(failed, "FAIL")
    assert api.batch(failed)["status"] == "failed"
    api.act(failed, "DANCE", 400)
    api.act("01NONE", "COMPLETE", 404)


def test_a_repeated_upload_replaces_the_file(api: LocalApi, dataset: str) -> None:
    batch = api.open_batch(dataset)
    api.upload(batch, dataset, parquet([user("first")]), "deep/er/part.parquet")
    api.upload(batch, dataset, parquet([user("second")]), "deep/er/part.parquet")
    api.act(batch, "COMPLETE")
    api.wait(batch)
    assert [row["_acme"]["userId"] for row in api.rows(batch)] == ["second"]


def test_an_external_id_is_taken_once(api: LocalApi, dataset: str) -> None:
    api.open_batch(dataset, externalId="only-once")
    assert "only-once" in api.open_batch(dataset, status=400, externalId="only-once")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"datasetId": "64f0c1a2b3d4e5f6a7b8c9d0"}, "does not exist"),
        ({"inputFormat": {"format": "avro"}}, "avro"),
        ({"partialIngestionPercent": 101}, "101"),
        ({"replay": {"predecessors": ["01NONE"]}}, "leading '$'"),
        ({"replay": {"predecessors": ["$01NONE"]}}, "no batch of this dataset"),
    ],
)
def test_a_batch_that_makes_no_sense_is_not_opened(api: LocalApi, dataset: str, change: Json, said: str) -> None:
    body = {"datasetId": dataset, "inputFormat": {"format": "parquet"}, **change}
    answer = api.expect(400, "POST", "/data/foundation/import/batches", json=body)
    assert said in answer.json()["detail"]


def test_uploads_that_cannot_belong_are_refused(api: LocalApi, dataset: str, events: str) -> None:
    batch = api.open_batch(dataset)
    octets = {"Content-Type": "application/octet-stream"}
    api.expect(415, "PUT", api.file_path(batch, dataset, "x"), data=b"x", headers={"Content-Type": "text/plain"})
    api.expect(404, "PUT", api.file_path(batch, events, "x"), data=b"x", headers=octets)
    api.expect(404, "PUT", api.file_path("01NONE", dataset, "x"), data=b"x", headers=octets)
    api.expect(414, "PUT", api.file_path(batch, dataset, "x" * 2000), data=b"x", headers=octets)
    api.expect(400, "PUT", api.file_path(batch, dataset, "a%2F..%2F..%2Fx"), data=b"x", headers=octets)
    api.act(batch, "ABORT")
    api.expect(400, "PUT", api.file_path(batch, dataset, "x"), data=b"x", headers=octets)


def test_a_large_file_arrives_in_parts_and_can_be_continued(api: LocalApi, dataset: str) -> None:
    data = parquet([user(str(number)) for number in range(5000)])
    batch = api.open_batch(dataset)
    path = api.file_path(batch, dataset, "large.parquet")
    half = len(data) // 2

    def send(first: int, last: int, status: int = 200) -> requests.Response:
        headers = {"Content-Type": "application/octet-stream", "Content-Range": f"bytes {first}-{last}/{len(data)}"}
        return api.expect(status, "PATCH", path, data=data[first : last + 1], headers=headers)

    api.expect(404, "HEAD", path)
    assert api.expect(201, "POST", path + "?action=INITIALIZE", headers={"Content-Length": "0"}).content == b""
    send(half, len(data) - 1)
    assert "gaps" in api.expect(400, "POST", path + "?action=COMPLETE").json()["detail"]
    api.act(batch, "COMPLETE", 400)
    assert api.expect(200, "HEAD", path).headers["Range"] == f"bytes={half}-{len(data) - 1}"
    send(0, half - 1)
    send(0, half - 1)
    assert api.expect(200, "HEAD", path).headers["Range"] == f"bytes=0-{len(data) - 1}"
    api.expect(200, "POST", path + "?action=COMPLETE")
    api.act(batch, "COMPLETE")
    assert api.wait(batch)["metrics"]["outputRecordCount"] == 5000


def test_states_take_their_documented_time_on_the_movable_clock(tmp_path: Path) -> None:
    with local_api(tmp_path / "data", "--delays", "documented") as api:
        _, dataset = api.make("slow", PROFILES, {})
        batch = api.open_batch(dataset)
        api.upload(batch, dataset, parquet([user("a")]))
        api.act(batch, "COMPLETE")
        assert api.batch(batch)["status"] == "loaded"
        secret = {"Authorization": f"Bearer {api.ready['client_secret']}"}
        clock = api.ready["control_url"] + "/clock"
        requests.post(clock, headers=secret, json={"advance_seconds": 61}, timeout=60)
        assert api.batch(batch)["status"] == "processing"
        requests.post(clock, headers=secret, json={"advance_seconds": 61}, timeout=60)
        assert api.batch(batch)["status"] == "success"


def test_a_batch_completed_before_a_kill_is_promoted_after_it(tmp_path: Path) -> None:
    api = start(tmp_path / "data", "--delays", "documented")
    _, dataset = api.make("killed", PROFILES, {})
    batch = api.open_batch(dataset)
    api.upload(batch, dataset, parquet([user("a")]))
    api.act(batch, "COMPLETE")
    loading = api.open_batch(dataset)
    api.upload(loading, dataset, parquet([user("b")]))
    stop(api, kill=True)
    with local_api(tmp_path / "data") as again:
        assert again.wait(batch)["status"] == "success"
        again.act(loading, "COMPLETE")
        assert again.wait(loading)["status"] == "success"
        assert again.row_count(dataset) == 2


def test_a_million_events_are_promoted_in_seconds(api: LocalApi, events: str) -> None:
    count = 1_300_000
    ids = pa.array(np.arange(count)).cast(pa.string())
    times = pa.array(np.full(count, 1_790_000_000_000)).cast(pa.timestamp("ms")).cast(TIME)
    users = pa.StructArray.from_arrays([ids], names=["userId"])
    types = pa.array(["web.webpagedetails.pageViews"] * count)
    table = pa.table({"_id": ids, "timestamp": times, "eventType": types, "_acme": users})
    batch = api.open_batch(events)
    api.upload(batch, events, parquet_of(table))
    began = time.monotonic()
    api.act(batch, "COMPLETE")
    found = api.wait(batch)
    assert found["metrics"]["outputRecordCount"] == count
    # Alone on two cores it takes about two seconds; other tests may share them.
    assert time.monotonic() - began < 30
