"""What the Profile service holds beside the store: merge policies and delete jobs; how an entity is shown."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from datetime import UTC, date, datetime
from typing import Any

from local_platform import json_patch
from local_platform.context import Context
from local_platform.lake import Dataset, DatasetNotFound
from local_platform.profile_store import Entity, Identity, Memberships, ProfileStore, Source
from local_platform.profile_store.flat import unflatten
from local_platform.services.profile.errors import ProfileProblem
from local_platform.services.schema_registry.state import Registry
from local_platform.xdm import EVENT_CLASS, kind_of, leaves

Json = dict[str, Any]
PROFILE_SCHEMA = "_xdm.context.profile"
# Property of a dataset that holds the rows of an external audience: only their identity is attached to the profile.
EXTERNAL_AUDIENCE = "externalAudience"
_POLICIES = "profile.mergePolicies"
_JOBS = "profile.systemJobs"
# A delete request is processed in the background; no duration is documented.
DELETE_SECONDS = 600.0
EPOCH = "1970-01-01T00:00:00Z"


def source_of(context: Context, dataset: Dataset) -> Source:
    """Identity and behaviour of a dataset, from its schema."""
    registry = Registry(context)
    schema_id = registry.schema_ref_of(dataset)
    found = registry.primary_identity(schema_id)
    identity = None if found is None else Identity(found.path, found.namespace)
    is_event = bool(dataset.schema_ref) and registry.class_of(schema_id) == EVENT_CLASS
    return Source(identity, is_event, attributes=EXTERNAL_AUDIENCE not in dataset.properties)


def union_types(context: Context, class_id: str) -> dict[str, str]:
    """DuckDB type by leaf path of all schemas of a class that are enabled for Profile."""
    union = Registry(context).union(class_id)
    return {path: _duckdb_type(field) for path, field in leaves(union) if path != "identityMap"}


_TYPES = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "double": "DOUBLE",
    "int": "INTEGER",
    "long": "BIGINT",
    "date": "DATE",
    "date-time": "TIMESTAMP",
    "map": "MAP(VARCHAR, VARCHAR)",
    "object": "STRUCT()",
}


def _duckdb_type(field: Json) -> str:
    kind = kind_of(field)
    return f"{_duckdb_type(field.get('items', {'type': 'string'}))}[]" if kind == "array" else _TYPES[kind]


def store_of(context: Context) -> ProfileStore:
    """The platform's profile store."""
    store = context.profile_store
    assert isinstance(store, ProfileStore)
    return store


class MergePolicies:
    """The sandbox's merge policies; the default one exists from the beginning."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents
        if not self._documents.all(_POLICIES):
            # Derived from the data directory's secret key: another directory has another policy id, a restart the same.
            name = hashlib.sha256(context.credentials.signing_key.encode()).hexdigest()
            self._store(str(uuid.uuid5(uuid.NAMESPACE_OID, name)), {"name": "Default Timebased", "default": True})

    def all(self) -> list[Json]:
        """All policies, oldest first."""
        return [document.body for document in self._documents.all(_POLICIES)]

    def get(self, id: str) -> Json | None:
        """One policy."""
        found = self._documents.get(_POLICIES, id)
        return None if found is None else found.body

    @property
    def default_id(self) -> str:
        """Id of the default policy."""
        return next(str(policy["id"]) for policy in self.all() if policy["default"])

    def create(self, body: Json) -> Json:
        """Add a policy; this platform merges by time only.

        Raises:
            ProfileProblem: no name, or another way to merge.
        """
        merge = (body.get("attributeMerge") or {}).get("type", "timestampOrdered")
        if not isinstance(body.get("name"), str) or not body["name"]:
            raise ProfileProblem(400, "A merge policy needs a name.")
        if merge != "timestampOrdered":
            raise ProfileProblem(400, f"attributeMerge {merge!r} is not available here; use timestampOrdered.")
        return self._store(str(uuid.uuid4()), {"name": body["name"], "default": False})

    def change(self, id: str, body: Any) -> Json:
        """Rewrite a policy, or apply a JSON Patch list to it.

        Raises:
            ProfileProblem: 400 for a patch that does not apply or another way to merge, 404.
        """
        stored = self.get(id)
        if stored is None:
            raise ProfileProblem(404, f"There is no merge policy {id!r}.")
        try:
            changed = json_patch.apply(stored, body) if isinstance(body, list) else {**stored, **dict(body)}
        except (json_patch.PatchError, TypeError, ValueError) as fault:
            raise ProfileProblem(400, f"The change cannot be applied: {fault}") from None
        if (changed.get("attributeMerge") or {}).get("type") != "timestampOrdered" or not changed.get("name"):
            raise ProfileProblem(400, "A merge policy needs a name, and merges timestampOrdered here.")
        if changed.get("default") != stored["default"]:
            raise ProfileProblem(400, "The default merge policy of this platform stays the default.")
        kept = {name: stored[name] for name in ("id", "imsOrgId", "sandbox", "schema", "default")}
        stamps = {"version": int(stored["version"]) + 1, "updateEpoch": int(self._context.clock.now().timestamp())}
        return self._documents.put(_POLICIES, id, {**changed, **kept, **stamps}).body

    def delete(self, id: str) -> None:
        """Remove a policy; the default one stays.

        Raises:
            ProfileProblem: 400 for the default policy, 404.
        """
        stored = self.get(id)
        if stored is None:
            raise ProfileProblem(404, f"There is no merge policy {id!r}.")
        if stored["default"]:
            raise ProfileProblem(400, "The default merge policy cannot be deleted.")
        self._documents.delete(_POLICIES, id)

    def _store(self, id: str, body: Json) -> Json:
        options = self._context.options
        policy = {
            "id": id,
            "imsOrgId": options.org_id,
            "sandbox": {"sandboxName": options.sandbox, "type": "development", "default": False},
            "schema": {"name": PROFILE_SCHEMA},
            "version": 1,
            "identityGraph": {"type": "none"},
            "attributeMerge": {"type": "timestampOrdered"},
            "isActiveOnEdge": False,
            "updateEpoch": int(self._context.clock.now().timestamp()),
            **body,
        }
        return self._documents.put(_POLICIES, id, policy).body


class DeleteJobs:
    """Requests to delete a dataset's data from Profile."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents

    def all(self) -> list[Json]:
        """All requests, newest first."""
        return [document.body for document in reversed(self._documents.all(_JOBS))]

    def get(self, id: str) -> Json:
        """One request.

        Raises:
            ProfileProblem: 404.
        """
        found = self._documents.get(_JOBS, id)
        if found is None:
            raise ProfileProblem(404, f"There is no system job {id!r}.")
        return found.body

    def create(self, body: Json) -> Json:
        """Accept a request and start it.

        Raises:
            ProfileProblem: 400 without a known dataset, 422 when one is under way for it.
        """
        dataset_id = body.get("dataSetId")
        if not isinstance(dataset_id, str):
            raise ProfileProblem(400, "dataSetId is missing. Batches of record datasets cannot be deleted one by one.")
        try:
            self._context.lake.dataset(dataset_id)
        except DatasetNotFound as fault:
            raise ProfileProblem(400, str(fault)) from None
        if any(job["dataSetId"] == dataset_id and job["status"] in ("NEW", "PROCESSING") for job in self.all()):
            raise ProfileProblem(422, f"A delete request for dataset {dataset_id} already exists.")
        now = int(self._context.clock.now().timestamp())
        job = {
            "id": str(uuid.uuid4()),
            "imsOrgId": self._context.options.org_id,
            "dataSetId": dataset_id,
            "jobType": "DELETE",
            "status": "NEW",
            "createEpoch": now,
            "updateEpoch": now,
        }
        self._documents.put(_JOBS, str(job["id"]), job)
        self._submit(str(job["id"]))
        return job

    def delete(self, id: str) -> None:
        """Forget a request; one that has not begun is not carried out.

        Raises:
            ProfileProblem: 404.
        """
        self.get(id)
        self._documents.delete(_JOBS, id)

    def resume(self) -> None:
        """Start unfinished requests again after a restart."""
        for job in self.all():
            if job["status"] in ("NEW", "PROCESSING"):
                self._submit(job["id"])

    def _submit(self, id: str) -> None:
        self._context.jobs.submit(f"profile delete {id}", lambda: self._run(id), after_seconds=DELETE_SECONDS)

    def _run(self, id: str) -> None:
        if self._documents.get(_JOBS, id) is None:
            return
        store = store_of(self._context)
        store.catch_up()
        dataset_id = str(self.get(id)["dataSetId"])
        records = sum(item.records for item in store.ledger.fragments() if item.dataset_id == dataset_id)
        # Not inside a transaction: the store's lock comes before the database's, as when it takes batches in.
        store.delete_dataset(dataset_id)
        self._documents.update(_JOBS, id, lambda job: {
            **job,
            "status": "COMPLETED",
            "metrics": json.dumps({"recordsProcessed": records, "timeTakenInSec": int(DELETE_SECONDS)}),
            "updateEpoch": int(self._context.clock.now().timestamp()),
        })  # fmt: skip


def xid(namespace: str, identity: str) -> str:
    """The opaque id of a profile, from its primary identity."""
    digest = hashlib.sha256(f"{namespace}\x00{identity}".encode()).digest()[:18]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def shown(entity: Entity, memberships: Memberships, fields: list[str], policy_id: str) -> Json:
    """An entity as the service returns it, restricted to the fields asked for (all, when none are)."""
    chosen = {path: _json(value) for path, value in entity.values.items() if value is not None and _asked(path, fields)}
    content = unflatten(chosen)
    if _asked("identityMap", fields):
        content["identityMap"] = {entity.namespace.lower(): [{"id": entity.identity}]}
    if _asked("segmentMembership", fields) and memberships:
        content["segmentMembership"] = {
            space: {
                segment: {"status": status, "lastQualificationTime": _json(since)}
                for segment, (status, since) in audiences.items()
            }
            for space, audiences in memberships.items()
        }
    id = xid(entity.namespace, entity.identity)
    return {
        "entityId": id,
        "mergePolicy": {"id": policy_id},
        "sources": list(entity.sources),
        "entity": content,
        "lastModifiedAt": _json(datetime.fromtimestamp(entity.modified_ms / 1000, UTC).replace(tzinfo=None)),
    }


def _asked(path: str, fields: list[str]) -> bool:
    return not fields or any(path == name or path.startswith(f"{name}.") for name in fields)


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        # Stored times are UTC without a zone; milliseconds are shown only where there are any.
        spec = "milliseconds" if value.microsecond else "seconds"
        return value.isoformat(timespec=spec) + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    return value
