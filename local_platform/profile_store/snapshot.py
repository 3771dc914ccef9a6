"""Merged profiles as nested XDM rows, the content of the system dataset 'Profile Attribute {merge policy id}'."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local_platform.profile_store import flat
from local_platform.profile_store.engine import parquet
from local_platform.profile_store.store import ProfileStore

IDENTITY_MAP = pa.map_(pa.string(), pa.list_(pa.struct([("id", pa.string()), ("primary", pa.bool_())])))
MEMBERSHIP = pa.struct([("lastQualificationTime", flat.MILLISECONDS), ("status", pa.string())])
SEGMENT_MEMBERSHIP = pa.map_(pa.string(), pa.map_(pa.string(), MEMBERSHIP))
_BATCH_ROWS = 65_536


def snapshot_schema(store: ProfileStore, earlier: pa.Schema | None = None) -> pa.Schema:
    """Columns of a snapshot taken now, after those that an earlier snapshot had: a field that vanished stays null."""
    types: dict[str, pa.DataType] = {}
    if earlier is not None:
        types.update({leaf.path: leaf.type for leaf in flat.leaves(pa.schema(list(earlier)[:-2]))})
    types.update(_leaf_types(store.merged().file))
    attributes = flat.nested_type(types)
    return pa.schema([*attributes, ("identityMap", IDENTITY_MAP), ("segmentMembership", SEGMENT_MEMBERSHIP)])


def write_snapshot(store: ProfileStore, target: Path, schema: pa.Schema | None = None) -> int:
    """Write all merged profiles to a Parquet file; returns how many.

    Args:
        schema: from `snapshot_schema`; made for the profiles of now when not given.
    """
    schema = schema or snapshot_schema(store)
    rows = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in _flat_batches(store):
            writer.write_batch(_nested_batch(batch, schema))
            rows += batch.num_rows
    return rows


def _leaf_types(file: Path) -> dict[str, pa.DataType]:
    return {field.name: field.type for field in pq.read_schema(file) if not field.name.startswith("@")}


def _flat_batches(store: ProfileStore) -> Iterator[pa.RecordBatch]:
    merged = parquet([store.merged().file])
    files = [store.directory / "memberships" / item.file for item in store.ledger.memberships()]
    if files:
        sql = (
            f'WITH s AS (SELECT "@namespace", "@identity", list(segment ORDER BY segment) AS "@segments", '
            f'list(status ORDER BY segment) AS "@statuses", list(since ORDER BY segment) AS "@since" '
            f"FROM {parquet(files)} GROUP BY 1, 2) "
            f'SELECT m.*, s."@segments", s."@statuses", s."@since" FROM {merged} m '
            'LEFT JOIN s ON m."@namespace" = s."@namespace" AND m."@identity" = s."@identity" '
            'ORDER BY m."@namespace", m."@identity"'
        )
    else:
        sql = (
            'SELECT *, CAST(NULL AS VARCHAR[]) AS "@segments", CAST(NULL AS VARCHAR[]) AS "@statuses", '
            f'CAST(NULL AS TIMESTAMP[]) AS "@since" FROM {merged} ORDER BY "@namespace", "@identity"'
        )
    with store.engine.cursor() as cursor:
        yield from cursor.sql(sql).to_arrow_reader(_BATCH_ROWS)


def _nested_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = {name: batch.column(name) for name in batch.schema.names}
    attributes = pa.struct(list(schema)[:-2])
    values = {name: column for name, column in columns.items() if not name.startswith("@")}
    nested = flat.nest(values, attributes, batch.num_rows)
    arrays = [nested[field.name] for field in attributes]
    arrays.append(_identity_map(columns["@namespace"], columns["@identity"]))
    arrays.append(_segment_membership(columns["@segments"], columns["@statuses"], columns["@since"]))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _identity_map(namespaces: pa.Array, identities: pa.Array) -> pa.Array:
    each_one = pa.array(range(len(identities) + 1), pa.int32())
    primary = pa.array([True] * len(identities), pa.bool_())
    item = pa.StructArray.from_arrays([identities.cast(pa.string()), primary], fields=list(_identity_item()))
    lists = pa.ListArray.from_arrays(each_one, item)
    return pa.MapArray.from_arrays(each_one, namespaces.cast(pa.string()), lists).cast(IDENTITY_MAP)


def _identity_item() -> pa.StructType:
    return IDENTITY_MAP.item_type.value_type


def _segment_membership(segments: pa.Array, statuses: pa.Array, since: pa.Array) -> pa.Array:
    """Map ups -> map audience id -> {lastQualificationTime, status}; null for who was never in any audience."""
    counts = segments.value_lengths().fill_null(0).to_pylist()
    inner_offsets, outer_offsets = [0], [0]
    for count in counts:
        if count:
            inner_offsets.append(inner_offsets[-1] + count)
        outer_offsets.append(outer_offsets[-1] + (1 if count else 0))
    items = pa.StructArray.from_arrays(
        [since.flatten().cast(pa.timestamp("ms")).cast(flat.MILLISECONDS), statuses.flatten().cast(pa.string())],
        fields=list(MEMBERSHIP),
    )
    inner = pa.MapArray.from_arrays(pa.array(inner_offsets, pa.int32()), segments.flatten().cast(pa.string()), items)
    keys = pa.array(["ups"] * (len(inner_offsets) - 1), pa.string())
    # A null offset makes the whole map null; the next valid offset closes it.
    offsets = [offset if count else None for offset, count in zip(outer_offsets, counts, strict=False)]
    outer = pa.MapArray.from_arrays(pa.array([*offsets, outer_offsets[-1]], pa.int32()), keys, inner)
    return outer.cast(SEGMENT_MEMBERSHIP)
