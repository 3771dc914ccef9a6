"""Policy Service on the wire, `/data/foundation/dulepolicy`."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.lake import DatasetNotFound
from local_platform.services.policy.errors import PolicyProblem
from local_platform.services.policy.governance import KINDS, PREFIX, Governance
from local_platform.services.policy.state import Labels

Json = dict[str, Any]
_EVALUATION = re.compile(r".*/marketingActions/(core|custom)/([^/]+)/constraints")


def routes(context: Context, labels: Labels) -> list[Route]:
    """Labels, marketing actions, policies, and the question which policies an action would violate."""
    governance = Governance(context)
    found: list[Route] = [*_evaluation_routes(context, governance, labels), *_custom_routes(governance)]
    for kind in KINDS:
        for container in ("core", "custom"):
            found.extend(_reading_routes(context, governance, kind, container))
    return found


def _reading_routes(context: Context, governance: Governance, kind: str, container: str) -> list[Route]:
    base = f"{PREFIX}/{kind}/{container}"

    def listed(call: Call) -> Response:
        found = governance.all(kind, container)
        for condition in call.request.query_params.getlist("property"):
            name, _, wanted = condition.partition("==")
            found = [item for item in found if str(item.get(name)) == wanted]
        limit = call.integer("limit", 100, least=1, most=1_000)
        # The link to a template of pages is always there, on the last page too.
        page = {"href": f"{context.api_url}{base}?{{?limit,start,property}}", "templated": True}
        body = {"_page": {"count": len(found[:limit])}, "_links": {"page": page}, "children": found[:limit]}
        return JSONResponse(body)

    def one(call: Call) -> Response:
        return JSONResponse(governance.get(kind, container, call.path("key")))

    return [
        Route(base, endpoint(listed), methods=["GET"]),
        Route(f"{base}/{{key}}", endpoint(one), methods=["GET"]),
    ]


def _custom_routes(governance: Governance) -> list[Route]:
    def put(kind: str) -> Any:
        def answer(call: Call) -> Response:
            made, new = governance.put_named(kind, call.path("key"), call.json_object())
            return JSONResponse(made, 201 if new else 200)

        return endpoint(answer)

    def delete_action(call: Call) -> Response:
        governance.delete_action(call.path("key"))
        return Response(status_code=200)

    def create(call: Call) -> Response:
        return JSONResponse(governance.put_policy(call.json_object()), 201)

    def rewrite(call: Call) -> Response:
        return JSONResponse(governance.put_policy(call.json_object(), call.path("key")))

    def patch(call: Call) -> Response:
        return JSONResponse(governance.patch_policy(call.path("key"), call.json()))

    def delete(call: Call) -> Response:
        governance.delete_policy(call.path("key"))
        return Response(status_code=200)

    def enabled(_: Call) -> Response:
        return JSONResponse({"policyIds": governance.enabled_core()})

    def enable(call: Call) -> Response:
        return JSONResponse({"policyIds": governance.enable_core(call.json())})

    policy = f"{PREFIX}/policies/custom/{{key}}"
    return [
        Route(f"{PREFIX}/labels/custom/{{key}}", put("labels"), methods=["PUT"]),
        Route(f"{PREFIX}/marketingActions/custom/{{key}}", put("marketingActions"), methods=["PUT"]),
        Route(f"{PREFIX}/marketingActions/custom/{{key}}", endpoint(delete_action), methods=["DELETE"]),
        Route(f"{PREFIX}/policies/custom", endpoint(create), methods=["POST"]),
        Route(policy, endpoint(rewrite), methods=["PUT"]),
        Route(policy, endpoint(patch), methods=["PATCH"]),
        Route(policy, endpoint(delete), methods=["DELETE"]),
        Route(f"{PREFIX}/enabledCorePolicies", endpoint(enabled), methods=["GET"]),
        Route(f"{PREFIX}/enabledCorePolicies", endpoint(enable), methods=["PUT"]),
    ]


def _evaluation_routes(context: Context, governance: Governance, labels: Labels) -> list[Route]:
    def answer(container: str, action: str, found: list[str], discovered: list[Json], drafts: bool) -> Json:
        options = context.options
        return {
            "timestamp": context.clock.now_ms(),
            "clientId": options.client_id,
            "userId": context.credentials.technical_account,
            "imsOrg": options.org_id,
            "sandboxName": options.sandbox,
            "marketingActionRef": f"{context.api_url}{PREFIX}/marketingActions/{container}/{action}",
            "duleLabels": found,
            "discoveredLabels": discovered,
            "violatedPolicies": governance.violated(container, action, found, drafts=drafts),
        }

    def drafts(call: Call) -> bool:
        return (call.query("includeDraft") or "").lower() == "true"

    def hypothetical(call: Call) -> Response:
        given = [label for label in (call.query("duleLabels") or "").split(",") if label]
        return JSONResponse(answer(call.path("container"), call.path("action"), given, [], drafts(call)))

    def evaluate(call: Call) -> Response:
        found, discovered = _of_entities(context, labels, call.json())
        return JSONResponse(answer(call.path("container"), call.path("action"), found, discovered, drafts(call)))

    def bulk(call: Call) -> Response:
        """Several questions in one call; each is answered with a status and a body."""
        answers = []
        questions = call.json()
        if not isinstance(questions, list) or not questions:
            raise PolicyProblem(400, "BadRequestError", "The body must be a list of {evalRef, labels | entityList}.")
        for question in questions:
            match = _EVALUATION.fullmatch(str(question.get("evalRef") if isinstance(question, dict) else ""))
            if match is None:
                detail = f"{question!r} has no evalRef such as /marketingActions/core/{{name}}/constraints."
                raise PolicyProblem(400, "BadRequestError", detail)
            found, discovered = [str(label) for label in question.get("labels") or []], list[Json]()
            if question.get("entityList"):
                found, discovered = _of_entities(context, labels, question["entityList"])
            body = answer(match[1], match[2], found, discovered, bool(question.get("includeDraft")))
            answers.append({"status": 200, "body": body})
        return JSONResponse(answers)

    constraints = f"{PREFIX}/marketingActions/{{container}}/{{action}}/constraints"
    return [
        Route(constraints, endpoint(hypothetical), methods=["GET"]),
        Route(constraints, endpoint(evaluate), methods=["POST"]),
        Route(f"{PREFIX}/bulk-eval", endpoint(bulk), methods=["POST"]),
    ]


def _of_entities(context: Context, labels: Labels, entities: Any) -> tuple[list[str], list[Json]]:
    """All labels of the datasets named, and what was found where."""
    if not isinstance(entities, list) or not entities:
        raise PolicyProblem(400, "BadRequestError", "The body must be a list of {entityType, entityId}.")
    found: list[str] = []
    discovered: list[Json] = []
    for entity in entities:
        dataset_labels, fields = _discover(context, labels, entity)
        found.extend([*dataset_labels, *(label for item in fields for label in item["labels"])])
        shown = {"connection": {"labels": []}, "dataset": {"labels": dataset_labels}, "fields": fields}
        discovered.append({"entityType": "dataSet", "entityId": entity["entityId"], "dataSetLabels": shown})
    return list(dict.fromkeys(found)), discovered


def _discover(context: Context, labels: Labels, entity: Any) -> tuple[list[str], list[Json]]:
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
