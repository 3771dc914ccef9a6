"""The merged view: for each identity and each field the latest ingested value that is not null (timestampOrdered).

In a dataset without upsert a newer record of a person replaces that dataset's older ones as a whole; with upsert each
of its fields is kept until a newer value comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local_platform.profile_store.engine import Engine, parquet
from local_platform.profile_store.ledger import Fragment

KEYS = ("@namespace", "@identity")
# Fragment numbers are multiplied by this before the row's place is added: the order of all records ever ingested.
_ROWS_PER_FRAGMENT = 1 << 32


@dataclass(frozen=True)
class Merged:
    """The merged profiles as a flat Parquet file: keys, ``@modified_ms``, ``@sources``, and ``types`` by leaf path."""

    file: Path
    profiles: int
    types: dict[str, str]


def merge(
    engine: Engine, directory: Path, fragments: list[Fragment], ingested_ms: dict[str, int], target: Path
) -> Merged:
    """Write the merged profiles of all fragments to ``target``.

    Args:
        directory: where fragment files are.
        ingested_ms: when each batch came in, for `lastModifiedAt`.
    """
    records = [fragment for fragment in fragments if fragment.kind == "record"]
    events = [fragment for fragment in fragments if fragment.kind == "event"]
    if not records and not events:
        count = engine.copy(_nothing(), target)
    else:
        count = engine.copy(_merged_sql(engine, directory, records, events, ingested_ms), target)
    return Merged(target, count, column_types(engine, [target]))


def column_types(engine: Engine, files: list[Path]) -> dict[str, str]:
    """DuckDB type by leaf path of flat files."""
    if not files:
        return {}
    with engine.cursor() as cursor:
        described = cursor.execute(f"DESCRIBE SELECT * FROM {parquet(files)}").fetchall()
    return {name: kind for name, kind, *_ in described if not name.startswith("@")}


def _nothing() -> str:
    return (
        'SELECT CAST(NULL AS VARCHAR) AS "@namespace", CAST(NULL AS VARCHAR) AS "@identity", '
        'CAST(0 AS BIGINT) AS "@modified_ms", CAST([] AS VARCHAR[]) AS "@sources" WHERE FALSE'
    )


def _merged_sql(
    engine: Engine, directory: Path, records: list[Fragment], events: list[Fragment], ingested_ms: dict[str, int]
) -> str:
    parts = []
    if records:
        paths = column_types(engine, [directory / fragment.file for fragment in records])
        latest = ", ".join(f'arg_max("{_q(path)}", "@seq") AS "{_q(path)}"' for path in paths)
        comma = ", " if latest else ""
        parts.append(
            f'SELECT "@namespace", "@identity", max("@modified_ms") AS "@modified_ms", '
            f'list_sort(list_distinct(list("@dataset"))) AS "@sources"{comma}{latest} '
            f"FROM ({_records_sql(directory, records, ingested_ms)}) GROUP BY ALL"
        )
    if events:
        files = [directory / fragment.file for fragment in events]
        seen = max(ingested_ms.get(fragment.batch_id, 0) for fragment in events)
        parts.append(
            f'SELECT DISTINCT "@namespace", "@identity", CAST({seen} AS BIGINT) AS "@modified_ms", '
            f'CAST([] AS VARCHAR[]) AS "@sources" FROM {parquet(files)}'
        )
    if len(parts) == 1:
        return f'{parts[0]} ORDER BY "@namespace", "@identity"'
    # People known from events alone are profiles too; a record's own columns win where both exist.
    return (
        f"WITH r AS ({parts[0]}), e AS ({parts[1]}) SELECT * FROM (SELECT * FROM r UNION ALL BY NAME "
        'SELECT * FROM e ANTI JOIN r USING ("@namespace", "@identity")) ORDER BY "@namespace", "@identity"'
    )


def _records_sql(directory: Path, records: list[Fragment], ingested_ms: dict[str, int]) -> str:
    by_file = ", ".join(
        f"('{str(directory / fragment.file).replace(chr(39), chr(39) * 2)}', {fragment.number}, "
        f"'{fragment.dataset_id}', {ingested_ms.get(fragment.batch_id, 0)})"
        for fragment in records
    )
    files = parquet([directory / fragment.file for fragment in records])
    every = (
        f'SELECT f.* EXCLUDE (filename, "@row"), b.number * {_ROWS_PER_FRAGMENT} + f."@row" AS "@seq", '
        f'b.dataset AS "@dataset", b.ms AS "@modified_ms" '
        f"FROM {files.replace('union_by_name = true', 'union_by_name = true, filename = true')} f "
        f"JOIN (VALUES {by_file}) b(file, number, dataset, ms) ON f.filename = b.file"
    )
    replaced = sorted({fragment.dataset_id for fragment in records if not fragment.upsert})
    if not replaced:
        return every
    names = ", ".join(f"'{id}'" for id in replaced)
    return (
        f'SELECT * FROM ({every}) WHERE "@dataset" NOT IN ({names}) UNION ALL BY NAME '
        f'SELECT * FROM ({every}) WHERE "@dataset" IN ({names}) QUALIFY row_number() OVER '
        '(PARTITION BY "@dataset", "@namespace", "@identity" ORDER BY "@seq" DESC) = 1'
    )


def _q(name: str) -> str:
    return name.replace('"', '""')
