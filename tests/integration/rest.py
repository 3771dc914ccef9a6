"""A local platform as a process, spoken to over plain HTTP: what its own tests send, and what they ingest."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import requests

Json = dict[str, Any]
_START_SECONDS = 60.0
UPS = "/data/core/ups"
FLOWS = "/data/foundation/flowservice"


@dataclass
class Rest:
    """A running platform and the headers of an authorised client."""

    ready: Json
    process: subprocess.Popen[bytes]
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        answer = requests.post(
            f"{self.ready['ims_url']}/ims/token/v3",
            data={
                "grant_type": "client_credentials",
                "client_id": self.ready["client_id"],
                "client_secret": self.ready["client_secret"],
                "scope": ",".join(self.ready["scopes"]),
            },
            timeout=30,
        )
        self.headers = {
            "Authorization": f"Bearer {answer.json()['access_token']}",
            "x-api-key": self.ready["client_id"],
            "x-gw-ims-org-id": self.ready["org_id"],
            "x-sandbox-name": self.ready["sandbox"],
        }

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """One request; header names are written with underscores."""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("http") else self.ready["api_url"] + path
        return requests.request(method, url, json=body, headers={**self.headers, **extra}, timeout=60)

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The JSON of a request that must succeed; None for an empty answer."""
        answer = self.send(method, path, body, **headers)
        assert answer.ok, f"{method} {path} gave {answer.status_code}: {answer.text[:500]}"
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """Status and body text of a request that must be refused."""
        answer = self.send(method, path, body, **headers)
        assert answer.status_code >= 400, f"{method} {path} gave {answer.status_code}: {answer.text[:500]}"
        return answer.status_code, answer.text

    def advance(self, seconds: float) -> None:
        """Move the platform's clock; what becomes due is done when this returns."""
        answer = requests.post(
            f"{self.ready['control_url']}/clock",
            json={"advance_seconds": seconds},
            headers={"Authorization": f"Bearer {self.ready['client_secret']}"},
            timeout=120,
        )
        assert answer.ok, answer.text

    def to_noon(self) -> None:
        """Move the platform's clock to the next noon, so that a test does not depend on the hour it runs at."""
        now = datetime.fromisoformat(self.now())
        self.advance((12 * 3_600 - (now.hour * 3_600 + now.minute * 60 + now.second)) % 86_400)

    def today(self) -> str:
        """The platform's date."""
        return self.now()[:10]

    def now(self) -> str:
        """The platform's time, in ISO form."""
        answer = requests.get(
            f"{self.ready['control_url']}/clock",
            headers={"Authorization": f"Bearer {self.ready['client_secret']}"},
            timeout=30,
        )
        return str(answer.json()["now"])

    # -- the usual objects ---------------------------------------------------------------------------------------------

    def dataset(self, name: str, fields: Json, *, profile: bool = True, upsert: bool = True) -> str:
        """A dataset of the profile class with the fields under `_acme`, its identity `_acme.userId` (ECID)."""
        registry = "/data/foundation/schemaregistry/tenant"
        group = self.ok(
            "POST",
            f"{registry}/fieldgroups",
            {
                "title": f"{name} fields",
                "type": "object",
                "meta:intendedToExtend": ["https://ns.adobe.com/xdm/context/profile"],
                "definitions": {"custom": {"type": "object", "properties": {"_acme": {
                    "type": "object", "properties": {"userId": {"type": "string"}, **fields}}}}},
                "allOf": [{"$ref": "#/definitions/custom"}],
            },
        )  # fmt: skip
        schema = self.ok(
            "POST",
            f"{registry}/schemas",
            {
                "title": name,
                "type": "object",
                "allOf": [{"$ref": "https://ns.adobe.com/xdm/context/profile"}, {"$ref": group["$id"]}],
            },
        )
        self.ok(
            "POST",
            f"{registry}/descriptors",
            {
                "@type": "xdm:descriptorIdentity",
                "xdm:sourceSchema": schema["$id"],
                "xdm:sourceVersion": 1,
                "xdm:sourceProperty": "/_acme/userId",
                "xdm:namespace": "ECID",
                "xdm:property": "xdm:code",
                "xdm:isPrimary": True,
            },
        )
        tags: Json = {}
        if profile:
            patch = [{"op": "add", "path": "/meta:immutableTags", "value": ["union"]}]
            self.ok("PATCH", f"{registry}/schemas/{schema['meta:altId']}", patch)
            tags = {"unifiedProfile": ["enabled:true", *(["isUpsert:true"] if upsert else [])]}
        reference = {"id": schema["$id"], "contentType": "application/vnd.adobe.xed+json;version=1"}
        body = {"name": name, "schemaRef": reference, "tags": tags}
        return str(self.ok("POST", "/data/foundation/catalog/dataSets", body)[0]).rpartition("/")[2]

    def ingest(self, dataset_id: str, table: pa.Table, path: Path, *, step: float = 0.0) -> str:
        """Ingest a table as one batch and wait for its success.

        Args:
            step: platform seconds by which the clock is moved at each look, where steps take their documented time.
        """
        batch = self.send_batch(dataset_id, table, path)
        self.wait(lambda: self._batch_status(batch) == "success", f"batch {batch}", step=step)
        return batch

    def send_batch(self, dataset_id: str, table: pa.Table, path: Path) -> str:
        """Send a table as one batch, complete it, and do not wait for it."""
        pq.write_table(table, path)
        base = "/data/foundation/import/batches"
        batch = self.ok("POST", base, {"datasetId": dataset_id, "inputFormat": {"format": "parquet"}})["id"]
        put = requests.put(
            f"{self.ready['api_url']}{base}/{batch}/datasets/{dataset_id}/files/part-0.parquet",
            data=path.read_bytes(),
            headers={**self.headers, "Content-Type": "application/octet-stream"},
            timeout=60,
        )
        assert put.ok, put.text
        self.ok("POST", f"{base}/{batch}?action=COMPLETE")
        return str(batch)

    def _batch_status(self, batch: str) -> str:
        found = self.ok("GET", f"/data/foundation/catalog/batches/{batch}")[batch]
        assert found["status"] != "failed", found
        return str(found["status"])

    def run(self, id: str) -> Json:
        """A flow run once it has finished."""
        found: list[Json] = []

        def finished() -> bool:
            found[:] = self.ok("GET", f"{FLOWS}/runs/{id}")["items"]
            return found[0]["metrics"]["statusSummary"]["status"] in ("success", "failed")

        self.wait(finished, f"run {id}")
        return found[0]

    def wait(self, done: Any, what: str, seconds: float = 60.0, *, step: float = 0.0) -> None:
        """Poll until something is true, moving the platform's clock by `step` seconds each time."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"{what} did not finish in {seconds} s"
            if step:
                self.advance(step)
            time.sleep(0.02)

    def zone(self, type: str = "dlz_destination") -> tuple[Any, str]:
        """A container of the landing zone, on S3 or on Azure, opened with fetched credentials, and its root."""
        from pyarrow import fs

        body = self.ok("GET", f"/data/foundation/connectors/landingzone/credentials?type={type}")
        if "SASUri" in body:
            address = urlsplit(body["SASUri"])
            return fs.AzureFileSystem(
                body["storageAccountName"],
                sas_token="?" + body["SASToken"],
                blob_storage_authority=address.netloc,
                blob_storage_scheme=address.scheme,
                dfs_storage_authority=address.netloc,
                dfs_storage_scheme=address.scheme,
            ), body["containerName"]
        keys = body["credentials"]
        return fs.S3FileSystem(
            access_key=keys["awsAccessKeyId"],
            secret_key=keys["awsSecretAccessKey"],
            session_token=keys["awsSessionToken"],
            endpoint_override=self.ready["s3_endpoint"],
            region="us-east-1",
        ), f"{body['dlzPath']['bucketName']}/{body['dlzPath']['dlzFolder']}"

    def files(self) -> dict[str, bytes]:
        """What was exported to the landing zone, by key."""
        from pyarrow import fs

        store, root = self.zone()
        listed = store.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True))
        return {
            item.path.removeprefix(root + "/"): store.open_input_file(item.path).read()
            for item in listed
            if item.is_file
        }

    def drop(self, name: str, content: bytes) -> None:
        """Upload a file to the drop zone."""
        store, root = self.zone("user_drop_zone")
        with store.open_output_stream(f"{root}/{name}") as stream:
            stream.write(content)

    def kill(self) -> None:
        """End the process without giving it a chance to tidy up."""
        self.process.kill()
        self.process.wait()


def start(data_dir: Path, *, delays: str = "none", landing_zone: str = "s3") -> Rest:
    """Start a platform; whoever starts it ends it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    ready = data_dir / f"ready-{time.monotonic_ns()}.json"
    log = (data_dir / "log.txt").open("ab")
    command = [sys.executable, "-m", "local_platform", "serve", "--data-dir", str(data_dir / "data"), "--ready-file",
               str(ready), "--delays", delays, "--landing-zone", landing_zone, "--exit-on-stdin-close"]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
    deadline = time.monotonic() + _START_SECONDS
    while not ready.exists():
        assert process.poll() is None, (data_dir / "log.txt").read_text()[-3000:]
        assert time.monotonic() < deadline, "the platform did not start"
        time.sleep(0.02)
    return Rest(json.loads(ready.read_text()), process)


@contextmanager
def running(data_dir: Path, *, delays: str = "none", landing_zone: str = "s3") -> Iterator[Rest]:
    """A platform that is stopped afterwards."""
    rest = start(data_dir, delays=delays, landing_zone=landing_zone)
    try:
        yield rest
    finally:
        assert rest.process.stdin is not None
        rest.process.stdin.close()
        rest.process.wait(timeout=30)
