"""The daily activity and the sets of a use case as one build of all days makes them, to compare with."""

from __future__ import annotations

from datetime import date
from typing import Any

from runner.featurize import Featurized
from tests.integration.feature_store import FeatureStore, dbt

MODELS = (
    "int_user_day_activity",
    "int_event_standing",
    "newsletter_spine",
    "newsletter_training_set",
    "newsletter_scoring_set",
    "newsletter_exclusions",
)


def check_equal_to_a_whole_build(store: FeatureStore, run: Featurized, prefix: str) -> None:
    """What production shows now equals, row for row, what a build under a new prefix makes of all events."""
    sets = ("+newsletter_training_set", "+newsletter_scoring_set", "+newsletter_exclusions", "int_event_standing")
    as_of, first_day = date.fromisoformat(run.as_of), date.fromisoformat(run.first_day)
    dbt(store, "run", "--select", *sets, "--target", "dev", prefix=prefix, as_of=as_of, first_day=first_day)
    for model in MODELS:
        expected = sorted_rows(store, f"{prefix}_{model}")
        assert expected, model
        assert sorted_rows(store, model) == expected, model


def sorted_rows(store: FeatureStore, relation: str) -> list[tuple[Any, ...]]:
    """All rows of a relation, in an order of their own."""
    return sorted((tuple(r.values()) for r in store.sql.rows(f"select * from {relation} limit 0")), key=repr)
