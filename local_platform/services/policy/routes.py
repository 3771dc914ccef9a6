"""Dataset labels (``/data/foundation/dataset``) and policy questions (``/data/foundation/dulepolicy``)."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.documents import EtagMismatch
from local_platform.http import Call, endpoint
from local_platform.lake import DatasetNotFound
from local_platform.services.policy import state
from local_platform.services.policy.errors import LabelProblem, PolicyProblem

LABELS = "/data/foundation/dataset/datasets/{id}/labels"
POLICY = "/data/foundation/dulepolicy"
Json = dict[str, Any]


def routes(context: Context) -> list[Route]:
    """Labels of datasets, core labels, marketing actions and their constraints."""
    labels = state.Labels(context)
    return [*_label_routes(context, labels), *_policy_routes(context, labels)]


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


def _policy_routes(context: Context, labels: state.Labels) -> list[Route]:
    def answer(action: str, found: list[str], discovered: list[Json]) -> Response:
        options = context.options
        return JSONResponse(
            {
                "timestamp": context.clock.now_ms(),
                "clientId": options.client_id,
                "imsOrg": options.org_id,
                "sandboxName": options.sandbox,
                "marketingActionRef": f"{context.api_url}{POLICY}/marketingActions/core/{action}",
                "duleLabels": found,
                "discoveredLabels": discovered,
                "violatedPolicies": state.violated(action, found, options.org_id),
            }
        )

    def hypothetical(call: Call) -> Response:
        given = [label for label in (call.query("duleLabels") or "").split(",") if label]
        return answer(call.path("action"), given, [])

    def evaluate(call: Call) -> Response:
        body = call.json()
        if not isinstance(body, list) or not body:
            raise PolicyProblem(400, "BadRequestError", "The body must be a list of {entityType, entityId}.")
        found: list[str] = []
        discovered: list[Json] = []
        for entity in body:
            dataset_labels, fields = _discover(context, labels, entity)
            found.extend([*dataset_labels, *(label for item in fields for label in item["labels"])])
            shown = {"connection": {"labels": []}, "dataset": {"labels": dataset_labels}, "fields": fields}
            discovered.append({"entityType": "dataSet", "entityId": entity["entityId"], "dataSetLabels": shown})
        return answer(call.path("action"), list(dict.fromkeys(found)), discovered)

    def actions(_: Call) -> Response:
        children = [{"name": name, "description": name, "imsOrg": context.options.org_id} for name in state.ACTIONS]
        return JSONResponse({"_page": {"count": len(children)}, "_links": {"page": {}}, "children": children})

    def core_labels(_: Call) -> Response:
        children = [_label(context, name) for name in state.CORE_LABELS]
        return JSONResponse({"_page": {"count": len(children)}, "_links": {"page": {}}, "children": children})

    def core_label(call: Call) -> Response:
        if call.path("name") not in state.CORE_LABELS:
            raise PolicyProblem(404, "NotFoundError", f"There is no core label {call.path('name')!r}.")
        return JSONResponse(_label(context, call.path("name")))

    return [
        Route(f"{POLICY}/marketingActions/core", endpoint(actions), methods=["GET"]),
        Route(f"{POLICY}/marketingActions/core/{{action}}/constraints", endpoint(hypothetical), methods=["GET"]),
        Route(f"{POLICY}/marketingActions/core/{{action}}/constraints", endpoint(evaluate), methods=["POST"]),
        Route(f"{POLICY}/labels/core", endpoint(core_labels), methods=["GET"]),
        Route(f"{POLICY}/labels/core/{{name}}", endpoint(core_label), methods=["GET"]),
    ]


def _label(context: Context, name: str) -> Json:
    meaning = state.CORE_LABELS[name]
    category = {"C": "Contract", "I": "Identity", "S": "Sensitive"}[name[0]]
    return {"name": name, "category": category, "friendlyName": name, "description": meaning,
            "imsOrg": context.options.org_id}  # fmt: skip


def _discover(context: Context, labels: state.Labels, entity: Any) -> tuple[list[str], list[Json]]:
    """Labels of a dataset, and of those of its fields that the question names (all, when it names none)."""
    if not isinstance(entity, dict) or entity.get("entityType") != "dataSet":
        raise PolicyProblem(400, "BadRequestError", f"{entity!r} is not of the form {{entityType: dataSet, entityId}}.")
    id = str(entity.get("entityId"))
    try:
        context.lake.dataset(id)
    except DatasetNotFound as fault:
        raise PolicyProblem(400, "BadRequestError", str(fault)) from None
    dataset_labels, optional = labels.of(id)
    wanted = (entity.get("entityMeta") or {}).get("fields") or []
    fields = [
        {"path": item.get("option", {}).get("schemaPath", ""), "labels": list(item.get("labels", []))}
        for item in optional
    ]
    return dataset_labels, [item for item in fields if not wanted or item["path"] in wanted]
