"""Errors that know their HTTP status and documented body; services derive theirs from these."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Problem(Exception):
    """An HTTP error with a body of the service's own shape.

    Args:
        status: HTTP status.
        body: what is sent, as JSON.
        headers: further headers, e.g. Retry-After.
    """

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = headers or {}


class GatewayProblem(Problem):
    """Refused before any service saw the call: `{"error_code", "message"}`."""

    def __init__(self, status: int, error_code: str, message: str) -> None:
        super().__init__(status, {"error_code": error_code, "message": message})


class PlatformProblem(Problem):
    """The platform's common shape: `{"type", "status", "title", "detail"}`."""

    def __init__(self, status: int, title: str, detail: str, *, type: str = "/placeholder/type/uri") -> None:
        super().__init__(status, {"type": type, "status": status, "title": title, "detail": detail})


class BadRequest(PlatformProblem):
    """400 in the common shape."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, "BadRequestError", detail)


class NotFound(PlatformProblem):
    """404 in the common shape."""

    def __init__(self, detail: str) -> None:
        super().__init__(404, "NotFoundError", detail)
