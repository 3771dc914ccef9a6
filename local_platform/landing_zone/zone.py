"""The objects of the landing zone: on disk, and served by a storage server that keeps them in memory.

    data_dir/landing_zone/{container}/...   every object the platform wrote, kept until it expires

What clients drop is in the server only. Since when is noted at each look, and before the clock moves.

The server starts after the platform answers; who needs it earlier waits a moment. It gets the objects from disk, so
that what a killed process had stored is there again.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from local_platform.clock import Clock
from local_platform.landing_zone.storage import CONTAINERS, TTL_DAYS, Json, Storage

log = logging.getLogger("local_platform.landing_zone")

_START_SECONDS = 60.0
_DROP_ZONE = CONTAINERS["user_drop_zone"]


class UnsafeKey(ValueError):
    """A path that would leave its container, or that no object may have."""


class LandingZone:
    """Objects on disk, served by S3 or by Azure.

    Args:
        data_dir: the platform's.
        clock: expiry follows it.
        storage: the server.
    """

    def __init__(self, data_dir: Path, clock: Clock, storage: Storage) -> None:
        self.root = data_dir / "landing_zone"
        self.root.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._storage = storage
        self._begun = threading.Lock()
        self._noting = threading.Lock()
        self._dropped: dict[str, tuple[float, float]] = {}
        self._stopped = False
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="landing-zone", daemon=True)

    def start(self) -> LandingZone:
        """What is quick to do; nobody is answered before `serve`."""
        self._remove_drafts()
        self._clock.before_advance(self._note_dropped)
        self._storage.open()
        return self

    def serve(self) -> None:
        """Begin to answer; returns at once, and does nothing the second time."""
        with self._begun:
            if not self._thread.is_alive() and not self._ready.is_set():
                self._thread.start()

    @property
    def endpoint(self) -> str | None:
        """The S3 server's loopback URL, which accepts connections from `start` on; None for Azure."""
        return self._storage.endpoint

    def stop(self) -> None:
        """Stop serving; objects stay on disk."""
        self._stopped = True
        self._storage.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def described(self, container: str) -> Json:
        """The service's answer on a container."""
        return self._storage.described(container)

    def credentials(self, container: str, *, refresh: bool = False) -> Json:
        """The service's answer with temporary credentials, given once the server answers.

        Args:
            refresh: rotate them; earlier ones are refused from then on.
        """
        return self._server().credentials(container, refresh=refresh)

    def write(self, container: str, key: str, fill: Callable[[Path], None]) -> int:
        """Store an object: `fill` writes its content to the path given; returns its size in bytes.

        Raises:
            UnsafeKey: the key would leave its container.
        """
        target = self.root / container / safe_key(key)
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
        self._server().put(self._key(target), target)
        return target.stat().st_size

    def read(self, container: str, key: str) -> bytes | None:
        """Content of an object that a client or the platform stored, or None.

        Raises:
            UnsafeKey: no object has such a key.
        """
        return self._server().get(f"{container}/{safe_key(key)}")

    def keys(self, container: str) -> list[str]:
        """Keys of the objects that clients and the platform stored in a container, without its name."""
        return sorted(self.written(container))

    def written(self, container: str) -> dict[str, float]:
        """Those objects by key, and when the storage server says each was written (epoch seconds, real time)."""
        return self._server().written(container)

    def expire(self) -> int:
        """Remove objects older than seven days on the platform's clock; returns how many."""
        limit = self._clock.now().timestamp() - TTL_DAYS * 86_400
        removed = 0
        for file in list(self._files()):
            if file.stat().st_mtime < limit:
                file.unlink()
                self._server().delete(self._key(file))
                removed += 1
        for key, (_, since) in self._note_dropped().items():
            if since < limit:
                self._server().delete(f"{_DROP_ZONE}/{key}")
                removed += 1
        return removed

    def _note_dropped(self) -> dict[str, tuple[float, float]]:
        """What is in the drop zone, each with when it was written and the platform time it was first seen at."""
        if not self._ready.is_set() or self._failure is not None:
            # Nobody has credentials yet.
            return {}
        with self._noting:
            now = self._clock.now().timestamp()
            found = self._storage.written(_DROP_ZONE)
            before = self._dropped
            self._dropped = {
                key: before[key] if key in before and before[key][0] == written else (written, now)
                for key, written in found.items()
            }
            return dict(self._dropped)

    # -- serving -------------------------------------------------------------------------------------------------------

    def _server(self) -> Storage:
        """The storage server, once it answers.

        Raises:
            RuntimeError: it did not start.
        """
        self.serve()
        if not self._ready.wait(_START_SECONDS) or self._failure is not None:
            raise RuntimeError(f"The landing zone's server did not start: {self._failure or 'no answer in time'}.")
        return self._storage

    def _serve(self) -> None:
        try:
            self._storage.begin()
            for file in self._files():
                self._storage.put(self._key(file), file)
        except BaseException as failure:
            self._failure = failure
            if not self._stopped:
                log.exception("The landing zone's server did not start")
        finally:
            self._ready.set()

    def _key(self, file: Path) -> str:
        return file.relative_to(self.root).as_posix()

    def _files(self) -> Iterable[Path]:
        """The stored objects; drafts that are being written are none."""
        return (f for f in sorted(self.root.rglob("*")) if f.is_file() and not f.name.startswith("."))

    def _remove_drafts(self) -> None:
        """What a process left that was killed while it wrote. Only at the start: later a draft has a writer."""
        for file in list(self.root.rglob(".*")):
            if file.is_file():
                file.unlink()


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
