"""Every route the client reads, with a documented answer: what a hostile answer is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from runner.platform import Platform
from runner.platform.flows import DATA_LAKE, LANDING_ZONE
from runner.platform.schemas import PROFILE_CLASS

CATALOG = "/data/foundation/catalog"
EXPORT = "/data/foundation/export"
FLOW = "/data/foundation/flowservice"
UPS = "/data/core/ups"
REGISTRY = "/data/foundation/schemaregistry"
Body = Any


@dataclass(frozen=True)
class Route:
    """A call of the client, the route whose answer is spoiled, its healthy answer, and what else is answered."""

    name: str
    call: Callable[[Platform], object]
    route: str
    answer: Body
    others: dict[str, Body]
    status: int = 200


def _dataset() -> Body:
    return {
        "name": "scores",
        "created": 1718000000000,
        "schemaRef": {"id": "https://ns.adobe.com/acme/schemas/5c"},
        "tags": {"adobe/pqs/table": ["scores"], "unifiedProfile": ["enabled:true"]},
    }


def _batch() -> Body:
    return {
        "status": "success",
        "created": 1,
        "externalId": "e1",
        "relatedObjects": [{"type": "dataSet", "id": "d1"}],
        "metrics": {"outputRecordCount": 990, "failedRecordCount": 0},
        "errors": [{"code": "INGEST-1", "description": "text"}],
        "tags": {"propensity/run": ["r1"]},
        "replay": {"predecessors": ["$b0"]},
    }


def _flow() -> Body:
    return {
        "id": "f1",
        "name": "n",
        "etag": '"1"',
        "state": "enabled",
        "flowSpec": {"id": "x"},
        "sourceConnectionIds": ["s1"],
        "targetConnectionIds": ["t1"],
        "transformations": [{"params": {}}],
        "scheduleParams": {"interval": 1},
    }


def _run() -> Body:
    return {
        "id": "r1",
        "flowId": "f1",
        "createdAt": 1,
        "metrics": {
            "statusSummary": {"status": "success", "errors": [{"code": "c", "message": "m"}]},
            "recordSummary": {"targetSummaries": [{"entitySummaries": [{"id": "segment:a", "outputRecordCount": 3}]}]},
            "durationSummary": {"startedAtUTC": 1},
            "fileSummary": {"outputFileCount": 1},
        },
    }


def _segment() -> Body:
    return {"id": "a1", "name": "Likely", "expression": {"value": "x = 1"}, "creationTime": 5}


def _job() -> Body:
    return {
        "id": "j1",
        "status": "SUCCEEDED",
        "creationTime": 5,
        "segments": [{"segmentId": "a1"}],
        "errors": [{"code": "c", "msg": "m"}],
        "metrics": {
            "totalTime": {"endTimeInMs": 7},
            "totalProfiles": 10,
            "segmentedProfileCounter": {"a1": 6},
            "segmentedProfileByStatusCounter": {"a1": {"realized": 6}},
        },
    }


def _aws() -> Body:
    return {
        "credentials": {"awsAccessKeyId": "AK", "awsSecretAccessKey": "S", "awsSessionToken": "T"},
        "dlzPath": {"bucketName": "bucket", "dlzFolder": "folder"},
        "expiryTime": 1718086400,
    }


def routes() -> Iterator[Route]:
    """All of them; a route that creates is asked for a thing that is not there yet."""
    schema_id = "https://ns.adobe.com/acme/schemas/1"
    group = {"$id": "https://ns.adobe.com/acme/mixins/1", "meta:altId": "m1", "title": "fields", "definitions": {}}
    schema = {"$id": schema_id, "title": "s", "allOf": [{"$ref": PROFILE_CLASS}], "meta:immutableTags": ["union"]}
    descriptor = {"@id": "i1", "xdm:sourceSchema": "s1", "xdm:sourceProperty": "/_a/b", "xdm:isPrimary": True}
    page = {"_page": {"count": 1}}
    adhoc = "POST /data/core/activation/disflowprovider/adhocrun"
    status_url = "https://platform.adobe.io/data/foundation/flowservice/runs/r1"
    connection = {"items": [{"id": "c1", "name": "dlz", "createdAt": 1}], "_links": {}}
    entity = {"entityId": "X", "requestedIdentity": {"entityId": "u1"}, "entity": {"_a": 1}, "sources": ["d1"]}
    login = {"host": "h", "port": 80, "dbName": "dev:all", "username": "u", "token": "t"}
    labels = {"AEP:dataset:d1": {"labels": ["C9"], "optionalLabels": [{"option": {"schemaPath": "/p"}, "labels": []}]}}
    constraints = "POST /data/foundation/dulepolicy/marketingActions/core/export/constraints"
    verdict = {"duleLabels": ["C9"], "violatedPolicies": [{"name": "p"}]}
    namespace = {"id": 4, "code": "ECID", "name": "ECID", "idType": "COOKIE"}
    policies = {"children": [{"id": "m", "name": "n", "default": True, "attributeMerge": {"type": "t"}}]}
    exportable = {"items": [{"id": "d1", "name": "a"}], "pageInfo": {"hasNext": False}}
    file = {"data": [{"dataSetFileId": "f1", "records": "1", "size": "1"}], **page}
    part = {"data": [{"name": "p.parquet", "length": "9"}], **page}
    estimate = {"state": "RESULT_READY", "estimatedSize": 6, "standardError": 0.1, "profilesReadSoFar": 10}
    schedule = {"children": [{"id": "s1", "type": "batch_segmentation", "state": "active"}]}
    empty: Body = {"items": []}

    def read(name: str, call: Callable[[Platform], object], route: str, answer: Body, **more: Any) -> Route:
        return Route(name, call, f"GET {route}", answer, {}, **more)

    yield read("tenant", lambda p: p.schemas.tenant(), f"{REGISTRY}/stats/", {"tenantId": "acme"})
    yield read(
        "field group",
        lambda p: p.schemas.field_group("g"),
        f"{REGISTRY}/tenant/fieldgroups/g",
        group,
    )
    yield read("schema", lambda p: p.schemas.schema("s"), f"{REGISTRY}/tenant/schemas/s", schema)
    yield read("resolved schema", lambda p: p.schemas.resolved("s"), f"{REGISTRY}/tenant/schemas/s", schema)
    yield read(
        "descriptors", lambda p: p.schemas.identities("s1"), f"{REGISTRY}/tenant/descriptors", {"results": [descriptor]}
    )
    yield read("schemas", lambda p: p.schemas.find_schema("other"), f"{REGISTRY}/tenant/schemas", {"results": [schema]})
    yield read("namespaces", lambda p: p.identities.namespaces(), "/data/core/idnamespace/identities", [namespace])
    yield read("dataset", lambda p: p.catalog.dataset("d1"), f"{CATALOG}/dataSets/d1", {"d1": _dataset()})
    yield read("datasets", lambda p: list(p.catalog.datasets()), f"{CATALOG}/dataSets", {"d1": _dataset()})
    yield read("batch", lambda p: p.catalog.batch("b1"), f"{CATALOG}/batches/b1", {"b1": _batch()})
    yield read("batches", lambda p: list(p.catalog.batches()), f"{CATALOG}/batches", {"b1": _batch()})
    yield read("files", lambda p: p.access.files("b1"), f"{EXPORT}/batches/b1/files", file)
    yield read("parts", lambda p: p.access.parts("f1"), f"{EXPORT}/files/f1", part)
    yield read("preview", lambda p: p.access.preview("d1"), f"{EXPORT}/datasets/d1/preview", {"data": [{"a": 1}]})
    yield read("SQL login", lambda p: p.queries.login(), "/data/foundation/query/connection_parameters", login)
    yield read(
        "exportable datasets",
        lambda p: p.flows.exportable_datasets(),
        f"{FLOW}/connectionSpecs/{DATA_LAKE}/configs",
        exportable,
    )
    yield read("flow", lambda p: p.flows.flow("f1"), f"{FLOW}/flows/f1", {"items": [_flow()]})
    yield read("flows", lambda p: p.flows.find_flow("n"), f"{FLOW}/flows", {"items": [_flow()], "_links": {}})
    yield read("run", lambda p: p.flows.run("r1"), f"{FLOW}/runs/r1", {"items": [_run()]})
    yield read("runs", lambda p: p.flows.runs("f1"), f"{FLOW}/runs", {"items": [_run()]})
    yield read(
        "landing zone",
        lambda p: p.landing_zone.credentials(),
        "/data/foundation/connectors/landingzone/credentials",
        _aws(),
    )
    yield read(
        "audiences",
        lambda p: p.segmentation.definitions(),
        f"{UPS}/segment/definitions",
        {"segments": [_segment()], "page": {"totalPages": 1}},
    )
    yield read("audience", lambda p: p.segmentation.definition("a1"), f"{UPS}/segment/definitions/a1", _segment())
    yield read("job", lambda p: p.segmentation.job("j1"), f"{UPS}/segment/jobs/j1", _job())
    yield read("jobs", lambda p: p.segmentation.jobs(), f"{UPS}/segment/jobs", {"children": [_job()]})
    yield read("profile", lambda p: p.profiles.entity("u1", "ECID"), f"{UPS}/access/entities", {"X": entity})
    yield read("profile sample", lambda p: p.profiles.preview_status(), f"{UPS}/previewsamplestatus", {"docCount": 1})
    yield read("merge policies", lambda p: p.profiles.merge_policies(), f"{UPS}/config/mergePolicies", policies)
    yield read("labels", lambda p: p.labels.labels("d1"), "/data/foundation/dataset/datasets/d1/labels", labels)
    yield read(
        "marketing actions",
        lambda p: p.policies.marketing_actions(),
        "/data/foundation/dulepolicy/marketingActions/core",
        {"children": [{"name": "export"}]},
    )

    def write(name: str, call: Callable[[Platform], object], route: str, answer: Body, **others: Body) -> Route:
        return Route(name, call, route, answer, {k: v for k, v in others.items() if k != "more"} | others["more"])

    yield write(
        "daily evaluation",
        lambda p: p.segmentation.ensure_daily_schedule(),
        f"GET {UPS}/config/schedules",
        schedule,
        more={f"POST {UPS}/config/schedules": {"id": "s2"}, f"PATCH {UPS}/config/schedules/s1": {}},
    )
    yield write(
        "profiles",
        lambda p: p.profiles.entities(["u1"], "ECID", ["_a"]),
        f"POST {UPS}/access/entities",
        {"X": entity},
        more={},
    )
    yield write("verdict", lambda p: p.policies.evaluate("d1", [], "export"), constraints, verdict, more={})
    yield write(
        "new batch",
        lambda p: p.ingestion.open_batch("d1", external_id="e1"),
        "POST /data/foundation/import/batches",
        {"id": "b1"},
        more={},
    )
    yield write(
        "new dataset",
        lambda p: p.catalog.ensure_dataset("scores", "s1"),
        f"POST {CATALOG}/dataSets",
        ["@/dataSets/d1"],
        more={f"GET {CATALOG}/dataSets": {}, f"GET {CATALOG}/dataSets/d1": {"d1": _dataset()}},
    )
    yield write(
        "new connection",
        lambda p: p.flows.ensure_connection("dlz", LANDING_ZONE),
        f"POST {FLOW}/connections",
        {"id": "c1"},
        more={f"GET {FLOW}/connections": empty},
    )
    yield write(
        "connections",
        lambda p: p.flows.ensure_connection("dlz", LANDING_ZONE),
        f"GET {FLOW}/connections",
        connection,
        more={f"POST {FLOW}/connections": {"id": "c2"}},
    )
    yield write(
        "new mapping set",
        lambda p: p.mappings.create({"mappings": []}),
        "POST /data/foundation/conversion/mappingSets",
        {"id": "m1"},
        more={},
    )
    yield write(
        "export now",
        lambda p: p.destinations.export_now("f1", ["d1"]),
        adhoc,
        {"destinations": [{"datasets": [{"id": "d1", "statusURL": status_url}]}]},
        more={},
    )
    yield write(
        "activation now",
        lambda p: p.destinations.activate_now("f1", ["a1"]),
        adhoc,
        {"order": [{"segment": "a1", "statusURL": status_url}]},
        more={},
    )
    yield write(
        "new audience",
        lambda p: p.segmentation.create("Likely", "x = 1", "d"),
        f"POST {UPS}/segment/definitions",
        _segment(),
        more={f"GET {UPS}/segment/definitions": {"segments": [], "page": {"totalPages": 1}}},
    )
    yield write(
        "evaluation now",
        lambda p: p.segmentation.evaluate_now(["a1"]),
        f"POST {UPS}/segment/jobs",
        _job(),
        more={},
    )
    yield write(
        "estimate",
        lambda p: p.segmentation.estimate("x = 1"),
        f"GET {UPS}/estimate/p1",
        estimate,
        more={f"POST {UPS}/preview": {"previewId": "p1"}},
    )
