"""Data usage labels: may this data be used for that?

Nothing in Query Service, Data Access or the exports stops a program from reading data labelled C9 (no data science):
the pipeline has to look and refuse by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.errors import NotFound
from runner.platform.documents import Document, inner, mapping, page_of, rows, strings, text, unexpected
from runner.platform.library import LibraryName
from runner.platform.service import Service


@dataclass(frozen=True)
class Labels:
    """Labels put on a dataset itself, and by schema path on its fields; `etag` is their version, empty without any.

    `optional` is the service's own list of the fields' labels, to be sent back as it came.
    """

    dataset: tuple[str, ...]
    fields: dict[str, tuple[str, ...]]
    etag: str
    optional: tuple[Document, ...] = ()


@dataclass(frozen=True)
class PolicyVerdict:
    """What the Policy Service says of a marketing action on a dataset: all labels it found, and violated policies."""

    labels: tuple[str, ...]
    violated: tuple[str, ...]


class DatasetLabels(Service):
    """Labels set on datasets."""

    title = "Dataset Service"
    library_name: LibraryName = "labels"

    def labels(self, dataset_id: str) -> Labels:
        """The labels of a dataset; no labels when none were ever set (the service answers 404 then)."""
        try:
            response = self.send("GET", f"/datasets/{dataset_id}/labels", headers={"Accept": "application/json"})
        except NotFound:
            return Labels((), {}, "")
        body = mapping(response.json() if response.content else None, "Dataset Service to labels")
        body = inner(body, f"AEP:dataset:{dataset_id}") or body
        if "labels" not in body and "optionalLabels" not in body:
            # Data with a label that cannot be read must not pass as data without one.
            raise unexpected("Dataset Service to labels", "'labels'")
        fields = {
            str(inner(entry, "option").get("schemaPath", "")): strings(entry.get("labels"))
            for entry in rows(body, "optionalLabels", "Dataset Service to labels")
        }
        optional = tuple(mapping(entry, "a field's labels") for entry in body.get("optionalLabels") or [])
        return Labels(strings(body.get("labels")), fields, response.headers.get("etag", ""), optional)

    def add(self, dataset_id: str, labels: Sequence[str]) -> None:
        """Put labels on a dataset beside those that it has; nobody else's change is overwritten.

        Raises:
            Conflict: the labels were changed meanwhile, or an enabled policy forbids them on an activated dataset.
        """
        now = self.labels(dataset_id)
        together = list(dict.fromkeys([*now.dataset, *labels]))
        headers = {"If-Match": now.etag} if now.etag else {}
        body = {"labels": together, "optionalLabels": now.optional}
        self.send("PUT", f"/datasets/{dataset_id}/labels", json=body, headers=headers, repeatable=True)


class Policies(Service):
    """Policy Service."""

    title = "Policy Service"
    library_name: LibraryName = "policy"

    def evaluate(self, dataset_id: str, fields: Sequence[str], action: str) -> PolicyVerdict:
        """Ask whether a core marketing action may use a dataset; labels inherited from the schema are included.

        Args:
            fields: schema paths such as `/properties/_acme/properties/crmId`.
            action: name of a core marketing action.

        Raises:
            NotFound: there is no such action.
        """
        answer = mapping(
            self.call(
                self.library.evaluateMarketingActionDataset,
                mktActionName=action,
                entityId=dataset_id,
                entityMeta=list(fields) or None,
                repeatable=True,
            ),
            "Policy Service to constraints",
        )
        what = "Policy Service to constraints"
        if "duleLabels" not in answer and "violatedPolicies" not in answer:
            raise unexpected(what, "'duleLabels' or 'violatedPolicies'")
        violated = tuple(str(p.get("name") or p.get("id")) for p in rows(answer, "violatedPolicies", what))
        return PolicyVerdict(strings(answer.get("duleLabels")), violated)

    def marketing_actions(self) -> list[str]:
        """Names of the core marketing actions."""
        answer = mapping(self.get("/marketingActions/core", {"limit": 100}), "Policy Service to actions")
        what = "Policy Service to actions"
        return [text(a, "name", what) for a in page_of(answer, "children", what)]
