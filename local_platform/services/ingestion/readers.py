"""Uploaded files as record batches: Parquet, newline-delimited or multi-line JSON, CSV.

A reader yields record batches together with rows it could not read at all. A file that cannot be read as a whole raises
`FileRefused`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.json as pajson
import pyarrow.parquet as pq

from local_platform.services.ingestion.errors import CORRUPT_ROW, EMPTY_FILE, NO_CSV_HEADER, UNCLASSIFIED, FileRefused
from local_platform.services.ingestion.records import RowFault, convert_row

Json = dict[str, Any]

ROWS_AT_ONCE = 131_072
_JSON_BLOCK_BYTES = 16 * 1024 * 1024
_LINES_AT_ONCE = 20_000


@dataclass
class Corrupt:
    """A row that could not be read: its text or content, and the errors in the form of the diagnostics files."""

    row: Any
    errors: list[Json]


@dataclass
class Chunk:
    """Some rows of a file, and the rows between them that could not be read."""

    rows: pa.RecordBatch
    corrupt: list[Corrupt] = field(default_factory=list)


def read_parquet(path: Path) -> tuple[pa.Schema, Iterator[Chunk]]:
    """Schema and rows of a Parquet file.

    Raises:
        FileRefused: the file is empty, truncated, or no Parquet.
    """
    _refuse_empty(path)
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise FileRefused(UNCLASSIFIED, f"The file is not readable as Parquet: {error}") from None

    def chunks() -> Iterator[Chunk]:
        try:
            for rows in file.iter_batches(ROWS_AT_ONCE):
                yield Chunk(rows)
        except (pa.ArrowException, OSError) as error:
            raise FileRefused(UNCLASSIFIED, f"The Parquet file is damaged: {error}") from None

    return schema, chunks()


def read_json_fast(path: Path, columns: pa.Schema) -> Iterator[Chunk]:
    """Newline-delimited JSON read by Arrow, date-times still as text.

    Any row that does not fit, or that uses a map (which Arrow does not read from JSON), raises `ArrowInvalid` in
    the iterator: then `read_json_rows` finds out which.
    """
    schema = pa.schema(
        [pa.field(column.name, _as_written(column.type)) for column in columns if not _holds_map(column.type)]
    )
    options = pajson.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    block = pajson.ReadOptions(use_threads=False, block_size=_JSON_BLOCK_BYTES)
    return (Chunk(rows) for rows in pajson.open_json(path, read_options=block, parse_options=options))


def read_json_rows(path: Path, resolved: Json, columns: pa.Schema, *, multi_line: bool) -> Iterator[Chunk]:
    """JSON read row by row: slower, but says what is wrong with each row.

    Raises:
        FileRefused: a multi-line document that is no JSON.
    """
    _refuse_empty(path)
    rows: list[Json] = []
    corrupt: list[Corrupt] = []
    for text, value in _documents(path, multi_line=multi_line):
        if not isinstance(value, dict):
            message = "Row is corrupted and cannot be read: it is not a JSON object."
            corrupt.append(Corrupt(text, [{"code": CORRUPT_ROW, "message": message, "path": ""}]))
        else:
            try:
                rows.append(convert_row(value, resolved))
            except RowFault as fault:
                error = {"code": CORRUPT_ROW, "message": fault.message, "path": fault.path}
                corrupt.append(Corrupt(value, [error]))
        if len(rows) + len(corrupt) >= _LINES_AT_ONCE:
            yield Chunk(pa.RecordBatch.from_pylist(rows, schema=columns), corrupt)
            rows, corrupt = [], []
    yield Chunk(pa.RecordBatch.from_pylist(rows, schema=columns), corrupt)


def read_csv(path: Path) -> tuple[pa.Schema, Iterator[Chunk]]:
    """A CSV file with a header of field paths (`_acme.userId`); every value is text, an unquoted empty one is null.

    Raises:
        FileRefused: no header, or a header that names a field twice.
    """
    _refuse_empty(path)
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        header = next(csv.reader(file), [])
    if not header or any(not name.strip() for name in header):
        raise FileRefused(NO_CSV_HEADER, "The CSV file has no header row, or an empty name in it.")
    if len(set(header)) < len(header):
        raise FileRefused(NO_CSV_HEADER, "The header of the CSV file names a field twice.")
    corrupt: list[Corrupt] = []

    def broken(row: Any) -> str:
        message = f"Row is corrupted and cannot be read: {row.actual_columns} values, expected {row.expected_columns}."
        corrupt.append(Corrupt(row.text, [{"code": CORRUPT_ROW, "message": message, "path": ""}]))
        return "skip"

    def chunks() -> Iterator[Chunk]:
        try:
            reader = pacsv.open_csv(
                path,
                read_options=pacsv.ReadOptions(use_threads=False),
                parse_options=pacsv.ParseOptions(invalid_row_handler=broken, newlines_in_values=True),
                convert_options=pacsv.ConvertOptions(
                    column_types={name: pa.string() for name in header},
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
            for rows in reader:
                seen = list(corrupt)
                corrupt.clear()
                yield Chunk(_nested(rows), seen)
        except (pa.ArrowException, OSError) as error:
            raise FileRefused(UNCLASSIFIED, f"The file is not readable as CSV: {error}") from None
        if corrupt:
            yield Chunk(pa.RecordBatch.from_pylist([], schema=_nested_schema(header)), list(corrupt))

    return _nested_schema(header), chunks()


def _refuse_empty(path: Path) -> None:
    if path.stat().st_size == 0:
        raise FileRefused(EMPTY_FILE, "The uploaded file is empty.")


def _documents(path: Path, *, multi_line: bool) -> Iterator[tuple[str, Any]]:
    """Text and value of each record; None for a text that is no JSON."""
    if multi_line:
        try:
            document = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise FileRefused(UNCLASSIFIED, f"The file is not one JSON document: {error}.") from None
        for value in document if isinstance(document, list) else [document]:
            yield json.dumps(value), value
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            text = line.strip()
            if text:
                yield text, _parsed(text)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _holds_map(type_: pa.DataType) -> bool:
    if pa.types.is_map(type_):
        return True
    if pa.types.is_struct(type_):
        return any(_holds_map(child.type) for child in type_)
    return bool(pa.types.is_list(type_)) and _holds_map(type_.value_type)


def _as_written(type_: pa.DataType) -> pa.DataType:
    """How a value of the type is written in JSON: times and dates are texts, integers may be of any size."""
    if pa.types.is_struct(type_):
        return pa.struct([pa.field(child.name, _as_written(child.type)) for child in type_])
    if pa.types.is_list(type_):
        return pa.list_(pa.field(type_.value_field.name, _as_written(type_.value_type)))
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return pa.string()
    return pa.int64() if pa.types.is_integer(type_) else type_


def _nested_schema(header: list[str]) -> pa.Schema:
    return _nested(pa.RecordBatch.from_pydict({name: pa.array([], pa.string()) for name in header})).schema


def _nested(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Columns with dotted names as structs."""
    tree: Json = {}
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        *parents, leaf = name.split(".")
        node = tree
        for part in parents:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise FileRefused(NO_CSV_HEADER, f"The header names both {part!r} and a field inside it.")
        node[leaf] = column
    return pa.RecordBatch.from_arrays([_array(value, rows.num_rows) for value in tree.values()], names=list(tree))


def _array(value: Any, length: int) -> Any:
    if not isinstance(value, dict):
        return value
    if not value:
        return pa.nulls(length)
    return pa.StructArray.from_arrays([_array(child, length) for child in value.values()], names=list(value))
