"""JSON as Spark writes it: NULL fields left out, times in ISO 8601 with Z, numbers as Java prints them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_platform.query_service.compiler.casts import literal_text, to_text
from local_platform.query_service.sql.types import Type


@dataclass(frozen=True)
class Form:
    """How values are written.

    Attributes:
        nulls: NULL fields of structs are written, not left out.
        timestamp, date: SQL of a time's text from its SQL.
    """

    nulls: bool = False
    timestamp: Callable[[str], str] = "spark_iso_timestamp({})".format
    date: Callable[[str], str] = "CAST({} AS VARCHAR)".format


def json_sql(sql: str, type: Type, form: Form = Form()) -> str:
    """DuckDB SQL of the JSON text of a value; NULL for NULL."""
    kind = type.kind
    if kind == "struct":
        return _struct(sql, type, form)
    if kind == "array":
        element = f"coalesce({json_sql('x', type.item, form)}, 'null')"
        listed = f"array_to_string(list_transform({sql}, lambda x: {element}), ',')"
        return f"(CASE WHEN {sql} IS NOT NULL THEN '[' || coalesce({listed}, '') || ']' END)"
    if kind == "map":
        key = f"CAST(to_json({to_text('x.key', type.key or type)}) AS VARCHAR)"
        entry = f"{key} || ':' || coalesce({json_sql('x.value', type.item, form)}, 'null')"
        entries = f"array_to_string(list_transform(map_entries({sql}), lambda x: {entry}), ',')"
        return f"(CASE WHEN {sql} IS NOT NULL THEN '{{' || coalesce({entries}, '') || '}}' END)"
    if kind == "string":
        return f"CAST(to_json({sql}) AS VARCHAR)"
    if kind == "timestamp":
        return f"CAST(to_json({form.timestamp(sql)}) AS VARCHAR)"
    if kind == "date":
        return f"CAST(to_json({form.date(sql)}) AS VARCHAR)"
    if kind == "binary":
        return f"('\"' || base64({sql}) || '\"')"
    if type.is_fractional:
        text = to_text(sql, type)
        return f"(CASE WHEN isnan({sql}) OR isinf({sql}) THEN '\"' || {text} || '\"' ELSE {text} END)"
    return to_text(sql, type)


def _struct(sql: str, type: Type, form: Form) -> str:
    parts = []
    for field in type.fields:
        part = json_sql(f"struct_extract({sql}, {literal_text(field.name)})", field.type, form)
        part = f"coalesce({part}, 'null')" if form.nulls else part
        parts.append(f"{literal_text(json.dumps(field.name) + ':')} || {part}")
    listed = f"list_filter([{', '.join(parts)}], lambda x: x IS NOT NULL)"
    return f"(CASE WHEN {sql} IS NOT NULL THEN '{{' || coalesce(array_to_string({listed}, ','), '') || '}}' END)"


def wanted_of(type: Type, options: Mapping[str, str]) -> str:
    """The type and the options as the engine's reader of JSON wants them, as JSON."""
    return json.dumps({"type": _wanted(type), "options": dict(options)})


def _wanted(type: Type) -> object:
    if type.kind == "struct":
        return {"kind": "struct", "fields": [[field.name, _wanted(field.type)] for field in type.fields]}
    if type.kind in ("array", "map"):
        return {"kind": type.kind, "element": _wanted(type.item)}
    return {"kind": type.duck}


def structure_of(type: Type) -> str:
    """The structure text DuckDB's from_json wants."""
    return json.dumps(_structure(type))


def _structure(type: Type) -> object:
    if type.kind == "struct":
        return {field.name: _structure(field.type) for field in type.fields}
    if type.kind == "array":
        return [_structure(type.item)]
    if type.kind == "map":
        return type.duck
    return type.duck
