"""What the sandbox must hold: one blueprint per dataset, made from the settings.

Custom fields live under `_{tenant}` in a field group of our own; standard XDM paths come with Adobe's own field
groups, which are added to the schema. Fields are named by dotted XDM path and have one of the types of `FieldKind`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runner.errors import DataError, SettingsError
from runner.platform.schemas import EVENT_CLASS, PROFILE_CLASS
from runner.settings import Settings

FieldKind = Literal["string", "boolean", "integer", "long", "double", "date", "date-time", "score", "percentile"]
Tree = dict[str, Any]

_KINDS: Mapping[FieldKind, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "long": {"type": "integer", "minimum": -(2**53) + 1, "maximum": 2**53 - 1},
    "double": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
    "score": {"type": "number", "minimum": 0, "maximum": 1},
    "percentile": {"type": "integer", "minimum": 1, "maximum": 100},
}
_ATTRIBUTES: Mapping[str, FieldKind] = {"number": "double", "category": "string", "boolean": "boolean", "date": "date"}

_IN_EVENT_CLASS = frozenset({"_id", "timestamp", "eventType", "eventMergeId", "producedBy", "identityMap"})
_CONTEXT = "https://ns.adobe.com/xdm/context/"
_MIXINS = "https://ns.adobe.com/xdm/mixins/"

EVENT_FIELD_GROUPS: Mapping[str, str] = {
    "advertising": _CONTEXT + "experienceevent-advertising",
    "application": _CONTEXT + "experienceevent-application",
    "channel": _CONTEXT + "experienceevent-channel",
    "commerce": _CONTEXT + "experienceevent-commerce",
    "productListItems": _CONTEXT + "experienceevent-commerce",
    "directMarketing": _CONTEXT + "experienceevent-directmarketing",
    "endUserIDs": _CONTEXT + "experienceevent-enduserids",
    "device": _CONTEXT + "experienceevent-environment-details",
    "environment": _CONTEXT + "experienceevent-environment-details",
    "placeContext": _CONTEXT + "experienceevent-environment-details",
    "implementationDetails": _CONTEXT + "experienceevent-implementation-details",
    "loyalty": _CONTEXT + "experienceevent-loyalty-details",
    "marketing": _CONTEXT + "experienceevent-marketing",
    "search": _CONTEXT + "experienceevent-search",
    "web": _CONTEXT + "experienceevent-web",
    "siteSearch": _MIXINS + "experienceevent-site-search",
    "surveyResponse": _MIXINS + "experienceevent-survey-response-details",
    "personID": _MIXINS + "person-identifier",
}
"""First part of a standard path on events → `$id` of the Adobe field group that has it (github.com/adobe/xdm)."""

PROFILE_FIELD_GROUPS: Mapping[str, str] = {
    "person": _CONTEXT + "profile-person-details",
    "personalEmail": _CONTEXT + "profile-personal-details",
    "homeAddress": _CONTEXT + "profile-personal-details",
    "mailingAddress": _CONTEXT + "profile-personal-details",
    "billingAddress": _CONTEXT + "profile-personal-details",
    "homePhone": _CONTEXT + "profile-personal-details",
    "mobilePhone": _CONTEXT + "profile-personal-details",
    "preferredLanguage": _CONTEXT + "profile-preferences-details",
    "timeZone": _CONTEXT + "profile-preferences-details",
    "subscriptions": _CONTEXT + "profile-subscriptions",
    "workAddress": _CONTEXT + "profile-work-details",
    "workEmail": _CONTEXT + "profile-work-details",
    "consents": _MIXINS + "profile-consents",
    "loyalty": _MIXINS + "profile/profile-loyalty-details",
    "userAccount": _MIXINS + "profile/profile-user-account-details",
    "personID": _MIXINS + "person-identifier",
}
"""The same for the profile class."""


@dataclass(frozen=True)
class Blueprint:
    """A dataset as it must be. Paths are dotted, with the tenant filled in."""

    dataset: str
    description: str
    class_id: str
    custom: Mapping[str, FieldKind]
    standard_groups: tuple[str, ...]
    identity: str | None = None
    profile: bool = False
    upsert: bool = False

    @property
    def schema_title(self) -> str:
        """Schema titles are unique in a sandbox; the dataset's name keeps two installations apart."""
        return self.dataset

    @property
    def group_title(self) -> str:
        return f"{self.dataset} fields"

    @property
    def tree(self) -> Tree:
        """The custom fields as the `properties` of a JSON Schema."""
        return fields_tree(self.custom)


def scores_dataset(use_case: str) -> str:
    """Name of the dataset that holds a use case's scores."""
    return f"propensity_{use_case}_scores"


def blueprints(
    settings: Settings,
    tenant: str,
    event_fields: Mapping[str, FieldKind] | None = None,
    profile_fields: Mapping[str, FieldKind] | None = None,
) -> tuple[Blueprint, ...]:
    """All datasets the pipeline needs.

    Args:
        tenant: tenant id without underscore.
        event_fields: further fields of events by XDM path, e.g. the columns of a file to load.
        profile_fields: further fields of profiles by XDM path.

    Raises:
        SettingsError: a standard path no known field group has.
    """
    key = resolve(settings.identity.path, tenant)
    events: dict[str, FieldKind] = {key: "string"}
    events |= {resolve(f.path, tenant): "double" for f in settings.numeric_fields}
    events |= {resolve(f.path, tenant): "string" for f in settings.channel_fields}
    events |= {resolve(path, tenant): kind for path, kind in (event_fields or {}).items()}
    profiles: dict[str, FieldKind] = {key: "string"}
    profiles |= {resolve(a.path, tenant): _ATTRIBUTES[a.kind] for a in settings.profile_attributes}
    profiles |= {resolve(path, tenant): kind for path, kind in (profile_fields or {}).items()}
    names = settings.datasets
    return (
        _blueprint(names.events, "Customer events the scores are made from", EVENT_CLASS, events, tenant, key),
        _blueprint(
            names.profiles, "Attributes of the same customers", PROFILE_CLASS, profiles, tenant, key, profile=True
        ),
        *(_scores(case.name, case.title, tenant, key) for case in settings.use_cases),
        _blueprint(names.runs, "One record per step of a propensity run", EVENT_CLASS, _run_fields(tenant), tenant),
    )


def resolve(path: str, tenant: str) -> str:
    """`_{tenant}.userId` → `_acme.userId`."""
    return path.replace("{tenant}", tenant)


def fields_tree(fields: Mapping[str, FieldKind]) -> Tree:
    """Dotted paths as nested JSON Schema properties; DataError when one path is both a value and an object."""
    root: Tree = {}
    for path, kind in sorted(fields.items()):
        here = root
        *parents, leaf = path.split(".")
        for part in parents:
            node = here.setdefault(part, {"type": "object", "properties": {}})
            if "properties" not in node:
                raise DataError(f"'{path}' lies below a field that is a plain value.", "Rename one of the two columns.")
            here = node["properties"]
        if leaf in here:
            raise DataError(f"'{path}' is both a value and an object.", "Rename one of the two columns.")
        here[leaf] = dict(_KINDS[kind])
    return root


def additions(existing: Mapping[str, Any], wanted: Tree, pointer: str = "/properties") -> dict[str, Tree]:
    """What must be added to `existing` properties to hold `wanted`: JSON pointer → JSON Schema.

    Raises:
        DataError: a field is there with another type; types never change in the platform.
    """
    found: dict[str, Tree] = {}
    for name, node in wanted.items():
        here = f"{pointer}/{name}"
        present = existing.get(name)
        if present is None:
            found[here] = node
        elif "properties" in node:
            found |= additions(present.get("properties") or {}, node["properties"], f"{here}/properties")
        elif present.get("type") != node["type"] or present.get("format") != node.get("format"):
            path = here.replace("/properties/", ".").lstrip(".")
            raise DataError(
                f"Field '{path}' is {_type_name(present)} in the Schema Registry, but {_type_name(node)} is wanted.",
                "A field's type never changes there: give the field another name, or write that type.",
            )
    return found


def _type_name(node: Mapping[str, Any]) -> str:
    return " ".join(str(node[k]) for k in ("type", "format") if node.get(k)) or "something else"


def _scores(use_case: str, title: str, tenant: str, key: str) -> Blueprint:
    fields: dict[str, FieldKind] = {key: "string"}
    kinds: Mapping[str, FieldKind] = {
        "score": "score",
        "percentile": "percentile",
        "asOf": "date-time",
        "runId": "string",
        "modelVersion": "string",
        "eligible": "boolean",
        "reason": "string",
    }
    fields |= {f"_{tenant}.propensity.{use_case}.{name}": kind for name, kind in kinds.items()}
    return _blueprint(
        scores_dataset(use_case), f"Scores: {title}", PROFILE_CLASS, fields, tenant, key, profile=True, upsert=True
    )


def _run_fields(tenant: str) -> dict[str, FieldKind]:
    base = f"_{tenant}.propensityRun"
    kinds: Mapping[str, FieldKind] = {
        "runId": "string",
        "useCase": "string",
        "asOf": "date-time",
        "state": "string",
        "body": "string",
    }
    return {f"{base}.{name}": kind for name, kind in kinds.items()}


def _blueprint(
    dataset: str,
    description: str,
    class_id: str,
    fields: Mapping[str, FieldKind],
    tenant: str,
    identity: str | None = None,
    *,
    profile: bool = False,
    upsert: bool = False,
) -> Blueprint:
    own = {path: kind for path, kind in fields.items() if path.split(".")[0] == f"_{tenant}"}
    standard = tuple(dict.fromkeys(_standard_groups((p for p in fields if p not in own), class_id)))
    return Blueprint(dataset, description, class_id, own, standard, identity, profile, upsert)


def _standard_groups(paths: Iterable[str], class_id: str) -> Iterator[str]:
    table = EVENT_FIELD_GROUPS if class_id == EVENT_CLASS else PROFILE_FIELD_GROUPS
    for path in paths:
        first = path.split(".")[0]
        if class_id == EVENT_CLASS and first in _IN_EVENT_CLASS:
            continue
        if first not in table:
            raise SettingsError(
                f"'{path}' begins with '{first}', which is in no standard field group that is known here.",
                f"Put the field under your own namespace (_{{tenant}}.{path}), or add the Adobe field group that has "
                f"it to the schema in AEP yourself. Known beginnings: {', '.join(sorted(table))}.",
            )
        yield table[first]
