"""Field groups made by SQL are those of the Schema Registry: what one side makes, the other sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local_platform.context import Context, Options
from local_platform.services.schema_registry.state import Registry
from local_platform.xdm import PROFILE_CLASS
from tests.unit.query_world import ORG, World, query_world

TENANT = "acme"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("field_groups")) as made:
        yield made


@pytest.fixture(scope="module")
def registry(world: World) -> Registry:
    options = Options(data_dir=world.data_dir, org_id=ORG, tenant_id=TENANT)
    parts: Any = Context.open(options)
    return Registry(parts)


def schema_with(registry: Registry, title: str, group: str) -> str:
    """The id of a new profile schema with one field group."""
    body = {"title": title, "type": "object", "allOf": [{"$ref": PROFILE_CLASS}, {"$ref": group}]}
    return str(registry.create("schemas", body, "somebody")["$id"])


def test_a_schema_of_the_registry_takes_a_field_group_made_by_sql(world: World, registry: Registry) -> None:
    created = world.rows(
        "CREATE FIELDGROUP churn (userId text PRIMARY IDENTITY NAMESPACE 'Email', decile map<text, integer>, "
        "score float, seen datetime) WITH (LABEL='PROFILE')"
    )
    assert ("churn", created[0][0]) in [row[:2] for row in world.rows("SHOW FIELDGROUPS")]
    group = f"https://ns.adobe.com/{TENANT}/mixins/{created[0][0]}"
    schema = schema_with(registry, "Churn profiles", group)

    custom = registry.arrow_schema(schema).field(f"_{TENANT}").type
    assert {field.name: str(field.type) for field in custom} == {
        "userId": "string",
        "decile": "map<string, int32>",
        "score": "double",
        "seen": "timestamp[ms, tz=UTC]",
    }
    identity = registry.primary_identity(schema)
    assert identity is not None
    assert (identity.path, identity.namespace) == (f"_{TENANT}.userId", "Email")
    stored = registry.get("schemas", schema)
    enabled = registry.replace("schemas", schema, {**stored, "meta:immutableTags": ["union"]}, "somebody")
    assert enabled["meta:immutableTags"] == ["union"]


def test_a_field_group_in_use_is_not_dropped(world: World, registry: Registry) -> None:
    id = world.rows("CREATE FIELDGROUP used (a text) WITH (LABEL='PROFILE')")[0][0]
    schema_with(registry, "Its user", f"https://ns.adobe.com/{TENANT}/mixins/{id}")
    code, message = world.refused(f"DROP FIELDGROUP {id}")
    assert code == "58000"
    assert "Its user" in message


def test_dropping_takes_the_identities_along(world: World, registry: Registry) -> None:
    before = len(registry.descriptors.all())
    id = world.rows("CREATE FIELDGROUP gone (a text PRIMARY IDENTITY NAMESPACE 'ECID') WITH (LABEL='PROFILE')")[0][0]
    assert len(registry.descriptors.all()) == before + 1
    world.rows(f"DROP FIELDGROUP {id}")
    assert len(registry.descriptors.all()) == before
    assert registry.find(f"https://ns.adobe.com/{TENANT}/mixins/{id}") is None


def test_a_field_group_refused_by_the_registry_leaves_nothing(world: World, registry: Registry) -> None:
    before = len(registry.descriptors.all())
    code, _ = world.refused(
        "CREATE FIELDGROUP bad (a text PRIMARY IDENTITY NAMESPACE 'ECID', _b text) WITH (LABEL='PROFILE')"
    )
    assert code == "58000"
    assert len(registry.descriptors.all()) == before
    assert "bad" not in [row[0] for row in world.rows("SHOW FIELDGROUPS")]
