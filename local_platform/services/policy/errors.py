"""Errors of the label service (``PES-…``) and of the policy service."""

from __future__ import annotations

from local_platform.problems import PlatformProblem, Problem

_NAMES = {400: "BAD_REQUEST", 403: "FORBIDDEN", 404: "NOT_FOUND", 412: "PRECONDITION_FAILED"}


class LabelProblem(Problem):
    """``{"timestamp", "status", "code", "message", "path"}``."""

    def __init__(self, status: int, message: str, dataset_id: str, timestamp: str = "") -> None:
        body = {
            "timestamp": timestamp,
            "status": _NAMES.get(status, "ERROR"),
            "code": f"PES-{status}",
            "message": message,
            "path": f"/entities/AEP:dataset:{dataset_id}",
        }
        super().__init__(status, body)


class NoLabels(LabelProblem):
    """404: no labels were ever set; says nothing about the dataset."""

    def __init__(self, dataset_id: str) -> None:
        super().__init__(404, "GET Entities Not Found", dataset_id)


class PolicyProblem(PlatformProblem):
    """The policy service's ``type/status/title/detail``."""
