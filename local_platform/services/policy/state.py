"""Labels of datasets, and the core labels and policies that every organisation has."""

from __future__ import annotations

from typing import Any

from local_platform.context import Context
from local_platform.documents import Document
from local_platform.services.policy.errors import LabelProblem, NoLabels

Json = dict[str, Any]
_LABELS = "policy.datasetLabels"

# Meanings in our words; the service's own definitions are longer.
CORE_LABELS = {
    "C1": "Export only in aggregated form, without individual or device identifiers",
    "C2": "No export to a third party",
    "C3": "Not to be combined with directly identifiable information",
    "C4": "No targeting",
    "C5": "No cross-site interest-based targeting",
    "C6": "No on-site advertising targeting",
    "C7": "No on-site content targeting",
    "C8": "No measurement of the organisation's own sites and apps",
    "C9": "Not to be used in data science workflows",
    "C10": "No activation of stitched identities",
    "C11": "No segment match",
    "C12": "No export in any way",
    "I1": "Directly identifying",
    "I2": "Indirectly identifying",
    "S1": "Precise location",
    "S2": "Broad location",
}
# Adobe ships core policies disabled; here they are enabled, so that a labelled dataset is refused as in a governed
# organisation. The name of a data science action is unconfirmed.
CORE_POLICIES = {
    "exportToThirdParty": ("Third Party Export Restriction", ("C1", "C2", "C12")),
    "emailTargeting": ("Targeting Restriction", ("C4",)),
    "onsitePersonalization": ("On-site Content Restriction", ("C4", "C7")),
    "onsiteAds": ("On-site Advertising Restriction", ("C4", "C6")),
    "crossSiteTargeting": ("Cross-site Targeting Restriction", ("C4", "C5")),
    "analytics": ("Measurement Restriction", ("C8",)),
    "combineWithPii": ("Combination Restriction", ("C3",)),
    "dataScience": ("Data Science Restriction", ("C9",)),
}


class Labels:
    """Usage labels of datasets, each record with an etag."""

    def __init__(self, context: Context) -> None:
        self._documents = context.documents

    def get(self, dataset_id: str) -> Document:
        """The labels of a dataset.

        Raises:
            NoLabels: 404, which means none were ever set.
        """
        found = self._documents.get(_LABELS, dataset_id)
        if found is None:
            raise NoLabels(dataset_id)
        return found

    def of(self, dataset_id: str) -> tuple[list[str], list[Json]]:
        """Dataset labels and field labels (``optionalLabels``); empty when none are set."""
        found = self._documents.get(_LABELS, dataset_id)
        return ([], []) if found is None else (found.body["labels"], found.body["optionalLabels"])

    def set(self, dataset_id: str, body: Json, *, if_match: str | None) -> Document:
        """Replace the labels; an empty list removes all.

        Raises:
            LabelProblem: labels that are no list of texts.
            EtagMismatch: the record changed since its etag was read.
        """
        labels = body.get("labels")
        if not isinstance(labels, list) or not all(isinstance(label, str) and label for label in labels):
            raise LabelProblem(400, "labels must be a list of texts such as ['C9'].", dataset_id)
        stored = {"labels": list(dict.fromkeys(labels)), "optionalLabels": list(body.get("optionalLabels") or [])}
        return self._documents.put(_LABELS, dataset_id, stored, if_match=if_match)

    def delete(self, dataset_id: str) -> None:
        """Remove the record.

        Raises:
            NoLabels
        """
        if not self._documents.delete(_LABELS, dataset_id):
            raise NoLabels(dataset_id)
