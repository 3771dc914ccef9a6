"""Rows on the wire: every value of a batch arrives as it would alone, whichever way its column was encoded."""

from __future__ import annotations

import struct
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from local_platform.query_service.sql import types
from local_platform.query_service.sql.types import Type
from local_platform.query_service.wire.rows import data_rows


def decoded(content: bytes | memoryview) -> list[list[bytes | None]]:
    """The fields of DataRow messages."""
    data, place, rows = bytes(content), 0, []
    while place < len(data):
        kind, size, count = struct.unpack_from("!cih", data, place)
        assert kind == b"D"
        end, place, row = place + 1 + size, place + 7, []
        for _ in range(count):
            (length,) = struct.unpack_from("!i", data, place)
            place += 4
            row.append(None if length < 0 else data[place : place + length])
            place += max(length, 0)
        assert place == end
        rows.append(row)
    return rows


def texts(values: list[Any], arrow: pa.DataType, type: Type) -> list[str | None]:
    batch = pa.RecordBatch.from_arrays([pa.array(values, arrow)], ["a"])
    fields = [row[0] for row in decoded(data_rows(batch, [type], [0]))]
    return [None if field is None else field.decode() for field in fields]


@pytest.mark.parametrize(
    "values",
    [[0, 7, None, 99_999], [100_000, 0], [-1, 5], [2**31 - 1, -(2**31)], [None, None], []],
)
def test_whole_numbers(values: list[int | None]) -> None:
    assert texts(values, pa.int32(), types.INT) == [None if v is None else str(v) for v in values]


def test_doubles_have_a_decimal_point() -> None:
    given = [1.0, 0.1, -2.5, None, 1e10, 123456789.125, 0.0, float("nan"), float("inf"), float("-inf")]
    seen = texts(given, pa.float64(), types.DOUBLE)
    assert seen[:3] == ["1.0", "0.1", "-2.5"]
    assert seen[3:7] == [None, "1e+10", "123456789.125", "0.0"]
    assert seen[7:] == ["NaN", "Infinity", "-Infinity"]


def test_any_double_survives_its_text() -> None:
    rng = np.random.default_rng(3)
    given = np.concatenate([rng.random(500), rng.normal(0, 1e12, 500), 10.0 ** rng.integers(-300, 300, 500)]).tolist()
    assert [float(text or "") for text in texts(given, pa.float64(), types.DOUBLE)] == given


@pytest.mark.parametrize("repeat", [1, 200])
def test_few_or_many_distinct_values_read_the_same(repeat: int) -> None:
    words = ["a", "", None, "ä", "x" * 300] * repeat
    assert texts(words, pa.string(), types.STRING) == words
    days = [date(2023, 1, 2), None, date(1969, 12, 31)] * repeat
    assert texts(days, pa.date32(), types.DATE) == [None if day is None else str(day) for day in days]
    times = [datetime(2023, 1, 2, 3, 4, 5, 120_000), None, datetime(2023, 1, 2)] * repeat
    spelled = ["2023-01-02 03:04:05.12", None, "2023-01-02 00:00:00.0"] * repeat
    assert texts(times, pa.timestamp("us"), types.TIMESTAMP) == spelled
    truths = [True, None, False] * repeat
    assert texts(truths, pa.bool_(), types.BOOLEAN) == ["t", None, "f"] * repeat


def test_a_slice_of_a_batch_is_encoded_alone() -> None:
    batch = pa.RecordBatch.from_arrays(
        [pa.array(range(10), pa.int32()), pa.array([f"w{i}" for i in range(10)])], ["a", "b"]
    )
    assert decoded(data_rows(batch.slice(3, 2), [types.INT, types.STRING], [0, 0])) == [[b"3", b"w3"], [b"4", b"w4"]]


def test_columns_that_start_alike_and_end_apart() -> None:
    words = ["same"] * 100 + [f"other {i}" for i in range(1000)]
    assert texts(words, pa.string(), types.STRING) == words


def test_binary_numbers_have_their_width() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([1, None], pa.int64()), pa.array([0.5, 2.0])], ["a", "b"])
    seen = decoded(data_rows(batch, [types.BIGINT, types.DOUBLE], [1, 1]))
    assert seen == [[struct.pack("!q", 1), struct.pack("!d", 0.5)], [None, struct.pack("!d", 2.0)]]
