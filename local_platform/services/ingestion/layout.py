"""How event files lie in the lake: in order of time, and no row group holds events of two days.

A reader that asks for some days opens the row groups of those days and no others, whatever the order of upload was.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

TIME = "timestamp"
MOST_ROWS = 122_880
"""Rows of a row group at most, as in the files that statements write."""


def is_time_series(columns: pa.Schema) -> bool:
    """Whether a dataset holds events: each record has an id and a time."""
    return "_id" in columns.names and TIME in columns.names and pa.types.is_timestamp(columns.field(TIME).type)


def lay_out_by_day(file: Path) -> None:
    """Bring a Parquet file into order; one that is in order already stays as it is.

    Events of the same time keep their order; those without a time come last, by themselves.
    """
    if _is_laid_out(pq.read_metadata(file)):
        return
    table = pq.read_table(file)
    table = table.take(pc.sort_indices(table, sort_keys=[(TIME, "ascending")]))
    sorted_file = file.with_suffix(".sorted")
    with pq.ParquetWriter(sorted_file, table.schema, compression="snappy") as writer:
        for start, end in _days(table.column(TIME)):
            writer.write_table(table.slice(start, end - start), row_group_size=MOST_ROWS)
    # The file may be a link to the upload, which stays as it is until the batch is committed.
    sorted_file.replace(file)


def _is_laid_out(metadata: pq.FileMetaData) -> bool:
    places = [n for n in range(metadata.num_columns) if metadata.schema.column(n).path == TIME]
    for number in range(metadata.num_row_groups):
        statistics = metadata.row_group(number).column(places[0]).statistics if places else None
        if statistics is None or not statistics.has_min_max or statistics.null_count:
            return False
        if statistics.min.date() != statistics.max.date():
            return False
    return True


def _days(times: pa.ChunkedArray) -> Iterator[tuple[int, int]]:
    """First row and row after the last of each day, and of the events without a time."""
    days = pc.floor_temporal(times.cast(pa.timestamp("ms", tz="UTC")), unit="day").cast(pa.int64())
    numbers = pc.fill_null(days, np.iinfo(np.int64).max).to_numpy()
    edges = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)]
    yield from itertools.pairwise(edges)
