"""What Azure's blob service signs: shared access signatures of a container, and requests with the account's key.

After "Create a service SAS" and "Authorize with Shared Key" in Microsoft's reference of the storage services.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

VERSION = "2022-11-02"
PERMISSIONS = "racwdlm"
"""Read, add, create, write, delete, list and move."""


@dataclass(frozen=True)
class Account:
    """A storage account; `repr` does not show its key, which is in base64."""

    name: str
    key: str

    def __repr__(self) -> str:
        return f"Account({self.name})"

    def sign(self, text: str) -> str:
        """HMAC-SHA256 of a text with the account's key, in base64."""
        return base64.b64encode(hmac.digest(base64.b64decode(self.key), text.encode(), hashlib.sha256)).decode()


def container_token(account: Account, container: str, policy: str, expiry: int) -> str:
    """A SAS of one container, bound to a stored access policy: it ends with it, or when the policy is removed.

    Args:
        policy: id of the policy.
        expiry: epoch seconds.
    """
    given = {"sv": VERSION, "si": policy, "sr": "c", "sp": PERMISSIONS, "se": moment(expiry)}
    resource = f"/blob/{account.name}/{container}"
    # Start, address, protocol, snapshot, encryption scope and five response headers are not restricted.
    signed = [given["sp"], "", given["se"], resource, policy, "", "", VERSION, "c", *[""] * 7]
    return urlencode({**given, "sig": account.sign("\n".join(signed))})


def moment(epoch_seconds: int) -> str:
    """A time as signatures and policies have it."""
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def authorization(
    account: Account, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], length: int
) -> str:
    """The Authorization header of a request.

    Args:
        path: as it is sent, quoted, with the account as its first part.
        headers: with `x-ms-date` and `x-ms-version`; `Content-Type` where there is one.
        length: of the body, in bytes.
    """
    kind = headers.get("Content-Type", "")
    own = sorted((name, value) for name, value in headers.items() if re.match("x-ms-", name))
    # Encoding, language, MD5 before the type; date, conditions and range after it: all unused.
    lines = [method, "", "", str(length) if length else "", "", kind, *[""] * 6]
    lines += [f"{name}:{value}" for name, value in own]
    lines.append(f"/{account.name}{path}")
    lines += [f"{name}:{query[name]}" for name in sorted(query)]
    return f"SharedKey {account.name}:{account.sign(chr(10).join(lines))}"
