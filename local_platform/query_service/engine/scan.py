"""Tables as DuckDB reads them: an explicit list of Parquet files, in the shape of the dataset's schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local_platform.lake import DataFile
from local_platform.query_service.compiler.casts import literal_text
from local_platform.query_service.sql.types import BIGINT, BOOLEAN, STRING, Type, from_arrow, quoted, struct


@dataclass(frozen=True)
class Scan:
    """A table for the compiler: columns c0, c1, ... of `sql` in the order of `columns`.

    `reads` holds the lists of files that are scanned together, `raws` the places of times that are there a second time
    as r0, r1, ..., as the files hold them.
    """

    sql: str
    columns: Sequence[tuple[str, Type]]
    reads: tuple[tuple[Path, ...], ...] = ()
    raws: frozenset[int] = frozenset()

    @property
    def files(self) -> tuple[Path, ...]:
        """All files."""
        return tuple(file for read in self.reads for file in read)


def columns_of(schema: pa.Schema) -> list[tuple[str, Type]]:
    """Names and types of a dataset's columns."""
    return [(item.name, from_arrow(item.type)) for item in schema]


def scan(schema: pa.Schema, files: Sequence[Path]) -> Scan:
    """Read the files as one table.

    Files are immutable but not all alike: a batch written before a column was added lacks it, and another writer may
    have stored another integer width. Files of one shape are read together, others are adapted and united.
    """
    columns = columns_of(schema)
    if not files:
        empty = ", ".join(f"CAST(NULL AS {type.duck}) AS c{place}" for place, (_, type) in enumerate(columns))
        return Scan(f"SELECT {empty} WHERE false", columns)
    shapes: dict[_Shape, list[Path]] = {}
    for file in files:
        shapes.setdefault(_Shape(file_schema(str(file))), []).append(file)
    raws = _zoned_everywhere(columns, [shape.schema for shape in shapes])
    parts = [_read(columns, shape.schema, paths, raws) for shape, paths in shapes.items()]
    return Scan(" UNION ALL ".join(parts), columns, tuple(tuple(paths) for paths in shapes.values()), raws)


def _zoned_everywhere(columns: Sequence[tuple[str, Type]], schemas: Sequence[pa.Schema]) -> frozenset[int]:
    """Places of top-level times that every file holds with a zone."""
    found = set()
    for place, (name, type) in enumerate(columns):
        if type.kind != "timestamp":
            continue
        stored = [[item.type for item in schema if item.name.lower() == name.lower()] for schema in schemas]
        if all(types and pa.types.is_timestamp(types[0]) and types[0].tz is not None for types in stored):
            found.add(place)
    return frozenset(found)


SYSTEM = struct(
    ("acp_sourceBatchId", STRING), ("commitBatchId", STRING), ("ingestTime", BIGINT), ("isDeleted", BOOLEAN)
)


def with_system_columns(schema: pa.Schema, files: Sequence[DataFile]) -> Scan:
    """The table with its hidden columns at the right; batch by batch, because they are facts of the batch."""
    columns = [*columns_of(schema), ("_acp_system_metadata", SYSTEM), ("_ACP_BATCHID", STRING)]
    batches: dict[str, list[DataFile]] = {}
    for file in files:
        batches.setdefault(file.batch_id, []).append(file)
    parts: list[str] = []
    reads: list[tuple[Path, ...]] = []
    for batch, members in batches.items():
        facts = (
            f"struct_pack(acp_sourceBatchId := {literal_text(batch)}, commitBatchId := {literal_text(batch)}, "
            f"ingestTime := CAST({members[0].created_ms} AS BIGINT), isDeleted := false)"
        )
        inner = scan(schema, [file.path for file in members])
        reads += inner.reads
        kept = ", ".join(f"b.c{place}" for place in range(len(columns) - 2))
        parts.append(
            f"SELECT {kept}, {facts} AS c{len(columns) - 2}, {literal_text(batch)} AS c{len(columns) - 1} "
            f"FROM ({inner.sql}) AS b"
        )
    if parts:
        return Scan(" UNION ALL ".join(parts), columns, tuple(reads))
    empty = ", ".join(f"CAST(NULL AS {type.duck}) AS c{place}" for place, (_, type) in enumerate(columns))
    return Scan(f"SELECT {empty} WHERE false", columns)


def flattened(source: Scan) -> Scan:
    """The table with every leaf of a struct as a column named by its dotted path; arrays and maps stay."""
    leaves: list[tuple[str, Type, str]] = []
    for place, (name, type) in enumerate(source.columns):
        leaves.extend(_leaves(name, type, f"f.c{place}"))
    listed = ", ".join(f"{sql} AS c{place}" for place, (_, _, sql) in enumerate(leaves))
    return Scan(f"SELECT {listed} FROM ({source.sql}) AS f", [(name, type) for name, type, _ in leaves], source.reads)


def _leaves(name: str, type: Type, sql: str) -> list[tuple[str, Type, str]]:
    if type.kind != "struct":
        return [(name, type, sql)]
    found = []
    for part in type.fields:
        found += _leaves(f"{name}.{part.name}", part.type, f"struct_extract({sql}, {literal_text(part.name)})")
    return found


class _Shape:
    """A Parquet schema as a key: names, types and order, without metadata."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._key = tuple((item.name, str(item.type)) for item in schema)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shape) and self._key == other._key


@lru_cache(maxsize=8192)
def file_schema(path: str) -> pa.Schema:
    """Arrow schema of a Parquet file; files never change, so it is read once."""
    return pq.read_schema(path)


def _read(columns: Sequence[tuple[str, Type]], stored: pa.Schema, files: Sequence[Path], raws: frozenset[int]) -> str:
    by_name = {item.name.lower(): item for item in stored}
    parts = []
    for place, (name, type) in enumerate(columns):
        item = by_name.get(name.lower())
        sql = f"CAST(NULL AS {type.duck})" if item is None else adapt(quoted(item.name), item.type, type)
        parts.append(f"{sql} AS c{place}")
        if place in raws and item is not None:
            parts.append(f"{quoted(item.name)} AS r{place}")
    listed = ", ".join(literal_text(str(file)) for file in files)
    return f"SELECT {', '.join(parts)} FROM read_parquet([{listed}])"


def adapt(sql: str, stored: pa.DataType, wanted: Type) -> str:
    """SQL that turns a stored column into the table's type; the bare column when nothing is to be done."""
    if _reads_as(stored) == wanted.duck:
        return sql
    if wanted.kind == "struct" and pa.types.is_struct(stored):
        by_name = {item.name.lower(): item for item in stored}
        parts = []
        for part in wanted.fields:
            item = by_name.get(part.name.lower())
            inner = f"CAST(NULL AS {part.type.duck})"
            if item is not None:
                inner = adapt(f"struct_extract({sql}, {literal_text(item.name)})", item.type, part.type)
            parts.append(f"{quoted(part.name)} := {inner}")
        return f"(CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(parts)}) END)"
    if wanted.kind == "array" and (pa.types.is_list(stored) or pa.types.is_large_list(stored)):
        return f"list_transform({sql}, lambda x: {adapt('x', stored.value_type, wanted.item)})"
    return f"CAST({sql} AS {wanted.duck})"


def _reads_as(stored: pa.DataType) -> str:
    """The DuckDB type Parquet gives for an Arrow type; a zoned or nanosecond timestamp is another type there."""
    if pa.types.is_timestamp(stored):
        if stored.tz is not None:
            return "TIMESTAMP WITH TIME ZONE"
        return "TIMESTAMP_NS" if stored.unit == "ns" else "TIMESTAMP"
    if pa.types.is_struct(stored):
        return "STRUCT(" + ", ".join(f"{quoted(item.name)} {_reads_as(item.type)}" for item in stored) + ")"
    if pa.types.is_map(stored):
        return f"MAP({_reads_as(stored.key_type)}, {_reads_as(stored.item_type)})"
    if pa.types.is_list(stored) or pa.types.is_large_list(stored):
        return f"{_reads_as(stored.value_type)}[]"
    if pa.types.is_unsigned_integer(stored) or pa.types.is_float16(stored) or pa.types.is_null(stored):
        return "other"
    return from_arrow(stored).duck
