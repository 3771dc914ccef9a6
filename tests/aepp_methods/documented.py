"""A server that gives exactly the answers that Adobe documents for one method, and nothing of the local platform's."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server: Any = self.server
        if self.path.startswith("/ims/"):
            return self._send(200, {"access_token": "t", "token_type": "bearer", "expires_in": 86399})
        line = f"{self.command} {self.path.partition('?')[0]}"
        for pattern, answer in server.answers.items():
            if re.fullmatch(pattern, line) or re.fullmatch(pattern + "$", line):
                return self._send(answer["status"], answer.get("body"), answer.get("text"))
        return self._send(404, {"type": "/placeholder/type/uri", "status": 404, "title": "NotFoundError"})

    def _send(self, status: int, body: Any = None, text: str | None = None) -> None:
        content = (text or ("" if body is None else json.dumps(body))).encode()
        self.send_response(status)
        if content:
            self.send_header("Content-Type", "application/octet-stream" if text else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        return


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler._answer)


@contextmanager
def answering() -> Iterator[tuple[str, Json]]:
    """The address, and the answers (pattern of `METHOD path` -> answer), which may be changed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.answers = {}  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.answers  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
