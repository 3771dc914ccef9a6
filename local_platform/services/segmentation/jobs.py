"""Segment jobs: on demand within the documented quota, and once a day for the scheduler."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from local_platform.context import Context
from local_platform.pql import PqlError
from local_platform.profile_store.membership import Evaluation, compiled, evaluate
from local_platform.services.profile.state import PROFILE_SCHEMA, store_of
from local_platform.services.segmentation.definitions import Definitions, expression_text, sandbox
from local_platform.services.segmentation.errors import SegmentationProblem, TooManyJobs

Json = dict[str, Any]
COLLECTION = "segmentation.jobs"
OPEN = frozenset({"NEW", "QUEUED", "PROCESSING"})
# Flexible audience evaluation, per sandbox (a development sandbox has the larger yearly figure).
ON_DEMAND_A_DAY = 2
ON_DEMAND_A_YEAR = 100
AUDIENCES_A_RUN = 20
# "Up to 4 h" on demand; half an hour is what a small sandbox takes (unconfirmed).
JOB_SECONDS = 1800.0
_NO_TIME = {"startTimeInMs": 0, "endTimeInMs": 0, "totalTimeInMs": 0}


class SegmentJobs:
    """Evaluation jobs of one sandbox; one runs at a time."""

    _running = threading.Lock()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents
        self._definitions = Definitions(context)

    def all(self) -> list[Json]:
        """All jobs, newest first."""
        return [document.body for document in reversed(self._documents.all(COLLECTION))]

    def get(self, id: str) -> Json:
        """One job.

        Raises:
            SegmentationProblem: 404.
        """
        found = self._documents.get(COLLECTION, id)
        if found is None:
            raise SegmentationProblem(404, f"The segment job {id} is not found.", code="UPAPI-113430-404")
        return found.body

    def create(self, body: Any) -> Json:
        """Start an evaluation on demand.

        Raises:
            SegmentationProblem: 400 for a body that names no audience.
            TooManyJobs: 429 when one is under way or the quota is used up.
        """
        ids = _ids(body)
        definitions = self._definitions.all() if ids == ["*"] else [self._known(id) for id in ids]
        if ids != ["*"] and len(ids) > AUDIENCES_A_RUN:
            raise SegmentationProblem(400, f"{len(ids)} audiences were named; at most {AUDIENCES_A_RUN} in one run.")
        with self._context.database.write():
            self._check_quota()
            job = self._new(str(uuid.uuid4()), "api", definitions, self._context.clock.now())
            self._documents.put(COLLECTION, job["id"], job)
        self._submit(job["id"])
        return job

    def cancel(self, id: str) -> None:
        """Cancel a job that has not finished.

        Raises:
            SegmentationProblem: 400 when it has.
        """
        job = self.get(id)
        if job["status"] not in OPEN:
            raise SegmentationProblem(400, f"The segment job {id} is {job['status']} and cannot be cancelled.")
        self._documents.update(COLLECTION, id, lambda body: {**body, "status": "CANCELLED"})

    def run_scheduled(self, schedule_id: str, at: datetime) -> Json:
        """The daily evaluation of all audiences as of a scheduled time; a repeat after a crash does nothing twice."""
        id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"segment-job/{schedule_id}/{at.isoformat()}"))
        stored = self._documents.get(COLLECTION, id)
        if stored is not None and stored.body["status"] not in OPEN:
            return stored.body
        definitions = [item for item in self._definitions.all() if item["evaluationInfo"]["batch"]["enabled"]]
        job = self._new(id, "scheduler", definitions, at)
        job["properties"] = {"scheduleId": schedule_id, "runId": id}
        self._documents.put(COLLECTION, id, job)
        return self._evaluate(id, at)

    def resume(self) -> None:
        """Start unfinished jobs again after a restart; those of the scheduler are its own to repeat."""
        for job in self.all():
            if job["status"] in OPEN and job["source"] == "api":
                self._submit(job["id"])

    def _known(self, id: str) -> Json:
        try:
            return self._definitions.get(id)
        except SegmentationProblem:
            raise SegmentationProblem(400, f"There is no segment definition {id}.") from None

    def _check_quota(self) -> None:
        now = self._context.clock.now()
        jobs = self.all()
        if any(job["status"] in OPEN for job in jobs):
            raise TooManyJobs("There are too many segmentation jobs in processing at the moment. Try again later.")
        times = [datetime.fromtimestamp(job["creationTime"] / 1000, UTC) for job in jobs if job["source"] == "api"]
        today = sum(1 for time in times if time.date() == now.date())
        if today >= ON_DEMAND_A_DAY:
            raise TooManyJobs(f"The {ON_DEMAND_A_DAY} on-demand evaluations of today are used; the daily one is free.")
        if sum(1 for time in times if time > now - timedelta(days=365)) >= ON_DEMAND_A_YEAR:
            raise TooManyJobs(f"The {ON_DEMAND_A_YEAR} on-demand evaluations of this year are used.")

    def _new(self, id: str, source: str, definitions: list[Json], at: datetime) -> Json:
        now = int(at.timestamp() * 1000)
        options = self._context.options
        return {
            "id": id,
            "imsOrgId": options.org_id,
            "sandbox": sandbox(options),
            "profileInstanceId": "ups",
            "source": source,
            "status": "NEW",
            "batchId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"batch/{id}")),
            "segments": [_segment(definition) for definition in definitions],
            "metrics": {"totalTime": dict(_NO_TIME), "profileSegmentationTime": dict(_NO_TIME)},
            "errors": [],
            "requestId": f"{id}-{now}",
            "schema": {"name": PROFILE_SCHEMA},
            "_links": {
                "cancel": {"href": f"/segment/jobs/{id}", "method": "DELETE"},
                "checkStatus": {"href": f"/segment/jobs/{id}", "method": "GET"},
            },
            "creationTime": now,
            "updateTime": now,
            "updateEpoch": now // 1000,
        }

    def _submit(self, id: str) -> None:
        jobs = self._context.jobs
        jobs.submit(f"segment job {id} queued", lambda: self._move(id, "NEW", "QUEUED"))
        jobs.submit(f"segment job {id}", lambda: self._move(id, "QUEUED", "PROCESSING"), after_seconds=60.0)
        jobs.submit(f"segment job {id} result", lambda: self._finish(id), after_seconds=JOB_SECONDS)

    def _move(self, id: str, before: str, after: str) -> None:
        self._documents.update(COLLECTION, id, lambda job: {**job, "status": after} if job["status"] == before else job)

    def _finish(self, id: str) -> None:
        if self.get(id)["status"] in OPEN:
            self._evaluate(id, self._context.clock.now())

    def _evaluate(self, id: str, at: datetime) -> Json:
        store = store_of(self._context)
        with SegmentJobs._running:
            store.catch_up(at)
            job = self.get(id)
            results: list[Evaluation] = []
            errors: list[Json] = []
            for segment in job["segments"]:
                try:
                    rule = compiled(store, expression_text(segment["segment"]["expression"]))
                    results.append(evaluate(store, segment["segmentId"], rule, at, id))
                except (PqlError, duckdb.Error) as fault:
                    errors.append({"code": "400", "msg": f"{segment['segmentId']}: {fault}", "callStack": ""})
            done = {**job, **self._outcome(job, results, errors, at, store.merged().profiles)}
            with self._context.database.write():
                if self.get(id)["status"] == "CANCELLED":
                    return self.get(id)
                known = {definition["id"] for definition in self._definitions.all()}
                for result in results:
                    if result.membership.segment_id in known:
                        store.ledger.set_membership(result.membership)
                return self._documents.put(COLLECTION, id, done).body

    def _outcome(self, job: Json, results: list[Evaluation], errors: list[Json], at: datetime, profiles: int) -> Json:
        started, ended = job["creationTime"], max(self._context.clock.now_ms(), job["creationTime"])
        spent = {"startTimeInMs": started, "endTimeInMs": ended, "totalTimeInMs": ended - started}
        policies = {segment["segment"]["mergePolicyId"] for segment in job["segments"]}
        by_id = {result.membership.segment_id: result for result in results}
        return {
            "status": "FAILED" if errors and not results else "SUCCEEDED",
            "errors": errors,
            "metrics": {
                "totalTime": spent,
                "profileSegmentationTime": spent,
                "totalProfiles": profiles,
                "segmentedProfileCounter": {id: result.membership.realized for id, result in by_id.items()},
                "segmentedProfileByNamespaceCounter": {id: result.by_namespace for id, result in by_id.items()},
                "segmentedProfileByStatusCounter": {
                    id: {"realized": result.membership.realized, "exited": result.membership.exited}
                    for id, result in by_id.items()
                },
                "totalProfilesByMergePolicy": dict.fromkeys(sorted(policies), profiles),
            },
            "updateTime": ended,
            "updateEpoch": ended // 1000,
        }


def _segment(definition: Json) -> Json:
    policy = definition["mergePolicyId"]
    shown = {
        "id": definition["id"],
        "expression": definition["expression"],
        "mergePolicyId": policy,
        "mergePolicy": {"id": policy, "version": 1},
    }
    return {"segmentId": definition["id"], "segment": shown}


def _ids(body: Any) -> list[str]:
    if not isinstance(body, list) or not body:
        raise SegmentationProblem(400, 'The body must be a list such as [{"segmentId": "…"}].')
    ids = [item.get("segmentId") if isinstance(item, dict) else None for item in body]
    if not all(isinstance(id, str) and id for id in ids):
        raise SegmentationProblem(400, "Each entry needs a segmentId.")
    return list(dict.fromkeys(str(id) for id in ids))
