"""Daily schedules. The evaluation of all audiences at 01:00 UTC exists from the beginning and costs nothing."""

from __future__ import annotations

import uuid
from typing import Any

from local_platform import json_patch
from local_platform.context import Context
from local_platform.services.segmentation.cron import CronError, daily_time
from local_platform.services.segmentation.errors import SegmentationProblem

Json = dict[str, Any]
COLLECTION = "segmentation.schedules"
DEFAULT_CRON = "0 0 1 * * ?"
_TYPES = ("batch_segmentation", "export")


class Schedules:
    """Schedules of one sandbox. Only ``batch_segmentation`` over all audiences has an effect here."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._documents = context.documents
        if not self._documents.all(COLLECTION):
            properties = {"segments": ["*"]}
            self._put(self._new("Daily evaluation", "batch_segmentation", properties, DEFAULT_CRON, "active"))

    def all(self) -> list[Json]:
        """All schedules, oldest first."""
        return [document.body for document in self._documents.all(COLLECTION)]

    def active(self) -> list[Json]:
        """Schedules that evaluate audiences every day."""
        return [item for item in self.all() if item["type"] == "batch_segmentation" and item["state"] == "active"]

    def get(self, id: str) -> Json:
        """One schedule.

        Raises:
            SegmentationProblem: 404.
        """
        found = self._documents.get(COLLECTION, id)
        if found is None:
            raise SegmentationProblem(404, f"The schedule {id} is not found.", code="UPAPI-113430-404")
        return found.body

    def create(self, body: Json) -> Json:
        """Add a schedule; ``state`` is inactive when not given.

        Raises:
            SegmentationProblem: 400.
        """
        name = body.get("name")
        if not isinstance(name, str) or not name:
            raise SegmentationProblem(400, "A schedule needs a name.")
        made = self._new(
            name, body.get("type"), body.get("properties"), body.get("schedule"), body.get("state", "inactive")
        )
        return self._put(made)

    def change(self, id: str, operations: Any) -> Json:
        """Apply a JSON Patch, e.g. to the state.

        Raises:
            SegmentationProblem: 400, 404.
        """
        try:
            changed = json_patch.apply(self.get(id), operations)
        except json_patch.PatchError as fault:
            raise SegmentationProblem(400, f"The patch cannot be applied: {fault}") from None
        return self._put({**changed, "id": id, "updateEpoch": int(self._context.clock.now().timestamp())})

    def delete(self, id: str) -> None:
        """Remove a schedule.

        Raises:
            SegmentationProblem: 404.
        """
        self.get(id)
        self._documents.delete(COLLECTION, id)

    def _new(self, name: str, type: Any, properties: Any, schedule: Any, state: Any) -> Json:
        now = int(self._context.clock.now().timestamp())
        return {
            "id": str(uuid.uuid4()),
            "imsOrgId": self._context.options.org_id,
            "sandbox": {"sandboxName": self._context.options.sandbox, "type": "development"},
            "name": name,
            "type": type,
            "properties": properties,
            "schedule": schedule,
            "state": state,
            "createEpoch": now,
            "updateEpoch": now,
        }

    def _put(self, schedule: Json) -> Json:
        if schedule["type"] not in _TYPES:
            raise SegmentationProblem(400, f"type is {schedule['type']!r}; expected batch_segmentation or export.")
        if schedule["state"] not in ("active", "inactive"):
            raise SegmentationProblem(400, f"state is {schedule['state']!r}; expected active or inactive.")
        properties = schedule["properties"]
        if schedule["type"] == "batch_segmentation" and (
            not isinstance(properties, dict) or properties.get("segments") != ["*"]
        ):
            raise SegmentationProblem(
                400, 'properties.segments must be ["*"]: the daily evaluation takes all audiences.'
            )
        try:
            daily_time(str(schedule["schedule"]))
        except CronError as fault:
            raise SegmentationProblem(400, str(fault)) from None
        return self._documents.put(COLLECTION, str(schedule["id"]), schedule).body
