"""The Data Access route, the default: the Parquet files of the dataset's batches, straight from the lake.

The list of successful batches is pinned, newest first. Batches are read until SQL's count of the run is reached, so a
nightly run reads its own batch and not the history. The run column decides what is kept; batch ids only narrow the
download. A batch that is replaced while it is read is dropped, and the list pinned anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from runner.contract import Contract
from runner.errors import DataError, NotFound
from runner.export.exported import Exported, staged
from runner.export.request import Log, Request, quiet, request
from runner.export.rows import RunRows
from runner.platform import Batch, Platform
from runner.sql import SqlClient

_ROUNDS = 5


def export_data_access(
    platform: Platform,
    sql: SqlClient,
    dataset: str,
    run_id: str,
    out_dir: Path,
    contract: Contract,
    *,
    manifest_file: Path | None = None,
    batches: Collection[str] = (),
    log: Log = quiet,
) -> Exported:
    """Export one run through Data Access.

    Args:
        dataset: name of the dataset.
        out_dir: becomes the export's directory in one step; one that is complete for this run is reused.
        manifest_file: the dbt manifest the contract came from; copied beside the rows.
        batches: ids of batches known to hold the run; they are read first.

    Raises:
        NotFound: there is no such dataset.
        DataError: the run has no rows; the files hold another number of rows than SQL counts; a key is null or twice.
        PlatformError: permission, credentials, or a service that fails.
    """
    wanted = request(platform, sql, dataset, run_id, out_dir, contract, manifest_file=manifest_file, log=log)
    if (found := wanted.finished()) is not None and still_there(wanted, found, "data_access"):
        log(f"{dataset}: run {run_id} is exported already ({found.rows:,} rows).")
        return found
    with staged(out_dir) as stage:
        return read_batches(wanted, stage, batches)


def read_batches(wanted: Request, stage: Path, first: Collection[str] = ()) -> Exported:
    """Gather the run from the dataset's batches into `stage`, reconcile, and write the card there."""
    rows = wanted.gatherer(stage)
    download = stage / "download"
    seen: set[str] = set()
    for _ in range(_ROUNDS):
        pinned = visible_batches(wanted, first)
        alive = {b.id for b in pinned}
        for gone in [unit for unit in rows.units if unit not in alive]:
            rows.discard(gone)
        changed = _gather(wanted, rows, [b for b in pinned if b.id not in seen], download, seen)
        if not changed and rows.rows == wanted.rows:
            break
        # Somebody may have added to the run or replaced batches of it since it was counted.
        counted = wanted.sql.count(wanted.dataset.table_name, wanted.where)
        if not changed and counted == wanted.rows:
            break
        wanted = replace(wanted, rows=counted)
    shutil.rmtree(download, ignore_errors=True)
    if rows.rows != wanted.rows:
        raise DataError(
            f"The files of {wanted.dataset.name} hold {rows.rows:,} rows of run {wanted.run_id}, "
            f"SQL counts {wanted.rows:,} (batches read: {', '.join(rows.units) or 'none had any'}).",
            "Nothing was exported. If a batch was added or replaced just now, export again; else build the run again.",
        )
    return wanted.finish(stage, rows, "data_access", rows.units)


def _gather(wanted: Request, rows: RunRows, pinned: list[Batch], download: Path, seen: set[str]) -> bool:
    """Read pinned batches until the count is reached; True when one of them went away meanwhile."""
    for batch in pinned:
        if rows.rows >= wanted.rows:
            break
        try:
            _read(wanted, rows, batch.id, download)
            seen.add(batch.id)
        except NotFound:
            if wanted.platform.catalog.batch(batch.id).state == "success":
                raise
            wanted.log(f"{wanted.dataset.name}: batch {batch.id} was replaced while it was read; looking again.")
            rows.discard(batch.id)
            return True
    alive = {b.id for b in visible_batches(wanted)}
    return any(unit not in alive for unit in rows.units)


def _read(wanted: Request, rows: RunRows, batch_id: str, download: Path) -> None:
    found = 0
    for part in wanted.platform.access.download_batch(batch_id, download):
        found += rows.add(batch_id, part.path)
        part.path.unlink()
    if found:
        wanted.log(f"{wanted.dataset.name}: batch {batch_id} holds {found:,} of {wanted.rows:,} rows.")


def visible_batches(wanted: Request, first: Collection[str] = ()) -> list[Batch]:
    """The batches that are visible now, those known to hold the run first, then the newest."""
    batches = wanted.platform.catalog.batches(dataset_id=wanted.dataset.id, status="success")
    visible = [b for b in batches if b.state == "success" and b.output_records != 0]
    return sorted(visible, key=lambda b: (b.id not in first, -b.created_ms))


def still_there(wanted: Request, found: Exported, route: str) -> bool:
    """Whether an earlier export went by that route, and the batches it holds are all still visible."""
    visible = {b.id for b in visible_batches(wanted)}
    return found.route == route and not found.note and set(found.batches) <= visible
