"""A proxy on loopback that passes requests on to a local platform and keeps what went by.

Addresses of the platform in answers are replaced by the proxy's own, so that a client that follows links stays on it.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True)
class Exchange:
    """A request and its answer; header names are in lower case, `path` is as sent, `query` without '?'."""

    method: str
    path: str
    query: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    response_headers: Mapping[str, str]
    response_body: bytes

    @property
    def line(self) -> str:
        """Method, path and status, for messages."""
        return f"{self.method} {self.path}{'?' + self.query if self.query else ''} -> {self.status}"


@dataclass
class Recorder:
    """The proxy's address and what it saw, in order."""

    target: str
    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    def ready(self, ready: Mapping[str, Any]) -> dict[str, Any]:
        """A ready file's contents with the platform's REST addresses replaced by the proxy's."""
        replaced: dict[str, Any] = json.loads(json.dumps(dict(ready)).replace(self.target, self.url))
        return replaced


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        recorder: Recorder = self.server.recorder  # type: ignore[attr-defined]
        body = self._body()
        host = urlsplit(recorder.target).netloc
        connection = http.client.HTTPConnection(host, timeout=300)
        sent = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        sent["Host"] = host
        if body or self.command in ("POST", "PUT", "PATCH"):
            sent["Content-Length"] = str(len(body))
        connection.request(self.command, self.path, body=body or None, headers=sent)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        parts = urlsplit(self.path)
        recorder.exchanges.append(
            Exchange(
                self.command,
                parts.path,
                parts.query,
                {name.lower(): value for name, value in self.headers.items()},
                body,
                answer.status,
                headers,
                content,
            )
        )
        if "json" in headers.get("content-type", ""):
            content = content.replace(recorder.target.encode(), recorder.url.encode())
        self.send_response(answer.status)
        for name, value in headers.items():
            if name not in _HOP_BY_HOP:
                self.send_header(name, value.replace(recorder.target, recorder.url))
        length = headers.get("content-length", "0") if self.command == "HEAD" else str(len(content))
        if answer.status != 204:
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            # A client that is gone by now is no concern of the recorder's.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(content)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, format: str, *args: Any) -> None:
        return


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler._pass_on)


@contextmanager
def recording(target: str) -> Iterator[Recorder]:
    """Listen in front of `target`, a loopback address, for as long as the block lasts."""
    recorder = Recorder(target)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.recorder = recorder  # type: ignore[attr-defined]
    recorder.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
