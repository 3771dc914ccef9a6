"""Flow Service on the wire, ``/data/foundation/flowservice``, with Data Prep and the landing zone's credentials."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.landing_zone import CONTAINERS
from local_platform.problems import BadRequest
from local_platform.services.flows import audience_export, dataset_export, landing_import, listing, specs
from local_platform.services.flows.errors import FlowProblem, InvalidSpec, Missing
from local_platform.services.flows.state import KINDS, FlowState
from local_platform.services.flows.templates import safe_path

PREFIX = "/data/foundation/flowservice"
LANDING_ZONE = "/data/foundation/connectors/landingzone"
Json = dict[str, Any]


def resume(context: Context) -> None:
    """Start again the runs that a killed process left unfinished."""
    runs = FlowState(context).runs
    for id in runs.unfinished():
        kind = (runs.work(id) or {}).get("kind")
        ways = {"datasets": dataset_export.submit, "import": landing_import.submit}
        ways.get(str(kind), audience_export.submit)(context, id)


def routes(context: Context) -> list[Route]:
    """Objects of each kind, specs, runs, mapping sets, landing zone."""
    state = FlowState(context)
    found: list[Route] = [*_spec_routes(context), *_run_routes(context, state)]
    for kind in KINDS:
        found.extend(_object_routes(state, kind))
    return [*found, *_landing_zone_routes(context)]


def _object_routes(state: FlowState, kind: str) -> list[Route]:
    def create(call: Call) -> Response:
        document = state.create(kind, call.json_object())
        headers = {"Location": f"{PREFIX}/{kind}/{document.id}"}
        return JSONResponse({"id": document.id, "etag": f'"{document.etag}"'}, 201, headers)

    def listed(call: Call) -> Response:
        items = [state.shown(document, kind) for document in state.all(kind)]
        return JSONResponse(listing.page(f"/{kind}", items, call.request.query_params.multi_items()))

    def one(call: Call) -> Response:
        document = state.get(kind, call.path("id"))
        return JSONResponse({"items": [state.shown(document, kind)]}, headers={"etag": f'"{document.etag}"'})

    def change(call: Call) -> Response:
        document = state.patch(kind, call.path("id"), call.json(), call.header("if-match"))
        return JSONResponse({"id": document.id, "etag": f'"{document.etag}"'})

    def remove(call: Call) -> Response:
        state.delete(kind, call.path("id"))
        return Response(status_code=204)

    def act(call: Call) -> Response:
        document = state.action(kind, call.path("id"), call.query("op") or "")
        return JSONResponse({"id": document.id, "etag": f'"{document.etag}"'})

    def test(call: Call) -> Response:
        state.get(kind, call.path("id"))
        return JSONResponse({"result": True})

    base = f"{PREFIX}/{kind}"
    tests = [Route(f"{base}/{{id}}/test", endpoint(test), methods=["GET"])] if kind == "connections" else []
    return [
        *tests,
        Route(base, endpoint(listed), methods=["GET"]),
        Route(base, endpoint(create), methods=["POST"]),
        Route(f"{base}/{{id}}", endpoint(one), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(change), methods=["PATCH"]),
        Route(f"{base}/{{id}}", endpoint(remove), methods=["DELETE"]),
        Route(f"{base}/{{id}}/action", endpoint(act), methods=["POST"]),
    ]


def _run_routes(context: Context, state: FlowState) -> list[Route]:
    def listed(call: Call) -> Response:
        items = state.runs.all()
        return JSONResponse(listing.page("/runs", items, call.request.query_params.multi_items()))

    def one(call: Call) -> Response:
        run = state.runs.get(call.path("id"))
        if run is None:
            raise Missing("runs", call.path("id"))
        return JSONResponse({"items": [run], "_links": {"next": {"href": ""}}})

    def create(call: Call) -> Response:
        flow = state.get("flows", str(call.json_object().get("flowId")))
        if flow.body["flowSpec"]["id"] != specs.CLOUD_STORAGE_TO_AEP:
            raise FlowProblem(400, "Runs on demand are for flows into the lake; exports are run by /adhocrun.")
        if flow.body["state"] != "enabled":
            raise FlowProblem(400, f"The flow {flow.id} is {flow.body['state']}.")
        run = state.runs.get(landing_import.request(context, flow.id))
        assert run is not None
        return JSONResponse({"id": run["id"], "etag": run["etag"]}, 201)

    return [
        Route(f"{PREFIX}/runs", endpoint(create), methods=["POST"]),
        Route(f"{PREFIX}/runs", endpoint(listed), methods=["GET"]),
        Route(f"{PREFIX}/runs/{{id}}", endpoint(one), methods=["GET"]),
    ]


def _spec_routes(context: Context) -> list[Route]:
    def connection_specs(call: Call) -> Response:
        return JSONResponse(
            listing.page("/connectionSpecs", specs.connection_specs(), call.request.query_params.multi_items())
        )

    def connection_spec(call: Call) -> Response:
        found = [item for item in specs.connection_specs() if item["id"] == call.path("id")]
        if not found:
            raise Missing("connectionSpecs", call.path("id"))
        return JSONResponse({"items": found})

    def flow_specs(call: Call) -> Response:
        return JSONResponse(listing.page("/flowSpecs", specs.flow_specs(), call.request.query_params.multi_items()))

    def flow_spec(call: Call) -> Response:
        found = [item for item in specs.flow_specs() if item["id"] == call.path("id")]
        if not found:
            raise Missing("flowSpecs", call.path("id"))
        return JSONResponse({"items": found})

    def configs(call: Call) -> Response:
        """Datasets that can be exported."""
        if not specs.is_connection_spec(call.path("id")):
            raise InvalidSpec
        start = call.integer("start", 0, least=0, most=10**6)
        limit = call.integer("limit", 100, least=1, most=1_000)
        found = [{"id": dataset.id, "name": dataset.name, "description": dataset.description,
                  "createdBy": dataset.owner, "schemaRef": {"id": dataset.schema_ref}}
                 for dataset in context.lake.datasets()]  # fmt: skip
        shown = found[start : start + limit]
        page = {"start": start, "end": start + len(shown), "total": len(found), "hasNext": start + limit < len(found)}
        return JSONResponse({"items": shown, "pageInfo": page})

    def explore(call: Call) -> Response:
        """What is in the drop zone, or the first rows of a file of it."""
        if call.path("id") != specs.LANDING_ZONE_SOURCE:
            raise InvalidSpec
        kind, name = call.query("objectType") or "root", call.query("object") or ""
        if kind not in ("root", "folder", "file"):
            raise FlowProblem(400, f"objectType is {kind!r}; expected root, folder or file.")
        safe_path(name)
        if kind != "file":
            return JSONResponse(landing_import.explored(context, name))
        if not name.strip("/"):
            raise FlowProblem(400, "object is missing: the file of the landing zone to look into.")
        format_ = call.query("fileType") or call.query("FILE_TYPE") or "delimited"
        try:
            return JSONResponse(landing_import.preview(context, name, format_))
        except landing_import.CannotImport as fault:
            raise FlowProblem(400, str(fault)) from None

    return [
        Route(f"{PREFIX}/connectionSpecs/{{id}}/explore", endpoint(explore), methods=["GET"]),
        Route(f"{PREFIX}/connectionSpecs", endpoint(connection_specs), methods=["GET"]),
        Route(f"{PREFIX}/connectionSpecs/{{id}}", endpoint(connection_spec), methods=["GET"]),
        Route(f"{PREFIX}/connectionSpecs/{{id}}/configs", endpoint(configs), methods=["GET"]),
        Route(f"{PREFIX}/flowSpecs", endpoint(flow_specs), methods=["GET"]),
        Route(f"{PREFIX}/flowSpecs/{{id}}", endpoint(flow_spec), methods=["GET"]),
    ]


def _landing_zone_routes(context: Context) -> list[Route]:
    """Where the zone is and what opens it, as the flavour has it."""

    def named(call: Call) -> str:
        name = call.query("type") or "user_drop_zone"
        if name not in CONTAINERS:
            raise BadRequest(f"type is {name!r}; expected one of {', '.join(CONTAINERS)}.")
        return CONTAINERS[name]

    def container(call: Call) -> Response:
        return JSONResponse(context.landing_zone.described(named(call)))

    def credentials(call: Call, *, refresh: bool = False) -> Response:
        body = context.landing_zone.credentials(named(call), refresh=refresh)
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    def rotate(call: Call) -> Response:
        if call.query("action") != "refresh":
            raise BadRequest("The only action on landing zone credentials is refresh.")
        return credentials(call, refresh=True)

    return [
        Route(LANDING_ZONE, endpoint(container), methods=["GET"]),
        Route(f"{LANDING_ZONE}/credentials", endpoint(credentials), methods=["GET"]),
        Route(f"{LANDING_ZONE}/credentials", endpoint(rotate), methods=["POST"]),
    ]
