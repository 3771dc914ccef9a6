"""What the sandbox must hold, from the settings."""

from __future__ import annotations

import pytest

from runner.blueprints import additions, blueprints, fields_tree
from runner.errors import DataError, SettingsError
from runner.platform.schemas import EVENT_CLASS, PROFILE_CLASS
from runner.settings import Settings

SETTINGS = Settings.model_validate(
    {
        "numeric_fields": [{"path": "commerce.order.priceTotal", "name": "order_value"}],
        "profile_attributes": [{"path": "_{tenant}.attributes.country", "name": "country"}],
        "use_cases": [
            {
                "name": "newsletter",
                "title": "Who subscribes",
                "target_event": "e",
                "audience": {"name": "a", "min_score": 0.5},
            }
        ],
    }
)


def test_there_is_one_blueprint_per_dataset() -> None:
    events, profiles, scores, runs = blueprints(SETTINGS, "acme")
    assert [b.dataset for b in (events, profiles, scores, runs)] == [
        "propensity_events",
        "propensity_profiles",
        "propensity_newsletter_scores",
        "propensity_runs",
    ]
    assert (events.class_id, events.profile, events.identity) == (EVENT_CLASS, False, "_acme.userId")
    assert (profiles.class_id, profiles.profile, profiles.upsert) == (PROFILE_CLASS, True, False)
    assert (scores.profile, scores.upsert) == (True, True)
    assert (runs.class_id, runs.profile, runs.identity) == (EVENT_CLASS, False, None)


def test_a_standard_path_brings_adobes_field_group_and_no_field_of_ours() -> None:
    events = blueprints(SETTINGS, "acme")[0]
    assert events.standard_groups == ("https://ns.adobe.com/xdm/context/experienceevent-commerce",)
    assert set(events.custom) == {"_acme.userId"}


def test_further_columns_of_a_file_become_fields() -> None:
    events = blueprints(SETTINGS, "acme", {"_{tenant}.basket.size": "double", "web.webPageDetails.name": "string"})[0]
    assert events.tree["_acme"]["properties"]["basket"]["properties"]["size"] == {"type": "number"}
    assert "https://ns.adobe.com/xdm/context/experienceevent-web" in events.standard_groups


def test_a_path_nobody_knows_says_where_to_put_it() -> None:
    with pytest.raises(SettingsError, match=r"_\{tenant\}.basket.size"):
        blueprints(SETTINGS, "acme", {"basket.size": "double"})


def test_scores_hold_what_the_audience_rule_needs() -> None:
    scores = blueprints(SETTINGS, "acme")[2].tree["_acme"]["properties"]["propensity"]["properties"]["newsletter"]
    kinds = {name: (node["type"], node.get("format")) for name, node in scores["properties"].items()}
    assert kinds == {
        "score": ("number", None),
        "percentile": ("integer", None),
        "asOf": ("string", "date-time"),
        "runId": ("string", None),
        "modelVersion": ("string", None),
        "eligible": ("boolean", None),
        "reason": ("string", None),
    }


def test_only_what_lacks_is_added() -> None:
    there = fields_tree({"_acme.userId": "string", "_acme.basket.size": "double"})
    wanted = fields_tree({"_acme.userId": "string", "_acme.basket.total": "double", "_acme.shop.city": "string"})
    found = additions(there, wanted)
    assert set(found) == {
        "/properties/_acme/properties/basket/properties/total",
        "/properties/_acme/properties/shop",
    }
    assert additions(wanted, wanted) == {}


def test_a_field_with_another_type_is_refused() -> None:
    with pytest.raises(DataError, match=r"'_acme.n' is string .* but number is wanted"):
        additions(fields_tree({"_acme.n": "string"}), fields_tree({"_acme.n": "double"}))


def test_a_path_cannot_be_value_and_object() -> None:
    with pytest.raises(DataError):
        fields_tree({"_acme.a": "string", "_acme.a.b": "string"})
