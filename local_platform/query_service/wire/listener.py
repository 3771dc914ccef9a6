"""Accepting connections: a thread for each client, threads used again."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable

_BACKLOG = 256
_IDLE_SECONDS = 60.0
# Python's own recursion needs room for deep syntax trees; the memory is only touched when used.
_STACK_BYTES = 64 << 20


class Listener:
    """Hands each accepted socket to a thread.

    Threads are kept for later clients: the lake's catalog keeps a connection for every thread that ever used it.

    Args:
        serve: called with a socket, in a thread of its own.
    """

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._socket: socket.socket | None = None
        self._waiting: queue.SimpleQueue[socket.socket | None] = queue.SimpleQueue()
        self._idle = 0
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
            with self._lock:
                if self._idle > 0:
                    self._idle -= 1
                else:
                    self._add_thread()
            self._waiting.put(accepted)

    def _add_thread(self) -> None:
        previous = threading.stack_size(_STACK_BYTES)
        try:
            thread = threading.Thread(target=self._work, name="sql-session", daemon=True)
            self._threads.add(thread)
            thread.start()
        finally:
            threading.stack_size(previous)

    def _work(self) -> None:
        while (accepted := self._waiting.get()) is not None:
            self._serve(accepted)
            with self._lock:
                self._idle += 1

    def stop(self) -> None:
        """Accept no more; idle threads end."""
        if self._socket is not None:
            # close() alone leaves a thread blocked in accept().
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
        for _ in self._threads:
            self._waiting.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the threads to end, at most so long altogether."""
        deadline = time.monotonic() + seconds
        for thread in list(self._threads):
            thread.join(max(deadline - time.monotonic(), 0))
