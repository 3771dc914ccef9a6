"""Every socket that our processes listen on, in every one of them, is on loopback."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import requests

from flows.server import prefect_server
from runner.local import local_platform
from runner.platform import Platform

LISTENING = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}


def descendants(pid: int) -> set[int]:
    """The process and all that it started, directly or not."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.parent.name)] = int(after_name[1])
    found, before = {pid}, 0
    while len(found) > before:
        before = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found


def listeners(pid: int) -> set[tuple[str, int]]:
    """Address and port of every socket of a process that waits for others; none where the process has ended."""
    try:
        return _listeners(pid)
    except (FileNotFoundError, ProcessLookupError):
        return set()


def _listeners(pid: int) -> set[tuple[str, int]]:
    own = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            own.add(os.readlink(entry))
        except OSError:
            continue
    found: set[tuple[str, int]] = set()
    for table, state in LISTENING.items():
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == state and f"socket:[{fields[9]}]" in own:
                address, port = fields[1].split(":")
                raw = b"".join(bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8))
                found.add((str(ipaddress.ip_address(raw)), int(port, 16)))
    return found


def on_loopback(address: str) -> bool:
    """Whether it is this machine's own; Java writes 127.0.0.1 as an IPv6 address."""
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def test_nothing_listens_beyond_loopback(tmp_path: Path) -> None:
    """The REST APIs, the SQL endpoint, the landing zone's S3, and the Prefect server of the demo."""
    with local_platform(tmp_path / "platform", delays="none") as local, prefect_server(tmp_path / "prefect") as prefect:
        Platform(local.connection()).landing_zone.open()
        assert requests.get(f"{prefect}/health", timeout=30).ok
        ports = {int(str(local.ready[key]).rpartition(":")[2]) for key in ("api_url", "sql_port", "s3_endpoint")}
        ports |= {int(prefect.removesuffix("/api").rpartition(":")[2])}
        mine = descendants(os.getpid())
        assert local.process_id in mine
        found = {pair for pid in mine for pair in listeners(pid)}
    assert len(ports) == 4
    assert ports <= {port for _, port in found}
    assert [pair for pair in found if not on_loopback(pair[0])] == []
