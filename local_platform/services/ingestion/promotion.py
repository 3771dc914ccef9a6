"""Promotion: an uploaded batch is checked, converted to the dataset's columns and committed, or fails as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from local_platform.context import Context
from local_platform.lake import Batch, Dataset
from local_platform.services.ingestion import readers
from local_platform.services.ingestion.conform import Conformer, Faults
from local_platform.services.ingestion.diagnostics import Diagnostics
from local_platform.services.ingestion.errors import SOME_ROWS, SOME_ROWS_UNSEEN, FileRefused
from local_platform.services.ingestion.layout import is_time_series, lay_out_by_day
from local_platform.services.schema_registry.state import Registry

Json = dict[str, Any]


class _NotClean(Exception):
    """A row was refused while all were expected to fit."""


@dataclass
class Promoted:
    """What came of a batch's files: rows read and refused, converted files, and what to say about errors."""

    files: list[Path]
    rows: int = 0
    refused: int = 0


class Promotion:
    """Promotes one batch.

    Args:
        context: the lake takes the result.
        batch: in state `processing`.
        inputs: uploaded files by the name they were given.
    """

    def __init__(self, context: Context, batch: Batch, inputs: list[tuple[str, Path]]) -> None:
        registry = Registry(context)
        self._lake = context.lake
        self._batch = batch
        self._inputs = inputs
        self.dataset: Dataset = context.lake.dataset(batch.dataset_id)
        schema_id = registry.schema_ref_of(self.dataset)
        self._resolved = registry.resolved(schema_id)
        identity = registry.primary_identity(schema_id)
        self._conformer = Conformer(self._resolved, self.dataset.schema, identity.path if identity else None)
        self._diagnostics = Diagnostics(context.data_dir, batch.id)
        self._wanted = bool(batch.properties.get("enableErrorDiagnostics"))

    def run(self) -> Batch:
        """Commit or fail the batch; returns it in its final state."""
        sizes = sum(path.stat().st_size for _, path in self._inputs)
        with self._lake.scratch_dir() as scratch:
            try:
                promoted = self._convert_all(scratch)
            except FileRefused as refusal:
                return self._fail(refusal.code, refusal.message, Promoted([]), sizes)
            self._diagnostics.finish(self._inputs) if self._wanted else None
            if promoted.refused > promoted.rows * self._tolerance():
                return self._fail(*self._row_errors(promoted, committed=0), promoted, sizes)
            metrics = {**self._metrics(promoted, sizes), "outputRecordCount": promoted.rows - promoted.refused}
            errors = []
            if promoted.refused:
                code, text = self._row_errors(promoted, committed=promoted.rows - promoted.refused)
                errors = [{"code": code, "description": text, "rows": []}]
            self._lake.commit_batch(self._batch.id, promoted.files, metrics=metrics, errors=errors)
        return self._lake.batch(self._batch.id)

    def _tolerance(self) -> float:
        return float(self._batch.properties.get("partialIngestionPercent", 0)) / 100

    def _row_errors(self, promoted: Promoted, *, committed: int) -> tuple[str, str]:
        if not self._wanted:
            text = f"Encountered {promoted.refused} errors in the data. Error diagnostics were not enabled."
            return SOME_ROWS_UNSEEN, text
        text = f"Encountered {promoted.refused} errors in the data. Successfully ingested {committed} rows."
        return SOME_ROWS, text

    def _fail(self, code: str, text: str, promoted: Promoted, sizes: int) -> Batch:
        metrics = {**self._metrics(promoted, sizes), "outputRecordCount": 0, "failureReason": text}
        errors = [{"code": code, "description": text, "rows": []}]
        failed = self._lake.fail_batch(self._batch.id, errors, metrics=metrics)
        self._diagnostics.keep_failed(self._inputs)
        return failed

    def _metrics(self, promoted: Promoted, sizes: int) -> Json:
        return {
            "inputRecordCount": promoted.rows,
            "inputByteSize": sizes,
            "inputFileCount": len(self._inputs),
            "failedRecordCount": promoted.refused,
        }

    def _convert_all(self, scratch: Path) -> Promoted:
        promoted = Promoted([])
        for number, (name, path) in enumerate(self._inputs):
            target = scratch / f"{number:05d}.parquet"
            try:
                rows, refused = self._convert(name, path, target)
            except FileRefused as refusal:
                raise FileRefused(refusal.code, f"{name}: {refusal.message}") from None
            promoted.rows += rows
            promoted.refused += refused
            if rows > refused:
                if is_time_series(self._conformer.columns):
                    lay_out_by_day(target)
                promoted.files.append(target)
        return promoted

    def _convert(self, name: str, path: Path, target: Path) -> tuple[int, int]:
        """Convert one file; returns rows read and rows refused."""
        kind = self._batch.input_format["format"]
        if kind == "parquet":
            schema, chunks = readers.read_parquet(path)
            self._conformer.check_columns(schema)
            if schema.equals(self._conformer.columns):
                return self._take_as_it_is(name, path, target, chunks)
            return self._write(name, chunks, target)
        if kind == "csv":
            schema, chunks = readers.read_csv(path)
            self._conformer.check_columns(schema)
            return self._write(name, chunks, target)
        return self._convert_json(name, path, target)

    def _convert_json(self, name: str, path: Path, target: Path) -> tuple[int, int]:
        columns = self._conformer.columns
        multi_line = bool(self._batch.input_format.get("isMultiLineJson"))
        if not multi_line and path.stat().st_size:
            try:
                return self._write(name, readers.read_json_fast(path, columns), target, all_or_nothing=True)
            except (pa.ArrowInvalid, _NotClean):
                # Some row does not fit; the slow reader says which.
                target.unlink(missing_ok=True)
        return self._write(name, readers.read_json_rows(path, self._resolved, columns, multi_line=multi_line), target)

    def _take_as_it_is(self, name: str, path: Path, target: Path, chunks: Iterator[readers.Chunk]) -> tuple[int, int]:
        """A Parquet file with exactly the dataset's columns needs no rewriting unless a row is refused."""
        rows = 0
        for chunk in chunks:
            _, faults = self._conformer.conform(chunk.rows)
            if faults.found:
                return self._write(name, readers.read_parquet(path)[1], target)
            rows += chunk.rows.num_rows
        # A link, not a move: if the process dies before the commit, the upload is still there to promote again.
        os.link(path, target)
        return rows, 0

    def _write(
        self, name: str, chunks: Iterator[readers.Chunk], target: Path, *, all_or_nothing: bool = False
    ) -> tuple[int, int]:
        rows = refused = 0
        with pq.ParquetWriter(target, self._conformer.columns, compression="snappy") as writer:
            for chunk in chunks:
                conformed, faults = self._conformer.conform(chunk.rows)
                if all_or_nothing and faults.found:
                    raise _NotClean
                bad = faults.refused()
                rows += chunk.rows.num_rows + len(chunk.corrupt)
                refused += int(bad.sum()) + len(chunk.corrupt)
                if self._wanted:
                    self._diagnostics.write_rows(((row.row, row.errors) for row in chunk.corrupt), name)
                    self._diagnostics.write_rows(_refused_rows(chunk.rows, faults, bad), name)
                writer.write_batch(conformed.filter(pa.array(~bad)) if bad.any() else conformed)
        return rows, refused


def _refused_rows(rows: pa.RecordBatch, faults: Faults, bad: Any) -> Iterator[tuple[Json, list[Json]]]:
    numbers = bad.nonzero()[0]
    for number, content in zip(numbers, rows.take(pa.array(numbers)).to_pylist(), strict=True):
        yield content, faults.of_row(int(number))
