"""Start-up: TLS, the password, the dbname."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

from local_platform.query_service.errors import QueryError
from local_platform.query_service.wire import messages
from local_platform.query_service.wire.messages import Body
from local_platform.query_service.wire.stream import Disconnected, Stream


@dataclass(frozen=True)
class Login:
    """Who asks for what."""

    principal: Any
    sandbox: str
    database: str
    flatten: bool
    parameters: dict[str, str]


@dataclass(frozen=True)
class Cancel:
    """A request to cancel another connection's statement."""

    process: int
    secret: int


def negotiate(stream: Stream, context: ssl.SSLContext) -> dict[str, str] | Cancel:
    """Up to the start-up message: encryption is answered, GSS refused.

    Raises:
        QueryError: 28000, the client will not use TLS; 08P01, another protocol.
    """
    while True:
        code, body = stream.read_start()
        if code == messages.SSL_REQUEST and not stream.is_secure:
            stream.write(b"S")
            stream.flush()
            stream.secure(context)
        elif code == messages.GSS_REQUEST:
            stream.write(b"N")
            stream.flush()
        elif code == messages.CANCEL_REQUEST:
            fields = Body(body)
            return Cancel(fields.int32(), fields.int32())
        elif code >> 16 == 3:
            if not stream.is_secure:
                raise QueryError(
                    "28000",
                    "SSL connection is required: sslmode=disable is refused. Use sslmode=require.",
                    fatal=True,
                )
            return _parameters(body)
        else:
            raise QueryError("08P01", f"Unsupported protocol version {code >> 16}.{code & 0xFFFF}.", fatal=True)


def _parameters(body: bytes) -> dict[str, str]:
    parts = [part.decode() for part in body.split(b"\x00")]
    pairs = zip(parts[::2], parts[1::2], strict=False)
    return {name: value for name, value in pairs if name}


def authenticate(stream: Stream, tokens: Any, parameters: dict[str, str], org_id: str, sandbox: str) -> Login:
    """Ask for the password and read the dbname.

    Raises:
        QueryError: 28P01 wrong password, 28000 anything but a clear-text password, 42P12 no such database.
    """
    stream.write(messages.ASK_CLEARTEXT_PASSWORD)
    stream.flush()
    kind, body = stream.read_message()
    if kind != b"p":
        raise QueryError("28000", "Invalid authorization type: it must be AuthenticationCleartextPassword.", fatal=True)
    user = parameters.get("user", "")
    principal = tokens.check(Body(body).text()) if b"\x00" in body else None
    if principal is None or user != org_id:
        raise QueryError(
            "28P01",
            "Invalid password: the authentication token is not valid (any more), or the user is not its organization. "
            "The password is an access token, or technicalAccountId:credential.",
            fatal=True,
        )
    sandbox_asked, database, flatten = _database(parameters.get("database") or user)
    if sandbox_asked != sandbox:
        raise QueryError(
            "42P12",
            f"No tables found for dbName {parameters.get('database')!r}; expected {sandbox}:all or {sandbox}:table.",
            fatal=True,
        )
    return Login(principal, sandbox_asked, database, flatten, parameters)


def _database(dbname: str) -> tuple[str, str, bool]:
    """`prod:all?FLATTEN` -> (prod, all, True)."""
    name, _, suffix = dbname.partition("?")
    sandbox, _, target = name.partition(":")
    return sandbox, target or "all", suffix.upper() == "FLATTEN"


__all__ = ["Cancel", "Disconnected", "Login", "authenticate", "negotiate"]
