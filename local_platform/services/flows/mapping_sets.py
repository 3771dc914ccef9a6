"""Data Prep mapping sets, as far as activation needs them: which profile field goes to which column.

Paths and bodies after Adobe's source-connector tutorials (``POST /data/foundation/conversion/mappingSets``).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.problems import BadRequest, NotFound

PREFIX = "/data/foundation/conversion/mappingSets"
Json = dict[str, Any]
_COLLECTION = "dataprep.mappingSets"


@dataclass(frozen=True)
class Mapping:
    """One column of an export: where it comes from and what it is called."""

    source: str
    destination: str


def routes(context: Context) -> list[Route]:
    """Create, read, list and delete mapping sets."""

    def create(call: Call) -> Response:
        body = call.json_object()
        mappings = read(body.get("mappings"))
        if not mappings:
            raise BadRequest("mappings must be a list of {sourceType, source, destination} with at least one entry.")
        now = context.clock.now_ms()
        id = uuid.uuid4().hex
        stored = {
            **body,
            "id": id,
            "version": 0,
            "createdDate": now,
            "modifiedDate": now,
            "createdBy": context.options.client_id,
            "modifiedBy": context.options.client_id,
            "mappings": [_stored(item, now) for item in body["mappings"]],
        }
        context.documents.put(_COLLECTION, id, stored)
        return JSONResponse({key: stored[key] for key in ("id", "version", "createdDate", "modifiedDate",
                                                          "createdBy", "modifiedBy")})  # fmt: skip

    def one(call: Call) -> Response:
        found = context.documents.get(_COLLECTION, call.path("id"))
        if found is None:
            raise NotFound(f"There is no mapping set {call.path('id')!r}.")
        return JSONResponse(found.body)

    def listed(_: Call) -> Response:
        found = [document.body for document in context.documents.all(_COLLECTION)]
        return JSONResponse({"data": found, "_page": {"count": len(found)}})

    def delete(call: Call) -> Response:
        if not context.documents.delete(_COLLECTION, call.path("id")):
            raise NotFound(f"There is no mapping set {call.path('id')!r}.")
        return Response(status_code=204)

    return [
        Route(PREFIX, endpoint(create), methods=["POST"]),
        Route(PREFIX, endpoint(listed), methods=["GET"]),
        Route(f"{PREFIX}/{{id}}", endpoint(one), methods=["GET"]),
        Route(f"{PREFIX}/{{id}}", endpoint(delete), methods=["DELETE"]),
    ]


def of_id(context: Context, id: str) -> list[Mapping] | None:
    """The columns of a stored mapping set, or None."""
    found = context.documents.get(_COLLECTION, id)
    return None if found is None else read(found.body["mappings"])


def read(mappings: Any) -> list[Mapping]:
    """Columns from either spelling of a mapping (``source``/``destination`` or the older attribute names).

    Raises:
        BadRequest: an entry without source or destination.
    """
    if not isinstance(mappings, list):
        return []
    found: list[Mapping] = []
    for item in mappings:
        source = (item.get("source") or item.get("sourceAttribute")) if isinstance(item, dict) else None
        destination = (item.get("destination") or item.get("destinationXdmPath")) if isinstance(item, dict) else None
        if not isinstance(source, str) or not isinstance(destination, str):
            raise BadRequest(f"The mapping {item!r} needs a source and a destination.")
        found.append(Mapping(source, destination))
    return found


def _stored(item: Json, now: int) -> Json:
    mapping = read([item])[0]
    defaults = {"version": 0, "createdDate": now, "modifiedDate": now, "identity": False, "primaryIdentity": False,
                "sourceType": "text/x.schema-path"}  # fmt: skip
    return {**defaults, **item, "id": uuid.uuid4().hex, "source": mapping.source, "destination": mapping.destination,
            "sourceAttribute": mapping.source, "destinationXdmPath": mapping.destination}  # fmt: skip
