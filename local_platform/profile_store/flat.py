"""Nested XDM and flat columns: one column for each leaf, named by its dotted path, and back.

Flat columns make the merge of fragments one aggregate for each leaf, and PQL a plain condition over column names.
Lists and maps are leaves: they are merged as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

MILLISECONDS = pa.timestamp("ms", tz="UTC")
# Columns that the lake or the fragments add; they are no attributes of a person.
SYSTEM_COLUMNS = frozenset({"_acp_system_metadata", "_acp_batchid", "identitymap"})


@dataclass(frozen=True)
class Leaf:
    """A leaf field: its dotted path, the SQL that reads it from a nested Parquet file, and its Arrow type."""

    path: str
    sql: str
    type: pa.DataType


def leaves(schema: pa.Schema) -> list[Leaf]:
    """All leaves of a nested schema in order, without system columns and without `identityMap`."""
    found: list[Leaf] = []
    for field in schema:
        if field.name.lower() not in SYSTEM_COLUMNS:
            _descend(field, field.name, _quoted(field.name), found)
    return found


def _descend(field: pa.Field, path: str, sql: str, found: list[Leaf]) -> None:
    if not pa.types.is_struct(field.type):
        found.append(Leaf(path, _normalised(sql, field.type), field.type))
        return
    for child in field.type:
        _descend(child, f"{path}.{child.name}", f"{sql}.{_quoted(child.name)}", found)


def _normalised(sql: str, type_: pa.DataType) -> str:
    # Times are kept as UTC without a zone, so that comparisons never depend on the session's time zone.
    return f"CAST({sql} AS TIMESTAMP)" if pa.types.is_timestamp(type_) else sql


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def nested_type(types: Mapping[str, pa.DataType]) -> pa.StructType:
    """The struct of all paths, fields in order of first appearance; times become milliseconds UTC as XDM has them."""
    tree: dict[str, Any] = {}
    for path, type_ in types.items():
        *parents, name = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = MILLISECONDS if pa.types.is_timestamp(type_) else type_
    return _struct(tree)


def _struct(tree: Mapping[str, Any]) -> pa.StructType:
    return pa.struct(
        [pa.field(name, _struct(child) if isinstance(child, dict) else child) for name, child in tree.items()]
    )


def nest(columns: Mapping[str, pa.Array], type_: pa.StructType, rows: int) -> dict[str, pa.Array]:
    """Nested arrays for the fields of ``type_`` from flat columns of ``rows`` rows.

    A field without a column is null, and so is an object without values.
    """
    return {field.name: _nested(field, field.name, columns, rows) for field in type_}


def _nested(field: pa.Field, path: str, columns: Mapping[str, pa.Array], rows: int) -> pa.Array:
    if pa.types.is_struct(field.type):
        children = [_nested(child, f"{path}.{child.name}", columns, rows) for child in field.type]
        return pa.StructArray.from_arrays(children, fields=list(field.type), mask=_all_null(children))
    if path not in columns:
        return pa.nulls(rows, field.type)
    if pa.types.is_timestamp(field.type):
        return columns[path].cast(pa.timestamp("ms")).cast(MILLISECONDS)
    return columns[path].cast(field.type)


def _all_null(arrays: Iterable[pa.Array]) -> pa.Array:
    result: pa.Array | None = None
    for array in arrays:
        absent = pc.is_null(array)
        result = absent if result is None else pc.and_(result, absent)
    return result


def unflatten(row: Mapping[str, Any]) -> dict[str, Any]:
    """One nested JSON-like object from dotted paths; null leaves are left out."""
    tree: dict[str, Any] = {}
    for path, value in row.items():
        if value is None:
            continue
        *parents, name = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = value
    return tree
