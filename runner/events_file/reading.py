"""A file of events as columns, as they are: nothing converted, nothing trimmed, every row numbered."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from runner.errors import DataError
from runner.events_file.problems import Problems

REQUIRED = ("user_id", "event_type", "timestamp")
_INDEX_COLUMNS = ("", "Unnamed: 0", "__index_level_0__")
"""Names under which data frames write their row numbers. They carry no event and are left out, which is reported."""


@dataclass(frozen=True)
class RawEvents:
    """The rows that could be read.

    Args:
        table: columns with unique names. text: everything is text (CSV), so types are still to be inferred.
        total: rows in the file, those that could not be read included.
        problems: holds the row numbers, and the rows that could not be read.
        left_out: columns that were left out.
    """

    table: pa.Table
    text: bool
    total: int
    problems: Problems
    left_out: tuple[str, ...]


def read_raw(path: Path) -> RawEvents:
    """Read Parquet or CSV (comma-separated, UTF-8, with a header; .gz too).

    Raises:
        DataError: no such file, not readable as either, or a required column is missing.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "Give a Parquet or CSV file.")
    with path.open("rb") as start:
        is_parquet = start.read(4) == b"PAR1"
    names = [n.lower() for n in path.suffixes]
    if not is_parquet and names[-1:] in ([".parquet"], [".pq"]):
        raise DataError(f"{path} is not Parquet: its first bytes are not PAR1.", "Export it again, or give a CSV file.")
    if is_parquet:
        table = _parquet(path)
        total, invalid = table.num_rows, list[int]()
    elif ".csv" in names[-2:]:
        table, total, invalid = _csv(path)
    else:
        raise DataError(f"{path} is neither Parquet nor named .csv.", "Give a Parquet file, or name the file *.csv.")
    left_out = tuple(name for name in table.column_names if name in _INDEX_COLUMNS)
    table = table.drop_columns(list(left_out))
    _check_columns(path, table)
    if table.num_rows == 0 and not invalid:
        raise DataError(f"{path} holds no rows.", "Give a file with events.")
    numbers = np.setdiff1d(np.arange(1, total + 1), invalid)
    problems = Problems(numbers)
    problems.add_numbers("wrong number of columns", invalid)
    return RawEvents(table, not is_parquet, total, problems, left_out)


def _parquet(path: Path) -> pa.Table:
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}.", "It may be cut off: export it again.") from None
    plain = [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in table.columns]
    return pa.Table.from_arrays(plain, names=table.column_names)


def _csv(path: Path) -> tuple[pa.Table, int, list[int]]:
    content = _bytes(path)
    header = _header(path, content)
    invalid: list[int] = []

    def note(row: Any) -> str:
        invalid.append(row.number - 1)  # the header is row 1 there
        return "skip"

    try:
        table = pa_csv.read_csv(
            pa.BufferReader(content),
            # One thread: only then does Arrow know the numbers of rows it cannot read.
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=16 << 20),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in header},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} cannot be read as CSV: {error}.", "Save it as comma-separated UTF-8 text with one header line."
        ) from None
    return table, table.num_rows + len(invalid), invalid


def _bytes(path: Path) -> bytes:
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be unpacked: {error}.", "It may be cut off: compress it again.") from None


def _header(path: Path, content: bytes) -> list[str]:
    try:
        text = content[: 1 << 20].decode("utf-8-sig", errors="ignore" if len(content) > 1 << 20 else "strict")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: {error.reason} at byte {error.start}.", "Save it as UTF-8.") from None
    names = next(csv.reader(io.StringIO(text)), [])
    if len(names) < len(REQUIRED) and any(sign in (names[0] if names else "") for sign in ";\t|"):
        raise DataError(f"{path} is not separated by commas: its header is {names[0]!r}.", "Save it with commas.")
    return names


def _check_columns(path: Path, table: pa.Table) -> None:
    names = table.column_names
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"{path} has more than one column named {', '.join(twice)}.", "Name every column once.")
    missing = [n for n in REQUIRED if n not in names]
    if missing:
        close = {n: o for n in missing for o in names if _plain(o) == _plain(n)}
        hint = "".join(f" Rename {old!r} to {new!r}." for new, old in close.items())
        raise DataError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"it has: {', '.join(map(repr, names)) or 'none'}.",
            f"Events need user_id, event_type and timestamp (UTC).{hint}",
        )


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
