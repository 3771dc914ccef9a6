"""Access tokens and non-expiring credentials.

A token is signed with a key that lives in the data directory, so tokens survive a restart and nothing secret is stored
for each of them. Its life is real seconds, not platform seconds: a client that counts its own 24 hours must stay right
when a test moves the platform's clock by a day.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_LIFE_SECONDS = 86_399
_HEADER = {"alg": "HS256", "typ": "JWT"}


@dataclass(frozen=True)
class Principal:
    """Who a token speaks for.

    `expires_at` is real epoch seconds; None for a non-expiring credential.
    """

    org_id: str
    client_id: str
    scopes: tuple[str, ...]
    expires_at: float | None
    technical_account: str


@dataclass(frozen=True)
class Credentials:
    """What a data directory hands out once: the client's secret and the Query Service non-expiring credential."""

    client_secret: str
    technical_account: str
    sql_credential: str
    signing_key: str

    @classmethod
    def load(cls, data_dir: Path) -> Credentials:
        """Read `credentials.json` of a data directory; made with random values when missing, readable by its owner."""
        path = data_dir / "credentials.json"
        if path.exists():
            return cls(**json.loads(path.read_text()))
        made = cls(
            client_secret="p8e-" + secrets.token_urlsafe(32),
            technical_account=secrets.token_hex(12).upper() + "@techacct.adobe.com",
            sql_credential=secrets.token_urlsafe(32),
            signing_key=secrets.token_hex(32),
        )
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(made.__dict__, file, indent=2)
        os.replace(draft, path)
        return made


class Tokens:
    """Issues and checks tokens for one organisation.

    Args:
        credentials: of the data directory.
        org_id: with `@AdobeOrg`.
        client_id: the only registered client.
        life_seconds: how long an access token works.
    """

    def __init__(
        self, credentials: Credentials, *, org_id: str, client_id: str, life_seconds: int = DEFAULT_LIFE_SECONDS
    ) -> None:
        self._credentials = credentials
        self.org_id = org_id
        self.client_id = client_id
        self.life_seconds = life_seconds

    def secret_is(self, client_secret: str) -> bool:
        """Whether this is the client's secret; takes the same time for every wrong one."""
        return hmac.compare_digest(client_secret.encode(), self._credentials.client_secret.encode())

    @property
    def non_expiring_password(self) -> str:
        """The Query Service password of the form `{technicalAccountId}:{credential}`."""
        return f"{self._credentials.technical_account}:{self._credentials.sql_credential}"

    def issue(self, scopes: Sequence[str] = (), *, life_seconds: int | None = None) -> str:
        """A signed access token in the three-part form of IMS."""
        life = self.life_seconds if life_seconds is None else life_seconds
        payload = {
            "org": self.org_id,
            "client_id": self.client_id,
            "scope": ",".join(scopes),
            "user_id": self._credentials.technical_account,
            "exp": time.time() + life,
            "jti": secrets.token_hex(8),
        }
        body = f"{_encode(_HEADER)}.{_encode(payload)}"
        return f"{body}.{self._sign(body)}"

    def check(self, token: str) -> Principal | None:
        """The principal of an access token or of the non-expiring password; None when it is not valid (any more)."""
        if hmac.compare_digest(token.encode(), self.non_expiring_password.encode()):
            return Principal(self.org_id, self.client_id, (), None, self._credentials.technical_account)
        body, _, signature = token.rpartition(".")
        if not body or not hmac.compare_digest(self._sign(body).encode(), signature.encode()):
            return None
        payload = _decode(body.rpartition(".")[2])
        if payload is None or payload["exp"] < time.time():
            return None
        scopes = tuple(scope for scope in payload["scope"].split(",") if scope)
        return Principal(payload["org"], payload["client_id"], scopes, payload["exp"], payload["user_id"])

    def _sign(self, body: str) -> str:
        digest = hmac.new(self._credentials.signing_key.encode(), body.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encode(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _decode(text: str) -> dict[str, Any] | None:
    try:
        decoded = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None
    return decoded if isinstance(decoded, dict) else None
