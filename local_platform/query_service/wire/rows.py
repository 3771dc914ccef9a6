"""Rows as DataRow messages, encoded column by column.

A batch becomes one run of bytes: every column gives, for each row, a four-byte length and the value's bytes; Arrow
joins the pieces of a row in C++. No Python code runs for a single value, except for decimals and binary data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from local_platform.query_service.sql.types import Type
from local_platform.query_service.wire.numeric import encode_numeric

_EPOCH_DAYS = 10957
_EPOCH_MICROS = 946684800 * 1_000_000
# Numbers below it are looked up with their length in front instead of being formatted.
_TABLE = 100_000
# A column of a few distinct values is formatted once for each of them.
_FEW = 64
# Arrow writes an exponent from here on, which needs no decimal point.
_LARGEST_PLAIN = 1e10


def data_rows(batch: pa.RecordBatch, types: Sequence[Type], formats: Sequence[int]) -> memoryview:
    """DataRow messages of a batch, back to back."""
    count = batch.num_rows
    sizes = np.full(count, 6, np.int64)
    pieces: list[Any] = []
    for column, type, format in zip(batch.columns, types, formats, strict=True):
        whole = None if format else _whole_pieces(column, type)
        if whole is not None:
            sizes += pc.binary_length(whole).to_numpy(zero_copy_only=False)
            pieces.append(whole)
            continue
        values = _BINARY.get(type.kind, _text)(column, type) if format else _text(column, type)
        lengths = pc.binary_length(values)
        lengths = (lengths.fill_null(0) if values.null_count else lengths).to_numpy(zero_copy_only=False)
        sizes += lengths
        sizes += 4
        pieces += [_marks(values, lengths), values]
    heads = np.empty(count, dtype=[("kind", "S1"), ("size", ">i4"), ("columns", ">i2")])
    heads["kind"], heads["size"], heads["columns"] = b"D", sizes, len(types)
    joined = pc.binary_join_element_wise(
        _fixed(heads.tobytes(), 7, count), *pieces, b"", null_handling="replace", null_replacement=b""
    )
    return _content(joined)


def _marks(values: Any, lengths: Any) -> Any:
    """The four-byte lengths; -1 marks NULL."""
    marks = lengths.astype(">i4")
    if values.null_count:
        marks[values.is_null().to_numpy(zero_copy_only=False)] = -1
    return _fixed(marks.tobytes(), 4, len(lengths))


def _fixed(content: bytes, width: int, count: int) -> Any:
    """Values of one width as a binary array."""
    offsets = np.arange(0, width * (count + 1), width, dtype=np.int32)
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(content)])


def _content(array: Any) -> memoryview:
    """The bytes of a binary array, from its first to its last value."""
    offsets = np.frombuffer(array.buffers()[1], np.int32)
    start, end = int(offsets[array.offset]), int(offsets[array.offset + len(array)])
    return memoryview(array.buffers()[2])[start:end] if end > start else memoryview(b"")


def _whole_pieces(column: Any, type: Type) -> Any:
    """Lengths and texts in one piece, where they can be looked up; None where they cannot."""
    if type.is_integral:
        bounds = pc.min_max(column)
        low, high = bounds["min"].as_py(), bounds["max"].as_py()
        if low is None or (low >= 0 and high < _TABLE):
            places = column.cast(pa.int32())
            return _numbers().take(places.fill_null(_TABLE) if column.null_count else places)
    elif type.kind == "boolean":
        places = pc.if_else(column, 1, 0).cast(pa.int32())
        return _truths().take(places.fill_null(2) if column.null_count else places)
    elif type.kind in ("date", "timestamp", "string") and len(column) > _FEW:
        few = column.slice(0, _FEW)
        # Looking at the first rows is cheap; a column that starts with many values is not going to have few.
        if len(few.unique()) <= _FEW // 4:
            return _looked_up(column, type)
    return None


def _looked_up(column: Any, type: Type) -> Any:
    encoded = column.dictionary_encode()
    if len(encoded.dictionary) > len(column) // 8:
        return None
    table = _prefixed(_text(encoded.dictionary, type))
    places = encoded.indices
    return table.take(places.fill_null(len(table) - 1) if places.null_count else places)


def _prefixed(texts: Any) -> Any:
    """Each text behind its length; the last entry is NULL's."""
    lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    joined = pc.binary_join_element_wise(_fixed(lengths.astype(">i4").tobytes(), 4, len(texts)), texts, b"")
    return pa.concat_arrays([joined, pa.array([b"\xff\xff\xff\xff"], pa.binary())])


@cache
def _numbers() -> Any:
    return _prefixed(pc.cast(pa.array(np.arange(_TABLE)), pa.string()).cast(pa.binary()))


@cache
def _truths() -> Any:
    return _prefixed(pa.array([b"f", b"t"], pa.binary()))


def _text(column: Any, type: Type) -> Any:
    return _TEXT.get(type.kind, _plain)(column, type)


def _plain(column: Any, _: Type) -> Any:
    spelled = column if pa.types.is_string(column.type) else pc.cast(column, pa.string())
    return spelled.cast(pa.binary())


def _boolean_text(column: Any, _: Type) -> Any:
    return pc.if_else(column, pa.scalar(b"t", pa.binary()), pa.scalar(b"f", pa.binary()))


def _double_text(column: Any, _: Type) -> Any:
    """Java's spelling as far as it matters: 1.0, not 1; NaN and Infinity."""
    spelled = pc.cast(column, pa.string())
    numbers = column.fill_null(0.5).to_numpy(zero_copy_only=False) if column.null_count else column.to_numpy()
    with np.errstate(invalid="ignore"):
        whole = (np.floor(numbers) == numbers) & (np.abs(numbers) < _LARGEST_PLAIN)
    if whole.any():
        spelled = pc.if_else(pa.array(whole), pc.binary_join_element_wise(spelled, ".0", ""), spelled)
    odd = ~np.isfinite(numbers)
    if odd.any():
        names = pc.if_else(pc.is_nan(column), "NaN", pc.if_else(pc.greater(column, 0), "Infinity", "-Infinity"))
        spelled = pc.if_else(pa.array(odd), names, spelled)
    return spelled.cast(pa.binary())


def _timestamp_text(column: Any, _: Type) -> Any:
    """At least one decimal, and no more than needed."""
    spelled = pc.cast(column.cast(pa.timestamp("us")), pa.string())
    spelled = pc.utf8_rtrim(spelled, "0")
    bare = pc.ends_with(spelled, ".")
    return pc.if_else(bare, pc.binary_join_element_wise(spelled, "0", ""), spelled).cast(pa.binary())


def _bytes_text(column: Any, _: Type) -> Any:
    values = [None if value is None else b"\\x" + value.hex().encode() for value in column.to_pylist()]
    return pa.array(values, pa.binary())


def _number_binary(form: str) -> Callable[[Any, Type], Any]:
    dtype = np.dtype(form)

    def encode(column: Any, _: Type) -> Any:
        numbers = column.fill_null(0).to_numpy(zero_copy_only=False).astype(dtype)
        return _with_nulls(_fixed(numbers.tobytes(), dtype.itemsize, len(column)), column)

    return encode


def _boolean_binary(column: Any, _: Type) -> Any:
    numbers = column.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint8)
    return _with_nulls(_fixed(numbers.tobytes(), 1, len(column)), column)


def _date_binary(column: Any, _: Type) -> Any:
    days = column.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False) - _EPOCH_DAYS
    return _with_nulls(_fixed(days.astype(">i4").tobytes(), 4, len(column)), column)


def _timestamp_binary(column: Any, _: Type) -> Any:
    micros = column.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return _with_nulls(_fixed((micros - _EPOCH_MICROS).astype(">i8").tobytes(), 8, len(column)), column)


def _bytes_binary(column: Any, _: Type) -> Any:
    return column


def _numeric_binary(column: Any, type: Type) -> Any:
    encoded = [None if value is None else encode_numeric(value, type.scale) for value in column.to_pylist()]
    return pa.array(encoded, pa.binary())


def _with_nulls(values: Any, column: Any) -> Any:
    if not column.null_count:
        return values
    return pc.if_else(column.is_valid(), values, pa.scalar(None, pa.binary()))


_TEXT: dict[str, Callable[[Any, Type], Any]] = {
    "boolean": _boolean_text,
    "double": _double_text,
    "float": _double_text,
    "timestamp": _timestamp_text,
    "binary": _bytes_text,
}
_BINARY: dict[str, Callable[[Any, Type], Any]] = {
    "boolean": _boolean_binary,
    "tinyint": _number_binary(">i2"),
    "smallint": _number_binary(">i2"),
    "int": _number_binary(">i4"),
    "bigint": _number_binary(">i8"),
    "float": _number_binary(">f4"),
    "double": _number_binary(">f8"),
    "date": _date_binary,
    "timestamp": _timestamp_binary,
    "binary": _bytes_binary,
    "decimal": _numeric_binary,
}
