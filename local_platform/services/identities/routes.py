"""HTTP of identity namespaces: `/data/core/idnamespace/identities`."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.services.identities.errors import NamespaceNotFound
from local_platform.services.identities.state import Namespaces

_BASE = "/data/core/idnamespace/identities"


def routes(context: Context) -> list[Route]:
    """List, look up, create."""
    namespaces = Namespaces(context.documents, context.clock)

    def listing(_: Call) -> Response:
        return JSONResponse(namespaces.all())

    def create(call: Call) -> Response:
        with context.database.write():
            return JSONResponse(namespaces.create(call.json_object()))

    def look_up(call: Call) -> Response:
        id = call.path("id")
        if not id.isdigit():
            raise NamespaceNotFound(id)
        return JSONResponse(namespaces.get(int(id)))

    def change(call: Call) -> Response:
        id = call.path("id")
        if not id.isdigit():
            raise NamespaceNotFound(id)
        with context.database.write():
            return JSONResponse(namespaces.change(int(id), call.json_object()))

    def of_organisation(call: Call) -> Response:
        if call.path("org") != context.options.org_id:
            raise NamespaceNotFound(f"of the organisation {call.path('org')}")
        return JSONResponse(namespaces.all())

    return [
        Route("/data/core/idnamespace/orgs/{org}/identities", endpoint(of_organisation), methods=["GET"]),
        Route(_BASE, endpoint(listing), methods=["GET"]),
        Route(f"{_BASE}/{{id}}", endpoint(change), methods=["PUT"]),
        Route(_BASE, endpoint(create), methods=["POST"]),
        Route(f"{_BASE}/{{id}}", endpoint(look_up), methods=["GET"]),
    ]
