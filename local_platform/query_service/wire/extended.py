"""The extended query protocol: Parse, Bind, Describe, Execute, Close."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.engine.describe import columns_before
from local_platform.query_service.engine.execute import execute
from local_platform.query_service.engine.results import Result
from local_platform.query_service.engine.session import Session
from local_platform.query_service.errors import QueryError, syntax_error
from local_platform.query_service.sql.lexer import parameter_count, split
from local_platform.query_service.sql.parse import parse_statement
from local_platform.query_service.sql.statements import Prepare
from local_platform.query_service.sql.types import Type
from local_platform.query_service.wire import messages
from local_platform.query_service.wire.ahead import ahead
from local_platform.query_service.wire.messages import Body
from local_platform.query_service.wire.parameters import value_of
from local_platform.query_service.wire.rows import data_rows
from local_platform.query_service.wire.stream import Stream

_COUNTED = ("SELECT", "FETCH")
_TEXT_OID = 25
_ALL = 1 << 62


@dataclass
class Prepared:
    """A parsed statement and the types of its parameters.

    Attributes:
        silent: described as giving no rows; a client that was told so must not be sent any.
    """

    sql: str
    oids: list[int]
    silent: bool = False


@dataclass
class Portal:
    """A bound statement; its result is made when it is described or executed."""

    prepared: Prepared
    values: list[Value]
    formats: list[int]
    result: Result | None = None
    pending: pa.RecordBatch | None = None
    count: int = 0
    batches: Iterator[Any] = field(default_factory=lambda: iter(()))

    def take(self, most: int) -> pa.RecordBatch | None:
        """The next rows, at most so many; None at the end."""
        batch = self.pending if self.pending is not None else next(self.batches, None)
        self.pending = None
        if batch is not None and batch.num_rows > most:
            self.pending, batch = batch.slice(most), batch.slice(0, most)
        return batch

    def has_more(self) -> bool:
        """Whether a row is left."""
        while self.pending is None or self.pending.num_rows == 0:
            self.pending = next(self.batches, None)
            if self.pending is None:
                return False
        return True


def _encoded(portal: Portal, types: list[Type], formats: list[int]) -> Iterator[tuple[int, memoryview]]:
    while (batch := portal.take(_ALL)) is not None:
        yield batch.num_rows, data_rows(batch, types, formats)


class Extended:
    """Statements and portals of one connection."""

    def __init__(self, session: Session, stream: Stream) -> None:
        self.session = session
        self.stream = stream
        self.statements: dict[str, Prepared] = {}
        self.portals: dict[str, Portal] = {}

    def handle(self, kind: bytes, body: Body) -> None:
        """One message.

        Raises:
            QueryError: 08P01 for a message this protocol does not have.
        """
        handler = {b"P": self._parse, b"B": self._bind, b"D": self._describe, b"E": self._execute, b"C": self._close}
        found = handler.get(kind)
        if found is None:
            raise QueryError("08P01", f"Unsupported message type {kind!r}.")
        found(body)

    def sync(self) -> None:
        """The end of a group of messages: portals do not outlive it outside a transaction."""
        if not self.session.in_transaction:
            for name in list(self.portals):
                self._drop(name)

    def _parse(self, body: Body) -> None:
        name, sql = body.text(), body.text()
        oids = [body.int32() for _ in range(body.int16())]
        pieces = split(sql)
        if len(pieces) > 1:
            raise syntax_error("A prepared statement holds one statement.")
        if name and name in self.statements:
            raise QueryError("42P05", f"Prepared statement {name} already exists.")
        text = pieces[0] if pieces else ""
        # The $1 of PREPARE are for EXECUTE to fill, not for the driver.
        if text and not isinstance(parse_statement(text), Prepare):
            oids += [0] * (parameter_count(text) - len(oids))
        self.statements[name] = Prepared(text, [oid or _TEXT_OID for oid in oids])
        self.stream.write(messages.PARSE_COMPLETE)

    def _bind(self, body: Body) -> None:
        portal, name = body.text(), body.text()
        prepared = self._statement(name)
        formats = [body.int16() for _ in range(body.int16())]
        contents = []
        for _ in range(body.int16()):
            size = body.int32()
            contents.append(None if size < 0 else body.bytes(size))
        if len(contents) != len(prepared.oids):
            raise QueryError("08P01", f"The statement has {len(prepared.oids)} parameters, {len(contents)} were bound.")
        values = [
            value_of(content, oid, _format(formats, place))
            for place, (content, oid) in enumerate(zip(contents, prepared.oids, strict=True))
        ]
        wanted = [body.int16() for _ in range(body.int16())]
        self._drop(portal)
        self.portals[portal] = Portal(prepared, values, wanted)
        self.stream.write(messages.BIND_COMPLETE)

    def _describe(self, body: Body) -> None:
        kind, name = body.bytes(1), body.text()
        if kind == b"S":
            self._describe_statement(name)
            return
        declared = self.session.cursors.get(name.lower())
        if declared is not None and name not in self.portals:
            # A declared cursor is a portal too; psycopg asks for its columns this way.
            columns = declared.result.columns or []
            self.stream.write(messages.row_description(columns, [0] * len(columns)))
            return
        portal = self._portal(name)
        portal.prepared.silent = False
        result = self._open(portal)
        if result.columns is None:
            self.stream.write(messages.NO_DATA)
        else:
            self.stream.write(messages.row_description(result.columns, _formats(portal, result)))

    def _describe_statement(self, name: str) -> None:
        prepared = self._statement(name)
        self.stream.write(messages.parameter_description(prepared.oids))
        columns = None
        if prepared.sql:
            columns = columns_before(self.session, prepared.sql, [value_of(None, oid, 0) for oid in prepared.oids])
        prepared.silent = columns is None
        if columns is None:
            self.stream.write(messages.NO_DATA)
        else:
            self.stream.write(messages.row_description(columns, [0] * len(columns)))

    def _execute(self, body: Body) -> None:
        name, most = body.text(), body.int32()
        portal = self._portal(name)
        if not portal.prepared.sql:
            self.stream.write(messages.EMPTY_QUERY)
            return
        result = self._open(portal)
        for text in result.notices:
            self.stream.write(messages.notice(text))
        result.notices = []
        if result.columns is not None and not portal.prepared.silent and self._send(portal, result, most):
            self.stream.write(messages.PORTAL_SUSPENDED)
            return
        tag = f"{result.tag} {portal.count}" if result.columns is not None and result.tag in _COUNTED else result.tag
        self.stream.write(messages.command_complete(tag))
        result.close()

    def _send(self, portal: Portal, result: Result, most: int) -> bool:
        """Send rows, at most so many (0: all); whether more are left."""
        assert result.columns is not None
        formats = _formats(portal, result)
        types = [type for _, type in result.columns]
        if most == 0:
            with contextlib.closing(ahead(_encoded(portal, types, formats))) as pieces:
                for rows, content in pieces:
                    portal.count += rows
                    self.stream.write(content)
            return False
        left = most
        while left > 0:
            batch = portal.take(left)
            if batch is None:
                return False
            self.stream.write(data_rows(batch, types, formats))
            portal.count += batch.num_rows
            left -= batch.num_rows
        return portal.has_more()

    def _open(self, portal: Portal) -> Result:
        """Run the portal's statement once; describing it already needs its columns."""
        if portal.result is None:
            portal.result = (
                execute(self.session, portal.prepared.sql, portal.values) if portal.prepared.sql else Result("")
            )
            portal.batches = portal.result.batches
        return portal.result

    def _close(self, body: Body) -> None:
        kind, name = body.bytes(1), body.text()
        if kind == b"S":
            self.statements.pop(name, None)
        else:
            self._drop(name)
        self.stream.write(messages.CLOSE_COMPLETE)

    def _drop(self, name: str) -> None:
        portal = self.portals.pop(name, None)
        if portal is not None and portal.result is not None:
            portal.result.close()

    def _statement(self, name: str) -> Prepared:
        found = self.statements.get(name)
        if found is None:
            raise QueryError("26000", f"Prepared statement {name!r} does not exist.")
        return found

    def _portal(self, name: str) -> Portal:
        found = self.portals.get(name)
        if found is None:
            raise QueryError("34000", f"Portal {name!r} does not exist.")
        return found


def _format(formats: list[int], place: int) -> int:
    if not formats:
        return 0
    return formats[0] if len(formats) == 1 else formats[place]


def _formats(portal: Portal, result: Result) -> list[int]:
    return [_format(portal.formats, place) for place in range(len(result.columns or []))]
