"""A network that answers from a script: what Adobe documents, without Adobe."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse

from runner.platform import Patience, Platform
from runner.settings import Connection

SECRET = "s3cr3t-of-the-client"
API, IMS = "https://api.example.test", "https://ims.example.test"


@dataclass
class Answer:
    """One answer; `body` is JSON-encoded unless it is text or bytes; `cut` breaks off after that many bytes."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


Handler = Callable[[requests.PreparedRequest], Answer | Exception]


class ScriptedNetwork(BaseAdapter):
    """Answers by method and path; each key holds a list that is worked off, its last entry staying.

    Tokens are `token-1`, `token-2` ... in the order in which they were asked for.
    """

    def __init__(self, script: Mapping[str, Any] | None = None, token_answer: Answer | None = None) -> None:
        super().__init__()
        self.script = {key: value if isinstance(value, list) else [value] for key, value in (script or {}).items()}
        self.token_answer = token_answer
        self.tokens = 0
        self.seen: list[requests.PreparedRequest] = []
        self.bodies: list[bytes] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        path = urlsplit(request.url or "").path
        body: Any = request.body
        sent = body.read() if hasattr(body, "read") else body or b""
        if path == "/ims/token/v3":
            self.tokens += 1
            token = {"access_token": f"token-{self.tokens}", "token_type": "bearer", "expires_in": 86399}
            return _response(request, self.token_answer or Answer(body=token))
        self.seen.append(request)
        self.bodies.append(sent if isinstance(sent, bytes) else str(sent).encode())
        self.options.append(options)
        queue = self.script.get(f"{request.method} {path}")
        if queue is None:
            raise AssertionError(f"nothing is scripted for {request.method} {path}")
        entry = queue.pop(0) if len(queue) > 1 else queue[0]
        answer = entry(request) if callable(entry) else entry
        if isinstance(answer, Exception):
            raise answer
        return _response(request, answer if isinstance(answer, Answer) else Answer(body=answer))

    def close(self) -> None:
        return

    def calls(self, method: str, ending: str = "") -> list[requests.PreparedRequest]:
        return [r for r in self.seen if r.method == method and urlsplit(r.url or "").path.endswith(ending)]


class _CutShort(io.BytesIO):
    def __init__(self, content: bytes, after: int) -> None:
        super().__init__(content[:after])

    def read(self, amount: int | None = -1) -> bytes:
        found = super().read(amount)
        if not found:
            raise ConnectionResetError("connection reset by peer")
        return found


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    content = answer.body
    if content is None:
        content = b""
    elif not isinstance(content, str | bytes):
        content = json.dumps(content)
    raw = content.encode() if isinstance(content, str) else content
    stream: Any = io.BytesIO(raw) if answer.cut is None else _CutShort(raw, answer.cut)
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    response.request = request
    response.url = request.url or ""
    response.raw = HTTPResponse(body=stream, headers=dict(answer.headers), status=answer.status, preload_content=False)
    return response


def query_of(request: requests.PreparedRequest) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(request.url or "").query).items()}


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def connection(**changes: Any) -> Connection:
    values: dict[str, Any] = {
        "org_id": "A1B2C3D4E5F60718293A4B5C@AdobeOrg",
        "client_id": "propensity-client",
        "client_secret": SECRET,
        "scopes": "openid,AdobeID",
        "sandbox": "dev",
        "api_url": API,
        "ims_url": IMS,
    }
    return Connection(**(values | changes))


def platform(network: ScriptedNetwork, clock: Clock | None = None, **patience: Any) -> Platform:
    clock = clock or Clock()
    return Platform(connection(), network, Patience(**patience), sleep=clock.sleep, clock=clock)
