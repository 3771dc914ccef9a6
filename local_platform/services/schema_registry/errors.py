"""Schema Registry's errors: codes and wording of its troubleshooting page where it has them."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from local_platform.problems import Problem


class RegistryProblem(Problem):
    """`{"type", "title", "status", "report", "detail"}` with an XDM code."""

    def __init__(self, status: int, code: str, title: str, detail: str) -> None:
        report = {
            "registryRequestId": secrets.token_hex(16),
            "timestamp": datetime.now(UTC).strftime("%m-%d-%Y %H:%M:%S"),
            "detailed-message": detail,
            "sub-errors": [],
        }
        body = {
            "type": f"http://ns.adobe.com/aep/errors/{code}",
            "title": title,
            "status": status,
            "report": report,
            "detail": detail,
        }
        super().__init__(status, body)


class ResourceNotFound(RegistryProblem):
    """No resource with this id in this sandbox."""

    def __init__(self, id: str) -> None:
        detail = f"Requested resource {id} with version 1 is not found"
        super().__init__(404, "XDM-1012-404", "Resource Not Found", detail)


class BadAccept(RegistryProblem):
    """The Accept header is missing, unknown, or wrong for this kind of call.

    Args:
        code: 1006 for lists, 1007 for look-ups, 1008 for descriptor lists, 1009 for descriptor look-ups.
    """

    def __init__(self, code: int, seen: str, wanted: str) -> None:
        detail = f"The supplied Accept header is not valid: {seen} - A valid Accept value should look like {wanted}"
        super().__init__(400, f"XDM-{code}-400", "Accept header invalid", detail)


class InvalidResource(RegistryProblem):
    """The body breaks a rule of the registry. The code is ours; the documents name none."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, "XDM-1521-400", "Schema validation failed", detail)


class TitleTaken(RegistryProblem):
    """Titles are unique among the resources of one kind."""

    def __init__(self, id: str) -> None:
        detail = f"Title must be unique. An object {id} already exists with the same title"
        super().__init__(400, "XDM-1522-400", "Title not unique", detail)


class NotAdditive(RegistryProblem):
    """An update would break data that exists already."""

    def __init__(self, detail: str) -> None:
        super().__init__(422, "XDM-1406-422", "Update rejected", detail)


class ResourceInUse(RegistryProblem):
    """The resource is referred to by others."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, "XDM-1523-400", "Resource in use", detail)
