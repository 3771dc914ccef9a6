"""Flow runs: their documents, and the metrics of a finished one."""

from __future__ import annotations

import uuid
from typing import Any

from local_platform.context import Context

Json = dict[str, Any]
COLLECTION = "flows.runs"
OPEN = frozenset({"waiting", "processing"})


class Runs:
    """Runs of all flows. Keys that start with an underscore are the platform's own and never shown."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents

    def all(self) -> list[Json]:
        """All runs as the service shows them, oldest first."""
        return [_shown(document.body, document.etag) for document in self._documents.all(COLLECTION)]

    def get(self, id: str) -> Json | None:
        """One run as the service shows it."""
        found = self._documents.get(COLLECTION, id)
        return None if found is None else _shown(found.body, found.etag)

    def work(self, id: str) -> Json | None:
        """What the run is to do: the private part of its document."""
        found = self._documents.get(COLLECTION, id)
        return None if found is None else dict(found.body.get("_work", {}))

    def status(self, id: str) -> str | None:
        """``waiting``, ``processing``, ``success`` or ``failed``; None when there is no such run."""
        found = self._documents.get(COLLECTION, id)
        return None if found is None else str(found.body["metrics"]["statusSummary"]["status"])

    def unfinished(self) -> list[str]:
        """Ids of runs that wait or are being processed."""
        return [item.id for item in self._documents.all(COLLECTION) if self.status(item.id) in OPEN]

    def create(self, flow_id: str, work: Json, *, id: str | None = None, at_ms: int | None = None) -> str:
        """Record a run that waits; the same id a second time changes nothing."""
        run_id = id or str(uuid.uuid4())
        if self._documents.get(COLLECTION, run_id) is not None:
            return run_id
        now = at_ms or self._context.clock.now_ms()
        options = self._context.options
        body = {
            "id": run_id,
            "createdAt": now,
            "updatedAt": now,
            "createdBy": options.client_id,
            "updatedBy": options.client_id,
            "createdClient": options.client_id,
            "updatedClient": options.client_id,
            "imsOrgId": options.org_id,
            "sandboxId": f"sandbox-{options.sandbox}",
            "sandboxName": options.sandbox,
            "flowId": flow_id,
            "metrics": {
                "durationSummary": {"startedAtUTC": now},
                "statusSummary": {"status": "waiting", "errors": [], "extensions": {}},
            },
            "activities": [],
            "_work": work,
        }
        self._documents.put(COLLECTION, run_id, body)
        return run_id

    def start(self, id: str) -> None:
        """The run is being processed, if there is one and it still waits: another job may have finished it already."""
        if self.status(id) == "waiting":
            self._documents.update(COLLECTION, id, _processing)

    def succeed(self, id: str, summary: Json) -> None:
        """Finish a run with its size, record and file summaries; errors of skipped rows do not make it fail."""
        self._finish(id, {**summary, "statusSummary": {"status": "success", "errors": [], "extensions": {}}})

    def fail(self, id: str, message: str) -> None:
        """Finish a run that delivered nothing."""
        errors = [{"code": "ACTIVATION_BATCH-0000-FAILED", "message": message}]
        records = {"inputRecordCount": 0, "outputRecordCount": 0, "failedRecordCount": 0, "failedInfo": errors}
        self._finish(
            id, {"recordSummary": records, "statusSummary": {"status": "failed", "errors": errors, "extensions": {}}}
        )

    def _finish(self, id: str, summary: Json) -> None:
        def done(body: Json) -> Json:
            started = body["metrics"]["durationSummary"]["startedAtUTC"]
            now = max(self._context.clock.now_ms(), started)
            duration = {"startedAtUTC": started, "completedAtUTC": now}
            return {**body, "updatedAt": now, "metrics": {"durationSummary": duration, **summary}}

        self._documents.update(COLLECTION, id, done)

    def last_of(self, flow_id: str) -> Json:
        """``lastRunDetails`` of a flow."""
        found = [run for run in self.all() if run["flowId"] == flow_id]
        if not found:
            return {"state": "none"}
        run = max(found, key=lambda item: int(item["createdAt"]))
        duration = run["metrics"]["durationSummary"]
        status = run["metrics"]["statusSummary"]["status"]
        return {
            "id": run["id"],
            "state": status if status in ("success", "failed") else "inProgress",
            "startedAtUTC": duration["startedAtUTC"],
            "completedAtUTC": duration.get("completedAtUTC", 0),
        }


def records(count_in: int, count_out: int, *, skipped: list[Json] | None = None) -> Json:
    """A record summary."""
    skipped = skipped or []
    summary: Json = {
        "inputRecordCount": count_in,
        "outputRecordCount": count_out,
        "createdRecordCount": count_out,
        "failedRecordCount": 0,
        "skippedRecordCount": sum(int(item["count"]) for item in skipped),
        "failedInfo": [],
    }
    if skipped:
        summary["skippedInfo"] = skipped
    return summary


def _processing(body: Json) -> Json:
    if body["metrics"]["statusSummary"]["status"] != "waiting":
        # Finished between the look and this transaction. To be processed again it would be so for ever.
        return body
    metrics = {**body["metrics"], "statusSummary": {"status": "processing", "errors": [], "extensions": {}}}
    return {**body, "metrics": metrics}


def _shown(body: Json, etag: str) -> Json:
    return {**{key: value for key, value in body.items() if not key.startswith("_")}, "etag": f'"{etag}"'}
