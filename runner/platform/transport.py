"""The HTTP session under everything: checked answers, retries that are safe, bounded time.

It is a `requests.Session`, so it can be given to aepp's objects as theirs. Every answer that is not a success, or that
is not the JSON that was asked for, is raised as one of our errors, from inside aepp's methods too.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import AuthBase

from runner.errors import Conflict, PlatformError, RateLimited, Unavailable
from runner.platform.answers import (
    body_of,
    failure,
    is_disguised,
    is_page,
    never_sent,
    read_error,
    unreachable,
    unreadable,
)
from runner.platform.bounded import WithinTime, asked_delay
from runner.platform.tokens import Tokens, is_loopback
from runner.settings import Connection

log = logging.getLogger(__name__)

_REPEATABLE = frozenset({"GET", "HEAD", "PUT"})
_repeatable: ContextVar[bool | None] = ContextVar("repeatable", default=None)


@dataclass(frozen=True)
class Patience:
    """How often and how long one call is tried. Times in seconds."""

    attempts: int = 6
    first_delay: float = 0.5
    longest_delay: float = 30
    total: float = 240
    connect_timeout: float = 10
    read_timeout: float = 120
    download: float = 1800
    """For one streamed body, however slowly it drips in."""


class Bearer(AuthBase):
    """Puts the current token on a request; given as `auth` so that no ~/.netrc entry can replace it."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@contextmanager
def repeatable_write(allowed: bool = True) -> Iterator[None]:
    """Within the block a POST or PATCH may be repeated: it only reads, or repeating it changes nothing."""
    before = _repeatable.set(allowed)
    try:
        yield
    finally:
        _repeatable.reset(before)


class CheckedSession(requests.Session):
    """A session whose answers can be trusted.

    Args:
        connection: whom to authenticate as, and in which sandbox.
        transport: replaces the network (tests); by default plain HTTP adapters without retries of their own.
        patience: attempts and time limits of one call.
        sleep, clock: passed in so that tests need not wait.
    """

    def __init__(
        self,
        connection: Connection,
        transport: BaseAdapter | None = None,
        patience: Patience | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.connection = connection
        self.patience = patience or Patience()
        self.sleep = sleep
        self.clock = clock
        self.tokens = Tokens(connection, transport, first_delay=2 * self.patience.first_delay, sleep=sleep, clock=clock)
        self.trust_env = not is_loopback(connection.api_url)
        adapter = transport or HTTPAdapter(max_retries=0, pool_maxsize=16)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """Send a request and return its successful answer.

        Raises:
            PlatformError: or a subclass, for every other answer, or none. Only what is safe to repeat is repeated:
                reads and PUTs (also those that met a 409), and what a rate limit refused or never reached the service.
        """
        verb, address = _text(method).upper(), _text(url)
        if not address.startswith(f"{self.connection.api_url}/"):
            # Some of aepp's methods have Adobe's host written into them.
            raise PlatformError(
                f"A request to {urlsplit(address).netloc} was stopped.",
                f"The token is for {self.connection.api_url} only: check AEP_API_URL.",
            )
        allowed = _repeatable.get()
        repeatable = verb in _REPEATABLE if allowed is None else allowed
        for name, value in zip(("params", "data", "headers"), args, strict=False):
            options.setdefault(name, value)
        return _Exchange(self, verb, address, options, repeatable).answer()

    def send_once(self, method: str, url: str, options: dict[str, Any]) -> requests.Response:
        """One attempt, without any check (the parent's own `request`)."""
        return super().request(method, url, **options)


class _Exchange:
    """One call with its attempts."""

    def __init__(
        self, session: CheckedSession, method: str, url: str, options: dict[str, Any], repeatable: bool
    ) -> None:
        self.session, self.method, self.url, self.repeatable = session, method, url, repeatable
        self.options = dict(options)
        self.headers = {str(k): str(v) for k, v in (self.options.pop("headers", None) or {}).items()}
        self.headers = {k: v for k, v in self.headers.items() if k.lower() != "authorization"}
        self.path = urlsplit(url).path
        body: Any = self.options.get("data")
        self.start: int | None = body.tell() if hasattr(body, "seek") and hasattr(body, "tell") else None
        self.streamed = bool(self.options.get("stream"))
        self.expects_json = "json" in self.headers.get("Accept", "") and not self.streamed
        self.renewed = False

    def answer(self) -> requests.Response:
        patience, begun = self.session.patience, self.session.clock()
        attempt = 0
        while True:
            attempt += 1
            response, problem, safe = self._attempt()
            if problem is None:
                assert response is not None
                return response
            if self._renewed_token(response):
                attempt -= 1
                continue
            delay = self._delay(response, attempt)
            out_of_time = self.session.clock() - begun + delay > patience.total
            if not safe or attempt >= patience.attempts or out_of_time:
                if isinstance(problem, RateLimited) and out_of_time:
                    problem.remedy = f"The service asks to wait {delay:.0f} s: run the step again then; it continues."
                raise problem
            log.info("%s %s: attempt %d failed (%s); again in %.1f s", self.method, self.path, attempt, problem, delay)
            self.session.sleep(delay)

    def _attempt(self) -> tuple[requests.Response | None, PlatformError | None, bool]:
        """The answer, or what is wrong with it, and whether the call may be repeated."""
        request_id, begun = str(uuid.uuid4()), self.session.clock()
        patience, connection = self.session.patience, self.session.connection
        options = self.options | {
            "headers": self.headers | {"x-request-id": request_id},
            "auth": Bearer(self.session.tokens.current()),
            "timeout": (patience.connect_timeout, patience.read_timeout),
            "verify": True,  # aepp switches verification off call by call
            "allow_redirects": False,  # a redirected write would lose its body
            "stream": True,  # the body is read below, against the clock
        }
        if self.start is not None:
            self.options["data"].seek(self.start)
        try:
            response = self.session.send_once(self.method, self.url, options)
            limit = patience.download if self.streamed else patience.total
            response.raw = WithinTime(response.raw, begun + limit, self.session.clock)
            if not self.streamed or response.status_code >= 300:
                response.content  # noqa: B018  (reads it)
        except requests.RequestException as error:
            log.debug("%s %s -> %s [%s]", self.method, self.path, type(error).__name__, request_id)
            problem = unreachable(error, self.method, self.path, request_id)
            return None, problem, self.repeatable or never_sent(error)
        took = self.session.clock() - begun
        log.debug("%s %s -> %d in %.3f s [%s]", self.method, self.path, response.status_code, took, request_id)
        if response.status_code >= 300:
            ids = {"sandbox": connection.sandbox, "client": connection.client_id, "org": connection.org_id}
            seen = failure(response, request_id=request_id, **ids)
            return response, seen, self._may_repeat(seen)
        if not self.streamed and self._is_wrong(response):
            return response, unreadable(response, request_id), self.repeatable
        return response, None, False

    def _is_wrong(self, response: requests.Response) -> bool:
        """Whether a success is none: a web page, an error body, or not the JSON that was asked for."""
        return is_page(response) or (self.expects_json and (not _is_json(response) or is_disguised(response)))

    def _may_repeat(self, seen: PlatformError) -> bool:
        """Whether an answer may be followed by the same call: a read also when somebody else was in its way."""
        passing = isinstance(seen, Unavailable) or (isinstance(seen, Conflict) and self.method in _REPEATABLE)
        return isinstance(seen, RateLimited) or (passing and self.repeatable)

    def _renewed_token(self, response: requests.Response | None) -> bool:
        """After the first refusal of the token, and only then, get another."""
        if response is None or self.renewed:
            return False
        missing = response.status_code == 403 and read_error(response).code == "403010"
        if response.status_code != 401 and not missing:
            return False
        self.renewed = True
        self.session.tokens.renew(str(response.request.headers["Authorization"]).removeprefix("Bearer "))
        return True

    def _delay(self, response: requests.Response | None, attempt: int) -> float:
        patience = self.session.patience
        asked = asked_delay(response) if response is not None else None
        if asked is not None:
            return asked
        backoff = min(patience.longest_delay, patience.first_delay * 2.0 ** (attempt - 1))
        return backoff * random.uniform(0.5, 1.0)  # noqa: S311  (jitter, not cryptography)


def _is_json(response: requests.Response) -> bool:
    return not response.content or body_of(response) is not None or response.content.strip() == b"null"


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
