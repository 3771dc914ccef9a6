"""Catalog keeps datasets and batches findable, and lets nobody enable for Profile what is not ready for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.local_api import EVENTS, PROFILES, LocalApi, local_api, parquet

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
ENABLED = {"unifiedProfile": ["enabled:true"], "unifiedIdentity": ["enabled:true"]}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("catalog") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def schema(api: LocalApi) -> str:
    made, _ = api.make("catalogued", PROFILES, {"score": {"type": "number"}})
    api.enable(made)
    return made


def test_a_dataset_has_its_table_name_and_its_schema(api: LocalApi, schema: str) -> None:
    id = api.dataset("Luma midValues", schema, description="a test", enableErrorDiagnostics=True)
    assert len(id) == 24
    found = api.catalog("GET", f"/dataSets/{id}")[id]
    assert found["tags"]["adobe/pqs/table"] == ["luma_midvalues"]
    assert found["schemaRef"]["id"] == schema
    assert found["classification"] == {"dataBehavior": "record", "managedBy": "CUSTOMER"}
    assert found["enableErrorDiagnostics"] is True
    assert found["extensions"]["adobe_lakeHouse"]["metrics"]["rowCount"] == 0


def test_a_dataset_needs_a_name_and_a_schema_that_exists(api: LocalApi, schema: str) -> None:
    for body in ({"name": "x"}, {"name": "", "schemaRef": {"id": schema}}, {"name": "x", "schemaRef": {"id": "no"}}):
        assert api.catalog("POST", "/dataSets", 400, json=body)["title"] == "BadRequestError"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"name": "find-a"}, ["find-a"]),
        ({"name": "find-a,find-b"}, ["find-a", "find-b"]),
        ({"name": "find*"}, ["find-a", "find-b", "find-c"]),
        ({"name": "find*", "limit": "2", "start": "1"}, ["find-b", "find-c"]),
        ({"name": "find*", "orderBy": "desc:created"}, ["find-c", "find-b", "find-a"]),
        ({"property": "name==find-b"}, ["find-b"]),
        ({"property": "name~^find-[bc]"}, ["find-b", "find-c"]),
        ({"property": "tags.colour", "name": "find*"}, ["find-c"]),
        ({"tags": "colour:red"}, ["find-c"]),
        ({"name": "none"}, []),
    ],
)
def test_datasets_are_found_by(api: LocalApi, schema: str, query: dict[str, str], expected: list[str]) -> None:
    if not api.catalog("GET", "/dataSets", params={"name": "find-a"}):
        api.dataset("find-a", schema)
        api.dataset("find-b", schema)
        api.dataset("find-c", schema, tags={"colour": ["red"]})
    found = api.catalog("GET", "/dataSets", params=query)
    assert [item["name"] for item in found.values()] == expected


def test_only_the_properties_asked_for_are_shown(api: LocalApi, schema: str) -> None:
    id = api.dataset("narrow", schema)
    assert set(api.catalog("GET", "/dataSets", params={"name": "narrow", "properties": "name,tags"})[id]) == {
        "name",
        "tags",
    }


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"start": "x"}, {"orderBy": "up:name"}])
def test_a_senseless_page_is_refused(api: LocalApi, query: dict[str, str]) -> None:
    assert api.catalog("GET", "/dataSets", 400, params=query)["status"] == 400


def test_unknown_ids_are_not_found(api: LocalApi) -> None:
    assert api.catalog("GET", "/dataSets/64f0c1a2b3d4e5f6a7b8c9d0", 404)["title"] == "NotFoundError"
    assert api.catalog("GET", "/batches/01NONE", 404)["title"] == "NotFoundError"


def test_json_patch_and_both_merges_change_a_dataset(api: LocalApi, schema: str) -> None:
    id = api.dataset("patched", schema, tags={"colour": ["red"]})
    steps = [
        {"op": "add", "path": "/tags/size", "value": ["big"]},
        {"op": "replace", "path": "/description", "value": "d"},
    ]
    assert api.catalog("PATCH", f"/dataSets/{id}", json=steps, headers=JSON_PATCH) == [f"@/dataSets/{id}"]
    api.catalog("PATCH", f"/v2/dataSets/{id}", json={"tags": {"shape": ["round"]}})
    found = api.catalog("GET", f"/dataSets/{id}")[id]
    assert {"colour", "size", "shape", "adobe/pqs/table"} <= found["tags"].keys()
    api.catalog("PATCH", f"/dataSets/{id}", json={"tags": {"only": ["this"]}})
    found = api.catalog("GET", f"/dataSets/{id}")[id]
    assert found["tags"] == {"only": ["this"], "adobe/pqs/table": ["patched"]}
    assert found["description"] == "d"
    api.catalog("PATCH", f"/dataSets/{id}", 400, json=[{"op": "remove", "path": "/nothing"}], headers=JSON_PATCH)
    api.catalog("PATCH", f"/dataSets/{id}", 400, json={"schemaRef": {"id": "another"}})


def test_profile_needs_a_schema_in_the_union(api: LocalApi) -> None:
    loose, dataset = api.make("loose", PROFILES, {})
    problem = api.catalog("PATCH", f"/dataSets/{dataset}", 400, json={"tags": ENABLED})
    assert "To enable profile datasets the schema should be valid" in problem["detail"]
    api.enable(loose)
    api.catalog("PATCH", f"/dataSets/{dataset}", json={"tags": ENABLED})


def test_upsert_is_added_only_after_disabling_and_never_to_events(api: LocalApi, schema: str) -> None:
    id = api.dataset("upserted", schema, tags=ENABLED)
    upsert = {**ENABLED, "unifiedProfile": ["enabled: true", "isUpsert: true"]}
    assert "enabled:false" in api.catalog("PATCH", f"/dataSets/{id}", 400, json={"tags": upsert})["detail"]
    disabled = {"unifiedProfile": ["enabled:false"], "unifiedIdentity": ["enabled:false"]}
    api.catalog("PATCH", f"/dataSets/{id}", json={"tags": disabled})
    api.catalog("PATCH", f"/dataSets/{id}", json={"tags": upsert})
    events, dataset = api.make("upserted events", EVENTS, {})
    api.enable(events)
    assert "time series" in api.catalog("PATCH", f"/dataSets/{dataset}", 400, json={"tags": upsert})["detail"]


def test_a_deleted_dataset_takes_its_batches_along(api: LocalApi, schema: str) -> None:
    id = api.dataset("deleted", schema)
    batch, _ = api.ingest(id, parquet([{"_acme": {"userId": "u"}}]))
    assert api.catalog("DELETE", f"/dataSets/{id}") == [f"@/dataSets/{id}"]
    api.catalog("GET", f"/dataSets/{id}", 404)
    api.catalog("GET", f"/batches/{batch}", 404)


def test_batches_are_found_by_dataset_status_and_external_id(api: LocalApi, schema: str) -> None:
    id = api.dataset("batched", schema)
    done, _ = api.ingest(id, parquet([{"_acme": {"userId": "u"}}]), externalId="run-1")
    open_ = api.open_batch(id, tags={"propensity/run": ["r"]})

    def ids(**query: str) -> list[str]:
        return list(api.catalog("GET", "/batches", params={"dataSet": id, **query}))

    assert ids() == [done, open_]
    assert ids(status="success") == [done]
    assert ids(status="loading,success", orderBy="desc:created") == [open_, done]
    assert ids(externalId="run-1") == [done]
    assert ids(createdAfter="99999999999999") == []
    assert ids(batch=open_) == [open_]
    assert list(api.catalog("GET", "/lastBatches", params={"dataSetId": id})) == [open_]
    assert api.batch(open_)["tags"] == {"propensity/run": ["r"]}
    assert "metrics" not in api.batch(open_)
