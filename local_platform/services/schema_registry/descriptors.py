"""Identity and other descriptors, and which identities a schema has."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from local_platform import xdm
from local_platform.documents import Documents
from local_platform.services.schema_registry.errors import InvalidResource, ResourceNotFound

Json = dict[str, Any]

IDENTITY = "xdm:descriptorIdentity"
_COLLECTION = "xdm.descriptors"
_TYPES = frozenset(
    {
        IDENTITY,
        "xdm:alternateDisplayInfo",
        "xdm:descriptorReferenceIdentity",
        "xdm:descriptorOneToOne",
        "xdm:descriptorRelationship",
        "xdm:descriptorDeprecated",
        "xdm:descriptorLabel",
    }
)


@dataclass(frozen=True)
class Identity:
    """An identity field of a schema; `path` is dotted (`_acme.userId`), `namespace` a code."""

    path: str
    namespace: str
    primary: bool


class Descriptors:
    """Descriptors of one sandbox.

    Args:
        documents: where they are stored.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def all(self) -> list[Json]:
        """All descriptors, oldest first."""
        return [document.body for document in self._documents.all(_COLLECTION)]

    def get(self, id: str) -> Json:
        """One descriptor by `@id`.

        Raises:
            ResourceNotFound
        """
        found = self._documents.get(_COLLECTION, id)
        if found is None:
            raise ResourceNotFound(id)
        return found.body

    def of_schema(self, schema_id: str) -> list[Json]:
        """Descriptors whose `xdm:sourceSchema` this is."""
        return [body for body in self.all() if body["xdm:sourceSchema"] == schema_id]

    def identities(self, schema_id: str) -> list[Identity]:
        """Identity fields of a schema."""
        return [
            Identity(
                path=body["xdm:sourceProperty"].strip("/").replace("/", "."),
                namespace=str(body["xdm:namespace"]),
                primary=bool(body.get("xdm:isPrimary")),
            )
            for body in self.of_schema(schema_id)
            if body["@type"] == IDENTITY
        ]

    def primary_identity(self, schema_id: str) -> Identity | None:
        """The primary identity of a schema, if it has one."""
        return next((identity for identity in self.identities(schema_id) if identity.primary), None)

    def put(self, body: Json, resolved: Json, namespaces: dict[str, str], *, id: str | None = None) -> Json:
        """Check and store a descriptor.

        Args:
            resolved: the source schema, resolved.
            namespaces: code by code and by numeric id (as text), of every known namespace.
            id: of the descriptor to replace; None makes a new one.

        Raises:
            InvalidResource
        """
        if body.get("@type") not in _TYPES:
            raise InvalidResource(f"The descriptor type {body.get('@type')!r} is not known.")
        stored = dict(body)
        if body["@type"] == IDENTITY:
            stored["xdm:namespace"] = self._check_identity(body, resolved, namespaces, id)
        stored["@id"] = id or secrets.token_hex(20)
        self._documents.put(_COLLECTION, stored["@id"], stored)
        return stored

    def put_identity(self, source: str, path: str, namespace: str, *, primary: bool) -> None:
        """Store an identity whose field and namespace are known to be there.

        Args:
            source: `$id` of the schema or field group.
            path: dotted, as `_acme.userId`.
            namespace: its code.
        """
        id = secrets.token_hex(20)
        body = {
            "@id": id,
            "@type": IDENTITY,
            "xdm:sourceSchema": source,
            "xdm:sourceVersion": 1,
            "xdm:sourceProperty": "/" + path.replace(".", "/"),
            "xdm:namespace": namespace,
            "xdm:property": "xdm:code",
            "xdm:isPrimary": primary,
        }
        self._documents.put(_COLLECTION, id, body)

    def delete(self, id: str) -> None:
        """Remove a descriptor.

        Raises:
            ResourceNotFound
        """
        if not self._documents.delete(_COLLECTION, id):
            raise ResourceNotFound(id)

    def _check_identity(self, body: Json, resolved: Json, namespaces: dict[str, str], id: str | None) -> str:
        path = str(body.get("xdm:sourceProperty", ""))
        if not path.startswith("/") or path.endswith("/") or "/properties/" in path:
            raise InvalidResource(f"xdm:sourceProperty is {path!r}; expected a path like '/_tenant/crmId'.")
        field = xdm.field_at(resolved, path)
        if field is None:
            raise InvalidResource(f"The schema has no field {path}.")
        if xdm.kind_of(field) != "string":
            raise InvalidResource(f"An identity must be a string; {path} is {xdm.kind_of(field)}.")
        if body.get("xdm:property") not in ("xdm:code", "xdm:id"):
            raise InvalidResource("xdm:property must be 'xdm:code' or 'xdm:id', to say what xdm:namespace holds.")
        code = namespaces.get(str(body.get("xdm:namespace")))
        if code is None:
            raise InvalidResource(f"There is no identity namespace {body.get('xdm:namespace')!r}; create it first.")
        others = [other for other in self.of_schema(body["xdm:sourceSchema"]) if other["@id"] != id]
        identities = [other for other in others if other["@type"] == IDENTITY]
        if body.get("xdm:isPrimary") and any(other.get("xdm:isPrimary") for other in identities):
            raise InvalidResource("The schema already has a primary identity; a schema has only one.")
        if any(other["xdm:sourceProperty"] == path for other in identities):
            raise InvalidResource(f"The field {path} already has an identity descriptor.")
        return code
