"""The registry: resources by id, their rules, and what other rooms ask of a schema."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from typing import Any

import pyarrow as pa

from local_platform import xdm
from local_platform.context import Context
from local_platform.lake import Dataset, DatasetNotFound
from local_platform.services.schema_registry import rules
from local_platform.services.schema_registry.descriptors import Descriptors, Identity
from local_platform.services.schema_registry.errors import InvalidResource, ResourceInUse, ResourceNotFound, TitleTaken
from local_platform.services.schema_registry.library import alt_id, library

Json = dict[str, Any]

KINDS = ("schemas", "mixins", "classes", "datatypes", "behaviors")
_CUSTOM = ("schemas", "mixins", "classes", "datatypes")
_AUDIT = "xdm.audit"
_AD_HOC = re.compile(r"[0-9a-f]{24}")
_ADHOC_CLASS = "https://ns.adobe.com/xdm/data/adhoc-v2"


class Registry:
    """Adobe's library and the tenant's resources.

    Args:
        context: documents hold the tenant's resources; the lake says which schemas are in use.
    """

    def __init__(self, context: Context) -> None:
        self._documents = context.documents
        self._lake = context.lake
        self._options = context.options
        self._clock = context.clock
        self.descriptors = Descriptors(context.documents)

    def find(self, id: str) -> Json | None:
        """Any resource by `$id` or `meta:altId`, as stored, or None."""
        for resources in library().values():
            if id in resources:
                return resources[id]
            for resource in resources.values():
                if resource["meta:altId"] == id:
                    return resource
        if id.startswith(f"_{self._options.tenant_id}."):
            id = "https://ns.adobe.com/" + id[1:].replace(".", "/")
        for kind in _CUSTOM:
            stored = self._documents.get(f"xdm.{kind}", id)
            if stored is not None:
                return stored.body
        return self._ad_hoc(id)

    def get(self, kind: str, id: str) -> Json:
        """A resource of a kind (`schemas`, `mixins`, ...).

        Raises:
            ResourceNotFound
        """
        found = self.find(id)
        if found is None or found["meta:resourceType"] != kind:
            raise ResourceNotFound(id)
        return found

    def all(self, container: str, kind: str) -> list[Json]:
        """Resources of a kind in `global` or `tenant`."""
        if container == "global":
            return list(library().get(kind, {}).values())
        return [document.body for document in self._documents.all(f"xdm.{kind}")]

    def resolved(self, id: str) -> Json:
        """A resource without references; see `xdm.resolve`.

        Raises:
            ResourceNotFound
        """
        found = self.find(id)
        if found is None:
            raise ResourceNotFound(id)
        return xdm.resolve(found, self.find)

    def arrow_schema(self, schema_id: str) -> pa.Schema:
        """Columns of a dataset with this schema.

        Raises:
            ResourceNotFound
        """
        return xdm.arrow_schema(self.resolved(schema_id))

    def class_of(self, schema_id: str) -> str:
        """The `$id` of a schema's class."""
        return str(self.get("schemas", schema_id)["meta:class"])

    def primary_identity(self, schema_id: str) -> Identity | None:
        """The primary identity of a schema, its own or one that a field group of it brings, if there is one."""
        found = self.find(schema_id)
        groups = found.get("meta:extends", []) if found is not None else []
        candidates = (self.descriptors.primary_identity(id) for id in [schema_id, *groups])
        return next((identity for identity in candidates if identity is not None), None)

    def schema_ref_of(self, dataset: Dataset) -> str:
        """The `$id` of a dataset's schema; a table made in SQL has an ad hoc one, derived from its columns."""
        return dataset.schema_ref or self._ad_hoc_id(dataset.id)

    def in_union(self, schema_id: str) -> bool:
        """Whether a schema is enabled for Profile."""
        found = self.find(schema_id)
        return found is not None and "union" in found.get("meta:immutableTags", [])

    def union(self, class_id: str) -> Json:
        """The union of all profile-enabled schemas of a class, resolved; just the class when there is none."""
        merged = self.resolved(class_id)
        for schema in self.all("tenant", "schemas"):
            if schema["meta:class"] == class_id and "union" in schema.get("meta:immutableTags", []):
                merged = xdm.merge(merged, self.resolved(schema["$id"]))
        return merged

    def create(self, kind: str, body: Json, client_id: str) -> Json:
        """Store a new resource and return it.

        Raises:
            InvalidResource
            TitleTaken
        """
        tenant = self._options.tenant_id
        id = f"https://ns.adobe.com/{tenant}/{kind}/{secrets.token_hex(24)}"
        with self._lake.database.write():
            stored = self._complete(kind, id, body, client_id, version="1.0", created_ms=self._clock.now_ms())
            self._check_title(kind, stored)
            self._documents.put(f"xdm.{kind}", id, stored)
            self._note(kind, {}, stored, client_id)
        return stored

    def replace(self, kind: str, id: str, body: Json, client_id: str) -> Json:
        """Store a changed resource; once data or the union depends on it, only additions are accepted.

        Raises:
            ResourceNotFound
            InvalidResource
            TitleTaken
            NotAdditive
        """
        with self._lake.database.write():
            before = self.get(kind, id)
            if before["$id"] in library().get(kind, {}):
                raise InvalidResource(f"{before['$id']} belongs to Adobe and cannot be changed.")
            affected = self._schemas_with(before["$id"])
            resolved_before = {schema["$id"]: self.resolved(schema["$id"]) for schema in affected}
            major, minor = before["version"].split(".")[:2]
            created = before["meta:registryMetadata"]["repo:createdDate"]
            stored = self._complete(
                kind, before["$id"], body, client_id, version=f"{major}.{int(minor) + 1}", created_ms=created
            )
            self._check_title(kind, stored)
            self._check_union(kind, before, stored)
            self._documents.put(f"xdm.{kind}", before["$id"], stored)
            self._note(kind, before, stored, client_id)
            for schema_id, resolved in resolved_before.items():
                if self._is_locked(schema_id):
                    rules.check_additive(resolved, self.resolved(schema_id))
                self._evolve_datasets(schema_id)
        return stored

    def delete(self, kind: str, id: str) -> None:
        """Remove a resource nobody uses.

        Raises:
            ResourceNotFound
            ResourceInUse
        """
        with self._lake.database.write():
            found = self.get(kind, id)
            if found["$id"] in library().get(kind, {}):
                raise InvalidResource(f"{found['$id']} belongs to Adobe and cannot be deleted.")
            users = [schema["title"] for schema in self._schemas_with(found["$id"]) if schema["$id"] != found["$id"]]
            users += [dataset.name for dataset in self._lake.datasets() if dataset.schema_ref == found["$id"]]
            if users or "union" in found.get("meta:immutableTags", []):
                raise ResourceInUse(f"{found['$id']} is used by {', '.join(users) or 'Profile'}.")
            self._documents.delete(f"xdm.{kind}", found["$id"])

    def dependencies(self, resource: Json) -> list[Json]:
        """The tenant's resources that one refers to, each once, those that others build on first."""
        found: dict[str, Json] = {}
        for reference in re.findall(r'"\$ref": "(https:[^"#]+)', json.dumps(resource)):
            inner = self.find(reference)
            if inner is not None and inner.get("meta:containerId") == "tenant":
                found |= {item["$id"]: item for item in [*self.dependencies(inner), inner]}
        return list(found.values())

    def changes(self, id: str) -> list[Json]:
        """What was done to a resource, oldest first."""
        stored = self._documents.get(_AUDIT, id)
        return [] if stored is None else list(stored.body["changes"])

    def _note(self, kind: str, before: Json, after: Json, client_id: str) -> None:
        """Remember a change for the audit log, by the resource's own fields."""
        id = str(after["$id"])
        updates = [
            {
                "id": id,
                "xdmType": kind,
                "action": "add" if name not in before else "remove" if name not in after else "replace",
                "path": f"/{name}",
                "value": json.dumps(after.get(name)),
            }
            for name in dict.fromkeys([*before, *after])
            if name not in _OURS and before.get(name) != after.get(name)
        ]
        change = {
            "id": id,
            "updatedUser": client_id,
            "imsOrg": self._options.org_id,
            "updatedTime": self._clock.now().strftime("%m-%d-%Y %H:%M:%S"),
            "requestId": secrets.token_hex(16),
            "clientId": client_id,
            "sandboxId": f"sandbox-{self._options.sandbox}",
            "updates": updates,
        }
        self._documents.put(_AUDIT, id, {"changes": [*self.changes(id), change]})

    def _complete(self, kind: str, id: str, body: Json, client_id: str, *, version: str, created_ms: int) -> Json:
        """The body checked and with everything the registry adds to it."""
        kept = {key: value for key, value in body.items() if key not in _OURS}
        meta: Json = {}
        if kind == "schemas":
            class_id = rules.check_schema(kept, self.find)
            references = [part["$ref"] for part in kept["allOf"]]
            meta = {"meta:class": class_id, "meta:extends": references, "meta:abstract": False}
        elif kind == "mixins":
            rules.check_field_group(kept, self._options.tenant_id, self.find)
            meta = {"meta:abstract": True}
        elif kind == "classes":
            behaviour = rules.check_class(kept, self._options.tenant_id, self.find)
            meta = {"meta:abstract": True, "meta:extends": [behaviour]}
        else:
            rules.check_data_type(kept, self.find)
            meta = {"meta:abstract": True}
        text = json.dumps(kept, sort_keys=True)
        registry: Json = {
            "repo:createdDate": created_ms,
            "repo:lastModifiedDate": self._clock.now_ms(),
            "xdm:createdClientId": client_id,
            "xdm:lastModifiedClientId": client_id,
            "eTag": hashlib.sha256(f"{version}{text}".encode()).hexdigest(),
            "meta:globalLibVersion": "1.55.0",
        }
        return {
            "$id": id,
            "meta:altId": alt_id(id),
            "meta:resourceType": kind,
            "version": version,
            "type": "object",
            "description": "",
            **kept,
            "imsOrg": self._options.org_id,
            "meta:extensible": kind != "schemas",
            "meta:xdmType": "object",
            "meta:registryMetadata": registry,
            "meta:containerId": "tenant",
            "meta:sandboxType": "development",
            "meta:tenantNamespace": f"_{self._options.tenant_id}",
            **meta,
        }

    def _check_title(self, kind: str, stored: Json) -> None:
        for other in self.all("tenant", kind):
            if other["title"] == stored["title"] and other["$id"] != stored["$id"]:
                raise TitleTaken(other["$id"])

    def _check_union(self, kind: str, before: Json, after: Json) -> None:
        was, will = (("union" in body.get("meta:immutableTags", [])) for body in (before, after))
        if was and not will:
            raise InvalidResource(
                "A schema that is enabled for Profile stays enabled: meta:immutableTags is immutable."
            )
        if kind == "schemas" and will and not was and self.primary_identity(after["$id"]) is None:
            raise InvalidResource(
                "To enable profile datasets the schema should be valid: it has no primary identity descriptor."
            )

    def _schemas_with(self, id: str) -> list[Json]:
        """Schemas that are this resource or build on it (a data type inside a field group included)."""
        groups = {id} | {mixin["$id"] for mixin in self.all("tenant", "mixins") if f'"{id}"' in json.dumps(mixin)}
        return [
            schema
            for schema in self.all("tenant", "schemas")
            if schema["$id"] == id or groups & {part["$ref"] for part in schema["allOf"]}
        ]

    def _is_locked(self, schema_id: str) -> bool:
        used = [dataset for dataset in self._lake.datasets() if dataset.schema_ref == schema_id]
        return self.in_union(schema_id) or any(self._lake.snapshots(dataset.id) for dataset in used)

    def _evolve_datasets(self, schema_id: str) -> None:
        columns = self.arrow_schema(schema_id)
        for dataset in self._lake.datasets():
            if dataset.schema_ref == schema_id and not dataset.schema.equals(columns):
                self._lake.update_dataset(dataset.id, schema=columns)

    def _ad_hoc_id(self, dataset_id: str) -> str:
        return f"https://ns.adobe.com/{self._options.tenant_id}/schemas/{dataset_id}"

    def _ad_hoc(self, id: str) -> Json | None:
        """The schema of a table that was made in SQL, from its columns."""
        dataset_id = id.rpartition("/")[2]
        if not _AD_HOC.fullmatch(dataset_id) or id != self._ad_hoc_id(dataset_id):
            return None
        try:
            dataset = self._lake.dataset(dataset_id)
        except DatasetNotFound:
            return None
        if dataset.schema_ref is not None:
            return None
        return {
            "$id": id,
            "meta:altId": alt_id(id),
            "meta:resourceType": "schemas",
            "version": "1.0",
            "title": f"Ad hoc schema of {dataset.name}",
            "description": "Made by Query Service from the columns of a table.",
            **xdm.from_arrow(dataset.schema),
            "allOf": [],
            "imsOrg": self._options.org_id,
            "meta:class": _ADHOC_CLASS,
            "meta:extends": [_ADHOC_CLASS],
            "meta:xdmType": "object",
            "meta:containerId": "tenant",
            "meta:registryMetadata": {"repo:createdDate": dataset.created_ms, "eTag": str(dataset.version)},
        }


# What the registry writes itself; a client that sends it back does not change it.
_OURS = frozenset(
    {
        "$id",
        "meta:altId",
        "meta:resourceType",
        "version",
        "imsOrg",
        "meta:extensible",
        "meta:abstract",
        "meta:extends",
        "meta:class",
        "meta:xdmType",
        "meta:registryMetadata",
        "meta:containerId",
        "meta:sandboxType",
        "meta:tenantNamespace",
    }
)
