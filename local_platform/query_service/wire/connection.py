"""One client's conversation after TLS: password, then messages until it leaves."""

from __future__ import annotations

import logging
import re
import ssl
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from local_platform.query_service.errors import QueryError
from local_platform.query_service.wire import messages as m
from local_platform.query_service.wire.backend import Backend, Column, Outcome, SqlSession
from local_platform.query_service.wire.rows import data_rows

log = logging.getLogger("local_platform.query_service")

STATUS = {
    "server_version": "0.1.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "IntervalStyle": "postgres",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "is_superuser": "off",
}
_PARAMETER = re.compile(r"\$(\d+)")


@dataclass
class _Statement:
    text: str
    oids: list[int] = field(default_factory=list)


@dataclass
class _Portal:
    text: str
    parameters: list[str | None]
    formats: list[int]
    outcome: Outcome | None = None
    rows: Iterator[bytes] | None = None


class Connection:
    """Speaks protocol 3 with one client.

    Args:
        stream: the TLS socket.
        backend: lets clients in.
        startup: parameters of the StartupMessage.
        key: (process, secret) that a cancel request must name.
        opened: told the session once there is one, so that it can be cancelled.
    """

    def __init__(
        self,
        stream: ssl.SSLSocket,
        backend: Backend,
        startup: dict[str, str],
        key: tuple[int, int],
        opened: Callable[[SqlSession], None],
    ) -> None:
        self._stream = stream
        self._backend = backend
        self._startup = startup
        self._key = key
        self._opened = opened
        self._session: SqlSession | None = None
        self._statements: dict[str, _Statement] = {}
        self._portals: dict[str, _Portal] = {}
        self._out = bytearray()
        self._skip_to_sync = False

    def serve(self) -> None:
        """Talk until the client leaves or is refused."""
        try:
            session = self._log_in()
            if session is None:
                return
            self._session = session
            self._opened(session)
            while self._answer(session):
                pass
        except m.Disconnected:
            pass
        finally:
            if self._session is not None:
                self._session.close()

    def _log_in(self) -> SqlSession | None:
        self._send(m.authentication(3))
        kind, payload = m.read_message(self._stream)
        try:
            if kind != b"p":
                raise QueryError(
                    "28000",
                    "Invalid authorization type: the password must be sent in clear text inside TLS.",
                    fatal=True,
                )
            password = payload.rstrip(b"\0").decode("utf-8", "replace")
            user, application = self._startup.get("user", ""), self._startup.get("application_name", "")
            session = self._backend.open_session(user, password, self._startup.get("database", user), application)
        except QueryError as error:
            error.fatal = True
            self._send(m.error_response(error))
            return None
        status = {**STATUS, "application_name": application, "session_authorization": user}
        self._send(m.authentication(0) + m.parameter_status(status) + m.backend_key(*self._key) + m.ready("I"))
        return session

    def _answer(self, session: SqlSession) -> bool:
        """Answer one message; False when the conversation is over."""
        kind, payload = m.read_message(self._stream)
        if kind == b"X":
            return False
        if kind == b"S":
            self._skip_to_sync = False
            self._send(m.ready(session.status))
            return True
        if self._skip_to_sync and kind != b"Q":
            return True
        try:
            self._dispatch(session, kind, payload)
        except (QueryError, ValueError, struct.error, IndexError) as error:
            problem = error if isinstance(error, QueryError) else QueryError("08P01", f"Malformed message: {error}.")
            self._fail(session, kind, problem)
        except m.Disconnected:
            raise
        except Exception:
            log.exception("A statement failed inside the local platform")
            self._fail(session, kind, QueryError("58000", "ErrorCode: 58000 Internal System Error [see the log]."))
        return True

    def _fail(self, session: SqlSession, kind: bytes, error: QueryError) -> None:
        session.fail()
        self._send(m.error_response(error))
        if kind == b"Q":
            self._send(m.ready(session.status))
        else:
            self._skip_to_sync = True

    def _dispatch(self, session: SqlSession, kind: bytes, payload: bytes) -> None:
        handlers: dict[bytes, Callable[[SqlSession, bytes], None]] = {
            b"Q": self._simple,
            b"P": self._parse,
            b"B": self._bind,
            b"D": self._describe,
            b"E": self._execute,
            b"C": self._close,
            b"H": self._flush,
        }
        handler = handlers.get(kind)
        if handler is None:
            raise QueryError("08P01", f"Unsupported message type {kind!r}.")
        handler(session, payload)

    def _simple(self, session: SqlSession, payload: bytes) -> None:
        statements = session.split(m.cut_text(payload, 0)[0])
        if not statements:
            self._write(m.message(b"I"))
        for statement in statements:
            outcome = session.run(statement)
            for notice in outcome.notices:
                self._write(m.notice_response(notice))
            if outcome.columns is not None:
                self._write(m.row_description(outcome.columns))
            self._write_rows(outcome)
        self._send(m.ready(session.status))

    def _write_rows(self, outcome: Outcome) -> None:
        sent = 0
        for batch in outcome.batches:
            for block in data_rows(batch):
                self._write(block)
            sent += batch.num_rows
        self._write(m.command_complete(outcome.tag.format(rows=sent)))

    def _parse(self, session: SqlSession, payload: bytes) -> None:
        name, at = m.cut_text(payload, 0)
        text, at = m.cut_text(payload, at)
        (count,) = struct.unpack_from("!h", payload, at)
        oids = list(struct.unpack_from(f"!{count}i", payload, at + 2))
        if len(session.split(text)) > 1:
            raise QueryError("42601", "A prepared statement holds one statement; send several in a simple query.")
        wanted = max((int(n) for n in _PARAMETER.findall(text)), default=0)
        oids += [25] * (wanted - len(oids))
        self._statements[name] = _Statement(text, [oid or 25 for oid in oids])
        self._write(m.message(b"1"))

    def _bind(self, session: SqlSession, payload: bytes) -> None:
        portal, at = m.cut_text(payload, 0)
        name, at = m.cut_text(payload, at)
        statement = self._statement(name)
        formats, at = _shorts(payload, at)
        (count,) = struct.unpack_from("!h", payload, at)
        at += 2
        parameters: list[str | None] = []
        for i in range(count):
            (size,) = struct.unpack_from("!i", payload, at)
            at += 4
            raw = payload[at : at + size] if size >= 0 else None
            at += max(size, 0)
            code = formats[i] if len(formats) > 1 else (formats[0] if formats else 0)
            oid = statement.oids[i] if i < len(statement.oids) else 25
            parameters.append(None if raw is None else (_binary(raw, oid) if code else raw.decode("utf-8")))
        results, at = _shorts(payload, at)
        if any(results):
            raise QueryError("0A000", "Results in binary format are not supported; ask for text.")
        self._portals[portal] = _Portal(statement.text, parameters, results)
        self._write(m.message(b"2"))

    def _describe(self, session: SqlSession, payload: bytes) -> None:
        kind, (name, _) = payload[:1], m.cut_text(payload, 1)
        if kind == b"S":
            statement = self._statement(name)
            self._write(m.parameter_description(statement.oids))
            self._write_description(session.describe(statement.text))
            return
        portal = self._portal(name)
        self._write_description(self._started(session, portal).columns)

    def _write_description(self, columns: tuple[Column, ...] | None) -> None:
        self._write(m.message(b"n") if columns is None else m.row_description(columns))

    def _execute(self, session: SqlSession, payload: bytes) -> None:
        name, _ = m.cut_text(payload, 0)
        portal = self._portal(name)
        if not portal.text.strip():
            self._write(m.message(b"I"))
            return
        # A row limit asks for a portal in parts; sending all of it at once is allowed to clients that do not suspend.
        outcome = self._started(session, portal)
        portal.outcome = None
        for notice in outcome.notices:
            self._write(m.notice_response(notice))
        self._write_rows(outcome)

    def _started(self, session: SqlSession, portal: _Portal) -> Outcome:
        if portal.outcome is None:
            portal.outcome = session.run(portal.text, portal.parameters)
        return portal.outcome

    def _close(self, session: SqlSession, payload: bytes) -> None:
        name, _ = m.cut_text(payload, 1)
        (self._statements if payload[:1] == b"S" else self._portals).pop(name, None)
        self._write(m.message(b"3"))

    def _flush(self, session: SqlSession, payload: bytes) -> None:
        self._send(b"")

    def _statement(self, name: str) -> _Statement:
        if name not in self._statements:
            raise QueryError("26000", f"There is no prepared statement {name!r} in this session.")
        return self._statements[name]

    def _portal(self, name: str) -> _Portal:
        if name not in self._portals:
            raise QueryError("34000", f"There is no portal {name!r} in this session.")
        return self._portals[name]

    def _write(self, data: bytes) -> None:
        self._out += data
        if len(self._out) > 1 << 18:
            self._send(b"")

    def _send(self, data: bytes) -> None:
        self._out += data
        try:
            self._stream.sendall(self._out)
        except OSError as error:
            raise m.Disconnected from error
        finally:
            self._out.clear()


def _shorts(payload: bytes, at: int) -> tuple[list[int], int]:
    (count,) = struct.unpack_from("!h", payload, at)
    return list(struct.unpack_from(f"!{count}h", payload, at + 2)), at + 2 + 2 * count


def _binary(raw: bytes, oid: int) -> str:
    """A binary parameter as text, for the types that drivers send in binary by themselves."""
    codes = {16: "!?", 21: "!h", 23: "!i", 20: "!q", 700: "!f", 701: "!d"}
    if oid in codes:
        (value,) = struct.unpack(codes[oid], raw)
        return ("true" if value else "false") if oid == 16 else repr(value)
    if oid in (25, 1043, 0, 705):
        return raw.decode("utf-8")
    raise QueryError("0A000", f"A binary parameter of type {oid} is not supported; send it as text.")
