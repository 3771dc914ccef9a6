"""A real HTTP server on loopback that misbehaves as it is told."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BODY = json.dumps({"tenantId": "acme", "filler": "x" * 5000}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._act("token" if self.path.startswith("/ims") else self._next())

    def do_GET(self) -> None:
        self._act(self._next())

    def _next(self) -> str:
        server: Any = self.server
        server.seen.append(self.command)
        return server.script.pop(0) if server.script else "ok"

    def _act(self, what: str) -> None:
        if what == "token":
            body = {"access_token": "t", "token_type": "bearer", "expires_in": 86399}
            return self._whole(200, json.dumps(body).encode())
        if what == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return self._hang_up()
        if what == "stall":
            self._head(len(BODY))
            self.wfile.flush()
            time.sleep(1.5)
            return self._hang_up()
        if what == "truncated":
            self._head(len(BODY))
            self.wfile.write(BODY[:2000])
            return self._hang_up()
        if what == "drip":
            self._head(len(BODY))
            for byte in BODY[:200]:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)
            return self._hang_up()
        if what == "html":
            return self._whole(502, b"<html><h1>Bad gateway</h1></html>", "text/html")
        return self._whole(200, BODY)

    def _head(self, length: int, kind: str = "application/json", status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _whole(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self._head(len(body), kind, status)
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            return

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return

    def log_message(self, format: str, *args: Any) -> None:
        return


@contextmanager
def rough_server(*script: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the address and the requests seen; the script is worked off one a request, then all is ok."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.script, server.seen = list(script), []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.seen  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
