"""Data Prep's errors: the platform's `type/status/title/detail` (which of its shapes is used is unconfirmed)."""

from __future__ import annotations

from local_platform.problems import BadRequest, NotFound


class InvalidMapping(BadRequest):
    """400: a mapping that cannot be stored or evaluated."""


class MappingMissing(NotFound):
    """404: no such mapping set, or no such mapping in it."""

    def __init__(self, what: str, id: str) -> None:
        super().__init__(f"There is no {what} {id!r}.")


class ExpressionError(ValueError):
    """A calculated field that cannot be read, or cannot be evaluated on a row; the text says where."""
