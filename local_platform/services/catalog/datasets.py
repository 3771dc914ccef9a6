"""Datasets as Catalog shows and changes them."""

from __future__ import annotations

from typing import Any

from local_platform import json_patch
from local_platform.context import Context
from local_platform.lake import Dataset
from local_platform.services.catalog.errors import InvalidDataset
from local_platform.services.schema_registry.errors import RegistryProblem
from local_platform.services.schema_registry.state import Registry
from local_platform.xdm import EVENT_CLASS, from_arrow

Json = dict[str, Any]

_CONTENT_TYPE = "application/vnd.adobe.xed+json;version=1"
_PARQUET = {"persisted": True, "containerFormat": "parquet", "format": "parquet"}
# What a client may set; everything else in a dataset is the service's.
_EDITABLE = ("name", "description", "tags")
_FREE = ("fileDescription", "enableErrorDiagnostics", "extensions", "classification", "observableSchema", "state")


def is_profile_enabled(dataset: Dataset) -> bool:
    """Whether batches of the dataset go on to Profile."""
    return _has(dataset.tags, "unifiedProfile", "enabled:true")


def is_upsert(dataset: Dataset) -> bool:
    """Whether its rows change single fields of a record instead of being whole records."""
    return _has(dataset.tags, "unifiedProfile", "isUpsert:true")


def _has(tags: dict[str, list[str]], name: str, value: str) -> bool:
    """Pages disagree about a blank after the colon, so blanks do not count."""
    return value in [text.replace(" ", "") for text in tags.get(name, [])]


def _observable(dataset: Dataset, rows: int) -> Json:
    """The fields that data was seen in: those of the dataset once it holds rows."""
    return {**from_arrow(dataset.schema), "meta:xdmType": "object"} if rows else {}


class CatalogDatasets:
    """Dataset operations of Catalog.

    Args:
        context: the lake has the datasets, the registry their schemas.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lake = context.lake
        self._registry = Registry(context)

    def all(self) -> dict[str, Json]:
        """All datasets, keyed by id."""
        return {dataset.id: self.show(dataset) for dataset in self._lake.datasets()}

    def show(self, dataset: Dataset) -> Json:
        """A dataset in Catalog's form."""
        org, records = self._context.options.org_id, self._lake.record_count(dataset.id)
        metrics = {"metrics": {"rowCount": records[0], "storageSize": records[1]}}
        extensions = {**dataset.properties.get("extensions", {})}
        extensions["adobe_lakeHouse"] = {**extensions.get("adobe_lakeHouse", {}), **metrics}
        schema_id = self._registry.schema_ref_of(dataset)
        content_type = dataset.properties.get("schemaContentType", _CONTENT_TYPE)
        return {
            "name": dataset.name,
            "description": dataset.description,
            "imsOrg": org,
            "sandboxId": f"sandbox-{self._context.options.sandbox}",
            "created": dataset.created_ms,
            "updated": dataset.updated_ms,
            "createdClient": self._context.options.client_id,
            "createdUser": dataset.owner,
            "updatedUser": dataset.owner,
            "version": f"1.0.{dataset.version}",
            "viewId": dataset.view_id,
            "files": f"@/dataSetFiles?dataSetId={dataset.id}",
            "schemaRef": {"id": schema_id, "contentType": content_type},
            "tags": dataset.tags,
            "fileDescription": dataset.properties.get("fileDescription", _PARQUET),
            "enableErrorDiagnostics": bool(dataset.properties.get("enableErrorDiagnostics", False)),
            "classification": dataset.properties.get("classification", self._classification(dataset)),
            "extensions": extensions,
            "observableSchema": dataset.properties.get("observableSchema") or _observable(dataset, records[0]),
            "state": dataset.properties.get("state", "DRAFT"),
        }

    def create(self, body: Json) -> Dataset:
        """Make a dataset from a request body.

        Raises:
            InvalidDataset
        """
        name = body.get("name")
        if not isinstance(name, str) or not name.strip():
            raise InvalidDataset("A dataset needs a name.")
        reference = body.get("schemaRef")
        if not isinstance(reference, dict) or not isinstance(reference.get("id"), str):
            raise InvalidDataset("A dataset needs 'schemaRef' with the $id of a schema and a contentType.")
        with self._lake.database.write():
            try:
                columns = self._registry.arrow_schema(reference["id"])
                schema_id = str(self._registry.get("schemas", reference["id"])["$id"])
            except RegistryProblem:
                raise InvalidDataset(f"The schema {reference['id']} does not exist in this sandbox.") from None
            tags = _checked_tags(body.get("tags", {}))
            self._check_profile(schema_id, {}, tags)
            properties = {key: body[key] for key in _FREE if key in body}
            properties["schemaContentType"] = str(reference.get("contentType", _CONTENT_TYPE))
            return self._lake.create_dataset(
                name,
                columns,
                owner=f"{self._context.options.client_id}@AdobeID",
                created_by="api",
                schema_ref=schema_id,
                tags={"adobe/siphon/table/format": ["delta"], **tags},
                description=str(body.get("description", "")),
                properties=properties,
                suffix_on_clash=True,
            )

    def patch(self, id: str, operations: Any) -> Dataset:
        """Apply a JSON Patch to a dataset.

        Raises:
            InvalidDataset
        """
        with self._lake.database.write():
            dataset = self._lake.dataset(id)
            try:
                changed = json_patch.apply(self.show(dataset), operations)
            except json_patch.PatchError as error:
                raise InvalidDataset(str(error)) from None
            return self._store(dataset, changed)

    def merge(self, id: str, body: Json, *, deep: bool) -> Dataset:
        """Set top-level fields; `deep` keeps the other fields of nested objects (the v2 form).

        Raises:
            InvalidDataset
        """
        with self._lake.database.write():
            dataset = self._lake.dataset(id)
            shown = self.show(dataset)
            return self._store(dataset, _merged(shown, body) if deep else {**shown, **body})

    def _store(self, dataset: Dataset, changed: Json) -> Dataset:
        reference = changed.get("schemaRef")
        if not isinstance(reference, dict) or reference.get("id") != self._registry.schema_ref_of(dataset):
            raise InvalidDataset("The schema of a dataset cannot be changed; change the schema itself, additively.")
        if not isinstance(changed.get("name"), str) or not changed["name"].strip():
            raise InvalidDataset("A dataset needs a name.")
        tags = _checked_tags(changed.get("tags"))
        # The table name was given once and is how SQL knows the dataset.
        tags["adobe/pqs/table"] = dataset.tags["adobe/pqs/table"]
        self._check_profile(self._registry.schema_ref_of(dataset), dataset.tags, tags)
        properties = {**dataset.properties, **{key: changed[key] for key in _FREE if key in changed}}
        properties.get("extensions", {}).get("adobe_lakeHouse", {}).pop("metrics", None)
        kept = {key: changed.get(key, "") for key in _EDITABLE if key != "tags"}
        return self._lake.update_dataset(dataset.id, **kept, tags=tags, properties=properties)

    def _check_profile(self, schema_id: str, before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
        if not _has(after, "unifiedProfile", "enabled:true"):
            return
        if not self._registry.in_union(schema_id) or self._registry.primary_identity(schema_id) is None:
            raise InvalidDataset(
                "To enable profile datasets the schema should be valid: it must have a primary identity and be "
                "enabled for Profile (meta:immutableTags with 'union')."
            )
        if not _has(after, "unifiedProfile", "isUpsert:true"):
            return
        if self._registry.class_of(schema_id) == EVENT_CLASS:
            raise InvalidDataset("isUpsert is for record schemas; this one is a time series.")
        was_enabled = _has(before, "unifiedProfile", "enabled:true")
        if was_enabled and not _has(before, "unifiedProfile", "isUpsert:true"):
            raise InvalidDataset(
                "The dataset is enabled for Profile without upsert: set unifiedProfile and unifiedIdentity to "
                "'enabled:false' first, then enable it again with 'isUpsert:true'."
            )

    def _classification(self, dataset: Dataset) -> Json:
        behavior = "adhoc"
        if dataset.schema_ref is not None:
            is_event = self._registry.class_of(dataset.schema_ref) == EVENT_CLASS
            behavior = "time-series" if is_event else "record"
        managed = "SYSTEM" if dataset.created_by == "system" else "CUSTOMER"
        return {"dataBehavior": behavior, "managedBy": managed}


def _checked_tags(tags: Any) -> dict[str, list[str]]:
    if not isinstance(tags, dict) or not all(
        isinstance(values, list) and all(isinstance(value, str) for value in values) for values in tags.values()
    ):
        raise InvalidDataset("'tags' maps each tag to a list of strings.")
    return {str(name): list(values) for name, values in tags.items()}


def _merged(left: Json, right: Json) -> Json:
    out = dict(left)
    for key, value in right.items():
        known = out.get(key)
        out[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return out
