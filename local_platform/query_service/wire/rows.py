"""Rows as DataRow messages, encoded column by column.

A batch becomes one run of bytes: every column gives, for each row, a four-byte length and the value's bytes; Arrow
joins the pieces of a row in C++. No Python code runs for a single value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from local_platform.query_service.sql.types import Type
from local_platform.query_service.wire.numeric import encode_numeric

_EPOCH_DAYS = 10957
_EPOCH_MICROS = 946684800 * 1_000_000


def data_rows(batch: pa.RecordBatch, types: Sequence[Type], formats: Sequence[int]) -> memoryview:
    """DataRow messages of a batch, back to back."""
    count = batch.num_rows
    sizes = np.full(count, 6, np.int64)
    pieces: list[Any] = []
    for column, type, format in zip(batch.columns, types, formats, strict=True):
        values = _BINARY.get(type.kind, _text)(column, type) if format else _text(column, type)
        lengths = pc.binary_length(values).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        sizes += lengths + 4
        marks = lengths.astype(">i4")
        if values.null_count:
            marks[values.is_null().to_numpy(zero_copy_only=False)] = -1
        pieces += [_fixed(marks.tobytes(), 4, count), values]
    heads = np.empty(count, dtype=[("kind", "S1"), ("size", ">i4"), ("columns", ">i2")])
    heads["kind"], heads["size"], heads["columns"] = b"D", sizes, len(types)
    joined = pc.binary_join_element_wise(
        _fixed(heads.tobytes(), 7, count), *pieces, b"", null_handling="replace", null_replacement=b""
    )
    return _content(joined)


def _fixed(content: bytes, width: int, count: int) -> Any:
    """Values of one width as a binary array."""
    offsets = np.arange(0, width * (count + 1), width, dtype=np.int32)
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(content)])


def _content(array: Any) -> memoryview:
    """The bytes of a binary array, from its first to its last value."""
    offsets = np.frombuffer(array.buffers()[1], np.int32)
    start, end = int(offsets[array.offset]), int(offsets[array.offset + len(array)])
    return memoryview(array.buffers()[2])[start:end] if end > start else memoryview(b"")


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
    whole = pc.match_substring_regex(spelled, r"^-?\d+$")
    spelled = pc.if_else(whole, pc.binary_join_element_wise(spelled, ".0", ""), spelled)
    odd = pc.invert(pc.is_finite(column))
    if pc.any(odd).as_py():
        names = pc.if_else(pc.is_nan(column), "NaN", pc.if_else(pc.greater(column, 0), "Infinity", "-Infinity"))
        spelled = pc.if_else(odd, names, spelled)
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


def _integer(form: str) -> Callable[[Any, Type], Any]:
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
    "tinyint": _integer(">i2"),
    "smallint": _integer(">i2"),
    "int": _integer(">i4"),
    "bigint": _integer(">i8"),
    "float": _integer(">f4"),
    "double": _integer(">f8"),
    "date": _date_binary,
    "timestamp": _timestamp_binary,
    "binary": _bytes_binary,
    "decimal": _numeric_binary,
}
