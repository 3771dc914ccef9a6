"""Identity namespaces by code."""

from __future__ import annotations

from typing import Any

from local_platform.clock import Clock
from local_platform.documents import Documents
from local_platform.services.identities.errors import InvalidNamespace, NamespaceConflict, NamespaceNotFound

Json = dict[str, Any]

ID_TYPES = ("COOKIE", "CROSS_DEVICE", "DEVICE", "EMAIL", "MOBILE", "NON_PEOPLE", "PHONE")
# Types of the business-to-business namespaces.
_BUSINESS_TYPES = (
    "B2B_ACCOUNT",
    "B2B_ACCOUNT_PERSON",
    "B2B_CAMPAIGN",
    "B2B_CAMPAIGN_MEMBER",
    "B2B_MARKETING_LIST",
    "B2B_MARKETING_LIST_MEMBER",
    "B2B_OPPORTUNITY",
    "B2B_OPPORTUNITY_PERSON",
)
_COLLECTION = "identity.namespaces"
_FIRST_CUSTOM_ID = 10_000_000

# Namespaces every organisation has: id, code, name, type.
_STANDARD = (
    (0, "CORE", "Adobe Audience Manager", "COOKIE"),
    (4, "ECID", "ECID", "COOKIE"),
    (6, "Email", "Email", "EMAIL"),
    (7, "Phone", "Phone", "PHONE"),
    (9, "AdCloud", "Adobe Advertising Cloud", "COOKIE"),
    (10, "AAID", "Adobe Analytics (Legacy ID)", "COOKIE"),
    (11, "Email_LC_SHA256", "Emails (SHA256, lowercased)", "EMAIL"),
    (14, "WAID", "Windows AID", "DEVICE"),
    (20914, "GAID", "Google Ad ID", "DEVICE"),
    (20915, "IDFA", "Apple IDFA (ID for Advertisers)", "DEVICE"),
)


class Namespaces:
    """Namespaces of the organisation; codes are unique without regard to case.

    Args:
        documents: where custom ones are stored.
        clock: stamps them.
    """

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    def all(self) -> list[Json]:
        """Adobe's namespaces, then the tenant's."""
        standard = [_standard(*entry) for entry in _STANDARD]
        return [*standard, *(document.body for document in self._documents.all(_COLLECTION))]

    def get(self, id: int) -> Json:
        """A namespace by its number.

        Raises:
            NamespaceNotFound
        """
        found = next((namespace for namespace in self.all() if namespace["id"] == id), None)
        if found is None:
            raise NamespaceNotFound(str(id))
        return found

    def codes(self) -> dict[str, str]:
        """Code of a namespace by its code and by its number as text."""
        return {key: entry["code"] for entry in self.all() for key in (entry["code"], str(entry["id"]))}

    def change(self, id: int, body: Json) -> Json:
        """Change name and description of a custom namespace.

        Raises:
            InvalidNamespace: it is Adobe's, or the body changes its code or type.
            NamespaceNotFound
        """
        stored = self.get(id)
        if not stored["custom"]:
            raise InvalidNamespace(f"{stored['code']} belongs to Adobe and cannot be changed.")
        changed = _renamed(stored, body, self._clock.now_ms())
        return self._documents.put(_COLLECTION, str(stored["code"]), changed).body

    def create(self, body: Json) -> Json:
        """Store a custom namespace.

        Raises:
            InvalidNamespace
            NamespaceConflict: the code is taken.
        """
        code, name, kind = (body.get(key) for key in ("code", "name", "idType"))
        if not isinstance(code, str) or not code or not code.replace("_", "").isalnum():
            raise InvalidNamespace(f"The code is {code!r}; expected letters, digits and underscores.")
        if not isinstance(name, str) or not name:
            raise InvalidNamespace("A name is required.")
        if not isinstance(kind, str) or kind.upper() not in ID_TYPES + _BUSINESS_TYPES:
            raise InvalidNamespace(f"The idType is {kind!r}; expected one of {', '.join(ID_TYPES)}.")
        known = self.all()
        if any(entry["code"].lower() == code.lower() for entry in known):
            raise NamespaceConflict(code)
        now = self._clock.now_ms()
        number = max(_FIRST_CUSTOM_ID, 1 + max(entry["id"] for entry in known))
        made: Json = {
            "id": number,
            "code": code,
            "name": name,
            "description": str(body.get("description", "")),
            "idType": kind.upper(),
            "status": "ACTIVE",
            "custom": True,
            "version": 1,
            "createTime": now,
            "updateTime": now,
        }
        self._documents.put(_COLLECTION, code, made)
        return made


def _renamed(stored: Json, body: Json, now: int) -> Json:
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidNamespace("A name is required.")
    for key in ("code", "idType"):
        if body.get(key) not in (None, stored[key]):
            raise InvalidNamespace(f"The {key} of a namespace cannot be changed.")
    description = str(body.get("description") or stored["description"])
    return {**stored, "name": name, "description": description, "version": stored["version"] + 1, "updateTime": now}


def _standard(id: int, code: str, name: str, kind: str) -> Json:
    return {
        "id": id,
        "code": code,
        "name": name,
        "description": name,
        "idType": kind,
        "status": "ACTIVE",
        "custom": False,
        "version": 1,
        "createTime": 1551688425455,
        "updateTime": 1551688425455,
    }
