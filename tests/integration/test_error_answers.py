"""Every refusal of every operation that Adobe's published files describe is as they describe it.

What differs on purpose is in `tests/published_apis/deviations.yml`, what is described and not provoked here in
`tests/published_apis/unprovoked.yml`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from tests.aepp_methods.world import export_flow
from tests.integration.rest import FLOWS, UPS, Json, Rest, running
from tests.published_apis.deviating import Deviation, deviations, unexplained
from tests.published_apis.error_tour import Door, Tour, doors
from tests.published_apis.files import directory

pytestmark = pytest.mark.skipif(
    directory() is None, reason="Adobe's published API files are not here; AEP_OPENAPI_DIR names their directory"
)
REGISTRY = "/data/foundation/schemaregistry/tenant"
RULE = {"type": "PQL", "format": "pql/text", "value": "_acme.points >= 0"}
UNPROVOKED = Path(__file__).parents[1] / "published_apis" / "unprovoked.yml"


@dataclass(frozen=True)
class Toured:
    """The doors, what was answered there, what of it no deviation explains, and the deviations that explained some."""

    doors: list[Door]
    tour: Tour
    unexplained: list[str]
    used: set[Deviation]


def things(rest: Rest) -> Json:
    """Ids of things that exist, by the segment of a path before them."""
    dataset = rest.dataset("members", {"points": {"type": "integer"}})
    schema = rest.ok("GET", f"/data/foundation/catalog/dataSets/{dataset}")[dataset]["schemaRef"]["id"]
    group = rest.ok("GET", f"{REGISTRY}/fieldgroups", Accept="application/vnd.adobe.xed-id+json")["results"][0]["$id"]
    custom = {"type": "object", "properties": {"a": {"type": "string"}}}
    kept = {"allOf": [{"$ref": "https://ns.adobe.com/xdm/data/record"}], "type": "object"}
    batch = {"datasetId": dataset, "inputFormat": {"format": "json"}}
    query = {"dbName": "dev:all", "sql": "SELECT 1", "name": "q"}
    schedule = {"query": query, "schedule": {"schedule": "0 5 * * *"}}
    audience = {"name": "a", "expression": RULE, "schema": {"name": "_xdm.context.profile"}}
    flow = export_flow(rest, dataset)
    return {
        "dataSets": dataset,
        "datasets": dataset,
        "batches": rest.ok("POST", "/data/foundation/import/batches", batch)["id"],
        "files": "a.json",
        "schemas": schema,
        "fieldgroups": group,
        "mixins": group,
        "classes": rest.ok("POST", f"{REGISTRY}/classes", {"title": "c", **kept})["$id"],
        "datatypes": rest.ok("POST", f"{REGISTRY}/datatypes", {"title": "t", **custom})["$id"],
        "flows": flow,
        "connections": rest.ok("GET", f"{FLOWS}/connections")["items"][0]["id"],
        "sourceConnections": rest.ok("GET", f"{FLOWS}/sourceConnections")["items"][0]["id"],
        "targetConnections": rest.ok("GET", f"{FLOWS}/targetConnections")["items"][0]["id"],
        "mergePolicies": rest.ok("GET", f"{UPS}/config/mergePolicies")["children"][0]["id"],
        "definitions": rest.ok("POST", f"{UPS}/segment/definitions", audience)["id"],
        "queries": rest.ok("POST", "/data/foundation/query/queries", query)["id"],
        "schedules": rest.ok("POST", "/data/foundation/query/schedules", schedule)["id"],
    }


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Toured:
    """Everything that is refused, once."""
    with running(tmp_path_factory.mktemp("tour")) as rest:
        known = things(rest)
        every = doors(tmp_path_factory.mktemp("doors"), known)
        tour = Tour(rest)
        for door in every:
            tour.stranger(door)
            tour.nothing_there(door)
            tour.wrong(door)
        for door in {door.operation.file.name: door for door in reversed(every)}.values():
            tour.other_strangers(door)
        particular(rest, tour, {door.operation.name: door for door in every}, known)
        tour.failing(every)
    used: set[Deviation] = set()
    return Toured(every, tour, unexplained(tour.exchanges, used), used)


def particular(rest: Rest, tour: Tour, named: dict[str, Door], known: Json) -> None:
    """What needs more than a wrong body: names that are taken, stale etags, things that are over."""
    path = f"/data/foundation/query/queries/{known['queries']}"
    rest.wait(lambda: rest.ok("GET", path)["state"] == "SUCCESS", "the query")
    cancel = json.dumps({"op": "cancel"}).encode()
    rename = json.dumps([{"op": "replace", "path": "/name", "value": "x"}]).encode()
    taken = json.dumps({"name": "a", "expression": RULE, "schema": {"name": "_xdm.context.profile"}}).encode()
    absent = json.dumps({"activationInfo": {"destinations": [{"flowId": "none", "datasets": [{"id": "d"}]}]}}).encode()
    nobody = "schema.name=_xdm.context.profile&entityId=nobody&entityIdNS=ECID"
    assert tour.ask(named["query-service PATCH /queries/{queryid}"], body=cancel) == 409
    assert tour.ask(named["query-service PATCH /queries/{queryid}"], body=cancel, known=False) == 404
    for name in ("destinations PATCH /flows/{id}", "destinations PATCH /connections/{id}"):
        assert tour.ask(named[name], body=rename, If_Match="stale") == 412
    assert tour.ask(named["segmentation POST /segment/definitions"], body=taken) == 422
    for verb in ("PUT", "HEAD"):
        upload = named[f"batch-ingestion {verb} /batches/{{batchId}}/datasets/{{datasetId}}/files/{{filePath}}"]
        assert tour.ask(replace(upload, things={**known, "files": "a\\b"}), body=b"{}") == 400
    accept = "application/vnd.adobe.adhoc.dataset.activation+json; version=1"
    assert tour.ask(named["ad-hoc-activation POST /adhocrun"], body=absent, Accept=accept) == 404
    assert tour.ask(named["profile GET /ups/access/entities"], nobody) == 404
    unknown = json.dumps({"ids": [{"id": "none"}]}).encode()
    assert tour.ask(named["segmentation POST /audiences/bulk-get"], body=unknown) == 404


def test_the_tour_is_of_all_files(toured: Toured) -> None:
    assert len(toured.doors) > 170
    assert len({door.operation.file.name for door in toured.doors}) == 10
    assert len(toured.tour.exchanges) > 1_000


def test_every_refusal_is_as_published(toured: Toured) -> None:
    assert toured.unexplained == []


def test_every_deviation_of_refusals_is_still_needed(toured: Toured) -> None:
    assert [entry for entry in deviations() if entry.traffic == "errors" and entry not in toured.used] == []


def test_every_described_refusal_is_provoked_or_listed_with_a_reason(toured: Toured) -> None:
    listed = yaml.safe_load(UNPROVOKED.read_text(encoding="utf-8"))
    needed: set[int] = set()
    left = []
    for door in toured.doors:
        name = door.operation.name
        for status in sorted(door.described - toured.tour.provoked[name]):
            entries = [
                number
                for number, entry in enumerate(listed)
                if re.fullmatch(re.sub(r"[{}]", r"\\\g<0>", entry["operation"]), name)
                and entry["status"] == int(status)
            ]
            needed.update(entries)
            left += [] if entries else [f"{name} {status}"]
    assert left == []
    assert [entry for number, entry in enumerate(listed) if number not in needed] == []


def test_no_service_fails_at_what_it_must_refuse(toured: Toured) -> None:
    crashed = [e.line for e in toured.tour.exchanges if b"the platform's log has the reason" in e.response_body]
    assert crashed == []
