"""JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler import growth
from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast, literal_text, to_text
from local_platform.query_service.compiler.functions.registry import arguments, constant_text, function
from local_platform.query_service.compiler.jsontext import json_sql, structure_of, wanted_of
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.compiler.typenames import type_of
from local_platform.query_service.engine.sparkjson import schema_of
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.dialect import parse_type
from local_platform.query_service.sql.types import STRING

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


# What DuckDB's paths mean alike; anything else goes the long way.
_PLAIN_PATH = re.compile(r"\$(\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])*")


@function("to_json", most=2)
def _to_json(self: Expressions, call: Call) -> Value:
    """NULL fields are left out."""
    _no_options(call, 1)
    value = self.value(call.arguments[0])
    if not value.type.is_complex:
        raise analysis_error(
            f"to_json needs a struct, array or map, not {value.type.spark}.",
            kind="DATATYPE_MISMATCH.INVALID_JSON_SCHEMA",
        )
    made = Value(json_sql(value.sql, value.type), STRING)
    # Quotes and backslashes are doubled, again and again where JSON stands in JSON.
    return growth.watched(made) if growth.is_risky(self, [value], 2) else made


@function("from_json", least=2, most=3)
def _from_json(self: Expressions, call: Call) -> Value:
    """The schema is DDL text; what does not fit is NULL."""
    _no_options(call, 2)
    text = cast(self.value(call.arguments[0]), STRING)
    schema = _schema_text(self, call.arguments[1])
    lowered = schema.lower()
    if not lowered.startswith(("struct<", "array<", "map<")):
        schema = f"STRUCT<{schema}>"
    type = type_of(parse_type(schema))
    fitted = f"spark_json_conform({text.sql}, {literal_text(wanted_of(type))})"
    return Value(f"CAST(from_json({fitted}, {literal_text(structure_of(type))}) AS {type.duck})", type)


def _no_options(call: Call, position: int) -> None:
    if len(call.arguments) > position:
        raise analysis_error(
            f"The local Query Service does not know the options of {call.name}; leave the map of options out."
        )


def _schema_text(self: Expressions, node: exp.Expression) -> str:
    """DDL text, as a literal or as schema_of_json of a literal."""
    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "schema_of_json" and node.expressions:
        sample = constant_text(self.value(node.expressions[0]), "The document of schema_of_json")
        return schema_of(sample) or "STRING"
    return constant_text(self.value(node), "The schema of from_json").strip()


@function("get_json_object", least=2, most=2)
def _get_json_object(self: Expressions, call: Call) -> Value:
    """Text of what a path like $.a[0].b finds; objects and arrays as JSON."""
    text, path = arguments(self, call, STRING, STRING)
    if not isinstance(path.literal, str) or not _PLAIN_PATH.fullmatch(path.literal):
        return Value(f"spark_json_path({text.sql}, {path.sql})", STRING)
    valid = f"CASE WHEN json_valid({text.sql}) THEN {text.sql} END"
    return Value(f"json_extract_string({valid}, {path.sql})", STRING)


@function("schema_of_json", most=2)
def _schema_of_json(self: Expressions, call: Call) -> Value:
    _no_options(call, 1)
    found = schema_of(constant_text(self.value(call.arguments[0]), "The document of schema_of_json"))
    return Value("CAST(NULL AS VARCHAR)" if found is None else literal_text(found), STRING, found)


__all__ = ["to_text"]
