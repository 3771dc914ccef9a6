"""Labels, marketing actions and policies, core and custom, and which policies a set of labels breaks."""

from __future__ import annotations

import secrets
from typing import Any

from local_platform import json_patch
from local_platform.context import Context
from local_platform.names import climbs
from local_platform.services.policy.errors import PolicyProblem
from local_platform.services.policy.state import CORE_LABELS, CORE_POLICIES

Json = dict[str, Any]
PREFIX = "/data/foundation/dulepolicy"
KINDS = ("labels", "marketingActions", "policies")
_STATUSES = ("DRAFT", "ENABLED", "DISABLED")
_ENABLED = "policy.enabledCorePolicies"
_CORE_TIME = 1_550_000_000_000


class Governance:
    """What Policy Service holds of one organisation. Core objects are Adobe's; custom ones can be made."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents

    # -- labels, actions and policies alike ----------------------------------------------------------------------------

    def all(self, kind: str, container: str) -> list[Json]:
        """Objects of a kind (`labels`, `marketingActions`, `policies`) in `core` or `custom`."""
        if container == "custom":
            return [document.body for document in self._documents.all(f"policy.{kind}")]
        return {"labels": self._core_labels, "marketingActions": self._core_actions, "policies": self._core_policies}[
            kind
        ]()

    def get(self, kind: str, container: str, key: str) -> Json:
        """One object, by its name, or a policy by its id.

        Raises:
            PolicyProblem: 404.
        """
        name = "id" if kind == "policies" else "name"
        found = next((item for item in self.all(kind, container) if item[name] == key), None)
        if found is None:
            raise PolicyProblem(404, "NotFoundError", f"There is no {container} {_WORDS[kind]} {key!r}.")
        return found

    def put_named(self, kind: str, key: str, body: Json) -> tuple[Json, bool]:
        """Make or change a custom label or action; returns it and whether it is new.

        Raises:
            PolicyProblem: 400, the name in the body is another.
        """
        if body.get("name") != key:
            raise _bad(f"name is {body.get('name')!r}, but the path says {key!r}; a name cannot be changed.")
        if climbs(key) or "/" in key:
            raise _bad(f"{key!r} is no name.")
        if kind == "labels" and not all(isinstance(body.get(part), str) for part in ("category", "friendlyName")):
            raise _bad("A label needs category and friendlyName.")
        stored = self._documents.get(f"policy.{kind}", key)
        made = {**body, **self._stamps(kind, "custom", key, None if stored is None else stored.body)}
        return self._documents.put(f"policy.{kind}", key, made).body, stored is None

    def delete_action(self, name: str) -> None:
        """Remove a custom marketing action.

        Raises:
            PolicyProblem: 404, or 400 when policies refer to it.
        """
        self.get("marketingActions", "custom", name)
        reference = f"/marketingActions/custom/{name}"
        users = [item["id"] for item in self.all("policies", "custom") if _refers(item, reference)]
        if users:
            raise _bad(f"The marketing action {name} is referenced by the policies {', '.join(users)}.")
        self._documents.delete("policy.marketingActions", name)

    # -- policies ------------------------------------------------------------------------------------------------------

    def put_policy(self, body: Json, id: str | None = None) -> Json:
        """Make a custom policy, or rewrite one.

        Raises:
            PolicyProblem: 400 for a body that is no policy, 404.
        """
        stored = None if id is None else self.get("policies", "custom", id)
        _check_policy(body)
        references = [self._absolute(str(item)) for item in body["marketingActionRefs"]]
        for reference in references:
            container, _, name = reference.partition("/marketingActions/")[2].partition("/")
            if container not in ("core", "custom"):
                raise _bad(f"{reference} is no reference to a marketing action.")
            self.get("marketingActions", container, name)
        key = id or secrets.token_hex(12)
        made = {
            "description": "",
            **body,
            "marketingActionRefs": references,
            **self._stamps("policies", "custom", key, stored),
            "id": key,
        }
        return self._documents.put("policy.policies", key, made).body

    def patch_policy(self, id: str, operations: Any) -> Json:
        """Change parts of a custom policy by JSON Patch.

        Raises:
            PolicyProblem: 400, 404.
        """
        try:
            changed = json_patch.apply(self.get("policies", "custom", id), operations)
        except json_patch.PatchError as fault:
            raise _bad(f"The patch cannot be applied: {fault}") from None
        return self.put_policy(changed, id)

    def delete_policy(self, id: str) -> None:
        """Remove a custom policy.

        Raises:
            PolicyProblem: 404.
        """
        self.get("policies", "custom", id)
        self._documents.delete("policy.policies", id)

    def enabled_core(self) -> list[str]:
        """Ids of the core policies that take part in evaluation."""
        stored = self._documents.get(_ENABLED, "list")
        return [f"corepolicy_{name}" for name in CORE_POLICIES] if stored is None else list(stored.body["policyIds"])

    def enable_core(self, body: Any) -> list[str]:
        """Say which core policies take part; all others do not.

        Raises:
            PolicyProblem: 400.
        """
        ids = body.get("policyIds") if isinstance(body, dict) else None
        known = {f"corepolicy_{name}" for name in CORE_POLICIES}
        if not isinstance(ids, list) or not set(map(str, ids)) <= known:
            raise _bad('The body must be {"policyIds": […]} with ids of core policies.')
        self._documents.put(_ENABLED, "list", {"policyIds": ids})
        return ids

    def violated(self, container: str, action: str, labels: list[str], *, drafts: bool = False) -> list[Json]:
        """Policies of a marketing action that a set of labels breaks.

        Raises:
            PolicyProblem: 404 for an unknown action.
        """
        self.get("marketingActions", container, action)
        reference = f"/marketingActions/{container}/{action}"
        statuses = ("ENABLED", "DRAFT") if drafts else ("ENABLED",)
        return [
            policy
            for policy in (*self.all("policies", "core"), *self.all("policies", "custom"))
            if policy["status"] in statuses and _refers(policy, reference) and _denied(policy["deny"], set(labels))
        ]

    # -- core objects and stamps ---------------------------------------------------------------------------------------

    def _core_labels(self) -> list[Json]:
        categories = {"C": "Contract", "I": "Identity", "S": "Sensitive"}
        return [
            {
                "name": name,
                "category": categories[name[0]],
                "friendlyName": name,
                "description": meaning,
                **self._stamps("labels", "core", name, None),
            }
            for name, meaning in CORE_LABELS.items()
        ]

    def _core_actions(self) -> list[Json]:
        return [
            {"name": name, "description": title, **self._stamps("marketingActions", "core", name, None)}
            for name, (title, _) in CORE_POLICIES.items()
        ]

    def _core_policies(self) -> list[Json]:
        enabled = self.enabled_core()
        found: list[Json] = []
        for action, (title, denied) in CORE_POLICIES.items():
            id = f"corepolicy_{action}"
            operands = [{"label": label} for label in denied]
            found.append(
                {
                    "id": id,
                    "name": title,
                    "status": "ENABLED" if id in enabled else "DISABLED",
                    "marketingActionRefs": [self._absolute(f"../marketingActions/core/{action}")],
                    "description": f"Data labelled {', '.join(denied)} may not be used for {action}.",
                    "deny": {"operator": "OR", "operands": operands} if len(denied) > 1 else operands[0],
                    **self._stamps("policies", "core", id, None),
                }
            )
        return found

    def _stamps(self, kind: str, container: str, key: str, stored: Json | None) -> Json:
        options = self._context.options
        user = self._context.credentials.technical_account if container == "custom" else "adobe"
        now = _CORE_TIME if container == "core" else self._context.clock.now_ms()
        return {
            "imsOrg": options.org_id,
            "sandboxName": options.sandbox,
            "created": now if stored is None else stored["created"],
            "createdClient": options.client_id,
            "createdUser": user,
            "updated": now,
            "updatedClient": options.client_id,
            "updatedUser": user,
            "_links": {"self": {"href": f"{self._context.api_url}{PREFIX}/{kind}/{container}/{key}"}},
        }

    def _absolute(self, reference: str) -> str:
        return f"{self._context.api_url}{PREFIX}/marketingActions/{reference.partition('marketingActions/')[2]}"


_WORDS = {"labels": "label", "marketingActions": "marketing action", "policies": "policy"}


def _bad(detail: str) -> PolicyProblem:
    return PolicyProblem(400, "BadRequestError", detail)


def _refers(policy: Json, reference: str) -> bool:
    return any(str(item).endswith(reference) for item in policy["marketingActionRefs"])


def _check_policy(body: Json) -> None:
    if not isinstance(body.get("name"), str) or not body["name"].strip():
        raise _bad("A policy needs a name.")
    if body.get("status") not in _STATUSES:
        raise _bad(f"status is {body.get('status')!r}; expected one of {', '.join(_STATUSES)}.")
    if not isinstance(body.get("marketingActionRefs"), list) or not body["marketingActionRefs"]:
        raise _bad("marketingActionRefs must list at least one marketing action.")
    _check_expression(body.get("deny"), 0)


def _check_expression(node: Any, depth: int) -> None:
    if depth > 20 or not isinstance(node, dict) or ("label" in node) == ("operator" in node):
        raise _bad("deny must be an expression: {label}, or {operator, operands}, but not both.")
    if "label" in node:
        if not isinstance(node["label"], str):
            raise _bad("A label of deny must be a text.")
        return
    if node["operator"] not in ("AND", "OR") or not isinstance(node.get("operands"), list) or not node["operands"]:
        raise _bad("An operator of deny is AND or OR, with a list of operands.")
    for operand in node["operands"]:
        _check_expression(operand, depth + 1)


def _denied(node: Json, labels: set[str]) -> bool:
    if "label" in node:
        return node["label"] in labels
    found = [_denied(operand, labels) for operand in node["operands"]]
    return all(found) if node["operator"] == "AND" else any(found)
