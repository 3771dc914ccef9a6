"""Accepting connections: a thread for each client, which ends with it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

_BACKLOG = 256
# Python's own recursion needs room for deep syntax trees; the memory is only touched when used.
_STACK_BYTES = 64 << 20


class Listener:
    """Hands each accepted socket to a thread.

    Args:
        serve: called with a socket, in a thread of its own.
    """

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def start(self, port: int) -> int:
        """Listen on loopback; 0 lets the system choose the port, which is returned."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(_BACKLOG)
        self._socket = listener
        threading.Thread(target=self._accept, name="sql-listener", daemon=True).start()
        return int(listener.getsockname()[1])

    def _accept(self) -> None:
        assert self._socket is not None
        while True:
            try:
                accepted, _ = self._socket.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start_thread(accepted)

    def _start_thread(self, accepted: socket.socket) -> None:
        thread = threading.Thread(target=self._work, args=(accepted,), name="sql-session", daemon=True)
        with self._lock:
            self._threads.add(thread)
        previous = threading.stack_size(_STACK_BYTES)
        try:
            thread.start()
        except RuntimeError:
            # No thread to be had: this client is turned away, those after it may be luckier.
            with self._lock:
                self._threads.discard(thread)
            accepted.close()
        finally:
            threading.stack_size(previous)

    def _work(self, accepted: socket.socket) -> None:
        try:
            self._serve(accepted)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def stop(self) -> None:
        """Accept no more."""
        if self._socket is not None:
            # close() alone leaves a thread blocked in accept().
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def join(self, seconds: float) -> None:
        """Wait for the threads to end, at most so long altogether."""
        deadline = time.monotonic() + seconds
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
