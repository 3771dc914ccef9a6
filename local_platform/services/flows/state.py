"""Connections, source and target connections, and flows: what may be stored, and how each is shown."""

from __future__ import annotations

import uuid
from typing import Any

from local_platform import json_patch
from local_platform.context import Context
from local_platform.documents import Document, EtagMismatch
from local_platform.services.flows import checks, shapes, specs
from local_platform.services.flows.errors import FlowProblem, Missing, Stale
from local_platform.services.flows.runs import Runs

Json = dict[str, Any]
KINDS = ("connections", "sourceConnections", "targetConnections", "flows")


class FlowState:
    """All objects of Flow Service in one sandbox, each with an etag that changes with every write."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents
        self.runs = Runs(context)

    def create(self, kind: str, body: Json) -> Document:
        """Check and store a new object.

        Raises:
            FlowProblem, InvalidSpec, Missing
        """
        self._check(kind, body)
        id = str(uuid.uuid4())
        if kind == "flows":
            body = {"transformations": [], **body, "state": body.get("state", "enabled")}
            body["_changed_ms"] = self._context.clock.now_ms()
        else:
            body = {**body, "state": "enabled"}
        return self._documents.put(_collection(kind), id, body)

    def get(self, kind: str, id: str) -> Document:
        """One object.

        Raises:
            Missing
        """
        found = self._documents.get(_collection(kind), id)
        if found is None:
            raise Missing(kind, id)
        return found

    def all(self, kind: str) -> list[Document]:
        """All objects of a kind, oldest first."""
        return self._documents.all(_collection(kind))

    def patch(self, kind: str, id: str, operations: Any, if_match: str) -> Document:
        """Apply a JSON Patch to the object that still has the etag given.

        Raises:
            FlowProblem: 400 without etag or for a patch that does not apply; 412 for a stale etag.
            Missing
        """
        stored = self.get(kind, id)
        if not if_match:
            raise FlowProblem(400, "The If-Match header is missing.", "Send the etag of the entity, quotes included.")
        try:
            changed = json_patch.apply(stored.body, operations)
        except json_patch.PatchError as fault:
            raise FlowProblem(400, f"The patch cannot be applied: {fault}") from None
        self._check(kind, changed)
        if kind == "flows":
            changed["_changed_ms"] = self._context.clock.now_ms()
        try:
            return self._documents.put(_collection(kind), id, changed, if_match=if_match)
        except EtagMismatch as fault:
            raise Stale(if_match.strip('"'), kind) from fault

    def action(self, kind: str, id: str, name: str) -> Document:
        """``enable`` or ``disable`` an object.

        Raises:
            FlowProblem: another action, or a state it is in already is simply kept.
            Missing
        """
        states = {"enable": "enabled", "disable": "disabled"}
        if name not in states:
            raise FlowProblem(400, f"The action {name!r} is not one of enable, disable.")
        self.get(kind, id)
        return self._documents.update(_collection(kind), id, lambda body: {**body, "state": states[name]})

    def delete(self, kind: str, id: str) -> None:
        """Remove an object that nothing uses.

        Raises:
            FlowProblem: 400 when a flow or connection still names it.
            Missing
        """
        self.get(kind, id)
        users = self._users(kind, id)
        if users:
            raise FlowProblem(400, f"{kind} {id} is used by {', '.join(users)}.", "Delete what uses it first.")
        self._documents.delete(_collection(kind), id)

    def _users(self, kind: str, id: str) -> list[str]:
        if kind == "connections":
            dependents = [*self.all("sourceConnections"), *self.all("targetConnections")]
            return [item.id for item in dependents if item.body.get("baseConnectionId") == id]
        if kind in ("sourceConnections", "targetConnections"):
            name = kind[:-1] + "Ids"
            return [item.id for item in self.all("flows") if id in item.body[name]]
        return []

    def _check(self, kind: str, body: Json) -> None:
        shapes.check(kind, body)
        checks.named(body)
        if kind == "flows":
            checks.flow(self._context, body, self.get)
            return
        checks.connection_spec(body)
        if kind == "sourceConnections":
            checks.source(self._context, body)
        elif kind == "targetConnections" and body["connectionSpec"]["id"] == specs.DATA_LAKE_TARGET:
            checks.lake_target(self._context, body)
        elif kind == "targetConnections":
            self._check_base(body)
            checks.target(body)

    def _check_base(self, body: Json) -> None:
        base = body.get("baseConnectionId")
        if not base:
            raise FlowProblem(400, "baseConnectionId is missing: a target connection needs a base connection.")
        self.get("connections", str(base))

    # -- how objects are shown -----------------------------------------------------------------------------------------

    def shown(self, document: Document, kind: str) -> Json:
        """An object as the service returns it."""
        options = self._context.options
        body = {key: value for key, value in document.body.items() if not key.startswith("_")}
        shown = {
            "id": document.id,
            "createdAt": document.created_ms,
            "updatedAt": document.updated_ms,
            "createdBy": options.client_id,
            "updatedBy": options.client_id,
            "createdClient": options.client_id,
            "updatedClient": options.client_id,
            "sandboxId": f"sandbox-{options.sandbox}",
            "sandboxName": options.sandbox,
            "imsOrgId": options.org_id,
            "description": "",
            **body,
            "version": f'"{document.etag}"',
            "etag": f'"{document.etag}"',
        }
        return self._flow(document, shown) if kind == "flows" else shown

    def _flow(self, document: Document, shown: Json) -> Json:
        changed = document.updated_ms > document.created_ms
        shown["lastOperation"] = {
            "started": document.updated_ms,
            "updated": document.updated_ms,
            "operation": "update" if changed else "create",
        }
        shown["lastRunDetails"] = self.runs.last_of(document.id)
        shown["inheritedAttributes"] = {
            "properties": {"isDestinationFlow": True},
            "sourceConnections": [self._end("sourceConnections", id) for id in document.body["sourceConnectionIds"]],
            "targetConnections": [self._end("targetConnections", id) for id in document.body["targetConnectionIds"]],
        }
        return shown

    def _end(self, kind: str, id: str) -> Json:
        found = self._documents.get(_collection(kind), id)
        body = {} if found is None else found.body
        end: Json = {"id": id, "connectionSpec": body.get("connectionSpec", {})}
        if body.get("baseConnectionId"):
            spec = body.get("connectionSpec", {})
            end["baseConnection"] = {"id": body["baseConnectionId"], "connectionSpec": spec}
        return end

    # -- what exports need ---------------------------------------------------------------------------------------------

    def target_of(self, flow: Json) -> Json:
        """The target connection of a flow."""
        return self.get("targetConnections", str(flow["targetConnectionIds"][0])).body

    def source_of(self, flow: Json) -> Json:
        """The source connection of a flow."""
        return self.get("sourceConnections", str(flow["sourceConnectionIds"][0])).body

    def destination_name(self, flow: Json) -> str:
        """What ``%DESTINATION%`` stands for: the name of the base connection, else of the kind of destination."""
        target = self.target_of(flow)
        base = self._documents.get(_collection("connections"), str(target.get("baseConnectionId")))
        if base is not None:
            return str(base.body["name"])
        spec = specs.destination_of(str(target["connectionSpec"]["id"]))
        return spec.name if spec else "destination"


def _collection(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"{kind} is no kind of object of Flow Service")
    return f"flows.{kind}"
