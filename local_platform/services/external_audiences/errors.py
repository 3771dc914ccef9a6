"""Errors of external audiences: the documented codes and titles, in the platform's common shape (unconfirmed)."""

from __future__ import annotations

from local_platform.problems import PlatformProblem

_TYPE = "https://ns.adobe.com/aep/errors/"


class BadAudience(PlatformProblem):
    """400: the request does not say what it must."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, "BAD_REQUEST", detail, type=_TYPE + "100910-400")


class NoSuchAudience(PlatformProblem):
    """404: no audience, operation or run with this id."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(404, "NOT_FOUND", f"The {kind} {id} is not found.", type=_TYPE + "100940-404")


class AudienceExists(PlatformProblem):
    """409: the name or the client's own id is taken."""

    def __init__(self, what: str) -> None:
        super().__init__(409, "DUPLICATE_RESOURCE", f"An audience with {what} exists.", type=_TYPE + "100950-409")


class NotNow(PlatformProblem):
    """422: the request is well-formed, but cannot be done as things are."""

    def __init__(self, detail: str) -> None:
        super().__init__(422, "UNPROCESSABLE_ENTITY", detail, type=_TYPE + "100960-422")
