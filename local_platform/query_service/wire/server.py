"""Listening, TLS, cancel requests: a thread for each client."""

from __future__ import annotations

import contextlib
import logging
import secrets
import socket
import ssl
import struct
import threading
from pathlib import Path

from local_platform.query_service.errors import QueryError
from local_platform.query_service.wire import messages as m
from local_platform.query_service.wire.backend import Backend, SqlSession
from local_platform.query_service.wire.certificate import tls_context
from local_platform.query_service.wire.connection import Connection

log = logging.getLogger("local_platform.query_service")

LOGIN_SECONDS = 30


class WireServer:
    """The SQL endpoint on loopback.

    Args:
        backend: lets clients in.
        folder: where the certificate is kept.
    """

    def __init__(self, backend: Backend, folder: Path) -> None:
        self._backend = backend
        self._folder = folder
        self._sessions: dict[tuple[int, int], SqlSession] = {}
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._next = 1

    def start(self, port: int) -> int:
        """Listen on 127.0.0.1 and return the port (0 lets the system choose)."""
        context = tls_context(self._folder)
        listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener, context), name="sql-accept", daemon=True).start()
        return int(listener.getsockname()[1])

    def stop(self) -> None:
        """Stop listening and drop every client."""
        if self._listener is not None:
            self._listener.close()
        with self._lock:
            sessions, sockets = list(self._sessions.values()), list(self._sockets)
        for session in sessions:
            session.cancel()
        for stream in sockets:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(stream, context), name="sql-client", daemon=True).start()

    def _serve(self, stream: socket.socket, context: ssl.SSLContext) -> None:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.settimeout(LOGIN_SECONDS)
        with self._lock:
            self._next += 1
            key = (self._next, secrets.randbits(31))
        secured: socket.socket = stream
        try:
            secured = self._greet(stream, context, key)
        except (m.Disconnected, OSError, ssl.SSLError, struct.error):
            pass
        finally:
            with self._lock:
                self._sessions.pop(key, None)
                self._sockets.discard(secured)
            for one in (secured, stream):
                with contextlib.suppress(OSError):
                    one.close()

    def _greet(self, stream: socket.socket, context: ssl.SSLContext, key: tuple[int, int]) -> socket.socket:
        code, payload = m.read_startup(stream)
        while code == m.GSSENC_REQUEST:
            stream.sendall(b"N")
            code, payload = m.read_startup(stream)
        if code == m.CANCEL_REQUEST:
            self._cancel(struct.unpack("!ii", payload))
            return stream
        if code != m.SSL_REQUEST:
            refusal = QueryError("28000", "TLS is required: connect with sslmode=require or stricter.", fatal=True)
            stream.sendall(m.error_response(refusal))
            return stream
        stream.sendall(b"S")
        secured = context.wrap_socket(stream, server_side=True)
        with self._lock:
            self._sockets.add(secured)
        try:
            self._converse(secured, key)
        finally:
            with self._lock:
                self._sockets.discard(secured)
            with contextlib.suppress(OSError):
                secured.close()
        return secured

    def _converse(self, secured: ssl.SSLSocket, key: tuple[int, int]) -> None:
        code, payload = m.read_startup(secured)
        if code == m.CANCEL_REQUEST:
            self._cancel(struct.unpack("!ii", payload))
            return
        if code != m.PROTOCOL_3:
            refusal = QueryError("08P01", "Only protocol 3.0 is supported.", fatal=True)
            secured.sendall(m.error_response(refusal))
            return

        def opened(session: SqlSession) -> None:
            secured.settimeout(None)
            with self._lock:
                self._sessions[key] = session

        Connection(secured, self._backend, m.startup_parameters(payload), key, opened).serve()

    def _cancel(self, key: tuple[int, int]) -> None:
        with self._lock:
            session = self._sessions.get(key)
        if session is not None:
            session.cancel()
