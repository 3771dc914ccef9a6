"""What the calls of `methods.yml` find on the platform: datasets, a failed batch, an export flow, a mapping set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import requests

from tests.integration.rest import FLOWS, UPS, Rest

Json = dict[str, Any]
EXPRESSION = {"type": "PQL", "format": "pql/text", "value": "_acme.points >= 0"}
MAPPINGS = [
    {"sourceType": "ATTRIBUTE", "source": "person", "destination": "_acme.userId"},
    {"sourceType": "EXPRESSION", "source": "to_integer(points)", "destination": "_acme.points"},
]


def people(*names: str) -> pa.Table:
    """Rows in XDM layout."""
    rows = [{"_acme": {"userId": name, "points": number}} for number, name in enumerate(names)]
    return pa.Table.from_pylist(
        rows, schema=pa.schema([("_acme", pa.struct([("userId", pa.string()), ("points", pa.int32())]))])
    )


def prepared(rest: Rest, folder: Path) -> Json:
    """Make everything; returns the values that calls name as `w.…`."""
    fields = {"points": {"type": "integer"}, "note": {"type": "string"}}
    dataset = rest.dataset("members", fields)
    plain = rest.dataset("plain", fields, profile=False)
    to_delete = rest.dataset("to delete", {"other": {"type": "string"}})
    batch = rest.ingest(dataset, people("u1", "u2", "u3"), folder / "members.parquet")
    to_revert = rest.ingest(plain, people("u7"), folder / "plain.parquet")
    config = folder / "config.ini"
    config.write_text("[Platform]\ndataflow_id =\n")
    rest.drop("rows.csv", b"person,points\nz1,4\nz2,5\n")
    rest.drop("people.csv", b"person,points\nu1,4\nu2,5\n")
    catalog = "/data/foundation/catalog/dataSets/"
    schema, plain_schema = (rest.ok("GET", catalog + id)[id]["schemaRef"]["id"] for id in (dataset, plain))
    return {
        "dataset": dataset,
        "plain_dataset": plain,
        "dataset_to_delete": to_delete,
        "schema": schema,
        "plain_schema": plain_schema,
        "batch": batch,
        "batch_to_revert": to_revert,
        "failed_batch": _failed_batch(rest, plain),
        "open_batch": rest.ok(
            "POST", "/data/foundation/import/batches", {"datasetId": plain, "inputFormat": {"format": "parquet"}}
        )["id"],
        "flow": export_flow(rest, dataset),
        "mapping_set": mapping_set(rest, plain_schema),
        "mappings": MAPPINGS,
        "expression": EXPRESSION,
        "merge_policy": rest.ok("GET", f"{UPS}/config/mergePolicies")["children"][0]["id"],
        "config": str(config),
        "field_group": _field_group(),
    }


def _field_group() -> Json:
    custom = {
        "type": "object",
        "properties": {"_acme": {"type": "object", "properties": {"aeppId": {"type": "string"}}}},
    }
    return {
        "title": "aepp fields",
        "description": "made by a test",
        "type": "object",
        "meta:intendedToExtend": [
            f"https://ns.adobe.com/xdm/context/{name}" for name in ("profile", "experienceevent")
        ],
        "definitions": {"customFields": custom},
        "allOf": [{"$ref": "#/definitions/customFields"}],
    }


def _failed_batch(rest: Rest, dataset: str) -> str:
    base = "/data/foundation/import/batches"
    made = {"datasetId": dataset, "inputFormat": {"format": "json"}, "enableErrorDiagnostics": True}
    batch = str(rest.ok("POST", base, made)["id"])
    _upload(
        rest, f"{base}/{batch}/datasets/{dataset}/files/bad.json", b'{"_acme": {"userId": "u1", "points": "many"}}\n'
    )
    rest.ok("POST", f"{base}/{batch}?action=COMPLETE")
    rest.wait(lambda: rest.ok("GET", f"/data/foundation/catalog/batches/{batch}")[batch]["status"] == "failed", batch)
    return batch


def _upload(rest: Rest, path: str, content: bytes) -> None:
    headers = {**rest.headers, "Content-Type": "application/octet-stream"}
    assert requests.put(rest.ready["api_url"] + path, data=content, headers=headers, timeout=60).ok


def export_flow(rest: Rest, dataset: str) -> str:
    """A flow that exports a dataset to the landing zone every day; returns its id."""
    zone = {"id": "10440537-2a7b-4583-ac39-ed38d4b848e8", "version": "1.0"}
    lake = {"id": "23598e46-f560-407b-88d5-ea6207e49db0", "version": "1.0"}
    base = rest.ok("POST", f"{FLOWS}/connections", {"name": "zone", "connectionSpec": zone})["id"]
    params = {"datasets": [{"dataSetId": dataset, "name": "members"}]}
    source = rest.ok("POST", f"{FLOWS}/sourceConnections", {"name": "s", "connectionSpec": lake, "params": params})[
        "id"
    ]
    params = {"mode": "Server-to-server", "path": "out", "compression": "NONE", "datasetFileType": "PARQUET"}
    made = {"name": "t", "baseConnectionId": base, "connectionSpec": zone, "params": params}
    target = rest.ok("POST", f"{FLOWS}/targetConnections", made)["id"]
    schedule = {"exportMode": "FIRST_FULL_THEN_INCREMENTAL", "timeUnit": "day", "interval": 1, "startTime": 1718000000}
    flow = {
        "name": "export",
        "flowSpec": {"id": "cd2fc47e-e838-4f38-a581-8fff2f99b63a", "version": "1.0"},
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [],
        "scheduleParams": schedule,
    }
    return str(rest.ok("POST", f"{FLOWS}/flows", flow)["id"])


def mapping_set(rest: Rest, schema: str) -> str:
    """A stored mapping set of `MAPPINGS` for a schema; returns its id."""
    reference = {"id": schema, "contentType": "application/vnd.adobe.xed-full+json;version=1"}
    body = {"outputSchema": {"schemaRef": reference}, "mappings": MAPPINGS}
    return str(rest.ok("POST", "/data/foundation/conversion/mappingSets", body)["id"])
