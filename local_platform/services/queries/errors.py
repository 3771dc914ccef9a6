"""Query Service's REST errors: ``{"statusCode", "message"}`` (their exact shape is unconfirmed)."""

from __future__ import annotations

from local_platform.problems import Problem


class QueryProblem(Problem):
    """A refused call. A statement that fails is not one: it is a query in the state FAILED."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, {"statusCode": status, "message": message})
