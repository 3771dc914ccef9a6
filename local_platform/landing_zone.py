"""The Data Landing Zone: an S3 API on loopback over a directory of the data dir.

    data_dir/landing_zone/{folder}/...   every object the platform wrote, kept until it expires

moto's S3 keeps objects in memory; they are loaded again from disk at start. moto takes most of a second to import, so
the platform starts without it: its port is open from the beginning, and who calls before moto is there waits a moment.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from local_platform.clock import Clock
from local_platform.context import Context
from local_platform.landing_zone_doors import Doors, Keys

log = logging.getLogger("local_platform.landing_zone")

_HOST = "127.0.0.1"
TTL_DAYS = 7
_START_SECONDS = 60.0
# The containers the service names: exports land in the destination container, uploads are read from the drop zone.
FOLDERS = {"dlz_destination": "dlz-destination", "user_drop_zone": "dlz-user-container"}


class UnsafeKey(ValueError):
    """A path that would leave its folder, or that no object may have."""


class LandingZone:
    """Objects on disk, served by S3.

    Args:
        data_dir: the platform's; a bucket belongs to it.
        clock: expiry follows it.
    """

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self.root = data_dir / "landing_zone"
        self.root.mkdir(parents=True, exist_ok=True)
        self.bucket = "dlz-" + hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12]
        self._clock = clock
        self._keys = Keys()
        self._server: Any = None
        self._listener: socket.socket | None = None
        self._begun = threading.Lock()
        self._stopped = False
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._client: Any = None
        self._thread = threading.Thread(target=self._serve, name="landing-zone", daemon=True)

    def start(self) -> LandingZone:
        """Open the port; connections wait there until `serve`."""
        self._remove_drafts()
        self._listener = socket.create_server((_HOST, 0), backlog=128)
        return self

    def serve(self) -> None:
        """Begin to answer; returns at once, and does nothing the second time."""
        with self._begun:
            if not self._thread.is_alive() and not self._ready.is_set():
                self._thread.start()

    @property
    def endpoint(self) -> str:
        """Loopback URL; connections are accepted from `start` on."""
        assert self._listener is not None
        return f"http://{_HOST}:{self._listener.getsockname()[1]}"

    def _s3(self) -> Any:
        """The platform's own client, once the server answers.

        Raises:
            RuntimeError: the server did not start.
        """
        self.serve()
        if not self._ready.wait(_START_SECONDS) or self._failure is not None:
            raise RuntimeError(f"The landing zone's S3 server did not start: {self._failure or 'no answer in time'}.")
        return self._client

    def stop(self) -> None:
        """Stop serving; objects stay on disk."""
        self._stopped = True
        if self._server is not None:
            self._server.shutdown()
            self._thread.join(timeout=10)
        if self._listener is not None:
            self._listener.close()

    def credentials(self, *, refresh: bool = False) -> tuple[dict[str, str], int]:
        """Temporary keys in the service's names, and their expiry in epoch seconds.

        Args:
            refresh: rotate them; earlier keys are refused from then on.
        """
        return self._keys.issue(refresh=refresh)

    def write(self, folder: str, key: str, fill: Callable[[Path], None]) -> int:
        """Store an object: `fill` writes its content to the path given; returns its size in bytes.

        Raises:
            UnsafeKey: the key would leave its folder.
        """
        target = self.root / folder / safe_key(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            fill(draft)
            os.replace(draft, target)
        finally:
            draft.unlink(missing_ok=True)
        # Age is measured on the platform's clock, which may be ahead of the file system's.
        stamp = self._clock.now().timestamp()
        os.utime(target, (stamp, stamp))
        self._upload(target)
        return target.stat().st_size

    def read(self, folder: str, key: str) -> bytes | None:
        """Content of an object that a client or the platform stored, or None."""
        s3 = self._s3()
        try:
            answer = s3.get_object(Bucket=self.bucket, Key=f"{folder}/{safe_key(key)}")
        except s3.exceptions.NoSuchKey:
            return None
        content: bytes = answer["Body"].read()
        return content

    def keys(self, folder: str, prefix: str = "") -> list[str]:
        """Keys below a folder, without the folder's name."""
        pages = (
            self._s3()
            .get_paginator("list_objects_v2")
            .paginate(
                Bucket=self.bucket, Prefix=f"{folder}/{prefix.strip('/')}".rstrip("/") + ("/" if not prefix else "")
            )
        )
        return [item["Key"][len(folder) + 1 :] for page in pages for item in page.get("Contents", [])]

    def written(self, folder: str) -> dict[str, int]:
        """Keys below a folder, without its name, and when each was written (epoch seconds; the store's own clock)."""
        pages = self._s3().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{folder}/")
        items = (item for page in pages for item in page.get("Contents", []))
        return {item["Key"][len(folder) + 1 :]: int(item["LastModified"].timestamp()) for item in items}

    def expire(self) -> int:
        """Remove objects older than seven days on the platform's clock; returns how many."""
        limit = self._clock.now().timestamp() - TTL_DAYS * 86_400
        removed = 0
        for file in list(self._files()):
            if file.stat().st_mtime < limit:
                file.unlink()
                self._s3().delete_object(Bucket=self.bucket, Key=file.relative_to(self.root).as_posix())
                removed += 1
        return removed

    # -- serving -------------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        try:
            assert self._listener is not None
            server, client = _moto_server(Doors(self._keys, self._ready), self._listener)
            self._server, self._client = server, client
            threading.Thread(target=server.serve_forever, name="landing-zone-http", daemon=True).start()
            client.create_bucket(Bucket=self.bucket)
            for file in self._files():
                client.upload_file(str(file), self.bucket, file.relative_to(self.root).as_posix())
        except BaseException as failure:
            self._failure = failure
            if not self._stopped:
                log.exception("The landing zone's S3 server did not start")
        finally:
            self._ready.set()

    def _upload(self, file: Path) -> None:
        self._s3().upload_file(str(file), self.bucket, file.relative_to(self.root).as_posix())

    def _files(self) -> Iterable[Path]:
        """The stored objects; drafts that are being written are none."""
        return (f for f in sorted(self.root.rglob("*")) if f.is_file() and not f.name.startswith("."))

    def _remove_drafts(self) -> None:
        """What a process left that was killed while it wrote. Only at the start: later a draft has a writer."""
        for file in list(self.root.rglob(".*")):
            if file.is_file():
                file.unlink()


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


def safe_key(key: str) -> str:
    """The key as a relative path.

    Raises:
        UnsafeKey: empty, absolute parts, '..', a backslash, a control character, or a leading dot.
    """
    path = PurePosixPath(key.strip("/"))
    parts = path.parts
    if not parts or any(part in ("..", ".") or part.startswith(".") for part in parts):
        raise UnsafeKey(f"{key!r} is no path inside the landing zone; use names separated by '/', without '..'.")
    if re.search(r"[\x00-\x1f\x7f\\]", key) or len(key) > 900:
        raise UnsafeKey(f"{key!r} holds a backslash or control character, or is longer than 900 characters.")
    return path.as_posix()


def start(context: Context) -> LandingZone:
    """Start the landing zone of a platform."""
    return LandingZone(context.data_dir, context.clock).start()
