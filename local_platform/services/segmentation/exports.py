"""Export jobs: the profiles of audiences, or all of them, written to a dataset of the lake.

The day's own export of the daily evaluation is listed among them.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from local_platform.context import Context
from local_platform.lake import VISIBLE_STATES, DatasetNotFound
from local_platform.profile_store.membership import compiled, sample
from local_platform.services.ingestion.state import Ingestion
from local_platform.services.profile.state import PROFILE_SCHEMA, MergePolicies, shown, source_of, store_of
from local_platform.services.segmentation.definitions import Definitions, expression_text
from local_platform.services.segmentation.errors import SegmentationProblem
from local_platform.services.segmentation.jobs import SegmentJobs

Json = dict[str, Any]
COLLECTION = "segmentation.exports"
OPEN = frozenset({"NEW", "PROCESSING"})
# Minutes; no figure is documented.
EXPORT_SECONDS = 600.0
_EVERYBODY = 10**9


class Exports:
    """Export jobs of one sandbox. Their ids are numbers, as in the published file."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents

    def all(self) -> list[Json]:
        """Jobs that were made and those of the daily evaluation, newest first."""
        made = [document.body for document in self._documents.all(COLLECTION)]
        daily = [
            _of_evaluation(job)
            for job in SegmentJobs(self._context).all()
            if job["source"] == "scheduler" and job["status"] == "SUCCEEDED"
        ]
        return sorted([*made, *daily], key=lambda job: int(job["creationTime"]), reverse=True)

    def get(self, id: str) -> Json:
        """One job.

        Raises:
            SegmentationProblem: 404.
        """
        found = next((job for job in self.all() if str(job["id"]) == id), None)
        if found is None:
            raise SegmentationProblem(404, f"The export job {id} is not found.", code="UPAPI-113430-404")
        return found

    def create(self, body: Json) -> Json:
        """Start an export.

        Raises:
            SegmentationProblem: 400 without a known dataset, audience or merge policy.
        """
        dataset_id = str((body.get("destination") or {}).get("datasetId"))
        try:
            self._context.lake.dataset(dataset_id)
        except DatasetNotFound as fault:
            raise SegmentationProblem(400, f"destination.datasetId: {fault}") from None
        schema = (body.get("schema") or {}).get("name", PROFILE_SCHEMA)
        if schema != PROFILE_SCHEMA:
            raise SegmentationProblem(400, f"schema.name is {schema!r}; {PROFILE_SCHEMA} is exported here.")
        policy = (body.get("mergePolicy") or {}).get("id")
        if policy and MergePolicies(self._context).get(str(policy)) is None:
            raise SegmentationProblem(400, f"There is no merge policy {policy!r}.")
        segments = (body.get("filter") or {}).get("segments") or []
        known = {item["id"] for item in Definitions(self._context).all()}
        missing = [str(item.get("segmentId")) for item in segments if item.get("segmentId") not in known]
        if missing:
            raise SegmentationProblem(400, f"There is no segment definition {', '.join(missing)}.")
        now = self._context.clock.now_ms()
        with self._context.database.write():
            number = 100 + len(self._documents.all(COLLECTION))
            job: Json = {
                "id": number,
                "jobType": "BATCH",
                "destination": {"segmentPerBatch": False, **body["destination"]},
                "fields": str(body.get("fields") or ""),
                "schema": {"name": PROFILE_SCHEMA},
                "imsOrgId": self._context.options.org_id,
                "status": "NEW",
                "filter": body.get("filter") or {},
                "mergePolicy": body.get("mergePolicy") or {"id": MergePolicies(self._context).default_id, "version": 1},
                "profileInstanceId": "ups",
                "metrics": {"totalTime": {"startTimeInMs": now}, "profileExportTime": {}},
                "errors": [],
                "requestId": str(uuid.uuid4()),
                "creationTime": now,
                "updateTime": now,
            }
            self._documents.put(COLLECTION, str(number), job)
        self._submit(number)
        return job

    def cancel(self, id: str) -> None:
        """Mark a job for cancelling; a finished one is only forgotten.

        Raises:
            SegmentationProblem: 404.
        """
        self.get(id)
        self._documents.delete(COLLECTION, id)

    def resume(self) -> None:
        """Start unfinished jobs again after a restart."""
        for document in self._documents.all(COLLECTION):
            if document.body["status"] in OPEN:
                self._submit(int(document.id))

    def _submit(self, number: int) -> None:
        work = lambda: self._run(number)  # noqa: E731
        self._context.jobs.submit(f"profile export {number}", work, after_seconds=EXPORT_SECONDS)

    def _run(self, number: int) -> None:
        stored = self._documents.get(COLLECTION, str(number))
        if stored is None or stored.body["status"] not in OPEN:
            return
        job = stored.body
        try:
            rows = self._fitting(job, self._rows(job))
            batch_id = self._ingested(job, rows) if rows else ""
            result: Json = {"status": "SUCCEEDED", "destination": {**job["destination"], "batchId": batch_id}}
        except (SegmentationProblem, ValueError) as fault:
            rows, result = [], {"status": "FAILED", "errors": [{"code": "500", "msg": str(fault), "callStack": ""}]}
        now = self._context.clock.now_ms()
        spent = {"startTimeInMs": job["creationTime"], "endTimeInMs": now, "totalTimeInMs": now - job["creationTime"]}
        metrics = {"totalTime": spent, "profileExportTime": spent, "totalExportedProfileCounter": len(rows)}
        done = {**job, **result, "metrics": metrics, "updateTime": now}
        if self._documents.get(COLLECTION, str(number)) is not None:
            self._documents.put(COLLECTION, str(number), done)

    def _rows(self, job: Json) -> list[Json]:
        store = store_of(self._context)
        store.catch_up()
        at = self._context.clock.now()
        segments = [item["segmentId"] for item in (job["filter"].get("segments") or [])]
        definitions = Definitions(self._context)
        rules = [expression_text(definitions.get(id)["expression"]) for id in segments] or ["true"]
        people = [who for rule in rules for who in sample(store, compiled(store, rule), at, _EVERYBODY)]
        fields = [name for name in job["fields"].split(",") if name]
        found = store.entities(list(dict.fromkeys(people)))
        return [shown(entity, {}, fields, "")["entity"] for entity in found.values()]

    def _fitting(self, job: Json, rows: list[Json]) -> list[Json]:
        """Rows with the fields that the dataset has; a profile without the field of the dataset's identity (one that an
        external audience or events alone made) gives no row."""
        dataset = self._context.lake.dataset(str(job["destination"]["datasetId"]))
        columns, identity = set(dataset.schema.names), source_of(self._context, dataset).identity
        kept = [row for row in rows if identity is None or _at(row, identity.path) is not None]
        return [{key: value for key, value in row.items() if key in columns} for row in kept]

    def _ingested(self, job: Json, rows: list[Json]) -> str:
        ingestion = Ingestion(self._context)
        external_id = f"profile-export-{job['requestId']}"
        earlier = self._context.lake.batches(external_id=external_id, status=VISIBLE_STATES)
        if earlier:
            return earlier[0].id
        lines = [json.dumps(row) for row in rows]
        body = {
            "datasetId": str(job["destination"]["datasetId"]),
            "inputFormat": {"format": "json"},
            "externalId": external_id,
        }
        batch = ingestion.promote_content(ingestion.create(body), "export.json", "\n".join(lines).encode() + b"\n")
        if batch.status not in VISIBLE_STATES:
            raise ValueError(f"The batch {batch.id} failed: {batch.errors}")
        return batch.id


def _at(row: Json, path: str) -> Any:
    found: Any = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _of_evaluation(job: Json) -> Json:
    """The day's audience export, which is finished with its evaluation; a number made of the job's id."""
    return {
        "id": uuid.UUID(job["id"]).int % 10**15,
        "jobType": "BATCH",
        "destination": {"batchId": job["batchId"], "segmentPerBatch": False},
        "schema": {"name": PROFILE_SCHEMA},
        "imsOrgId": job["imsOrgId"],
        "status": job["status"],
        "filter": {"segments": [{"segmentId": item["segmentId"]} for item in job["segments"]]},
        "metrics": job["metrics"],
        "creationTime": job["creationTime"],
        "updateTime": job["updateTime"],
    }
