"""The landing zone over S3: moto's server on loopback, one bucket with a folder for each container.

moto takes most of a second to import, so the platform starts without it: its port is open from the beginning.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_platform.landing_zone.doors import Doors, Keys
from local_platform.landing_zone.storage import TTL_DAYS, Json, own_name

_HOST = "127.0.0.1"
_PROVIDER = "Amazon S3"


class S3:
    """moto's S3 as a `Storage`.

    Args:
        data_dir: the platform's; the bucket belongs to it.
    """

    def __init__(self, data_dir: Path) -> None:
        self.bucket = "dlz-" + own_name(data_dir)
        self._keys = Keys()
        self._server: Any = None
        self._listener: socket.socket | None = None
        self._client: Any = None

    def open(self) -> None:
        """Open the port; connections wait there until `begin`."""
        self._listener = socket.create_server((_HOST, 0), backlog=128)

    @property
    def endpoint(self) -> str:
        """Loopback URL; connections are accepted from `open` on."""
        assert self._listener is not None
        return f"http://{_HOST}:{self._listener.getsockname()[1]}"

    def begin(self) -> None:
        """Import moto, answer, make the bucket."""
        assert self._listener is not None
        self._server, self._client = _moto_server(Doors(self._keys), self._listener)
        threading.Thread(target=self._server.serve_forever, name="landing-zone-s3", daemon=True).start()
        self._client.create_bucket(Bucket=self.bucket)

    def stop(self) -> None:
        """Stop answering and close the port."""
        if self._server is not None:
            self._server.shutdown()
        if self._listener is not None:
            self._listener.close()

    def put(self, key: str, file: Path) -> None:
        """Store a file as an object."""
        self._client.upload_file(str(file), self.bucket, key)

    def get(self, key: str) -> bytes | None:
        """Content of an object, or None."""
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
        except self._client.exceptions.NoSuchKey:
            return None
        content: bytes = answer["Body"].read()
        return content

    def written(self, container: str) -> dict[str, float]:
        """Keys in a container, without its name, and when each was written (epoch seconds, real time)."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{container}/")
        items = (item for page in pages for item in page.get("Contents", []))
        return {item["Key"][len(container) + 1 :]: item["LastModified"].timestamp() for item in items}

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._client.delete_object(Bucket=self.bucket, Key=key)

    def described(self, container: str) -> Json:
        """Bucket, folder and how long files live."""
        ttl = {"timeUnit": "day", "timeQuantity": TTL_DAYS}
        return {"dlzPath": self._path(container), "dataTTL": ttl, "dlzProvider": _PROVIDER}

    def credentials(self, container: str, *, refresh: bool) -> Json:
        """A key pair, which opens both folders, and its expiry in epoch seconds."""
        keys, expiry = self._keys.issue(refresh=refresh)
        path = self._path(container)
        return {"credentials": keys, "dlzPath": path, "dlzProvider": _PROVIDER, "expiryTime": expiry}

    def _path(self, container: str) -> Json:
        return {"bucketName": self.bucket, "dlzFolder": container}


def _moto_server(doors: Doors, listener: socket.socket) -> tuple[Any, Any]:
    """A threaded WSGI server on an open port, and a client for it."""
    # moto must never reach for real credentials or another endpoint.
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    inner = DomainDispatcherApplication(create_backend_app)

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if (refusal := doors.refusal(environ)) is not None:
            start_response(refusal.status, [("Content-Type", "application/xml"), ("Content-Length", refusal.length)])
            return [refusal.body]
        return inner(environ, start_response)

    port = listener.getsockname()[1]
    handler = MotoRequestHandler
    server = make_server(_HOST, port, guarded, threaded=True, request_handler=handler, fd=listener.fileno())
    access, secret = doors.keys.internal
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{_HOST}:{port}",
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, proxies={}),
    )
    return server, client
