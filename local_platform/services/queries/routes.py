"""Query Service on the wire, ``/data/foundation/query``."""

from __future__ import annotations

import base64
import re
import uuid
import zlib
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.services.queries.errors import QueryProblem
from local_platform.services.queries.schedules import QuerySchedules
from local_platform.services.queries.state import PREFIX, TEMPLATES, Queries, stamp

Json = dict[str, Any]
_FILTER = re.compile(r"^(\w+)(==|!=|>=|<=|>|<|~)(.*)$", re.DOTALL)


def resume(context: Context) -> None:
    """Take up queries that a killed process left."""
    Queries(context).resume()


def routes(context: Context) -> list[Route]:
    """Connection parameters, queries, templates and schedules."""
    return [
        Route(f"{PREFIX}/connection_parameters", endpoint(lambda call: _connection(context, call)), methods=["GET"]),
        *_query_routes(context),
        *_template_routes(context),
        *_schedule_routes(context),
    ]


def _connection(context: Context, call: Call) -> Response:
    token = call.header("authorization").partition(" ")[2].strip()
    compressed = base64.urlsafe_b64encode(zlib.compress(token.encode())).decode()
    body = {
        "host": context.sql_host,
        "port": context.sql_port,
        "dbName": f"{context.options.sandbox}:all",
        "username": context.options.org_id,
        "token": token,
        "compressedToken": compressed,
        "version": 1,
        "websocketHost": context.sql_host,
        # The published file spells it so; both are given.
        "websoketHost": context.sql_host,
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _query_routes(context: Context) -> list[Route]:
    queries = Queries(context)

    def submit(call: Call) -> Response:
        return JSONResponse(queries.shown(queries.submit(call.json_object())), 202)

    def listed(call: Call) -> Response:
        found = _listed(queries.all(deleted=(call.query("excludeSoftDeleted") or "true").lower() == "false"), call)
        shown, next_link = _page(context, "queries", found, call)
        return JSONResponse({"queries": [queries.shown(item) for item in shown], **next_link, "version": 1})

    def one(call: Call) -> Response:
        return JSONResponse(queries.shown(queries.get(call.path("id"))))

    def act(call: Call) -> Response:
        operation = call.json_object().get("op")
        if operation == "cancel":
            queries.cancel(call.path("id"))
            return _accepted("Query cancel request received")
        if operation == "soft_delete":
            queries.hide(call.path("id"))
            return _accepted("Query soft deleted.")
        raise QueryProblem(400, f"op is {operation!r}; expected cancel or soft_delete.")

    base = f"{PREFIX}/queries"
    return [
        Route(base, endpoint(submit), methods=["POST"]),
        Route(base, endpoint(listed), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(one), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(act), methods=["PATCH"]),
    ]


def _listed(found: list[Json], call: Call) -> list[Json]:
    """Filtered by ``property`` and ordered; newest first by default."""
    found = _filtered(found, call)
    order = (call.query("orderby") or "-created").strip()
    name = order.lstrip("+- ")
    if name not in ("created", "updated"):
        raise QueryProblem(400, f"orderby is {order!r}; expected created or updated with + or -.")
    return sorted(found, key=lambda item: str(item[name]), reverse=order.startswith("-"))


def _filtered(found: list[Json], call: Call) -> list[Json]:
    """What meets every filter of ``property``, which commas separate."""
    for text in (part for value in call.request.query_params.getlist("property") for part in value.split(",") if part):
        match = _FILTER.match(text)
        if match is None:
            raise QueryProblem(400, f"The property filter {text!r} is not of the form name==value.")
        name, operator, wanted = match.groups()
        found = [item for item in found if _meets(_field(item, name), operator, wanted)]
    return found


def _field(query: Json, name: str) -> str:
    if name == "sql" and "request" in query:
        return str(query["request"].get("sql") or query["effectiveSQL"])
    value = query.get(name)
    return "" if value is None else str(value)


def _meets(value: str, operator: str, wanted: str) -> bool:
    if operator == "~":
        return wanted in value
    return {
        "==": value in wanted.split("||"),
        "!=": value != wanted,
        ">": value > wanted,
        "<": value < wanted,
        ">=": value >= wanted,
        "<=": value <= wanted,
    }[operator]


def _page(context: Context, kind: str, found: list[Json], call: Call) -> tuple[list[Json], Json]:
    """One page, cut after the ``start`` time stamp, with the link to the next."""
    limit = call.integer("limit", 50, least=1, most=1_000)
    start = call.query("start")
    if start:
        descending = (call.query("orderby") or "-created").startswith("-")
        found = [item for item in found if (item["created"] < start if descending else item["created"] > start)]
    shown = found[:limit]
    links: Json = {}
    page: Json = {"orderby": call.query("orderby") or "-created", "count": len(shown)}
    if len(found) > limit:
        page["next"] = shown[-1]["created"]
        href = f"{context.api_url}{PREFIX}/{kind}?start={shown[-1]['created']}&limit={limit}"
        links["next"] = {"href": href}
    return shown, {"_page": page, "_links": links}


def _accepted(message: str, code: int | str = 202) -> Response:
    return JSONResponse({"message": message, "statusCode": code}, 202)


def _template_routes(context: Context) -> list[Route]:
    documents = context.documents

    def shown(template: Json) -> Json:
        href = f"{context.api_url}{PREFIX}/query-templates/{template['id']}"
        links = {
            "self": {"href": href, "method": "GET"},
            "delete": {"href": href, "method": "DELETE"},
            "update": {"href": href, "method": "PUT", "body": '{"sql": "new sql ", "name": "new name"}'},
        }
        return {**template, "_links": links}

    def put(body: Json, id: str, made: Json | None = None) -> Response:
        for name in ("sql", "name"):
            if not isinstance(body.get(name), str) or not body[name].strip():
                raise QueryProblem(400, f"{name} is missing.")
        now, user = stamp(context.clock.now()), context.credentials.technical_account
        first = made or {"created": now, "userId": user}
        stored = {**body, "id": id, "updated": now, "created": first["created"], "userId": first["userId"],
                  "lastUpdatedBy": user}  # fmt: skip
        return JSONResponse(shown(documents.put(TEMPLATES, id, stored).body), 202)

    def get(call: Call) -> Json:
        found = documents.get(TEMPLATES, call.path("id"))
        if found is None:
            raise QueryProblem(404, f"There is no query template {call.path('id')!r}.")
        return found.body

    def listed(call: Call) -> Response:
        found = _listed([document.body for document in documents.all(TEMPLATES)], call)
        page, links = _page(context, "query-templates", found, call)
        return JSONResponse({"templates": [shown(item) for item in page], **links, "version": 1})

    def replace(call: Call) -> Response:
        made = get(call)
        return put(call.json_object(), str(made["id"]), made)

    def remove(call: Call) -> Response:
        documents.delete(TEMPLATES, str(get(call)["id"]))
        return _accepted("Deleted", "202")

    base = f"{PREFIX}/query-templates"
    return [
        Route(base, endpoint(lambda call: put(call.json_object(), str(uuid.uuid4()))), methods=["POST"]),
        Route(base, endpoint(listed), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(lambda call: JSONResponse(shown(get(call)))), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(replace), methods=["PUT"]),
        Route(f"{base}/{{id}}", endpoint(remove), methods=["DELETE"]),
    ]


def _schedule_routes(context: Context) -> list[Route]:
    schedules = QuerySchedules(context)

    def create(call: Call) -> Response:
        made = schedules.shown(schedules.create(call.json_object()))
        return JSONResponse({**made, "state": "REGISTERING"}, 202)

    def listed(call: Call) -> Response:
        shown, links = _page(context, "schedules", _listed(schedules.all(), call), call)
        return JSONResponse({"schedules": [schedules.shown(item) for item in shown], **links, "version": 1})

    def change(call: Call) -> Response:
        schedules.change(call.path("id"), call.json_object().get("body"))
        return _accepted("Request to patch accepted")

    def remove(call: Call) -> Response:
        schedules.delete(call.path("id"))
        return _accepted("Request to delete schedule accepted.")

    def runs(call: Call) -> Response:
        return JSONResponse({"runsSchedules": schedules.runs(call.path("id")), "_links": {}, "version": 1})

    def one_run(call: Call) -> Response:
        found = [run for run in schedules.runs(call.path("id")) if run["id"] == call.path("run")]
        if not found:
            raise QueryProblem(404, f"There is no run {call.path('run')!r} of this schedule.")
        return JSONResponse(found[0])

    def trigger(call: Call) -> Response:
        schedules.trigger(call.path("id"))
        return _accepted("Request to trigger run accepted.")

    base = f"{PREFIX}/schedules"
    return [
        Route(base, endpoint(create), methods=["POST"]),
        Route(base, endpoint(listed), methods=["GET"]),
        Route(
            f"{base}/{{id}}",
            endpoint(lambda call: JSONResponse(schedules.shown(schedules.get(call.path("id"))))),
            methods=["GET"],
        ),
        Route(f"{base}/{{id}}", endpoint(change), methods=["PATCH"]),
        Route(f"{base}/{{id}}", endpoint(remove), methods=["DELETE"]),
        Route(f"{base}/{{id}}/runs", endpoint(runs), methods=["GET"]),
        Route(f"{base}/{{id}}/runs", endpoint(trigger), methods=["POST"]),
        Route(f"{base}/{{id}}/runs/{{run}}", endpoint(one_run), methods=["GET"]),
    ]
