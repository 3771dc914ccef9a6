"""Batches as Catalog shows them."""

from __future__ import annotations

from typing import Any

from local_platform.context import Context
from local_platform.lake import Batch

Json = dict[str, Any]


def show_batch(context: Context, batch: Batch) -> Json:
    """A batch in Catalog's form; `metrics`, `errors`, `started` and `completed` are missing while it is young."""
    user = f"{context.options.client_id}@AdobeID"
    shown: Json = {
        "imsOrg": context.options.org_id,
        "sandboxId": f"sandbox-{context.options.sandbox}",
        "status": batch.status,
        "created": batch.created_ms,
        "createdClient": context.options.client_id,
        "createdUser": user,
        "updatedUser": user,
        "updated": batch.updated_ms,
        "externalId": batch.external_id,
        "version": f"1.0.{batch.version}",
        "inputFormat": batch.input_format,
        "relatedObjects": [{"type": "dataSet", "id": batch.dataset_id}],
        "tags": batch.tags,
        "replay": _replay(batch),
    }
    if batch.started_ms is not None:
        shown["started"] = batch.started_ms
    if batch.completed_ms is not None:
        shown["completed"] = batch.completed_ms
    if batch.metrics:
        shown["metrics"] = batch.metrics
        shown["recordCount"] = batch.metrics.get("outputRecordCount", 0)
        shown["failedRecordCount"] = batch.metrics.get("failedRecordCount", 0)
    if batch.errors:
        shown["errors"] = batch.errors
    return shown


def _replay(batch: Batch) -> Json:
    if not batch.replaces:
        return {}
    return {"predecessors": list(batch.replaces), "reason": batch.properties.get("replayReason", "replace")}
