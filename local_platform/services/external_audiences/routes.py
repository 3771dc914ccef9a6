"""External audiences on the wire, ``/data/core/ais/external-audience``.

Adobe's guide and aepp agree on these paths; an earlier draft of the guide had others (`/submit`, `/task/{id}`, `/run`).
"""

from __future__ import annotations

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.services.external_audiences.audiences import ExternalAudiences
from local_platform.services.external_audiences.runs import IngestionRuns

PREFIX = "/data/core/ais/external-audience"


def resume(context: Context) -> None:
    """Take up what an earlier process left undone."""
    ExternalAudiences(context).resume()
    IngestionRuns(context).resume()


def routes(context: Context) -> list[Route]:
    """Create, operations, change, delete, and ingestion runs."""
    audiences, runs = ExternalAudiences(context), IngestionRuns(context)

    def create(call: Call) -> Response:
        return JSONResponse(audiences.create(call.json_object()), 202)

    def operation(call: Call) -> Response:
        return JSONResponse(audiences.operation(call.path("id")))

    def change(call: Call) -> Response:
        return JSONResponse(audiences.change(call.path("id"), call.json_object()))

    def delete(call: Call) -> Response:
        audiences.delete(call.path("id"))
        return Response(status_code=204)

    def start(call: Call) -> Response:
        return JSONResponse(runs.start(call.path("id"), call.json_object()))

    def run(call: Call) -> Response:
        return JSONResponse(runs.get(call.path("id"), call.path("run")))

    def listed(call: Call) -> Response:
        return JSONResponse({"runs": runs.all(call.path("id"))})

    return [
        Route(PREFIX, endpoint(create), methods=["POST"]),
        Route(f"{PREFIX}/operations/{{id}}", endpoint(operation), methods=["GET"]),
        Route(f"{PREFIX}/{{id}}", endpoint(change), methods=["PATCH"]),
        Route(f"{PREFIX}/{{id}}", endpoint(delete), methods=["DELETE"]),
        Route(f"{PREFIX}/{{id}}/runs", endpoint(start), methods=["POST"]),
        Route(f"{PREFIX}/{{id}}/runs", endpoint(listed), methods=["GET"]),
        Route(f"{PREFIX}/{{id}}/runs/{{run}}", endpoint(run), methods=["GET"]),
    ]
