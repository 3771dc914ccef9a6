"""Who may enter the landing zone's S3 server, with what: key pairs, presigned addresses, keys of objects.

Signatures are not checked (moto does not); that a key pair is in force, and that a presigned address has not expired,
is.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from local_platform.names import climbs, has_control_character

# Storage credentials of the real landing zone are temporary; a day of real time, as for access tokens.
CREDENTIALS_SECONDS = 86_400
LONGEST_PRESIGNED_SECONDS = 7 * 86_400
_KEY_ID = re.compile(r"Credential=([A-Z0-9]+)(?:/|%2F)", re.IGNORECASE)


@dataclass(frozen=True)
class Refusal:
    """An answer in S3's words instead of the server's."""

    status: str
    code: str
    message: str

    @property
    def body(self) -> bytes:
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        return f"{head}<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>".encode()

    @property
    def length(self) -> str:
        return str(len(self.body))


EXPIRED_KEYS = Refusal(
    "403 Forbidden",
    "ExpiredToken",
    "The provided token is missing, has expired or was replaced; fetch the landing zone credentials again.",
)
EXPIRED_ADDRESS = Refusal("403 Forbidden", "AccessDenied", "Request has expired")
BAD_ADDRESS = Refusal(
    "400 Bad Request",
    "AuthorizationQueryParametersError",
    f"X-Amz-Date and X-Amz-Expires are needed, and at most {LONGEST_PRESIGNED_SECONDS} seconds.",
)
BAD_KEY = Refusal("400 Bad Request", "InvalidURI", "A key may hold neither '..' as a part nor a control character.")
NOT_A_BUCKET = Refusal("403 Forbidden", "AccessDenied", "Only the landing zone's bucket is here.")


class Keys:
    """The key pairs in force. The platform's own pair never leaves the process."""

    def __init__(self) -> None:
        self.internal = ("AKIA" + secrets.token_hex(8).upper(), secrets.token_hex(20))
        self._issued: dict[str, float] = {}
        self._current: tuple[dict[str, str], int] | None = None
        self._lock = threading.Lock()

    def issue(self, *, refresh: bool) -> tuple[dict[str, str], int]:
        """The pair in force and its expiry in epoch seconds; a new one when asked, or when half of its life is over."""
        with self._lock:
            if refresh:
                self._issued.clear()
            expiry = int(time.time()) + CREDENTIALS_SECONDS
            if refresh or self._current is None or self._current[1] - time.time() < CREDENTIALS_SECONDS / 2:
                keys = {
                    "awsAccessKeyId": "ASIA" + secrets.token_hex(8).upper(),
                    "awsSecretAccessKey": secrets.token_urlsafe(30),
                    "awsSessionToken": secrets.token_urlsafe(96),
                }
                self._issued[keys["awsAccessKeyId"]] = expiry
                self._current = (keys, expiry)
            return self._current

    def in_force(self, key: str) -> bool:
        """Whether a key id is ours, or was issued and has not expired."""
        return key == self.internal[0] or self._issued.get(key, 0.0) > time.time()


class Doors:
    """Decides on each request before moto sees it.

    Args:
        keys: the pairs in force.
    """

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def refusal(self, environ: dict[str, Any]) -> Refusal | None:
        """Why a request is not let in, or None."""
        header, query = str(environ.get("HTTP_AUTHORIZATION", "")), str(environ.get("QUERY_STRING", ""))
        found = _KEY_ID.search(header or query)
        if found is None or not self.keys.in_force(found.group(1)):
            return EXPIRED_KEYS
        path = str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode("utf-8", "replace")
        if climbs(path) or has_control_character(path):
            return BAD_KEY
        if path.startswith("/moto-api"):
            # It could empty the zone.
            return NOT_A_BUCKET
        if not header and (wrong := _presigned(query)) is not None:
            return wrong
        return None


def _presigned(query: str) -> Refusal | None:
    """What is wrong with the times of a presigned address, or None."""
    given = {name.lower(): values[-1] for name, values in parse_qs(query).items()}
    seconds = given.get("x-amz-expires", "")
    if not re.fullmatch(r"[0-9]{1,9}", seconds) or int(seconds) > LONGEST_PRESIGNED_SECONDS:
        return BAD_ADDRESS
    try:
        signed = datetime.strptime(given.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return BAD_ADDRESS
    return EXPIRED_ADDRESS if time.time() > signed.timestamp() + int(seconds) else None
