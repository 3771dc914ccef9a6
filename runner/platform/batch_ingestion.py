"""Batch Ingestion: open a batch, upload files, complete, revert.

aepp cannot send bytes, external ids or the documented tolerance, so these calls go through our session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from runner.platform.documents import mapping, text
from runner.platform.library import LibraryName
from runner.platform.service import Service

MAX_FILE_BYTES = 256 * 1024 * 1024
"""The largest file for a single request that Adobe recommends."""

Action = Literal["COMPLETE", "ABORT", "FAIL", "REVERT"]


class BatchIngestion(Service):
    """Batches on their way in."""

    title = "Batch Ingestion"
    library_name: LibraryName = "ingestion"

    def open_batch(
        self,
        dataset_id: str,
        *,
        external_id: str,
        tags: Mapping[str, Sequence[str]] | None = None,
        replaces: Sequence[str] = (),
        file_format: str = "parquet",
    ) -> str:
        """Open a batch and return its id.

        Sent once: a second POST would make a second batch. The caller looks the external id up in Catalog before and
        after (see `runner.ingestion`). Any bad row fails the batch.

        Args:
            replaces: ids of batches that leave the lake when this one succeeds.
        """
        body: dict[str, Any] = {
            "datasetId": dataset_id,
            "inputFormat": {"format": file_format},
            "externalId": external_id,
            "enableErrorDiagnostics": True,
            "partialIngestionPercent": 0,
            "tags": {key: list(values) for key, values in (tags or {}).items()},
        }
        if replaces:
            predecessors = [f"${batch_id.lstrip('$')}" for batch_id in replaces]
            body["replay"] = {"predecessors": predecessors, "predecessorsByExternalId": [], "reason": "replace"}
        answer = mapping(self.post("/batches", body), "Batch Ingestion to a new batch")
        return text(answer, "id", "Batch Ingestion to a new batch")

    def upload(self, batch_id: str, dataset_id: str, name: str, file: Path) -> None:
        """Upload a file of at most 256 MB. Repeating it replaces the file, so it is retried."""
        with file.open("rb") as body:
            self.send(
                "PUT",
                f"/batches/{batch_id}/datasets/{dataset_id}/files/{name}",
                data=body,
                headers={"Content-Type": "application/octet-stream", "Accept": "*/*"},
            )

    def act(self, batch_id: str, action: Action) -> None:
        """Complete, abort, fail or revert a batch. Accepted is not done: follow the batch in Catalog."""
        self.send("POST", f"/batches/{batch_id}", params={"action": action}, headers={"Accept": "*/*"}, repeatable=True)
