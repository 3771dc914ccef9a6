"""Schema Registry: tenant, field groups, schemas, identity descriptors, the union."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from runner.platform.documents import Document, inner, listed, mapping, need, page_of, rows, strings, text, unexpected
from runner.platform.library import LibraryName
from runner.platform.service import Service

PROFILE_CLASS = "https://ns.adobe.com/xdm/context/profile"
EVENT_CLASS = "https://ns.adobe.com/xdm/context/experienceevent"
_BRIEF = "application/vnd.adobe.xed-id+json"
_ONE = "application/vnd.adobe.xed+json; version=1"
_FULL = "application/vnd.adobe.xed-full+json; version=1"


@dataclass(frozen=True)
class FieldGroup:
    """A field group; `definitions` holds its custom fields as JSON Schema."""

    id: str
    alt_id: str
    title: str
    definitions: Document = field(default_factory=dict)


@dataclass(frozen=True)
class Schema:
    """A schema with the ids it refers to (its class and field groups)."""

    id: str
    alt_id: str
    title: str
    class_id: str
    refs: tuple[str, ...]
    in_union: bool


@dataclass(frozen=True)
class IdentityDescriptor:
    """Marks a field of a schema as identity; `path` is written `/_acme/userId`."""

    id: str
    schema_id: str
    path: str
    namespace: str
    primary: bool


class Schemas(Service):
    """Schema Registry."""

    title = "Schema Registry"
    library_name: LibraryName = "schemas"

    def tenant(self) -> str:
        """The tenant id without underscore, e.g. `acme`: field names use `_acme`."""
        what = "Schema Registry to stats"
        return text(mapping(self.call(self.library.getStats), what), "tenantId", what)

    def find_field_group(self, title: str) -> FieldGroup | None:
        """The tenant's field group with exactly this title, with its fields, or None."""
        found = self._by_title("fieldgroups", title)
        # What is listed exists: a 404 means that it was created a moment ago.
        return (
            self.soon(lambda: self.field_group(text(found, "$id", "Schema Registry to a list")))
            if found is not None
            else None
        )

    def field_group(self, group_id: str) -> FieldGroup:
        """A field group of the tenant by `$id`, with its fields."""
        item = mapping(self.get(f"/tenant/fieldgroups/{quote_plus(group_id)}", accept=_ONE), "a field group")
        return FieldGroup(
            text(item, "$id", "Schema Registry to a field group"),
            str(item.get("meta:altId", "")),
            str(item.get("title", "")),
            inner(item, "definitions"),
        )

    def global_field_group(self, group_id: str) -> FieldGroup:
        """A standard field group of Adobe's by `$id`.

        Raises:
            NotFound: Adobe has none with this id.
        """
        item = mapping(self.get(f"/global/fieldgroups/{quote_plus(group_id)}", accept=_ONE), "a field group")
        return FieldGroup(str(item.get("$id", group_id)), str(item.get("meta:altId", "")), str(item.get("title", "")))

    def ensure_field_group(
        self, title: str, class_id: str, properties: Mapping[str, Any], *, description: str = ""
    ) -> FieldGroup:
        """The tenant's field group with this title, made with `properties` (under `_{tenant}`) if there is none."""
        body = {
            "title": title,
            "description": description,
            "type": "object",
            "meta:intendedToExtend": [class_id],
            "definitions": {"customFields": {"type": "object", "properties": dict(properties)}},
            "allOf": [{"$ref": "#/definitions/customFields"}],
        }

        def make() -> FieldGroup:
            answer = mapping(self.call(self.library.createFieldGroup, body), "Schema Registry to a new field group")
            return FieldGroup(
                text(answer, "$id", "Schema Registry to a new field group"),
                str(answer.get("meta:altId", "")),
                title,
                inner(answer, "definitions"),
            )

        return self.once(lambda: self.find_field_group(title), make, f"field group '{title}'")

    def extend_field_group(self, group_id: str, additions: Mapping[str, Mapping[str, Any]]) -> None:
        """Add fields to a field group. Only additions are allowed once data is there, and only those are sent.

        Args:
            additions: JSON pointer below `/definitions/customFields` (e.g.
                `/properties/_acme/properties/basket`) → JSON Schema of the new field.
        """
        changes = [
            {"op": "add", "path": f"/definitions/customFields{pointer}", "value": dict(value)}
            for pointer, value in additions.items()
        ]
        if changes:
            self.call(self.library.patchFieldGroup, group_id, changes, repeatable=True)

    def find_schema(self, title: str) -> Schema | None:
        """The tenant's schema with exactly this title, or None."""
        found = self._by_title("schemas", title)
        return (
            self.soon(lambda: self.schema(text(found, "$id", "Schema Registry to a list")))
            if found is not None
            else None
        )

    def schema(self, schema_id: str) -> Schema:
        """A schema of the tenant by `$id`."""
        item = mapping(self.get(f"/tenant/schemas/{quote_plus(schema_id)}", accept=_ONE), "a schema")
        return _schema(item)

    def resolved(self, schema_id: str) -> Document:
        """A schema with all references resolved, as JSON Schema (`properties` holds the XDM tree)."""
        what = "Schema Registry to a schema"
        item = mapping(self.get(f"/tenant/schemas/{quote_plus(schema_id)}", accept=_FULL), what)
        need(item, "$id", what)
        return item

    def ensure_schema(self, title: str, class_id: str, group_ids: Sequence[str], *, description: str = "") -> Schema:
        """The tenant's schema with this title, made from class and field groups if there is none."""
        body = {
            "title": title,
            "description": description,
            "type": "object",
            "allOf": [{"$ref": ref} for ref in (class_id, *group_ids)],
        }

        def make() -> Schema:
            return _schema(mapping(self.call(self.library.createSchema, body), "Schema Registry to a new schema"))

        return self.once(lambda: self.find_schema(title), make, f"schema '{title}'")

    def add_field_groups(self, schema_id: str, group_ids: Sequence[str]) -> Schema:
        """Add field groups to a schema; those it has already are left as they are."""
        present = self.schema(schema_id).refs
        changes = [
            {"op": "add", "path": "/allOf/-", "value": {"$ref": g, "type": "object", "meta:xdmType": "object"}}
            for g in group_ids
            if g not in present
        ]
        if changes:
            self.call(self.library.patchSchema, schema_id, changes)
        return self.schema(schema_id)

    def join_union(self, schema_id: str) -> None:
        """Enable a schema for Profile. This cannot be undone, and needs a primary identity."""
        self.call(self.library.enableSchemaForRealTime, schema_id, repeatable=True)

    def identities(self, schema_id: str) -> list[IdentityDescriptor]:
        """The identity descriptors of a schema."""
        return [d for d in self._descriptors() if d.schema_id == schema_id]

    def ensure_primary_identity(self, schema_id: str, path: str, namespace: str) -> IdentityDescriptor:
        """The primary identity of a schema on a field (`/_acme/userId`), marked if it is not."""

        def find() -> IdentityDescriptor | None:
            return next((d for d in self.identities(schema_id) if d.primary and d.path == path), None)

        body = {
            "@type": "xdm:descriptorIdentity",
            "xdm:sourceSchema": schema_id,
            "xdm:sourceVersion": 1,
            "xdm:sourceProperty": path,
            "xdm:namespace": namespace,
            "xdm:property": "xdm:code",
            "xdm:isPrimary": True,
        }

        def make() -> IdentityDescriptor:
            answer = mapping(self.call(self.library.createDescriptor, body), "Schema Registry to a new descriptor")
            return IdentityDescriptor(
                text(answer, "@id", "Schema Registry to a new descriptor"), schema_id, path, namespace, True
            )

        return self.once(find, make, f"identity of {schema_id}")

    def _by_title(self, kind: str, title: str) -> Document | None:
        matches = [r for r in self._all(f"/tenant/{kind}", {"property": f"title=={title}"}) if r.get("title") == title]
        return matches[0] if matches else None

    def _all(self, path: str, query: Mapping[str, Any], accept: str = _BRIEF) -> list[Document]:
        found: list[Document] = []
        parameters: dict[str, Any] = {**query, "limit": 300, "orderby": "title"}
        starts = set[str | int]()
        while True:
            answer = mapping(self.get(path, parameters, accept=accept), f"Schema Registry to {path}")
            found += page_of(answer, "results", f"Schema Registry to {path}")
            following = inner(answer, "_page").get("next")
            if not isinstance(following, str | int) or not following or following in starts:
                return found
            starts.add(following)
            parameters["start"] = following

    def _descriptors(self) -> list[IdentityDescriptor]:
        found: list[Document] = []
        parameters: dict[str, Any] = {"limit": 300}
        starts = set[str | int]()
        while True:
            answer = self.get("/tenant/descriptors", parameters, accept="application/vnd.adobe.xdm-v2+json")
            found += _descriptor_items(answer)
            following = inner(answer, "_page").get("next") if isinstance(answer, Mapping) else None
            if not isinstance(following, str | int) or not following or following in starts:
                return [_descriptor(d) for d in found if d.get("@type") == "xdm:descriptorIdentity"]
            starts.add(following)
            parameters["start"] = following


def _id(listed: Document) -> str:
    return text(listed, "$id", "Schema Registry to a list")


def _descriptor_items(answer: object) -> list[Document]:
    """Version 2 lists `results`; version 1 groups lists by descriptor type."""
    if isinstance(answer, Mapping) and "results" in answer:
        return listed(answer["results"], "Schema Registry to descriptors")
    if isinstance(answer, Mapping):
        groups = [g for g in answer.values() if isinstance(g, list)]
        if groups:
            return [item for group in groups for item in group if isinstance(item, Mapping)]
    raise unexpected("Schema Registry to descriptors", "'results'")


def _descriptor(item: Document) -> IdentityDescriptor:
    return IdentityDescriptor(
        str(item.get("@id", "")),
        str(item.get("xdm:sourceSchema", "")),
        str(item.get("xdm:sourceProperty", "")),
        str(item.get("xdm:namespace", "")),
        item.get("xdm:isPrimary") is True,
    )


def _schema(item: Document) -> Schema:
    refs = tuple(str(part["$ref"]) for part in rows(item, "allOf", "Schema Registry to a schema") if "$ref" in part)
    return Schema(
        id=text(item, "$id", "Schema Registry to a schema"),
        alt_id=str(item.get("meta:altId", "")),
        title=str(item.get("title", "")),
        class_id=str(item.get("meta:class") or (refs[0] if refs else "")),
        refs=refs,
        in_union="union" in strings(item.get("meta:immutableTags")),
    )
