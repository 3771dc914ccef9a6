"""Feature columns as one float32 matrix, the same way in training and in scoring.

Numbers stay numbers, booleans become 0 and 1, a category becomes its position in the card's list. Null, and a category
that training never saw, become NaN: LightGBM has a branch of its own for "unknown" and nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runner.errors import DataError

Matrix = npt.NDArray[np.float32]
Kind = Literal["number", "category"]
BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Feature:
    """One column of the matrix.

    Args:
        name: the column's name in the contract and in the files.
        kind: `number` or `category`.
        data_type: the contract's SQL type.
        categories: for a category, the values seen in training, sorted; the position is the code.
    """

    name: str
    kind: Kind
    data_type: str
    categories: tuple[str, ...] = ()


def batches(files: Sequence[str | Path], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The named columns of the files, in order, at most `BATCH_ROWS` rows at a time.

    Raises:
        DataError: a file is missing, unreadable, or lacks a column.
    """
    for file in files:
        try:
            source = pq.ParquetFile(file)
        except (OSError, pa.ArrowInvalid) as error:
            raise DataError(
                f"{file} cannot be read as Parquet ({type(error).__name__}).", "Export the run again."
            ) from None
        with source:
            missing = [c for c in columns if c not in source.schema_arrow.names]
            if missing:
                raise DataError(
                    f"{file} lacks {_listed(missing)}; it holds {_listed(source.schema_arrow.names)}.",
                    "Run 'propensity featurize' and 'propensity export' again, so that files and contract agree.",
                )
            yield from source.iter_batches(BATCH_ROWS, columns=list(columns))


def matrix(batch: pa.RecordBatch, features: Sequence[Feature]) -> Matrix:
    """The features of a batch, shape (rows, features).

    Raises:
        DataError: a column's type does not fit its kind, or a number is infinite.
    """
    result = np.empty((batch.num_rows, len(features)), dtype=np.float32, order="F")
    for position, feature in enumerate(features):
        column = batch.column(feature.name)
        values = _codes(column, feature) if feature.kind == "category" else _numbers(column, feature)
        if np.isinf(values).any():
            raise DataError(
                f"Feature {feature.name} holds an infinite value.",
                "Guard the division (or the logarithm) in its SQL with nullif, so that it is null instead.",
            )
        result[:, position] = values
    return result


def check_types(schema: pa.Schema, kinds: Mapping[str, Kind]) -> None:
    """DataError naming every feature whose stored type does not fit its kind."""
    faults = []
    for name, kind in kinds.items():
        stored = schema.field(name).type
        fits = _is_category(stored) if kind == "category" else _is_number(stored)
        if not fits:
            faults.append(f"{name} is {stored}, which is no {kind}")
    if faults:
        raise DataError(
            f"Types do not fit the contract: {'; '.join(faults)}.",
            "A number is an integer, a decimal, a double or a boolean; a category is a text, a boolean or an integer.",
        )


def as_text(column: pa.Array) -> pa.Array:
    """A category column as text: integers without a point, booleans as true and false."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.string())


def _numbers(column: pa.Array, feature: Feature) -> npt.NDArray[np.float64]:
    if not _is_number(column.type):
        raise DataError(f"Feature {feature.name} is {column.type}, expected a number.", "Export the run again.")
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values: npt.NDArray[np.float64] = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy(
        zero_copy_only=False
    )
    # Float32 has no room beyond 3.4e38; what overflows would turn into an infinity without a word.
    return np.where(np.abs(values) > np.finfo(np.float32).max, np.inf, values) if values.size else values


def _codes(column: pa.Array, feature: Feature) -> npt.NDArray[np.float64]:
    if not _is_category(column.type):
        raise DataError(f"Feature {feature.name} is {column.type}, expected a category.", "Export the run again.")
    codes = pc.index_in(as_text(column), value_set=pa.array(feature.categories, pa.string()), skip_nulls=True)
    values: npt.NDArray[np.float64] = pc.fill_null(codes.cast(pa.float64()), float("nan")).to_numpy(
        zero_copy_only=False
    )
    return values


def _is_number(stored: pa.DataType) -> bool:
    t = pa.types
    return bool(t.is_integer(stored) or t.is_floating(stored) or t.is_decimal(stored) or t.is_boolean(stored))


def _is_category(stored: pa.DataType) -> bool:
    t = pa.types
    if t.is_dictionary(stored):
        stored = stored.value_type
    return bool(t.is_string(stored) or t.is_large_string(stored) or t.is_boolean(stored) or t.is_integer(stored))


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
