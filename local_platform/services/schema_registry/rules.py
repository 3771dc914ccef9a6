"""What the registry accepts: tenant namespace, field names, compatible classes, additive changes."""

from __future__ import annotations

from typing import Any

from local_platform import xdm
from local_platform.services.schema_registry.errors import InvalidResource, NotAdditive

Json = dict[str, Any]


def check_field_group(body: Json, tenant: str, lookup: xdm.Lookup) -> None:
    """A custom field group: title, type, class, all custom fields under `_{tenant}`.

    Raises:
        InvalidResource
    """
    _need_title(body)
    if body.get("type") != "object":
        raise InvalidResource(f'A field group needs "type": "object"; it has {body.get("type")!r}.')
    if not isinstance(body.get("meta:intendedToExtend"), list) or not body["meta:intendedToExtend"]:
        raise InvalidResource("A field group needs 'meta:intendedToExtend' with the $id of at least one class.")
    resolved = _resolved(body, lookup)
    outside = [name for name in resolved.get("properties", {}) if name != f"_{tenant}"]
    if outside:
        raise InvalidResource(f"Custom fields must be under '_{tenant}'; found {', '.join(map(repr, outside))}.")
    _check_names(resolved.get("properties", {}).get(f"_{tenant}", {}), f"_{tenant}")
    _check_types(resolved)


def check_data_type(body: Json, lookup: xdm.Lookup) -> None:
    """A custom data type: title and fields that can be stored.

    Raises:
        InvalidResource
    """
    _need_title(body)
    resolved = _resolved(body, lookup)
    _check_names(resolved, "")
    _check_types(resolved)


def check_class(body: Json, tenant: str, lookup: xdm.Lookup) -> str:
    """A custom class: title, one behaviour, custom fields under `_{tenant}`. Returns the behaviour's `$id`.

    Raises:
        InvalidResource
    """
    _need_title(body)
    references = [str(part.get("$ref", "")) for part in body.get("allOf") or [] if isinstance(part, dict)]
    found = [lookup(reference) for reference in references if not reference.startswith("#")]
    behaviours = [item for item in found if item is not None and item["meta:resourceType"] == "behaviors"]
    if len(behaviours) != 1:
        raise InvalidResource("A class refers in 'allOf' to exactly one behaviour, such as .../xdm/data/record.")
    resolved = _resolved(body, lookup)
    inherited = behaviours[0].get("properties", {})
    outside = [name for name in resolved.get("properties", {}) if name != f"_{tenant}" and name not in inherited]
    if outside:
        raise InvalidResource(f"Custom fields must be under '_{tenant}'; found {', '.join(map(repr, outside))}.")
    _check_types(resolved)
    return str(behaviours[0]["$id"])


def check_schema(body: Json, lookup: xdm.Lookup) -> str:
    """A schema: one class, field groups that may extend it. Returns the `$id` of the class.

    Raises:
        InvalidResource
    """
    _need_title(body)
    parts = body.get("allOf")
    if not isinstance(parts, list) or not parts:
        raise InvalidResource("A schema needs 'allOf' with the $ref of its class and its field groups.")
    classes: list[str] = []
    groups: list[Json] = []
    for part in parts:
        reference = str(part.get("$ref", "")) if isinstance(part, dict) else ""
        found = lookup(reference)
        if found is None:
            raise InvalidResource(f"The schema refers to {reference!r}, which does not exist.")
        if found["meta:resourceType"] == "classes":
            classes.append(reference)
        else:
            groups.append(found)
    if len(classes) != 1:
        raise InvalidResource(f"A schema has exactly one class; this one refers to {len(classes)}.")
    for group in groups:
        if classes[0] not in group.get("meta:intendedToExtend", []):
            raise InvalidResource(f"Field group {group['title']!r} ({group['$id']}) does not extend {classes[0]}.")
    _check_types(_resolved(body, lookup))
    return classes[0]


def check_additive(before: Json, after: Json, path: str = "") -> None:
    """Resolved schemas once data exists: fields may be added, never removed, retyped or newly required.

    Raises:
        NotAdditive
    """
    if path and xdm.kind_of(before) != xdm.kind_of(after):
        raise NotAdditive(f"The type of {path} would change from {xdm.kind_of(before)} to {xdm.kind_of(after)}.")
    for name, child in before.get("properties", {}).items():
        if name not in after.get("properties", {}):
            raise NotAdditive(f"The field {path}/{name} would be removed.")
        check_additive(child, after["properties"][name], f"{path}/{name}")
    added = [name for name in after.get("required", []) if name not in before.get("required", [])]
    if added:
        raise NotAdditive(f"The field {path}/{added[0]} would become required.")
    if isinstance(before.get("items"), dict) and isinstance(after.get("items"), dict):
        check_additive(before["items"], after["items"], f"{path}[]")


def _need_title(body: Json) -> None:
    title = body.get("title")
    if not isinstance(title, str) or not title.strip():
        raise InvalidResource("A title is required.")


def _resolved(body: Json, lookup: xdm.Lookup) -> Json:
    try:
        return xdm.resolve(body, lookup)
    except xdm.XdmError as error:
        raise InvalidResource(str(error)) from None


def _check_types(resolved: Json) -> None:
    try:
        xdm.arrow_schema(resolved)
    except (xdm.XdmError, KeyError, TypeError) as error:
        raise InvalidResource(f"A field cannot be stored: {error}") from None


def _check_names(node: Json, path: str) -> None:
    for name, child in node.get("properties", {}).items():
        if not name or name.startswith("_") or "." in name or "/" in name:
            raise InvalidResource(f"The field name {name!r} under {path!r} may not start with '_' or hold '.' or '/'.")
        if isinstance(child, dict):
            _check_names(child, f"{path}/{name}")
            _check_names(child.get("items", {}) if isinstance(child.get("items"), dict) else {}, f"{path}/{name}[]")
