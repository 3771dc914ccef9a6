"""Audience activation to files: selectors, mappings, runs after the daily evaluation, ad hoc runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.rest import FLOWS, UPS, Json, Rest, running

DAY = 86_400
ADHOC = "/data/core/activation/disflowprovider/adhocrun"
AUDIENCE_ACCEPT = "application/vnd.adobe.adhoc.activation+json; version=2"
PROFILES = {"id": "8a9c3494-9708-43d7-ae3f-cda01e5030e1", "version": "1.0"}
ZONE = {"id": "10440537-2a7b-4583-ac39-ed38d4b848e8", "version": "1.0"}
AUDIENCE_FLOW = {"id": "7e635b9f-e59b-4546-8ba8-fce6496693c8", "version": "1.0"}
FIELDS = {"score": {"type": "number"}, "note": {"type": "string"}}
ROWS = [
    {"userId": "u1", "score": 0.9, "note": 'say "hi", twice'},
    {"userId": "u2", "score": 0.5, "note": None},
    {"userId": "u3", "score": 0.1, "note": "low"},
]
MAPPINGS = [
    {"sourceType": "text/x.schema-path", "source": "identityMap.ECID", "destination": "user_id"},
    {"sourceType": "text/x.schema-path", "source": "_acme.score", "destination": "score"},
    {"sourceType": "text/x.schema-path", "source": "_acme.note", "destination": "note"},
    {"sourceType": "text/x.schema-path", "source": "segmentMembership.status", "destination": "status"},
]


def table(rows: list[Json]) -> pa.Table:
    kind = pa.struct([("userId", pa.string()), ("score", pa.float64()), ("note", pa.string())])
    return pa.table({"_acme": pa.array(rows, kind)})


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("activation")) as platform:
        dataset = platform.dataset("scores", FIELDS)
        platform.ingest(dataset, table(ROWS), tmp_path_factory.mktemp("files") / "scores.parquet")
        yield platform


def audience(rest: Rest, name: str, rule: str = "_acme.score >= 0.5") -> str:
    body = {
        "name": name,
        "expression": {"type": "PQL", "format": "pql/text", "value": rule},
        "schema": {"name": "_xdm.context.profile"},
    }
    return str(rest.ok("POST", f"{UPS}/segment/definitions", body)["id"])


def flow(rest: Rest, path: str, **params: object) -> str:
    source = rest.ok("POST", f"{FLOWS}/sourceConnections", {"name": "profiles", "connectionSpec": PROFILES})
    base = rest.ok("POST", f"{FLOWS}/connections", {"name": "dlz", "connectionSpec": ZONE})
    target = rest.ok(
        "POST",
        f"{FLOWS}/targetConnections",
        {
            "name": "files",
            "baseConnectionId": base["id"],
            "connectionSpec": ZONE,
            "params": {"mode": "Server-to-server", "path": path, "compression": "NONE", "fileType": "CSV", **params},
        },
    )
    empty = {"segmentSelectors": {"selectors": []}, "profileMapping": {}, "mandatoryFields": [], "primaryFields": []}
    return str(
        rest.ok(
            "POST",
            f"{FLOWS}/flows",
            {
                "name": path,
                "flowSpec": AUDIENCE_FLOW,
                "sourceConnectionIds": [source["id"]],
                "targetConnectionIds": [target["id"]],
                "transformations": [{"name": "GeneralTransform", "params": empty}],
            },
        )["id"]
    )


def selector(rest: Rest, id: str, **value: object) -> Json:
    schedule = {"frequency": "DAILY", "triggerType": "AFTER_SEGMENT_EVAL", "startDate": rest.today()}
    described = {"id": id, "name": "Likely", "description": "", "exportMode": "DAILY_FULL_EXPORT",
                 "filenameTemplate": "%DESTINATION_NAME%_%SEGMENT_ID%_%DATETIME(YYYYMMdd_HHmmss)%",
                 "schedule": schedule, **value}  # fmt: skip
    return {"type": "PLATFORM_SEGMENT", "value": described}


def change(rest: Rest, id: str, *operations: tuple[str, object]) -> None:
    """Add values below the transformation's params with the current etag."""
    etag = rest.ok("GET", f"{FLOWS}/flows/{id}")["items"][0]["etag"]
    patch = [{"op": "add", "path": f"/transformations/0/params/{path}", "value": value} for path, value in operations]
    rest.ok("PATCH", f"{FLOWS}/flows/{id}", patch, If_Match=etag)


def activate(rest: Rest, id: str, segment: str, mappings: list[Json] | None = None, **value: object) -> None:
    mapping = rest.ok(
        "POST", "/data/foundation/conversion/mappingSets", {"version": 0, "mappings": mappings or MAPPINGS}
    )
    change(
        rest,
        id,
        ("segmentSelectors/selectors/-", selector(rest, segment, **value)),
        ("profileMapping", {"mappingId": mapping["id"], "mappingVersion": mapping["version"]}),
    )


def last_run(rest: Rest, id: str) -> Json:
    return dict(rest.ok("GET", f"{FLOWS}/runs?property=flowId=={id}&orderby=-createdAt&limit=1")["items"][0])


def delivered(rest: Rest, path: str) -> list[bytes]:
    return [content for key, content in sorted(rest.files().items()) if key.startswith(path + "/")]


def test_members_are_delivered_after_the_daily_evaluation(rest: Rest) -> None:
    segment = audience(rest, "Daily")
    id = flow(rest, "audiences/daily")
    activate(rest, id, segment)
    assert rest.ok("GET", f"{FLOWS}/runs?property=flowId=={id}")["items"] == []
    rest.advance(DAY)
    run = last_run(rest, id)
    assert run["metrics"]["statusSummary"]["status"] == "success"
    (entity,) = run["metrics"]["recordSummary"]["targetSummaries"][0]["entitySummaries"]
    assert (entity["id"], entity["outputRecordCount"]) == (f"segment:{segment}", 2)
    (content,) = delivered(rest, "audiences/daily")
    assert list(csv.DictReader(io.StringIO(content.decode()), escapechar="\\", doublequote=False)) == [
        {"user_id": "u1", "score": "0.9", "note": 'say "hi", twice', "status": "realized"},
        {"user_id": "u2", "score": "0.5", "note": "", "status": "realized"},
    ]
    (key,) = [key for key in rest.files() if key.startswith("audiences/daily/")]
    assert key.startswith(f"audiences/daily/dlz_{segment}_20")
    assert key.endswith("_010000.csv")


@pytest.mark.parametrize("kind", ["JSON", "PARQUET"])
def test_other_file_types(rest: Rest, kind: str) -> None:
    id = flow(rest, f"audiences/{kind}", fileType=kind)
    activate(rest, id, audience(rest, f"As {kind}"))
    rest.advance(DAY)
    (content,) = delivered(rest, f"audiences/{kind}")
    if kind == "JSON":
        rows = [json.loads(line) for line in content.splitlines()]
    else:
        rows = pq.read_table(io.BytesIO(content)).to_pylist()
    assert [(row["user_id"], row["score"]) for row in rows] == [("u1", 0.9), ("u2", 0.5)]


def test_selectors_of_the_older_kind_name_the_fields_themselves(rest: Rest) -> None:
    id = flow(rest, "audiences/selectors")
    paths = ("identityMap.ECID", "_acme.score")
    change(
        rest,
        id,
        ("segmentSelectors/selectors/-", selector(rest, audience(rest, "Older"))),
        ("profileSelectors", {"selectors": []}),
        *(
            (
                "profileSelectors/selectors/-",
                {"type": "JSON_PATH", "value": {"path": path, "operator": "EXISTS", "mapping": {"destination": path}}},
            )
            for path in paths
        ),
    )
    rest.advance(DAY)
    (content,) = delivered(rest, "audiences/selectors")
    assert content.decode().splitlines() == ["identityMap.ECID,_acme.score", "u1,0.9", "u2,0.5"]


def test_rows_without_a_mandatory_field_are_skipped_and_counted(rest: Rest) -> None:
    id = flow(rest, "audiences/mandatory")
    activate(rest, id, audience(rest, "Mandatory"))
    change(rest, id, ("mandatoryFields", ["_acme.note"]))
    rest.advance(DAY)
    summary = last_run(rest, id)["metrics"]["recordSummary"]
    assert (summary["inputRecordCount"], summary["outputRecordCount"]) == (2, 1)
    assert summary["skippedInfo"][0] == {
        "code": "ACTIVATION_BATCH-0000-SKIP",
        "message": "Records didn't match attribute filter.",
        "count": 1,
    }


def test_flow_without_mapping_fails_its_run_with_the_reason(rest: Rest) -> None:
    id = flow(rest, "audiences/unmapped")
    change(rest, id, ("segmentSelectors/selectors/-", selector(rest, audience(rest, "Unmapped"))))
    rest.advance(DAY)
    status = last_run(rest, id)["metrics"]["statusSummary"]
    assert status["status"] == "failed"
    assert "maps no field" in status["errors"][0]["message"]


def test_ad_hoc_run_delivers_the_latest_evaluation_only(rest: Rest) -> None:
    id = flow(rest, "audiences/adhoc")
    segment = audience(rest, "Ad hoc")
    body = {"activationInfo": {id: [segment]}}
    status, text = rest.refused("POST", ADHOC, body, Accept=AUDIENCE_ACCEPT)
    assert status == 400
    assert "not part of this dataflow" in text
    activate(rest, id, segment)
    assert rest.refused("POST", ADHOC, body)[0] == 400

    def run() -> Json:
        order = rest.ok("POST", ADHOC, body, Accept=AUDIENCE_ACCEPT)["order"][0]
        assert (order["segment"], order["order"]) == (segment, id)
        return rest.run(order["statusURL"].rpartition("/")[2])

    assert run()["metrics"]["recordSummary"]["outputRecordCount"] == 0
    rest.advance(DAY)
    assert run()["metrics"]["recordSummary"]["outputRecordCount"] == 2


def test_scheduled_increments_deliver_who_is_new(rest: Rest, tmp_path: Path) -> None:
    # At noon the next evaluation comes before the next export; between the two it would be the other way round.
    rest.to_noon()
    id = flow(rest, "audiences/increments")
    schedule = {"frequency": "DAILY", "triggerType": "SCHEDULED", "startDate": rest.today(), "startTime": "05:00"}
    segment = audience(rest, "Increments", '_acme.note.startsWith("inc")')
    activate(rest, id, segment, exportMode="FIRST_FULL_THEN_INCREMENTAL", schedule=schedule)
    dataset = next(key for key, body in rest.ok("GET", "/data/foundation/catalog/dataSets?name=scores").items() if body)
    counts = []
    for users in (("i1", "i2"), ("i3",), ()):
        if users:
            rows = [{"userId": user, "score": 0.0, "note": "inc"} for user in users]
            rest.ingest(dataset, table(rows), tmp_path / "scores.parquet")
        rest.advance(DAY)
        counts.append(last_run(rest, id)["metrics"]["recordSummary"]["outputRecordCount"])
    assert counts == [2, 1, 0]


def test_selector_that_cannot_be_run_is_refused(rest: Rest) -> None:
    id = flow(rest, "audiences/refused")
    segment = audience(rest, "Refused")
    etag = rest.ok("GET", f"{FLOWS}/flows/{id}")["items"][0]["etag"]

    def refused(value: Json) -> str:
        patch = [{"op": "add", "path": "/transformations/0/params/segmentSelectors/selectors/-", "value": value}]
        status, text = rest.refused("PATCH", f"{FLOWS}/flows/{id}", patch, If_Match=etag)
        assert status == 400
        return text

    assert "no audience" in refused(selector(rest, "a1000000-0000-4000-8000-0000000000a1"))
    assert "full daily exports only" in refused(selector(rest, segment, exportMode="FIRST_FULL_THEN_INCREMENTAL"))
    assert "exportMode" in refused(selector(rest, segment, exportMode="SOMETIMES"))
    activate(rest, id, segment)
    etag = rest.ok("GET", f"{FLOWS}/flows/{id}")["items"][0]["etag"]
    assert "in this flow already" in refused(selector(rest, segment))
    assert rest.refused("DELETE", f"{UPS}/segment/definitions/{segment}")[0] == 400


def test_labels_are_read_written_and_judged(rest: Rest) -> None:
    dataset = rest.dataset("labelled", {"labelled": {"type": "string"}}, profile=False)
    path = f"/data/foundation/dataset/datasets/{dataset}/labels"
    status, text = rest.refused("GET", path)
    assert status == 404
    assert "PES-404" in text
    assert rest.ok("PUT", path, {"labels": ["C9"], "optionalLabels": []})["code"] == "PES-200"
    answer = rest.send("GET", path)
    assert answer.json()["labels"] == ["C9"]
    assert rest.refused("PUT", path, {"labels": []})[0] == 400
    assert rest.refused("PUT", path, {"labels": []}, If_Match='"stale"')[0] == 412
    actions = "/data/foundation/dulepolicy/marketingActions/core"
    question = [{"entityType": "dataSet", "entityId": dataset}]
    found = rest.ok("POST", f"{actions}/exportToThirdParty/constraints", question)
    assert (found["duleLabels"], found["violatedPolicies"]) == (["C9"], [])
    found = rest.ok("GET", f"{actions}/exportToThirdParty/constraints?duleLabels=C2,I1")
    assert found["violatedPolicies"][0]["status"] == "ENABLED"
    assert rest.refused("POST", f"{actions}/nonsense/constraints", question)[0] == 404
    rest.ok("PUT", path, {"labels": []}, If_Match=answer.headers["etag"])
    assert rest.ok("GET", path)["labels"] == []
