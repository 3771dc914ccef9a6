"""Merged profiles as nested XDM rows, the content of the system dataset 'Profile Attribute {merge policy id}'."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from local_platform.profile_store import flat
from local_platform.profile_store.engine import parquet
from local_platform.profile_store.store import ProfileStore, membership_rows

IDENTITY_MAP = pa.map_(pa.string(), pa.list_(pa.struct([("id", pa.string()), ("primary", pa.bool_())])))
MEMBERSHIP = pa.struct([("lastQualificationTime", flat.MILLISECONDS), ("status", pa.string())])
SEGMENT_MEMBERSHIP = pa.map_(pa.string(), pa.map_(pa.string(), MEMBERSHIP))
_BATCH_ROWS = 65_536
# Of each profile: namespaces of its audiences, how many audiences each has, and those audiences, in that order.
_LISTS = {
    '"@spaces"': "VARCHAR",
    '"@counts"': "BIGINT",
    '"@segments"': "VARCHAR",
    '"@statuses"': "VARCHAR",
    '"@since"': "TIMESTAMP",
}


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
            'WITH p AS (SELECT "@namespace", "@identity", space, list(segment ORDER BY segment) AS segments, '
            "list(status ORDER BY segment) AS statuses, list(since ORDER BY segment) AS since "
            f"FROM {membership_rows(files)} GROUP BY 1, 2, 3), "
            's AS (SELECT "@namespace", "@identity", list(space ORDER BY space) AS "@spaces", '
            'list(len(segments) ORDER BY space) AS "@counts", flatten(list(segments ORDER BY space)) AS "@segments", '
            'flatten(list(statuses ORDER BY space)) AS "@statuses", flatten(list(since ORDER BY space)) AS "@since" '
            "FROM p GROUP BY 1, 2) "
            f"SELECT m.*, {', '.join(f's.{name}' for name in _LISTS)} FROM {merged} m "
            'LEFT JOIN s ON m."@namespace" = s."@namespace" AND m."@identity" = s."@identity" '
            'ORDER BY m."@namespace", m."@identity"'
        )
    else:
        sql = (
            f"SELECT *, {', '.join(f'CAST(NULL AS {kind}[]) AS {name}' for name, kind in _LISTS.items())} "
            f'FROM {merged} ORDER BY "@namespace", "@identity"'
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
    arrays.append(_segment_membership(*(columns[name.strip('"')] for name in _LISTS)))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _identity_map(namespaces: pa.Array, identities: pa.Array) -> pa.Array:
    each_one = pa.array(range(len(identities) + 1), pa.int32())
    primary = pa.array([True] * len(identities), pa.bool_())
    item = pa.StructArray.from_arrays([identities.cast(pa.string()), primary], fields=list(_identity_item()))
    lists = pa.ListArray.from_arrays(each_one, item)
    return pa.MapArray.from_arrays(each_one, namespaces.cast(pa.string()), lists).cast(IDENTITY_MAP)


def _identity_item() -> pa.StructType:
    return IDENTITY_MAP.item_type.value_type


def _segment_membership(
    spaces: pa.Array, counts: pa.Array, segments: pa.Array, statuses: pa.Array, since: pa.Array
) -> pa.Array:
    """Map namespace -> map audience id -> {lastQualificationTime, status}; null for who was never in any audience."""
    items = pa.StructArray.from_arrays(
        [since.flatten().cast(pa.timestamp("ms")).cast(flat.MILLISECONDS), statuses.flatten().cast(pa.string())],
        fields=list(MEMBERSHIP),
    )
    inner = pa.MapArray.from_arrays(_offsets(counts.flatten()), segments.flatten().cast(pa.string()), items)
    lengths = spaces.value_lengths()
    ends = _offsets(lengths.fill_null(0))
    # A null offset makes the whole map null; the next valid offset closes it.
    absent = pa.concat_arrays([pc.is_null(lengths), pa.array([False])])
    outer = pa.MapArray.from_arrays(
        pc.if_else(absent, pa.scalar(None, pa.int32()), ends), spaces.flatten().cast(pa.string()), inner
    )
    return outer.cast(SEGMENT_MEMBERSHIP)


def _offsets(lengths: pa.Array) -> pa.Array:
    """Where each of consecutive lists begins, and where the last one ends."""
    ends = pc.cumulative_sum(lengths.cast(pa.int32()))
    return pa.concat_arrays([pa.array([0], pa.int32()), ends])
