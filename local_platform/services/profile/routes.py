"""The Profile service on the wire, ``/data/core/ups``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.profile_store import LAG_SECONDS, ProfileStore
from local_platform.profile_store.allowance import BATCHES_A_DAY
from local_platform.services.profile import state
from local_platform.services.profile.errors import EntityNotFound, ProfileProblem

PREFIX = "/data/core/ups"
# How many identities one bulk look-up may name is not published.
LARGEST_LOOKUP = 1_000
Json = dict[str, Any]


def attach(context: Context) -> None:
    """Open the profile store and make it known to ingestion."""
    context.profile_store = ProfileStore(
        context.lake,
        context.clock,
        context.data_dir / "profile_store",
        lambda dataset: state.source_of(context, dataset),
        lag_seconds=context.delay(LAG_SECONDS),
        follow_reverts=context.options.profile_follows_reverts,
        # The limit goes with the documented delays: without them a test may do a month's work in a minute.
        batches_a_day=BATCHES_A_DAY if context.options.delays == "documented" else None,
    )
    state.MergePolicies(context)


def resume(context: Context) -> None:
    """Take up unfinished delete requests."""
    state.DeleteJobs(context).resume()


def routes(context: Context) -> list[Route]:
    """Entities, merge policies, sample status and system jobs."""
    policies = state.MergePolicies(context)
    jobs = state.DeleteJobs(context)
    return [
        *_entity_routes(context, policies),
        *_status_routes(context),
        Route(f"{PREFIX}/config/mergePolicies", endpoint(lambda call: _policies(policies)), methods=["GET"]),
        Route(
            f"{PREFIX}/config/mergePolicies",
            endpoint(lambda call: JSONResponse(policies.create(call.json_object()))),
            methods=["POST"],
        ),
        Route(f"{PREFIX}/config/mergePolicies/{{id}}", endpoint(lambda call: _policy(policies, call)), methods=["GET"]),
        *_change_routes(policies, jobs),
        Route(f"{PREFIX}/system/jobs", endpoint(lambda call: _jobs(jobs, call)), methods=["GET"]),
        Route(
            f"{PREFIX}/system/jobs",
            endpoint(lambda call: JSONResponse(jobs.create(call.json_object()))),
            methods=["POST"],
        ),
        Route(
            f"{PREFIX}/system/jobs/{{id}}",
            endpoint(lambda call: JSONResponse(jobs.get(call.path("id")))),
            methods=["GET"],
        ),
    ]


def _change_routes(policies: state.MergePolicies, jobs: state.DeleteJobs) -> list[Route]:
    """Changes of merge policies, and their deletion and that of requests, which answer with no body."""

    def delete_policy(call: Call) -> Response:
        policies.delete(call.path("id"))
        return Response(status_code=200)

    def delete_job(call: Call) -> Response:
        jobs.delete(call.path("id"))
        return Response(status_code=200)

    policy = f"{PREFIX}/config/mergePolicies/{{id}}"
    change = endpoint(lambda call: JSONResponse(policies.change(call.path("id"), call.json())))
    return [
        Route(policy, change, methods=["PUT", "PATCH"]),
        Route(policy, endpoint(delete_policy), methods=["DELETE"]),
        Route(f"{PREFIX}/system/jobs/{{id}}", endpoint(delete_job), methods=["DELETE"]),
    ]


def _entity_routes(context: Context, policies: state.MergePolicies) -> list[Route]:
    def one(call: Call) -> Response:
        _check_schema(call.query("schema.name"))
        identity, namespace = call.query("entityId"), call.query("entityIdNS")
        if not identity or not namespace:
            raise ProfileProblem(400, "entityId and entityIdNS are both needed to find a profile.")
        policy = _chosen_policy(policies, call.query("mergePolicyId"))
        fields = [name for name in (call.query("fields") or "").split(",") if name]
        store = state.store_of(context)
        store.catch_up()
        entity = store.entities([(namespace, identity)]).get((namespace, identity))
        if entity is None:
            raise EntityNotFound
        key = (entity.namespace, entity.identity)
        memberships = store.memberships_of([key]).get(key, {})
        shown = state.shown(entity, memberships, fields, policy)
        return JSONResponse({shown["entityId"]: shown})

    def many(call: Call) -> Response:
        body = call.json_object()
        _check_schema((body.get("schema") or {}).get("name"))
        policy = _chosen_policy(policies, body.get("mergePolicyId"))
        wanted = _wanted(body.get("identities"))
        store = state.store_of(context)
        store.catch_up()
        found = store.entities(wanted)
        keys = [(entity.namespace, entity.identity) for entity in found.values()] if _wants_memberships(body) else []
        memberships = store.memberships_of(keys)
        answer: Json = {}
        for namespace, identity in wanted:
            entity = found.get((namespace, identity))
            requested = {"entityId": identity, "entityIdNS": {"code": namespace}}
            if entity is None:
                id = state.xid(namespace, identity)
                shown: Json = {"entityId": id, "entity": {}, "lastModifiedAt": state.EPOCH}
            else:
                joined = memberships.get((entity.namespace, entity.identity), {})
                shown = state.shown(entity, joined, list(body.get("fields") or []), policy)
            answer[shown["entityId"]] = {**shown, "requestedIdentity": requested}
        return JSONResponse(answer)

    return [
        Route(f"{PREFIX}/access/entities", endpoint(one), methods=["GET"]),
        Route(f"{PREFIX}/access/entities", endpoint(many), methods=["POST"]),
    ]


def _wants_memberships(body: Json) -> bool:
    fields = body.get("fields") or []
    return not fields or any(str(name).startswith("segmentMembership") for name in fields)


def _wanted(identities: Any) -> list[tuple[str, str]]:
    if not isinstance(identities, list) or not identities:
        raise ProfileProblem(400, "identities must be a list of {entityId, entityIdNS: {code}}.")
    if len(identities) > LARGEST_LOOKUP:
        raise ProfileProblem(400, f"{len(identities)} identities were asked for; at most {LARGEST_LOOKUP} at a time.")
    found: list[tuple[str, str]] = []
    for item in identities:
        namespace = (item.get("entityIdNS") or {}).get("code") if isinstance(item, dict) else None
        identity = item.get("entityId") if isinstance(item, dict) else None
        if not isinstance(identity, str) or not isinstance(namespace, str) or not identity or not namespace:
            raise ProfileProblem(400, f"The identity {item!r} is not of the form {{entityId, entityIdNS: {{code}}}}.")
        found.append((namespace, identity))
    return list(dict.fromkeys(found))


def _check_schema(name: Any) -> None:
    if name != state.PROFILE_SCHEMA:
        raise ProfileProblem(400, f"schema.name is {name!r}; this platform serves {state.PROFILE_SCHEMA} only.")


def _chosen_policy(policies: state.MergePolicies, id: Any) -> str:
    if not id:
        return policies.default_id
    if policies.get(str(id)) is None:
        raise ProfileProblem(400, f"There is no merge policy {id!r}.")
    return str(id)


def _policies(policies: state.MergePolicies) -> Response:
    found = policies.all()
    page = {"count": len(found), "totalCount": len(found), "pageSize": len(found)}
    return JSONResponse({"_page": page, "children": found, "_links": {"next": {}}})


def _policy(policies: state.MergePolicies, call: Call) -> Response:
    found = policies.get(call.path("id"))
    if found is None:
        raise ProfileProblem(404, f"There is no merge policy {call.path('id')!r}.")
    return JSONResponse(found)


def _jobs(jobs: state.DeleteJobs, call: Call) -> Response:
    limit = call.integer("limit", 100, least=1, most=1_000)
    start = call.integer("start", 0, least=0, most=10**9)
    found = jobs.all()[start : start + limit]
    return JSONResponse({"_page": {"count": len(found)}, "children": found})


def _status_routes(context: Context) -> list[Route]:
    """Counts of what Profile holds. AEP counts a sample up to a day old; here they are exact and current."""

    def status(_: Call) -> Response:
        store = state.store_of(context)
        store.catch_up()
        merged, last = store.merged(), store.ledger.last_batch()
        fragments = store.ledger.fragments()
        records = sum(fragment.records for fragment in fragments)
        now = _stamp(context.clock.now())
        return JSONResponse(
            {
                "numRowsToRead": str(merged.profiles),
                "sampleJobRunning": {"status": False, "submissionTimestamp": now},
                "docCount": str(records),
                "totalFragmentCount": records,
                "lastSuccessfulBatchTimestamp": "" if last is None else str(last[1]),
                "streamingDriven": "false",
                "totalRows": str(merged.profiles),
                "lastBatchId": "" if last is None else last[0],
                "status": "TASK_FINISHED",
                "samplingRatio": 1.0,
                "mergeStrategy": "timestampOrdered_none",
                "lastSampledTimestamp": now,
            }
        )

    def by_dataset(call: Call) -> Response:
        _check_date(context, call)
        store = state.store_of(context)
        store.catch_up()
        total = max(store.merged().profiles, 1)
        names = {dataset.id: dataset for dataset in context.lake.datasets()}
        now = _stamp(context.clock.now())
        data = [
            {
                "value": id,
                "fullIDsCount": count,
                "fullIDsPercentage": count / total,
                "sampleCount": count,
                "samplePercentage": count / total,
                "name": names[id].name if id in names else "",
                "description": names[id].description if id in names else "",
                "createdUser": names[id].owner if id in names else "",
                "reportTimestamp": now,
            }
            for id, count in store.counts_by_dataset().items()
        ]
        return JSONResponse({"data": data, "reportTimestamp": now})

    def by_namespace(call: Call) -> Response:
        _check_date(context, call)
        store = state.store_of(context)
        store.catch_up()
        total = max(store.merged().profiles, 1)
        now = _stamp(context.clock.now())
        data = [
            {
                "value": code,
                "fullIDsFragmentCount": count,
                "fullIDsCount": count,
                "fullIDsPercentage": count / total,
                "code": code,
                "reportTimestamp": now,
            }
            for code, count in store.counts_by_namespace().items()
        ]
        return JSONResponse({"data": data, "reportTimestamp": now})

    base = f"{PREFIX}/previewsamplestatus"
    return [
        Route(base, endpoint(status), methods=["GET"]),
        Route(f"{base}/report/dataset", endpoint(by_dataset), methods=["GET"]),
        Route(f"{base}/report/namespace", endpoint(by_namespace), methods=["GET"]),
    ]


def _check_date(context: Context, call: Call) -> None:
    wanted = call.query("date")
    if wanted and wanted != context.clock.now().date().isoformat():
        raise ProfileProblem(404, f"There is no report for {wanted}.")


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
