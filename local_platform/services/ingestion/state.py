"""Batches of the ingestion service: create, act on, promote."""

from __future__ import annotations

import logging
from typing import Any

from local_platform.context import Context
from local_platform.lake import OPEN_STATES, VISIBLE_STATES, Batch, BatchNotFound, DatasetNotFound, WrongBatchState
from local_platform.services.catalog.datasets import is_profile_enabled
from local_platform.services.data_access.state import plain
from local_platform.services.ingestion import readers
from local_platform.services.ingestion.errors import UNCLASSIFIED, BatchUnknown, FileRefused, InvalidBatch
from local_platform.services.ingestion.promotion import Promotion
from local_platform.services.ingestion.uploads import Uploads
from local_platform.services.schema_registry.state import Registry

Json = dict[str, Any]

log = logging.getLogger("local_platform.ingestion")

FORMATS = ("parquet", "json", "csv")
# Adobe says "minutes" and advises to poll every two.
QUEUED_SECONDS = 60.0
PROCESSING_SECONDS = 60.0
REVERT_SECONDS = 60.0


class Ingestion:
    """Batch operations of the service.

    Args:
        context: the lake holds the batches, jobs promote them.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lake = context.lake

    def create(self, body: Json) -> Batch:
        """Open a batch as the request describes it.

        Raises:
            InvalidBatch
        """
        try:
            dataset = self._lake.dataset(str(body.get("datasetId", "")))
        except DatasetNotFound:
            raise InvalidBatch(f"The dataset {body.get('datasetId')!r} does not exist in this sandbox.") from None
        percent = body.get("partialIngestionPercent", 0)
        if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
            raise InvalidBatch(f"partialIngestionPercent is {percent!r}; expected a number from 0 to 100.")
        diagnostics = body.get("enableErrorDiagnostics", dataset.properties.get("enableErrorDiagnostics", False))
        external_id = body.get("externalId")
        replay = body.get("replay") or {}
        with self._lake.database.write():
            if external_id is not None and self._lake.batches(external_id=str(external_id)):
                raise InvalidBatch(f"A batch with externalId {external_id!r} exists already; look it up in Catalog.")
            return self._lake.open_batch(
                dataset.id,
                external_id=None if external_id is None else str(external_id),
                input_format=_input_format(body.get("inputFormat")),
                replaces=self._predecessors(dataset.id, replay),
                tags=_tags(body.get("tags") or {}),
                properties={
                    "enableErrorDiagnostics": bool(diagnostics),
                    "partialIngestionPercent": percent,
                    "replayReason": str(replay.get("reason", "replace")),
                },
            )

    def batch(self, id: str, dataset_id: str | None = None) -> Batch:
        """A batch, if it belongs to the dataset named.

        Raises:
            BatchUnknown
        """
        try:
            found = self._lake.batch(id)
        except BatchNotFound:
            raise BatchUnknown(id) from None
        if dataset_id is not None and found.dataset_id != dataset_id:
            raise BatchUnknown(id)
        return found

    def uploads(self, batch: Batch) -> Uploads:
        """The files of a batch that still takes files.

        Raises:
            InvalidBatch: it does not any more.
        """
        if self._lake.batch(batch.id).status != "loading":
            raise InvalidBatch(f"Batch {batch.id} is {batch.status}; files are taken only while it is loading.")
        return Uploads(self._lake.staging_dir(batch.id))

    def act(self, id: str, action: str) -> Batch:
        """COMPLETE, ABORT, FAIL or REVERT a batch; what follows happens later.

        Raises:
            BatchUnknown
            InvalidBatch: unknown action, or the batch is in the wrong state.
        """
        batch = self.batch(id)
        try:
            if action == "COMPLETE":
                return self._complete(batch)
            if action == "ABORT":
                return self._lake.abort_batch(id)
            if action == "FAIL":
                error = {"code": "unknown", "description": "The client failed the batch.", "rows": []}
                return self._lake.fail_batch(id, [error])
            if action == "REVERT":
                return self._revert(batch)
        except WrongBatchState as wrong:
            raise InvalidBatch(str(wrong)) from None
        raise InvalidBatch(f"The action is {action!r}; expected COMPLETE, ABORT, FAIL or REVERT.")

    def preview(self, batch: Batch, rows: int) -> list[Json]:
        """The first rows of the files uploaded so far, before any check.

        Raises:
            InvalidBatch: a file cannot be read in the batch's format.
        """
        kind = batch.input_format["format"]
        registry = Registry(self._context)
        dataset = self._lake.dataset(batch.dataset_id)
        found: list[Json] = []
        for _, path in Uploads(self._lake.staging_dir(batch.id)).complete_files():
            try:
                if kind == "json":
                    multi_line = bool(batch.input_format.get("isMultiLineJson"))
                    resolved = registry.resolved(registry.schema_ref_of(dataset))
                    chunks = readers.read_json_rows(path, resolved, dataset.schema, multi_line=multi_line)
                else:
                    chunks = (readers.read_parquet if kind == "parquet" else readers.read_csv)(path)[1]
                for chunk in chunks:
                    found += [plain(row) for row in chunk.rows.slice(0, rows - len(found)).to_pylist()]
                    if len(found) >= rows:
                        return found
            except FileRefused as refusal:
                raise InvalidBatch(refusal.message) from None
        return found

    def promote_content(self, batch: Batch, name: str, content: bytes) -> Batch:
        """Fill a batch of the platform's own with one file and promote it at once; returns it in its final state."""
        staging = self._lake.staging_dir(batch.id)
        staging.mkdir(parents=True, exist_ok=True)
        arrived = staging / "arrived"
        arrived.write_bytes(content)
        self.uploads(batch).put(name, arrived)
        started = self._context.clock.now_ms()
        self._lake.set_batch_status(batch.id, "processing", expected={"loading"}, started_ms=started)
        self._promote(batch.id)
        return self._lake.batch(batch.id)

    def resume(self) -> None:
        """Promote what an earlier process left half done."""
        for batch in self._lake.batches(status=("loaded", "queued", "processing", "staging", "staged", "retrying")):
            self._context.jobs.submit(f"promotion of {batch.id}", lambda id=batch.id: self._promote(id))  # type: ignore[misc]

    def _complete(self, batch: Batch) -> Batch:
        if batch.status in VISIBLE_STATES or (batch.status in OPEN_STATES and batch.status != "loading"):
            return batch
        uploads = self.uploads(batch)
        if uploads.unfinished():
            raise InvalidBatch(f"These large files are not complete: {', '.join(uploads.unfinished())}.")
        if not uploads.complete_files():
            raise InvalidBatch(f"Batch {batch.id} has no files; upload some, or abort it.")
        completed = self._lake.set_batch_status(batch.id, "loaded", expected={"loading"})
        self._context.jobs.submit(f"start of {batch.id}", lambda: self._start(batch.id), after_seconds=QUEUED_SECONDS)
        return completed

    def _start(self, id: str) -> None:
        started = self._context.clock.now_ms()
        self._lake.set_batch_status(id, "processing", expected={"loaded"}, started_ms=started)
        work = lambda: self._promote(id)  # noqa: E731
        self._context.jobs.submit(f"promotion of {id}", work, after_seconds=PROCESSING_SECONDS)

    def _promote(self, id: str) -> None:
        """Promote a batch; whatever goes wrong, it ends in a final state."""
        try:
            batch = self._lake.batch(id)
            if batch.status not in OPEN_STATES:
                return
            if self._context.misbehaviour.batch_fails(self._lake.dataset(batch.dataset_id).name):
                text = "Promotion failed; the batch was failed on request."
                self._lake.fail_batch(id, [{"code": UNCLASSIFIED, "description": text, "rows": []}])
                return
            inputs = Uploads(self._lake.staging_dir(id)).complete_files()
            promotion = Promotion(self._context, batch, inputs)
            promoted = promotion.run()
        except (WrongBatchState, BatchNotFound, DatasetNotFound):
            # It was aborted, or its dataset dropped, while it was being promoted.
            return
        except Exception:
            log.exception("The promotion of batch %s failed", id)
            text = "The batch could not be processed; the platform's log has the reason."
            self._lake.fail_batch(id, [{"code": UNCLASSIFIED, "description": text, "rows": []}])
            return
        if promoted.status in VISIBLE_STATES:
            self._hand_to_profile(promoted)

    def _hand_to_profile(self, batch: Batch) -> None:
        dataset = self._lake.dataset(batch.dataset_id)
        if self._context.profile_store is not None and is_profile_enabled(dataset):
            files = [file.path for file in self._lake.batch_files(batch.id)]
            self._context.profile_store.ingest_batch(dataset, batch, files)

    def _revert(self, batch: Batch) -> Batch:
        if batch.status not in VISIBLE_STATES:
            raise InvalidBatch(f"Batch {batch.id} is {batch.status}; only a batch in success can be reverted.")

        def revert() -> None:
            try:
                self._lake.revert_batch(batch.id)
            except (WrongBatchState, BatchNotFound):
                log.warning("Batch %s was no longer there to revert", batch.id)

        self._context.jobs.submit(f"revert of {batch.id}", revert, after_seconds=REVERT_SECONDS)
        return batch

    def _predecessors(self, dataset_id: str, replay: Json) -> list[str]:
        found: list[str] = []
        for field, key in (("predecessors", "id"), ("predecessorsByExternalId", "external_id")):
            for named in replay.get(field) or []:
                if not isinstance(named, str) or not named.startswith("$"):
                    raise InvalidBatch(f"replay.{field} holds {named!r}; ids are written with a leading '$'.")
                matches = self._lake.batches(dataset_id=dataset_id, **{key: named[1:]})
                if not matches:
                    raise InvalidBatch(f"replay.{field} names {named[1:]!r}, which is no batch of this dataset.")
                found += [batch.id for batch in matches]
        return list(dict.fromkeys(found))


def _input_format(value: Any) -> Json:
    named = value.get("format") if isinstance(value, dict) else None
    if not isinstance(named, str) or named.lower() not in FORMATS:
        raise InvalidBatch(f"inputFormat.format is {named!r}; expected one of {', '.join(FORMATS)}.")
    made: Json = {"format": named.lower()}
    if made["format"] == "json":
        made["isMultiLineJson"] = bool(value.get("isMultiLineJson", False))
    return made


def _tags(value: Any) -> dict[str, list[str]]:
    if not isinstance(value, dict) or not all(isinstance(texts, list) for texts in value.values()):
        raise InvalidBatch("'tags' maps each tag to a list of strings.")
    return {str(name): [str(text) for text in texts] for name, texts in value.items()}
