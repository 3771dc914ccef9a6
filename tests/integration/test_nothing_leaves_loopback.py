"""Pointed at the local platform, no client opens a connection to anywhere else.

An audit hook sees every address that Python connects to or looks up, those of libraries included. What C libraries
open by themselves (libpq, the S3 client) is seen in the kernel's table of this process's sockets.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from runner.errors import PlatformError
from runner.ingestion import ingest_parquet
from runner.local import LocalPlatform, local_platform
from runner.platform import Platform
from runner.platform.flows import LANDING_ZONE
from runner.platform.library import LibraryName, library_object
from runner.platform.service import Service
from runner.settings import Settings
from runner.setup import apply, plan
from runner.sql import SqlClient

CASE = {"name": "n", "title": "t", "target_event": "e", "audience": {"name": "Likely", "min_score": 0.5}}
SETTINGS = Settings.model_validate({"use_cases": [CASE]})
RULE = "_acme.propensity.n.score >= 0.5"
_LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_CONNECTS = {"socket.connect", "socket.sendto"}


class _Guard:
    """While on, connections and look-ups of other hosts fail, and are remembered."""

    def __init__(self) -> None:
        self.on = False
        self.elsewhere: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on or event not in _LOOKUPS | _CONNECTS:
            return
        address = arguments[0] if event in _LOOKUPS else arguments[1]
        host = address[0] if isinstance(address, tuple) else address
        if event in _CONNECTS and isinstance(address, str | bytes):
            return  # a Unix socket
        if not is_loopback(host):
            self.elsewhere.append(f"{event} {host}")
            raise PermissionError(f"{host} is not on this machine")


_guard = _Guard()


def is_loopback(host: object) -> bool:
    text = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if text in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def connections_elsewhere() -> set[str]:
    """Remote addresses of this process's TCP sockets (IPv4 and IPv6) that are not on loopback."""
    own = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            own.add(os.readlink(entry))
        except OSError:
            continue
    found = set()
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            remote = fields[2].split(":")[0]
            raw = b"".join(bytes.fromhex(remote[i : i + 8])[::-1] for i in range(0, len(remote), 8))
            address = ipaddress.ip_address(raw)
            mapped = getattr(address, "ipv4_mapped", None) or address
            if f"socket:[{fields[9]}]" in own and not (mapped.is_loopback or mapped.is_unspecified):
                found.add(str(mapped))
    return found


@contextmanager
def loopback_only() -> Iterator[None]:
    """Forbid everything but loopback in the block, and fail after it if anything else was tried."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.002):
            seen.update(connections_elsewhere())

    watcher = threading.Thread(target=watch)
    _guard.elsewhere.clear()
    _guard.on = True
    watcher.start()
    try:
        yield
    finally:
        _guard.on = False
        over.set()
        watcher.join()
    assert (_guard.elsewhere, seen) == ([], set())


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    with local_platform(tmp_path_factory.mktemp("platform"), delays="none") as running:
        apply(plan(SETTINGS, Platform(running.connection())))
        yield running


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that would send everything to a proxy elsewhere."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")
        monkeypatch.setenv(name.upper(), "http://192.0.2.1:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)


def a_file(folder: Path) -> Path:
    users = pa.StructArray.from_arrays([pa.array(["u1", "u2"])], ["userId"])
    pq.write_table(pa.table({"_acme": users}), folder / "profiles.parquet")
    return folder / "profiles.parquet"


def calls(platform: Platform, folder: Path) -> dict[str, Callable[[], object]]:
    """A call for each sub-client of the platform; writes where there is one."""
    dataset = platform.catalog.dataset_named("propensity_profiles")

    def batch() -> str:
        done = ingest_parquet(platform, dataset.name, [a_file(folder)], external_id=folder.name)
        return done.batch_id

    return {
        "schemas": lambda: platform.schemas.resolved(dataset.schema_id),
        "identities": platform.identities.namespaces,
        "catalog": lambda: list(platform.catalog.batches(dataset_id=dataset.id)),
        "ingestion": batch,
        "access": lambda: platform.access.download_batch(batch(), folder),
        "queries": platform.queries.login,
        "flows": lambda: platform.flows.ensure_connection("zone", LANDING_ZONE),
        "destinations": lambda: platform.destinations.export_now("no-such-flow", [dataset.id]),
        "mappings": lambda: platform.mappings.create({"version": 0, "mappings": []}),
        "landing_zone": lambda: listed(platform),
        "segmentation": lambda: platform.segmentation.create("Likely", RULE, "d"),
        "profiles": lambda: platform.profiles.entities(["u1"], "ECID", ["_acme.userId"]),
        "labels": lambda: platform.labels.labels(dataset.id),
        "policies": platform.policies.marketing_actions,
    }


def listed(platform: Platform) -> object:
    zone = platform.landing_zone.open()
    return zone.filesystem.get_file_info(fs.FileSelector(zone.root, recursive=True, allow_not_found=True))


def test_every_sub_client_is_made_and_called_within_loopback(
    local: LocalPlatform, tmp_path: Path, proxied: None
) -> None:
    with loopback_only():
        platform = Platform(local.connection())
        ours = calls(platform, tmp_path)
        assert set(ours) == {name for name, part in vars(platform).items() if isinstance(part, Service)}
        refused = {name: error for name, call in ours.items() if (error := refusal(call)) is not None}
    # They were reached: this flow and this mapping set do not exist there.
    assert {error.status for error in refused.values()} <= {400, 404}
    assert set(refused) <= {"destinations", "mappings"}


def refusal(call: Callable[[], object]) -> PlatformError | None:
    try:
        call()
    except PlatformError as error:
        return error
    return None


def test_every_class_of_the_library_is_made_within_loopback(local: LocalPlatform, proxied: None) -> None:
    with loopback_only():
        session = Platform(local.connection()).session
        for name in get_args(LibraryName):
            made = library_object(name, session)
            assert made.endpoint.startswith(session.connection.api_url + "/"), name


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.createExtenalAudience({"name": "x"}),
        lambda api: api.getExternalAudienceStatus("an-operation"),
        lambda api: api.runExternalAudienceJob("an-audience", startTime=1),
        lambda api: api.getExternalAudienceJob("an-audience", "a-run"),
    ],
)
def test_a_method_of_the_library_that_names_adobes_host_is_answered_here(
    local: LocalPlatform, call: Callable[[Any], object]
) -> None:
    with loopback_only(), pytest.raises(PlatformError, match=r"BAD_REQUEST|NOT_FOUND") as refused:
        call(Platform(local.connection()).segmentation.library)
    assert refused.value.status in (400, 404)


def test_a_request_to_adobes_host_is_stopped(local: LocalPlatform) -> None:
    with loopback_only():
        library = Platform(local.connection()).segmentation.library
        with pytest.raises(PlatformError, match=r"A request to platform\.adobe\.io was stopped"):
            library.connector.getData("https://platform.adobe.io/data/foundation/audit/events")


def test_sql_stays_on_loopback(local: LocalPlatform, proxied: None) -> None:
    with loopback_only():
        assert SqlClient(Platform(local.connection())).scalar("SELECT 1 AS n") == 1


def test_the_clock_of_the_local_platform_stays_on_loopback(local: LocalPlatform, proxied: None) -> None:
    with loopback_only():
        assert isinstance(local.now(), datetime)


def forbidden(address: tuple[str, int]) -> None:
    with loopback_only(), pytest.raises(PermissionError):
        socket.create_connection(address, timeout=1)


@pytest.mark.parametrize("host", ["192.0.2.1", "platform.adobe.io", "2001:db8::1"])
def test_the_guard_sees_what_it_must_see(host: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(host)):
        forbidden((host, 443))


def test_the_kernels_table_shows_connections_that_python_did_not_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        assert connections_elsewhere() == set()
