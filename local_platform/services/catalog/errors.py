"""Catalog's errors, in the platform's common shape."""

from __future__ import annotations

from local_platform.problems import BadRequest, NotFound


class DatasetMissing(NotFound):
    """404 for an unknown dataset."""

    def __init__(self, id: str) -> None:
        super().__init__(f"Dataset {id} was not found in this sandbox.")


class BatchMissing(NotFound):
    """404 for an unknown batch."""

    def __init__(self, id: str) -> None:
        super().__init__(f"Batch {id} was not found in this sandbox.")


class InvalidDataset(BadRequest):
    """400: the body is not a dataset, or breaks a rule."""
