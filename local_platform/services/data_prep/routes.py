"""Data Prep on the wire, `/data/foundation/conversion`: paths and bodies as in Adobe's Data Prep API guide."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.services.data_prep.errors import ExpressionError, InvalidMapping
from local_platform.services.data_prep.expressions import OPERATORS, compiled
from local_platform.services.data_prep.functions import FUNCTIONS
from local_platform.services.data_prep.state import MappingSets

PREFIX = "/data/foundation/conversion"
Json = dict[str, Any]
_CREATED = ("id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy")


def routes(context: Context) -> list[Route]:
    """Mapping sets, their mappings, and the language of calculated fields."""
    sets = MappingSets(context)
    return [*_set_routes(sets), *_mapping_routes(sets), *_language_routes()]


def _set_routes(sets: MappingSets) -> list[Route]:
    def create(call: Call) -> Response:
        made = sets.create(call.json_object())
        return JSONResponse({key: made[key] for key in _CREATED})

    def listed(call: Call) -> Response:
        limit = call.integer("limit", 100, least=1, most=1_000)
        start = call.integer("start", 0, least=0, most=10**9)
        name = call.query("name")
        found = [item for item in sets.all() if name in (None, "", item.get("name"))]
        shown = found[start : start + limit]
        return JSONResponse({"data": shown, "_page": {"count": len(shown), "limit": limit}})

    def one(call: Call) -> Response:
        return JSONResponse(sets.get(call.path("id")))

    def replace(call: Call) -> Response:
        return JSONResponse(sets.replace(call.path("id"), call.json_object()))

    def delete(call: Call) -> Response:
        sets.delete(call.path("id"))
        return Response(status_code=204)

    def validate(call: Call) -> Response:
        found = sets.problems(call.json_object())
        answer: list[Json] = [
            {"status": "SUCCESS", "errors": None} if problem is None else {"status": "FAILED", "errors": [problem]}
            for problem in found
        ]
        return JSONResponse({"validationResponse": answer})

    def preview(call: Call) -> Response:
        body = call.json_object()
        rows = body.get("data")
        rows = [rows] if isinstance(rows, dict) else rows
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InvalidMapping("data must be a list of rows, each an object.")
        if not isinstance(body.get("mappingSet"), dict):
            raise InvalidMapping("mappingSet is missing.")
        mapper = sets.mapper(body["mappingSet"])
        answer = []
        for row in rows:
            data, refused = mapper.map(row)
            errors = [{"destination": item.destination, "message": item.message} for item in refused]
            answer.append({"data": data, "errors": errors or None})
        return JSONResponse(answer)

    base = f"{PREFIX}/mappingSets"
    return [
        Route(base, endpoint(create), methods=["POST"]),
        Route(base, endpoint(listed), methods=["GET"]),
        Route(f"{base}/validate", endpoint(validate), methods=["POST"]),
        Route(f"{base}/preview", endpoint(preview), methods=["POST"]),
        Route(f"{base}/{{id}}", endpoint(one), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(replace), methods=["PUT"]),
        Route(f"{base}/{{id}}", endpoint(delete), methods=["DELETE"]),
    ]


def _mapping_routes(sets: MappingSets) -> list[Route]:
    def listed(call: Call) -> Response:
        return JSONResponse(sets.get(call.path("id"))["mappings"])

    def add(call: Call) -> Response:
        return JSONResponse(sets.add_mapping(call.path("id"), call.json_object()))

    def one(call: Call) -> Response:
        return JSONResponse(sets.mapping(call.path("id"), call.path("mapping")))

    def replace(call: Call) -> Response:
        return JSONResponse(sets.change_mapping(call.path("id"), call.path("mapping"), call.json_object()))

    def delete(call: Call) -> Response:
        sets.change_mapping(call.path("id"), call.path("mapping"), None)
        return Response(status_code=204)

    base = f"{PREFIX}/mappingSets/{{id}}/mappings"
    return [
        Route(base, endpoint(listed), methods=["GET"]),
        Route(base, endpoint(add), methods=["POST"]),
        Route(f"{base}/{{mapping}}", endpoint(one), methods=["GET"]),
        Route(f"{base}/{{mapping}}", endpoint(replace), methods=["PUT"]),
        Route(f"{base}/{{mapping}}", endpoint(delete), methods=["DELETE"]),
    ]


def _language_routes() -> list[Route]:
    def functions(_: Call) -> Response:
        listed = [
            {
                "category": item.category,
                "function": item.name,
                "description": item.description,
                "params": [{"name": f"value{n + 1}", "position": n + 1} for n in range(item.most or item.least)],
                "since": 1,
            }
            for item in FUNCTIONS.values()
        ]
        return JSONResponse(listed)

    def operators(_: Call) -> Response:
        names = ("operatorSymbol", "methodName", "numberOfOperands", "description", "example")
        return JSONResponse([dict(zip(names, item, strict=True)) for item in OPERATORS])

    def validate(call: Call) -> Response:
        body = call.json_object()
        if not isinstance(body.get("expression"), str):
            raise InvalidMapping("expression must be text such as concat(first, last).")
        try:
            evaluate = compiled(body["expression"])
            if body.get("sampleData"):
                evaluate(_sample(body["sampleData"]))
        except ExpressionError as fault:
            return JSONResponse({"validationStatus": "failed", "error": str(fault)})
        return JSONResponse({"validationStatus": "succeeded", "error": "none"})

    base = f"{PREFIX}/languages/el"
    return [
        Route(f"{base}/functions", endpoint(functions), methods=["GET"]),
        Route(f"{base}/operators", endpoint(operators), methods=["GET"]),
        Route(f"{base}/validate", endpoint(validate), methods=["POST"]),
    ]


def _sample(given: Any) -> Json:
    try:
        row = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise InvalidMapping("sampleData must be an object, or its JSON text.")
    return row
