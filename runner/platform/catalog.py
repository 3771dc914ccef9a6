"""Catalog: datasets, their tables and flags, and batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runner.errors import DataError, NotFound
from runner.platform.documents import Document, inner, mapping, rows, strings, unexpected, whole
from runner.platform.library import LibraryName
from runner.platform.service import Service

BatchState = Literal["open", "waiting", "success", "failed", "gone"]
"""open: files may be uploaded; waiting: being promoted; success: visible in the lake; failed: nothing committed;
gone: was committed once and is not visible any more (reverted, replaced, deleted)."""

_STATES: Mapping[str, BatchState] = {
    "loading": "open",
    "loaded": "waiting",
    "queued": "waiting",
    "processing": "waiting",
    "staging": "waiting",
    "staged": "waiting",
    "retrying": "waiting",
    "stalled": "waiting",
    "success": "success",
    "active": "success",
    "failed": "failed",
    "failure": "failed",
    "aborted": "failed",
    "abandoned": "failed",
    "inactive": "gone",
    "deleted": "gone",
    "archived": "gone",
    "retained": "gone",
}


@dataclass(frozen=True)
class Dataset:
    """A dataset; `table_name` is its name in SQL, empty until Query Service knows it."""

    id: str
    name: str
    table_name: str
    schema_id: str
    profile_enabled: bool
    identity_enabled: bool
    upsert: bool
    tags: Mapping[str, tuple[str, ...]]
    created_ms: int


@dataclass(frozen=True)
class BatchProblem:
    """One entry of a batch's `errors`."""

    code: str
    description: str


@dataclass(frozen=True)
class Batch:
    """A batch of a dataset. Times are epoch milliseconds; counts are None while the service has none."""

    id: str
    dataset_id: str
    state: BatchState
    reported: str
    external_id: str
    created_ms: int
    completed_ms: int | None
    input_records: int | None
    output_records: int | None
    failed_records: int | None
    errors: tuple[BatchProblem, ...]
    tags: Mapping[str, tuple[str, ...]]
    predecessors: tuple[str, ...]


class Catalog(Service):
    """Datasets and batches."""

    title = "Catalog"
    library_name: LibraryName = "catalog"

    def find_dataset(self, name: str) -> Dataset | None:
        """The dataset with exactly this name, or None.

        Raises:
            DataError: several datasets have the name; which one is meant cannot be guessed.
        """
        found = [d for d in self.datasets(name) if d.name == name]
        if len(found) > 1:
            raise DataError(
                f"There are {len(found)} datasets called '{name}': {', '.join(d.id for d in found)}.",
                "Rename or delete all but one in the AEP user interface (Datasets), then run the step again.",
            )
        return found[0] if found else None

    def dataset_named(self, name: str) -> Dataset:
        """The dataset with this name.

        Raises:
            NotFound: there is none in this sandbox.
        """
        found = self.find_dataset(name)
        if found is None:
            sandbox = self._session.connection.sandbox
            raise NotFound(
                f"There is no dataset '{name}' in sandbox {sandbox}.",
                "Run 'propensity setup' to create what is missing, or correct the name under 'datasets' in "
                "propensity.yml; 'propensity doctor' lists what is there.",
                service=self.title,
                status=404,
            )
        return found

    def dataset(self, dataset_id: str) -> Dataset:
        """A dataset by id.

        Raises:
            NotFound: there is none.
        """
        answer = mapping(self.call(self.library.getDataSet, dataset_id), "Catalog to a dataset")
        if dataset_id not in answer:
            raise unexpected("Catalog to a dataset", f"the dataset {dataset_id}")
        return _dataset(dataset_id, mapping(answer[dataset_id], "a dataset"))

    def datasets(self, name: str | None = None) -> Iterator[Dataset]:
        """All datasets, page by page, or those that the service finds by name."""
        query: dict[str, Any] = {"limit": 100, "orderBy": "asc:created"}
        if name is not None:
            query["name"] = name
        for dataset_id, item in self._all("/dataSets", query):
            yield _dataset(dataset_id, item)

    def ensure_dataset(
        self,
        name: str,
        schema_id: str,
        *,
        description: str = "",
        profile: bool = False,
        upsert: bool = False,
    ) -> Dataset:
        """The dataset with this name, made if there is none. Creating is not idempotent there: looked up first."""
        body: dict[str, Any] = {
            "name": name,
            "description": description,
            "schemaRef": {"id": schema_id, "contentType": "application/vnd.adobe.xed+json;version=1"},
            "fileDescription": {"persisted": True, "containerFormat": "parquet", "format": "parquet"},
            "enableErrorDiagnostics": True,
            "tags": profile_tags(upsert) if profile else {},
        }

        def make() -> Dataset:
            answer = self.call(self.library.createDataSet, data=body, requestDataSource="true")
            created = _created_id(answer)
            return self.soon(lambda: self.dataset(created))

        return self.once(lambda: self.find_dataset(name), make, f"dataset '{name}'")

    def enable_profile(self, dataset_id: str, *, upsert: bool) -> Dataset:
        """Enable a dataset for Profile (and for upserts). What was ingested before is not sent to Profile.

        A dataset enabled without upsert must be disabled first, which is done here.
        """
        now = self.dataset(dataset_id)
        if now.profile_enabled and (now.upsert or not upsert):
            return now
        off: Document = {"unifiedProfile": ["enabled:false"], "unifiedIdentity": ["enabled:false"]}
        for tags in ([off] if now.profile_enabled else []) + [profile_tags(upsert)]:
            change = [{"op": "add", "path": f"/tags/{key}", "value": value} for key, value in tags.items()]
            self.send(
                "PATCH",
                f"/dataSets/{dataset_id}",
                json=change,
                headers={"Content-Type": "application/json-patch+json"},
                repeatable=True,
            )
        return self.dataset(dataset_id)

    def delete_dataset(self, dataset_id: str) -> None:
        """Delete a dataset and its data for good; one that is not there is fine."""
        try:
            self.send("DELETE", f"/dataSets/{dataset_id}", repeatable=True)
        except NotFound:
            return

    def batch(self, batch_id: str) -> Batch:
        """A batch by id.

        Raises:
            NotFound: Catalog does not know it (yet).
        """
        answer = mapping(self.call(self.library.getBatch, batch_id), "Catalog to a batch")
        if batch_id not in answer:
            raise unexpected("Catalog to a batch", f"the batch {batch_id}")
        return _batch(batch_id, mapping(answer[batch_id], "a batch"))

    def batches(
        self,
        *,
        dataset_id: str | None = None,
        status: str | None = None,
        external_id: str | None = None,
        created_after_ms: int | None = None,
    ) -> Iterator[Batch]:
        """Batches, oldest first, page by page; `status` is the service's own word (e.g. `success`)."""
        query: dict[str, Any] = {"limit": 100, "orderBy": "asc:created"}
        wanted = {
            "dataSet": dataset_id,
            "status": status,
            "externalId": external_id,
            "createdAfter": created_after_ms,
        }
        query |= {key: value for key, value in wanted.items() if value is not None}
        for batch_id, item in self._all("/batches", query):
            found = _batch(batch_id, item)
            # The filters are re-checked here: a filter that the service ignored would mix in foreign batches.
            if dataset_id is not None and found.dataset_id not in ("", dataset_id):
                continue
            if external_id is not None and found.external_id != external_id:
                continue
            yield found

    def _all(self, path: str, query: Mapping[str, Any]) -> Iterator[tuple[str, Document]]:
        start, seen = 0, set[str]()
        while True:
            answer = self.get(path, {**query, "start": start})
            page = mapping(answer, f"Catalog to {path}")
            new = [key for key in page if key not in seen]
            for key in new:
                seen.add(key)
                yield str(key), mapping(page[key], f"Catalog to {path}")
            # A service that gives the same page for ever is not read for ever.
            if len(page) < query["limit"] or not new:
                return
            start += len(page)


def profile_tags(upsert: bool) -> dict[str, list[str]]:
    """The tags of a profile-enabled dataset, written without blanks (the pages disagree; compare without them)."""
    return {
        "unifiedProfile": ["enabled:true", "isUpsert:true"] if upsert else ["enabled:true"],
        "unifiedIdentity": ["enabled:true"],
    }


def _created_id(answer: object) -> str:
    """`["@/dataSets/<id>"]` → `<id>`."""
    links = strings(answer)
    if not links or not links[0].startswith("@/dataSets/"):
        raise unexpected("Catalog to a new dataset", "a link to it")
    return links[0].rsplit("/", 1)[-1]


def _dataset(dataset_id: str, item: Document) -> Dataset:
    tags = _tags(item)
    profile = [t.replace(" ", "") for t in tags.get("unifiedProfile", ())]
    identity = [t.replace(" ", "") for t in tags.get("unifiedIdentity", ())]
    return Dataset(
        id=dataset_id,
        name=str(item.get("name", "")),
        table_name=next(iter(tags.get("adobe/pqs/table", ())), ""),
        schema_id=str(inner(item, "schemaRef").get("id", "")),
        profile_enabled="enabled:true" in profile,
        identity_enabled="enabled:true" in identity,
        upsert="isUpsert:true" in profile,
        tags=tags,
        created_ms=whole(item.get("created")),
    )


def _batch(batch_id: str, item: Document) -> Batch:
    metrics = inner(item, "metrics")
    reported = str(item.get("status") or "")
    related = [r for r in rows(item, "relatedObjects", "Catalog to a batch") if r.get("type") == "dataSet"]
    return Batch(
        id=batch_id,
        dataset_id=str(related[0].get("id", "")) if related else "",
        state=_STATES.get(reported.lower(), "waiting"),
        reported=reported,
        external_id=str(item.get("externalId") or ""),
        created_ms=whole(item.get("created")),
        completed_ms=whole(item.get("completed")) or None,
        input_records=_count(metrics, "inputRecordCount"),
        output_records=_count(metrics, "outputRecordCount"),
        failed_records=_count(metrics, "failedRecordCount"),
        errors=tuple(
            BatchProblem(str(e.get("code", "")), str(e.get("description", "")))
            for e in rows(item, "errors", "Catalog to a batch")
        ),
        tags=_tags(item),
        predecessors=tuple(p.lstrip("$") for p in strings(inner(item, "replay").get("predecessors"))),
    )


def _count(metrics: Document, key: str) -> int | None:
    return whole(metrics[key]) if metrics.get(key) is not None else None


def _tags(item: Document) -> dict[str, tuple[str, ...]]:
    return {str(key): strings(value) for key, value in inner(item, "tags").items()}
