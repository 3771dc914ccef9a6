"""A scores file, checked: one row an identity, scores between 0 and 1, all of one as-of time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runner.errors import DataError
from runner.export.hashing import Hashes, hash_rows

BATCH_ROWS = 64 * 1024
_REMEDY = "Nothing was published. Score the run again ('propensity score') and publish that file."


@dataclass(frozen=True)
class Scores:
    """What is known of a scores file after one pass over it.

    Args:
        file: Parquet with user_id (text), as_of (timestamp), score (double 0..1).
        rows: rows, each another identity.
        ordered: every score, ascending (8 bytes a row).
        identities: a 64-bit number for each identity, ascending (8 bytes a row).
        content: a number for the set of (identity, score), whatever their order.
    """

    file: Path
    rows: int
    ordered: npt.NDArray[np.float64] = field(repr=False)
    identities: Hashes = field(repr=False)
    content: int

    def fingerprint(self, *facts: str) -> str:
        """Short text, equal for the same scores and facts (run, as-of time, model version)."""
        text = json.dumps([self.rows, self.content, *facts])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def percentiles(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
        """The share of identities that score no higher, in whole percent rounded up: 1 to 100, exact, ties alike."""
        no_higher = np.searchsorted(self.ordered, scores, side="right").astype(np.int64)
        return ((100 * no_higher + self.rows - 1) // self.rows).astype(np.int32)

    def at_least(self, score: float) -> int:
        """How many identities score `score` or more."""
        return int(self.rows - np.searchsorted(self.ordered, score, side="left"))

    def top(self, percent: float) -> float:
        """The lowest score among the best `percent` of identities (at least one of them)."""
        many = max(1, int(self.rows * percent // 100))
        return float(self.ordered[self.rows - many])

    def qualifying(self, score: float) -> Hashes:
        """The 64-bit numbers of the identities that score `score` or more (reads the file again)."""
        best = (batch.filter(pc.greater_equal(batch.column("score"), score)) for batch in batches(self.file))
        return np.concatenate([np.empty(0, np.uint64), *(hash_rows(batch, ["user_id"]) for batch in best)])

    def holds(self, identities: pa.Array) -> npt.NDArray[np.bool_]:
        """Which of these identities are in the file."""
        hashes = hash_rows(pa.table({"user_id": identities}), ["user_id"])
        at = np.minimum(np.searchsorted(self.identities, hashes), self.rows - 1)
        return np.asarray(self.identities[at] == hashes, dtype=np.bool_)


def read_scores(file: Path, as_of: datetime, rows: int | None = None) -> Scores:
    """Check a scores file in one pass, in 16 bytes of memory a row.

    Args:
        file: the scores file.
        as_of: the run's as-of time; every row must carry it.
        rows: how many rows there must be, where that is known.

    Raises:
        DataError: a null or repeated identity, a score that is null, not a number or outside [0, 1], another as-of
            time, another number of rows, no rows at all. Names what was seen.
    """
    scores: list[npt.NDArray[np.float64]] = []
    identities: list[Hashes] = []
    content = 0
    for batch in batches(file):
        _check(batch, file, as_of)
        scores.append(batch.column("score").to_numpy(zero_copy_only=False))
        identities.append(hash_rows(batch, ["user_id"]))
        pairs = hash_rows(batch, ["user_id", "score"])
        content = (content + int(np.add.reduce(pairs, dtype=np.uint64))) & 0xFFFFFFFFFFFFFFFF
    found = sum(map(len, scores))
    if not found or (rows is not None and rows != found):
        raise DataError(f"{file} holds {found:,} scores where {rows or 'some'} were expected.", _REMEDY)
    known = np.sort(np.concatenate(identities))
    repeated = known[1:][known[1:] == known[:-1]]
    if len(repeated) and (twice := _really_twice(file, repeated[:1000])):
        raise DataError(f"{file} has more than one score for {', '.join(twice)}.", _REMEDY)
    return Scores(file, found, np.sort(np.concatenate(scores)), known, content)


def batches(file: Path) -> Iterator[pa.RecordBatch]:
    """The file's rows, a record batch at a time, with exactly user_id, as_of and score."""
    source = pq.ParquetFile(file)
    missing = {"user_id", "as_of", "score"} - set(source.schema_arrow.names)
    if missing:
        raise DataError(f"{file} has no column {', '.join(sorted(missing))}.", _REMEDY)
    for batch in source.iter_batches(BATCH_ROWS, columns=["user_id", "as_of", "score"]):
        if batch.num_rows:
            yield batch.set_column(batch.schema.get_field_index("score"), "score", batch.column("score").cast("double"))


def _check(batch: pa.RecordBatch, file: Path, as_of: datetime) -> None:
    for name in ("user_id", "as_of", "score"):
        if batch.column(name).null_count:
            raise DataError(f"{file} has {batch.column(name).null_count} rows without {name}.", _REMEDY)
    if pc.any(pc.equal(batch.column("user_id"), "")).as_py():
        raise DataError(f"{file} has rows with an empty user_id.", _REMEDY)
    score = batch.column("score").to_numpy(zero_copy_only=False)
    wrong = ~((score >= 0) & (score <= 1))
    if wrong.any():
        who = batch.column("user_id")[int(np.argmax(wrong))].as_py()
        raise DataError(
            f"{file} has {int(wrong.sum())} scores outside [0, 1], such as {score[wrong][0]} for {who!r}.", _REMEDY
        )
    moment = as_of.replace(tzinfo=as_of.tzinfo or UTC)
    other = pc.filter(batch.column("as_of"), pc.not_equal(_instants(batch.column("as_of")), _millis(moment)))
    if len(other):
        raise DataError(f"{file} has rows as of {other[0].as_py()}, the run is as of {moment.isoformat()}.", _REMEDY)


def _instants(values: pa.Array) -> pa.Array:
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("ms"))
    return values.cast(pa.timestamp("ms", tz=values.type.tz)).cast(pa.int64())


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _really_twice(file: Path, suspects: Hashes) -> list[str]:
    seen: dict[str, int] = {}
    for batch in batches(file):
        mask = np.isin(hash_rows(batch, ["user_id"]), suspects)
        for user in batch.column("user_id").filter(pa.array(mask)).to_pylist():
            seen[user] = seen.get(user, 0) + 1
    return sorted(repr(user) for user, count in seen.items() if count > 1)[:3]
