"""What a storage server does for the landing zone: one interface for S3 and for Azure."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]
TTL_DAYS = 7
# The containers the service names: exports land in the destination container, uploads are read from the drop zone.
CONTAINERS = {"dlz_destination": "dlz-destination", "user_drop_zone": "dlz-user-container"}


class Storage(Protocol):
    """A server on loopback that keeps objects in memory; a key is `{container}/{path}`.

    `open` is quick, and whoever calls before `begin` has ended waits. What is `None` of the endpoint is told with the
    credentials instead.
    """

    @property
    def endpoint(self) -> str | None: ...

    def open(self) -> None: ...

    def begin(self) -> None: ...

    def stop(self) -> None: ...

    def put(self, key: str, file: Path) -> None: ...

    def get(self, key: str) -> bytes | None: ...

    def written(self, container: str) -> dict[str, float]:
        """Keys in a container, without its name, and when each was written (epoch seconds, real time)."""
        ...

    def delete(self, key: str) -> None: ...

    def described(self, container: str) -> Json:
        """The service's answer on a container."""
        ...

    def credentials(self, container: str, *, refresh: bool) -> Json:
        """The service's answer with temporary credentials.

        Args:
            refresh: rotate them; earlier ones are refused from then on.
        """
        ...


def own_name(data_dir: Path, letters: int = 12) -> str:
    """Hexadecimal digits that belong to a data directory, for the name of its bucket or account."""
    return hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:letters]
