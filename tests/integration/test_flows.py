"""Flow Service over HTTP: objects, etags, runs, dataset export to the landing zone."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.rest import FLOWS, Json, Rest, running, start

ADHOC = "/data/core/activation/disflowprovider/adhocrun"
DATASET_ACCEPT = "application/vnd.adobe.adhoc.dataset.activation+json; version=1"
LAKE = {"id": "23598e46-f560-407b-88d5-ea6207e49db0", "version": "1.0"}
ZONE = {"id": "10440537-2a7b-4583-ac39-ed38d4b848e8", "version": "1.0"}
DATASET_FLOW = {"id": "cd2fc47e-e838-4f38-a581-8fff2f99b63a", "version": "1.0"}
SCHEDULE = {
    "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
    "timeUnit": "day",
    "interval": 1,
    "startTime": 1_700_000_000,
    "endTime": 4_000_000_000,
}


def numbers(first: int, count: int) -> pa.Table:
    kind = pa.struct([("userId", pa.string()), ("number", pa.int32())])
    rows = [{"userId": f"u{value}", "number": value} for value in range(first, first + count)]
    return pa.table({"_acme": pa.array(rows, kind)})


def export_flow(rest: Rest, dataset: str, path: str, params: Json | None = None, schedule: Json | None = None) -> str:
    source = rest.ok(
        "POST",
        f"{FLOWS}/sourceConnections",
        {"name": "source", "connectionSpec": LAKE, "params": {"datasets": [{"dataSetId": dataset, "name": "d"}]}},
    )
    base = rest.ok("POST", f"{FLOWS}/connections", {"name": "dlz", "connectionSpec": ZONE})
    target = rest.ok(
        "POST",
        f"{FLOWS}/targetConnections",
        {
            "name": "target",
            "baseConnectionId": base["id"],
            "connectionSpec": ZONE,
            "params": {"path": path, "compression": "NONE", "datasetFileType": "PARQUET", **(params or {})},
        },
    )
    flow = rest.ok(
        "POST",
        f"{FLOWS}/flows",
        {
            "name": f"export {path}",
            "flowSpec": DATASET_FLOW,
            "sourceConnectionIds": [source["id"]],
            "targetConnectionIds": [target["id"]],
            "transformations": [],
            "scheduleParams": {**SCHEDULE, **(schedule or {})},
        },
    )
    assert flow["etag"].startswith('"')
    return str(flow["id"])


def export_now(rest: Rest, flow: str, dataset: str) -> Json:
    body = {"activationInfo": {"destinations": [{"flowId": flow, "datasets": [{"id": dataset}]}]}}
    answer = rest.ok("POST", ADHOC, body, Accept=DATASET_ACCEPT)
    return rest.run(answer["destinations"][0]["datasets"][0]["statusURL"].rpartition("/")[2])


def exported(rest: Rest, path: str) -> list[int]:
    """The numbers in all Parquet files below a path."""
    files = {key: content for key, content in rest.files().items() if key.startswith(path + "/")}
    tables = [pq.read_table(io.BytesIO(content)) for content in files.values()]
    return sorted(row["_acme"]["number"] for table in tables for row in table.to_pylist())


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("flows")) as platform:
        yield platform


@pytest.fixture(scope="module")
def dataset(rest: Rest, tmp_path_factory: pytest.TempPathFactory) -> str:
    id = rest.dataset("numbers", {"number": {"type": "integer", "minimum": 0, "maximum": 1000}}, profile=False)
    rest.ingest(id, numbers(0, 10), tmp_path_factory.mktemp("files") / "numbers.parquet")
    return id


def test_everything_is_exported_once_and_increments_after(rest: Rest, dataset: str, tmp_path: Path) -> None:
    flow = export_flow(rest, dataset, "increments/numbers")
    first = export_now(rest, flow, dataset)
    assert first["metrics"]["recordSummary"]["outputRecordCount"] == 10
    assert first["metrics"]["fileSummary"] == {"inputFileCount": 1, "outputFileCount": 1}
    assert exported(rest, "increments/numbers") == list(range(10))
    rest.ingest(dataset, numbers(100, 3), tmp_path / "numbers.parquet")
    second = export_now(rest, flow, dataset)
    assert second["metrics"]["recordSummary"]["outputRecordCount"] == 3
    assert exported(rest, "increments/numbers") == [*range(10), 100, 101, 102]
    third = export_now(rest, flow, dataset)
    assert third["metrics"]["statusSummary"]["status"] == "success"
    assert third["metrics"]["recordSummary"]["outputRecordCount"] == 0
    runs = rest.ok("GET", f"{FLOWS}/runs?property=flowId=={flow}&orderby=-createdAt&limit=10")["items"]
    assert [run["id"] for run in runs] == [third["id"], second["id"], first["id"]]
    assert rest.ok("GET", f"{FLOWS}/flows/{flow}")["items"][0]["lastRunDetails"]["state"] == "success"


def test_files_lie_where_the_documentation_says(rest: Rest, dataset: str) -> None:
    export_now(rest, export_flow(rest, dataset, "layout/plain"), dataset)
    key = min(key for key in rest.files() if key.startswith("layout/plain/"))
    _, _, folder, time, name = key.split("/")
    assert folder == dataset
    assert time.startswith("exportTime=")
    assert len(time.removeprefix("exportTime=")) == 12
    assert name.startswith("part-00000-")
    assert name.endswith(".parquet")
    template = {"folderNameTemplate": "%DESTINATION%_%DATASET_ID%_%DATETIME(YYYYMMdd_HHmmss)%"}
    export_now(rest, export_flow(rest, dataset, "layout/template", schedule=template), dataset)
    key = min(key for key in rest.files() if key.startswith("layout/template/"))
    assert key.split("/")[2].startswith(f"dlz_{dataset}_20")


def test_json_export_is_always_compressed(rest: Rest, dataset: str) -> None:
    export_now(rest, export_flow(rest, dataset, "json", {"datasetFileType": "JSON", "compression": "GZIP"}), dataset)
    contents = [
        content for key, content in rest.files().items() if key.startswith("json/") and key.endswith(".json.gz")
    ]
    rows = [json.loads(line) for content in contents for line in gzip.decompress(content).splitlines()]
    assert rows[0]["_acme"]["userId"].startswith("u")


def test_datasets_that_can_be_exported_are_listed(rest: Rest, dataset: str) -> None:
    query = "outputType=activationDatasets&outputField=datasets&start=0&limit=100"
    answer = rest.ok("GET", f"{FLOWS}/connectionSpecs/{LAKE['id']}/configs?{query}")
    assert dataset in [item["id"] for item in answer["items"]]
    assert answer["pageInfo"]["hasNext"] is False


def test_a_change_needs_the_current_etag(rest: Rest, dataset: str) -> None:
    flow = export_flow(rest, dataset, "etags")
    path = f"{FLOWS}/flows/{flow}"
    etag = rest.ok("GET", path)["items"][0]["etag"]
    change = [{"op": "replace", "path": "/scheduleParams/interval", "value": 1}]
    new = rest.ok("PATCH", path, change, If_Match=etag)["etag"]
    assert new != etag
    status, text = rest.refused("PATCH", path, change, If_Match=etag)
    assert status == 412
    assert "does not match the current version" in text
    assert rest.refused("PATCH", path, change)[0] == 400
    bad = [{"op": "replace", "path": "/scheduleParams/interval", "value": 7}]
    assert rest.refused("PATCH", path, bad, If_Match=new)[0] == 400
    rest.ok("POST", f"{path}/action?op=disable")
    assert rest.ok("GET", path)["items"][0]["state"] == "disabled"


def test_pages_follow_by_a_token_alone(rest: Rest, dataset: str) -> None:
    for number in range(3):
        rest.ok("POST", f"{FLOWS}/connections", {"name": f"paged {number}", "connectionSpec": ZONE})
    href = "/connections?property=connectionSpec.id==10440537-2a7b-4583-ac39-ed38d4b848e8&orderby=-createdAt&limit=2"
    seen: list[str] = []
    while href:
        answer = rest.ok("GET", FLOWS + href)
        seen += [item["id"] for item in answer["items"]]
        href = answer["_links"]["next"]["href"]
        assert not href or href.partition("?")[2].startswith("continuationToken=")
        assert "&" not in href
    total = rest.ok("GET", f"{FLOWS}/connections?limit=100")["items"]
    assert sorted(seen) == sorted(item["id"] for item in total)
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("kind", "body", "status", "message"),
    [
        ("connections", {"name": "x", "connectionSpec": {"id": "nonsense", "version": "1.0"}}, 400, "valid spec id"),
        ("connections", {"name": "x", "connectionSpec": {"id": ZONE["id"]}}, 422, "version"),
        ("connections", {"connectionSpec": ZONE}, 400, "name"),
        ("sourceConnections", {"name": "x", "connectionSpec": LAKE, "params": {"datasets": []}}, 400, "datasets"),
        (
            "sourceConnections",
            {"name": "x", "connectionSpec": LAKE, "params": {"datasets": [{"dataSetId": "0" * 24}]}},
            400,
            "no dataset",
        ),
        ("targetConnections", {"name": "x", "connectionSpec": ZONE, "params": {}}, 400, "baseConnectionId"),
        ("flows", {"name": "x", "flowSpec": {"id": "nonsense"}}, 400, "valid spec id"),
    ],
)
def test_object_that_cannot_work_is_refused(rest: Rest, kind: str, body: Json, status: int, message: str) -> None:
    seen, text = rest.refused("POST", f"{FLOWS}/{kind}", body)
    assert (seen, message in text) == (status, True), text


def test_export_cannot_leave_the_landing_zone(rest: Rest) -> None:
    base = rest.ok("POST", f"{FLOWS}/connections", {"name": "dlz", "connectionSpec": ZONE})["id"]
    for path in ("../outside", "a/../../b", "a\\b"):
        params = {"path": path, "datasetFileType": "PARQUET"}
        body = {"name": "x", "baseConnectionId": base, "connectionSpec": ZONE, "params": params}
        assert rest.refused("POST", f"{FLOWS}/targetConnections", body)[0] == 400


def test_unknown_objects_are_404_in_the_services_words(rest: Rest) -> None:
    status, text = rest.refused("GET", f"{FLOWS}/flows/f1000000-0000-4000-8000-0000000000f1")
    assert status == 404
    assert "flows not found with id = [f1000000" in text


def test_landing_zone_names_its_bucket_and_hands_out_keys_that_can_be_rotated(rest: Rest) -> None:
    path = "/data/foundation/connectors/landingzone"
    zone = rest.ok("GET", f"{path}?type=dlz_destination")
    assert zone["dlzProvider"] == "Amazon S3"
    first = rest.ok("GET", f"{path}/credentials?type=dlz_destination")
    assert set(first["credentials"]) == {"awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken"}
    assert first["dlzPath"] == zone["dlzPath"]
    second = rest.ok("POST", f"{path}/credentials?type=dlz_destination&action=refresh")
    assert second["credentials"]["awsAccessKeyId"] != first["credentials"]["awsAccessKeyId"]
    assert rest.refused("GET", f"{path}/credentials?type=other")[0] == 400


def test_new_flow_is_not_ready_for_ten_minutes_and_files_expire_after_seven_days(tmp_path: Path) -> None:
    with running(tmp_path, delays="documented") as rest:
        id = rest.dataset("numbers", {"number": {"type": "integer"}}, profile=False)
        rest.ingest(id, numbers(0, 4), tmp_path / "numbers.parquet", step=10.0)
        flow = export_flow(rest, id, "late", schedule={"endTime": 1_800_000_000, "startTime": 1_799_000_000})
        body = {"activationInfo": {"destinations": [{"flowId": flow, "datasets": [{"id": id}]}]}}
        status, text = rest.refused("POST", ADHOC, body, Accept=DATASET_ACCEPT)
        assert status == 400
        assert "please wait for 10 minutes and retry" in text
        rest.advance(601)
        url = rest.ok("POST", ADHOC, body, Accept=DATASET_ACCEPT)["destinations"][0]["datasets"][0]["statusURL"]
        run = url.rpartition("/")[2]
        status = rest.ok("GET", f"{FLOWS}/runs/{run}")["items"][0]["metrics"]["statusSummary"]["status"]
        assert status in ("waiting", "processing")
        rest.advance(300)
        assert rest.run(run)["metrics"]["statusSummary"]["status"] == "success"
        assert len(rest.files()) == 1
        rest.advance(8 * 86_400)
        assert rest.files() == {}


def test_schedule_exports_every_day(tmp_path: Path) -> None:
    with running(tmp_path) as rest:
        id = rest.dataset("numbers", {"number": {"type": "integer"}}, profile=False)
        rest.ingest(id, numbers(0, 4), tmp_path / "numbers.parquet")
        flow = export_flow(rest, id, "daily")
        for day in range(2):
            rest.advance(86_400)
            runs = rest.ok("GET", f"{FLOWS}/runs?property=flowId=={flow}")["items"]
            assert len(runs) == day + 1
        assert exported(rest, "daily") == [0, 1, 2, 3]


def test_exported_files_are_there_again_after_a_kill(tmp_path: Path) -> None:
    rest = start(tmp_path)
    id = rest.dataset("numbers", {"number": {"type": "integer"}}, profile=False)
    rest.ingest(id, numbers(0, 4), tmp_path / "numbers.parquet")
    flow = export_flow(rest, id, "kept")
    export_now(rest, flow, id)
    rest.kill()
    with running(tmp_path) as again:
        assert exported(again, "kept") == [0, 1, 2, 3]
        again.ingest(id, numbers(4, 2), tmp_path / "numbers.parquet")
        assert export_now(again, flow, id)["metrics"]["recordSummary"]["outputRecordCount"] == 2
