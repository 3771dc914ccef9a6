"""What SQL shares with the REST services: identity namespaces, identity descriptors, XDM schemas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from local_platform.clock import Clock
from local_platform.documents import Documents
from local_platform.lake import Dataset, Lake
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.options import QueryOptions
from local_platform.services.identities.errors import InvalidNamespace, NamespaceConflict
from local_platform.services.identities.state import Namespaces
from local_platform.services.schema_registry.descriptors import IDENTITY
from local_platform.services.schema_registry.errors import RegistryProblem
from local_platform.services.schema_registry.state import Registry
from local_platform.xdm import PROFILE_CLASS

_DESCRIPTORS = "xdm.descriptors"
_TYPES = {"cookie": "COOKIE", "device": "DEVICE", "email": "EMAIL", "phone": "PHONE", "mobile": "MOBILE"}


@dataclass(frozen=True)
class _Parts:
    """The parts of the platform that the registry reads."""

    documents: Documents
    lake: Lake
    options: QueryOptions
    clock: Clock


@dataclass(frozen=True)
class IdentityField:
    """An identity of a table: `column` is dotted, `namespace` a code, `id` that of its descriptor."""

    column: str
    namespace: str
    primary: bool
    id: str


@dataclass(frozen=True)
class FieldGroup:
    """A field group: `id` is its `$id`, `short_id` what SQL shows; `owner` made it, None for Adobe's own."""

    name: str
    id: str
    short_id: str
    owner: str | None


class SharedRegistry:
    """Namespaces, identities and schemas of the sandbox, as SQL sees and changes them."""

    def __init__(self, lake: Lake, clock: Clock, options: QueryOptions) -> None:
        self.documents = Documents(lake.database, clock)
        self.namespaces = Namespaces(self.documents, clock)
        parts: Any = _Parts(self.documents, lake, options, clock)
        self._registry = Registry(parts)
        self._lake = lake
        self._tenant = options.tenant_id

    def code(self, namespace: str) -> str:
        """The code of a namespace given by code or name.

        Raises:
            QueryError: 58000, it does not exist.
        """
        for entry in self.namespaces.all():
            if namespace.lower() in (entry["code"].lower(), entry["name"].lower()):
                return str(entry["code"])
        raise analysis_error(
            f"The namespace {namespace!r} does not exist; SHOW NAMESPACES lists them, CREATE NAMESPACE makes one."
        )

    def create_namespace(self, name: str, code: str, type: str) -> None:
        """A custom namespace.

        Raises:
            QueryError: 58000, the code is taken or something is missing.
        """
        kind = _TYPES.get(type.lower(), type.replace(" ", "_").upper())
        try:
            self.namespaces.create({"code": code, "name": name, "idType": kind})
        except (InvalidNamespace, NamespaceConflict) as error:
            raise analysis_error(str(error)) from None

    def identities(self, dataset: Dataset) -> list[IdentityField]:
        """Identity fields of a table, as its schema's descriptors say."""
        return [
            IdentityField(
                column=str(body["xdm:sourceProperty"]).strip("/").replace("/", "."),
                namespace=str(body["xdm:namespace"]),
                primary=bool(body.get("xdm:isPrimary")),
                id=str(body["@id"]),
            )
            for body in self._registry.descriptors.of_schema(self._registry.schema_ref_of(dataset))
            if body["@type"] == IDENTITY
        ]

    def add_identity(self, dataset: Dataset, column: str, namespace: str, *, primary: bool) -> None:
        """Label a column as an identity.

        Raises:
            QueryError: 58000, an unknown namespace, or a second primary identity.
        """
        code = self.code(namespace)
        known = self.identities(dataset)
        if any(each.column.lower() == column.lower() for each in known):
            raise analysis_error(f"Column {column} of {dataset.table_name} is an identity already.")
        if primary and any(each.primary for each in known):
            raise analysis_error(f"Table {dataset.table_name} has a primary identity already; DROP it first.")
        self._registry.descriptors.put_identity(self._registry.schema_ref_of(dataset), column, code, primary=primary)

    def drop_identity(self, dataset: Dataset, column: str, *, primary: bool) -> bool:
        """Take an identity away; whether there was one."""
        for each in self.identities(dataset):
            if each.column.lower() == column.lower() and each.primary == primary:
                return self.documents.delete(_DESCRIPTORS, each.id)
        return False

    def schema(self, title: str) -> tuple[str, pa.Schema]:
        """$id and columns of an XDM schema by its title.

        Raises:
            QueryError: 58000, there is none.
        """
        for body in self._registry.all("tenant", "schemas"):
            if body["title"] == title:
                return str(body["$id"]), self._registry.arrow_schema(body["$id"])
        raise analysis_error(f"Error validating schema: there is no XDM schema titled {title!r} in this sandbox.")

    def field_groups(self) -> list[FieldGroup]:
        """Adobe's field groups and the sandbox's own."""
        adobes = [
            FieldGroup(str(body["title"]), str(body["$id"]), str(body["meta:altId"]), None)
            for body in self._registry.all("global", "mixins")
        ]
        return adobes + [
            FieldGroup(
                str(body["title"]),
                str(body["$id"]),
                str(body["$id"]).rpartition("/")[2],
                str(body["meta:registryMetadata"]["xdm:createdClientId"]),
            )
            for body in self._registry.all("tenant", "mixins")
        ]

    def field_group(self, name_or_id: str) -> FieldGroup | None:
        """The field group of a name (in any case) or id, the sandbox's own before Adobe's; None when there is none."""
        wanted = name_or_id.lower()
        for each in reversed(self.field_groups()):
            if wanted in (each.name.lower(), each.short_id.lower(), each.id.lower()):
                return each
        return None

    def create_field_group(
        self, name: str, properties: dict[str, Any], identities: Sequence[tuple[str, str, bool]], owner: str
    ) -> str:
        """A field group for profiles; its fields lie under the tenant's namespace. Returns its short id.

        Args:
            properties: XDM fields by name.
            identities: (field, namespace, is the primary one).

        Raises:
            QueryError: 58000, a field or namespace is refused.
        """
        coded = [(field, self.code(namespace), primary) for field, namespace, primary in identities]
        custom = {"type": "object", "properties": {f"_{self._tenant}": {"type": "object", "properties": properties}}}
        body = {
            "title": name,
            "type": "object",
            "meta:intendedToExtend": [PROFILE_CLASS],
            "definitions": {"customFields": custom},
            "allOf": [{"$ref": "#/definitions/customFields"}],
        }
        with self._lake.database.write():
            try:
                made = self._registry.create("mixins", body, owner)
            except RegistryProblem as error:
                raise analysis_error(str(error.body["detail"])) from None
            for field, namespace, primary in coded:
                self._registry.descriptors.put_identity(
                    made["$id"], f"_{self._tenant}.{field}", namespace, primary=primary
                )
        return str(made["$id"]).rpartition("/")[2]

    def drop_field_group(self, group: FieldGroup) -> None:
        """Remove a field group and its identities.

        Raises:
            QueryError: 58000, a schema uses it.
        """
        with self._lake.database.write():
            try:
                self._registry.delete("mixins", group.id)
            except RegistryProblem as error:
                raise analysis_error(str(error.body["detail"])) from None
            for body in self._registry.descriptors.of_schema(group.id):
                self.documents.delete(_DESCRIPTORS, str(body["@id"]))
