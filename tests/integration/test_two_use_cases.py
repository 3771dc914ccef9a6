"""Two questions about the same people, side by side in one sandbox: shared features, sets of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from runner.errors import DataError
from runner.featurize import Featurized
from tests.integration.feature_store import FeatureStore, dbt, feature_store, synthetic_events
from tests.integration.point_in_time import Event, by_user, features, label, ms

NEWSLETTER, PURCHASE = date(2026, 11, 2), date(2026, 10, 31)
BUYS, SUBSCRIBES = "commerce.purchases", "web.formFilledOut"
SPECIAL = [
    Event("bought-before", "regular", BUYS, ms("2026-10-20")),
    Event("buys-on-day-20", "late", BUYS, ms("2026-10-30") - 1),
    Event("seen", "late", "commerce.productViews", ms("2026-10-01")),
    Event("subscribed", "regular", SUBSCRIBES, ms("2026-10-20")),
]
SETS = ("spine", "training_set", "scoring_set", "exclusions")


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return synthetic_events(250) + SPECIAL


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, events: list[Event]) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("two")) as running:
        running.add_events(events, "events-1")
        running.add_profiles(["refuser"], [True], "profiles-1")
        yield running


@pytest.fixture(scope="module")
def both(store: FeatureStore) -> dict[str, Featurized]:
    """A run of each, the second for an earlier date than the first."""
    newsletter = store.featurize(NEWSLETTER)
    before, ids = content(store, "newsletter"), datasets(store, "newsletter")
    purchase = store.featurize(PURCHASE, "purchase")
    assert content(store, "newsletter") == before, "a run of purchase changed rows of newsletter"
    assert datasets(store, "newsletter") == ids
    return {"newsletter": newsletter, "purchase": purchase}


def content(store: FeatureStore, use_case: str) -> dict[str, list[dict[str, Any]]]:
    by_key = "order by user_id asc nulls last, as_of asc nulls last"
    return {name: store.sql.rows(f"select * from {use_case}_{name} {by_key}") for name in SETS}


def datasets(store: FeatureStore, use_case: str) -> dict[str, str]:
    shown = store.sql.rows("show tables")
    return {r["name"]: r["dataSetId"] for r in shown if r["name"].startswith(use_case) and r["name"].endswith("_runs")}


def test_each_has_its_own_question(store: FeatureStore, both: dict[str, Featurized], events: list[Event]) -> None:
    own = by_user(events)
    rows = store.sql.rows(f"select * from purchase_training_set_runs where run_id = '{both['purchase'].run_id}'")
    assert {r["label"] for r in rows} == {0, 1}
    for row in rows:
        assert row["label"] == label(own.get(row["user_id"], []), BUYS, row["as_of"].date(), 21)
    late = [r for r in rows if r["user_id"] == "late" and r["split"] == "test"]
    assert [r["label"] for r in late] == [1]  # bought on the 20th day: outside the newsletter's horizon, inside this
    assert max(r["as_of"].date() for r in rows) == date(2026, 10, 10)


@pytest.mark.parametrize("model", ["purchase_scoring_set_runs", "purchase_training_set_runs"])
def test_every_feature_of_the_second_question_equals_an_independent_computation_too(
    store: FeatureStore, both: dict[str, Featurized], events: list[Event], model: str
) -> None:
    own, types, rates = by_user(events), store.settings.event_types, store.settings.rates
    rows = store.sql.rows(f"select * from {model} where run_id = '{both['purchase'].run_id}'")
    assert len(rows) > 200
    for row in rows:
        expected = features(own.get(row["user_id"], []), types, row["as_of"].date(), rates=rates)
        wrong = {n: (row[n], v) for n, v in expected.items() if row[n] != v and row[n] != pytest.approx(v, rel=1e-12)}
        assert not wrong, (row["user_id"], row["as_of"], wrong)


def test_who_bought_may_buy_again_and_who_subscribed_may_not(store: FeatureStore, both: dict[str, Featurized]) -> None:
    assert both["purchase"].excluded_by_reason == {}
    assert set(both["newsletter"].excluded_by_reason) == {"converted", "opted_out"}
    rows = store.sql.rows("select user_id, run_id from purchase_scoring_set_runs where user_id = 'regular'")
    assert both["purchase"].run_id in {r["run_id"] for r in rows}
    assert store.sql.count("newsletter_scoring_set_runs", "user_id = 'regular'") == 0


def test_one_whose_history_is_too_short_does_not_hold_up_the_other(store: FeatureStore) -> None:
    with pytest.raises(DataError, match=r"purchase needs 49 days of events .* the data has 40") as caught:
        dbt(store, "build", "--selector", "featurize", "--target", "dev", prefix="kim", first_day=date(2026, 9, 30),
            as_of=date(2026, 11, 9))  # fmt: skip
    assert "--exclude tag:purchase" in str(caught.value)
    assert store.sql.count("kim_newsletter_training_set") > 100
    assert not [r for r in store.sql.rows("show tables") if r["name"].startswith("kim_purchase")]


def test_shared_features_moved_by_another_run_are_never_read_as_missing(
    store: FeatureStore, both: dict[str, Featurized]
) -> None:
    as_of = date(2026, 11, 5)
    dbt(store, "run", "--select", "+newsletter_spine", "--target", "prod", prefix="race", as_of=as_of)
    # Another run builds for another date between this one's features and its sets.
    dbt(store, "run", "--select", "int_as_ofs", "--target", "prod", prefix="race", as_of=date(2026, 11, 1))
    only_the_set = ("run", "--select", "newsletter_training_set", "--target", "prod")
    with pytest.raises(DataError, match=r"holds 0 rows .* of run newsletter-20261105; expected \d+ .* build again"):
        dbt(store, *only_the_set, prefix="race", as_of=as_of)
    before, ids = content(store, "purchase"), datasets(store, "purchase")
    again = store.featurize(as_of)
    assert again.training_rows > 100
    assert content(store, "purchase") == before, "a run of newsletter changed rows of purchase"
    assert datasets(store, "purchase") == ids
