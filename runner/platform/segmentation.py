"""Segmentation Service: audiences by rule, their evaluation, estimates.

In the API an audience that the platform computes is a "segment definition". Names are unique in a sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from runner.errors import PlatformTimeout
from runner.platform.documents import Document, decimal, inner, mapping, page_of, rows, text, whole
from runner.platform.library import LibraryName
from runner.platform.service import Service

JobState = Literal["running", "succeeded", "failed"]


@dataclass(frozen=True)
class SegmentDefinition:
    """An audience with its rule. Times are epoch milliseconds."""

    id: str
    name: str
    description: str
    pql: str
    created_ms: int
    updated_ms: int
    lifecycle: str = ""


@dataclass(frozen=True)
class SegmentJob:
    """One evaluation. Times are epoch milliseconds; `members` counts who is in each audience now."""

    id: str
    state: JobState
    reported: str
    source: str
    created_ms: int
    updated_ms: int
    completed_ms: int | None
    segment_ids: tuple[str, ...]
    members: Mapping[str, int]
    total_profiles: int
    errors: tuple[str, ...]

    def covers(self, segment_id: str) -> bool:
        """Whether this job evaluated the audience (`*` stands for all)."""
        return segment_id in self.segment_ids or "*" in self.segment_ids or segment_id in self.members


@dataclass(frozen=True)
class Estimate:
    """A sampled estimate of an audience's size: plausibility, never reconciliation."""

    size: int
    standard_error: float
    profiles_read: int


class Segmentation(Service):
    """Audiences by rule."""

    title = "Segmentation"
    library_name: LibraryName = "segmentation"

    def find(self, name: str) -> SegmentDefinition | None:
        """The audience with exactly this name, or None."""
        return next((d for d in self.definitions() if d.name == name), None)

    def definitions(self) -> list[SegmentDefinition]:
        """Every audience by rule of the sandbox, all pages, each once."""
        found: dict[str, SegmentDefinition] = {}
        page = 0
        while True:
            answer = mapping(self.get("/segment/definitions", {"limit": 100, "page": page}), "Segmentation to list")
            segments = page_of(answer, "segments", "Segmentation to list")
            before = len(found)
            found |= {d.id: d for d in map(_definition, segments)}
            page += 1
            if len(segments) < 100 or len(found) == before or page >= (whole(_pages(answer)) or page + 1):
                return list(found.values())

    def definition(self, segment_id: str) -> SegmentDefinition:
        """An audience by id.

        Raises:
            NotFound: there is none.
        """
        return _definition(mapping(self.call(self.library.getSegment, segment_id), "Segmentation to a definition"))

    def create(self, name: str, pql: str, description: str, ttl_days: int = 30) -> SegmentDefinition:
        """Create an audience evaluated in the daily batch; one that has the name already is returned as it is.

        Raises:
            PlatformError: status 400 when the rule is not valid PQL; the detail says where.
        """
        body = _body(name, pql, description) | {"ttlInDays": ttl_days}

        def make() -> SegmentDefinition:
            return _definition(mapping(self.call(self.library.createSegment, body), "Segmentation to create"))

        return self.once(lambda: self.find(name), make, f"audience '{name}'")

    def change(self, segment_id: str, name: str, pql: str, description: str) -> SegmentDefinition:
        """Change rule, name and description of an audience; its id, and with it every activation, stays."""
        self.send("PATCH", f"/segment/definitions/{segment_id}", json=_body(name, pql, description), repeatable=True)
        return self.definition(segment_id)

    def delete(self, segment_id: str) -> None:
        """Delete an audience; refused while it is activated or used by another."""
        self.send("DELETE", f"/segment/definitions/{segment_id}", repeatable=True)

    def evaluate_now(self, segment_ids: Sequence[str]) -> SegmentJob:
        """Start an on-demand evaluation. It uses up a quota (2 a day), so it is sent once and never repeated here."""
        return _job(mapping(self.call(self.library.createJob, list(segment_ids)), "Segmentation to a new job"))

    def job(self, job_id: str) -> SegmentJob:
        """An evaluation by id."""
        return _job(mapping(self.call(self.library.getJob, job_id), "Segmentation to a job"))

    def jobs(self, limit: int = 100) -> list[SegmentJob]:
        """The newest evaluations, newest first."""
        query = {"limit": limit, "start": 0, "sort": "updateTime:desc"}
        answer = mapping(self.get("/segment/jobs", query), "Segmentation to jobs")
        found = [_job(j) for j in page_of(answer, "children", "Segmentation to jobs")]
        return sorted(found, key=lambda j: -j.created_ms)

    def latest_evaluation(self, segment_id: str) -> SegmentJob | None:
        """The newest finished evaluation that covers the audience, scheduled or on demand."""
        done = [j for j in self.jobs() if j.state == "succeeded" and j.covers(segment_id)]
        return max(done, key=lambda j: j.created_ms, default=None)

    def ensure_daily_schedule(self, cron: str = "0 0 1 * * ?") -> str:
        """The id of the sandbox's daily evaluation of all audiences, made and made active if need be."""

        def find() -> str | None:
            answer = mapping(self.get("/config/schedules", {"limit": 100}), "Segmentation to schedules")
            kinds = [
                s
                for s in page_of(answer, "children", "Segmentation to schedules")
                if s.get("type") == "batch_segmentation"
            ]
            active = next((s for s in kinds if s.get("state") == "active"), None)
            if active is None and kinds:
                change = [{"op": "add", "path": "/state", "value": "active"}]
                active = kinds[0]
                which = text(active, "id", "Segmentation to schedules")
                self.send("PATCH", f"/config/schedules/{which}", json=change, repeatable=True)
            return text(active, "id", "Segmentation to schedules") if active is not None else None

        def make() -> str:
            body = {
                "name": "daily evaluation",
                "type": "batch_segmentation",
                "properties": {"segments": ["*"]},
                "schedule": cron,
                "state": "active",
            }
            return text(
                mapping(self.post("/config/schedules", body), "Segmentation to schedules"), "id", "Segmentation"
            )

        return self.once(find, make, "the daily evaluation")

    def estimate(self, pql: str, seconds: float = 60) -> Estimate:
        """A sampled estimate of how many profiles meet a rule.

        Raises:
            PlatformTimeout: no estimate in time.
        """
        preview = mapping(self.call(self.library.createPreview, pql=pql, repeatable=True), "a preview")
        preview_id = text(preview, "previewId", "Segmentation to a preview")
        deadline = self._session.clock() + seconds
        while self._session.clock() < deadline:
            answer = mapping(self.call(self.library.getEstimate, preview_id), "an estimate")
            if answer.get("state") == "RESULT_READY":
                return Estimate(
                    whole(answer.get("estimatedSize")),
                    decimal(answer.get("standardError")),
                    whole(answer.get("profilesReadSoFar")),
                )
            self._session.sleep(2)
        raise PlatformTimeout(f"No estimate within {seconds:.0f} s.", "Go on without it.", service=self.title)


def _body(name: str, pql: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "profileInstanceId": "ups",
        "expression": {"type": "PQL", "format": "pql/text", "value": pql},
        "schema": {"name": "_xdm.context.profile"},
        "evaluationInfo": {
            "batch": {"enabled": True},
            "continuous": {"enabled": False},
            "synchronous": {"enabled": False},
        },
    }


def _pages(answer: Document) -> object:
    return inner(answer, "page").get("totalPages")


def _definition(item: Document) -> SegmentDefinition:
    return SegmentDefinition(
        id=text(item, "id", "Segmentation to an audience"),
        name=str(item.get("name", "")),
        description=str(item.get("description") or ""),
        pql=str(inner(item, "expression").get("value", "")),
        created_ms=whole(item.get("creationTime")),
        updated_ms=whole(item.get("updateTime")) or 1000 * whole(item.get("updateEpoch")),
        lifecycle=str(item.get("lifecycleState") or ""),
    )


def _job(item: Document) -> SegmentJob:
    metrics = inner(item, "metrics")
    reported = str(item.get("status") or "")
    total = inner(metrics, "totalTime")
    return SegmentJob(
        id=text(item, "id", "Segmentation to a job"),
        state=_state(reported),
        reported=reported,
        source=str(item.get("source") or ""),
        created_ms=whole(item.get("creationTime")),
        updated_ms=whole(item.get("updateTime")),
        completed_ms=whole(total.get("endTimeInMs")) or None,
        segment_ids=tuple(str(s.get("segmentId")) for s in rows(item, "segments", "Segmentation to a job")),
        members=_members(metrics),
        total_profiles=whole(metrics.get("totalProfiles")),
        errors=tuple(
            f"{e.get('code', '')} {e.get('msg', '')}".strip() for e in rows(item, "errors", "Segmentation to a job")
        ),
    )


def _state(reported: str) -> JobState:
    if reported.upper() == "SUCCEEDED":
        return "succeeded"
    return "failed" if reported.upper() in ("FAILED", "CANCELLED", "CANCELLING") else "running"


def _members(metrics: Document) -> dict[str, int]:
    """Realized, plus the older `existing` counter where it still appears; the plain counter where neither does."""
    by_status = inner(metrics, "segmentedProfileByStatusCounter")
    plain = {str(k): whole(v) for k, v in inner(metrics, "segmentedProfileCounter").items()}
    counted = {
        str(k): whole(v.get("realized")) + whole(v.get("existing"))
        for k, v in by_status.items()
        if isinstance(v, Mapping) and ("realized" in v or "existing" in v)
    }
    return plain | counted
