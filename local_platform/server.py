"""One process: HTTP, the SQL endpoint, the landing zone's storage and the job threads."""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import json
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import IO, Any

import uvicorn

from local_platform import app, control
from local_platform.context import Context, Options
from local_platform.rough_gateway import Protocol

log = logging.getLogger("local_platform")

_HOST = "127.0.0.1"
_LAST_WORD_SECONDS = 8.0


class DataDirInUse(Exception):
    """Another process serves this data directory."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"{data_dir} is in use by another local platform; stop it or choose another --data-dir.")


class _Server(uvicorn.Server):
    """A uvicorn server that announces itself once it accepts connections."""

    def __init__(self, config: uvicorn.Config, announce: Any) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


def serve(
    options: Options, *, ready_file: Path | None, exit_on_stdin_close: bool, faults: dict[str, Any] | None = None
) -> None:
    """Run the platform until SIGINT, SIGTERM or, if asked, the end of stdin.

    Args:
        faults: how to misbehave from the start (see ``misbehaviour``).

    Raises:
        DataDirInUse
        BadRules
    """
    options.data_dir.mkdir(parents=True, exist_ok=True)
    lock = _lock(options.data_dir)
    context = Context.open(options)
    if faults is not None:
        context.misbehaviour.set(faults)
    listener = _listen(options.api_port)
    context.api_url = f"http://{_HOST}:{listener.getsockname()[1]}"
    _start_landing_zone(context)
    application = app.build(context)
    _start_query_service(context)
    context.jobs.start()
    app.resume(context)

    def announce() -> None:
        if ready_file is not None:
            _write_ready(ready_file, ready_record(context))
        print(f"The local platform listens on {context.api_url} (SQL on port {context.sql_port}).", file=sys.stderr)
        if context.landing_zone is not None:
            context.landing_zone.serve()

    config = uvicorn.Config(
        application,
        http=Protocol,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=3,
    )
    server = _Server(config, announce)
    _stop_on_signals(server)
    if exit_on_stdin_close:
        threading.Thread(target=_exit_with_stdin, args=(server,), name="stdin", daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        _stop(context)
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
        lock.close()


def ready_record(context: Context) -> dict[str, Any]:
    """What a client needs to know, secrets included; the ready file is readable by its owner only."""
    options = context.options
    return {
        "api_url": context.api_url,
        "ims_url": context.api_url,
        "sql_host": context.sql_host,
        "sql_port": context.sql_port,
        "dbname": f"{options.sandbox}:all",
        "user": options.org_id,
        "password": context.tokens.non_expiring_password,
        "sslmode": "require",
        "org_id": options.org_id,
        "client_id": options.client_id,
        "client_secret": context.credentials.client_secret,
        "scopes": list(options.scopes),
        "sandbox": options.sandbox,
        "tenant_id": options.tenant_id,
        "s3_endpoint": context.landing_zone.endpoint if context.landing_zone else None,
        "control_url": context.api_url + control.PREFIX,
        "pid": os.getpid(),
        "data_dir": str(context.data_dir.resolve()),
    }


def _lock(data_dir: Path) -> IO[str]:
    """Two processes on one lake would collect each other's files as orphans."""
    lock = (data_dir / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise DataDirInUse(data_dir) from None
    return lock


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it on, each answer takes 40 ms longer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((_HOST, port))
    listener.listen(256)
    return listener


def _start_landing_zone(context: Context) -> None:
    if importlib.util.find_spec("local_platform.landing_zone"):
        context.landing_zone = importlib.import_module("local_platform.landing_zone").start(context)


def _start_query_service(context: Context) -> None:
    module = importlib.import_module("local_platform.query_service")
    if hasattr(module, "QueryService"):
        context.query_service = module.QueryService(context.lake, context.clock, context.tokens, context.options)
        context.sql_port = context.query_service.start(context.options.sql_port)


def _stop(context: Context) -> None:
    context.jobs.stop()
    for part in (context.query_service, context.landing_zone):
        if part is not None:
            part.stop()
    if context.profile_store is not None:
        context.profile_store.close()
    context.database.close()


def _stop_on_signals(server: uvicorn.Server) -> None:
    """uvicorn raises a signal it was stopped by once more; without our own handler that would skip the cleaning up."""

    def stop(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _exit_with_stdin(server: uvicorn.Server) -> None:
    """Leave when the parent is gone, however it went; a stuck thread must not keep the process alive."""
    sys.stdin.buffer.read()
    server.should_exit = True
    threading.Timer(_LAST_WORD_SECONDS, os._exit, args=(1,)).start()


def _write_ready(path: Path, record: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(record, file, indent=2)
    os.replace(draft, path)
