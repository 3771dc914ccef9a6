"""A wide table like a training set's: 62 columns, mostly counts, some of them null."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

COLUMNS = 62
_COUNTS, _NULLABLE, _DOUBLES, _FLAGS = 36, 8, 8, 2
_TYPES = {
    pa.string(): "text",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("ms"): "timestamp",
}


def wide_table(rows: int, seed: int = 1) -> pa.Table:
    """Keys, counts, minutes with nulls, doubles, flags and attributes: 62 columns, equal for equal arguments."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        "user_id": pa.array(np.arange(rows) + 10**16).cast(pa.string()),
        "as_of": pa.array(np.full(rows, np.datetime64("2026-11-09", "ms"))),
        "run_id": _words(rng, rows, ["newsletter-20261109"]),
        "label": pa.array(rng.integers(0, 2, rows, dtype=np.int32)),
        "split": _words(rng, rows, ["train", "validate", "calibrate", "test"]),
        "country": _words(rng, rows, ["DE", "FR", "AT", "CH", "Türkiye"]),
        "signup_date": pa.array(rng.integers(18_000, 20_700, rows, dtype=np.int32)).cast(pa.date32()),
        "bytes_seen": pa.array(rng.integers(0, 2**40, rows)),
    }
    for number in range(_COUNTS):
        columns[f"n_events_{number}"] = pa.array(rng.poisson(1 + number, rows).astype(np.int32))
    for number in range(_NULLABLE):
        minutes = rng.integers(0, 129_600, rows, dtype=np.int32)
        columns[f"minutes_since_{number}"] = pa.array(minutes, mask=rng.random(rows) < 0.4)
    for number in range(_DOUBLES):
        columns[f"share_{number}"] = pa.array(rng.random(rows).round(6))
    for number in range(_FLAGS):
        columns[f"flag_{number}"] = pa.array(rng.random(rows) < 0.5)
    table = pa.table(columns)
    assert table.num_columns == COLUMNS
    return table


def create_statement(name: str, table: pa.Table) -> str:
    """CREATE TABLE for PostgreSQL."""
    return f"CREATE TABLE {name} ({', '.join(f'{f.name} {_TYPES[f.type]}' for f in table.schema)})"


def total_label(table: pa.Table) -> int:
    """A figure by which two copies of the table are known to be equal."""
    return int(table["label"].to_numpy().sum())


def _words(rng: np.random.Generator, rows: int, words: list[str]) -> pa.Array:
    return pa.array(words).take(pa.array(rng.integers(0, len(words), rows)))
