"""From XDM (JSON Schema with references) to one plain tree, and from the tree to Arrow.

Used by ingestion to check and convert files, by Query Service for the columns of a table, by the profile store for the
types of attributes. Types follow Adobe's table of XDM fields and Parquet types: integers are 32 bits unless their
bounds need 64, numbers are doubles, date-times are milliseconds in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

Json = dict[str, Any]
Lookup = Callable[[str], "Json | None"]

PROFILE_CLASS = "https://ns.adobe.com/xdm/context/profile"
EVENT_CLASS = "https://ns.adobe.com/xdm/context/experienceevent"
TIMESTAMP = pa.timestamp("ms", tz="UTC")

_INT32_MAX = 2**31 - 1
_INT32_MIN = -(2**31)
_DEEPEST = 40


class XdmError(Exception):
    """A schema cannot be resolved: a reference leads nowhere, or two parts contradict each other."""


def resolve(schema: Json, lookup: Lookup) -> Json:
    """A schema without `$ref` and `allOf`: nested `properties` with their types, `required` united.

    Args:
        lookup: gives the resource for an absolute `$id`, or None.

    Raises:
        XdmError
    """
    return _resolve(schema, schema, lookup, 0)


def _resolve(node: Json, root: Json, lookup: Lookup, depth: int) -> Json:
    if depth > _DEEPEST:
        raise XdmError(f"References nest deeper than {_DEEPEST} levels; one of them refers back to itself.")
    merged: Json = {}
    if "$ref" in node:
        target, target_root = _follow(str(node["$ref"]), root, lookup)
        merged = _resolve(target, target_root, lookup, depth + 1)
    for part in node.get("allOf", []):
        merged = merge(merged, _resolve(part, root, lookup, depth + 1))
    own = {
        key: value for key, value in node.items() if key not in ("$ref", "allOf", "properties", "definitions", "items")
    }
    for key in ("properties",):
        if key in node:
            own[key] = {name: _resolve(child, root, lookup, depth + 1) for name, child in node[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            own[key] = _resolve(node[key], root, lookup, depth + 1)
    return merge(merged, own)


def _follow(reference: str, root: Json, lookup: Lookup) -> tuple[Json, Json]:
    base, _, fragment = reference.partition("#")
    document = lookup(base) if base else root
    if document is None:
        raise XdmError(f"The reference {reference!r} leads to no known resource.")
    target: Any = document
    for part in fragment.strip("/").split("/") if fragment else []:
        if part:
            target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
    if not isinstance(target, dict):
        raise XdmError(f"The reference {reference!r} names a part that does not exist.")
    return target, document


def merge(left: Json, right: Json, path: str = "") -> Json:
    """Two descriptions of one object united; the right one's texts and bounds win.

    Raises:
        XdmError: a field has two types.
    """
    if not left:
        return right
    merged = {**left, **right}
    both = "type" in left and "type" in right
    if both and left["type"] != right["type"]:
        raise XdmError(f"The field {path or '/'!r} is {left['type']} in one part and {right['type']} in another.")
    if "properties" in left and "properties" in right:
        properties = dict(left["properties"])
        for name, child in right["properties"].items():
            known = properties.get(name)
            properties[name] = merge(known, child, f"{path}/{name}") if known else child
        merged["properties"] = properties
    if "required" in left or "required" in right:
        merged["required"] = list(dict.fromkeys([*left.get("required", []), *right.get("required", [])]))
    return merged


def arrow_schema(resolved: Json) -> pa.Schema:
    """Columns of a dataset with this (resolved) schema; all nullable, checks of presence are ingestion's."""
    return pa.schema([pa.field(name, arrow_type(child)) for name, child in resolved.get("properties", {}).items()])


def arrow_type(field: Json) -> pa.DataType:
    """Arrow type of a resolved field.

    Raises:
        XdmError: the field has no type that can be stored.
    """
    kind = kind_of(field)
    if kind == "object":
        children = [pa.field(name, arrow_type(child)) for name, child in field["properties"].items()]
        return pa.struct(children)
    if kind == "map":
        return pa.map_(pa.string(), arrow_type(field["additionalProperties"]))
    if kind == "array":
        return pa.list_(pa.field("element", arrow_type(field.get("items", {"type": "string"}))))
    return _SCALARS[kind]


_SCALARS: dict[str, pa.DataType] = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "double": pa.float64(),
    "int": pa.int32(),
    "long": pa.int64(),
    "date": pa.date32(),
    "date-time": TIMESTAMP,
}


def kind_of(field: Json) -> str:
    """`string`, `boolean`, `double`, `int`, `long`, `date`, `date-time`, `object`, `map` or `array`.

    Raises:
        XdmError
    """
    declared = field.get("type")
    if field.get("properties"):
        return "object"
    if isinstance(field.get("additionalProperties"), dict):
        return "map"
    if declared == "string":
        stored = field.get("format")
        return stored if stored in ("date", "date-time") else "string"
    if declared == "integer":
        bounds = (field.get("minimum", 0), field.get("maximum", 0))
        return "int" if bounds[0] >= _INT32_MIN and bounds[1] <= _INT32_MAX else "long"
    simple = {"number": "double", "boolean": "boolean", "array": "array"}
    if declared in simple:
        return simple[declared]
    if declared == "object":
        # An object without fields can hold nothing; a text keeps the column readable.
        return "string"
    raise XdmError(f"A field has the type {declared!r}, which XDM does not store.")


# What `meta:xdmType` says for each kind.
XDM_TYPES = {"double": "number", "int": "int", "long": "long"}


def with_xdm_types(resolved: Json) -> Json:
    """The same tree with `meta:xdmType` on every field, as `xed-full` answers show it."""
    kind = kind_of(resolved) if resolved.get("type") else "object"
    out = {**resolved, "meta:xdmType": XDM_TYPES.get(kind, kind)}
    if "properties" in resolved:
        out["properties"] = {name: with_xdm_types(child) for name, child in resolved["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(resolved.get(key), dict):
            out[key] = with_xdm_types(resolved[key])
    return out


def field_at(resolved: Json, path: str) -> Json | None:
    """The field at a path like `/_acme/userId` or `_acme.userId`, or None."""
    node: Json | None = resolved
    for part in path.strip("/").replace(".", "/").split("/"):
        node = (node or {}).get("properties", {}).get(part)
    return node


def leaves(resolved: Json, prefix: str = "") -> Iterator[tuple[str, Json]]:
    """Scalar fields with their dotted paths; arrays and maps count as one field."""
    for name, child in resolved.get("properties", {}).items():
        path = f"{prefix}{name}"
        if child.get("properties"):
            yield from leaves(child, f"{path}.")
        else:
            yield path, child


def from_arrow(schema: pa.Schema) -> Json:
    """An ad hoc schema that describes existing columns, for tables made in SQL."""
    return {"type": "object", "properties": {field.name: _field_of(field.type) for field in schema}}


def _field_of(type_: pa.DataType) -> Json:
    if pa.types.is_struct(type_):
        return {"type": "object", "properties": {child.name: _field_of(child.type) for child in type_}}
    if pa.types.is_map(type_):
        return {"type": "object", "additionalProperties": _field_of(type_.item_type)}
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return {"type": "array", "items": _field_of(type_.value_type)}
    if pa.types.is_timestamp(type_):
        return {"type": "string", "format": "date-time"}
    if pa.types.is_date(type_):
        return {"type": "string", "format": "date"}
    if pa.types.is_boolean(type_):
        return {"type": "boolean"}
    if pa.types.is_integer(type_):
        limit = 2**53 - 1 if type_.bit_width == 64 else _INT32_MAX
        return {"type": "integer", "minimum": -limit if limit > _INT32_MAX else _INT32_MIN, "maximum": limit}
    if pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return {"type": "number"}
    return {"type": "string"}
