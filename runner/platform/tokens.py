"""Access tokens by OAuth server-to-server, one for all services, renewed before they expire.

aepp would fetch one token per service object, without a timeout, a status check or TLS verification, so the token is
fetched here and handed to its objects.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from runner.errors import AuthenticationError, PlatformError, Unavailable
from runner.platform.answers import read_error, unreachable
from runner.settings import Connection

_EARLY = 500
"""Seconds before its expiry at which a token is no longer used."""


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
            Unavailable: IMS cannot be reached.
        """
        with self._lock:
            if not self._token or self._clock() >= self._good_until:
                self._fetch()
            return self._token

    def renew(self, refused: str) -> str:
        """A token other than the one that was refused (another thread may have renewed it already)."""
        with self._lock:
            if self._token == refused:
                self._fetch()
            return self._token

    def _fetch(self) -> None:
        problem: PlatformError | None = None
        for attempt in range(4):
            if attempt:
                self._sleep(self._first_delay * 3.0 ** (attempt - 1))
            try:
                return self._ask()
            except Unavailable as error:
                problem = error
        assert problem is not None
        raise problem

    def _ask(self) -> None:
        url = f"{self._connection.ims_url}/ims/token/v3"
        form = {
            "grant_type": "client_credentials",
            "client_id": self._connection.client_id,
            "client_secret": self._connection.client_secret.get_secret_value(),
            "scope": self._connection.scopes,
        }
        try:
            answer = self._session.post(url, data=form, timeout=(10, 60), allow_redirects=False)
        except requests.RequestException as error:
            seen = unreachable(error, "POST", "/ims/token/v3", "")
            raise Unavailable(seen.message, "Check AEP_IMS_URL and the network.", service="IMS") from None
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Unavailable(
                f"IMS answered the token request with {answer.status_code}.",
                "Adobe's identity service is failing: try again later.",
                service="IMS",
                status=answer.status_code,
            )
        if answer.status_code != 200:
            raise self._refused(answer)
        self._keep(answer)

    def _keep(self, answer: requests.Response) -> None:
        try:
            body = answer.json()
            token, seconds = str(body["access_token"]), float(body["expires_in"])
        except (ValueError, KeyError, TypeError):
            raise Unavailable(
                "IMS answered the token request with something that is not a token.",
                f"Check AEP_IMS_URL ({self._connection.ims_url}).",
                service="IMS",
                status=answer.status_code,
            ) from None
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
