"""Profile: single entities, the preview counts, merge policies.

Reading entities needs the Real-Time CDP Ultimate edition: callers treat PermissionDenied as "not licensed".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from runner.errors import NotFound
from runner.platform.documents import Document, inner, listed, mapping, page_of, strings, whole
from runner.platform.library import LibraryName
from runner.platform.service import Service

_PER_CALL = 500
"""Identities per bulk look-up; the service's own maximum is not documented."""


@dataclass(frozen=True)
class ProfileEntity:
    """The merged profile of one identity; `attributes` is the XDM tree of the fields asked for."""

    id: str
    attributes: Document
    sources: tuple[str, ...]
    last_modified: str


@dataclass(frozen=True)
class MergePolicy:
    """How fragments become one profile."""

    id: str
    name: str
    default: bool
    attribute_merge: str
    identity_graph: str


class Profiles(Service):
    """Real-Time Customer Profile."""

    title = "Profile"
    library_name: LibraryName = "profiles"

    def entity(self, value: str, namespace: str, fields: Sequence[str] = ()) -> ProfileEntity | None:
        """The profile of an identity, or None when it has none.

        Raises:
            PermissionDenied: entity access is not licensed.
        """
        query: dict[str, Any] = {
            "schema_name": "_xdm.context.profile",
            "entityId": value,
            "entityIdNS": namespace,
            "fields": ",".join(fields) or None,
        }
        try:
            answer = mapping(self.call(self.library.getEntity, **query), "Profile to an entity")
        except NotFound:
            return None
        return next((_entity(str(k), mapping(v, "a profile")) for k, v in answer.items()), None)

    def entities(self, values: Iterable[str], namespace: str, fields: Sequence[str]) -> dict[str, ProfileEntity]:
        """The profiles of many identities, by identity value; identities without a profile are left out."""
        wanted = list(dict.fromkeys(values))
        found: dict[str, ProfileEntity] = {}
        for start in range(0, len(wanted), _PER_CALL):
            found |= self._page(wanted[start : start + _PER_CALL], namespace, fields)
        return found

    def preview_status(self) -> Document:
        """State of the newest profile sample: `docCount`, `totalRows`, `lastSampledTimestamp` ..."""
        return mapping(self.call(self.library.getPreviewStatus), "Profile to previewsamplestatus")

    def profiles_by_dataset(self) -> dict[str, int]:
        """Sampled count of profiles by dataset id; empty when no report was made yet."""
        try:
            rows = listed(self.call(self.library.getPreviewDataSet), "Profile to the dataset report")
        except NotFound:
            return {}
        return {str(r.get("value")): whole(r.get("fullIDsCount")) for r in rows}

    def merge_policies(self) -> list[MergePolicy]:
        """The merge policies of the sandbox."""
        answer = mapping(self.get("/config/mergePolicies", {"limit": 100}), "Profile to merge policies")
        return [_policy(p) for p in page_of(answer, "children", "Profile to merge policies")]

    def _page(self, values: Sequence[str], namespace: str, fields: Sequence[str]) -> dict[str, ProfileEntity]:
        body = {
            "schema": {"name": "_xdm.context.profile"},
            "fields": list(fields),
            "identities": [{"entityId": v, "entityIdNS": {"code": namespace}} for v in values],
        }
        answer = mapping(self.post("/access/entities", body, repeatable=True), "Profile to entities")
        found: dict[str, ProfileEntity] = {}
        for key, raw in answer.items():
            item = mapping(raw, "a profile")
            asked = inner(item, "requestedIdentity")
            value = str(asked.get("entityId") or item.get("entityId") or key)
            # An unknown identity comes back as an entry with an empty entity, not as an error.
            if inner(item, "entity"):
                found[value] = _entity(str(key), item)
        return found


def _entity(key: str, item: Document) -> ProfileEntity:
    return ProfileEntity(
        str(item.get("entityId") or key),
        inner(item, "entity"),
        strings(item.get("sources")),
        str(item.get("lastModifiedAt") or ""),
    )


def _policy(item: Document) -> MergePolicy:
    return MergePolicy(
        id=str(item.get("id", "")),
        name=str(item.get("name", "")),
        default=bool(item.get("default")),
        attribute_merge=str(inner(item, "attributeMerge").get("type", "")),
        identity_graph=str(inner(item, "identityGraph").get("type", "")),
    )
