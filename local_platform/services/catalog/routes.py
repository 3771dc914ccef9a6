"""HTTP of Catalog: `/data/foundation/catalog`."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_platform.context import Context
from local_platform.http import Call, endpoint
from local_platform.lake import BatchNotFound, Dataset, DatasetNotFound
from local_platform.problems import BadRequest
from local_platform.services.catalog import filters
from local_platform.services.catalog.batches import show_batch
from local_platform.services.catalog.datasets import CatalogDatasets
from local_platform.services.catalog.errors import BatchMissing, DatasetMissing

Json = dict[str, Any]

_BASE = "/data/foundation/catalog"
_JSON_PATCH = "application/json-patch+json"
_DATASET_FILTERS = ("name", "description", "created", "updated", "createdClient", "createdUser", "version", "viewId")
_BATCH_FILTERS = ("created", "updated", "version", "createdClient", "createdUser")


def routes(context: Context) -> list[Route]:
    """Datasets and batches."""
    return [*_dataset_routes(context), *_batch_routes(context)]


def _dataset_routes(context: Context) -> list[Route]:
    catalog = CatalogDatasets(context)
    lake = context.lake

    def existing(call: Call) -> Dataset:
        try:
            return lake.dataset(call.path("id"))
        except DatasetNotFound:
            raise DatasetMissing(call.path("id")) from None

    def listing(call: Call) -> Response:
        return JSONResponse(filters.select(call, catalog.all(), _DATASET_FILTERS))

    def create(call: Call) -> Response:
        made = catalog.create(call.json_object())
        location = f"{context.api_url}{_BASE}/dataSets/{made.id}"
        return JSONResponse([f"@/dataSets/{made.id}"], 201, {"Location": location})

    def look_up(call: Call) -> Response:
        dataset = existing(call)
        return JSONResponse(filters.only({dataset.id: catalog.show(dataset)}, call.query("properties")))

    def patch(call: Call) -> Response:
        id = existing(call).id
        kind = call.header("content-type").partition(";")[0].strip().lower()
        if kind == _JSON_PATCH:
            catalog.patch(id, call.json())
        elif kind == "application/json":
            catalog.merge(id, call.json_object(), deep=False)
        else:
            raise BadRequest(f"The content type is {kind!r}; expected {_JSON_PATCH} or application/json.")
        return JSONResponse([f"@/dataSets/{id}"])

    def patch_deeply(call: Call) -> Response:
        id = existing(call).id
        catalog.merge(id, call.json_object(), deep=True)
        return JSONResponse([f"@/dataSets/{id}"])

    def delete(call: Call) -> Response:
        id = existing(call).id
        lake.delete_dataset(id)
        return JSONResponse([f"@/dataSets/{id}"])

    item = f"{_BASE}/dataSets/{{id}}"
    return [
        Route(f"{_BASE}/dataSets", endpoint(listing), methods=["GET"]),
        Route(f"{_BASE}/dataSets", endpoint(create), methods=["POST"]),
        Route(item, endpoint(look_up), methods=["GET"]),
        Route(item, endpoint(patch), methods=["PATCH"]),
        Route(item, endpoint(patch), methods=["PUT"]),
        Route(item, endpoint(delete), methods=["DELETE"]),
        Route(f"{_BASE}/v2/dataSets/{{id}}", endpoint(patch_deeply), methods=["PATCH"]),
    ]


def _batch_routes(context: Context) -> list[Route]:
    lake = context.lake

    def listing(call: Call) -> Response:
        query = call.request.query_params
        found = lake.batches(
            id=_either(query.get("batch")),
            dataset_id=_either(query.get("dataSet") or query.get("dataSetId")),
            status=_either(query.get("status")),
            external_id=_either(query.get("externalId")),
            created_after=_milliseconds(call, "createdAfter"),
            created_before=_milliseconds(call, "createdBefore"),
        )
        shown = {batch.id: show_batch(context, batch) for batch in found}
        return JSONResponse(filters.select(call, shown, _BATCH_FILTERS))

    def look_up(call: Call) -> Response:
        try:
            batch = lake.batch(call.path("id"))
        except BatchNotFound:
            raise BatchMissing(call.path("id")) from None
        return JSONResponse(filters.only({batch.id: show_batch(context, batch)}, call.query("properties")))

    def last(call: Call) -> Response:
        newest = {batch.dataset_id: batch for batch in lake.batches(dataset_id=_either(call.query("dataSetId")))}
        shown = {batch.id: show_batch(context, batch) for batch in newest.values()}
        return JSONResponse(filters.select(call, shown, ()))

    return [
        Route(f"{_BASE}/batches", endpoint(listing), methods=["GET"]),
        # Older pages say /batch/{id}.
        Route(f"{_BASE}/batches/{{id}}", endpoint(look_up), methods=["GET"]),
        Route(f"{_BASE}/batch/{{id}}", endpoint(look_up), methods=["GET"]),
        Route(f"{_BASE}/lastBatches", endpoint(last), methods=["GET"]),
    ]


def _either(text: str | None) -> list[str] | None:
    return text.split(",") if text else None


def _milliseconds(call: Call, name: str) -> int | None:
    return call.integer(name, 0, least=0, most=10**15) if call.query(name) else None
