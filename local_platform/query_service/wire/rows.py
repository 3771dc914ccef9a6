"""Record batches to DataRow messages, by column: no Python loop over cells.

Every value is sent as text. A batch becomes one block of bytes: lengths are known by column, so the place of each
field in the block is arithmetic, and bytes are moved by index.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
ROWS_AT_A_TIME = 8192
"""Bounds the memory of one block."""


def data_rows(batch: pa.RecordBatch) -> Iterator[bytes]:
    """DataRow messages for a batch, in blocks of at most `ROWS_AT_A_TIME` rows."""
    for begin in range(0, batch.num_rows, ROWS_AT_A_TIME):
        yield _block(batch.slice(begin, ROWS_AT_A_TIME))


def _block(batch: pa.RecordBatch) -> bytes:
    rows = batch.num_rows
    fields = [_Field(as_text(column)) for column in batch.columns]
    row_bytes = np.full(rows, 7 + 4 * len(fields), np.int64)
    for field in fields:
        row_bytes += field.size
    begins = np.concatenate(([0], np.cumsum(row_bytes)))
    block = np.zeros(int(begins[-1]), np.uint8)
    place = begins[:-1]
    block[place] = ord("D")
    _put(block, place + 1, (row_bytes - 1).astype(">i4"))
    _put(block, place + 5, np.full(rows, len(fields), ">i2"))
    at = place + 7
    for field in fields:
        _put(block, at, np.where(field.null, -1, field.size).astype(">i4"))
        field.copy_to(block, at + 4)
        at = at + 4 + field.size
    return block.tobytes()


class _Field:
    """A text column: sizes of its values (0 for null) and their bytes."""

    def __init__(self, values: pa.Array) -> None:
        _, offsets, data = values.buffers()
        ends = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
        self.null = np.asarray(values.is_null().to_numpy(zero_copy_only=False))
        self.begin = ends[:-1]
        self.size = np.where(self.null, 0, np.diff(ends))
        self.data = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)

    def copy_to(self, block: Bytes, at: npt.NDArray[np.int64]) -> None:
        total = int(self.size.sum())
        if not total:
            return
        done = np.cumsum(self.size) - self.size
        within = np.arange(total, dtype=np.int64)
        block[within + np.repeat(at - done, self.size)] = self.data[within + np.repeat(self.begin - done, self.size)]


def _put(block: Bytes, at: npt.NDArray[np.int64], numbers: npt.NDArray[Any]) -> None:
    """Write big-endian integers at the given places."""
    octets = np.ascontiguousarray(numbers).view(np.uint8).reshape(len(numbers), -1)
    for i in range(octets.shape[1]):
        block[at + i] = octets[:, i]


def as_text(values: pa.Array) -> pa.Array:
    """A column as PostgreSQL's text form, as large_string."""
    kind = values.type
    if pa.types.is_large_string(kind):
        return values
    if pa.types.is_string(kind):
        return values.cast(pa.large_string())
    if pa.types.is_boolean(kind):
        return pc.if_else(values, pa.scalar("t", pa.large_string()), pa.scalar("f", pa.large_string()))
    if pa.types.is_floating(kind):
        return _float_text(values)
    if pa.types.is_timestamp(kind):
        return _timestamp_text(values)
    if pa.types.is_dictionary(kind):
        return as_text(values.dictionary_decode())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array([None if v is None else "\\x" + v.hex() for v in values.to_pylist()], pa.large_string())
    if pa.types.is_null(kind):
        return pa.nulls(len(values), pa.large_string())
    return values.cast(pa.large_string())


def _float_text(values: pa.Array) -> pa.Array:
    text = values.cast(pa.large_string())
    for arrow, postgres in (("inf", "Infinity"), ("-inf", "-Infinity"), ("nan", "NaN"), ("-nan", "NaN")):
        text = pc.if_else(
            pc.equal(text, pa.scalar(arrow, pa.large_string())), pa.scalar(postgres, pa.large_string()), text
        )
    return text


def _timestamp_text(values: pa.Array) -> pa.Array:
    """`2023-06-17 13:44:59.086`: no zone, at least one decimal, no trailing zeros beyond it."""
    micro = (
        values.cast(pa.timestamp("us"), safe=False)
        if values.type.tz is None
        else values.cast(pa.timestamp("us", tz=values.type.tz), safe=False).cast(pa.int64()).cast(pa.timestamp("us"))
    )
    text = micro.cast(pa.large_string())
    text = pc.replace_substring_regex(text, pattern=r"0+$", replacement="")
    return pc.replace_substring_regex(text, pattern=r"\.$", replacement=".0")
