"""Ingestion runs: files of a time window become rows of the audience's dataset, and after Profile's lag its people.

The second stage is looked at when somebody asks, as Profile itself is: it is over once Profile has the batch.
"""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq

from local_platform.context import Context
from local_platform.lake import OPEN_STATES, VISIBLE_STATES, Batch, DatasetNotFound
from local_platform.services.external_audiences import files
from local_platform.services.external_audiences.audiences import RUNS, ExternalAudiences
from local_platform.services.external_audiences.errors import NoSuchAudience, NotNow
from local_platform.services.external_audiences.request import columns, window
from local_platform.services.profile.state import store_of

log = logging.getLogger("local_platform.external_audiences")

Json = dict[str, Any]
# Enforced guardrails of the page; that the second is for the audience's whole life is the stricter reading of it.
RUNS_A_DAY = 100
RUNS_AN_AUDIENCE = 10
# Minutes; no figure is documented.
RUN_SECONDS = 120.0
LAKE, PROFILE = "DATASET_INGEST", "PROFILE_STORE_INGEST"


class IngestionRuns:
    """The ingestion runs of all external audiences of one sandbox."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents
        self._audiences = ExternalAudiences(context)

    def start(self, audience_id: str, body: Json) -> Json:
        """Record a run and start it soon; returns it as answered.

        Raises:
            BadAudience, NoSuchAudience
            NotNow: one is in progress, or a guardrail is reached.
        """
        start, end = window(body)
        self.follow()
        now = int(self._context.clock.now().timestamp())
        with self._context.database.write():
            audience = self._audiences.get(audience_id)
            self._check_limits(audience_id)
            run = {
                "audienceName": audience["name"],
                "audienceId": audience_id,
                "runId": str(uuid.uuid4()),
                "status": "PROCESSING",
                "differentialIngestion": body.get("differentialIngestion", True),
                "dataFilterStartTime": start,
                "dataFilterEndTime": now if end is None else end,
                "createdAt": now,
                "createdBy": self._context.options.client_id,
                "details": [],
                "open_end": end is None,
            }
            self._documents.put(RUNS, str(run["runId"]), run)
        self._submit(str(run["runId"]))
        return {name: value for name, value in self._shown(run).items() if name not in ("status", "details")}

    def get(self, audience_id: str, run_id: str) -> Json:
        """A run with its stages.

        Raises:
            NoSuchAudience
        """
        self._audiences.get(audience_id)
        found = self._documents.get(RUNS, run_id)
        if found is None or found.body["audienceId"] != audience_id:
            raise NoSuchAudience("ingestion run", run_id)
        return self._shown(self._followed(found.body))

    def all(self, audience_id: str) -> list[Json]:
        """The runs of an audience without their stages, newest first.

        Raises:
            NoSuchAudience
        """
        self._audiences.get(audience_id)
        runs = [self._shown(self._followed(run)) for run in self._of(audience_id)]
        return [{name: value for name, value in run.items() if name != "details"} for run in reversed(runs)]

    def follow(self) -> None:
        """See which open runs have reached Profile meanwhile."""
        for run in self._documents.find(RUNS, lambda body: body["status"] == "PROCESSING"):
            self._followed(run.body)

    def resume(self) -> None:
        """Start runs again that an earlier process did not finish."""
        for run in self._documents.find(RUNS, lambda body: body["status"] == "PROCESSING"):
            if not run.body["details"]:
                self._submit(run.id)

    def _of(self, audience_id: str) -> list[Json]:
        return [run.body for run in self._documents.find(RUNS, lambda body: body["audienceId"] == audience_id)]

    def _check_limits(self, audience_id: str) -> None:
        own = self._of(audience_id)
        if any(run["status"] == "PROCESSING" for run in own):
            raise NotNow("An ingestion of this audience is in progress; wait for its end.")
        if len(own) >= RUNS_AN_AUDIENCE:
            raise NotNow(f"This audience has had its {RUNS_AN_AUDIENCE} ingestions; make a new one.")
        today = self._context.clock.now().astimezone(UTC).date()
        times = [datetime.fromtimestamp(run.body["createdAt"], UTC).date() for run in self._documents.all(RUNS)]
        if times.count(today) >= RUNS_A_DAY:
            raise NotNow(f"The {RUNS_A_DAY} ingestion runs of today are used.")

    # -- the lake ------------------------------------------------------------------------------------------------------

    def _submit(self, run_id: str) -> None:
        work = lambda: self._ingest(run_id)  # noqa: E731
        self._context.jobs.submit(f"external audience run {run_id}", work, after_seconds=RUN_SECONDS)

    def _ingest(self, run_id: str) -> None:
        found = self._documents.get(RUNS, run_id)
        if found is None or found.body["status"] != "PROCESSING" or found.body["details"]:
            return
        run = found.body
        try:
            audience = self._audiences.get(run["audienceId"])
            batch = self._batch(run, audience)
        except Exception as fault:
            # A run that cannot be done is a failed run, not a failed platform.
            if not isinstance(fault, files.Unreadable | NoSuchAudience | DatasetNotFound):
                log.exception("The external audience run %s failed", run_id)
            failed = {**_stage(run_id, LAKE, "FAILED"), "errors": [{"message": str(fault)}]}
            self._change(run_id, {"status": "FAILED", "details": [failed]})
            return
        stages = [_stage(run_id, LAKE, "SUCCESS"), _stage(run_id, PROFILE, "PROCESSING")]
        self._change(run_id, {"details": stages, "batch": batch.id})

    def _batch(self, run: Json, audience: Json) -> Batch:
        """The run's batch, once: a repeat after a crash finds it by its externalId."""
        lake, id = self._context.lake, str(run["runId"])
        visible = lake.batches(dataset_id=audience["datasetId"], status=sorted(VISIBLE_STATES))
        done = next((batch for batch in visible if batch.external_id == id), None)
        if done is not None:
            return done
        rows = files.table(self._context, audience, self._files(run, audience))
        for unfinished in lake.batches(dataset_id=audience["datasetId"], status=sorted(OPEN_STATES)):
            # Opened by a process that was killed before the commit.
            lake.abort_batch(unfinished.id)
        replaced = [] if run["differentialIngestion"] else [batch.id for batch in visible]
        batch = lake.open_batch(audience["datasetId"], external_id=id, input_format="csv", replaces=replaced)
        file = lake.staging_dir(batch.id) / "part-00000.parquet"
        pq.write_table(rows.select(columns(audience["fields"]).names), file)
        lake.commit_batch(batch.id, [file])
        return lake.batch(batch.id)

    def _files(self, run: Json, audience: Json) -> list[str]:
        start, end = run["dataFilterStartTime"], run["dataFilterEndTime"]
        # Without an end in the request, what was written in this very second counts too.
        latest = end if run["open_end"] else end - 1
        found = files.existing(self._context, audience["sourceSpec"]["params"])
        chosen = sorted(key for key, at in found.items() if start < at <= latest)
        if not chosen:
            # A run without files might be a success there; that nothing was ingested must not go unnoticed.
            path = audience["sourceSpec"]["params"]["path"]
            raise files.Unreadable(f"No file of {path} was written after {start} and before {end}; it has {found}.")
        return chosen

    # -- Profile -------------------------------------------------------------------------------------------------------

    def _followed(self, run: Json) -> Json:
        """The run, finished when Profile has its batch."""
        if run["status"] != "PROCESSING" or "batch" not in run:
            return run
        store = store_of(self._context)
        store.catch_up()
        if not store.ledger.has(run["batch"]):
            return run
        with self._context.database.write():
            audience = self._audiences.get(run["audienceId"])
            ingested = (self._context.lake.batch(run["batch"]).completed_ms or 0) // 1000
            if not run["differentialIngestion"]:
                for fragment in store.ledger.fragments():
                    if fragment.dataset_id == audience["datasetId"] and fragment.batch_id != run["batch"]:
                        store.ledger.drop_batch(fragment.batch_id)
            self._audiences.put({**audience, "ingestedAt": ingested, "emptied": False})
            stages = [_stage(run["runId"], LAKE, "SUCCESS"), _stage(run["runId"], PROFILE, "SUCCESS")]
            return self._change(run["runId"], {"status": "SUCCESS", "details": stages})

    def _change(self, run_id: str, changes: Json) -> Json:
        with self._context.database.write():
            stored = self._documents.get(RUNS, run_id)
            # Gone when the audience was deleted meanwhile.
            return {} if stored is None else self._documents.put(RUNS, run_id, {**stored.body, **changes}).body

    def _shown(self, run: Json) -> Json:
        return {name: value for name, value in run.items() if name not in ("batch", "open_end")}


def _stage(run_id: str, stage: str, status: str) -> Json:
    flow_run = str(uuid.uuid5(uuid.NAMESPACE_URL, f"external-audience-run/{run_id}/{stage}"))
    return {"stage": stage, "status": status, "flowRunId": flow_run}
