"""HTTP of batch ingestion: `/data/foundation/import`."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.lake import Batch
from local_platform.services.catalog.batches import show_batch
from local_platform.services.ingestion.errors import InvalidBatch, UrlTooLong, WrongContentType
from local_platform.services.ingestion.state import Ingestion
from local_platform.services.ingestion.uploads import Uploads, checked_name

Json = dict[str, Any]

_BASE = "/data/foundation/import"
_LONGEST_URL = 2_000


def resume(context: Context) -> None:
    """Promote batches that were completed before the last process ended."""
    Ingestion(context).resume()


def routes(context: Context) -> list[Route]:
    """Create, upload, complete; large files in parts."""
    ingestion = Ingestion(context)

    def create(call: Call) -> Response:
        batch = ingestion.create(call.json_object())
        return JSONResponse({"id": batch.id, **show_batch(context, batch)}, 201)

    def act(call: Call) -> Response:
        ingestion.act(call.path("batch"), call.query("action") or "")
        # The published file shows a body here; the service answers with none, and so do we.
        return Response(status_code=200)

    def preview(call: Call) -> Response:
        batch = ingestion.batch(call.path("batch"), call.path("dataset"))
        rows = call.integer("nrow", 5, least=1, most=100)
        return JSONResponse({"data": ingestion.preview(batch, rows)})

    file = f"{_BASE}/batches/{{batch}}/datasets/{{dataset}}/files/{{name:path}}"
    return [
        Route(f"{_BASE}/batches", endpoint(create), methods=["POST"]),
        Route(f"{_BASE}/batches/{{batch}}", endpoint(act), methods=["POST"]),
        Route(f"{_BASE}/batches/{{batch}}/datasets/{{dataset}}/preview", endpoint(preview), methods=["GET"]),
        *_file_routes(ingestion, file),
    ]


def _file_routes(ingestion: Ingestion, path: str) -> list[Route]:
    def target(request: Request) -> tuple[Batch, str, Uploads]:
        """Batch, checked file name and uploads of a request that brings or finishes a file."""
        if len(str(request.url)) > _LONGEST_URL:
            raise UrlTooLong
        batch = ingestion.batch(request.path_params["batch"], request.path_params["dataset"])
        return batch, checked_name(request.path_params["name"]), ingestion.uploads(batch)

    async def put(request: Request) -> Response:
        _check_type(request)
        batch, name, uploads = await run_in_threadpool(target, request)
        received = await uploads.receive(request.stream())
        # The batch may have been completed while the bytes arrived.
        await run_in_threadpool(ingestion.uploads, batch)
        await run_in_threadpool(uploads.put, name, received)
        return Response(status_code=200)

    async def patch(request: Request) -> Response:
        _check_type(request)
        _, name, uploads = await run_in_threadpool(target, request)
        received = await uploads.receive(request.stream())
        try:
            arrived = await run_in_threadpool(
                uploads.add_part, name, request.headers.get("content-range", ""), received
            )
        finally:
            received.unlink(missing_ok=True)
        return Response(status_code=200, headers={"Range": arrived})

    def post(call: Call) -> Response:
        _, name, uploads = target(call.request)
        action = call.query("action")
        if action == "INITIALIZE":
            uploads.begin(name)
            return Response(status_code=201)
        if action == "COMPLETE":
            uploads.finish(name)
            return Response(status_code=200)
        raise InvalidBatch(f"The action is {action!r}; expected INITIALIZE or COMPLETE.")

    def head(call: Call) -> Response:
        _, name, uploads = target(call.request)
        return Response(status_code=200, headers={"Range": uploads.arrived(name)})

    return [
        Route(path, put, methods=["PUT"]),
        Route(path, patch, methods=["PATCH"]),
        Route(path, endpoint(post), methods=["POST"]),
        Route(path, endpoint(head), methods=["HEAD"]),
    ]


def _check_type(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/octet-stream":
        raise WrongContentType(kind)
