"""Every error this package raises on purpose.

    PropensityError
    ├── SettingsError          propensity.yml or the environment is wrong
    ├── DataError              the data is not what it must be; nothing was lost
    ├── ModelError             training, gate or registry refuses
    └── PlatformError          the platform said no
        ├── AuthenticationError    credentials are missing, wrong or expired
        ├── PermissionDenied       the credential may not do this, or a licence is missing
        ├── NotFound               the named thing does not exist (in this sandbox)
        ├── Conflict               it exists already, or somebody changed it meanwhile
        ├── RateLimited            too many requests, or a quota is used up
        ├── Unavailable            5xx, reset, unreadable answer
        └── PlatformTimeout        it did not finish in the time allowed

A message says what was seen; a remedy says what to do next. Neither ever holds a secret.
"""

from __future__ import annotations


class PropensityError(Exception):
    """Base of all errors raised on purpose.

    Args:
        message: what was seen and what was expected, one or two sentences.
        remedy: what to do next; empty when the message already says it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.step = ""
        """The step of the pipeline in which it happened, e.g. `Step 6 (publish)`; set by `runner.timing`."""

    def __str__(self) -> str:
        return f"{self._where()}{self.message} {self.remedy}".strip()

    def _where(self) -> str:
        return f"{self.step}: " if self.step else ""


class SettingsError(PropensityError):
    """propensity.yml, profiles.yml or the environment is missing something or contradicts itself."""


class DataError(PropensityError):
    """The data is not what it must be: refused, with the thing named and nothing lost."""


class ModelError(PropensityError):
    """Training, evaluation, the gate or the registry refuses to go on."""


class PlatformError(PropensityError):
    """The platform answered with an error.

    Args:
        service: which service, in its documented name ("Catalog", "Query Service", ...).
        status: HTTP status, or None where there was no HTTP answer.
        title: the service's own title or error code.
        detail: the service's own text, at most 2 kB.
        request_id: the x-request-id that was sent, for Adobe's support.
        code: SQLSTATE or platform error code where there is one.
    """

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        service: str = "",
        status: int | None = None,
        title: str = "",
        detail: str = "",
        request_id: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message, remedy)
        self.service = service
        self.status = status
        self.title = title
        self.detail = detail[:2048]
        self.request_id = request_id
        self.code = code

    def __str__(self) -> str:
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self._where()}{self.message}{request} {self.remedy}".strip()


class AuthenticationError(PlatformError):
    """Credentials are missing, wrong or expired."""


class PermissionDenied(PlatformError):
    """The credential may not do this here, or the organisation has no licence for it."""


class NotFound(PlatformError):
    """The named thing does not exist, at least not in this sandbox."""


class Conflict(PlatformError):
    """The thing exists already, or somebody changed it in the meantime."""


class RateLimited(PlatformError):
    """Too many requests, or a documented quota is used up."""


class Unavailable(PlatformError):
    """The service failed (5xx), dropped the connection, or sent something unreadable."""


class PlatformTimeout(PlatformError):
    """The platform did not finish within the time allowed."""
