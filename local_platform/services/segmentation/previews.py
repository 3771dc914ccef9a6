"""Previews and estimates of a rule. AEP answers from a sample after 10 to 15 seconds; here all profiles are counted."""

from __future__ import annotations

import base64
import uuid
from datetime import timedelta
from typing import Any

from local_platform.context import Context
from local_platform.pql import PqlError
from local_platform.profile_store.membership import compiled, count, sample
from local_platform.services.profile.state import PROFILE_SCHEMA, store_of, xid
from local_platform.services.segmentation.definitions import check_rule
from local_platform.services.segmentation.errors import SegmentationProblem

Json = dict[str, Any]
COLLECTION = "segmentation.previews"
PREVIEW_SECONDS = 12.0
LARGEST_PAGE = 1_000


class Previews:
    """Preview jobs; an estimate is the count of the same job."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents

    def create(self, body: Json) -> Json:
        """Start a preview.

        Raises:
            SegmentationProblem: 400 for another model or type, or a bad rule.
        """
        if body.get("predicateType", "pql/text") not in ("pql/text", "PQL"):
            raise SegmentationProblem(
                400, f"predicateType is {body.get('predicateType')!r}; pql/text is evaluated here."
            )
        if body.get("predicateModel", PROFILE_SCHEMA) != PROFILE_SCHEMA:
            raise SegmentationProblem(400, f"predicateModel must be {PROFILE_SCHEMA}.")
        text = body.get("predicateExpression")
        if not isinstance(text, str):
            raise SegmentationProblem(400, "predicateExpression must be the PQL text.")
        check_rule(self._context, text)
        query = str(uuid.uuid4())
        id = base64.urlsafe_b64encode(f"preview:{query}".encode()).decode().rstrip("=")
        self._documents.put(
            COLLECTION, id, {"id": id, "query": query, "rule": text, "ms": self._context.clock.now_ms()}
        )
        return {
            "state": "NEW",
            "previewQueryId": query,
            "previewQueryStatus": "NEW",
            "previewId": id,
            "previewExecutionId": 0,
        }

    def delete(self, id: str) -> None:
        """Remove a preview.

        Raises:
            SegmentationProblem: 404.
        """
        self._get(id)
        self._documents.delete(COLLECTION, id)

    def results(self, id: str, *, start: int, limit: int) -> Json:
        """Profiles that meet the rule, or an empty page while it runs.

        Raises:
            SegmentationProblem: 404.
        """
        stored = self._get(id)
        if not self._is_ready(stored):
            return {"results": [], "state": "RUNNING", "page": {"offset": start, "size": 0}, "link": ""}
        store = store_of(self._context)
        found = sample(store, compiled(store, stored["rule"]), self._context.clock.now(), start + limit)[start:]
        results = [_link(xid(namespace, identity)) for namespace, identity in found]
        page = {"offset": start, "size": len(results)}
        return {"results": results, "state": "RESULT_READY", "page": page, "link": ""}

    def estimate(self, id: str) -> Json:
        """The count of a preview.

        Raises:
            SegmentationProblem: 404.
        """
        stored = self._get(id)
        store = store_of(self._context)
        store.catch_up()
        total = store.merged().profiles
        answer: Json = {
            "estimatedSize": 0,
            "numRowsToRead": total,
            "state": "RUNNING",
            "profilesReadSoFar": 0,
            "profilesMatchedSoFar": 0,
            "totalRows": total,
            "standardError": 0,
            "confidenceInterval": "95%",
            "error": {"description": "", "traceback": ""},
            "_links": {"preview": f"{self._context.api_url}/data/core/ups/preview?previewQueryId={stored['query']}"},
        }
        if not self._is_ready(stored):
            return answer
        try:
            size = count(store, compiled(store, stored["rule"]), self._context.clock.now())
        except PqlError as fault:
            return {**answer, "state": "FAILED", "error": {"description": str(fault), "traceback": ""}}
        return {
            **answer,
            "state": "RESULT_READY",
            "estimatedSize": size,
            "profilesReadSoFar": total,
            "profilesMatchedSoFar": size,
        }

    def _get(self, id: str) -> Json:
        found = self._documents.get(COLLECTION, id)
        if found is None:
            raise SegmentationProblem(404, f"The preview {id} is not found.", code="UPAPI-113430-404")
        return found.body

    def _is_ready(self, stored: Json) -> bool:
        wait = timedelta(seconds=self._context.delay(PREVIEW_SECONDS))
        return self._context.clock.now_ms() - int(stored["ms"]) >= wait.total_seconds() * 1000


def _link(id: str) -> Json:
    return {id: {"_href": f"/data/core/ups/access/entities?schema.name={PROFILE_SCHEMA}&entityId={id}"}}
