"""What can be downloaded: committed files of batches, and the diagnostics of refused ones."""

from __future__ import annotations

import base64
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from local_platform.context import Context
from local_platform.lake import Batch, BatchNotFound, DataFile, DatasetNotFound
from local_platform.services.data_access.errors import FileMissing

Json = dict[str, Any]

PREVIEW_ROWS = 100


class Files:
    """Files by `dataSetFileId`, which is `{batch}-{number}` counted from 1.

    Args:
        context: the lake has the files.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lake = context.lake

    def batch(self, id: str) -> Batch:
        """A batch.

        Raises:
            FileMissing
        """
        try:
            return self._lake.batch(id)
        except BatchNotFound:
            raise FileMissing(f"Batch {id}") from None

    def of_batch(self, batch: Batch) -> list[tuple[str, DataFile]]:
        """Ids and files of a batch; a replaced or reverted one keeps its files until they are collected."""
        files = [file for file in self._lake.batch_files(batch.id) if file.path.exists()]
        return [(f"{batch.id}-{number}", file) for number, file in enumerate(files, start=1)]

    def get(self, file_id: str) -> DataFile:
        """A file by its id.

        Raises:
            FileMissing
        """
        batch_id = file_id.rpartition("-")[0]
        for id, file in self.of_batch(self.batch(batch_id)):
            if id == file_id:
                return file
        raise FileMissing(f"File {file_id}")

    def view_id(self, batch: Batch) -> str:
        """The view id of the batch's dataset."""
        return self._lake.dataset(batch.dataset_id).view_id

    def diagnostics(self, batch: Batch, area: str, path: str) -> Path:
        """A file or directory of a batch's `meta` or `failed` area; the area itself for an empty path.

        Raises:
            FileMissing
        """
        root = (self._context.data_dir / "diagnostics" / batch.id / area).resolve()
        target = (root / path).resolve()
        if not target.is_relative_to(root) or (path and not target.exists()):
            raise FileMissing(f"The path {path!r}")
        return target

    def preview(self, dataset_id: str) -> list[Json]:
        """The first rows of a dataset.

        Raises:
            FileMissing
        """
        try:
            files = self._lake.files(dataset_id) if self._lake.dataset(dataset_id) else []
        except DatasetNotFound:
            raise FileMissing(f"Dataset {dataset_id}") from None
        rows: list[Json] = []
        for file in files:
            rows += _first_rows(file, PREVIEW_ROWS - len(rows))
            if len(rows) >= PREVIEW_ROWS:
                break
        return rows


def _first_rows(file: Path, count: int) -> list[Json]:
    for batch in pq.ParquetFile(file).iter_batches(count):
        rows: pa.RecordBatch = batch
        return [plain(row) for row in rows.to_pylist()]
    return []


def plain(value: Any) -> Any:
    """A value of Arrow as JSON has it: times as ISO 8601, maps as objects, bytes as base64; nulls are left out."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items() if child is not None}
    if isinstance(value, list) and value and all(isinstance(item, tuple) for item in value):
        return {key: plain(child) for key, child in value}
    if isinstance(value, list):
        return [plain(child) for child in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if isinstance(value, str | int | float | bool) else str(value)
