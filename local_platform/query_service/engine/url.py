"""parse_url, which reads addresses as Java's URI class does: strictly, changing nothing."""

from __future__ import annotations

import re
from functools import lru_cache

# The pieces of RFC 2396, as its appendix B has them.
_PIECES = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_ILLEGAL = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})")
_SERVER = re.compile(r"(?:([^@]*)@)?(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9.-]*)(?::(\d*))?")
_HOST = re.compile(
    r"\[.*\]|\d+\.\d+\.\d+\.\d+|(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?"
)
_PLAIN_ASCII_BRACKETS = re.compile(r"[\[\]]")


@lru_cache(maxsize=4096)
def _split(address: str) -> dict[str, str | None] | None:
    """The parts by name; None for a text that is no address."""
    found = _PIECES.fullmatch(address)
    if found is None or _ILLEGAL.search(address):
        return None
    scheme, authority, path, query, fragment = found.groups()
    if scheme is not None and not _SCHEME.fullmatch(scheme):
        return None
    if _PLAIN_ASCII_BRACKETS.search(path):
        return None
    if scheme is not None and authority is None and not path.startswith("/"):
        # mailto:me@example.com has no hierarchy, so no parts besides its scheme and fragment.
        return {"PROTOCOL": scheme, "REF": fragment} if path or query else None
    if authority == "" and not path and query is None and fragment is None:
        return None
    server = _SERVER.fullmatch(authority or "")
    named = server is not None and _HOST.fullmatch(server[2]) is not None
    return {
        "PROTOCOL": scheme,
        "AUTHORITY": authority or None,
        "USERINFO": server[1] if server is not None and named else None,
        "HOST": server[2] if server is not None and named else None,
        "PATH": path,
        "QUERY": query,
        "REF": fragment,
        "FILE": path + (f"?{query}" if query is not None else ""),
    }


def part(address: str, name: str) -> str | None:
    """HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY or USERINFO."""
    parts = _split(address)
    return None if parts is None else parts.get(name)


def key_of_query(address: str, name: str, key: str) -> str | None:
    """The value of a key of the QUERY; the key is a pattern, as in Spark."""
    query = part(address, name) if name == "QUERY" else None
    if query is None:
        return None
    found = re.search(rf"(?:&|^){key}=([^&]*)", query)
    return found[1] if found else None
