"""Score rows in the shape of the scores dataset's schema: one nested XDM record an identity, as Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from runner.platform import Platform
from runner.publishing.scores import Scores, batches
from runner.settings import Settings, UseCase

Field = Literal["score", "percentile", "asOf", "runId", "modelVersion", "eligible", "reason"]
ROWS_PER_FILE = 1_000_000
"""About 40 MB of Parquet: far below the 256 MB that one upload should hold."""
ROWS_PER_BATCH = 10_000_000
"""Few large batches: Profile takes 90 a day."""


@dataclass(frozen=True)
class ScoreFields:
    """Where a use case's score lives, in XDM and (same words) in SQL and PQL.

    Args:
        tenant: the organisation's namespace without the underscore.
        use_case: name of the use case.
        identity: dotted path of the person key, with the tenant filled in.
    """

    tenant: str
    use_case: str
    identity: str

    def path(self, name: Field) -> str:
        """The dotted path of one field of the score."""
        return f"_{self.tenant}.propensity.{self.use_case}.{name}"


def fields_of(settings: Settings, use_case: UseCase, platform: Platform) -> ScoreFields:
    """The paths of a use case in this sandbox; the tenant is asked from the Schema Registry when it is not set."""
    tenant = (settings.tenant or platform.schemas.tenant()).lstrip("_")
    return ScoreFields(tenant, use_case.name, settings.identity.path.replace("{tenant}", tenant))


@dataclass(frozen=True)
class RunFacts:
    """What every row of one run carries."""

    run_id: str
    as_of: datetime
    model_version: str


def write_eligible(
    scores: Scores,
    fields: ScoreFields,
    facts: RunFacts,
    directory: Path,
    rows_per_file: int = ROWS_PER_FILE,
    rows_per_batch: int = ROWS_PER_BATCH,
) -> list[list[Path]]:
    """Write every score with its percentile, in the order of the scores file; the files of each batch to come."""
    parts: list[list[Path]] = []
    writer: pq.ParquetWriter | None = None
    written = file_end = 0
    try:
        for batch in batches(scores.file):
            start = 0
            while start < batch.num_rows:
                if written == file_end:
                    if writer is not None:
                        writer.close()
                    if written % rows_per_batch == 0:
                        parts.append([])
                    file_end = min(written + rows_per_file, len(parts) * rows_per_batch)
                    parts[-1].append(directory / f"scores-{len(parts) - 1:03d}-{len(parts[-1]):05d}.parquet")
                    writer = pq.ParquetWriter(parts[-1][-1], schema(fields), compression="snappy")
                assert writer is not None
                piece = batch.slice(start, file_end - written)
                writer.write_batch(_eligible(piece, scores, fields, facts))
                start, written = start + piece.num_rows, written + piece.num_rows
    finally:
        if writer is not None:
            writer.close()
    return parts


def write_not_eligible(
    people: Sequence[tuple[str, str]], fields: ScoreFields, facts: RunFacts, directory: Path
) -> list[Path]:
    """Write an explicit not-eligible row, without a score, for each (identity, reason). No file when there is none."""
    if not people:
        return []
    file = directory / "not-eligible.parquet"
    values = {
        "score": pa.nulls(len(people), pa.float64()),
        "percentile": pa.nulls(len(people), pa.int32()),
        "eligible": pa.array([False] * len(people)),
        "reason": pa.array([reason for _, reason in people], pa.string()),
    }
    identities = pa.array([who for who, _ in people], pa.string())
    with pq.ParquetWriter(file, schema(fields), compression="snappy") as writer:
        writer.write_batch(_records(identities, values, fields, facts))
    return [file]


def schema(fields: ScoreFields) -> pa.Schema:
    """The Arrow schema of a score record."""
    none = RunFacts("", datetime(1970, 1, 1), "")
    empty = {
        "score": pa.array([], pa.float64()),
        "percentile": pa.array([], pa.int32()),
        "eligible": pa.array([], pa.bool_()),
        "reason": pa.array([], pa.string()),
    }
    return _records(pa.array([], pa.string()), empty, fields, none).schema


def nest(columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """Columns named by dotted path, as a record batch of structs: {"a.b": x, "a.c": y} has one column `a`."""
    tree: dict[str, Any] = {}
    for path, values in columns.items():
        *parents, leaf = path.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = values
    return pa.RecordBatch.from_pydict({name: _grow(part) for name, part in tree.items()})


def _grow(part: Any) -> pa.Array:
    if not isinstance(part, dict):
        return part
    return pa.StructArray.from_arrays([_grow(p) for p in part.values()], names=list(part))


def _eligible(batch: pa.RecordBatch, scores: Scores, fields: ScoreFields, facts: RunFacts) -> pa.RecordBatch:
    score = batch.column("score")
    values = {
        "score": score,
        "percentile": pa.array(scores.percentiles(score.to_numpy(zero_copy_only=False))),
        "eligible": pa.array(np.ones(batch.num_rows, dtype=bool)),
        "reason": pa.nulls(batch.num_rows, pa.string()),
    }
    return _records(batch.column("user_id").cast(pa.string()), values, fields, facts)


def _records(
    identities: pa.Array, values: Mapping[str, pa.Array], fields: ScoreFields, facts: RunFacts
) -> pa.RecordBatch:
    rows = len(identities)
    # XDM date-times are milliseconds; Parquet files of nanoseconds are refused on ingestion.
    as_of = pa.repeat(pa.scalar(facts.as_of, pa.timestamp("ms", tz="UTC")), rows)
    return nest(
        {
            fields.identity: identities,
            fields.path("score"): values["score"],
            fields.path("percentile"): values["percentile"],
            fields.path("asOf"): as_of,
            fields.path("runId"): pa.repeat(pa.scalar(facts.run_id), rows),
            fields.path("modelVersion"): pa.repeat(pa.scalar(facts.model_version), rows),
            fields.path("eligible"): values["eligible"],
            fields.path("reason"): values["reason"],
        }
    )
