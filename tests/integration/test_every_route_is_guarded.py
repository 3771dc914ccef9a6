"""No route of the platform answers a stranger, and no name climbs out of its place or ends a header line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from local_platform import control, ims
from local_platform.app import service_modules
from local_platform.context import Context, Options
from tests.integration.local_api import PROFILES, LocalApi, local_api, parquet

NAMES = ("../../etc/passwd", "a\r\nSet-Cookie: stolen=1", "a\x00b", "..\\..\\windows", "a/../b")
LANDING_ZONE = {"id": "10440537-2a7b-4583-ac39-ed38d4b848e8", "version": "1.0"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("guarded") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    """Another platform with another secret, whose tokens are good there, for a moment."""
    with local_api(tmp_path_factory.mktemp("stranger") / "data", "--delays", "none", "--token-seconds", "1") as running:
        yield running


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Method and path of every route of every service, with something in place of each parameter."""
    context = Context.open(Options(tmp_path_factory.mktemp("routes") / "data"))
    context.api_url = "http://127.0.0.1:1"
    found: set[tuple[str, str]] = set()
    for module in service_modules():
        if hasattr(module, "attach"):
            module.attach(context)
        for route in module.routes(context):
            path = re.sub(r"\{[^}]+\}", "anything", route.path)
            found |= {(method, path) for method in route.methods or () if method != "HEAD"}
    return sorted(found)


def headers(api: LocalApi, drop: str = "", **changed: str) -> dict[str, str]:
    kept = {str(k): str(v) for k, v in api.session.headers.items() if k != drop and k.lower() != "connection"}
    return kept | {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in changed.items()}


def refused(api: LocalApi, doors: list[tuple[str, str]], sent: dict[str, str]) -> set[tuple[int, str]]:
    """Status and code of the answers of all routes to the same headers."""
    with requests.Session() as session:
        seen = set()
        for method, path in doors:
            body = "{}" if method in ("POST", "PUT", "PATCH") else None
            answer = session.request(method, api.ready["api_url"] + path, data=body, headers=sent, timeout=30)
            content = answer.json()
            seen.add((answer.status_code, str(content.get("error_code") or content.get("title"))))
    return seen


def test_there_are_as_many_routes_as_a_platform_has(doors: list[tuple[str, str]]) -> None:
    assert len(doors) > 90
    assert all(path.startswith("/data/") for _, path in doors)


def test_no_route_answers_without_a_token(api: LocalApi, doors: list[tuple[str, str]]) -> None:
    assert refused(api, doors, headers(api, "Authorization")) == {(403, "403010")}


@pytest.mark.parametrize("token", ["garbage", "eyJhbGciOiJub25lIn0.e30.", "' OR 1=1 --"])
def test_no_route_answers_a_forged_token(api: LocalApi, doors: list[tuple[str, str]], token: str) -> None:
    assert refused(api, doors, headers(api, Authorization=f"Bearer {token}")) == {(401, "401013")}


def test_no_route_answers_the_token_of_another_platform(
    api: LocalApi, stranger: LocalApi, doors: list[tuple[str, str]]
) -> None:
    foreign = headers(api, Authorization=f"Bearer {stranger.token()}")
    assert refused(api, doors, foreign) == {(401, "401013")}


def test_no_route_answers_an_expired_token(tmp_path: Path, api: LocalApi, doors: list[tuple[str, str]]) -> None:
    with local_api(tmp_path / "data", "--delays", "none", "--token-seconds", "0") as expiring:
        assert refused(expiring, doors, headers(expiring)) == {(401, "401013")}


def test_no_route_answers_the_password_of_the_sql_endpoint(api: LocalApi, doors: list[tuple[str, str]]) -> None:
    assert refused(api, doors, headers(api, Authorization=f"Bearer {api.ready['password']}")) == {(401, "401013")}


def test_no_route_answers_another_organisation(api: LocalApi, doors: list[tuple[str, str]]) -> None:
    assert refused(api, doors, headers(api, x_gw_ims_org_id="FOREIGN@AdobeOrg")) == {(403, "403027")}
    assert refused(api, doors, headers(api, "x-gw-ims-org-id")) == {(400, "400003")}


@pytest.mark.parametrize("sandbox", ["prod", "other", "DEV", "../dev"])
def test_no_route_answers_in_another_sandbox(api: LocalApi, doors: list[tuple[str, str]], sandbox: str) -> None:
    assert refused(api, doors, headers(api, x_sandbox_name=sandbox)) == {(403, "Forbidden")}
    assert refused(api, doors, headers(api, "x-sandbox-name")) == {(403, "Forbidden")}


def test_no_route_answers_another_client(api: LocalApi, doors: list[tuple[str, str]]) -> None:
    assert refused(api, doors, headers(api, x_api_key="somebody-else")) == {(403, "403003")}


def test_the_control_endpoint_answers_nobody_but_its_owner(tmp_path: Path, api: LocalApi) -> None:
    routes = control.routes(Context.open(Options(tmp_path / "data")))
    doors = [(method, route.path) for route in routes for method in route.methods or () if method != "HEAD"]
    assert len(doors) >= 5
    for method, path in doors:
        for sent in ({}, headers(api), {"Authorization": "Bearer "}, {"Authorization": "Bearer wrong"}):
            assert requests.request(method, api.ready["api_url"] + path, headers=sent, timeout=30).status_code == 401


def test_the_token_endpoint_is_the_only_one_without_a_token(tmp_path: Path) -> None:
    assert [r.path for r in ims.routes(Context.open(Options(tmp_path / "data")))] == ["/ims/token/v3"]


# -- names ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(api: LocalApi) -> tuple[str, str, str, str]:
    """Schema, dataset, an ingested batch and its file."""
    schema, dataset = api.make("good", PROFILES, {})
    batch, _ = api.ingest(dataset, parquet([{"_acme": {"userId": "a"}}]))
    file = api.call("GET", f"/data/foundation/export/batches/{batch}/files").json()["data"][0]["dataSetFileId"]
    return schema, dataset, batch, file


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_climbs_or_injects_is_a_400_wherever_it_is_given(
    api: LocalApi, made: tuple[str, str, str, str], name: str
) -> None:
    schema, dataset, _, _ = made
    reference = {"id": schema, "contentType": "application/vnd.adobe.xed+json;version=1"}
    rule = {"type": "PQL", "format": "pql/text", "value": '_acme.userId = "x"'}
    batch = {"datasetId": dataset, "inputFormat": {"format": "parquet"}, "externalId": name}
    target = {"name": "t", "connectionSpec": LANDING_ZONE, "params": {"path": name, "mode": "Server-to-server"}}
    calls = [
        ("POST", "/data/foundation/catalog/dataSets", {"name": name, "schemaRef": reference}),
        ("PATCH", f"/data/foundation/catalog/dataSets/{dataset}", {"name": name}),
        ("PATCH", f"/data/foundation/catalog/dataSets/{dataset}", [{"op": "replace", "path": "/name", "value": name}]),
        ("POST", "/data/foundation/schemaregistry/tenant/schemas", {"title": name, "allOf": [{"$ref": PROFILES}]}),
        ("POST", "/data/foundation/schemaregistry/tenant/fieldgroups", {"title": name, "type": "object"}),
        ("POST", "/data/core/idnamespace/identities", {"name": name, "code": "X", "idType": "CROSS_DEVICE"}),
        ("POST", "/data/foundation/import/batches", batch),
        ("POST", "/data/core/ups/segment/definitions", {"name": name, "expression": rule}),
        ("POST", "/data/foundation/flowservice/connections", {"name": name, "connectionSpec": LANDING_ZONE}),
        ("POST", "/data/foundation/flowservice/targetConnections", target),
        ("POST", "/data/foundation/flowservice/flows", {"name": name}),
        ("POST", "/data/foundation/query/queries", {"name": name, "dbName": "dev:all", "sql": "SELECT 1"}),
        ("POST", "/data/foundation/query/query-templates", {"name": name, "sql": "SELECT 1"}),
        ("POST", "/data/foundation/conversion/mappingSets", {"name": name, "mappings": []}),
        ("POST", "/data/core/ais/external-audience", {"name": name}),
        ("POST", "/data/core/ais/external-audience", {"name": "x", "sourceSpec": {"params": {"path": name}}}),
    ]
    for method, path, body in calls:
        answer = api.call(method, path, json=body)
        assert answer.status_code == 400, (path, answer.status_code, answer.text)
        assert "no name may" in answer.text, (path, answer.text)
        assert "stolen" not in str(answer.headers)


@pytest.mark.parametrize("name", NAMES)
def test_a_path_that_climbs_or_injects_is_a_400_wherever_it_is_given(
    api: LocalApi, made: tuple[str, str, str, str], name: str
) -> None:
    _, dataset, batch, file = made
    opened = api.open_batch(dataset)
    export = "/data/foundation/export"
    given = [
        ("PUT", api.file_path(opened, dataset, quote(name, safe="")), {}),
        ("GET", f"{export}/files/{file}", {"path": name}),
        ("GET", f"{export}/batches/{batch}/meta", {"path": name}),
        ("GET", f"{export}/batches/{batch}/failed", {"path": name}),
        ("GET", f"/data/foundation/catalog/dataSets/{quote(name, safe='')}", {}),
        ("GET", f"/data/foundation/schemaregistry/tenant/schemas/{quote(name, safe='')}", {}),
        ("GET", f"/data/core/ups/segment/definitions/{quote(name, safe='')}", {}),
        ("GET", f"/data/core/ais/external-audience/operations/{quote(name, safe='')}", {}),
    ]
    for method, path, query in given:
        answer = api.call(method, path, params=query, headers={"Content-Type": "application/octet-stream"})
        assert answer.status_code == 400, (path, query, answer.status_code, answer.text)


def test_an_ordinary_name_may_hold_what_names_hold(api: LocalApi, made: tuple[str, str, str, str]) -> None:
    reference = {"id": made[0], "contentType": "application/vnd.adobe.xed+json;version=1"}
    for name in ("Orders / 2026..2027", "Ünïcode – “quoted”", "100 % of a.b_c"):
        api.catalog("POST", "/dataSets", 201, json={"name": name, "schemaRef": reference})
