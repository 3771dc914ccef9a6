"""Dataset export: everything once, increments after, as Parquet or JSON files in the landing zone.

Layout: ``{path}/{dataset id or folder template}/exportTime=YYYYMMDDHHMM/part-00000-{run}.parquet``.
"""

from __future__ import annotations

import gzip
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from local_platform.context import Context
from local_platform.lake import DataFile, Dataset
from local_platform.landing_zone import CONTAINERS
from local_platform.services.flows.runs import OPEN, records
from local_platform.services.flows.state import FlowState
from local_platform.services.flows.templates import render, safe_path

log = logging.getLogger("local_platform.flows")

Json = dict[str, Any]
_PROGRESS = "flows.progress"
# Export of a small dataset; runs of the real service take minutes (no figure is documented).
RUN_SECONDS = 120.0
# Event exports leave out rows older than this.
EVENT_DAYS = 365


def request(context: Context, flow_id: str, dataset_ids: list[str]) -> str:
    """Record a run for datasets of a flow and start it soon; returns its id."""
    run_id = FlowState(context).runs.create(flow_id, {"kind": "datasets", "datasets": dataset_ids})
    submit(context, run_id)
    return run_id


def submit(context: Context, run_id: str) -> None:
    """Let a recorded run be processed after its time."""
    runs = FlowState(context).runs
    context.jobs.submit(f"run {run_id} starts", lambda: runs.start(run_id))
    context.jobs.submit(f"run {run_id}", lambda: execute(context, run_id), after_seconds=RUN_SECONDS)


def execute(context: Context, run_id: str) -> None:
    """Do what a recorded run asks for. Repeated after a crash it writes the same files again."""
    state = FlowState(context)
    work, run = state.runs.work(run_id), state.runs.get(run_id)
    if work is None or run is None or state.runs.status(run_id) not in OPEN:
        return
    flow_id = str(run["flowId"])
    try:
        flow = state.get("flows", flow_id).body
        exporter = _Exporter(context, state, flow_id, flow, run_id, _time(int(run["createdAt"])))
        summary, progress = exporter.export(list(work["datasets"]))
    except Exception as fault:
        # A run that cannot be done is a failed run, not a failed platform.
        log.exception("Run %s of flow %s failed", run_id, flow_id)
        state.runs.fail(run_id, f"Job aborted. {fault}")
        return
    with context.database.write():
        for dataset_id, snapshot_id in progress.items():
            context.documents.put(_PROGRESS, f"{flow_id}:{dataset_id}", {"snapshot": snapshot_id})
        state.runs.succeed(run_id, summary)


class _Exporter:
    def __init__(self, context: Context, state: FlowState, flow_id: str, flow: Json, run_id: str, at: datetime) -> None:
        self._context = context
        self._state = state
        self._flow_id, self._flow, self._run_id, self._at = flow_id, flow, run_id, at
        self._params: Json = state.target_of(flow)["params"]
        self._incremental = flow["scheduleParams"]["exportMode"] == "FIRST_FULL_THEN_INCREMENTAL"

    def export(self, dataset_ids: list[str]) -> tuple[Json, dict[str, int]]:
        """Write all files; returns the run's summaries and the last snapshot exported of each dataset."""
        progress: dict[str, int] = {}
        rows_in = rows_out = bytes_in = bytes_out = files_in = files_out = 0
        for dataset_id in dataset_ids:
            dataset = self._context.lake.dataset(dataset_id)
            snapshots = self._context.lake.snapshots(dataset_id)
            for number, file in enumerate(self._files(dataset_id, snapshots[-1].id) if snapshots else []):
                rows, size = self._write(dataset, file, number)
                rows_in, bytes_in, files_in = rows_in + file.records, bytes_in + file.bytes, files_in + 1
                if rows:
                    rows_out, bytes_out, files_out = rows_out + rows, bytes_out + size, files_out + 1
            if snapshots:
                progress[dataset_id] = snapshots[-1].id
        skipped = rows_in - rows_out
        reason = {"code": "ACTIVATION_BATCH-0000-SKIP", "message": f"Events older than {EVENT_DAYS} days.",
                  "count": skipped}  # fmt: skip
        summary = {
            "sizeSummary": {"inputBytes": bytes_in, "outputBytes": bytes_out},
            "recordSummary": records(rows_in, rows_out, skipped=[reason] if skipped else None),
            "fileSummary": {"inputFileCount": files_in, "outputFileCount": files_out},
        }
        return summary, progress

    def _files(self, dataset_id: str, up_to: int) -> list[DataFile]:
        stored = self._context.documents.get(_PROGRESS, f"{self._flow_id}:{dataset_id}")
        known = {snapshot.id for snapshot in self._context.lake.snapshots(dataset_id)}
        after = stored.body["snapshot"] if stored is not None and self._incremental else None
        return self._context.lake.data_files(dataset_id, after=after if after in known else None, up_to=up_to)

    def _write(self, dataset: Dataset, file: DataFile, number: int) -> tuple[int, int]:
        """One file of the landing zone for one file of the lake; returns rows and bytes."""
        table = _readable(file.path, dataset, self._context.clock.now())
        if table is None or table.num_rows == 0:
            return 0, 0
        kind, packed = self._params["datasetFileType"], self._params.get("compression", "NONE") == "GZIP"
        extension = "json.gz" if kind == "JSON" else ("gz.parquet" if packed else "parquet")
        name = f"part-{number:05d}-{self._run_id}.{extension}"
        key = "/".join(part for part in (self._folder(dataset), name) if part)

        def fill(target: Path) -> None:
            if kind == "JSON":
                _write_json(table, target)
            else:
                pq.write_table(table, target, compression="gzip" if packed else "snappy")

        return table.num_rows, self._context.landing_zone.write(CONTAINERS["dlz_destination"], key, fill)

    def _folder(self, dataset: Dataset) -> str:
        path = safe_path(self._params.get("path") or self._params.get("remotePath") or "")
        template = self._flow["scheduleParams"].get("folderNameTemplate")
        values = {
            "DESTINATION": self._state.destination_name(self._flow),
            "DESTINATION_NAME": self._state.destination_name(self._flow),
            "DATASET_ID": dataset.id,
            "DATASET_NAME": dataset.name,
            "DESTINATION_INSTANCE_ID": self._flow_id,
            "ORGANIZATION_NAME": self._context.options.org_id,
            "SANDBOX_NAME": self._context.options.sandbox,
        }
        folder = render(str(template), values, self._at) if template else dataset.id
        return "/".join(part for part in (path, folder, f"exportTime={self._at:%Y%m%d%H%M}") if part)


def _readable(path: Path, dataset: Dataset, now: datetime) -> pa.Table | None:
    """The file's rows in the dataset's present columns; without events older than the limit."""
    table = pq.read_table(path)
    names = set(table.schema.names)
    columns = [
        table[field.name].cast(field.type) if field.name in names else pa.nulls(table.num_rows, field.type)
        for field in dataset.schema
    ]
    table = pa.table(dict(zip(dataset.schema.names, columns, strict=True)), schema=dataset.schema)
    if "timestamp" in names and "_id" in names and pa.types.is_timestamp(dataset.schema.field("timestamp").type):
        limit = pa.scalar(now - timedelta(days=EVENT_DAYS), dataset.schema.field("timestamp").type)
        table = table.filter(pc.greater_equal(table["timestamp"], limit))
    return table


def _write_json(table: pa.Table, target: Path) -> None:
    """Newline-delimited JSON, gzipped: JSON exports are always compressed."""
    import json

    with gzip.open(target, "wt", encoding="utf-8") as out:
        for batch in table.to_batches(max_chunksize=8_192):
            for row in batch.to_pylist(maps_as_pydicts="lossy"):
                out.write(json.dumps(_plain(row), ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def due_times(flow: Json, created_ms: int, after: datetime, until: datetime) -> list[datetime]:
    """Times in (after, until] at which a flow's schedule exports its datasets."""
    schedule = flow["scheduleParams"]
    start = datetime.fromtimestamp(int(schedule["startTime"]), UTC)
    end = datetime.fromtimestamp(int(schedule.get("endTime") or 10**11), UTC)
    # What was due before the flow existed is not made up for, except a one-time export, which runs at once.
    earliest = max(after, _time(created_ms) - timedelta(milliseconds=1))
    if int(schedule["interval"]) == 0:
        moment = max(start, _time(created_ms))
        return [moment] if earliest < moment <= min(until, end) else []
    step = timedelta(hours=int(schedule["interval"]) if schedule["timeUnit"] == "hour" else 24)
    skipped = max(0, -(-(earliest - start) // step)) if earliest > start else 0
    moment = start + skipped * step
    found: list[datetime] = []
    while moment <= min(until, end):
        if moment > earliest:
            found.append(moment)
        moment += step
    return found
