"""Create what is missing in a sandbox; change nothing that is there, except by adding.

`plan` looks and says what would be done, `apply` does it. Everything is looked up by title or name before it is
created, so running it again, or after a crash, does only what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.blueprints import Blueprint, FieldKind, additions, blueprints
from runner.errors import DataError, SettingsError
from runner.platform import Dataset, FieldGroup, Platform, Schema
from runner.settings import Settings


@dataclass(frozen=True)
class Action:
    """One thing that setup would do; `str()` is the line a person reads."""

    line: str
    do: Callable[[], object]

    def __str__(self) -> str:
        return self.line


def plan(
    settings: Settings,
    platform: Platform,
    *,
    event_fields: Mapping[str, FieldKind] | None = None,
    profile_fields: Mapping[str, FieldKind] | None = None,
) -> list[Action]:
    """What is missing, in the order in which it must be made; empty when everything is there.

    Args:
        event_fields, profile_fields: fields beyond those of the settings, by XDM path.

    Raises:
        SettingsError: the tenant in propensity.yml is not this organisation's.
        DataError: something is there already, but different, in a way that adding cannot mend.
    """
    tenant = checked_tenant(settings, platform)
    wanted = blueprints(settings, tenant, event_fields, profile_fields)
    found = list(_namespace(settings, platform))
    for blueprint in wanted:
        found += missing(platform, blueprint, settings.identity.namespace)
    return found


def missing(platform: Platform, blueprint: Blueprint, namespace: str) -> list[Action]:
    """What one dataset lacks, with its schema, field group and identity; empty when it is as wanted."""
    return list(_Missing(platform, blueprint, namespace).actions())


def apply(actions: Sequence[Action], progress: Callable[[str], None] | None = None) -> None:
    """Do the actions in order, telling each before it is done."""
    for action in actions:
        if progress is not None:
            progress(action.line)
        action.do()


def checked_tenant(settings: Settings, platform: Platform) -> str:
    """The organisation's tenant id, without underscore; SettingsError when propensity.yml names another."""
    tenant = platform.schemas.tenant().lstrip("_")
    if settings.tenant is not None and settings.tenant.lstrip("_") != tenant:
        raise SettingsError(
            f"propensity.yml says tenant '{settings.tenant}', but this organisation's tenant id is '{tenant}'.",
            "Remove 'tenant' from propensity.yml (it is asked from the Schema Registry), or check AEP_ORG_ID.",
        )
    return tenant


def _namespace(settings: Settings, platform: Platform) -> Iterator[Action]:
    code = settings.identity.namespace
    if platform.identities.find(code) is None:
        yield Action(
            f"create identity namespace {code} (cross-device)",
            lambda: platform.identities.ensure(code, f"Propensity person key ({code})"),
        )


class _Missing:
    """What one blueprint lacks. Actions look things up again when they run: ids exist only then."""

    def __init__(self, platform: Platform, blueprint: Blueprint, namespace: str) -> None:
        self.platform = platform
        self.blueprint = blueprint
        self.namespace = namespace

    def actions(self) -> Iterator[Action]:
        blueprint, schemas = self.blueprint, self.platform.schemas
        dataset = self.platform.catalog.find_dataset(blueprint.dataset)
        schema = schemas.schema(dataset.schema_id) if dataset else schemas.find_schema(blueprint.schema_title)
        if dataset is not None and schema is not None and schema.title != blueprint.schema_title:
            self._accept_foreign(schema)
            return
        group = schemas.find_field_group(blueprint.group_title) if blueprint.custom else None
        yield from self._group_actions(group)
        yield from self._schema_actions(schema, group)
        yield from self._dataset_actions(dataset)

    def _accept_foreign(self, schema: Schema) -> None:
        """A dataset of the customer's own: its schema is theirs, so fields must be there already."""
        resolved = self.platform.schemas.resolved(schema.id)
        lacking = additions(resolved.get("properties") or {}, self.blueprint.tree)
        if lacking:
            fields = ", ".join(sorted(p.replace("/properties/", ".").lstrip(".") for p in lacking))
            raise DataError(
                f"Dataset '{self.blueprint.dataset}' has its own schema '{schema.title}', which lacks: {fields}.",
                "Add the fields to that schema in AEP, or correct the paths in propensity.yml.",
            )

    def _group_actions(self, group: FieldGroup | None) -> Iterator[Action]:
        blueprint, schemas = self.blueprint, self.platform.schemas
        if not blueprint.custom:
            return
        if group is None:
            yield Action(
                f"create field group '{blueprint.group_title}' ({_names(blueprint.custom)})",
                lambda: schemas.ensure_field_group(
                    blueprint.group_title, blueprint.class_id, blueprint.tree, description=blueprint.description
                ),
            )
            return
        lacking = additions(_properties(group), blueprint.tree)
        if lacking:
            added = ", ".join(sorted(p.replace("/properties/", ".").lstrip(".") for p in lacking))
            yield Action(
                f"add to field group '{blueprint.group_title}': {added}",
                lambda: schemas.extend_field_group(group.id, lacking),
            )

    def _schema_actions(self, schema: Schema | None, group: FieldGroup | None) -> Iterator[Action]:
        blueprint, schemas = self.blueprint, self.platform.schemas
        if schema is None:
            kind = "profile" if blueprint.profile else "event"
            yield Action(f"create {kind} schema '{blueprint.schema_title}'", self._create_schema)
        else:
            wanted = [*([group.id] if group else []), *blueprint.standard_groups]
            lacking = [ref for ref in wanted if ref not in schema.refs]
            if lacking or (group is None and blueprint.custom):
                names = ", ".join(ref.rsplit("/", 1)[-1] for ref in lacking) or f"'{blueprint.group_title}'"
                yield Action(f"add field groups to schema '{schema.title}': {names}", self._add_groups)
        if blueprint.identity is not None:
            yield from self._identity_actions(schema, blueprint.identity)
        if blueprint.profile and (schema is None or not schema.in_union):
            yield Action(
                f"enable schema '{blueprint.schema_title}' for Profile (this cannot be undone)",
                lambda: schemas.join_union(self._schema().id),
            )

    def _identity_actions(self, schema: Schema | None, identity: str) -> Iterator[Action]:
        schemas, path = self.platform.schemas, "/" + identity.replace(".", "/")
        primary = next((d for d in schemas.identities(schema.id) if d.primary), None) if schema else None
        if primary is None:
            yield Action(
                f"mark {identity} as primary identity ({self.namespace}) of schema '{self.blueprint.schema_title}'",
                lambda: schemas.ensure_primary_identity(self._schema().id, path, self.namespace),
            )
        elif primary.path != path or primary.namespace.lower() != self.namespace.lower():
            raise DataError(
                f"Schema '{self.blueprint.schema_title}' has its primary identity on {primary.path} in namespace "
                f"{primary.namespace}; propensity.yml wants {path} in {self.namespace}.",
                "Set 'identity' in propensity.yml to what is there, or choose other dataset names.",
            )

    def _dataset_actions(self, dataset: Dataset | None) -> Iterator[Action]:
        blueprint, catalog = self.blueprint, self.platform.catalog
        flags = " for Profile" + (" with upsert" if blueprint.upsert else "") if blueprint.profile else ""
        if dataset is None:
            yield Action(f"create dataset '{blueprint.dataset}'{', enabled' + flags if flags else ''}", self._create)
        elif blueprint.profile and not (dataset.profile_enabled and (dataset.upsert or not blueprint.upsert)):
            yield Action(
                f"enable dataset '{blueprint.dataset}'{flags} (what it holds already is not sent to Profile)",
                lambda: catalog.enable_profile(dataset.id, upsert=blueprint.upsert),
            )

    def _schema(self) -> Schema:
        schema = self.platform.schemas.find_schema(self.blueprint.schema_title)
        if schema is None:
            raise DataError(f"Schema '{self.blueprint.schema_title}' is gone.", "Run 'propensity setup' again.")
        return schema

    def _group_ids(self) -> list[str]:
        ids = list(self.blueprint.standard_groups)
        if self.blueprint.custom:
            group = self.platform.schemas.find_field_group(self.blueprint.group_title)
            if group is None:
                raise DataError(f"Field group '{self.blueprint.group_title}' is gone.", "Run 'propensity setup' again.")
            ids.insert(0, group.id)
        return ids

    def _create_schema(self) -> Schema:
        blueprint = self.blueprint
        return self.platform.schemas.ensure_schema(
            blueprint.schema_title, blueprint.class_id, self._group_ids(), description=blueprint.description
        )

    def _add_groups(self) -> Schema:
        return self.platform.schemas.add_field_groups(self._schema().id, self._group_ids())

    def _create(self) -> Dataset:
        blueprint = self.blueprint
        return self.platform.catalog.ensure_dataset(
            blueprint.dataset,
            self._schema().id,
            description=blueprint.description,
            profile=blueprint.profile,
            upsert=blueprint.upsert,
        )


def _properties(group: FieldGroup) -> Mapping[str, object]:
    custom = group.definitions.get("customFields") or {}
    properties = custom.get("properties") if isinstance(custom, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


def _names(fields: Mapping[str, FieldKind]) -> str:
    names = sorted(fields)
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
