"""The local platform as a process and its REST APIs over plain HTTP, for tests that must not go through our client."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pyarrow as pa
import pyarrow.parquet as pq
import requests

Json = dict[str, Any]

CONTEXT = "https://ns.adobe.com/xdm/context/"
EVENTS, PROFILES = CONTEXT + "experienceevent", CONTEXT + "profile"
FULL = "application/vnd.adobe.xed-full+json; version=1"
TIME = pa.timestamp("ms", tz="UTC")
TERMINAL = ("success", "failed", "aborted", "inactive")


class LocalApi:
    """A running platform and a session with all headers; `get`, `post`, ... take a path."""

    def __init__(self, process: subprocess.Popen[bytes], ready: Json) -> None:
        self.process = process
        self.ready = ready
        self.session = requests.Session()
        self.session.headers.update(
            {
                "Authorization": f"Bearer {self.token()}",
                "x-api-key": ready["client_id"],
                "x-gw-ims-org-id": ready["org_id"],
                "x-sandbox-name": ready["sandbox"],
            }
        )

    def token(self, **changes: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.ready["client_id"],
            "client_secret": self.ready["client_secret"],
            "scope": ",".join(self.ready["scopes"]),
            **changes,
        }
        answer = requests.post(self.ready["ims_url"] + "/ims/token/v3", data=form, timeout=30)
        return str(answer.json()["access_token"])

    def call(self, verb: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(verb, self.ready["api_url"] + path, timeout=60, **options)

    def expect(self, status: int, verb: str, path: str, **options: Any) -> requests.Response:
        answer = self.call(verb, path, **options)
        assert answer.status_code == status, f"{verb} {path}: {answer.status_code} {answer.text}"
        return answer

    def registry(self, verb: str, path: str, status: int = 200, **options: Any) -> Any:
        answer = self.expect(status, verb, "/data/foundation/schemaregistry" + path, **options)
        return answer.json() if answer.content else None

    def catalog(self, verb: str, path: str, status: int = 200, **options: Any) -> Any:
        return self.expect(status, verb, "/data/foundation/catalog" + path, **options).json()

    # -- schemas and datasets --------------------------------------------------------------------------------------

    def field_group(self, title: str, class_id: str, fields: Json, status: int = 201) -> Json:
        custom = {"type": "object", "properties": {"_acme": {"type": "object", "properties": fields}}}
        body = {
            "title": title,
            "type": "object",
            "meta:intendedToExtend": [class_id],
            "definitions": {"customFields": custom},
            "allOf": [{"$ref": "#/definitions/customFields"}],
        }
        made: Json = self.registry("POST", "/tenant/fieldgroups/", status, json=body)
        return made

    def schema(self, title: str, class_id: str, groups: Sequence[str]) -> Json:
        body = {"title": title, "type": "object", "allOf": [{"$ref": ref} for ref in (class_id, *groups)]}
        made: Json = self.registry("POST", "/tenant/schemas/", 201, json=body)
        return made

    def primary_identity(self, schema_id: str, path: str = "/_acme/userId", status: int = 201, **changes: Any) -> Json:
        body = {
            "@type": "xdm:descriptorIdentity",
            "xdm:sourceSchema": schema_id,
            "xdm:sourceVersion": 1,
            "xdm:sourceProperty": path,
            "xdm:namespace": "ECID",
            "xdm:property": "xdm:code",
            "xdm:isPrimary": True,
            **changes,
        }
        made: Json = self.registry("POST", "/tenant/descriptors", status, json=body)
        return made

    def enable(self, schema_id: str, status: int = 200) -> Json:
        steps = [{"op": "add", "path": "/meta:immutableTags", "value": ["union"]}]
        made: Json = self.registry("PATCH", f"/tenant/schemas/{quote_plus(schema_id)}/", status, json=steps)
        return made

    def dataset(self, name: str, schema_id: str, status: int = 201, **more: Any) -> str:
        reference = {"id": schema_id, "contentType": "application/vnd.adobe.xed+json;version=1"}
        body = {"name": name, "schemaRef": reference, **more}
        links = self.catalog("POST", "/dataSets?requestDataSource=true", status, json=body)
        return str(links[0]).removeprefix("@/dataSets/")

    def make(self, name: str, class_id: str, fields: Json, groups: Sequence[str] = ()) -> tuple[str, str]:
        """Field group, schema with a primary identity and dataset of one name; returns schema and dataset id."""
        group = self.field_group(name, class_id, {"userId": {"type": "string"}, **fields})
        schema = self.schema(name, class_id, [group["$id"], *groups])
        self.primary_identity(schema["$id"])
        return schema["$id"], self.dataset(name, schema["$id"])

    # -- batches ---------------------------------------------------------------------------------------------------

    def open_batch(self, dataset_id: str, format: str = "parquet", status: int = 201, **more: Any) -> str:
        body = {"datasetId": dataset_id, "inputFormat": {"format": format, **more.pop("inputFormat", {})}, **more}
        answer = self.expect(status, "POST", "/data/foundation/import/batches", json=body)
        return str(answer.json().get("id", answer.text))

    def file_path(self, batch_id: str, dataset_id: str, name: str) -> str:
        return f"/data/foundation/import/batches/{batch_id}/datasets/{dataset_id}/files/{name}"

    def upload(self, batch_id: str, dataset_id: str, data: bytes | str, name: str = "part.parquet") -> None:
        headers = {"Content-Type": "application/octet-stream"}
        self.expect(200, "PUT", self.file_path(batch_id, dataset_id, name), data=data, headers=headers)

    def act(self, batch_id: str, action: str, status: int = 200) -> requests.Response:
        return self.expect(status, "POST", f"/data/foundation/import/batches/{batch_id}?action={action}")

    def batch(self, batch_id: str) -> Json:
        found: Json = self.catalog("GET", f"/batches/{batch_id}")[batch_id]
        return found

    def wait(self, batch_id: str, *statuses: str) -> Json:
        deadline = time.monotonic() + 60
        while (found := self.batch(batch_id))["status"] not in (statuses or TERMINAL):
            assert time.monotonic() < deadline, f"batch {batch_id} is still {found['status']}"
            time.sleep(0.02)
        return found

    def ingest(self, dataset_id: str, data: bytes | str, format: str = "parquet", **more: Any) -> tuple[str, Json]:
        batch_id = self.open_batch(dataset_id, format, **more)
        self.upload(batch_id, dataset_id, data)
        self.act(batch_id, "COMPLETE")
        return batch_id, self.wait(batch_id)

    def rows(self, batch_id: str) -> list[Json]:
        """Rows of a committed batch, read through Data Access."""
        export = "/data/foundation/export"
        found: list[Json] = []
        for file in self.expect(200, "GET", f"{export}/batches/{batch_id}/files").json()["data"]:
            path = f"{export}/files/{file['dataSetFileId']}"
            name = self.expect(200, "GET", path).json()["data"][0]["name"]
            found += pq.read_table(io.BytesIO(self.expect(200, "GET", path, params={"path": name}).content)).to_pylist()
        return found

    def row_count(self, dataset_id: str) -> int:
        metrics = self.catalog("GET", f"/dataSets/{dataset_id}")[dataset_id]["extensions"]["adobe_lakeHouse"]["metrics"]
        return int(metrics["rowCount"])


def parquet(rows: list[Json], schema: pa.Schema | None = None) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink)
    return sink.getvalue()


def start(data_dir: Path, *arguments: str) -> LocalApi:
    ready = data_dir.with_name(data_dir.name + "-ready.json")
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "local_platform", "serve", "--data-dir", str(data_dir)]
    command += ["--ready-file", str(ready), "--exit-on-stdin-close", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not ready.exists():
        assert process.poll() is None, f"the local platform ended with status {process.returncode}"
        assert time.monotonic() < deadline, "the local platform did not start"
        time.sleep(0.02)
    return LocalApi(process, json.loads(ready.read_text()))


def stop(api: LocalApi, *, kill: bool = False) -> None:
    assert api.process.stdin is not None
    if kill:
        api.process.send_signal(signal.SIGKILL)
    api.process.stdin.close()
    api.process.wait(timeout=30)


@contextmanager
def local_api(data_dir: Path, *arguments: str) -> Iterator[LocalApi]:
    api = start(data_dir, *(arguments or ("--delays", "none")))
    try:
        yield api
    finally:
        stop(api)
