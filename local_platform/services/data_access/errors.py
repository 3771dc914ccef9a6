"""Data Access knows one error of its own: 404."""

from __future__ import annotations

from local_platform.problems import NotFound


class FileMissing(NotFound):
    """404: no such batch, file or path."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was not found.")
