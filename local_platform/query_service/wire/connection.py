"""One client's connection, from login to goodbye."""

from __future__ import annotations

import contextlib
import logging
import ssl
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from local_platform.query_service.catalog.parameters import PARAMETERS
from local_platform.query_service.engine.execute import execute
from local_platform.query_service.engine.results import Result
from local_platform.query_service.engine.session import Session
from local_platform.query_service.errors import QueryError
from local_platform.query_service.sql.lexer import split
from local_platform.query_service.wire import messages
from local_platform.query_service.wire.ahead import ahead
from local_platform.query_service.wire.extended import Extended
from local_platform.query_service.wire.login import Cancel, authenticate, negotiate
from local_platform.query_service.wire.messages import Body
from local_platform.query_service.wire.rows import data_rows
from local_platform.query_service.wire.stream import Disconnected, Stream

if TYPE_CHECKING:
    from local_platform.query_service.service import QueryService

log = logging.getLogger("local_platform")

_STATUS = {
    "server_version": "server_version",
    "server_encoding": "server_encoding",
    "client_encoding": "client_encoding",
    "datestyle": "DateStyle",
    "timezone": "TimeZone",
    "integer_datetimes": "integer_datetimes",
    "standard_conforming_strings": "standard_conforming_strings",
    "is_superuser": "is_superuser",
}
_COUNTED = ("SELECT", "FETCH")
# A client that connects and says nothing must not hold a thread for ever.
_LOGIN_SECONDS = 30.0


class Connection:
    """Serves one client; `run` returns when it is gone."""

    def __init__(self, service: QueryService, stream: Stream, process: int, secret: int) -> None:
        self.service = service
        self.stream = stream
        self.process = process
        self.secret = secret
        self.session: Session | None = None

    def run(self, context: ssl.SSLContext) -> None:
        """Login and serve."""
        try:
            if self._login(context):
                self._serve()
        except Disconnected:
            pass
        except QueryError as problem:
            self._farewell(problem)
        except Exception:
            log.exception("A SQL connection failed")
            self._farewell(QueryError("58000", "The service failed; the platform's log has the reason.", fatal=True))
        finally:
            if self.session is not None:
                self.session.close()
            self.stream.close()

    def _farewell(self, problem: QueryError) -> None:
        with contextlib.suppress(Disconnected):
            self.stream.write(messages.error(problem))
            self.stream.flush()

    def _login(self, context: ssl.SSLContext) -> bool:
        self.stream.patience(_LOGIN_SECONDS)
        asked = negotiate(self.stream, context)
        if isinstance(asked, Cancel):
            self.service.cancel(asked.process, asked.secret)
            return False
        login = authenticate(
            self.stream, self.service.tokens, asked, self.service.tokens.org_id, self.service.options.sandbox
        )
        self.session = self.service.open_session(login, self)
        self.session.gone = self.stream.is_gone
        self.stream.patience(None)
        self.stream.write(messages.AUTHENTICATION_OK)
        for name, spelled in _STATUS.items():
            self.stream.write(messages.parameter_status(spelled, PARAMETERS[name]))
        self.stream.write(messages.parameter_status("session_authorization", asked.get("user", "")))
        self.stream.write(messages.backend_key(self.process, self.secret))
        self._ready()
        return True

    def _ready(self) -> None:
        session = self._session()
        status = "E" if session.failed else "T" if session.in_transaction else "I"
        self.stream.write(messages.ready(status))
        self.stream.flush()

    def _session(self) -> Session:
        assert self.session is not None
        return self.session

    def _serve(self) -> None:
        extended = Extended(self._session(), self.stream)
        skipping = False
        while True:
            kind, body = self.stream.read_message()
            if kind == b"X":
                return
            if kind == b"S":
                skipping = False
                extended.sync()
                self._ready()
            elif kind == b"Q":
                skipping = False
                self._simple(Body(body).text())
                self._ready()
            elif skipping:
                continue
            elif kind == b"H":
                self.stream.flush()
            else:
                skipping = self._guarded(extended, kind, body)

    def _guarded(self, extended: Extended, kind: bytes, body: bytes) -> bool:
        """Handle a message of the extended protocol; after an error everything up to Sync is skipped."""
        try:
            extended.handle(kind, Body(body))
        except QueryError as problem:
            self._report(problem)
            return True
        except Disconnected:
            raise
        except (struct.error, UnicodeDecodeError) as error:
            self._report(QueryError("08P01", f"Malformed message {kind!r}: {error}."))
            return True
        except Exception:
            log.exception("A statement failed")
            self._report(
                QueryError("58000", "ErrorCode: 58000 Internal System Error [the platform's log has the reason]")
            )
            return True
        return False

    def _report(self, problem: QueryError) -> None:
        session = self._session()
        session.failed = session.in_transaction
        self.stream.write(messages.error(problem))
        # A client may wait for the error before it sends Sync; up to then everything else is skipped, its Flush too.
        self.stream.flush()

    def _simple(self, text: str) -> None:
        """A message of statements: each in turn until one fails."""
        try:
            statements = split(text)
            if not statements:
                self.stream.write(messages.EMPTY_QUERY)
                return
            for statement in statements:
                self._send(execute(self._session(), statement))
        except QueryError as problem:
            self._report(problem)
        except Disconnected:
            raise
        except Exception:
            log.exception("A statement failed: %s", text[:500])
            self._report(
                QueryError("58000", "ErrorCode: 58000 Internal System Error [the platform's log has the reason]")
            )

    def _send(self, result: Result) -> None:
        try:
            send_result(self.stream, result)
        finally:
            result.close()


def send_result(stream: Stream, result: Result) -> None:
    """Notices, rows in text form, and the tag."""
    for text in result.notices:
        stream.write(messages.notice(text))
    tag = result.tag
    if result.columns is not None:
        formats = [0] * len(result.columns)
        types = [type for _, type in result.columns]
        stream.write(messages.row_description(result.columns, formats))
        count = 0

        def encoded() -> Iterator[tuple[int, memoryview]]:
            for batch in result.batches:
                yield batch.num_rows, data_rows(batch, types, formats)

        with contextlib.closing(ahead(encoded())) as pieces:
            for rows, content in pieces:
                count += rows
                stream.write(content)
        tag = f"{tag} {count}" if tag in _COUNTED else tag
    stream.write(messages.command_complete(tag))
