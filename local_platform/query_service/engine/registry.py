"""What SQL shares with the REST services: identity namespaces, identity descriptors, XDM schemas."""

from __future__ import annotations

import secrets
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
from local_platform.services.schema_registry.state import Registry

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


class SharedRegistry:
    """Namespaces, identities and schemas of the sandbox, as SQL sees and changes them."""

    def __init__(self, lake: Lake, clock: Clock, options: QueryOptions) -> None:
        self.documents = Documents(lake.database, clock)
        self.namespaces = Namespaces(self.documents, clock)
        parts: Any = _Parts(self.documents, lake, options, clock)
        self._registry = Registry(parts)

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
        id = secrets.token_hex(20)
        body = {
            "@id": id,
            "@type": IDENTITY,
            "xdm:sourceSchema": self._registry.schema_ref_of(dataset),
            "xdm:sourceVersion": 1,
            "xdm:sourceProperty": "/" + column.replace(".", "/"),
            "xdm:namespace": code,
            "xdm:property": "xdm:code",
            "xdm:isPrimary": primary,
        }
        self.documents.put(_DESCRIPTORS, id, body)

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
