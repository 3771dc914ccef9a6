"""Landing zone to dataset: files of the drop zone, mapped by a mapping set, ingested as one batch a run.

A run takes the files that this flow has not taken in yet. Bodies as in Adobe's tutorial on the Data Landing Zone
source; that a row which cannot be mapped fails the run, as it fails a batch, is the stricter reading (unconfirmed).
"""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from local_platform.context import Context
from local_platform.lake import VISIBLE_STATES, Batch
from local_platform.landing_zone import CONTAINERS
from local_platform.services.data_access.state import plain
from local_platform.services.data_prep.state import MappingSets
from local_platform.services.flows.runs import OPEN, records
from local_platform.services.flows.state import FlowState
from local_platform.services.ingestion.state import Ingestion

log = logging.getLogger("local_platform.flows")

Json = dict[str, Any]
FOLDER = CONTAINERS["user_drop_zone"]
# Minutes, as for exports; no figure is documented.
RUN_SECONDS = 120.0
_PROGRESS = "flows.progress"
_SAMPLE_ROWS = 8
_DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|"}
_MOST_TOLD = 5


class CannotImport(Exception):
    """The run cannot be done; the text says why."""


def request(context: Context, flow_id: str) -> str:
    """Record a run of a flow and start it soon; returns its id."""
    run_id = FlowState(context).runs.create(flow_id, {"kind": "import"})
    submit(context, run_id)
    return run_id


def submit(context: Context, run_id: str) -> None:
    """Let a recorded run be processed after its time."""
    runs = FlowState(context).runs
    context.jobs.submit(f"run {run_id} starts", lambda: runs.start(run_id))
    context.jobs.submit(f"run {run_id}", lambda: execute(context, run_id), after_seconds=RUN_SECONDS)


def execute(context: Context, run_id: str) -> None:
    """Do a recorded run. Repeated after a crash it finds its batch by its externalId and doubles nothing."""
    state = FlowState(context)
    run = state.runs.get(run_id)
    if run is None or state.runs.status(run_id) not in OPEN:
        return
    flow_id = str(run["flowId"])
    try:
        flow = state.get("flows", flow_id).body
        taken, summary = _Import(context, state, flow_id, flow, run_id).run()
    except Exception as fault:
        # A run that cannot be done is a failed run, not a failed platform.
        if not isinstance(fault, CannotImport):
            log.exception("Run %s of flow %s failed", run_id, flow_id)
        state.runs.fail(run_id, str(fault))
        return
    with context.database.write():
        if taken:
            before = _taken(context, flow_id)
            context.documents.put(_PROGRESS, f"{flow_id}:files", {"keys": sorted({*before, *taken})})
        state.runs.succeed(run_id, summary)


class _Import:
    def __init__(self, context: Context, state: FlowState, flow_id: str, flow: Json, run_id: str) -> None:
        self._context, self._flow_id, self._run_id = context, flow_id, run_id
        self._source = state.source_of(flow)
        self._dataset_id = str(state.target_of(flow)["params"]["dataSetId"])
        self._mapping_id = mapping_of(flow)

    def run(self) -> tuple[list[str], Json]:
        """Ingest what is new; returns the keys taken and the run's summaries."""
        keys = [key for key in files_of(self._context, self._source) if key not in _taken(self._context, self._flow_id)]
        if not keys:
            return [], self._summary(0, 0, 0, 0, 0)
        mapper = self._mapper()
        lines: list[bytes] = []
        refused: list[str] = []
        size = rows = 0
        for key in keys:
            content = self._context.landing_zone.read(FOLDER, key) or b""
            size += len(content)
            for number, row in enumerate(_rows(content, self._source, key), start=1):
                rows += 1
                data, wrong = mapper(row)
                refused += [f"{key}, row {number}: {item}" for item in wrong]
                lines.append(json.dumps(data, default=str).encode())
        if refused:
            told = "; ".join(refused[:_MOST_TOLD])
            raise CannotImport(f"MAPPER-3700-400: {len(refused)} values could not be mapped: {told}")
        batch = self._ingested(b"\n".join(lines) + b"\n")
        written = int(batch.metrics.get("outputRecordCount", rows))
        return keys, self._summary(rows, written, size, int(batch.metrics.get("outputByteSize", 0)), len(keys))

    def _mapper(self) -> Any:
        if self._mapping_id is None:
            return lambda row: (dict(row), [])
        sets = MappingSets(self._context)
        mapper = sets.mapper(sets.get(self._mapping_id))

        def mapped(row: Json) -> tuple[Json, list[str]]:
            data, refused = mapper.map(row)
            return data, [f"{item.destination}: {item.message}" for item in refused]

        return mapped

    def _ingested(self, content: bytes) -> Batch:
        ingestion = Ingestion(self._context)
        earlier = self._context.lake.batches(external_id=self._run_id)
        for batch in earlier:
            if batch.status in VISIBLE_STATES:
                return batch
        external_id = self._run_id if not earlier else f"{self._run_id}-{len(earlier)}"
        body = {"datasetId": self._dataset_id, "inputFormat": {"format": "json"}, "externalId": external_id}
        batch = ingestion.create(body)
        batch = ingestion.promote_content(batch, f"{self._run_id}.json", content)
        if batch.status not in VISIBLE_STATES:
            found = "; ".join(str(error.get("description")) for error in batch.errors)
            raise CannotImport(f"The batch {batch.id} failed: {found}")
        return batch

    def _summary(self, rows: int, written: int, size: int, stored: int, files: int) -> Json:
        return {
            "sizeSummary": {"inputBytes": size, "outputBytes": stored},
            "recordSummary": records(rows, written),
            "fileSummary": {"inputFileCount": files, "outputFileCount": 1 if written else 0},
        }


def mapping_of(flow: Json) -> str | None:
    """The id of the mapping set that a flow names in its first transformation, or None."""
    for transformation in flow.get("transformations") or []:
        id = (transformation.get("params") or {}).get("mappingId") if isinstance(transformation, dict) else None
        if id:
            return str(id)
    return None


def due_times(flow: Json, created_ms: int, after: datetime, until: datetime) -> Iterator[datetime]:
    """The times in (after, until] at which a flow runs by its schedule."""
    schedule = flow["scheduleParams"]
    start = datetime.fromtimestamp(int(schedule["startTime"]), UTC)
    # A start in the past means: at once.
    first = max(start, datetime.fromtimestamp(created_ms / 1000, UTC))
    if schedule["frequency"] == "once":
        if after < first <= until:
            yield first
        return
    unit = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}[schedule["frequency"]]
    step = timedelta(seconds=unit * int(schedule["interval"]))
    steps = max(0, -(-(max(after, first) - start) // step))
    at = start + steps * step
    while at <= until:
        if at > after and at >= first:
            yield at
        at += step


# -- files -------------------------------------------------------------------------------------------------------------


def files_of(context: Context, source: Json) -> list[str]:
    """Keys of the drop zone that a source connection means."""
    params = source.get("params") or {}
    path = _inside(str(params.get("path") or ""))
    keys = context.landing_zone.keys(FOLDER)
    if params.get("type", "file") == "file":
        return [key for key in keys if key == path]
    below = [key for key in keys if not path or key.startswith(f"{path}/")]
    if params.get("recursive"):
        return below
    return [key for key in below if "/" not in key[len(path) :].strip("/")]


def explored(context: Context, folder: str) -> list[Json]:
    """Files and folders of the drop zone, as Flow Service lists them."""
    path = _inside(folder)
    found: dict[str, str] = {}
    for key in context.landing_zone.keys(FOLDER):
        if path and not key.startswith(f"{path}/"):
            continue
        name, _, rest = key[len(path) :].strip("/").partition("/")
        found[name] = "folder" if rest else "file"
    prefix = "/".join(part for part in (FOLDER, path) if part)
    return [{"type": kind, "name": name, "path": f"{prefix}/{name}"} for name, kind in sorted(found.items())]


def preview(context: Context, key: str, format_: str) -> Json:
    """The first rows of a file, with its columns (the answer's exact shape is unconfirmed).

    Raises:
        CannotImport: there is no such file, or it cannot be read.
    """
    content = context.landing_zone.read(FOLDER, _inside(key))
    if content is None:
        raise CannotImport(f"There is no file {key!r} in the landing zone.")
    rows = [
        row for _, row in zip(range(_SAMPLE_ROWS), _rows(content, {"data": {"format": format_}}, key), strict=False)
    ]
    columns = [{"name": name, "type": "string"} for name in (rows[0] if rows else {})]
    return {"format": format_, "schema": {"columns": columns}, "data": rows}


def _inside(path: str) -> str:
    """A path without the container's name, which the interface shows and the tutorials leave out."""
    return path.strip("/").removeprefix(FOLDER).strip("/")


def _taken(context: Context, flow_id: str) -> set[str]:
    stored = context.documents.get(_PROGRESS, f"{flow_id}:files")
    return set() if stored is None else set(stored.body["keys"])


def _rows(content: bytes, source: Json, key: str) -> Iterable[Json]:
    format_ = (source.get("data") or {}).get("format", "delimited")
    try:
        if format_ == "parquet":
            return [plain(row) for row in pq.read_table(io.BytesIO(content)).to_pylist()]
        text = content.decode("utf-8-sig")
        if format_ == "json":
            document = (
                json.loads(text)
                if text.lstrip().startswith("[")
                else [json.loads(x) for x in text.splitlines() if x.strip()]
            )
            return list(document)
    except (ValueError, pa.ArrowInvalid) as fault:
        raise CannotImport(f"{key} cannot be read as {format_}: {fault}") from None
    chosen = str((source.get("data") or {}).get("properties", {}).get("columnDelimiter", ","))
    return csv.DictReader(io.StringIO(text), delimiter=_DELIMITERS.get(chosen, chosen[:1] or ","))
