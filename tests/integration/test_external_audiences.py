"""External audiences: made from files of the drop zone, ingested in runs, seen like other audiences, gone in time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests.integration.rest import FLOWS, UPS, Json, Rest, running, start
from tests.integration.test_activation import activate, change, delivered, flow, selector

DAY = 86_400
BASE = "/data/core/ais/external-audience"
FIELDS: list[Json] = [
    {"name": "person", "type": "string", "identityNs": "ecid"},
    {"name": "list_id", "type": "string", "labels": ["core/C2"]},
    {"name": "points", "type": "integer"},
]


def described(name: str, path: str, **changes: object) -> Json:
    """A request for an audience of a file, or of the folder that the path is."""
    kind = "file" if path.endswith(".csv") else "folder"
    params = {"path": path, "type": kind, "sourceType": "Cloud Storage", "cloudType": "DLZ"}
    return {
        "name": name,
        "description": "uploaded",
        "fields": FIELDS,
        "sourceSpec": {"params": params},
        "ttlInDays": "40",
        "labels": ["core/C1"],
        "audienceType": "people",
        "originName": "CUSTOM_UPLOAD",
        **changes,
    }


def made(rest: Rest, name: str, path: str, **changes: object) -> str:
    """The id of a new audience."""
    answer = rest.send("POST", BASE, described(name, path, **changes))
    assert answer.status_code == 202, answer.text
    operation = f"{BASE}/operations/{answer.json()['operationId']}"
    rest.wait(lambda: rest.ok("GET", operation)["status"] != "PROCESSING", operation)
    found = rest.ok("GET", operation)
    assert found["status"] == "SUCCESS", found
    return str(found["audienceId"])


def ingested(rest: Rest, audience: str, **changes: object) -> Json:
    """A run once it has finished."""
    body = {"dataFilterStartTime": int(time.time()) - 3_600, **changes}
    run = rest.ok("POST", f"{BASE}/{audience}/runs", body)["runId"]
    path = f"{BASE}/{audience}/runs/{run}"
    rest.wait(lambda: rest.ok("GET", path)["status"] != "PROCESSING", path)
    found: Json = rest.ok("GET", path)
    return found


def memberships(rest: Rest, person: str) -> Json:
    """Status by namespace and audience of a profile; empty where there is no such profile."""
    path = f"{UPS}/access/entities?schema.name=_xdm.context.profile&entityId={person}&entityIdNS=ECID"
    answer = rest.send("GET", path)
    if answer.status_code == 404:
        return {}
    (entity,) = answer.json().values()
    spaces: Json = entity["entity"].get("segmentMembership", {})
    return {space: {id: item["status"] for id, item in ids.items()} for space, ids in spaces.items()}


def csv(*rows: str) -> bytes:
    return "\n".join(["person,list_id,points", *rows]).encode() + b"\n"


FIRST = csv("u1,a,1", "u2,b,2", "new,c,3", ",d,4", "u1,a,5")


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("external")) as platform:
        dataset = platform.dataset("people", {"score": {"type": "number"}})
        kind = pa.struct([("userId", pa.string()), ("score", pa.float64())])
        rows = [{"userId": user, "score": 0.5} for user in ("u1", "u2", "u3")]
        file = tmp_path_factory.mktemp("files") / "people.parquet"
        platform.ingest(dataset, pa.table({"_acme": pa.array(rows, kind)}), file)
        platform.drop("lists/first.csv", FIRST)
        yield platform


def test_an_audience_is_made_ingested_and_seen_like_others_after_the_daily_evaluation(rest: Rest) -> None:
    answer = rest.ok("POST", f"{BASE}/", described("Whole life", "dlz-user-container/lists/first.csv"))
    details = answer["operationDetails"]
    assert details["fields"][0] == {"name": "person", "type": "string", "identityNs": "ECID"}
    assert (details["ttlInDays"], details["namespace"]) == (40, "CustomerAudienceUpload")
    operation = f"{BASE}/operations/{answer['operationId']}"
    rest.wait(lambda: rest.ok("GET", operation)["status"] == "SUCCESS", operation)
    done = rest.ok("GET", operation)
    assert (done["audienceName"], done["operationDetails"]) == ("Whole life", details)
    id = done["audienceId"]

    [shown] = rest.ok("GET", f"{UPS}/audiences?name=whole%20life")["children"]
    assert (shown["id"], shown["type"], shown["originName"]) == (id, "ExternalSegment", "CUSTOM_UPLOAD")
    assert (shown["namespace"], shown["lifecycleState"]) == ("CustomerAudienceUpload", "published")
    assert rest.ok("GET", f"{UPS}/audiences/{id}") == shown

    run = ingested(rest, id)
    assert (run["status"], run["differentialIngestion"]) == ("SUCCESS", True)
    assert [(item["stage"], item["status"]) for item in run["details"]] == [
        ("DATASET_INGEST", "SUCCESS"),
        ("PROFILE_STORE_INGEST", "SUCCESS"),
    ]
    listed = rest.ok("GET", f"{BASE}/{id}/runs")["runs"]
    assert listed == [{name: value for name, value in run.items() if name != "details"}]

    dataset = rest.ok("GET", f"/data/foundation/catalog/dataSets/{shown['datasetId']}")[shown["datasetId"]]
    assert dataset["name"] == "Whole life"
    batches = rest.ok("GET", f"/data/foundation/catalog/batches?dataSet={shown['datasetId']}")
    # The row without an identity is nobody's.
    assert [batch["metrics"]["outputRecordCount"] for batch in batches.values()] == [4]
    assert memberships(rest, "u1") == {}
    rest.advance(DAY)
    assert memberships(rest, "u1") == memberships(rest, "u2") == {"CustomerAudienceUpload": {id: "realized"}}
    assert memberships(rest, "u3") == {}
    # Who had no profile has one now, without attributes: those of the file stay in the lake.
    path = f"{UPS}/access/entities?schema.name=_xdm.context.profile&entityId=new&entityIdNS=ECID"
    [orphan] = rest.ok("GET", path).values()
    assert set(orphan["entity"]) == {"identityMap", "segmentMembership"}
    # An export of all profiles has no row to write for it.
    target = rest.dataset("exported", {"score": {"type": "number"}}, profile=False)
    job = rest.ok("POST", f"{UPS}/export/jobs", {"destination": {"datasetId": target}})["id"]
    export = f"{UPS}/export/jobs/{job}"
    rest.wait(lambda: rest.ok("GET", export)["status"] in ("SUCCEEDED", "FAILED"), export)
    exported = rest.ok("GET", export)
    assert (exported["status"], exported["metrics"]["totalExportedProfileCounter"]) == ("SUCCEEDED", 3), exported[
        "errors"
    ]


def test_a_run_adds_people_or_replaces_them_and_a_row_without_data_clears_the_audience(rest: Rest) -> None:
    rest.drop("changing/1.csv", csv("u1,a,1"))
    id = made(rest, "Changing", "changing")

    def now() -> set[str]:
        rest.advance(DAY)
        space = "CustomerAudienceUpload"
        return {user for user in ("u1", "u2", "u3") if memberships(rest, user).get(space, {}).get(id) == "realized"}

    ingested(rest, id)
    assert now() == {"u1"}
    rest.drop("changing/1.csv", csv("u2,a,1"))
    ingested(rest, id)
    assert now() == {"u1", "u2"}
    rest.drop("changing/1.csv", csv("u3,a,1"))
    ingested(rest, id, differentialIngestion=False)
    assert now() == {"u3"}
    assert memberships(rest, "u1")["CustomerAudienceUpload"][id] == "exited"
    rest.drop("changing/1.csv", csv(",,"))
    assert ingested(rest, id, differentialIngestion=False)["status"] == "SUCCESS"
    assert now() == set()


def test_members_are_activated_until_their_days_are_over(rest: Rest) -> None:
    id = made(rest, "Activated", "lists/first.csv", ttlInDays=1)
    ingested(rest, id)
    export = flow(rest, "external")
    activate(
        rest, export, id, [{"sourceType": "text/x.schema-path", "source": "identityMap.ECID", "destination": "user"}]
    )
    assert rest.refused("DELETE", f"{BASE}/{id}")[0] == 422
    assert rest.refused("DELETE", f"{UPS}/audiences/{id}")[0] == 400
    rest.ok("PATCH", f"{BASE}/{id}", {"ttlInDays": 3})
    rest.advance(DAY)
    [content] = delivered(rest, "external")
    assert sorted(content.decode().split()) == ["new", "u1", "u2", "user"]
    rest.advance(3 * DAY)
    assert id not in memberships(rest, "u1").get("CustomerAudienceUpload", {})
    data = rest.ok("GET", f"{UPS}/audiences/{id}")["datasetId"]
    batches = rest.ok("GET", f"/data/foundation/catalog/batches?dataSet={data}").values()
    assert [batch["status"] for batch in batches] == ["inactive"]
    before = len(delivered(rest, "external"))
    rest.advance(DAY)
    assert len(delivered(rest, "external")) == before
    other = flow(rest, "external again")
    status, text = rest.refused(
        "PATCH",
        f"{FLOWS}/flows/{other}",
        [{"op": "add", "path": "/transformations/0/params/segmentSelectors/selectors/-", "value": selector(rest, id)}],
        If_Match=rest.ok("GET", f"{FLOWS}/flows/{other}")["items"][0]["etag"],
    )
    assert (status, "has expired" in text) == (400, True)
    # Ingested again, it has members again; its file is gone from the drop zone by now.
    rest.drop("lists/first.csv", FIRST)
    ingested(rest, id)
    rest.advance(DAY)
    assert memberships(rest, "u1")["CustomerAudienceUpload"][id] == "realized"
    change(rest, export, ("segmentSelectors/selectors", []))
    assert rest.send("DELETE", f"{BASE}/{id}").status_code == 204
    assert id not in memberships(rest, "u1").get("CustomerAudienceUpload", {})
    assert rest.refused("GET", f"/data/foundation/catalog/dataSets/{data}")[0] == 404
    assert rest.refused("GET", f"{BASE}/{id}/runs")[0] == 404


def test_description_labels_and_days_are_changed_and_nothing_else(rest: Rest) -> None:
    id = made(rest, "Patched", "lists/first.csv")
    body = {"description": "new", "labels": [], "fields": [{"name": "points", "labels": ["core/C3"]}], "ttlInDays": 90}
    found = rest.ok("PATCH", f"{BASE}/{id}", body)
    assert (found["audienceId"], found["audienceName"], found["ttlInDays"]) == (id, "Patched", 90)
    assert [field.get("labels") for field in found["fields"]] == [None, ["core/C2"], ["core/C3"]]
    for wrong in ({"name": "x"}, {}, {"ttlInDays": 91}, {"fields": [{"name": "points", "type": "string"}]}):
        status, text = rest.refused("PATCH", f"{BASE}/{id}", wrong)
        assert (status, "100910-400" in text) == (400, True), (wrong, text)
    renamed = rest.send("PUT", f"{UPS}/audiences/{id}", {"name": "Renamed"})
    assert (renamed.status_code, renamed.json()["name"]) == (201, "Renamed")
    patch = [{"op": "add", "path": "/namespace", "value": "other"}]
    assert "namespace is an immutable field" in rest.refused("PATCH", f"{UPS}/audiences/{id}", patch)[1]


SOURCE = described("x", "lists/first.csv")["sourceSpec"]["params"]
KEY = {"name": "k", "type": "string", "identityNs": "ECID"}


@pytest.mark.parametrize(
    ("wrong", "status", "message"),
    [
        ({"name": " "}, 400, "name is missing"),
        ({"originName": "ELSEWHERE"}, 400, "must be CUSTOM_UPLOAD"),
        ({"audienceType": "accounts"}, 400, "only people"),
        ({"ttlInDays": 0}, 400, "expected 1 to 90"),
        ({"ttlInDays": 91}, 400, "expected 1 to 90"),
        ({"ttlInDays": True}, 400, "expected 1 to 90"),
        ({"labels": "core/C1"}, 400, "labels must be a list"),
        ({"namespace": "ups"}, 400, "namespace 'ups'"),
        ({"expressActivation": True}, 400, "'expressActivation' is no property"),
        ({"customAudienceId": "a b"}, 400, "customAudienceId"),
        ({"fields": []}, 400, "a list of 1 to 25"),
        ({"fields": [{"name": f"f{n}", "type": "string"} for n in range(26)]}, 400, "a list of 1 to 25"),
        ({"fields": [{"name": "a", "type": "string"}]}, 400, "0 fields have an identityNs"),
        ({"fields": [KEY, {**KEY, "name": "l"}]}, 400, "2 fields have an identityNs"),
        ({"fields": [{**KEY, "type": "long"}]}, 400, "an identity is a string"),
        ({"fields": [KEY, {"name": "K", "type": "string"}]}, 400, "twice"),
        ({"fields": [KEY, {"name": "a.b", "type": "string"}]}, 400, "cannot be a column"),
        ({"fields": [KEY, {"name": "a", "type": "map"}]}, 400, "expected one of string, number"),
        ({"fields": [{**KEY, "identityNs": "Nobody"}]}, 422, "no identity namespace 'Nobody'"),
        ({"sourceSpec": SOURCE}, 400, "sourceSpec.params is missing"),
        ({"sourceSpec": {"params": {**SOURCE, "path": "a b.csv"}}}, 400, "cannot contain spaces"),
        ({"sourceSpec": {"params": {**SOURCE, "path": "../x.csv"}}}, 400, "no name may"),
        ({"sourceSpec": {"params": {**SOURCE, "path": "a/.x.csv"}}}, 400, "no path inside"),
        ({"sourceSpec": {"params": {**SOURCE, "type": "bucket"}}}, 400, "expected file or folder"),
        ({"sourceSpec": {"params": {**SOURCE, "cloudType": None}}}, 400, "expected one of S3, DLZ"),
        ({"sourceSpec": {"params": {**SOURCE, "cloudType": "S3"}}}, 400, "baseConnectionId is required"),
        ({"sourceSpec": {"params": {**SOURCE, "cloudType": "S3", "baseConnectionId": "?"}}}, 422, "no base connection"),
    ],
)
def test_a_request_that_is_not_as_documented_is_refused(rest: Rest, wrong: Json, status: int, message: str) -> None:
    found, text = rest.refused("POST", BASE, {**described("Refused", "lists/first.csv"), **wrong})
    assert (found, message in text) == (status, True), text
    assert rest.ok("GET", f"{UPS}/audiences?name=refused")["children"] == []


def test_a_name_is_given_once_among_all_audiences(rest: Rest) -> None:
    made(rest, "Once", "lists/first.csv", customAudienceId="own-1")
    for body in (described("Once", "lists/first.csv"), described("Twice", "lists/first.csv", customAudienceId="own-1")):
        status, text = rest.refused("POST", BASE, body)
        assert (status, "100950-409" in text, "DUPLICATE_RESOURCE" in text) == (409, True, True)
    rule = {"type": "PQL", "format": "pql/text", "value": "_acme.score > 0"}
    body = {"name": "Once", "expression": rule, "schema": {"name": "_xdm.context.profile"}}
    assert rest.refused("POST", f"{UPS}/segment/definitions", body)[0] == 422
    [found] = rest.ok("GET", f"{UPS}/audiences?property=audienceId==own-1")["children"]
    assert found["name"] == "Once"
    several = rest.send("POST", f"{UPS}/audiences/bulk-get", {"ids": [{"id": found["id"]}, {"id": "none"}]})
    assert (several.status_code, several.json()["results"][found["id"]]) == (207, found)
    assert several.json()["results"]["none"]["errors"]["404"][0]["message"] == "Not found."
    for ids, status in (([], 400), ([{"id": "none"}], 404), ([{"id": str(n)} for n in range(101)], 400)):
        assert rest.refused("POST", f"{UPS}/audiences/bulk-get", {"ids": ids})[0] == status


def test_an_audience_without_its_file_is_a_failed_operation(rest: Rest) -> None:
    operation = rest.ok("POST", BASE, described("No file", "lists/absent.csv"))["operationId"]
    path = f"{BASE}/operations/{operation}"
    rest.wait(lambda: rest.ok("GET", path)["status"] == "FAILED", path)
    found = rest.ok("GET", path)
    assert "audienceId" not in found
    assert "There is no file lists/absent.csv" in found["errors"][0]["message"]
    # Its name is free again.
    made(rest, "No file", "lists/first.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"person,list_id\nu1,a\n", "missing ['points']"),
        (csv("u1,a,1").replace(b"points", b"points,more").replace(b"u1", b"u1,x"), "unknown ['more']"),
        (csv("u1,a,many"), "the value 'many' of points is no int32"),
        (csv("u1,a,1,2"), "cannot be read as CSV"),
        (b"person,list_id,person\nu1,a,1\n", "is not the audience's fields"),
        (b"\xff\xfe\x00", "cannot be read as CSV"),
    ],
    ids=["empty", "missing column", "unknown column", "wrong type", "ragged", "column twice", "not text"],
)
def test_a_file_that_does_not_fit_fails_the_run_and_nothing_is_visible(
    rest: Rest, request: pytest.FixtureRequest, content: bytes, message: str
) -> None:
    name = request.node.callspec.id
    key = f"bad/{name.replace(' ', '-')}.csv"
    rest.drop(key, content)
    id = made(rest, name, key)
    run = ingested(rest, id)
    assert (run["status"], [item["stage"] for item in run["details"]]) == ("FAILED", ["DATASET_INGEST"])
    assert message in run["details"][0]["errors"][0]["message"]
    data = rest.ok("GET", f"{UPS}/audiences/{id}")["datasetId"]
    assert rest.ok("GET", f"/data/foundation/catalog/batches?dataSet={data}&status=success") == {}


def test_a_run_takes_the_files_of_its_window(rest: Rest) -> None:
    id = made(rest, "Window", "lists")
    now = int(time.time())
    late = ingested(rest, id, dataFilterStartTime=now + 3_600)
    assert (late["status"], "No file of lists was written" in str(late["details"])) == ("FAILED", True)
    early = ingested(rest, id, dataFilterStartTime=0, dataFilterEndTime=now - 90 * DAY)
    assert early["status"] == "FAILED"
    assert ingested(rest, id, dataFilterStartTime="0", dataFilterEndTime=now + DAY)["status"] == "SUCCESS"
    for wrong in ({}, {"dataFilterStartTime": "soon"}, {"dataFilterStartTime": 5, "dataFilterEndTime": 5}):
        assert rest.refused("POST", f"{BASE}/{id}/runs", wrong)[0] == 400
    assert rest.refused("POST", f"{BASE}/unknown/runs", {"dataFilterStartTime": 1})[0] == 404
    assert rest.refused("GET", f"{BASE}/{id}/runs/unknown")[0] == 404
    assert rest.refused("GET", f"{BASE}/operations/unknown")[0] == 404


def test_an_audience_has_ten_ingestions(rest: Rest) -> None:
    id = made(rest, "Ten", "lists/first.csv")
    for _ in range(10):
        assert ingested(rest, id)["status"] == "SUCCESS"
    status, text = rest.refused("POST", f"{BASE}/{id}/runs", {"dataFilterStartTime": 0})
    assert (status, "has had its 10 ingestions" in text) == (422, True)


def test_steps_take_their_time_one_run_at_a_time_and_a_kill_loses_and_doubles_nothing(tmp_path: Path) -> None:
    first = start(tmp_path, delays="documented")
    first.drop("slow.csv", csv("u1,a,1"))
    operation = f"{BASE}/operations/" + first.ok("POST", BASE, described("Slow", "slow.csv"))["operationId"]
    assert first.ok("GET", operation)["status"] == "PROCESSING"
    first.advance(61)
    id = first.ok("GET", operation)["audienceId"]
    body = {"dataFilterStartTime": int(time.time()) - 3_600}
    run = f"{BASE}/{id}/runs/" + first.ok("POST", f"{BASE}/{id}/runs", body)["runId"]
    assert first.ok("GET", run)["details"] == []
    status, text = first.refused("POST", f"{BASE}/{id}/runs", body)
    assert (status, "in progress" in text, "100960-422" in text) == (422, True, True)
    first.advance(121)
    found = first.ok("GET", run)
    assert [item["status"] for item in found["details"]] == ["SUCCESS", "PROCESSING"]
    first.kill()
    with running(tmp_path, delays="documented") as again:
        assert again.ok("GET", run)["status"] == "PROCESSING"
        again.advance(901)
        assert again.ok("GET", run)["status"] == "SUCCESS"
        data = again.ok("GET", f"{UPS}/audiences/{id}")["datasetId"]
        assert len(again.ok("GET", f"/data/foundation/catalog/batches?dataSet={data}")) == 1
