"""What a statement gives: columns and streamed rows, a tag, or both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from local_platform.query_service.sql.types import STRING, Type, to_arrow


@dataclass
class Result:
    """One statement's result.

    Attributes:
        tag: what CommandComplete says; for rows it is `SELECT` and the count is added.
        columns: None for statements without rows.
        batches: record batches in the order of `columns`, made while they are read.
        close: frees the engine's resources; safe to call twice.
        notices: texts sent before the result.
    """

    tag: str
    columns: list[tuple[str, Type]] | None = None
    batches: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))
    close: Callable[[], None] = lambda: None
    notices: list[str] = field(default_factory=list)
    rows: int = 0


def rows_result(columns: list[tuple[str, Type]], rows: Sequence[tuple[Any, ...]], tag: str = "SELECT") -> Result:
    """A small result from Python values."""
    arrays = [pa.array([row[place] for row in rows], to_arrow(type)) for place, (_, type) in enumerate(columns)]
    schema = pa.schema([(f"c{place}", array.type) for place, array in enumerate(arrays)])
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    return Result(tag, columns, iter([batch]))


def texts_result(names: list[str], rows: Sequence[tuple[str | None, ...]], tag: str = "SELECT") -> Result:
    """A small result of texts, as SHOW gives it."""
    return rows_result([(name, STRING) for name in names], rows, tag)
