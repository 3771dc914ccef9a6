"""Requests spoiled on purpose: ASGI middleware in front of the gateway, for what ``misbehaviour`` says.

It stands before the gateway, so that a spoiled request looks as one does that a proxy or a dying service spoiled. The
control endpoint is never touched: there must be a way back.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from local_platform import control
from local_platform.misbehaviour import Misbehaviour, Rule

_HTML = b"<html><head><title>%d</title></head><body><h1>%d</h1><p>The upstream did not answer.</p></body></html>"
_PROFILE = "/data/core/ups/access/"
# An answer to a creation is small; of a larger one nobody looks for an id.
_LARGEST_CREATION = 1 << 20

_open: dict[tuple[str, int], asyncio.Transport] = {}


class Protocol(H11Protocol):
    """uvicorn's, which remembers the connections of clients: a reset is not something ASGI can ask for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember a connection."""
        super().connection_made(transport)
        if self.client is not None:
            _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self.client is not None:
            _open.pop(self.client, None)
        super().connection_lost(exc)


class RoughGateway:
    """Lets requests pass, or spoils them.

    Args:
        app: the gateway and what is behind it.
        misbehaviour: the rules.
    """

    def __init__(self, app: ASGIApp, misbehaviour: Misbehaviour) -> None:
        self._app = app
        self._misbehaviour = misbehaviour

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, well or badly."""
        if not self._misbehaviour.on or scope["type"] != "http" or scope["path"].startswith(control.PREFIX):
            await self._app(scope, receive, send)
            return
        rule = self._misbehaviour.for_request(scope["method"], scope["path"])
        if self._misbehaviour.wants_creations and scope["method"] == "POST":
            send = self._noticing(scope["path"], send)
        if rule is None:
            await self._app(scope, receive, send)
        else:
            await self._spoil(rule, scope, receive, send)

    async def _spoil(self, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
        if rule.when == "after":
            await self._app(scope, receive, _swallow)
        if rule.kind == "slow":
            await asyncio.sleep(0.2 if rule.seconds is None else rule.seconds)
            await self._app(scope, receive, send)
        elif rule.kind == "reset":
            await _reset(scope, receive)
        elif rule.kind in ("reset_mid_body", "stall_mid_body", "truncated"):
            half = _Half(rule, scope, receive, send)
            await self._app(scope, receive, half.send)
        else:
            await _answer(rule, scope["path"], send)

    def _noticing(self, path: str, send: Send) -> Send:
        """`send` that tells the misbehaviour what a successful answer says was created."""
        body, success = bytearray(), False

        async def notice(message: Message) -> None:
            nonlocal success
            if message["type"] == "http.response.start":
                success = message["status"] in (200, 201)
            elif success and len(body) <= _LARGEST_CREATION:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    for id in _ids(bytes(body)):
                        self._misbehaviour.created(id, path)
            await send(message)

        return notice


class _Half:
    """`send` that lets half of the body through, and then breaks off as the rule says."""

    def __init__(self, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
        self._rule, self._scope, self._receive, self._send = rule, scope, receive, send
        self._start: Message = {}
        self._left: int | None = None
        self._over = False

    async def send(self, message: Message) -> None:
        """Pass a message on, as far as half of the body reaches."""
        if self._over:
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        body: bytes = message.get("body", b"")
        if self._left is None:
            length = _length(self._start) or len(body)
            if length < 2:
                # There is no half of it.
                self._over = True
                await self._send(self._start)
                await self._send(message)
                return
            self._left = length // 2
            await self._send(self._with_length(self._left) if self._rule.kind == "truncated" else self._start)
        part = body[: self._left]
        self._left -= len(part)
        last = self._left == 0 or not message.get("more_body")
        truncated = self._rule.kind == "truncated"
        await self._send({"type": "http.response.body", "body": part, "more_body": not (last and truncated)})
        if last:
            self._over = True
            if self._rule.kind == "stall_mid_body":
                await asyncio.sleep(0.5 if self._rule.seconds is None else self._rule.seconds)
            if not truncated:
                await _reset(self._scope, self._receive, flush=True)

    def _with_length(self, length: int) -> Message:
        headers = [(name, value) for name, value in self._start["headers"] if name.lower() != b"content-length"]
        return {**self._start, "headers": [*headers, (b"content-length", str(length).encode())]}


async def _swallow(_: Message) -> None:
    return


async def _reset(scope: Scope, receive: Receive, *, flush: bool = False) -> None:
    """Reset the client's connection and wait until the server has noticed.

    Args:
        flush: let what was sent leave first.
    """
    transport = _open.get(tuple(scope["client"] or ()))
    if transport is None:
        return
    if flush:
        while transport.get_write_buffer_size():
            await asyncio.sleep(0.005)
    connection: socket.socket = transport.get_extra_info("socket")
    # Without lingering, closing sends RST instead of FIN.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(rule: Rule, path: str, send: Send) -> None:
    status, body, headers = _said(rule, path)
    kind = b"text/html" if isinstance(body, bytes) else b"application/json"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    # The request's body may be unread: the connection cannot carry another request.
    own = [(b"content-type", kind), (b"content-length", str(len(content)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": own + headers})
    await send({"type": "http.response.body", "body": content})


def _said(rule: Rule, path: str) -> tuple[int, Any, list[tuple[bytes, bytes]]]:
    """Status, body and headers of an answer that takes the service's place, in documented words."""
    if rule.kind == "html":
        return rule.status, _HTML % (rule.status, rule.status), []
    if rule.kind == "expired_token":
        return 401, {"error_code": "401013", "message": "Oauth token is not valid"}, []
    if rule.kind == "rate_limited":
        wait = [] if rule.seconds is None else [(b"retry-after", f"{rule.seconds:g}".encode())]
        if path.startswith(_PROFILE):
            # Profile is the one that answers with a list.
            said = {"message": "Too many requests", "cause": "Quota exceeded", "statusCode": "429"}
            return 429, [said | {"retryAfterMs": str(int(1000 * (rule.seconds or 0.2)))}], wait
        return 429, {"error_code": "429001", "message": "Too many requests"}, wait
    status, title, detail = {
        "forbidden": (403, "Forbidden", "The client is not permitted to do this."),
        "late": (404, "NotFoundError", f"{path} was not found."),
        "conflict": (409, "ConflictError", "Somebody else changed the resource meanwhile."),
    }.get(rule.kind, (rule.status, "ServiceUnavailable", "The service failed."))
    return status, {"type": "/placeholder/type/uri", "status": status, "title": title, "detail": detail}, []


def _ids(content: bytes) -> Iterator[str]:
    """What an answer to a creation calls the new thing: an id, a `$id`, or Catalog's `["@/dataSets/…"]`."""
    try:
        body = json.loads(content)
    except ValueError:
        return
    if isinstance(body, list) and body and isinstance(body[0], str):
        yield body[0].rpartition("/")[2]
    if isinstance(body, dict):
        for key in ("id", "$id", "meta:altId", "@id"):
            if isinstance(body.get(key), str) and len(body[key]) >= 8:
                yield body[key]


def _length(start: Message) -> int | None:
    for name, value in start.get("headers", []):
        if name.lower() == b"content-length":
            return int(value)
    return None
