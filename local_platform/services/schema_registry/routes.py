"""HTTP of Schema Registry: `/data/foundation/schemaregistry`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform import json_patch, xdm
from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.services.identities.state import Namespaces
from local_platform.services.schema_registry import answers
from local_platform.services.schema_registry.errors import InvalidResource, ResourceNotFound
from local_platform.services.schema_registry.library import alt_id
from local_platform.services.schema_registry.state import Registry

Json = dict[str, Any]

_BASE = "/data/foundation/schemaregistry"
_PLACEHOLDER = "<XDM_TENANTID_PLACEHOLDER>"
# Path segment and stored kind; `mixins` is the older name of field groups.
_SEGMENTS = {
    "schemas": "schemas",
    "fieldgroups": "mixins",
    "mixins": "mixins",
    "classes": "classes",
    "datatypes": "datatypes",
    "behaviors": "behaviors",
}
_WRITABLE = ("schemas", "fieldgroups", "mixins", "classes", "datatypes")


def routes(context: Context) -> list[Route]:
    """Stats, resources, descriptors, unions."""
    registry = Registry(context)
    made = [
        Route(f"{_BASE}/stats", endpoint(lambda _: JSONResponse(_stats(registry, context))), methods=["GET"]),
        *_descriptor_routes(registry, context),
        *_union_routes(registry, context),
        *_rpc_routes(registry, context),
    ]
    for segment, kind in _SEGMENTS.items():
        made += _resource_routes(registry, context, segment, kind)
    return made


def _resource_routes(registry: Registry, context: Context, segment: str, kind: str) -> list[Route]:
    def listing(container: str) -> Callable[[Call], Response]:
        def answer(call: Call) -> Response:
            form = answers.list_form(call)
            body = answers.page(call, registry.all(container, kind), form)
            if kind == "schemas":
                body["_links"]["global_schemas"] = {"href": f"{context.api_url}{_BASE}/global/schemas"}
            return JSONResponse(body)

        return answer

    def look_up(container: str) -> Callable[[Call], Response]:
        def answer(call: Call) -> Response:
            form = answers.look_up_form(call)
            found = registry.get(kind, call.path("id"))
            # Adobe's resources answer in the tenant's container as well: aepp's managers read them there (unconfirmed).
            if container == "global" and found.get("meta:containerId", "tenant") != container:
                raise ResourceNotFound(call.path("id"))
            return JSONResponse(answers.show(registry, found, form))

        return answer

    def create(call: Call) -> Response:
        return JSONResponse(registry.create(kind, call.json_object(), context.options.client_id), 201)

    def put(call: Call) -> Response:
        return JSONResponse(registry.replace(kind, call.path("id"), call.json_object(), context.options.client_id))

    def patch(call: Call) -> Response:
        with context.database.write():
            found = registry.get(kind, call.path("id"))
            try:
                changed = json_patch.apply(found, call.json())
            except json_patch.PatchError as error:
                raise InvalidResource(str(error)) from None
            return JSONResponse(registry.replace(kind, found["$id"], changed, context.options.client_id))

    def delete(call: Call) -> Response:
        registry.delete(kind, call.path("id"))
        return Response(status_code=204)

    # `{id:path}`: an id may be a whole URL, whose encoded slashes the server has decoded by now.
    collection, item = f"{segment}", f"{segment}/{{id:path}}"
    made = []
    for container in ("tenant", "global"):
        made.append(Route(f"{_BASE}/{container}/{collection}", endpoint(listing(container)), methods=["GET"]))
        made.append(Route(f"{_BASE}/{container}/{item}", endpoint(look_up(container)), methods=["GET"]))
    if segment in _WRITABLE:
        made.append(Route(f"{_BASE}/tenant/{collection}", endpoint(create), methods=["POST"]))
        for method, handler in (("PUT", put), ("PATCH", patch), ("DELETE", delete)):
            made.append(Route(f"{_BASE}/tenant/{item}", endpoint(handler), methods=[method]))
    return made


def _descriptor_routes(registry: Registry, context: Context) -> list[Route]:
    descriptors = registry.descriptors
    namespaces = Namespaces(context.documents, context.clock)

    def listing(call: Call) -> Response:
        form = answers.descriptor_form(call, listing=True)
        found = descriptors.all()
        if form.paging:
            return JSONResponse(answers.page(call, found, answers.Form(False, False, False, True, False, True)))
        for condition in call.request.query_params.getlist("property"):
            found = [body for body in found if answers.matches(body, condition)]
        grouped: dict[str, list[Any]] = {}
        for body in found:
            shown: Any = body
            if form.id_only:
                shown = body["@id"]
            elif form.link:
                shown = f"/tenant/descriptors/{body['@id']}"
            grouped.setdefault(body["@type"], []).append(shown)
        return JSONResponse(grouped)

    def look_up(call: Call) -> Response:
        answers.descriptor_form(call, listing=False)
        return JSONResponse(descriptors.get(call.path("id")))

    def write(call: Call, id: str | None) -> Json:
        body = call.json_object()
        with context.database.write():
            schema_id = str(body.get("xdm:sourceSchema", ""))
            schema = registry.get("schemas", schema_id)
            if id is not None:
                descriptors.get(id)
            complete = {
                **body,
                "xdm:sourceSchema": schema["$id"],
                "imsOrg": context.options.org_id,
                "version": "1",
                "meta:containerId": "tenant",
                "meta:sandboxType": "development",
                "created": context.clock.now_ms(),
                "updated": context.clock.now_ms(),
            }
            return descriptors.put(complete, registry.resolved(schema["$id"]), namespaces.codes(), id=id)

    def create(call: Call) -> Response:
        return JSONResponse(write(call, None), 201)

    def put(call: Call) -> Response:
        return JSONResponse({"@id": write(call, call.path("id"))["@id"]}, 201)

    def delete(call: Call) -> Response:
        found = descriptors.get(call.path("id"))
        if found.get("xdm:isPrimary") and registry.in_union(found["xdm:sourceSchema"]):
            raise InvalidResource("The primary identity of a schema that is enabled for Profile cannot be removed.")
        descriptors.delete(found["@id"])
        return Response(status_code=204)

    base = f"{_BASE}/tenant/descriptors"
    return [
        Route(base, endpoint(listing), methods=["GET"]),
        Route(base, endpoint(create), methods=["POST"]),
        Route(f"{base}/{{id}}", endpoint(look_up), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(put), methods=["PUT"]),
        Route(f"{base}/{{id}}", endpoint(delete), methods=["DELETE"]),
    ]


def _union_routes(registry: Registry, context: Context) -> list[Route]:
    def union_of(class_id: str, members: list[Json]) -> Json:
        id = f"{class_id}__union"
        references = list(dict.fromkeys(part["$ref"] for schema in members for part in schema["allOf"]))
        return {
            "$id": id,
            "meta:altId": alt_id(id),
            "meta:resourceType": "unions",
            "version": "1.0",
            "title": registry.get("classes", class_id)["title"],
            "type": "object",
            "description": f"Union of {len(members)} schemas.",
            "allOf": [{"$ref": reference} for reference in references],
            "imsOrg": context.options.org_id,
            "meta:extends": [*(schema["$id"] for schema in members), *references],
            "meta:xdmType": "object",
            "meta:class": class_id,
            "meta:containerId": "tenant",
            "meta:registryMetadata": {"eTag": str(len(members))},
        }

    def unions() -> list[Json]:
        members: dict[str, list[Json]] = {}
        for schema in registry.all("tenant", "schemas"):
            if "union" in schema.get("meta:immutableTags", []):
                members.setdefault(schema["meta:class"], []).append(schema)
        return [union_of(class_id, schemas) for class_id, schemas in members.items()]

    def listing(call: Call) -> Response:
        return JSONResponse(answers.page(call, unions(), answers.list_form(call)))

    def look_up(call: Call) -> Response:
        form = answers.look_up_form(call)
        wanted = call.path("id")
        found = next((union for union in unions() if wanted in (union["$id"], union["meta:altId"])), None)
        if found is None:
            raise ResourceNotFound(wanted)
        if form.full:
            found = answers.without_references(found, registry.union(found["meta:class"]))
        return JSONResponse(found)

    base = f"{_BASE}/tenant/unions"
    return [
        Route(base, endpoint(listing), methods=["GET"]),
        Route(f"{base}/{{id:path}}", endpoint(look_up), methods=["GET"]),
    ]


def _rpc_routes(registry: Registry, context: Context) -> list[Route]:
    def sample(call: Call) -> Response:
        return JSONResponse(_sample(registry.resolved(registry.get("schemas", call.path("id"))["$id"])))

    def export(call: Call) -> Response:
        """A resource and the tenant's resources that it builds on, with a placeholder for the tenant."""
        found = registry.find(call.path("id"))
        if found is None:
            raise ResourceNotFound(call.path("id"))
        text = json.dumps([*registry.dependencies(found), found])
        tenant = context.options.tenant_id
        for before in (f"ns.adobe.com/{tenant}/", f'"_{tenant}'):
            text = text.replace(before, before.replace(tenant, _PLACEHOLDER))
        return JSONResponse(json.loads(text))

    def audit(call: Call) -> Response:
        found = registry.find(call.path("id"))
        if found is None:
            raise ResourceNotFound(call.path("id"))
        return JSONResponse(registry.changes(found["$id"]))

    return [
        Route(f"{_BASE}/rpc/sampledata/{{id:path}}", endpoint(sample), methods=["GET"]),
        Route(f"{_BASE}/rpc/export/{{id:path}}", endpoint(export), methods=["GET"]),
        Route(f"{_BASE}/rpc/auditlog/{{id:path}}", endpoint(audit), methods=["GET"]),
    ]


def _sample(field: Json) -> Any:
    kind = xdm.kind_of(field) if field.get("type") else "object"
    if kind == "object":
        return {name: _sample(child) for name, child in field.get("properties", {}).items()}
    if kind == "array":
        return [_sample(field.get("items", {"type": "string"}))]
    plain: Json = {"boolean": True, "double": 1.0, "int": 1, "long": 1, "map": {}}
    texts: Json = {"date": "2026-01-31", "date-time": "2026-01-31T08:00:00.000Z", "string": "sample"}
    return {**plain, **texts}[kind]


def _stats(registry: Registry, context: Context) -> Json:
    schemas = registry.all("tenant", "schemas")
    recent = sorted(schemas, key=lambda item: -int(item["meta:registryMetadata"]["repo:lastModifiedDate"]))[:10]
    classes = {schema["meta:class"] for schema in schemas}
    usage = [
        {
            "$id": class_id,
            "title": registry.get("classes", class_id)["title"],
            "numberOfSchemas": sum(schema["meta:class"] == class_id for schema in schemas),
            "schemas": [answers.summary(schema) for schema in schemas if schema["meta:class"] == class_id],
        }
        for class_id in sorted(classes)
    ]
    return {
        "imsOrg": context.options.org_id,
        "tenantId": context.options.tenant_id,
        "counts": {
            "schemas": len(schemas),
            "mixins": len(registry.all("tenant", "mixins")),
            "datatypes": len(registry.all("tenant", "datatypes")),
            "classes": len(registry.all("tenant", "classes")),
            "unions": len({s["meta:class"] for s in schemas if "union" in s.get("meta:immutableTags", [])}),
        },
        "recentlyCreatedResources": [answers.summary(schema) for schema in recent],
        "recentlyUpdatedResources": [answers.summary(schema) for schema in recent],
        "classUsage": usage,
    }
