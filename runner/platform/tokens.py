"""Access tokens by OAuth server-to-server, one for all services, renewed before they expire.

aepp would fetch one token per service object, without a timeout, a status check or TLS verification, so the token is
fetched here and handed to its objects.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from runner.errors import AuthenticationError, PlatformError, RateLimited, Unavailable
from runner.platform.answers import body_of, is_page, read_error, unreachable
from runner.platform.bounded import WithinTime, asked_delay
from runner.platform.documents import whole
from runner.settings import Connection

_EARLY = 500
"""Seconds before its expiry at which a token is no longer used."""
_LONGEST = 120.0
"""Seconds that all attempts to get a token may take together."""


def is_loopback(url: str) -> bool:
    """Whether a URL stays on this machine: then no proxy of the environment may see it."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


class Tokens:
    """The current access token of a connection; thread-safe."""

    def __init__(
        self,
        connection: Connection,
        transport: BaseAdapter | None = None,
        *,
        first_delay: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._first_delay = first_delay
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0
        self._wanted: float | None = None
        self._session = requests.Session()
        self._session.trust_env = not is_loopback(connection.ims_url)
        if transport is not None:
            self._session.mount("https://", transport)
            self._session.mount("http://", transport)

    def __repr__(self) -> str:
        return f"Tokens({self._connection.client_id})"

    def current(self) -> str:
        """A token that is good for a while, fetched when there is none.

        Raises:
            AuthenticationError: IMS refuses the credentials.
            RateLimited: it asks to wait longer than a step can.
            Unavailable: IMS cannot be reached.
        """
        with self._lock:
            if not self._token or self._clock() >= self._good_until:
                self._fetch()
            return self._token

    def seconds_left(self) -> float:
        """How long the current token is good for, a little early; 0 before the first one."""
        with self._lock:
            return max(0.0, self._good_until - self._clock()) if self._token else 0.0

    def renew(self, refused: str) -> str:
        """A token other than the one that was refused (another thread may have renewed it already)."""
        with self._lock:
            if self._token == refused:
                self._fetch()
            return self._token

    def _fetch(self) -> None:
        """Ask a few times, as long apart as IMS asks for, and for no longer than two minutes."""
        begun, attempt = self._clock(), 0
        while True:
            try:
                return self._ask()
            except (Unavailable, RateLimited) as problem:
                delay = self._wanted if self._wanted is not None else self._first_delay * 3.0**attempt
                attempt += 1
                if attempt == 4:
                    raise
                if self._clock() - begun + delay > _LONGEST:
                    problem.remedy = f"IMS asks to wait {delay:.0f} s: run the step again then."
                    raise
            self._sleep(delay)

    def _ask(self) -> None:
        url = f"{self._connection.ims_url}/ims/token/v3"
        form = {
            "grant_type": "client_credentials",
            "client_id": self._connection.client_id,
            "client_secret": self._connection.client_secret.get_secret_value(),
            "scope": self._connection.scopes,
        }
        self._wanted = None
        try:
            answer = self._session.post(url, data=form, timeout=(10, 60), allow_redirects=False, stream=True)
            answer.raw = WithinTime(answer.raw, self._clock() + _LONGEST, self._clock)
            answer.content  # noqa: B018  (reads it)
        except requests.RequestException as error:
            seen = unreachable(error, "POST", "/ims/token/v3", "")
            raise Unavailable(seen.message, "Check AEP_IMS_URL and the network.", service="IMS") from None
        if answer.status_code == 200:
            return self._keep(answer)
        self._wanted = asked_delay(answer)
        raise self._problem(answer)

    def _problem(self, answer: requests.Response) -> PlatformError:
        """What an answer other than 200 means: refused credentials, a service that is busy or away, a wrong address."""
        said, status = read_error(answer), answer.status_code
        if status in (400, 401, 403) and not is_page(answer):
            return self._refused(answer)
        kind: type[PlatformError] = PlatformError
        remedy = f"Check AEP_IMS_URL ({self._connection.ims_url}), and proxies on the way there."
        if status == 429:
            kind, remedy = RateLimited, "Wait a while and run the step again."
        elif status >= 500:
            kind, remedy = Unavailable, "Adobe's identity service is failing: try again later."
        words = " - ".join(filter(None, (said.title, said.detail[:200]))) or "an empty answer"
        return kind(
            f"IMS answered the token request with {status}: {words}.",
            remedy,
            service="IMS",
            status=status,
            title=said.title,
            detail=said.detail,
        )

    def _keep(self, answer: requests.Response) -> None:
        body = body_of(answer)
        token = body.get("access_token") if isinstance(body, Mapping) else None
        seconds = whole(body.get("expires_in")) if isinstance(body, Mapping) else 0
        # What stands in a header must be one line of plain characters.
        if not (isinstance(token, str) and re.fullmatch(r"[!-~]+", token) and seconds > 0):
            raise Unavailable(
                "IMS answered the token request with something that is not a token.",
                f"Check AEP_IMS_URL ({self._connection.ims_url}).",
                service="IMS",
                status=answer.status_code,
            )
        self._token = token
        self._good_until = self._clock() + max(seconds - _EARLY, seconds / 2)

    def _refused(self, answer: requests.Response) -> AuthenticationError:
        said = read_error(answer)
        which = {
            "invalid_client": "AEP_CLIENT_ID and AEP_CLIENT_SECRET",
            "invalid_scope": "AEP_SCOPES",
        }.get(said.title, "AEP_CLIENT_ID, AEP_CLIENT_SECRET and AEP_SCOPES")
        return AuthenticationError(
            f"Adobe refused the credentials of client {self._connection.client_id}: "
            f"{' - '.join(filter(None, (said.title, said.detail)))} (HTTP {answer.status_code}).",
            f"Copy {which} again from the OAuth server-to-server credential of your project in the Adobe developer "
            "console; a secret that was rotated there stops working here.",
            service="IMS",
            status=answer.status_code,
            title=said.title,
            detail=said.detail,
        )
