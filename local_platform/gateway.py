"""The gateway in front of every service: tokens, headers, request ids.

Checks and wording follow Adobe's troubleshooting page for platform APIs. A trailing slash is accepted without a
redirect, because a redirected POST loses its body.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local_platform.context import Context
from local_platform.names import climbs, has_control_character
from local_platform.problems import BadRequest, GatewayProblem, PlatformProblem, Problem

_SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# Without it the token does not say which product profiles the client has.
_PRODUCT_SCOPE = "additional_info.projectedProductContext"


class Gateway:
    """ASGI middleware that refuses what the real gateway refuses.

    Args:
        app: the services.
        context: for tokens, organisation and sandbox.
    """

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request, then pass it on with its trailing slash removed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request_id = headers.get("x-request-id", "")
        if not _SAFE_REQUEST_ID.fullmatch(request_id):
            request_id = str(uuid.uuid4())
        reply = _with_request_id(send, request_id)
        try:
            _check_path(scope["path"])
            _check_query(scope["query_string"])
            if scope["path"].startswith("/data/"):
                self._check(scope, headers)
        except Problem as problem:
            await _refuse(problem, reply)
            return
        path = scope["path"].rstrip("/") or "/"
        await self._app({**scope, "path": path, "request_id": request_id}, receive, reply)

    def _check(self, scope: Scope, headers: dict[str, str]) -> None:
        options = self._context.options
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise GatewayProblem(403, "403010", "Oauth token is missing.")
        principal = self._context.tokens.check(token.strip())
        # The Query Service credential opens the SQL port only.
        if principal is None or principal.expires_at is None:
            raise GatewayProblem(401, "401013", "Oauth token is not valid")
        if "x-api-key" not in headers:
            raise GatewayProblem(403, "403000", "Api Key is required")
        if headers["x-api-key"] != principal.client_id:
            raise GatewayProblem(403, "403003", "Api Key is invalid")
        if "x-gw-ims-org-id" not in headers:
            raise GatewayProblem(400, "400003", "Missing header")
        if headers["x-gw-ims-org-id"] != principal.org_id:
            raise GatewayProblem(403, "403027", "User region is missing")
        if _PRODUCT_SCOPE not in principal.scopes:
            raise GatewayProblem(403, "403025", "Profile is not valid")
        _check_sandbox(headers.get("x-sandbox-name"), options.sandbox)
        if scope["method"] in ("POST", "PUT", "PATCH") and _has_body(headers) and not headers.get("content-type"):
            raise BadRequest("A valid content-type must be specified")
        scope["principal"] = principal


def _check_sandbox(named: str | None, ours: str) -> None:
    """Without the header the default production sandbox is meant, which this platform does not have."""
    wanted = named or "prod"
    if wanted != ours:
        reason = "" if named else " (x-sandbox-name is missing, so the default production sandbox is meant)"
        detail = f"Sandbox {wanted!r} does not exist or this client has no access to it{reason}."
        raise PlatformProblem(403, "Forbidden", detail)


def _check_path(path: str) -> None:
    if has_control_character(path) or "\\" in path or climbs(path):
        raise BadRequest("The path holds '..', a backslash or a control character, which no name may.")


def _check_query(query: bytes) -> None:
    if not query:
        return
    for name, value in parse_qsl(query.decode("latin-1")):
        if has_control_character(value):
            raise BadRequest(f"Query parameter {name!r} holds a control character, which no value may.")
        if name == "path" and climbs(value):
            raise BadRequest("Query parameter 'path' holds '..', which no path may.")


def _has_body(headers: dict[str, str]) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _with_request_id(send: Send, request_id: str) -> Send:
    async def reply(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"x-request-id", request_id.encode())]}
        await send(message)

    return reply


async def _refuse(problem: Problem, send: Send) -> None:
    body = json.dumps(problem.body).encode()
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        # The body was not read: the connection cannot carry another request.
        (b"connection", b"close"),
    ]
    start: dict[str, Any] = {"type": "http.response.start", "status": problem.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
