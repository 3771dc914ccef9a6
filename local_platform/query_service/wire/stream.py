"""A connection's bytes: messages in, buffered bytes out."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct

from local_platform.query_service.errors import QueryError

_FLUSH_AT = 1 << 16
_LARGEST_MESSAGE = 1 << 28


class Disconnected(Exception):
    """The client is gone."""


class Stream:
    """Reads whole messages, writes through a buffer. Works on a plain or a TLS socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._out = bytearray()
        self._in = bytearray()

    def secure(self, context: ssl.SSLContext) -> None:
        """Begin TLS.

        Raises:
            Disconnected: the handshake failed.
        """
        try:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        except (OSError, ValueError) as error:
            raise Disconnected from error

    def patience(self, seconds: float | None) -> None:
        """How long to wait for the client's next bytes; None: for ever."""
        self.socket.settimeout(seconds)

    @property
    def is_secure(self) -> bool:
        return isinstance(self.socket, ssl.SSLSocket)

    def read_exactly(self, count: int) -> bytes:
        """So many bytes.

        Raises:
            Disconnected: the client closed the connection.
        """
        while len(self._in) < count:
            try:
                received = self.socket.recv(max(count - len(self._in), 1 << 14))
            except (OSError, ValueError) as error:
                raise Disconnected from error
            if not received:
                raise Disconnected
            self._in += received
        taken = bytes(self._in[:count])
        del self._in[:count]
        return taken

    def read_start(self) -> tuple[int, bytes]:
        """The first message, which has no kind: (code, body)."""
        (size,) = struct.unpack("!i", self.read_exactly(4))
        if not 8 <= size <= 1 << 16:
            raise Disconnected
        content = self.read_exactly(size - 4)
        (code,) = struct.unpack_from("!i", content)
        return int(code), content[4:]

    def read_message(self) -> tuple[bytes, bytes]:
        """(kind, body) of the next message.

        Raises:
            QueryError: 08P01, a length that cannot be right.
        """
        kind = self.read_exactly(1)
        (size,) = struct.unpack("!i", self.read_exactly(4))
        if not 4 <= size <= _LARGEST_MESSAGE:
            raise QueryError("08P01", f"Invalid message length {size}.", fatal=True)
        return kind, self.read_exactly(size - 4)

    def write(self, content: bytes | memoryview) -> None:
        """Send, at the latest with the next flush."""
        if len(content) >= _FLUSH_AT:
            self.flush()
            self._send(content)
            return
        self._out += content
        if len(self._out) >= _FLUSH_AT:
            self.flush()

    def flush(self) -> None:
        if self._out:
            content, self._out = self._out, bytearray()
            self._send(content)

    def _send(self, content: bytes | bytearray | memoryview) -> None:
        try:
            self.socket.sendall(content)
        except (OSError, ValueError) as error:
            raise Disconnected from error

    def is_gone(self) -> bool:
        """Whether the client has hung up; asked from another thread while a statement runs."""
        poller = select.poll()
        try:
            poller.register(self.socket, select.POLLRDHUP)
            return bool(poller.poll(0))
        except (OSError, ValueError):
            return True

    def close(self) -> None:
        """Close at once, with a TLS goodbye if that does not block."""
        if self.is_secure:
            with contextlib.suppress(OSError, ValueError):
                self.socket.settimeout(0)
                self.socket.unwrap()  # type: ignore[attr-defined]
        with contextlib.suppress(OSError):
            self.socket.close()
