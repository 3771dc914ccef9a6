"""Segmentation's errors: messages keyed by HTTP status, with an error type of the platform."""

from __future__ import annotations

import uuid

from local_platform.problems import Problem

_TYPE = "https://ns.adobe.com/aep/errors/"


class SegmentationProblem(Problem):
    """``{"requestId", "errors": {status: [{"code", "message"}]}, "type", "title", "status"}``."""

    def __init__(self, status: int, message: str, *, code: str = "UPAPI-113434-400") -> None:
        body = {
            "requestId": str(uuid.uuid4()),
            "errors": {str(status): [{"code": status, "message": message}]},
            "type": _TYPE + code,
            "title": message,
            "status": status,
        }
        super().__init__(status, body)


class AudienceNotFound(SegmentationProblem):
    """404: no audience with this id."""

    def __init__(self, id: str) -> None:
        message = f"The audience entity {id} is not found. Please check the id."
        super().__init__(404, message, code="UPAPI-113430-404")


class NameTaken(SegmentationProblem):
    """422: another audience has this name."""

    def __init__(self, name: str) -> None:
        message = f"A segment definition named {name!r} already exists. Use PATCH to update it."
        super().__init__(422, message, code="UPAPI-113436-422")


class InUse(SegmentationProblem):
    """400: the audience is activated."""

    def __init__(self, id: str, flow_ids: list[str]) -> None:
        message = f"The audience {id} cannot be deleted: it is activated by {', '.join(flow_ids)}."
        super().__init__(400, message, code="UPAPI-113631-403")


class TooManyJobs(SegmentationProblem):
    """429: evaluation is under way, or the day's or year's on-demand evaluations are used up."""

    def __init__(self, message: str) -> None:
        super().__init__(429, message, code="UPAPI-113460-429")
