"""The service clients on documented answers: typed records out, paging by hand, nothing made twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from runner.errors import Conflict, DataError, NotFound, PlatformError, PlatformTimeout, Unavailable
from runner.platform import FilePart
from runner.platform.flows import ALREADY_RUNNING, DATA_LAKE, LANDING_ZONE, NOT_READY
from runner.platform.schemas import PROFILE_CLASS
from tests.unit.answering import Answer, Clock, ScriptedNetwork, connection, platform, query_of

CATALOG = "/data/foundation/catalog"
EXPORT = "/data/foundation/export"
FLOW = "/data/foundation/flowservice"
UPS = "/data/core/ups"
REGISTRY = "/data/foundation/schemaregistry"


def dataset(name: str, **tags: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "created": 1718000000000,
        "schemaRef": {"id": "https://ns.adobe.com/acme/schemas/5c"},
        "tags": {"adobe/pqs/table": [name.lower()], **tags},
    }


def test_a_dataset_tells_its_table_and_flags_however_the_tags_are_spelt() -> None:
    spaced = dataset("Scores", unifiedProfile=["enabled: true", "isUpsert: true"], unifiedIdentity=["enabled:true"])
    network = ScriptedNetwork({f"GET {CATALOG}/dataSets/d1": {"d1": spaced}})
    found = platform(network).catalog.dataset("d1")
    assert (found.table_name, found.profile_enabled, found.upsert, found.identity_enabled) == (
        "scores",
        True,
        True,
        True,
    )


def test_all_datasets_are_listed_across_pages_without_gap_or_repeat() -> None:
    everything = {f"d{n:03d}": dataset(f"n{n}") for n in range(250)}

    def page(request: requests.PreparedRequest) -> Answer:
        start, limit = int(query_of(request)["start"]), int(query_of(request)["limit"])
        return Answer(body=dict(list(everything.items())[start : start + limit]))

    network = ScriptedNetwork({f"GET {CATALOG}/dataSets": page})
    assert [d.id for d in platform(network).catalog.datasets()] == list(everything)
    assert len(network.seen) == 3


def test_a_missing_dataset_says_what_to_run() -> None:
    network = ScriptedNetwork({f"GET {CATALOG}/dataSets": {}})
    with pytest.raises(NotFound, match=r"no dataset 'events' in sandbox dev.*propensity setup"):
        platform(network).catalog.dataset_named("events")


def test_two_datasets_of_one_name_are_not_guessed_between() -> None:
    network = ScriptedNetwork({f"GET {CATALOG}/dataSets": {"d1": dataset("e"), "d2": dataset("e")}})
    with pytest.raises(DataError, match="2 datasets called 'e': d1, d2"):
        platform(network).catalog.find_dataset("e")


def test_a_dataset_whose_creation_got_no_answer_is_found_instead_of_made_again() -> None:
    network = ScriptedNetwork(
        {
            f"GET {CATALOG}/dataSets": [{}, {}, {"d1": dataset("scores")}],
            f"POST {CATALOG}/dataSets": requests.ConnectionError("reset after sending"),
        }
    )
    assert platform(network).catalog.ensure_dataset("scores", "s1").id == "d1"
    assert len(network.calls("POST")) == 1


def test_a_dataset_that_appears_late_is_waited_for() -> None:
    network = ScriptedNetwork(
        {
            f"GET {CATALOG}/dataSets": {},
            f"POST {CATALOG}/dataSets": Answer(201, ["@/dataSets/d1"]),
            f"GET {CATALOG}/dataSets/d1": [
                Answer(404, {"title": "NotFoundError", "status": 404}),
                {"d1": dataset("s")},
            ],
        }
    )
    assert platform(network).catalog.ensure_dataset("s", "s1", profile=True, upsert=True).id == "d1"
    sent = json.loads(network.bodies[1])
    assert sent["tags"] == {"unifiedProfile": ["enabled:true", "isUpsert:true"], "unifiedIdentity": ["enabled:true"]}


def test_upsert_is_switched_on_by_disabling_first() -> None:
    half, full = (
        dataset("s", unifiedProfile=["enabled:true"]),
        dataset("s", unifiedProfile=["enabled:true", "isUpsert:true"]),
    )
    network = ScriptedNetwork(
        {
            f"GET {CATALOG}/dataSets/d1": [{"d1": half}, {"d1": full}],
            f"PATCH {CATALOG}/dataSets/d1": Answer(200, ["@/dataSets/d1"]),
        }
    )
    assert platform(network).catalog.enable_profile("d1", upsert=True).upsert
    sent = [json.loads(b) for b, r in zip(network.bodies, network.seen, strict=True) if r.method == "PATCH"]
    assert [ops[0]["value"] for ops in sent] == [["enabled:false"], ["enabled:true", "isUpsert:true"]]
    assert network.calls("PATCH")[0].headers["Content-Type"] == "application/json-patch+json"


def test_a_batch_is_read_with_numbers_as_text_and_missing_metrics() -> None:
    young = {"status": "loading", "created": 1, "relatedObjects": [{"type": "dataSet", "id": "d1"}]}
    done = young | {
        "status": "success",
        "metrics": {"outputRecordCount": "990", "failedRecordCount": 10},
        "errors": [{"code": "INGEST-1212-400", "description": "Encountered 10 errors"}],
        "replay": {"predecessors": ["b0"]},
    }
    network = ScriptedNetwork({f"GET {CATALOG}/batches/b1": [{"b1": young}, {"b1": done}]})
    catalog = platform(network).catalog
    first, second = catalog.batch("b1"), catalog.batch("b1")
    assert (first.state, first.output_records) == ("open", None)
    assert (second.state, second.output_records, second.failed_records) == ("success", 990, 10)
    assert second.predecessors == ("b0",)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("loaded", "waiting"),
        ("retrying", "waiting"),
        ("active", "success"),
        ("aborted", "failed"),
        ("inactive", "gone"),
        ("something new", "waiting"),
    ],
)
def test_every_batch_status_has_a_meaning(word: str, state: str) -> None:
    network = ScriptedNetwork({f"GET {CATALOG}/batches/b1": {"b1": {"status": word}}})
    assert platform(network).catalog.batch("b1").state == state


def test_an_error_body_with_a_status_is_not_a_batch() -> None:
    network = ScriptedNetwork({f"GET {CATALOG}/batches/b1": {"status": 404, "title": "NotFoundError"}})
    with pytest.raises(Unavailable, match="200 but with an error in its body: NotFoundError"):
        platform(network).catalog.batch("b1")


def test_a_filter_that_the_service_ignores_lets_no_foreign_batch_in() -> None:
    both = {
        "b1": {"status": "success", "externalId": "mine", "relatedObjects": [{"type": "dataSet", "id": "d1"}]},
        "b2": {"status": "success", "externalId": "other", "relatedObjects": [{"type": "dataSet", "id": "d2"}]},
    }
    network = ScriptedNetwork({f"GET {CATALOG}/batches": both})
    catalog = platform(network).catalog
    assert [b.id for b in catalog.batches(dataset_id="d1")] == ["b1"]
    assert [b.id for b in catalog.batches(external_id="other")] == ["b2"]


def test_files_and_parts_are_listed_across_pages() -> None:
    def page(request: requests.PreparedRequest) -> Answer:
        start = int(query_of(request)["start"])
        data = [{"dataSetFileId": f"f{n}", "records": "10", "size": "100"} for n in range(start, min(start + 100, 130))]
        return Answer(body={"data": data, "_page": {"limit": 100, "count": 130}})

    network = ScriptedNetwork({f"GET {EXPORT}/batches/b1/files": page})
    files = platform(network).access.files("b1")
    assert len(files) == 130
    assert (files[-1].id, files[-1].records) == ("f129", 10)


def parquet_bytes(tmp_path: Path, rows: int) -> bytes:
    pq.write_table(pa.table({"n": list(range(rows))}), tmp_path / "made.parquet")
    return (tmp_path / "made.parquet").read_bytes()


def ranged(content: bytes, cut: int | None = None, *, honour: bool = True) -> Any:
    def answer(request: requests.PreparedRequest) -> Answer:
        asked = request.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and honour else 0
        headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if asked and honour else {}
        return Answer(206 if asked and honour else 200, content[start:], headers, cut=cut)

    return answer


@pytest.mark.parametrize("honour", [True, False])
def test_a_download_that_breaks_is_resumed_and_arrives_whole(tmp_path: Path, honour: bool) -> None:
    content = parquet_bytes(tmp_path, 100_000)
    script = [ranged(content, cut=len(content) // 3), ranged(content, honour=honour)]
    network = ScriptedNetwork({f"GET {EXPORT}/files/f1": script})
    target = platform(network).access.download(FilePart("f1", "part.parquet", len(content)), tmp_path / "a.parquet")
    assert target.read_bytes() == content
    resumed_at = int(network.seen[1].headers["Range"].removeprefix("bytes=").rstrip("-"))
    assert 0 < resumed_at <= len(content) // 3
    assert list(tmp_path.glob("*.partial")) == []


def test_a_download_that_stays_short_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    network = ScriptedNetwork({f"GET {EXPORT}/files/f1": Answer(200, b"PAR1 short")})
    with pytest.raises(Unavailable, match=r"4000 bytes\) whole: 10 bytes came"):
        platform(network).access.download(FilePart("f1", "part.parquet", 4000), tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_download_larger_than_promised_is_refused(tmp_path: Path) -> None:
    network = ScriptedNetwork({f"GET {EXPORT}/files/f1": Answer(200, b"x" * 5000)})
    with pytest.raises(Unavailable):
        platform(network).access.download(FilePart("f1", "part.parquet", 4000), tmp_path / "a.parquet")


def batch_script(content: bytes, records: int) -> dict[str, Any]:
    part = {"data": [{"name": "part-0.c000.snappy.parquet", "length": str(len(content))}], "_page": {"count": 1}}

    def file(request: requests.PreparedRequest) -> Answer:
        return Answer(200, content) if "path" in query_of(request) else Answer(body=part)

    listing = {"data": [{"dataSetFileId": "f1", "records": str(records), "size": "1"}], "_page": {"count": 1}}
    return {f"GET {EXPORT}/batches/b1/files": listing, f"GET {EXPORT}/files/f1": file}


def test_a_batch_is_downloaded_and_its_rows_counted(tmp_path: Path) -> None:
    content = parquet_bytes(tmp_path, 70)
    network = ScriptedNetwork(batch_script(content, 70))
    files = platform(network).access.download_batch("b1", tmp_path / "out")
    assert [(f.rows, f.size) for f in files] == [(70, len(content))]


def test_a_batch_with_another_number_of_rows_is_refused(tmp_path: Path) -> None:
    network = ScriptedNetwork(batch_script(parquet_bytes(tmp_path, 70), 71))
    with pytest.raises(DataError, match="holds 70 rows; Data Access states 71"):
        platform(network).access.download_batch("b1", tmp_path / "out")


def test_an_error_page_under_a_parquet_name_is_refused(tmp_path: Path) -> None:
    network = ScriptedNetwork(batch_script(b'{"title": "Not found", "status": 404}', 1))
    with pytest.raises(Unavailable, match="something else than a Parquet file"):
        platform(network).access.download_batch("b1", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("script", ["first", "resumed"])
def test_an_error_page_in_place_of_bytes_does_not_get_into_the_file(tmp_path: Path, script: str) -> None:
    content, page = parquet_bytes(tmp_path, 100_000), Answer(200, b"<html>try again</html>")
    broken = ranged(content, cut=len(content) // 2)
    answers = [page, ranged(content)] if script == "first" else [broken, page, ranged(content)]
    network = ScriptedNetwork({f"GET {EXPORT}/files/f1": answers})
    target = platform(network).access.download(FilePart("f1", "p.parquet", len(content)), tmp_path / "a.parquet")
    assert target.read_bytes() == content


def test_a_spoilt_file_of_an_earlier_attempt_is_fetched_again(tmp_path: Path) -> None:
    content = parquet_bytes(tmp_path, 100)
    (tmp_path / "a.parquet").write_bytes(b"<htm" + content[4:])
    network = ScriptedNetwork({f"GET {EXPORT}/files/f1": Answer(200, content)})
    target = platform(network).access.download(FilePart("f1", "p.parquet", len(content)), tmp_path / "a.parquet")
    assert target.read_bytes() == content


def test_a_flow_change_answered_by_a_page_is_looked_up(tmp_path: Path) -> None:
    network = ScriptedNetwork(
        {
            f"GET {FLOW}/flows/f1": [flow('"1"', []), flow('"2"', ["audience"])],
            f"PATCH {FLOW}/flows/f1": Answer(200, "<html>hello</html>"),
        }
    )
    wanted = [{"op": "add", "path": "/x", "value": 1}]
    changed = platform(network).flows.change_flow(
        "f1", lambda f: [] if f.transformations[0]["params"]["selectors"] else wanted
    )
    assert changed.etag == '"2"'


def test_row_diagnostics_are_read_as_lines_of_json() -> None:
    lines = '{"_errors": [{"code": "1401", "message": "Row is corrupted", "path": "_acme.n"}]}\nnot json\n{}\n'

    def meta(request: requests.PreparedRequest) -> Answer:
        listing = {"data": [{"name": "part-0.json", "length": "9"}]}
        return Answer(body=listing if query_of(request)["path"] == "row_errors" else lines)

    network = ScriptedNetwork({f"GET {EXPORT}/batches/b1/meta": meta})
    assert platform(network).access.row_errors("b1") == ["1401: Row is corrupted at _acme.n"]


def flow(etag: str, selectors: list[Any]) -> dict[str, Any]:
    return {
        "items": [{"id": "f1", "name": "n", "etag": etag, "transformations": [{"params": {"selectors": selectors}}]}]
    }


def test_a_flow_changed_by_somebody_else_is_read_again_before_it_is_changed() -> None:
    stale = Answer(412, {"errorMessage": "Supplied version=[1] does not match the current version", "errorDetails": ""})
    network = ScriptedNetwork(
        {
            f"GET {FLOW}/flows/f1": [flow('"1"', []), flow('"2"', []), flow('"3"', ["audience"])],
            f"PATCH {FLOW}/flows/f1": [stale, {"id": "f1", "etag": '"3"'}],
        }
    )
    platform(network).flows.change_flow(
        "f1", lambda f: [] if f.transformations[0]["params"]["selectors"] else [{"op": "add", "path": "/x", "value": 1}]
    )
    assert [r.headers["if-match"] for r in network.calls("PATCH")] == ['"1"', '"2"']


def test_a_flow_change_whose_answer_was_lost_is_not_made_twice() -> None:
    network = ScriptedNetwork(
        {
            f"GET {FLOW}/flows/f1": [flow('"1"', []), flow('"2"', ["audience"])],
            f"PATCH {FLOW}/flows/f1": requests.ReadTimeout("no answer"),
        }
    )
    changed = platform(network).flows.change_flow(
        "f1", lambda f: [] if f.transformations[0]["params"]["selectors"] else [{"op": "add", "path": "/x", "value": 1}]
    )
    assert changed.etag == '"2"'
    assert len(network.calls("PATCH")) == 1


def test_connections_are_reused_by_name_and_the_lost_one_is_found() -> None:
    made = {"items": [{"id": "c9", "name": "dlz", "createdAt": 2}, {"id": "c8", "name": "dlz", "createdAt": 1}]}
    network = ScriptedNetwork(
        {f"GET {FLOW}/connections": [{"items": []}, made], f"POST {FLOW}/connections": Answer(503, "")}
    )
    assert platform(network).flows.ensure_connection("dlz", LANDING_ZONE) == "c8"
    assert len(network.calls("POST")) == 1


def test_flow_lists_follow_the_continuation_token() -> None:
    def page(request: requests.PreparedRequest) -> Answer:
        if "continuationToken" in query_of(request):
            return Answer(body={"items": [{"id": "f2", "name": "wanted", "etag": '"1"'}], "_links": {}})
        href = "/flows?limit=100&continuationToken=T%3D"
        return Answer(body={"items": [{"id": "f1", "name": "x", "etag": '"1"'}], "_links": {"next": {"href": href}}})

    network = ScriptedNetwork({f"GET {FLOW}/flows": page})
    found = platform(network).flows.find_flow("wanted")
    assert found is not None
    assert found.id == "f2"
    assert query_of(network.seen[1])["continuationToken"] == "T="


def test_exportable_datasets_are_asked_from_the_data_lake_across_pages() -> None:
    path = f"GET {FLOW}/connectionSpecs/{DATA_LAKE}/configs"
    first = {"items": [{"id": "d1", "name": "a"}], "pageInfo": {"hasNext": True}}
    network = ScriptedNetwork({path: [first, {"items": [{"id": "d2", "name": "b"}], "pageInfo": {"hasNext": False}}]})
    assert [d.id for d in platform(network).flows.exportable_datasets()] == ["d1", "d2"]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("success", "success"),
        ("Success", "success"),
        ("PARTIAL_SUCCESS", "success"),
        ("Failed", "failed"),
        ("IN_PROGRESS", "running"),
        ("Waiting", "running"),
        ("", "running"),
    ],
)
def test_a_run_is_read_in_every_spelling(word: str, state: str) -> None:
    run = {"id": "r1", "flowId": "f1", "createdAt": 1, "metrics": {"statusSummary": {"status": word}}}
    assert platform(ScriptedNetwork({f"GET {FLOW}/runs/r1": {"items": [run]}})).flows.run("r1").state == state


def test_a_young_flow_is_told_apart_from_a_refused_one() -> None:
    path = "POST /data/core/activation/disflowprovider/adhocrun"
    young = "Invalid parameter: Following order ID(s) are not ready for dataset export, please wait for 10 minutes."
    running = "Run already going on for audience a1 for order f1 with run id r7"
    script = [Answer(400, {"message": m}) for m in (young, running, "Invalid parameter: Flow spec")]
    client = platform(ScriptedNetwork({path: script})).destinations
    for code in (NOT_READY, ALREADY_RUNNING):
        with pytest.raises(Conflict) as caught:
            client.export_now("f1", ["d1"])
        assert caught.value.code == code
    with pytest.raises(PlatformError, match="Flow spec"):
        client.export_now("f1", ["d1"])


def test_an_ad_hoc_export_gives_its_run() -> None:
    path = "POST /data/core/activation/disflowprovider/adhocrun"
    url = "https://platform.adobe.io:443/data/foundation/flowservice/runs/r1"
    network = ScriptedNetwork({path: {"destinations": [{"datasets": [{"id": "d1", "statusURL": url}]}]}})
    assert platform(network).destinations.export_now("f1", ["d1"]) == "r1"
    assert network.seen[0].headers["Accept"] == "application/vnd.adobe.adhoc.dataset.activation+json; version=1"


def test_landing_zone_credentials_of_both_clouds_show_no_secret() -> None:
    path = "GET /data/foundation/connectors/landingzone/credentials"
    azure = {"containerName": "dlz-destination", "SASToken": "sv=1&sig=SIGN", "storageAccountName": "acmedlz"}
    aws = {
        "credentials": {"awsAccessKeyId": "AK", "awsSecretAccessKey": "VERYSECRET", "awsSessionToken": "SESSION"},
        "dlzPath": {"bucketName": "bucket", "dlzFolder": "folder"},
        "dlzProvider": "Amazon S3",
        "expiryTime": 1718086400,
    }
    network = ScriptedNetwork({path: [azure, aws]})
    zone = platform(network).landing_zone
    first, second = zone.credentials(), zone.credentials("user_drop_zone")
    assert (first.provider, first.account, first.container) == ("azure", "acmedlz", "dlz-destination")
    assert (second.provider, second.container, second.folder) == ("s3", "bucket", "folder")
    assert [query_of(r)["type"] for r in network.seen] == ["dlz_destination", "user_drop_zone"]
    for secret in ("SIGN", "VERYSECRET", "SESSION"):
        assert secret not in repr((first, second))


def segment(number: int, name: str = "") -> dict[str, Any]:
    return {"id": f"a{number}", "name": name or f"n{number}", "expression": {"value": "x = 1"}}


def test_audiences_are_listed_across_pages_and_matched_exactly() -> None:
    def page(request: requests.PreparedRequest) -> Answer:
        number = int(query_of(request)["page"])
        found = [segment(n) for n in range(100)] if number == 0 else [segment(200, "Likely")]
        return Answer(body={"segments": found, "page": {"totalPages": 2}, "link": {}})

    client = platform(ScriptedNetwork({f"GET {UPS}/segment/definitions": page})).segmentation
    found = client.find("Likely")
    assert found is not None
    assert found.id == "a200"
    assert client.find("likely") is None


def test_an_audience_name_that_is_taken_meanwhile_is_found() -> None:
    none, one = {"segments": [], "page": {}}, {"segments": [segment(1, "Likely")], "page": {}}
    taken = Answer(422, {"title": "Unprocessable", "status": 422, "detail": "A segment named Likely already exists"})
    network = ScriptedNetwork({f"GET {UPS}/segment/definitions": [none, one], f"POST {UPS}/segment/definitions": taken})
    assert platform(network).segmentation.create("Likely", "x = 1", "d").id == "a1"


def test_an_evaluation_counts_realized_and_existing_members() -> None:
    job = {
        "id": "j1",
        "status": "SUCCEEDED",
        "creationTime": 5,
        "segments": [{"segmentId": "*"}],
        "metrics": {
            "totalProfiles": 1000,
            "segmentedProfileCounter": {"a1": 600, "a2": 7},
            "segmentedProfileByStatusCounter": {"a1": {"realized": 612, "existing": 8, "exited": 40}},
        },
    }
    network = ScriptedNetwork({f"GET {UPS}/segment/jobs": {"children": [job, job | {"id": "j0", "creationTime": 1}]}})
    found = platform(network).segmentation.latest_evaluation("a1")
    assert found is not None
    assert found.id == "j1"
    assert dict(found.members) == {"a1": 620, "a2": 7}


def test_an_on_demand_evaluation_is_sent_once_whatever_happens() -> None:
    network = ScriptedNetwork({f"POST {UPS}/segment/jobs": Answer(503, "")})
    with pytest.raises(Unavailable):
        platform(network).segmentation.evaluate_now(["a1"])
    assert len(network.seen) == 1


def test_an_estimate_that_never_comes_ends() -> None:
    network = ScriptedNetwork(
        {f"POST {UPS}/preview": Answer(201, {"previewId": "p1"}), f"GET {UPS}/estimate/p1": {"state": "RUNNING"}}
    )
    clock = Clock()
    with pytest.raises(PlatformTimeout):
        platform(network, clock).segmentation.estimate("x = 1", seconds=30)
    assert clock.now - 1000 <= 32


def test_an_estimate_is_read_although_its_body_has_an_empty_error() -> None:
    ready = {"state": "RESULT_READY", "estimatedSize": 612, "error": {"description": "", "traceback": ""}}
    network = ScriptedNetwork(
        {
            f"POST {UPS}/preview": Answer(201, {"previewId": "p1"}),
            f"GET {UPS}/estimate/p1": [{"state": "RUNNING"}, ready],
        }
    )
    assert platform(network).segmentation.estimate("x = 1").size == 612


def test_unknown_identities_are_left_out_of_a_bulk_look_up() -> None:
    body = {
        "XID1": {"entityId": "XID1", "requestedIdentity": {"entityId": "u1"}, "entity": {"_acme": {"n": 1}}},
        "XID2": {"entityId": "XID2", "requestedIdentity": {"entityId": "u2"}, "entity": {}},
    }
    found = platform(ScriptedNetwork({f"POST {UPS}/access/entities": body})).profiles.entities(
        ["u1", "u2"], "ECID", ["_acme"]
    )
    assert set(found) == {"u1"}
    assert found["u1"].attributes == {"_acme": {"n": 1}}


def test_an_unknown_identity_has_no_profile() -> None:
    network = ScriptedNetwork({f"GET {UPS}/access/entities": Answer(404, {"statusCode": "404"})})
    assert platform(network).profiles.entity("nobody", "ECID") is None


def test_no_labels_is_not_an_error() -> None:
    none = {"timestamp": "t", "status": "NOT_FOUND", "code": "PES-404", "message": "GET Entities Not Found"}
    one = {"AEP:dataset:d1": {"labels": ["C9"], "optionalLabels": []}}
    path = "GET /data/foundation/dataset/datasets/d1/labels"
    network = ScriptedNetwork({path: [Answer(404, none), Answer(200, one, {"etag": '"7"'})]})
    labels = platform(network).labels
    assert labels.labels("d1").dataset == ()
    assert (labels.labels("d1").dataset, labels.labels("d1").etag) == (("C9",), '"7"')


def test_descriptors_are_read_across_pages() -> None:
    def page(request: requests.PreparedRequest) -> Answer:
        start = query_of(request).get("start")
        item = {"@type": "xdm:descriptorIdentity", "xdm:sourceSchema": "s2" if start else "s1", "xdm:isPrimary": True}
        return Answer(
            body={
                "results": [item | {"xdm:sourceProperty": "/_acme/userId"}],
                "_page": {"next": None if start else "n2"},
            }
        )

    network = ScriptedNetwork({f"GET {REGISTRY}/tenant/descriptors": page})
    assert [d.path for d in platform(network).schemas.identities("s2")] == ["/_acme/userId"]


def test_a_field_group_whose_creation_was_refused_as_duplicate_is_found() -> None:
    group = {"$id": "https://ns.adobe.com/acme/mixins/1", "title": "fields", "definitions": {}}
    network = ScriptedNetwork(
        {
            f"GET {REGISTRY}/tenant/fieldgroups": [{"results": []}, {"results": [group]}],
            f"POST {REGISTRY}/tenant/fieldgroups/": Answer(400, {"title": "Bad", "detail": "Title must be unique"}),
            f"GET {REGISTRY}/tenant/fieldgroups/https%3A%2F%2Fns.adobe.com%2Facme%2Fmixins%2F1": group,
        }
    )
    assert platform(network).schemas.ensure_field_group("fields", PROFILE_CLASS, {}).id == group["$id"]


def test_sql_login_shows_no_token() -> None:
    body = {"host": "h", "port": 80, "dbName": "dev:all", "username": "u@AdobeOrg", "token": "eyJtoken"}
    login = platform(ScriptedNetwork({"GET /data/foundation/query/connection_parameters": body})).queries.login()
    assert (login.port, login.password.get_secret_value()) == (80, "eyJtoken")
    assert "eyJtoken" not in repr(login)


def test_a_connection_shows_no_secret() -> None:
    assert "s3cr3t" not in repr(connection())
