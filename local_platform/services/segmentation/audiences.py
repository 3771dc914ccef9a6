"""All audiences on the wire, ``/data/core/ups/audiences``: those by rule and external ones side by side."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform import json_patch
from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.services.external_audiences.audiences import ExternalAudiences
from local_platform.services.external_audiences.errors import NoSuchAudience
from local_platform.services.segmentation.definitions import Definitions, activating, as_audience, sandbox
from local_platform.services.segmentation.errors import InUse, NameTaken, SegmentationProblem

PREFIX = "/data/core/ups"
Json = dict[str, Any]
# What may be changed of an external audience here; the rest is what was uploaded.
_CHANGEABLE = ("name", "description", "labels", "lifecycleState")
MOST_AT_ONCE = 100
_STATES = ("draft", "published", "inactive", "archived")


class Audiences:
    """The audiences of one sandbox, whatever made them, in the shape of this endpoint."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._definitions = Definitions(context)
        self._external = ExternalAudiences(context)

    def all(self) -> list[Json]:
        """Audiences by rule, then external ones, each oldest first."""
        return [*map(self._by_rule, self._definitions.all()), *map(self._uploaded, self._external.all())]

    def get(self, id: str) -> Json:
        """One audience.

        Raises:
            AudienceNotFound
        """
        uploaded = self._find(id)
        return self._by_rule(self._definitions.get(id)) if uploaded is None else self._uploaded(uploaded)

    def several(self, ids: list[str]) -> Json:
        """Audiences by id; for one that is not found, an error in its place.

        Raises:
            SegmentationProblem: 400 for none or too many ids, 404 when none of them is found.
        """
        if not 1 <= len(ids) <= MOST_AT_ONCE:
            message = f"The number of requested IDs is invalid. Cannot be 0 or exceed {MOST_AT_ONCE}."
            raise SegmentationProblem(400, message, code="UPAPI-113015-400")
        known = {str(item["id"]): item for item in self.all()}
        if not known.keys() & set(ids):
            raise SegmentationProblem(404, f"The entity {','.join(ids)} is not found.", code="UPAPI-113000-404")
        missing = {"errors": {"404": [{"code": 404, "message": "Not found."}]}}
        return {id: known[id] if id in known else {"requestId": str(uuid.uuid4()), **missing} for id in ids}

    def create(self, body: Json) -> Json:
        """Make an audience by rule; external ones are made by their own service.

        Raises:
            SegmentationProblem, NameTaken
        """
        if body.get("type", "SegmentDefinition") != "SegmentDefinition":
            raise SegmentationProblem(400, f"type is {body.get('type')!r}; SegmentDefinition is created here.")
        return self._by_rule(self._definitions.create(body))

    def change(self, id: str, body: Any) -> Json:
        """Overwrite fields with those given, or apply a JSON Patch list.

        Raises:
            AudienceNotFound, SegmentationProblem, NameTaken
        """
        stored = self._find(id)
        if stored is None:
            return self._by_rule(self._definitions.change(id, body))
        before = self._uploaded(stored)
        try:
            after = json_patch.apply(before, body) if isinstance(body, list) else {**before, **dict(body)}
        except (json_patch.PatchError, TypeError, ValueError) as fault:
            raise SegmentationProblem(400, f"The change cannot be applied: {fault}") from None
        fixed = [
            name for name in {**before, **after} if name not in _CHANGEABLE and after.get(name) != before.get(name)
        ]
        if fixed:
            raise SegmentationProblem(400, f"{fixed[0]} is an immutable field of an external audience.")
        return self._uploaded(self._external.put({**stored, **self._checked(id, after)}))

    def delete(self, id: str) -> None:
        """Remove an audience and its memberships.

        Raises:
            AudienceNotFound
            InUse: a flow activates it.
        """
        if self._find(id) is None:
            self._definitions.delete(id)
        elif flows := activating(self._context.documents, id):
            raise InUse(id, flows)
        else:
            self._external.delete(id)

    def _checked(self, id: str, after: Json) -> Json:
        name, labels = after.get("name"), after.get("labels")
        if not isinstance(name, str) or not name.strip():
            raise SegmentationProblem(400, "name is missing: an audience needs a unique name.")
        if any(item["name"] == name and item["id"] != id for item in self.all()):
            raise NameTaken(name)
        if after.get("lifecycleState") not in _STATES:
            raise SegmentationProblem(400, f"lifecycleState must be one of {', '.join(_STATES)}.")
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise SegmentationProblem(400, "labels must be a list of texts.")
        return {name: after[name] for name in _CHANGEABLE}

    def _find(self, id: str) -> Json | None:
        try:
            return self._external.get(id)
        except NoSuchAudience:
            return None

    def _by_rule(self, definition: Json) -> Json:
        return as_audience(definition, self._definitions.etag(str(definition["id"])))

    def _uploaded(self, audience: Json) -> Json:
        options = self._context.options
        return {
            "id": audience["id"],
            "audienceId": audience.get("customAudienceId", audience["id"]),
            "name": audience["name"],
            "description": audience["description"],
            "namespace": audience["namespace"],
            "imsOrgId": options.org_id,
            "sandbox": sandbox(options),
            "isSystem": False,
            "type": "ExternalSegment",
            "originName": audience["originName"],
            "lifecycleState": audience["lifecycleState"],
            "createdBy": audience["createdBy"],
            "datasetId": audience["datasetId"],
            "labels": audience["labels"],
            "creationTime": audience["createdAt"] * 1000,
            "createEpoch": audience["createdAt"],
            "updateEpoch": audience["updatedAt"],
            "updateTime": audience["updatedAt"] * 1000,
            "_etag": f'"{self._external.etag(audience["id"])}"',
        }


def audience_routes(context: Context) -> list[Route]:
    """List, create, read, change, delete."""
    audiences = Audiences(context)

    def listed(call: Call) -> Response:
        limit = call.integer("limit", 20, least=1, most=1_000)
        start = call.integer("start", 0, least=0, most=10**6)
        found = audiences.all()
        for name in ("name", "description"):
            part = (call.query(name) or "").lower()
            found = [item for item in found if part in str(item.get(name) or "").lower()]
        for text in call.request.query_params.getlist("property"):
            path, separator, wanted = text.partition("==")
            if not separator:
                raise SegmentationProblem(400, f"The property filter {text!r} is not of the form name==value.")
            found = [item for item in found if str(item.get(path)) == wanted]
        found = ordered(found, call.query("sort"))
        children = found[start : start + limit]
        # The last page has no next at all; null would send a client round for ever.
        page: Json = {
            "totalCount": len(found),
            "totalPages": -(-len(found) // limit),
            "pageSize": len(children),
            "limit": limit,
            "start": start,
        }
        links: Json = {}
        if start + limit < len(found):
            page["next"] = start + limit
            links["next"] = {"href": f"@/audiences?start={start + limit}&limit={limit}"}
        return JSONResponse({"children": children, "_page": page, "_links": links})

    def create(call: Call) -> Response:
        return JSONResponse(audiences.create(call.json_object()), 201)

    def read(call: Call) -> Response:
        return JSONResponse(audiences.get(call.path("id")))

    def change(call: Call) -> Response:
        return JSONResponse(audiences.change(call.path("id"), call.json()), 201)

    def delete(call: Call) -> Response:
        audiences.delete(call.path("id"))
        return Response(status_code=204)

    def several(call: Call) -> Response:
        given = call.json_object().get("ids")
        items = given if isinstance(given, list) else []
        ids = [str(item.get("id")) for item in items if isinstance(item, dict)]
        return JSONResponse({"results": audiences.several(ids)}, 207)

    base = f"{PREFIX}/audiences"
    return [
        Route(f"{base}/bulk-get", endpoint(several), methods=["POST"]),
        Route(base, endpoint(listed), methods=["GET"]),
        Route(base, endpoint(create), methods=["POST"]),
        Route(f"{base}/{{id}}", endpoint(read), methods=["GET"]),
        Route(f"{base}/{{id}}", endpoint(change), methods=["PATCH", "PUT"]),
        Route(f"{base}/{{id}}", endpoint(delete), methods=["DELETE"]),
    ]


def ordered(items: list[Json], sort: str | None) -> list[Json]:
    """Order by ``name:asc,other:desc``; without it the order of creation."""
    for part in reversed([part for part in (sort or "").split(",") if part]):
        name, _, direction = part.partition(":")
        items = sorted(items, key=lambda item: str(item.get(name, "")), reverse=direction.lower() == "desc")
    return items
