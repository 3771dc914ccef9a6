"""The Data Landing Zone's credentials, and its files through pyarrow.

The zone is an S3 bucket on AWS and a Blob container on Azure. Credentials are short-lived: open the zone right before
use. Refreshing them in the service would break other readers, so that is never done here.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from runner.errors import PlatformError
from runner.platform.documents import Document, inner, mapping, need, text, whole
from runner.platform.library import LibraryName
from runner.platform.service import Service

Container = Literal["dlz_destination", "user_drop_zone"]
"""Exports and activations land in `dlz_destination`; `user_drop_zone` is where files are dropped for ingestion."""

_NONE = SecretStr("")
_LATEST = 253402300800
"""Epoch seconds of the year 10000, the first that no date can hold."""
_SIGNATURE = re.compile(r"(?i)\bsig=[^&\s'\"]+")
_AZURE = "blob.core.windows.net"


@dataclass(frozen=True)
class LandingZoneCredentials:
    """Where the zone is and what opens it; `repr` shows no secret.

    `expires` is in UTC, None where not told. `blobs` is the address of Azure's blob service without the container,
    "https://acmedlz.blob.core.windows.net".
    """

    provider: Literal["s3", "azure"]
    container: str
    folder: str
    access_key: str = ""
    secret_key: SecretStr = _NONE
    session_token: SecretStr = _NONE
    account: str = ""
    blobs: str = ""
    sas_token: SecretStr = _NONE
    expires: datetime | None = None


@dataclass(frozen=True)
class LandingZoneFiles:
    """The zone as a pyarrow file system; paths start with `root`."""

    filesystem: Any
    root: str
    credentials: LandingZoneCredentials

    def path(self, *parts: str) -> str:
        """A path under the root; empty parts are left out."""
        return "/".join([self.root, *(p.strip("/") for p in parts if p.strip("/"))])

    @staticmethod
    def said(error: BaseException) -> str:
        """What the file system's error says, without signatures: Azure's client quotes addresses with theirs."""
        return _SIGNATURE.sub("sig=...", str(error))


class LandingZones(Service):
    """Data Landing Zone."""

    title = "Data Landing Zone"
    library_name: LibraryName = "flows"

    def credentials(self, container: Container = "dlz_destination") -> LandingZoneCredentials:
        """Fresh credentials of a container.

        Raises:
            PermissionDenied: the client may not use destinations, or the licence has no landing zone.
        """
        answer = self.call(self.library.getLandingZoneCredential, dlz_type=container)
        document = mapping(answer, "Data Landing Zone to credentials")
        return _azure(document) if "containerName" in document else _s3(document)

    def open(self, container: Container = "dlz_destination") -> LandingZoneFiles:
        """The files of a container, with fresh credentials."""
        credentials = self.credentials(container)
        opened = self._s3_files(credentials) if credentials.provider == "s3" else _azure_files(credentials)
        root = "/".join(p for p in (credentials.container, credentials.folder.strip("/")) if p)
        return LandingZoneFiles(opened, root, credentials)

    def _s3_files(self, credentials: LandingZoneCredentials) -> Any:
        from pyarrow import fs

        endpoint = self._session.connection.s3_endpoint
        options: dict[str, Any] = {"endpoint_override": endpoint} if endpoint else {}
        if endpoint:
            options["region"] = "us-east-1"
            options["scheme"] = endpoint.split("://", 1)[0]
        return fs.S3FileSystem(
            access_key=credentials.access_key,
            secret_key=credentials.secret_key.get_secret_value(),
            session_token=credentials.session_token.get_secret_value() or None,
            connect_timeout=10,
            request_timeout=60,
            **options,
        )


def _azure_files(credentials: LandingZoneCredentials) -> Any:
    from pyarrow import fs

    if not hasattr(fs, "AzureFileSystem"):
        raise PlatformError(
            "The landing zone is on Azure, and this build of pyarrow has no Azure file system.",
            "Install pyarrow from PyPI for Linux or macOS, or use export_route: data_access.",
            service="Data Landing Zone",
        )
    address = urlsplit(credentials.blobs)
    own_host = f"{credentials.account}."
    if address.netloc.startswith(own_host):
        blobs = address.netloc[len(own_host) - 1 :]
        files = blobs.replace(".blob.", ".dfs.", 1)
    else:
        # An emulator: the account is in the path, and there is one server for everything.
        blobs = files = address.netloc
        _keep_off_proxies(address.hostname or "")
    token = credentials.sas_token.get_secret_value()
    return fs.AzureFileSystem(
        credentials.account,
        sas_token=token if token.startswith("?") else f"?{token}",
        blob_storage_authority=blobs,
        blob_storage_scheme=address.scheme,
        dfs_storage_authority=files,
        dfs_storage_scheme=address.scheme,
    )


def _keep_off_proxies(host: str) -> None:
    """Azure's client sends even loopback to the environment's proxy, and knows no other way to be told."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    for name in ("no_proxy", "NO_PROXY") if loopback else ():
        hosts = [item for item in os.environ.get(name, "").split(",") if item]
        if host not in hosts:
            os.environ[name] = ",".join([*hosts, host])


def _azure(document: Document) -> LandingZoneCredentials:
    what = "Data Landing Zone to credentials"
    account, token = text(document, "storageAccountName", what), text(document, "SASToken", what)
    address = urlsplit(str(document.get("SASUri") or f"https://{account}.{_AZURE}"))
    return LandingZoneCredentials(
        provider="azure",
        container=text(document, "containerName", what),
        folder="",
        account=account,
        blobs=f"{address.scheme}://{address.netloc}",
        sas_token=SecretStr(token),
        expires=_expiry(token),
    )


def _expiry(token: str) -> datetime | None:
    """The end of a signature; None where a stored policy holds it and the token does not."""
    try:
        return datetime.fromisoformat(parse_qs(token.removeprefix("?"))["se"][0]).astimezone(UTC)
    except (KeyError, ValueError):
        return None


def _s3(document: Document) -> LandingZoneCredentials:
    what = "Data Landing Zone to credentials"
    keys = mapping(need(document, "credentials", what), what)
    path = inner(document, "dlzPath")
    expiry = whole(document.get("expiryTime"))
    return LandingZoneCredentials(
        provider="s3",
        container=text(path, "bucketName", what),
        folder=str(path.get("dlzFolder", "")),
        access_key=text(keys, "awsAccessKeyId", what),
        secret_key=SecretStr(text(keys, "awsSecretAccessKey", what)),
        session_token=SecretStr(str(keys.get("awsSessionToken") or "")),
        expires=datetime.fromtimestamp(expiry, UTC) if 0 < expiry < _LATEST else None,
    )
