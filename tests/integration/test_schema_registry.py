"""Schemas are made of Adobe's and the tenant's parts, and only grow once somebody depends on them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote_plus

import pytest

from tests.integration.local_api import CONTEXT, EVENTS, FULL, PROFILES, LocalApi, local_api, parquet

BRIEF = {"Accept": "application/vnd.adobe.xed-id+json"}
USER = {"userId": {"type": "string"}}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("registry") / "data") as running:
        yield running


def test_stats_tell_the_tenant(api: LocalApi) -> None:
    stats = api.registry("GET", "/stats")
    assert stats["tenantId"] == "acme"
    assert stats["imsOrg"] == api.ready["org_id"]


def test_a_schema_joins_its_class_and_its_field_groups(api: LocalApi) -> None:
    group = api.field_group("joined", EVENTS, USER)
    schema = api.schema("joined", EVENTS, [group["$id"], CONTEXT + "experienceevent-commerce"])
    assert schema["meta:altId"] == "_acme.schemas." + schema["$id"].rsplit("/", 1)[1]
    path = f"/tenant/schemas/{quote_plus(schema['$id'])}"
    full = api.registry("GET", path, headers={"Accept": FULL})
    assert full["properties"]["_acme"]["properties"]["userId"]["meta:xdmType"] == "string"
    order = full["properties"]["commerce"]["properties"]["order"]["properties"]
    assert order["priceTotal"]["meta:xdmType"] == "number"
    purchases = full["properties"]["commerce"]["properties"]["purchases"]["properties"]
    assert purchases["value"]["type"] == "number"
    assert full["required"] == ["_id", "timestamp"]
    brief = api.registry(
        "GET", f"/tenant/schemas/{schema['meta:altId']}", headers={"Accept": FULL.replace("-full", "")}
    )
    assert brief["allOf"] == schema["allOf"]


@pytest.mark.parametrize(
    ("group", "path"),
    [
        ("experienceevent-web", "web/webPageDetails/pageViews/value"),
        ("experienceevent-directmarketing", "directMarketing/emailDelivered/value"),
        ("experienceevent-advertising", "advertising/clicks/value"),
        ("experienceevent-marketing", "marketing/trackingCode"),
        ("profile-person-details", "person/birthDate"),
    ],
)
def test_adobes_field_groups_can_be_looked_up(api: LocalApi, group: str, path: str) -> None:
    node = api.registry("GET", f"/global/fieldgroups/{quote_plus(CONTEXT + group)}", headers={"Accept": FULL})
    for part in path.split("/"):
        node = node["properties"][part]
    assert node["type"] in ("number", "string")


def test_a_title_is_taken_once(api: LocalApi) -> None:
    first = api.field_group("twice", EVENTS, USER)
    again = api.field_group("twice", EVENTS, USER, status=400)
    assert again["detail"] == f"Title must be unique. An object {first['$id']} already exists with the same title"


def test_custom_fields_live_under_the_tenant(api: LocalApi) -> None:
    body = {
        "title": "stray",
        "type": "object",
        "meta:intendedToExtend": [EVENTS],
        "definitions": {"custom": {"type": "object", "properties": {"score": {"type": "number"}}}},
        "allOf": [{"$ref": "#/definitions/custom"}],
    }
    assert "'_acme'" in api.registry("POST", "/tenant/fieldgroups", 400, json=body)["detail"]
    assert "'_hidden'" in api.field_group("hidden", EVENTS, {"_hidden": {"type": "string"}}, status=400)["detail"]


def test_a_field_group_fits_only_the_class_it_was_made_for(api: LocalApi) -> None:
    group = api.field_group("for profiles", PROFILES, USER)
    body = {"title": "misfit", "allOf": [{"$ref": EVENTS}, {"$ref": group["$id"]}]}
    assert "does not extend" in api.registry("POST", "/tenant/schemas", 400, json=body)["detail"]


def test_lists_filter_by_title_and_page_to_the_end(api: LocalApi) -> None:
    for number in range(5):
        api.field_group(f"paged {number}", EVENTS, USER)
    found = api.registry("GET", "/tenant/fieldgroups/", headers=BRIEF, params={"property": "title==paged 3"})
    assert [item["title"] for item in found["results"]] == ["paged 3"]
    assert found["_page"]["next"] is None
    titles: list[str] = []
    query = {"orderby": "title", "limit": "2", "property": "title~^paged"}
    while True:
        page = api.registry("GET", "/tenant/fieldgroups", headers=BRIEF, params=query)
        titles += [item["title"] for item in page["results"]]
        if page["_page"]["next"] is None:
            break
        query["start"] = page["_page"]["next"]
    assert titles == [f"paged {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("path", "accept", "code"),
    [
        ("/tenant/schemas", "application/vnd.adobe.xed+json; version=1", "XDM-1006-400"),
        ("/tenant/schemas", "application/json", "XDM-1006-400"),
        ("/global/classes/_xdm.context.profile", "application/vnd.adobe.xed+json", "XDM-1007-400"),
        ("/tenant/descriptors", "application/vnd.adobe.xed+json", "XDM-1008-400"),
        ("/tenant/descriptors/f00", "application/vnd.adobe.xed+json; version=1", "XDM-1009-400"),
    ],
)
def test_a_wrong_accept_header_has_its_code(api: LocalApi, path: str, accept: str, code: str) -> None:
    problem = api.registry("GET", path, 400, headers={"Accept": accept})
    assert problem["type"].endswith(code)
    assert accept in problem["report"]["detailed-message"]


def test_an_unknown_resource_is_not_found(api: LocalApi) -> None:
    problem = api.registry("GET", "/tenant/schemas/_acme.schemas.none", 404, headers={"Accept": FULL})
    assert problem["type"].endswith("XDM-1012-404")


def test_a_schema_has_one_primary_identity_which_is_a_string_that_exists(api: LocalApi) -> None:
    fields = {**USER, "age": {"type": "integer"}, "other": {"type": "string"}}
    schema = api.schema("identified", PROFILES, [api.field_group("identified", PROFILES, fields)["$id"]])["$id"]
    assert "must be a string" in api.primary_identity(schema, "/_acme/age", 400)["detail"]
    assert "no field /_acme/none" in api.primary_identity(schema, "/_acme/none", 400)["detail"]
    assert "namespace" in api.primary_identity(schema, status=400, **{"xdm:namespace": "NOBODY"})["detail"]
    assert "no primary identity" in api.enable(schema, status=400)["detail"]
    made = api.primary_identity(schema)
    assert "only one" in api.primary_identity(schema, "/_acme/other", 400)["detail"]
    v2 = {"Accept": "application/vnd.adobe.xdm-v2+json"}
    listed = api.registry("GET", "/tenant/descriptors/", headers=v2, params={"property": f"xdm:sourceSchema=={schema}"})
    assert [item["@id"] for item in listed["results"]] == [made["@id"]]
    assert listed["_page"]["next"] is None
    grouped = api.registry("GET", "/tenant/descriptors", headers={"Accept": "application/vnd.adobe.xdm+json"})
    assert made in grouped["xdm:descriptorIdentity"]


def test_a_schema_joins_the_union_for_good(api: LocalApi) -> None:
    schema, _ = api.make("united", PROFILES, {"score": {"type": "number"}})
    assert api.enable(schema)["meta:immutableTags"] == ["union"]
    union = api.registry("GET", "/tenant/unions/_xdm.context.profile__union", headers={"Accept": FULL})
    assert "score" in union["properties"]["_acme"]["properties"]
    assert schema in union["meta:extends"]
    steps = [{"op": "remove", "path": "/meta:immutableTags"}]
    assert "stays enabled" in api.registry("PATCH", f"/tenant/schemas/{quote_plus(schema)}", 400, json=steps)["detail"]
    api.registry("DELETE", f"/tenant/schemas/{quote_plus(schema)}", 400)


def test_once_data_is_there_a_schema_only_grows_and_the_dataset_grows_with_it(api: LocalApi) -> None:
    group = api.field_group("growing", PROFILES, {**USER, "score": {"type": "number"}})
    schema = api.schema("growing", PROFILES, [group["$id"]])["$id"]
    dataset = api.dataset("growing", schema)
    fields = "/definitions/customFields/properties/_acme/properties"
    path = f"/tenant/fieldgroups/{quote_plus(group['$id'])}"
    # Before there is data a field may still change its type.
    retype = [{"op": "replace", "path": f"{fields}/score", "value": {"type": "string"}}]
    api.registry("PATCH", path, json=retype)
    _, batch = api.ingest(dataset, parquet([{"_acme": {"userId": "u", "score": "high"}}]))
    assert batch["status"] == "success"
    back = [{"op": "replace", "path": f"{fields}/score", "value": {"type": "number"}}]
    assert "type of /_acme/score" in api.registry("PATCH", path, 422, json=back)["detail"]
    remove = [{"op": "remove", "path": f"{fields}/score"}]
    assert "/_acme/score would be removed" in api.registry("PATCH", path, 422, json=remove)["detail"]
    grow = [{"op": "add", "path": f"{fields}/tier", "value": {"type": "string"}}]
    assert api.registry("PATCH", path, json=grow)["version"] == "1.2"
    _, batch = api.ingest(dataset, parquet([{"_acme": {"userId": "u", "tier": "gold"}}]))
    assert batch["status"] == "success"


def test_namespaces_are_adobes_and_ones_own_and_a_code_is_taken_once(api: LocalApi) -> None:
    path = "/data/core/idnamespace/identities"
    body = {"name": "Loaded ids", "code": "PROPENSITYID", "idType": "CROSS_DEVICE"}
    made = api.expect(200, "POST", path, json=body).json()
    assert {"ECID", "Email", "PROPENSITYID"} <= {item["code"] for item in api.expect(200, "GET", path).json()}
    assert api.expect(200, "GET", f"{path}/{made['id']}").json() == made
    conflict = api.expect(409, "POST", path, json={**body, "code": "propensityid"}).json()
    assert conflict["error"] == "NAMESPACE_CODE_CONFLICT"
    assert api.expect(400, "POST", path, json={**body, "code": "X", "idType": "FRIEND"}).json()["status"] == 400
