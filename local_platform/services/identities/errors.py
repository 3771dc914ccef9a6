"""Errors of the identity namespace service: `{timestamp, type, status, title, error, report}`."""

from __future__ import annotations

import time

from local_platform.problems import Problem


class NamespaceProblem(Problem):
    """Base of the service's errors."""

    def __init__(self, status: int, title: str, error: str, detail: str) -> None:
        body = {
            "timestamp": int(time.time() * 1000),
            "type": "http://ns.adobe.com/aep/errors/" + error,
            "status": status,
            "title": title,
            "error": error,
            "report": {"detailed-message": detail},
        }
        super().__init__(status, body)


class InvalidNamespace(NamespaceProblem):
    """The body is not a namespace."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, "Bad Request", "INVALID_NAMESPACE", detail)


class NamespaceConflict(NamespaceProblem):
    """The code is taken."""

    def __init__(self, code: str) -> None:
        super().__init__(409, "Conflict", "NAMESPACE_CODE_CONFLICT", f"A namespace with code {code} already exists.")


class NamespaceNotFound(NamespaceProblem):
    """No such namespace."""

    def __init__(self, id: str) -> None:
        super().__init__(404, "Not Found", "NAMESPACE_NOT_FOUND", f"There is no namespace {id}.")
