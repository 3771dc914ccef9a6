"""Segmentation on the wire, ``/data/core/ups``."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.services.segmentation.audiences import PREFIX, audience_routes, ordered
from local_platform.services.segmentation.definitions import Definitions
from local_platform.services.segmentation.exports import Exports
from local_platform.services.segmentation.jobs import SegmentJobs
from local_platform.services.segmentation.previews import LARGEST_PAGE, Previews
from local_platform.services.segmentation.schedules import Schedules

Json = dict[str, Any]


def resume(context: Context) -> None:
    """Take up unfinished on-demand evaluations, and keep the daily schedule running in real time."""
    # Imported here: the scheduler knows this service.
    from local_platform.scheduler import keep_running

    SegmentJobs(context).resume()
    Exports(context).resume()
    keep_running(context)


def routes(context: Context) -> list[Route]:
    """Definitions, audiences, jobs, schedules, previews and estimates."""
    definitions = Definitions(context)
    return [
        *_definition_routes(definitions),
        *audience_routes(context),
        *_job_routes(context),
        *_export_routes(Exports(context)),
        *_schedule_routes(Schedules(context)),
        *_preview_routes(Previews(context)),
    ]


def _definition_routes(definitions: Definitions) -> list[Route]:
    def listed(call: Call) -> Response:
        limit = call.integer("limit", 50, least=1, most=1_500)
        number = call.integer("page", 0, least=0, most=10**6)
        found = ordered(definitions.all(), call.query("sort"))
        shown = found[number * limit : (number + 1) * limit]
        page = {
            "totalCount": len(found),
            "totalPages": -(-len(found) // limit),
            "sortField": "creationTime",
            "sort": "desc",
            "pageSize": len(shown),
            "limit": limit,
        }
        return JSONResponse({"segments": shown, "page": page, "link": {}})

    def delete(call: Call) -> Response:
        definitions.delete(call.path("id"))
        return JSONResponse({"status": True, "message": f"Segment definition {call.path('id')} was deleted."})

    base = f"{PREFIX}/segment/definitions"
    return [
        Route(base, endpoint(listed), methods=["GET"]),
        Route(base, endpoint(lambda call: JSONResponse(definitions.create(call.json_object()))), methods=["POST"]),
        Route(f"{base}/bulk-get", endpoint(lambda call: _bulk(definitions, call)), methods=["POST"]),
        Route(f"{base}/{{id}}", endpoint(lambda call: JSONResponse(definitions.get(call.path("id")))), methods=["GET"]),
        Route(
            f"{base}/{{id}}",
            endpoint(lambda call: JSONResponse(definitions.change(call.path("id"), call.json()))),
            methods=["PATCH"],
        ),
        Route(f"{base}/{{id}}", endpoint(delete), methods=["DELETE"]),
    ]


def _bulk(definitions: Definitions, call: Call) -> Response:
    """207 with the found definitions and, for the others, an error each."""
    ids = [str(item.get("id")) for item in call.json_object().get("ids") or [] if isinstance(item, dict)]
    known = {item["id"]: item for item in definitions.all()}
    results = {
        id: known.get(id, {"code": 404, "message": f"Segment definition with id: {id} not found."}) for id in ids
    }
    return JSONResponse({"results": results}, 207)


def _job_routes(context: Context) -> list[Route]:
    jobs = SegmentJobs(context)

    def listed(call: Call) -> Response:
        limit = call.integer("limit", 100, least=1, most=1_000)
        start = call.integer("start", 0, least=0, most=10**6)
        status = call.query("status")
        found = [job for job in jobs.all() if status in (None, "", job["status"])]
        for text in call.request.query_params.getlist("property"):
            wanted = text.partition("segments~segmentId==")[2]
            found = [job for job in found if any(item["segmentId"] == wanted for item in job["segments"])]
        children = ordered(found, call.query("sort"))[start : start + limit]
        links: Json = {}
        if start + limit < len(found):
            links["next"] = {"href": f"@/segment/jobs?start={start + limit}&limit={limit}"}
        page = {"totalCount": len(found), "pageSize": len(children)}
        return JSONResponse({"_page": page, "children": children, "_links": links})

    def delete(call: Call) -> Response:
        jobs.cancel(call.path("id"))
        return Response(status_code=204)

    base = f"{PREFIX}/segment/jobs"
    return [
        Route(base, endpoint(listed), methods=["GET"]),
        Route(base, endpoint(lambda call: JSONResponse(jobs.create(call.json()))), methods=["POST"]),
        Route(f"{base}/{{id}}", endpoint(lambda call: JSONResponse(jobs.get(call.path("id")))), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(delete), methods=["DELETE"]),
    ]


def _export_routes(exports: Exports) -> list[Route]:
    def listed(call: Call) -> Response:
        limit = call.integer("limit", 100, least=1, most=1_000)
        start = call.integer("offset", 0, least=0, most=10**9)
        status = call.query("status")
        found = [job for job in exports.all() if status in (None, "", job["status"])]
        records = found[start : start + limit]
        page = {"sortField": "createdTime", "sort": "desc", "pageOffset": str(start), "pageSize": len(records)}
        link = {"next": f"/export/jobs/?limit={limit}&offset={start + limit}"} if start + limit < len(found) else {}
        return JSONResponse({"records": records, "page": page, "link": link})

    def cancel(call: Call) -> Response:
        exports.cancel(call.path("id"))
        return JSONResponse({"status": True, "message": "Export job has been marked for cancelling"})

    base = f"{PREFIX}/export/jobs"
    return [
        Route(base, endpoint(listed), methods=["GET"]),
        Route(base, endpoint(lambda call: JSONResponse(exports.create(call.json_object()))), methods=["POST"]),
        Route(f"{base}/{{id}}", endpoint(lambda call: JSONResponse(exports.get(call.path("id")))), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(cancel), methods=["DELETE"]),
    ]


def _schedule_routes(schedules: Schedules) -> list[Route]:
    def listed(call: Call) -> Response:
        limit = call.integer("limit", 100, least=1, most=1_000)
        start = call.integer("start", 0, least=0, most=10**6)
        found = schedules.all()
        page = {"totalCount": len(found), "pageSize": len(found[start : start + limit])}
        return JSONResponse({"_page": page, "children": found[start : start + limit], "_links": {"next": {}}})

    def change(call: Call) -> Response:
        schedules.change(call.path("id"), call.json())
        return Response(status_code=204)

    def delete(call: Call) -> Response:
        schedules.delete(call.path("id"))
        return Response(status_code=204)

    base = f"{PREFIX}/config/schedules"
    return [
        Route(base, endpoint(listed), methods=["GET"]),
        Route(base, endpoint(lambda call: JSONResponse(schedules.create(call.json_object()))), methods=["POST"]),
        Route(f"{base}/{{id}}", endpoint(lambda call: JSONResponse(schedules.get(call.path("id")))), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(change), methods=["PATCH"]),
        Route(f"{base}/{{id}}", endpoint(delete), methods=["DELETE"]),
    ]


def _preview_routes(previews: Previews) -> list[Route]:
    def results(call: Call) -> Response:
        start = call.integer("offset", 0, least=0, most=10**9)
        limit = call.integer("limit", LARGEST_PAGE, least=1, most=LARGEST_PAGE)
        return JSONResponse(previews.results(call.path("id"), start=start, limit=limit))

    def delete(call: Call) -> Response:
        previews.delete(call.path("id"))
        return JSONResponse({"status": True, "message": "The preview was deleted."})

    base = f"{PREFIX}/preview"
    return [
        Route(base, endpoint(lambda call: JSONResponse(previews.create(call.json_object()), 201)), methods=["POST"]),
        Route(f"{base}/{{id}}", endpoint(results), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(delete), methods=["DELETE"]),
        Route(
            f"{PREFIX}/estimate/{{id}}",
            endpoint(lambda call: JSONResponse(previews.estimate(call.path("id")))),
            methods=["GET"],
        ),
    ]
