"""HTTP of Data Access: `/data/foundation/export`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.services.data_access.errors import FileMissing
from local_platform.services.data_access.state import Files

Json = dict[str, Any]

_BASE = "/data/foundation/export"
_LARGEST_PAGE = 100
_BYTES = "application/octet-stream"


def routes(context: Context) -> list[Route]:
    """Files of batches, parts of files, diagnostics, previews."""
    files = Files(context)
    base = context.api_url + _BASE

    def of_batch(call: Call) -> Response:
        batch = files.batch(call.path("batch"))
        view = files.view_id(batch)
        items = [
            {
                "dataSetFileId": id,
                "dataSetViewId": view,
                "version": "1.0.0",
                "created": str(file.created_ms),
                "updated": str(file.created_ms),
                "records": str(file.records),
                "size": str(file.bytes),
                "isValid": True,
                "_links": {"self": {"href": f"{base}/files/{id}"}},
            }
            for id, file in files.of_batch(batch)
        ]
        return JSONResponse(_page(call, items))

    def file(call: Call) -> Response:
        id, path = call.path("file"), call.query("path")
        found = files.get(id)
        if path is None:
            link = {"self": {"href": f"{base}/files/{id}?path={quote(found.path.name)}"}}
            return JSONResponse(_page(call, [{"name": found.path.name, "length": str(found.bytes), "_links": link}]))
        if path != found.path.name:
            raise FileMissing(f"The path {path!r}")
        return _bytes(found.path)

    def head(call: Call) -> Response:
        path = call.query("path")
        found = files.get(call.path("file"))
        if path != found.path.name:
            raise FileMissing(f"The path {path!r}")
        return _bytes(found.path)

    def area(name: str) -> Callable[[Call], Response]:
        def answer(call: Call) -> Response:
            batch = files.batch(call.path("batch"))
            path = call.query("path") or ""
            target = files.diagnostics(batch, name, path)
            if target.is_file():
                return _bytes(target)
            return JSONResponse(_page(call, _listed(target, f"{base}/batches/{batch.id}/{name}", path, name)))

        return answer

    def preview(call: Call) -> Response:
        return JSONResponse({"data": files.preview(call.path("dataset"))})

    item = f"{_BASE}/files/{{file}}"
    return [
        Route(f"{_BASE}/batches/{{batch}}/files", endpoint(of_batch), methods=["GET"]),
        Route(f"{_BASE}/batches/{{batch}}/failed", endpoint(area("failed")), methods=["GET"]),
        Route(f"{_BASE}/batches/{{batch}}/meta", endpoint(area("meta")), methods=["GET"]),
        # HEAD first: a GET route answers HEAD as well, but without a path there is nothing to head.
        Route(item, endpoint(head), methods=["HEAD"]),
        Route(item, endpoint(file), methods=["GET"]),
        Route(f"{_BASE}/datasets/{{dataset}}/preview", endpoint(preview), methods=["GET"]),
    ]


def _bytes(path: Path) -> Response:
    """The file's bytes, or the range that was asked for (206)."""
    return FileResponse(path, media_type=_BYTES)


def _listed(directory: Path, href: str, prefix: str, area: str) -> list[Json]:
    """Entries of a directory; all files below it for `failed`, whose names may hold directories."""
    if not directory.is_dir():
        return []
    found = sorted(path for path in directory.rglob("*") if path.is_file()) if area == "failed" else []
    found = found or sorted(directory.iterdir())
    items = []
    for path in found:
        name = path.relative_to(directory).as_posix()
        full = f"{prefix}/{name}" if prefix else name
        length = str(path.stat().st_size if path.is_file() else 0)
        items.append({"name": name, "length": length, "_links": {"self": {"href": f"{href}?path={quote(full)}"}}})
    return items


def _page(call: Call, items: list[Json]) -> Json:
    limit = call.integer("limit", _LARGEST_PAGE, least=1, most=_LARGEST_PAGE)
    start = call.integer("start", 0, least=0, most=10**9)
    address = call.request.url
    template = f"{address.replace(query='')}{{?start,limit}}"
    links: Json = {"page": {"href": template, "templated": True}}
    if start + limit < len(items):
        links["next"] = {"href": str(address.include_query_params(start=start + limit, limit=limit))}
    return {"data": items[start : start + limit], "_page": {"limit": limit, "count": len(items)}, "_links": links}
