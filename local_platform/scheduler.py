"""What the platform does by the calendar: profile snapshot, audience evaluation, exports.

Everything is keyed by its scheduled time, so that a repeat after a crash continues and doubles nothing. For each time
the order is: profile snapshot, evaluation of all audiences, then the flows that wait for the evaluation.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from local_platform.context import Context
from local_platform.lake import OPEN_STATES, VISIBLE_STATES, Dataset
from local_platform.profile_store.snapshot import snapshot_schema, write_snapshot
from local_platform.services.external_audiences.audiences import ExternalAudiences
from local_platform.services.external_audiences.runs import IngestionRuns
from local_platform.services.flows import audience_export, dataset_export, landing_import
from local_platform.services.flows.specs import CLOUD_STORAGE_TO_AEP, DATASET_FLOWS
from local_platform.services.flows.state import FlowState
from local_platform.services.profile.state import MergePolicies, store_of
from local_platform.services.queries.schedules import QuerySchedules
from local_platform.services.segmentation.cron import daily_time, instants
from local_platform.services.segmentation.jobs import SegmentJobs
from local_platform.services.segmentation.schedules import Schedules

log = logging.getLogger("local_platform.scheduler")

_COLLECTION, _ID = "scheduler", "state"
_TAG = "profileSnapshot"
_TICK_SECONDS = 20.0
_lock = threading.Lock()


@dataclass(order=True)
class _Task:
    at: datetime
    # Exports of the same moment come after the evaluation, as flows that wait for it expect.
    rank: int
    run: Callable[[], object] = field(compare=False)


def run_due(context: Context) -> None:
    """Run everything whose scheduled time has passed since the last call, in the order of those times."""
    with _lock:
        now = context.clock.now()
        last = _last(context)
        for task in sorted(_tasks(context, last, now)):
            task.run()
            _remember(context, task.at)
        _remember(context, now)
        ExternalAudiences(context).expire(now)
        if context.landing_zone is not None:
            context.landing_zone.expire()


def keep_running(context: Context) -> None:
    """Run what becomes due in real time, and note since when; for platforms that are left on overnight."""
    _last(context)

    def tick() -> None:
        while True:
            time.sleep(_TICK_SECONDS)
            try:
                run_due(context)
            except sqlite3.ProgrammingError:
                # The platform has been stopped and its catalog closed.
                return
            except Exception:
                log.exception("A scheduled step failed; it is tried again")

    threading.Thread(target=tick, name="scheduler", daemon=True).start()


def _last(context: Context) -> datetime:
    stored = context.documents.get(_COLLECTION, _ID)
    if stored is None:
        now = context.clock.now()
        _remember(context, now)
        return now
    return datetime.fromisoformat(stored.body["last"])


def _remember(context: Context, at: datetime) -> None:
    context.documents.put(_COLLECTION, _ID, {"last": at.astimezone(UTC).isoformat()})


def _tasks(context: Context, after: datetime, until: datetime) -> list[_Task]:
    found: list[_Task] = []
    for schedule in Schedules(context).active():
        for at in instants(daily_time(schedule["schedule"]), after, until):
            found.append(_Task(at, 0, partial(_daily, context, schedule["id"], at)))
    for at, id in QuerySchedules(context).due(after, until):
        # Before the snapshot of the same moment: what it writes may be what Profile takes in next.
        found.append(_Task(at, -1, partial(QuerySchedules(context).run, id, at)))
    for flow in FlowState(context).all("flows"):
        if flow.body["state"] == "enabled":
            found.extend(_flow_tasks(context, flow.id, flow.body, flow.created_ms, after, until))
    return found


def _flow_tasks(
    context: Context, flow_id: str, flow: dict[str, object], created_ms: int, after: datetime, until: datetime
) -> list[_Task]:
    spec = flow["flowSpec"]
    assert isinstance(spec, dict)
    if spec["id"] in DATASET_FLOWS:
        return [
            _Task(at, 1, partial(_dataset_run, context, flow_id, at))
            for at in dataset_export.due_times(flow, created_ms, after, until)
        ]
    if spec["id"] == CLOUD_STORAGE_TO_AEP:
        return [
            _Task(at, -2, partial(_import_run, context, flow_id, at))
            for at in landing_import.due_times(flow, created_ms, after, until)
        ]
    return [
        _Task(at, 1, partial(audience_export.run_scheduled, context, flow_id, item.segment_id, at))
        for item in audience_export.selected(flow)
        for at in audience_export.due_times(item, after, until)
    ]


def _dataset_run(context: Context, flow_id: str, at: datetime) -> None:
    state = FlowState(context)
    source = state.source_of(state.get("flows", flow_id).body)
    id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"flow-run/{flow_id}/datasets/{at.isoformat()}"))
    ids = [item["dataSetId"] for item in source["params"]["datasets"]]
    state.runs.create(flow_id, {"kind": "datasets", "datasets": ids}, id=id, at_ms=int(at.timestamp() * 1000))
    dataset_export.execute(context, id)


def _import_run(context: Context, flow_id: str, at: datetime) -> None:
    id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"flow-run/{flow_id}/import/{at.isoformat()}"))
    FlowState(context).runs.create(flow_id, {"kind": "import"}, id=id, at_ms=int(at.timestamp() * 1000))
    landing_import.execute(context, id)


def _daily(context: Context, schedule_id: str, at: datetime) -> None:
    store_of(context).catch_up(at)
    IngestionRuns(context).follow()
    external = ExternalAudiences(context)
    external.expire(at)
    take_snapshot(context, at)
    job = SegmentJobs(context).run_scheduled(schedule_id, at)
    external.evaluate(at, job["id"])
    audience_export.run_after_evaluation(context, schedule_id, at)


def take_snapshot(context: Context, at: datetime) -> Dataset:
    """Write the merged profiles into the system dataset of the default merge policy; once for each scheduled time.

    The newest snapshot replaces the one before, so that a count is a count of profiles; older ones stay readable by
    SNAPSHOT for as long as Query Service keeps them (how AEP keeps history there is unconfirmed).
    """
    store, lake = store_of(context), context.lake
    name = f"Profile Attribute {MergePolicies(context).default_id}"
    existing = next((item for item in lake.datasets() if item.name == name and item.created_by == "system"), None)
    dataset = existing or lake.create_dataset(
        name,
        snapshot_schema(store),
        owner="system",
        created_by="system",
        description="Merged profile attributes of a merge policy, written daily",
    )
    visible = lake.batches(dataset_id=dataset.id, status=VISIBLE_STATES)
    key = at.astimezone(UTC).isoformat()
    if any(key in batch.tags.get(_TAG, []) for batch in visible):
        return dataset
    for unfinished in lake.batches(dataset_id=dataset.id, status=OPEN_STATES):
        # Opened by a process that was killed before the commit.
        lake.abort_batch(unfinished.id)
    schema = snapshot_schema(store, earlier=dataset.schema)
    if schema != dataset.schema:
        dataset = lake.update_dataset(dataset.id, schema=schema)
    batch = lake.open_batch(
        dataset.id, input_format="parquet", replaces=[item.id for item in visible], tags={_TAG: [key]}
    )
    file: Path = lake.staging_dir(batch.id) / "part-00000.parquet"
    write_snapshot(store, file, schema)
    lake.commit_batch(batch.id, [file])
    return dataset
