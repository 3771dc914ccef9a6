"""The landing-zone route: one dataflow per dataset writes Parquet to the Data Landing Zone, and we read it there.

The dataflow exports everything once and increments after, into one folder per export. All folders are read, the run's
rows kept, repeats dropped, and the count reconciled with SQL. Whatever is missing (files live seven days) sends us to
the Data Access route instead, and the card says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as fs

from runner.contract import Contract
from runner.errors import Conflict, DataError, PlatformError
from runner.export.data_access import read_batches, still_there, visible_batches
from runner.export.exported import Exported, staged
from runner.export.request import Log, Request, quiet, request
from runner.export.rows import RunRows
from runner.platform import Platform
from runner.platform.flows import (
    ALREADY_RUNNING,
    DATA_LAKE,
    EXPORT_TO_LANDING_ZONE,
    LANDING_ZONE,
    NOT_READY,
    Flow,
    FlowRun,
)
from runner.platform.landing_zone import LandingZoneFiles
from runner.sql import SqlClient

CONNECTION = "propensity landing zone"
"""Name of the base connection that exports and activations share."""
_A_YEAR = timedelta(days=365)


class _Incomplete(Exception):
    """The landing zone does not hold the run; the text says why."""


def export_landing_zone(
    platform: Platform,
    sql: SqlClient,
    dataset: str,
    run_id: str,
    out_dir: Path,
    contract: Contract,
    *,
    folder: str = "propensity",
    manifest_file: Path | None = None,
    seconds: float = 3600,
    log: Log = quiet,
    sleep: Callable[[float], None] = time.sleep,
) -> Exported:
    """Export one run through the Data Landing Zone.

    Args:
        dataset: name of the dataset.
        out_dir: becomes the export's directory in one step; one that is complete for this run is reused.
        folder: our folder in the zone.
        seconds: how long to wait for the dataflow.
        log: told about every wait.

    Returns:
        The export. Its `route` is "data_access", with a note, when the zone did not hold the run completely.

    Raises:
        DataError: rows missing or repeated on the Data Access route as well.
        PlatformError: permission, credentials, or a service that fails.
    """
    wanted = request(platform, sql, dataset, run_id, out_dir, contract, manifest_file=manifest_file, log=log)
    if (found := wanted.finished()) is not None and still_there(wanted, found, "landing_zone"):
        log(f"{dataset}: run {run_id} is exported already ({found.rows:,} rows).")
        return found
    try:
        with staged(out_dir) as stage:
            return _through_zone(wanted, stage, folder, _Clock(seconds, sleep))
    except _Incomplete as reason:
        log(f"{dataset}: {reason} Reading the batches through Data Access instead.")
        with staged(out_dir) as stage:
            return read_batches(replace(wanted, note=str(reason)), stage)


class _Clock:
    def __init__(self, seconds: float, sleep: Callable[[float], None]) -> None:
        self._end = time.monotonic() + seconds
        self._sleep = sleep

    def wait(self, seconds: float, what: str) -> None:
        """Sleep, or raise when the time allowed would be over."""
        if time.monotonic() + seconds > self._end:
            raise _Incomplete(f"{what} within the time allowed.")
        self._sleep(seconds)


def _through_zone(wanted: Request, stage: Path, folder: str, clock: _Clock) -> Exported:
    platform, dataset = wanted.platform, wanted.dataset
    if dataset.id not in {d.id for d in platform.flows.exportable_datasets()}:
        raise _Incomplete(f"{dataset.name} is not among the datasets that the licence allows to export.")
    path = f"{folder}/export/{dataset.name}-{dataset.id}"
    # Files do not tell the batches that they are of: should any of these be taken out, this export is made anew.
    batches = tuple(batch.id for batch in visible_batches(wanted))
    flow = _dataflow(wanted, path)
    _covering_run(wanted, flow, clock)
    rows = wanted.gatherer(stage)
    _read(wanted, rows, path)
    repeats = rows.drop_repeats()
    if repeats:
        wanted.log(f"{dataset.name}: {repeats:,} rows were in more than one export and counted once.")
    if rows.rows != wanted.rows:
        raise _Incomplete(f"The landing zone holds {rows.rows:,} of {wanted.rows:,} rows of run {wanted.run_id}.")
    try:
        return wanted.finish(stage, rows, "landing_zone", batches)
    except DataError as error:
        raise _Incomplete(error.message) from None


def _dataflow(wanted: Request, path: str) -> Flow:
    """The dataset's one dataflow. The id in its name makes a dataset that was made anew get a dataflow of its own."""
    flows, dataset = wanted.platform.flows, wanted.dataset
    name = f"propensity export {dataset.name} {dataset.id}"
    if (found := flows.find_flow(name)) is not None:
        return found
    datasets = [{"dataSetId": dataset.id, "name": dataset.name}]
    source = flows.ensure_source_connection(f"{name} source", DATA_LAKE, {"datasets": datasets})
    target = flows.ensure_target_connection(
        f"{name} target",
        flows.ensure_connection(CONNECTION, LANDING_ZONE),
        LANDING_ZONE,
        {"mode": "Server-to-server", "path": path, "compression": "NONE", "datasetFileType": "PARQUET"},
    )
    # The schedule starts in a year: until then only our ad hoc runs copy data out of the lake.
    start = datetime.now(UTC) + _A_YEAR
    schedule = {
        "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
        "timeUnit": "day",
        "interval": 1,
        "startTime": int(start.timestamp()),
        "endTime": int((start + _A_YEAR).timestamp()),
    }
    return flows.ensure_flow(name, EXPORT_TO_LANDING_ZONE, [source], [target], schedule=schedule)


def _covering_run(wanted: Request, flow: Flow, clock: _Clock) -> FlowRun:
    """A successful run that began after the dataset's newest batch, followed or asked for."""
    newest = max(
        (
            b.completed_ms or b.created_ms
            for b in wanted.platform.catalog.batches(dataset_id=wanted.dataset.id, status="success")
        ),
        default=0,
    )
    for run in wanted.platform.flows.runs(flow.id):
        if run.created_ms > newest and run.state != "failed":
            return _followed(wanted, run.id, clock)
    while True:
        run = _followed(wanted, _asked(wanted, flow, clock), clock)
        if run.created_ms > newest:
            return run
        wanted.log(f"{wanted.dataset.name}: that export began before the run was complete; asking for another.")


def _asked(wanted: Request, flow: Flow, clock: _Clock) -> str:
    while True:
        try:
            return wanted.platform.destinations.export_now(flow.id, [wanted.dataset.id])
        except Conflict as error:
            if error.code == ALREADY_RUNNING:
                if going_on := [r for r in wanted.platform.flows.runs(flow.id) if r.state == "running"]:
                    return going_on[0].id
            elif error.code != NOT_READY:
                raise
            wanted.log(f"{wanted.dataset.name}: the dataflow is not ready for export yet; asking again in a minute.")
            clock.wait(60, "The dataflow did not become ready for export")


def _followed(wanted: Request, run_id: str, clock: _Clock) -> FlowRun:
    delay = 0.2
    while True:
        run = wanted.platform.flows.run(run_id)
        if run.state == "success":
            return run
        if run.state == "failed":
            raise _Incomplete(f"The export run {run_id} failed: {'; '.join(run.errors) or run.reported}.")
        clock.wait(delay, f"The export run {run_id} did not finish")
        delay = min(30.0, delay * 1.6)
        wanted.log(f"{wanted.dataset.name}: export run {run_id} is {run.reported or 'starting'}.")


def _read(wanted: Request, rows: RunRows, path: str) -> None:
    """Gather the run's rows from every Parquet file of every export folder, with credentials fetched just now."""
    zone = wanted.platform.landing_zone.open()
    for file in _parquet_files(zone, path):
        try:
            _gather(zone, rows, file)
        except (OSError, pa.ArrowInvalid):
            # Credentials are short-lived: once more with fresh ones before the zone counts as incomplete.
            zone = wanted.platform.landing_zone.open()
            try:
                _gather(zone, rows, file)
            except (OSError, pa.ArrowInvalid) as error:
                raise _Incomplete(f"{file} could not be read from the landing zone: {zone.said(error)}.") from None


def _gather(zone: LandingZoneFiles, rows: RunRows, file: str) -> None:
    rows.discard(file)
    rows.add(file, file, zone.filesystem)


def _parquet_files(zone: LandingZoneFiles, path: str) -> list[str]:
    chosen = fs.FileSelector(zone.path(path), recursive=True, allow_not_found=True)
    try:
        found = zone.filesystem.get_file_info(chosen)
    except OSError as error:
        raise PlatformError(
            f"The landing zone refused to list {path}: {zone.said(error)}.",
            "Check the outgoing network, and AWS_ENDPOINT_URL_S3 where the zone is local.",
            service="Data Landing Zone",
        ) from None
    return sorted(info.path for info in found if info.type == fs.FileType.File and info.path.endswith(".parquet"))
