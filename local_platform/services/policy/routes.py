"""Labels of datasets on the wire (``/data/foundation/dataset``); Policy Service is beside."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.documents import EtagMismatch
from local_platform.http import Call, endpoint
from local_platform.lake import DatasetNotFound
from local_platform.services.policy import governance_routes, state
from local_platform.services.policy.errors import LabelProblem

LABELS = "/data/foundation/dataset/datasets/{id}/labels"
Json = dict[str, Any]


def routes(context: Context) -> list[Route]:
    """Labels of datasets, and Policy Service."""
    labels = state.Labels(context)
    return [*_label_routes(context, labels), *governance_routes.routes(context, labels)]


def _label_routes(context: Context, labels: state.Labels) -> list[Route]:
    def read(call: Call) -> Response:
        document = labels.get(call.path("id"))
        return JSONResponse(document.body, headers={"etag": f'"{document.etag}"'})

    def replace(call: Call) -> Response:
        id = _dataset(context, call)
        if_match = call.header("if-match")
        exists = labels.of(id) != ([], [])
        if exists and not if_match:
            raise LabelProblem(400, "If-Match is missing: send the etag that GET returned.", id)
        try:
            document = labels.set(id, call.json_object(), if_match=if_match if exists else None)
        except EtagMismatch as fault:
            raise LabelProblem(412, f"{fault}", id) from None
        return _done(document.etag, "PES-200", "PUT Labels Successful", 200)

    def create(call: Call) -> Response:
        id = _dataset(context, call)
        if labels.of(id) != ([], []):
            raise LabelProblem(403, "The dataset has labels already; use PUT.", id)
        return _done(labels.set(id, call.json_object(), if_match=None).etag, "PES-201", "POST Labels Successful", 201)

    def remove(call: Call) -> Response:
        labels.delete(call.path("id"))
        return Response(status_code=204)

    return [
        Route(LABELS, endpoint(read), methods=["GET", "HEAD"]),
        Route(LABELS, endpoint(replace), methods=["PUT"]),
        Route(LABELS, endpoint(create), methods=["POST"]),
        Route(LABELS, endpoint(remove), methods=["DELETE"]),
    ]


def _dataset(context: Context, call: Call) -> str:
    id = call.path("id")
    try:
        return context.lake.dataset(id).id
    except DatasetNotFound as fault:
        raise LabelProblem(404, str(fault), id) from None


def _done(etag: str, code: str, message: str, status: int) -> Response:
    return JSONResponse({"code": code, "message": message}, status, headers={"etag": f'"{etag}"'})
