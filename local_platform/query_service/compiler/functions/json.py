"""JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast, literal_text, to_text
from local_platform.query_service.compiler.functions.registry import arguments, constant_text, function
from local_platform.query_service.compiler.jsontext import json_sql, structure_of
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.compiler.typenames import type_of
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.dialect import parse_type
from local_platform.query_service.sql.types import STRING

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


@function("to_json", most=2)
def _to_json(self: Expressions, call: Call) -> Value:
    """NULL fields are left out."""
    value = self.value(call.arguments[0])
    if not value.type.is_complex:
        raise analysis_error(
            f"to_json needs a struct, array or map, not {value.type.spark}.",
            kind="DATATYPE_MISMATCH.INVALID_JSON_SCHEMA",
        )
    return Value(json_sql(value.sql, value.type), STRING)


@function("from_json", least=2, most=3)
def _from_json(self: Expressions, call: Call) -> Value:
    """The schema is DDL text; what does not fit is NULL."""
    text = cast(self.value(call.arguments[0]), STRING)
    schema = constant_text(self.value(call.arguments[1]), "The schema of from_json").strip()
    lowered = schema.lower()
    if not lowered.startswith(("struct<", "array<", "map<")):
        schema = f"STRUCT<{schema}>"
    type = type_of(parse_type(schema))
    valid = f"CASE WHEN json_valid({text.sql}) THEN {text.sql} END"
    return Value(f"CAST(from_json({valid}, {literal_text(structure_of(type))}) AS {type.duck})", type)


@function("get_json_object", least=2, most=2)
def _get_json_object(self: Expressions, call: Call) -> Value:
    """Text of what a path like $.a[0].b finds; objects and arrays as JSON."""
    text, path = arguments(self, call, STRING, STRING)
    valid = f"CASE WHEN json_valid({text.sql}) THEN {text.sql} END"
    return Value(f"json_extract_string({valid}, {path.sql})", STRING)


@function("schema_of_json", most=2)
def _schema_of_json(self: Expressions, call: Call) -> Value:
    return Value(f"spark_schema_of_json({cast(self.value(call.arguments[0]), STRING).sql})", STRING)


__all__ = ["to_text"]
