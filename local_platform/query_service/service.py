"""The Query Service: listens, logs in, runs SQL; also runs SQL for the REST API."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import socket
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

from local_platform.clock import Clock
from local_platform.lake import Lake
from local_platform.query_service.engine.core import Engine
from local_platform.query_service.engine.execute import execute
from local_platform.query_service.engine.session import Session
from local_platform.query_service.errors import QueryError
from local_platform.query_service.options import QueryOptions
from local_platform.query_service.sql.lexer import split
from local_platform.query_service.wire.certificate import server_context
from local_platform.query_service.wire.connection import Connection
from local_platform.query_service.wire.listener import Listener
from local_platform.query_service.wire.login import Login
from local_platform.query_service.wire.stream import Stream

_DEEP_TREES = 20_000
_GOODBYE_SECONDS = 5.0


@dataclass(frozen=True)
class Outcome:
    """What `run` gives: the last statement's tag and rows.

    Attributes:
        columns: names; None for a statement without rows.
        row_count: rows returned or written.
    """

    tag: str
    columns: list[str] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    row_count: int = 0


class QueryService:
    """SQL over the lake.

    Args:
        tokens: checks passwords; its org_id is the user every client logs in as.
        options: a QueryOptions, or the platform's options.
    """

    def __init__(self, lake: Lake, clock: Clock, tokens: Any, options: Any) -> None:
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEEP_TREES))
        self.tokens = tokens
        self.options = QueryOptions.of(options)
        self.engine = Engine(lake, clock, self.options)
        self._context = server_context(lake.data_dir)
        self._listener = Listener(self._serve)
        self._connections: dict[int, Connection] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def start(self, port: int = 0) -> int:
        """Listen on loopback and return the port."""
        return self._listener.start(port)

    def stop(self) -> None:
        """Close all connections and the engine."""
        self._listener.stop()
        with self._lock:
            connections = list(self._connections.values())
        for connection in connections:
            if connection.session is not None:
                connection.session.cancel()
            _hang_up(connection.stream.socket)
        self._listener.join(_GOODBYE_SECONDS)
        self.engine.close()

    def run(self, sql: str, dbname: str, principal: Any) -> Outcome:
        """Run a message of statements as the REST API does: in order, until one fails.

        Raises:
            QueryError
        """
        database = dbname.partition("?")[0].partition(":")[2] or "all"
        session = Session(self.engine, principal, database)
        session.waits = False
        outcome = Outcome("")
        try:
            for statement in split(sql):
                outcome = _collected(session, statement)
        finally:
            session.close()
        return outcome

    def open_session(self, login: Login, connection: Connection) -> Session:
        """A session for a client that has logged in.

        Raises:
            QueryError: 53300, too many sessions; 42P12, the dbname names nothing.
        """
        session = Session(self.engine, login.principal, login.database, flatten=login.flatten)
        shown = session.catalog()
        if shown.only is not None and not any(shown.table_exists(name) for name in shown.only):
            raise QueryError("42P12", f"No tables found for dbName {login.sandbox}:{login.database}.", fatal=True)
        with self._lock:
            if len(self._connections) >= self.options.sessions:
                raise QueryError("53300", "Session Limit Reached", fatal=True)
            self._connections[connection.process] = connection
        return session

    def cancel(self, process: int, secret: int) -> None:
        """Interrupt a connection's statement if the secret is its own."""
        with self._lock:
            connection = self._connections.get(process)
        if connection is not None and connection.secret == secret and connection.session is not None:
            connection.session.cancel()

    def _serve(self, accepted: socket.socket) -> None:
        process = next(self._numbers)
        connection = Connection(self, Stream(accepted), process, secrets.randbits(31))
        try:
            connection.run(self._context)
        finally:
            with self._lock:
                self._connections.pop(process, None)


def _collected(session: Session, statement: str) -> Outcome:
    result = execute(session, statement)
    try:
        if result.columns is None:
            return Outcome(result.tag, row_count=result.rows)
        names = [name for name, _ in result.columns]
        rows = [
            dict(zip(names, values, strict=True))
            for batch in result.batches
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        ]
        return Outcome(result.tag, names, rows, len(rows))
    finally:
        result.close()


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
