"""Order among nested values: Spark puts NULL before anything else, inside a struct or array as well."""

from __future__ import annotations

from local_platform.query_service.compiler.casts import literal_text
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import Type


def order_key(value: Value) -> str:
    """SQL by which DuckDB orders a value as Spark orders it; the value itself unless it is nested.

    DuckDB takes a NULL inside a struct or array for its largest part. The key has a truth value before each part:
    false for NULL, which is the smaller one.

    Raises:
        QueryError: 58000, maps have no order.
    """
    return _key(value.sql, value.type)


def _key(sql: str, type: Type) -> str:
    if type.kind == "map":
        raise analysis_error(
            f'There is no order among values of type "{type.spark.upper()}".',
            kind="DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
        )
    if type.kind == "struct":
        parts = []
        for place, field in enumerate(type.fields):
            part = f"struct_extract({sql}, {literal_text(field.name)})"
            parts.append(f"n{place} := {part} IS NOT NULL, v{place} := {_key(part, field.type)}")
        return f"(CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(parts)}) END)"
    if type.kind == "array":
        return f"list_transform({sql}, lambda k: struct_pack(n := k IS NOT NULL, v := {_key('k', type.item)}))"
    return sql
