"""The landing zone as Azure's blobs: Azurite on loopback, one container for each of the service's.

Credentials are signatures bound to a stored access policy of the container, as the service's are: a policy that is
removed takes its signatures with it.
"""

from __future__ import annotations

import base64
import http.client
import secrets
import threading
import time
from collections.abc import Mapping
from email.utils import formatdate
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from local_platform.landing_zone.azurite import Azurite
from local_platform.landing_zone.doors import CREDENTIALS_SECONDS
from local_platform.landing_zone.sas import PERMISSIONS, VERSION, Account, authorization, container_token, moment
from local_platform.landing_zone.storage import CONTAINERS, TTL_DAYS, Json, own_name

_TIMEOUT_SECONDS = 300.0
# A container has at most five; a renewed one leaves the one before in force until it ends.
_MOST_POLICIES = 5


class Azure:
    """Azurite as a `Storage`.

    Args:
        data_dir: the platform's; the storage account belongs to it, with a key that only this process knows.
        life_seconds: of credentials, in real time.

    Raises:
        NoAzurite
    """

    endpoint: str | None = None

    def __init__(self, data_dir: Path, life_seconds: float = CREDENTIALS_SECONDS) -> None:
        self.account = Account("dlz" + own_name(data_dir), base64.b64encode(secrets.token_bytes(64)).decode())
        self._azurite = Azurite(data_dir, self.account.name, self.account.key)
        self._life = life_seconds
        self._policies: dict[str, dict[str, int]] = {container: {} for container in CONTAINERS.values()}
        self._lock = threading.Lock()
        self._files: Any = None

    def open(self) -> None:
        """Nothing: the address is told with the credentials."""

    def begin(self) -> None:
        """Start Azurite and make the containers."""
        from pyarrow import fs

        self._azurite.start()
        authority = self._azurite.authority
        self._files = fs.AzureFileSystem(
            self.account.name,
            account_key=self.account.key,
            blob_storage_authority=authority,
            dfs_storage_authority=authority,
            blob_storage_scheme="http",
            dfs_storage_scheme="http",
        )
        for container in self._policies:
            self._request("PUT", container, {"restype": "container"})

    def stop(self) -> None:
        """Stop Azurite."""
        self._azurite.stop()

    def put(self, key: str, file: Path) -> None:
        """Store a file as a blob, in one request: nobody sees half of it."""
        with file.open("rb") as content:
            headers = {"Content-Type": "application/octet-stream", "x-ms-blob-type": "BlockBlob"}
            self._request("PUT", key, {}, content, file.stat().st_size, headers)

    def get(self, key: str) -> bytes | None:
        """Content of a blob, or None."""
        try:
            with self._files.open_input_file(key) as file:
                content: bytes = file.read()
        except FileNotFoundError:
            return None
        return content

    def written(self, container: str) -> dict[str, float]:
        """Keys in a container, without its name, and when each was written (epoch seconds, real time)."""
        from pyarrow import fs

        found = self._files.get_file_info(fs.FileSelector(container, recursive=True))
        files = (item for item in found if item.type == fs.FileType.File)
        return {str(item.path)[len(container) + 1 :]: item.mtime.timestamp() for item in files}

    def delete(self, key: str) -> None:
        """Remove a blob."""
        self._request("DELETE", key, {}, missing_ok=True)

    def described(self, container: str) -> Json:
        """The container's name and how many days files live."""
        return {"containerName": container, "containerTTL": str(TTL_DAYS)}

    def credentials(self, container: str, *, refresh: bool) -> Json:
        """A signature of the container, alone and as part of its address."""
        policy, expiry = self._policy(container, refresh=refresh)
        token = container_token(self.account, container, policy, expiry)
        return {
            "containerName": container,
            "SASToken": token,
            "storageAccountName": self.account.name,
            "SASUri": f"http://{self._azurite.authority}/{self.account.name}/{container}?{token}",
        }

    def _policy(self, container: str, *, refresh: bool) -> tuple[str, int]:
        """Id and expiry of the policy in force; a new one when asked, or when half of its life is over."""
        with self._lock:
            now = time.time()
            kept = {} if refresh else {id: end for id, end in self._policies[container].items() if end > now}
            if not kept or max(kept.values()) - now < self._life / 2:
                newest = sorted(kept.items(), key=lambda item: item[1])[1 - _MOST_POLICIES :]
                kept = {**dict(newest), f"dlz-{secrets.token_hex(16)}": int(now + self._life)}
                self._store(container, kept)
                self._policies[container] = kept
            return max(kept.items(), key=lambda item: item[1])

    def _store(self, container: str, policies: Mapping[str, int]) -> None:
        body = "".join(
            f"<SignedIdentifier><Id>{id}</Id><AccessPolicy><Expiry>{moment(end)}</Expiry>"
            f"<Permission>{PERMISSIONS}</Permission></AccessPolicy></SignedIdentifier>"
            for id, end in policies.items()
        )
        content = f"<?xml version='1.0' encoding='utf-8'?><SignedIdentifiers>{body}</SignedIdentifiers>".encode()
        headers = {"Content-Type": "application/xml"}
        self._request(
            "PUT", container, {"restype": "container", "comp": "acl"}, BytesIO(content), len(content), headers
        )

    def _request(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        body: Any = None,
        length: int = 0,
        headers: Mapping[str, str] | None = None,
        *,
        missing_ok: bool = False,
    ) -> None:
        """What pyarrow's client does not do, or not in one step, signed with the account's key.

        Raises:
            OSError: refused, or Azurite is gone.
        """
        path = f"/{self.account.name}/{quote(key)}"
        sent = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": VERSION, **(headers or {})}
        sent["Authorization"] = authorization(self.account, method, path, query, sent, length)
        sent["Content-Length"] = str(length)
        connection = http.client.HTTPConnection(self._azurite.authority, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request(method, f"{path}?{urlencode(query)}" if query else path, body, sent)
            answer = connection.getresponse()
            told = answer.read()
        except http.client.HTTPException as fault:
            raise OSError(f"Azurite broke off at {method} {key}: {fault!r}") from None
        finally:
            connection.close()
        if answer.status >= 300 and not (missing_ok and answer.status == 404):
            raise OSError(
                f"Azurite answered {method} {key} with {answer.status}: {told[:500].decode(errors='replace')}"
            )
