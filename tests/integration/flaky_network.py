"""A network that fails by dice: requests and answers are lost, replaced or cut, with a seed."""

from __future__ import annotations

import io
import random
from collections import Counter
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.response import HTTPResponse

FAULTS = ("lost request", "lost answer", "503 before", "502 after", "429", "401", "html after", "cut answer")


class FlakyNetwork(HTTPAdapter):
    """Passes requests on, and spoils a share of them. `met` counts what was done."""

    def __init__(self, seed: int, share: float) -> None:
        super().__init__(max_retries=0)
        self.dice = random.Random(seed)
        self.share = share
        self.met: Counter[str] = Counter()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        if self.dice.random() >= self.share or "/ims/" in (request.url or ""):
            return super().send(request, **options)
        fault = self.dice.choice(FAULTS)
        self.met[fault] += 1
        if fault == "lost request":
            raise requests.ConnectionError("lost on the way")
        if fault == "503 before":
            return _answer(request, 503, b"")
        if fault == "429":
            return _answer(request, 429, b"", {"Retry-After": "0"})
        if fault == "401":
            return _answer(request, 401, b'{"error_code": "401013", "message": "Oauth token is not valid"}')
        real = super().send(request, **options)
        content = real.content
        if fault == "lost answer":
            raise requests.ConnectionError("the answer was lost")
        if fault == "502 after":
            return _answer(request, 502, b"<html>bad gateway</html>")
        if fault == "html after":
            return _answer(request, 200, b"<html>hello</html>")
        return _answer(request, real.status_code, content[: len(content) // 2], dict(real.headers))


def _answer(
    request: requests.PreparedRequest, status: int, content: bytes, headers: dict[str, str] | None = None
) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers or {})
    response.request = request
    response.url = request.url or ""
    response.raw = HTTPResponse(
        body=io.BytesIO(content),
        headers=headers or {},
        status=status,
        preload_content=False,
        request_method=request.method,
    )
    return response
