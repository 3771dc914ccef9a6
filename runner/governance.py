"""Data usage labels: label C9 forbids data science, and nothing in the platform enforces it, so we do."""

from __future__ import annotations

from collections.abc import Sequence

from runner.errors import DataError
from runner.platform import Platform

NOT_FOR_DATA_SCIENCE = "C9"


def refuse_labelled(platform: Platform, datasets: Sequence[str]) -> None:
    """Refuse to read datasets that carry C9 themselves or on a field that the dataset lists.

    Labels that a field inherits from its schema are not listed by this call (unconfirmed which call lists them all).

    Raises:
        DataError: naming the dataset, and the fields.
    """
    for name in datasets:
        labels = platform.labels.labels(platform.catalog.dataset_named(name).id)
        fields = [path for path, found in labels.fields.items() if NOT_FOR_DATA_SCIENCE in found]
        if NOT_FOR_DATA_SCIENCE in labels.dataset or fields:
            where = f"its fields {', '.join(fields)} carry" if fields else "it carries"
            raise DataError(
                f"Dataset {name} must not be used for data science: {where} the usage label C9.",
                "Use another dataset in propensity.yml, or ask your data steward about the label.",
            )
