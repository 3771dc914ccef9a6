"""Profile's errors: ``{"message", "cause", "statusCode"}`` with the status as text."""

from __future__ import annotations

from local_platform.problems import Problem


class ProfileProblem(Problem):
    """An error in Profile's shape."""

    def __init__(self, status: int, message: str, cause: str = "") -> None:
        super().__init__(status, {"message": message, "cause": cause or message, "statusCode": str(status)})


class EntityNotFound(ProfileProblem):
    """404: no profile has this identity."""

    def __init__(self) -> None:
        super().__init__(404, "UPS-ACC-404: XDM objects not found.", "No profile has this identity.")
