"""Setup creates what is missing, says it first, and doubles nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.errors import DataError, SettingsError
from runner.local import local_platform
from runner.platform import Platform
from runner.platform.schemas import EVENT_CLASS
from runner.settings import Settings
from runner.setup import apply, plan

CASE = {
    "name": "newsletter",
    "title": "Who subscribes",
    "target_event": "e",
    "audience": {"name": "a", "min_score": 0.5},
}


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({"use_cases": [CASE]} | changes)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with local_platform(tmp_path / "platform", delays="none") as local:
        yield Platform(local.connection())


def datasets(platform: Platform) -> dict[str, Any]:
    return {d.name: d for d in platform.catalog.datasets() if d.name.startswith("propensity_")}


def test_setup_says_what_it_will_do_does_it_and_has_nothing_left(platform: Platform) -> None:
    actions = plan(settings(), platform)
    lines = [str(a) for a in actions]
    assert "create dataset 'propensity_newsletter_scores', enabled for Profile with upsert" in lines
    assert "mark _acme.userId as primary identity (ECID) of schema 'propensity_events'" in lines
    assert datasets(platform) == {}
    told: list[str] = []
    apply(actions, told.append)
    assert told == lines
    made = datasets(platform)
    assert {name: (d.profile_enabled, d.upsert) for name, d in made.items()} == {
        "propensity_events": (False, False),
        "propensity_profiles": (True, False),
        "propensity_newsletter_scores": (True, True),
        "propensity_runs": (False, False),
    }
    assert all(d.table_name == name for name, d in made.items())
    assert plan(settings(), platform) == []


def test_a_plan_that_was_made_twice_and_done_twice_doubles_nothing(platform: Platform) -> None:
    first, second = plan(settings(), platform), plan(settings(), platform)
    apply(first)
    before = datasets(platform)
    apply(second)
    assert datasets(platform) == before
    assert plan(settings(), platform) == []


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_an_interrupted_setup_is_finished_by_the_next(platform: Platform, share: float) -> None:
    actions = plan(settings(), platform)
    apply(actions[: int(len(actions) * share)])
    rest = plan(settings(), platform)
    assert len(rest) == len(actions) - int(len(actions) * share)
    apply(rest)
    assert plan(settings(), platform) == []


def test_a_new_field_is_added_to_what_is_there(platform: Platform) -> None:
    apply(plan(settings(), platform))
    wider = settings(numeric_fields=[{"path": "_{tenant}.basket.size", "name": "basket_size"}])
    assert [str(a) for a in plan(wider, platform)] == ["add to field group 'propensity_events fields': _acme.basket"]
    apply(plan(wider, platform))
    events = platform.schemas.resolved(datasets(platform)["propensity_events"].schema_id)
    tenant = events["properties"]["_acme"]["properties"]
    assert set(tenant) == {"userId", "basket"}
    assert plan(wider, platform) == []


def test_a_standard_path_brings_adobes_field_group(platform: Platform) -> None:
    wider = settings(numeric_fields=[{"path": "commerce.order.priceTotal", "name": "order_value"}])
    apply(plan(settings(), platform))
    assert [str(a) for a in plan(wider, platform)] == [
        "add field groups to schema 'propensity_events': experienceevent-commerce"
    ]
    apply(plan(wider, platform))
    events = platform.schemas.resolved(datasets(platform)["propensity_events"].schema_id)
    assert events["properties"]["commerce"]["properties"]["order"]["properties"]["priceTotal"]["type"] == "number"
    assert plan(wider, platform) == []


def test_a_custom_namespace_is_made_once(platform: Platform) -> None:
    own = settings(identity={"path": "_{tenant}.userId", "namespace": "PROPENSITYID"})
    assert str(plan(own, platform)[0]) == "create identity namespace PROPENSITYID (cross-device)"
    apply(plan(own, platform))
    found = platform.identities.find("propensityid")
    assert found is not None
    assert found.id_type == "CROSS_DEVICE"
    assert plan(own, platform) == []


def test_another_tenant_in_the_settings_is_refused(platform: Platform) -> None:
    with pytest.raises(SettingsError, match="tenant id is 'acme'"):
        plan(settings(tenant="other"), platform)


def test_a_changed_identity_is_refused_because_it_cannot_be_changed(platform: Platform) -> None:
    apply(plan(settings(), platform))
    with pytest.raises(DataError, match="primary identity on /_acme/userId"):
        plan(settings(identity={"path": "_{tenant}.userId", "namespace": "PROPENSITYID"}), platform)


def test_a_dataset_of_the_customers_own_is_left_as_it_is(platform: Platform) -> None:
    schemas = platform.schemas
    group = schemas.ensure_field_group(
        "Web shop", EVENT_CLASS, {"_acme": {"type": "object", "properties": {"userId": {"type": "string"}}}}
    )
    schema = schemas.ensure_schema("Web shop events", EVENT_CLASS, [group.id])
    platform.catalog.ensure_dataset("shop", schema.id)
    own = settings(datasets={"events": "shop"})
    assert not [a for a in plan(own, platform) if "shop" in str(a)]
    lacking = settings(datasets={"events": "shop"}, numeric_fields=[{"path": "_{tenant}.basket.size", "name": "n"}])
    with pytest.raises(DataError, match=r"'Web shop events', which lacks: _acme.basket"):
        plan(lacking, platform)
