"""What the lake hands out: frozen records, and how they are read from SQLite rows."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

Json = dict[str, Any]
CreatedBy = Literal["api", "query_service", "system"]

# States in which a batch can still become visible or be given up.
OPEN_STATES = frozenset({"loading", "loaded", "queued", "processing", "staging", "staged", "retrying", "stalled"})
VISIBLE_STATES = frozenset({"success", "active"})

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Dataset:
    """A table of the lake. Times are epoch milliseconds; `tags` maps a tag to its list of strings.

    `properties` holds what Catalog stores and the lake does not read (fileDescription, enableErrorDiagnostics, ...).
    """

    id: str
    name: str
    table_name: str
    schema: pa.Schema
    schema_ref: str | None
    owner: str
    created_by: CreatedBy
    tags: dict[str, list[str]]
    description: str
    created_ms: int
    updated_ms: int
    view_id: str
    properties: Json = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True)
class Snapshot:
    """One write to a dataset. `id` is a random 63-bit number; order by `generation`, which starts at 0."""

    dataset_id: str
    generation: int
    id: int
    parent_id: int | None
    made_current_ms: int
    batch_id: str
    output_record_count: int
    output_byte_size: int


@dataclass(frozen=True)
class Batch:
    """A unit of ingestion, visible as a whole or not at all. `replaces` holds batch ids; times are epoch ms."""

    id: str
    dataset_id: str
    status: str
    external_id: str
    tags: dict[str, list[str]]
    input_format: Json
    replaces: tuple[str, ...]
    created_ms: int
    updated_ms: int
    started_ms: int | None
    completed_ms: int | None
    metrics: Json
    errors: list[Json]
    properties: Json = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True)
class DataFile:
    """One immutable Parquet file of a batch. `number` grows with every file of the lake."""

    number: int
    dataset_id: str
    batch_id: str
    path: Path
    records: int
    bytes: int
    added_generation: int
    removed_generation: int | None
    created_ms: int


@dataclass(frozen=True)
class View:
    """A named query."""

    name: str
    sql: str
    owner: str
    created_ms: int
    updated_ms: int


def new_dataset_id() -> str:
    """24 hexadecimal characters, the first eight of which are the time, as in Catalog."""
    return f"{int(time.time()):08x}{secrets.token_hex(8)}"


def new_batch_id(now_ms: int) -> str:
    """A ULID: 26 characters, sortable by time."""
    number = (now_ms << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def new_snapshot_id() -> int:
    """A random 63-bit number of 19 digits; like the real ones it says nothing about order."""
    return 10**18 + secrets.randbelow(2**63 - 10**18)


def dump_schema(schema: pa.Schema) -> bytes:
    """Arrow schema as bytes for the catalog."""
    return bytes(schema.serialize())


def dataset_of(row: sqlite3.Row) -> Dataset:
    """Dataset from its catalog row."""
    return Dataset(
        id=row["id"],
        name=row["name"],
        table_name=row["table_name"],
        schema=pa.ipc.read_schema(pa.py_buffer(row["arrow_schema"])),
        schema_ref=row["schema_ref"],
        owner=row["owner"],
        created_by=row["created_by"],
        tags=json.loads(row["tags"]),
        description=row["description"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        view_id=row["view_id"],
        properties=json.loads(row["properties"]),
        version=row["version"],
    )


def batch_of(row: sqlite3.Row) -> Batch:
    """Batch from its catalog row."""
    return Batch(
        id=row["id"],
        dataset_id=row["dataset_id"],
        status=row["status"],
        external_id=row["external_id"],
        tags=json.loads(row["tags"]),
        input_format=json.loads(row["input_format"]),
        replaces=tuple(json.loads(row["replaces"])),
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        started_ms=row["started_ms"],
        completed_ms=row["completed_ms"],
        metrics=json.loads(row["metrics"]),
        errors=json.loads(row["errors"]),
        properties=json.loads(row["properties"]),
        version=row["version"],
    )


def snapshot_of(row: sqlite3.Row) -> Snapshot:
    """Snapshot from its catalog row, whose columns have the same names."""
    return Snapshot(**{key: row[key] for key in row.keys()})  # noqa: SIM118 - a Row iterates over values


def file_of(row: sqlite3.Row, root: Path) -> DataFile:
    """Data file from its catalog row; `root` is the lake's directory."""
    path = root / row["dataset_id"] / row["batch_id"] / row["name"]
    return DataFile(
        number=row["number"],
        dataset_id=row["dataset_id"],
        batch_id=row["batch_id"],
        path=path,
        records=row["records"],
        bytes=row["bytes"],
        added_generation=row["added_generation"],
        removed_generation=row["removed_generation"],
        created_ms=row["created_ms"],
    )
