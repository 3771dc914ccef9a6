"""What a client sees of nested values: text, or JSON on request."""

from __future__ import annotations

from local_platform.query_service.compiler.casts import literal_text, to_text
from local_platform.query_service.compiler.jsontext import json_sql
from local_platform.query_service.compiler.scope import Query
from local_platform.query_service.errors import execution_error
from local_platform.query_service.sql.types import STRING, VOID, Type

_DEEPEST_LISTS = 6
"""Arrays and maps inside each other that can be shown: DuckDB needs some four times as long for each further level."""


def for_client(query: Query, *, as_json: bool) -> tuple[str, list[tuple[str, Type]]]:
    """SQL and columns of a result in the form a client gets.

    Nested values become text; with auto_to_json they become JSON and move behind the other columns. Intervals and bare
    NULLs are text as well.
    """
    needs = [type.is_complex or type.is_interval or type == VOID for _, type in query.columns]
    if not any(needs):
        return query.sql, query.columns
    order = list(range(len(query.columns)))
    if as_json:
        order.sort(key=lambda place: query.columns[place][1].is_complex)
    parts, columns = [], []
    for place in order:
        name, type = query.columns[place]
        parts.append(f"{_shown(f'r.c{place}', type, as_json)} AS c{place}")
        columns.append((name, STRING if needs[place] else type))
    return f"SELECT {', '.join(parts)} FROM ({query.sql}) AS r", columns


def _shown(sql: str, type: Type, as_json: bool) -> str:
    if type == VOID or type.is_interval:
        return f"CAST({sql} AS VARCHAR)"
    if not type.is_complex:
        return sql
    levels = _list_levels(type)
    if levels > _DEEPEST_LISTS:
        raise execution_error(
            f"The local Query Service shows {_DEEPEST_LISTS} levels of arrays and maps; a column has {levels}. "
            "Take a part of it: column[0]."
        )
    return json_sql(sql, type) if as_json else wire_text(sql, type)


def _list_levels(type: Type) -> int:
    """How many arrays and maps stand inside each other, at most."""
    inner = [field.type for field in type.fields] + [each for each in (type.key, type.element) if each is not None]
    return (type.kind in ("array", "map")) + max((_list_levels(each) for each in inner), default=0)


def wire_text(sql: str, type: Type) -> str:
    """The documented text: (a,NULL,"(1.0)") for a struct, {x,y} for an array, [k -> "(v)"] for a map.

    Nested structs stand in double quotes that are not escaped on deeper levels; plain text is not quoted at all, so
    the text cannot be read back.
    """
    if type.kind == "struct":
        parts = ", ',', ".join(
            _part(f"struct_extract({sql}, {literal_text(field.name)})", field.type) for field in type.fields
        )
        return f"(CASE WHEN {sql} IS NOT NULL THEN concat('(', {parts}, ')') END)"
    if type.kind == "array":
        element = _element("x", type.item)
        listed = f"coalesce(array_to_string(list_transform({sql}, lambda x: {element}), ','), '')"
        return f"(CASE WHEN {sql} IS NOT NULL THEN '{{' || {listed} || '}}' END)"
    if type.kind == "map":
        entry = f"{_leaf('x.key', type.key or STRING)} || ' -> ' || {_quoted('x.value', type.item)}"
        listed = f"coalesce(array_to_string(list_transform(map_entries({sql}), lambda x: {entry}), ','), '')"
        return f"(CASE WHEN {sql} IS NOT NULL THEN '[' || {listed} || ']' END)"
    return _leaf(sql, type)


def _part(sql: str, type: Type) -> str:
    return _quoted(sql, type) if type.is_complex else f"coalesce({_leaf(sql, type)}, 'NULL')"


def _element(sql: str, type: Type) -> str:
    return f"coalesce({wire_text(sql, type)}, 'NULL')"


def _quoted(sql: str, type: Type) -> str:
    if not type.is_complex:
        return f"coalesce({_leaf(sql, type)}, 'NULL')"
    return f"coalesce('\"' || {wire_text(sql, type)} || '\"', 'NULL')"


def _leaf(sql: str, type: Type) -> str:
    if type.kind == "timestamp":
        return f"spark_shown_timestamp({sql})"
    return to_text(sql, type)
