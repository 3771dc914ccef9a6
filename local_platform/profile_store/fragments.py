"""From a batch's nested Parquet files to flat fragment files that carry the identity of each record.

Fragment columns: ``@namespace``, ``@identity``, ``@row`` (the row's place in its file), then one column for each leaf.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local_platform.profile_store.engine import Engine, parquet
from local_platform.profile_store.flat import Leaf, leaves

# Record fragments over 100 KB, event fragments over 10 KB, are dropped although their batch succeeds.
LIMIT_BYTES = {"record": 100_000, "event": 10_000}


@dataclass(frozen=True)
class Identity:
    """The primary identity of a dataset's schema: dotted path of the field and namespace code."""

    path: str
    namespace: str


@dataclass(frozen=True)
class Flattened:
    """How many records a file gave, and how many Profile left out: too large, or without an identity."""

    records: int
    oversized: int
    unidentified: int


def flatten(
    engine: Engine, file: Path, target: Path, identity: Identity | None, kind: str, *, attributes: bool = True
) -> Flattened:
    """Write one fragment file.

    Args:
        identity: where the person key is; None to read it from the identity that ``identityMap`` marks as primary.
        kind: ``record`` or ``event``; decides the size limit.
        attributes: False takes the identity alone.
    """
    schema = pq.read_schema(file)
    rows = pq.read_metadata(file).num_rows
    found = leaves(schema)
    keyed = _keys(schema, found, identity)
    if keyed is None:
        return Flattened(0, 0, rows)
    namespace, key = keyed
    columns = "".join(f'{leaf.sql} AS "{_name(leaf.path)}", ' for leaf in found if attributes)
    source = parquet([file])
    base = f'SELECT {namespace} AS "@namespace", {key} AS "@identity", {columns}file_row_number AS "@row"'
    size = _size(found)
    inner = f'{base}, {size} AS "@size" FROM {source.replace("union_by_name = true", "file_row_number = true")}'
    kept = engine.copy(
        f'SELECT * EXCLUDE ("@size") FROM ({inner}) WHERE "@identity" <> \'\' AND "@size" <= {LIMIT_BYTES[kind]}',
        target,
    )
    if kept == rows:
        return Flattened(kept, 0, 0)
    with engine.cursor() as cursor:
        counted = cursor.execute(f"SELECT count(*) FROM ({inner}) WHERE \"@identity\" <> ''").fetchone()
    identified = int(counted[0]) if counted else 0
    return Flattened(kept, identified - kept, rows - identified)


def _keys(schema: pa.Schema, found: list[Leaf], identity: Identity | None) -> tuple[str, str] | None:
    if identity is not None:
        for leaf in found:
            if leaf.path == identity.path:
                return _text(identity.namespace), f"CAST({leaf.sql} AS VARCHAR)"
    if "identityMap" in schema.names:
        # The entry marked primary; the map holds a list of identities for each namespace.
        entries = 'map_entries("identityMap")'
        marked = (
            f'list_filter({entries}, lambda e: len(list_filter(e.value, lambda i: coalesce(i."primary", false))) > 0)'
        )
        first = f"{marked}[1]"
        return f"{first}.key", f'list_filter({first}.value, lambda i: coalesce(i."primary", false))[1].id'
    return None


def _size(found: list[Leaf]) -> str:
    """Approximate size of a record as JSON: names and fixed-width values once, strings by their length."""
    fixed = sum(len(leaf.path.rpartition(".")[2]) + 8 for leaf in found)
    terms = [str(fixed)]
    for leaf in found:
        if pa.types.is_string(leaf.type) or pa.types.is_large_string(leaf.type):
            terms.append(f"coalesce(strlen({leaf.sql}), 0)")
        elif pa.types.is_nested(leaf.type):
            terms.append(f"coalesce(strlen(CAST(to_json({leaf.sql}) AS VARCHAR)), 0)")
    return " + ".join(terms)


def _name(path: str) -> str:
    return path.replace('"', '""')


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
