"""The lake: immutable Parquet batches, made visible by transactions of one SQLite catalog."""

from __future__ import annotations

from local_platform.lake.errors import (
    BatchNotFound,
    DatasetNotFound,
    IncompatibleSchema,
    LakeError,
    SnapshotNotFound,
    TableExists,
    ViewNotFound,
    WrongBatchState,
)
from local_platform.lake.lake import Lake
from local_platform.lake.names import table_name_for
from local_platform.lake.records import OPEN_STATES, VISIBLE_STATES, Batch, DataFile, Dataset, Snapshot, View

__all__ = [
    "OPEN_STATES",
    "VISIBLE_STATES",
    "Batch",
    "BatchNotFound",
    "DataFile",
    "Dataset",
    "DatasetNotFound",
    "IncompatibleSchema",
    "Lake",
    "LakeError",
    "Snapshot",
    "SnapshotNotFound",
    "TableExists",
    "View",
    "ViewNotFound",
    "WrongBatchState",
    "table_name_for",
]
