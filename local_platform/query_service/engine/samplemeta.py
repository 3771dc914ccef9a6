"""sample_meta: what samples a table has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local_platform.lake import Dataset, Lake
from local_platform.query_service.compiler.casts import literal_text
from local_platform.query_service.compiler.scope import Query
from local_platform.query_service.sql.types import BIGINT, DOUBLE, STRING, Type

SAMPLE_TAG = "queryService/sampleOf"
_COLUMNS: list[tuple[str, Type]] = [
    ("sample_table_name", STRING),
    ("sample_dataset_id", STRING),
    ("parent_dataset_id", STRING),
    ("sample_type", STRING),
    ("sampling_rate", DOUBLE),
    ("filter_condition_on_source_dataset", STRING),
    ("sample_num_rows", BIGINT),
    ("created", STRING),
]


def sample_rows(lake: Lake, dataset: Dataset) -> Query:
    """One row for each sample of a table, oldest first."""
    rows = [_row(dataset, each) for each in lake.datasets() if each.tags.get(SAMPLE_TAG) == [dataset.id]]
    if not rows:
        empty = ", ".join(f"CAST(NULL AS {type.duck}) AS c{place}" for place, (_, type) in enumerate(_COLUMNS))
        return Query(f"SELECT {empty} WHERE false", list(_COLUMNS))
    return Query(" UNION ALL ".join(_select(row) for row in rows), list(_COLUMNS))


def _row(dataset: Dataset, sample: Dataset) -> list[Any]:
    kept = sample.properties.get("queryService", {})
    created = datetime.fromtimestamp(sample.created_ms / 1000, UTC).strftime("%d/%m/%Y %H:%M:%S")
    facts = [kept.get("rate"), kept.get("condition") or None, kept.get("rows")]
    return [sample.table_name, sample.id, dataset.id, "uniform", *facts, created]


def _select(row: list[Any]) -> str:
    parts = [
        f"CAST({'NULL' if value is None else literal_text(str(value))} AS {type.duck}) AS c{place}"
        for place, (value, (_, type)) in enumerate(zip(row, _COLUMNS, strict=True))
    ]
    return f"SELECT {', '.join(parts)}"
