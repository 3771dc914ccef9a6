"""A PostgreSQL 15 server of our own for the length of one comparison: private, on loopback, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from tests.benchmarks.measuring import CannotRunHere

BIN = Path("/usr/lib/postgresql/15/bin")
_START_SECONDS = 60.0


@contextmanager
def postgresql(certificate: Path, key: Path) -> Iterator[dict[str, Any]]:
    """Start a server with TLS and yield what psycopg2 needs to connect; stop it and remove its files.

    PostgreSQL refuses to run as root; there it is run as the user `postgres`.

    Args:
        certificate, key: PEM files of the server's certificate.

    Raises:
        CannotRunHere: PostgreSQL 15 is not installed, or only root is there to run it.
    """
    if not (BIN / "postgres").exists():
        raise CannotRunHere(f"There is no PostgreSQL 15 in {BIN} (Debian: apt install postgresql-15).")
    account = _account()
    home = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    data = home / "data"
    try:
        for source, name in ((certificate, "server.crt"), (key, "server.key")):
            shutil.copyfile(source, home / name)
            (home / name).chmod(0o600)
        for path in (home, *home.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)
        _run(account, [str(BIN / "initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-locale"])
        with _serving(account, home, data) as port:
            yield {"host": "127.0.0.1", "port": port, "user": "bench", "dbname": "postgres", "gssencmode": "disable"}
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _serving(account: pwd.struct_passwd, home: Path, data: Path) -> Iterator[int]:
    port = _free_port()
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": home,
        "ssl": "on",
        "ssl_cert_file": home / "server.crt",
        "ssl_key_file": home / "server.key",
    }
    command = [str(BIN / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=home, **_as(account))
    try:
        _wait(process, port, log)
        yield port
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown.
        process.wait(timeout=30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg2.connect(host="127.0.0.1", port=port, user="bench", dbname="postgres", gssencmode="disable").close()
        except psycopg2.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-1000:]}")


def _account() -> pwd.struct_passwd:
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise CannotRunHere("PostgreSQL refuses to run as root, and there is no user 'postgres'.") from None


def _as(account: pwd.struct_passwd) -> dict[str, Any]:
    """Arguments of Popen that run a program as this account; none where we are it."""
    if account.pw_uid == os.geteuid():
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _run(account: pwd.struct_passwd, command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **_as(account))
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-1000:]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
