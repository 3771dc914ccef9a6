"""Gathers one run's rows out of any number of Parquet sources, batch by batch, into files of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import fs

from runner.errors import DataError
from runner.export.exported import column_type
from runner.export.hashing import Hashes, hash_rows

BATCH_ROWS = 64 * 1024


@dataclass(frozen=True)
class _Unit:
    name: str
    file: Path
    keys: Hashes
    rows: Hashes


class RunRows:
    """The rows of one run, gathered unit by unit (a unit is a batch, or a file of the landing zone).

    Memory stays at a few record batches plus 16 bytes a row for finding repeats.

    Args:
        stage: directory for the files.
        columns: the contract's columns and their SQL types, in order; nothing else is kept.
        run_column: the column that carries the run id. It is the authority, never a file or folder name.
        run_id: the run wanted.
        keys: the columns that together name a row.
    """

    def __init__(
        self, stage: Path, columns: Mapping[str, str], run_column: str, run_id: str, keys: Sequence[str]
    ) -> None:
        self._stage = stage
        self._columns = dict(columns)
        self._run_column = run_column
        self._run_id = run_id
        self._keys = list(keys)
        self._schema: pa.Schema | None = None
        self._units: list[_Unit] = []
        self._written = 0

    @property
    def rows(self) -> int:
        """Rows gathered so far."""
        return sum(len(unit.rows) for unit in self._units)

    @property
    def units(self) -> tuple[str, ...]:
        """Names of the units that held rows of the run, each once, in reading order."""
        return tuple(dict.fromkeys(unit.name for unit in self._units))

    def add(self, unit: str, source: str | Path, filesystem: fs.FileSystem | None = None) -> int:
        """Keep the run's rows of one Parquet file and say how many there were.

        Raises:
            DataError: the file lacks the run column, or a value does not fit the contract's type.
        """
        import pyarrow.dataset as ds  # loads pandas, which takes as long as all that the other commands need

        file = ds.dataset(str(source), format="parquet", filesystem=filesystem)
        if self._run_column not in file.schema.names:
            raise DataError(
                f"A file of {unit} has no column {self._run_column!r}; it holds {', '.join(file.schema.names)}.",
                "The dataset is not one of the pipeline's run datasets; check the name in propensity.yml.",
            )
        present = [name for name in self._columns if name in file.schema.names]
        scanner = file.scanner(
            columns=present,
            filter=ds.field(self._run_column) == self._run_id,
            batch_size=BATCH_ROWS,
            batch_readahead=2,
            fragment_readahead=1,
        )
        target = self._stage / f"part-{self._written:05d}.parquet"
        self._written += 1
        keys: list[Hashes] = []
        rows: list[Hashes] = []
        writer: pq.ParquetWriter | None = None
        try:
            for batch in scanner.to_batches():
                if not batch.num_rows:
                    continue
                shaped = self._shape(batch, unit)
                keys.append(hash_rows(shaped, self._keys))
                rows.append(hash_rows(shaped, list(self._columns)))
                writer = writer or pq.ParquetWriter(target, shaped.schema)
                writer.write_batch(shaped)
        except BaseException:
            if writer is not None:
                writer.close()
            target.unlink(missing_ok=True)
            raise
        if writer is None:
            return 0
        writer.close()
        self._units.append(_Unit(unit, target, np.concatenate(keys), np.concatenate(rows)))
        return len(self._units[-1].rows)

    def discard(self, unit: str) -> None:
        """Forget everything that came from a unit, to read it again or to leave it out."""
        for gone in [u for u in self._units if u.name == unit]:
            gone.file.unlink(missing_ok=True)
        self._units = [u for u in self._units if u.name != unit]

    def drop_repeats(self) -> int:
        """Keep the first of rows that are equal in every column, and say how many went.

        Full and incremental exports overlap in the landing zone. Rows with one key but different values stay, for
        `check_keys` to refuse.
        """
        if not self._units:
            return 0
        together = np.rec.fromarrays([np.concatenate([getattr(u, n) for u in self._units]) for n in ("keys", "rows")])
        _, first = np.unique(together, return_index=True)
        keep = np.zeros(len(together), dtype=bool)
        keep[first] = True
        if keep.all():
            return 0
        start, kept = 0, []
        for unit in self._units:
            mask = keep[start : start + len(unit.rows)]
            start += len(unit.rows)
            if (left := _rewrite(unit, mask)) is not None:
                kept.append(left)
        self._units = kept
        return int((~keep).sum())

    def check_keys(self, dataset: str) -> None:
        """Refuse null keys and keys that occur twice.

        Raises:
            DataError: naming the key.
        """
        self._refuse_nulls(dataset)
        together = np.concatenate([unit.keys for unit in self._units] or [np.empty(0, np.uint64)])
        hashes, counts = np.unique(together, return_counts=True)
        suspects = hashes[counts > 1]
        # Equal hashes are a suspicion; the values themselves decide.
        if len(suspects) and (twice := self._really_twice(suspects[:1000])):
            raise DataError(
                f"Run {self._run_id} in {dataset} has rows twice under one key ({', '.join(self._keys)}): {twice}.",
                "The run was inserted more than once: remove its batches from the dataset and build it again.",
            )

    def finish(self) -> tuple[tuple[Path, ...], int]:
        """The files, renumbered, and a number for their content that does not depend on the order of rows."""
        files = []
        for number, unit in enumerate(self._units):
            file = self._stage / f"part-{number:05d}.parquet"
            unit.file.rename(file)
            files.append(file)
        content = 0
        for unit in self._units:
            content = (content + int(np.add.reduce(unit.rows, dtype=np.uint64))) & 0xFFFFFFFFFFFFFFFF
        return tuple(files), content

    def _refuse_nulls(self, dataset: str) -> None:
        for unit in self._units:
            held = pq.read_table(unit.file, columns=self._keys)
            for name in self._keys:
                if nulls := held.column(name).null_count:
                    raise DataError(
                        f"{nulls} rows of run {self._run_id} in {dataset} have no {name}.",
                        f"Every row needs one: build the run again, and look at the model that fills {name}.",
                    )

    def _shape(self, batch: pa.RecordBatch, unit: str) -> pa.RecordBatch:
        """Exactly the contract's columns, in its order and types. A column younger than the file is null in it."""
        arrays = []
        for name, data_type in self._columns.items():
            values = batch.column(name) if name in batch.schema.names else None
            wanted = self._type(name, data_type, values)
            try:
                arrays.append(pa.nulls(batch.num_rows, wanted) if values is None else _cast(values, wanted))
            except pa.ArrowInvalid as error:
                raise DataError(
                    f"Column {name!r} in {unit} does not fit the contract's type {data_type}: {error}.",
                    "Correct the column's data_type in the model's YAML, or its cast in the SQL.",
                ) from None
        if self._schema is None:
            self._schema = pa.schema([pa.field(n, a.type) for n, a in zip(self._columns, arrays, strict=True)])
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _type(self, name: str, data_type: str, values: pa.Array | None) -> pa.DataType:
        if self._schema is not None:
            return self._schema.field(name).type
        return column_type(data_type) or (pa.string() if values is None else values.type)

    def _really_twice(self, suspects: Hashes) -> str:
        seen: dict[tuple[object, ...], int] = {}
        for unit in self._units:
            mask = np.isin(unit.keys, suspects)
            if mask.any():
                for row in pq.read_table(unit.file, columns=self._keys).filter(pa.array(mask)).to_pylist():
                    key = tuple(row[name] for name in self._keys)
                    seen[key] = seen.get(key, 0) + 1
        twice = [key for key, count in seen.items() if count > 1]
        more = f" and {len(twice) - 3} more" if len(twice) > 3 else ""
        return ", ".join(" / ".join(str(v) for v in key) for key in sorted(twice, key=str)[:3]) + more


def _cast(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    if values.type == wanted:
        return values
    if pa.types.is_timestamp(values.type) and values.type.tz is None and pa.types.is_timestamp(wanted) and wanted.tz:
        values = pc.assume_timezone(values, "UTC")
    return values.cast(wanted)


def _rewrite(unit: _Unit, mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> _Unit | None:
    if mask.all():
        return unit
    fresh = unit.file.with_suffix(".kept")
    source = pq.ParquetFile(unit.file)
    start = 0
    with pq.ParquetWriter(fresh, source.schema_arrow) as writer:
        for batch in source.iter_batches(BATCH_ROWS):
            writer.write_batch(batch.filter(pa.array(mask[start : start + batch.num_rows])))
            start += batch.num_rows
    fresh.replace(unit.file)
    if not mask.any():
        unit.file.unlink()
        return None
    return _Unit(unit.name, unit.file, unit.keys[mask], unit.rows[mask])
