"""Plain functions as HTTP endpoints: the body is read first, then the function runs in a worker thread.

The lake blocks (SQLite, files), so nothing of it may run on the event loop.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from local_platform.names import unsafe_name
from local_platform.problems import BadRequest

# Bodies of API calls other than file uploads; those are streamed to disk instead.
LARGEST_BODY_BYTES = 16 * 1024 * 1024
# Far deeper than any schema or rule; what is deeper would exhaust the stack of whoever walks through it.
DEEPEST_BODY = 100


@dataclass(frozen=True)
class Call:
    """A request whose body has been read."""

    request: Request
    body: bytes

    def path(self, name: str) -> str:
        """A path parameter, decoded."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str | None = None) -> str | None:
        """A query parameter, or the default."""
        return self.request.query_params.get(name, default)

    def header(self, name: str, default: str = "") -> str:
        """A request header, or the default."""
        return self.request.headers.get(name, default)

    def integer(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number from the query.

        Raises:
            BadRequest: not a number, or outside the limits.
        """
        text = self.query(name)
        if text is None or text == "":
            return default
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise BadRequest(f"Query parameter {name!r} is {text!r}; expected a whole number from {least} to {most}.")
        return int(text)

    def json(self) -> Any:
        """The body parsed as JSON.

        Raises:
            BadRequest: the body is no JSON, or a name in it could do harm.
        """
        try:
            body = json.loads(self.body)
        except ValueError as error:
            raise BadRequest(f"The request body is not valid JSON: {error}.") from None
        except RecursionError:
            body = None
        if (body is None and self.body.strip() != b"null") or deeper_than(body, DEEPEST_BODY):
            raise BadRequest(f"The request body is nested deeper than {DEEPEST_BODY} levels.")
        if (problem := unsafe_name(body)) is not None:
            raise BadRequest(problem)
        return body

    def json_object(self) -> dict[str, Any]:
        """The body, which must be a JSON object.

        Raises:
            BadRequest
        """
        value = self.json()
        if not isinstance(value, dict):
            raise BadRequest(f"The request body must be a JSON object, not {type(value).__name__}.")
        return value


def deeper_than(value: Any, levels: int) -> bool:
    """Whether lists and objects stand inside each other on more levels than so many."""
    level = [value]
    for _ in range(levels):
        level = [
            inner
            for item in level
            if isinstance(item, list | dict)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return any(isinstance(item, list | dict) for item in level)


def endpoint(handler: Callable[[Call], Response]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for a Route: reads the body, then runs the handler in a worker thread."""

    async def answer(request: Request) -> Response:
        body = await read_limited(request)
        return await run_in_threadpool(handler, Call(request, body))

    return answer


async def read_limited(request: Request) -> bytes:
    """The request's body.

    Raises:
        BadRequest: it is larger than any API call needs.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY_BYTES:
            raise BadRequest(f"The request body is larger than {LARGEST_BODY_BYTES} bytes.")
        parts.append(part)
    return b"".join(parts)
