"""From flat columns named by XDM path to the nested columns that XDM Parquet has, and large files of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runner.errors import DataError

ROWS_PER_FILE = 1_000_000
"""A million short events are some 30 MB: few files a batch, each well below the 256 MB that a request may have."""


def nested(columns: Mapping[str, Any]) -> pa.Table:
    """A table whose columns follow the XDM tree: `{"_acme.a.b": x}` becomes a struct `_acme` of a struct `a`.

    A struct is null where everything in it is null. Order is the order in which paths first appear.

    Raises:
        DataError: one path is a field and also a folder of fields.
    """
    tree: dict[str, Any] = {}
    for path, values in columns.items():
        *folders, leaf = path.split(".")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
            if not isinstance(place, dict):
                raise _both(path)
        if leaf in place:
            raise _both(path)
        place[leaf] = values
    return pa.table({name: _array(node) for name, node in tree.items()})


def write_files(table: pa.Table, folder: Path, stem: str, rows_per_file: int = ROWS_PER_FILE) -> tuple[Path, ...]:
    """Write a table as `{stem}-000.parquet`, `-001` ... (at least one); equal tables give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{stem}-[0-9][0-9][0-9].parquet"):
        old.unlink()
    files = []
    for number, begin in enumerate(range(0, max(table.num_rows, 1), rows_per_file)):
        files.append(write_file(table.slice(begin, rows_per_file), folder / f"{stem}-{number:03d}.parquet"))
    return tuple(files)


def write_file(table: pa.Table, path: Path) -> Path:
    """Write one Parquet file, there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(table.combine_chunks(), partial, compression="snappy", coerce_timestamps="ms")
    partial.replace(path)
    return path


def _array(node: Any) -> Any:
    if not isinstance(node, dict):
        return node.combine_chunks() if isinstance(node, pa.ChunkedArray) else node
    children = [_array(child) for child in node.values()]
    return pa.StructArray.from_arrays(children, names=list(node), mask=_all_null(children))


def _all_null(children: Sequence[Any]) -> Any:
    mask = children[0].is_null()
    for child in children[1:]:
        mask = pc.and_(mask, child.is_null())
    return mask


def _both(path: str) -> DataError:
    return DataError(
        f"The field {path} is also the folder of other fields, or is there twice.",
        "Give each value its own XDM path.",
    )
