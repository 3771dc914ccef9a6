"""Setup creates what is missing, says it first, and doubles nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from runner.errors import DataError, SettingsError
from runner.local import local_platform
from runner.platform import Dataset, Platform
from runner.platform.schemas import EVENT_CLASS
from runner.settings import Settings
from runner.setup import Action, apply, plan

_numbers = itertools.count()


@dataclass(frozen=True)
class World:
    """One platform for all tests, with names of its own for each."""

    platform: Platform
    number: int

    @property
    def events(self) -> str:
        return f"events_{self.number}"

    def settings(self, **changes: Any) -> Settings:
        case = {"name": f"case{self.number}", "title": "Who subscribes", "target_event": "e"}
        case |= {"audience": {"name": "a", "min_score": 0.5}}
        names = {kind: f"{kind}_{self.number}" for kind in ("events", "profiles", "runs")}
        datasets = names | changes.pop("datasets", {})
        return Settings.model_validate({"use_cases": [case], "datasets": datasets} | changes)

    def plan(self, **changes: Any) -> list[Action]:
        return plan(self.settings(**changes), self.platform)

    def datasets(self) -> dict[str, Dataset]:
        mine = (f"_{self.number}", f"case{self.number}_scores")
        return {d.name: d for d in self.platform.catalog.datasets() if d.name.endswith(mine)}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with local_platform(tmp_path_factory.mktemp("platform"), delays="none") as local:
        yield Platform(local.connection())


@pytest.fixture
def world(platform: Platform) -> World:
    return World(platform, next(_numbers))


def lines(actions: list[Action]) -> list[str]:
    return [str(action) for action in actions]


def test_setup_says_what_it_will_do_does_it_and_has_nothing_left(world: World) -> None:
    actions, n = world.plan(), world.number
    assert f"create dataset 'propensity_case{n}_scores', enabled for Profile with upsert" in lines(actions)
    assert f"mark _acme.userId as primary identity (ECID) of schema 'events_{n}'" in lines(actions)
    assert world.datasets() == {}
    told: list[str] = []
    apply(actions, told.append)
    assert told == lines(actions)
    made = world.datasets()
    assert {name: (d.profile_enabled, d.upsert) for name, d in made.items()} == {
        f"events_{n}": (False, False),
        f"profiles_{n}": (True, False),
        f"propensity_case{n}_scores": (True, True),
        f"runs_{n}": (False, False),
    }
    assert all(d.table_name == name for name, d in made.items())
    assert world.plan() == []


def test_a_plan_that_was_made_twice_and_done_twice_doubles_nothing(world: World) -> None:
    first, second = world.plan(), world.plan()
    apply(first)
    before = world.datasets()
    apply(second)
    assert world.datasets() == before
    assert world.plan() == []


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_an_interrupted_setup_is_finished_by_the_next(world: World, share: float) -> None:
    actions = world.plan()
    apply(actions[: int(len(actions) * share)])
    rest = world.plan()
    assert len(rest) == len(actions) - int(len(actions) * share)
    apply(rest)
    assert world.plan() == []


def test_a_new_field_is_added_to_what_is_there(world: World) -> None:
    apply(world.plan())
    wider = {"numeric_fields": [{"path": "_{tenant}.basket.size", "name": "basket_size"}]}
    assert lines(world.plan(**wider)) == [f"add to field group '{world.events} fields': _acme.basket"]
    apply(world.plan(**wider))
    events = world.platform.schemas.resolved(world.datasets()[world.events].schema_id)
    assert set(events["properties"]["_acme"]["properties"]) == {"userId", "basket"}
    assert world.plan(**wider) == []


def test_a_standard_path_brings_adobes_field_group(world: World) -> None:
    wider = {"numeric_fields": [{"path": "commerce.order.priceTotal", "name": "order_value"}]}
    apply(world.plan())
    assert lines(world.plan(**wider)) == [f"add field groups to schema '{world.events}': experienceevent-commerce"]
    apply(world.plan(**wider))
    events = world.platform.schemas.resolved(world.datasets()[world.events].schema_id)
    assert events["properties"]["commerce"]["properties"]["order"]["properties"]["priceTotal"]["type"] == "number"
    assert world.plan(**wider) == []


def test_a_custom_namespace_is_made_once(world: World) -> None:
    own = {"identity": {"path": "_{tenant}.userId", "namespace": "PROPENSITYID"}}
    assert lines(world.plan(**own))[0] == "create identity namespace PROPENSITYID (cross-device)"
    apply(world.plan(**own))
    found = world.platform.identities.find("propensityid")
    assert found is not None
    assert found.id_type == "CROSS_DEVICE"
    assert world.plan(**own) == []


def test_another_tenant_in_the_settings_is_refused(world: World) -> None:
    with pytest.raises(SettingsError, match="tenant id is 'acme'"):
        world.plan(tenant="other")


def test_a_changed_identity_is_refused_because_it_cannot_be_changed(world: World) -> None:
    apply(world.plan())
    with pytest.raises(DataError, match="primary identity on /_acme/userId"):
        world.plan(identity={"path": "_{tenant}.userId", "namespace": "OTHERID"})


def test_a_dataset_of_the_customers_own_is_left_as_it_is(world: World) -> None:
    schemas = world.platform.schemas
    group = schemas.ensure_field_group(
        "Web shop", EVENT_CLASS, {"_acme": {"type": "object", "properties": {"userId": {"type": "string"}}}}
    )
    schema = schemas.ensure_schema("Web shop events", EVENT_CLASS, [group.id])
    world.platform.catalog.ensure_dataset("shop", schema.id)
    own = {"datasets": {"events": "shop"}}
    assert not [line for line in lines(world.plan(**own)) if "shop" in line]
    with pytest.raises(DataError, match=r"'Web shop events', which lacks: _acme.basket"):
        world.plan(**own, numeric_fields=[{"path": "_{tenant}.basket.size", "name": "n"}])
