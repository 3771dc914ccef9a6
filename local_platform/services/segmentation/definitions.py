"""Audience definitions: PQL rules with unique names, and the list of audiences built from them."""

from __future__ import annotations

import uuid
from typing import Any

from local_platform import json_patch
from local_platform.context import Context, Options
from local_platform.documents import Documents
from local_platform.pql import PqlError, compile_pql
from local_platform.services.profile.state import PROFILE_SCHEMA, MergePolicies, store_of, union_types
from local_platform.services.segmentation.errors import AudienceNotFound, InUse, NameTaken, SegmentationProblem
from local_platform.xdm import EVENT_CLASS, PROFILE_CLASS

Json = dict[str, Any]
COLLECTION = "segmentation.definitions"
# Where external audiences are; a name is given once among both.
EXTERNAL = "externalAudiences"
_METHODS = ("batch", "continuous", "synchronous")
_STATES = ("draft", "published", "inactive", "archived")


class Definitions:
    """Segment definitions of one sandbox."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents

    def all(self) -> list[Json]:
        """All definitions, oldest first."""
        return [document.body for document in self._documents.all(COLLECTION)]

    def get(self, id: str) -> Json:
        """One definition.

        Raises:
            AudienceNotFound
        """
        found = self._documents.get(COLLECTION, id)
        if found is None:
            raise AudienceNotFound(id)
        return found.body

    def etag(self, id: str) -> str:
        """The stored etag of a definition."""
        found = self._documents.get(COLLECTION, id)
        return "" if found is None else found.etag

    def create(self, body: Json) -> Json:
        """Check a definition and store it.

        Raises:
            SegmentationProblem: 400 for a bad body or rule.
            NameTaken: 422.
        """
        options = self._context.options
        policies = MergePolicies(self._context)
        policy = body.get("mergePolicyId") or policies.default_id
        if policies.get(str(policy)) is None:
            raise SegmentationProblem(400, f"There is no merge policy {policy!r}.")
        id = str(uuid.uuid4())
        made = {
            "id": id,
            "schema": body.get("schema") or {"name": PROFILE_SCHEMA},
            "profileInstanceId": "ups",
            "imsOrgId": options.org_id,
            "sandbox": sandbox(options),
            "name": body.get("name"),
            "description": body.get("description", ""),
            "expression": body.get("expression"),
            "evaluationInfo": _evaluation(body.get("evaluationInfo")),
            "mergePolicyId": policy,
            "ttlInDays": body.get("ttlInDays", 30),
            "dataGovernancePolicy": {"excludeOptOut": True},
            "lifecycleState": body.get("lifecycleState", "published"),
            "labels": body.get("labels", []),
            "definedOn": [],
            "dependents": [],
            "dependencies": [],
            "creationTime": self._context.clock.now_ms(),
            **self._times(),
        }
        return self._put(made)

    def change(self, id: str, body: Any) -> Json:
        """Overwrite fields with those given, or apply a JSON Patch list.

        Raises:
            AudienceNotFound, SegmentationProblem, NameTaken
        """
        stored = self.get(id)
        if isinstance(body, list):
            try:
                changed = json_patch.apply(stored, body)
            except json_patch.PatchError as fault:
                raise SegmentationProblem(400, f"The patch cannot be applied: {fault}") from None
        elif isinstance(body, dict):
            changed = {**stored, **body}
        else:
            raise SegmentationProblem(400, "The body must be the changed definition, or a JSON Patch list.")
        changed["evaluationInfo"] = _evaluation(changed.get("evaluationInfo"))
        kept = {name: stored[name] for name in ("id", "imsOrgId", "sandbox", "creationTime")}
        return self._put({**changed, **kept, **self._times()})

    def delete(self, id: str) -> None:
        """Remove a definition and its memberships.

        Raises:
            AudienceNotFound
            InUse: a flow activates it.
        """
        self.get(id)
        flows = activating(self._documents, id)
        if flows:
            raise InUse(id, flows)
        with self._context.database.write():
            self._documents.delete(COLLECTION, id)
            store_of(self._context).ledger.drop_membership(id)

    def _put(self, definition: Json) -> Json:
        self._check(definition)
        with self._context.database.write():
            others = [*self.all(), *(document.body for document in self._documents.all(EXTERNAL))]
            clash = [item for item in others if item["name"] == definition["name"] and item["id"] != definition["id"]]
            if clash:
                raise NameTaken(str(definition["name"]))
            return self._documents.put(COLLECTION, str(definition["id"]), definition).body

    def _check(self, definition: Json) -> None:
        if not isinstance(definition.get("name"), str) or not definition["name"].strip():
            raise SegmentationProblem(400, "name is missing: a segment definition needs a unique name.")
        schema = definition.get("schema")
        if not isinstance(schema, dict) or schema.get("name") != PROFILE_SCHEMA:
            raise SegmentationProblem(400, f"schema.name must be {PROFILE_SCHEMA}.")
        if definition.get("lifecycleState") not in _STATES:
            raise SegmentationProblem(400, f"lifecycleState must be one of {', '.join(_STATES)}.")
        check_rule(self._context, expression_text(definition.get("expression")))

    def _times(self) -> Json:
        now = self._context.clock.now_ms()
        return {"updateTime": now, "updateEpoch": now // 1000}


def expression_text(expression: Any) -> str:
    """The PQL text of an ``expression`` object.

    Raises:
        SegmentationProblem: another type or format (``pql/json`` is not evaluated by this platform).
    """
    if not isinstance(expression, dict) or expression.get("type") != "PQL":
        raise SegmentationProblem(400, 'expression must be {"type": "PQL", "format": "pql/text", "value": "…"}.')
    if expression.get("format") != "pql/text":
        raise SegmentationProblem(
            400, f"expression.format is {expression.get('format')!r}; pql/text is evaluated here."
        )
    if not isinstance(expression.get("value"), str):
        raise SegmentationProblem(400, "expression.value must be the PQL text.")
    return str(expression["value"])


def check_rule(context: Context, text: str) -> None:
    """Compile a rule against the union schemas of profiles and events, and whatever fields profiles have.

    Raises:
        SegmentationProblem: 400 with what is wrong and where.
    """
    store = store_of(context)
    store.catch_up()
    profile = {**store.merged().types, **union_types(context, PROFILE_CLASS)}
    events = {**store.event_types(), **union_types(context, EVENT_CLASS)}
    try:
        compile_pql(text, profile, events, strict=True)
    except PqlError as fault:
        raise SegmentationProblem(400, f"Invalid PQL: {fault}", code="UPAPI-113434-400") from None


def _evaluation(given: Any) -> Json:
    enabled = [name for name in _METHODS if isinstance(given, dict) and (given.get(name) or {}).get("enabled") is True]
    if len(enabled) > 1:
        raise SegmentationProblem(400, f"Only one evaluation method may be enabled, not {' and '.join(enabled)}.")
    chosen = enabled[0] if enabled else "batch"
    return {name: {"enabled": name == chosen} for name in _METHODS}


def sandbox(options: Options) -> Json:
    """The sandbox as objects of this service name it."""
    return {
        "sandboxId": f"sandbox-{options.sandbox}",
        "sandboxName": options.sandbox,
        "type": "development",
        "default": False,
    }


def activating(documents: Documents, audience_id: str) -> list[str]:
    """Ids of the flows that activate an audience."""
    return [flow.id for flow in documents.all("flows.flows") if audience_id in _activated(flow.body)]


def _activated(flow: Json) -> set[str]:
    found: set[str] = set()
    for transformation in flow.get("transformations") or []:
        selectors = (transformation.get("params") or {}).get("segmentSelectors") or {}
        found.update(str((item.get("value") or {}).get("id")) for item in selectors.get("selectors") or [])
    return found


def as_audience(definition: Json, etag: str) -> Json:
    """The same audience as the ``/audiences`` endpoint shows it."""
    return {
        **{name: value for name, value in definition.items() if name not in ("sandbox", "profileInstanceId")},
        "audienceId": definition["id"],
        "type": "SegmentDefinition",
        "originName": "REAL_TIME_CUSTOMER_PROFILE",
        "namespace": "AEPSegments",
        "sandbox": definition["sandbox"],
        "_etag": f'"{etag}"',
        "createdBy": definition["imsOrgId"],
    }
