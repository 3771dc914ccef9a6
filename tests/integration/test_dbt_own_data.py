"""Somebody else's events: nothing listed in propensity.yml, numbers on events, no profile attributes, any spelling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from runner.contract import Contract
from runner.errors import DataError
from runner.featurize import Featurized
from runner.ingestion import ingest_parquet
from runner.settings import AudienceSettings, NumericField, Settings, UseCase
from runner.xdm_shape import nested, write_file
from tests.integration.feature_store import TENANT, FeatureStore, feature_store
from tests.integration.point_in_time import DAY, ms

AS_OF = date(2026, 11, 2)
CUT = ms("2026-11-02")
VISIT, ORDER, ODD = "visit", "order placed", "it's {odd} \\ 100%"


@dataclass(frozen=True)
class Order:
    user_id: str
    event_type: str
    at_ms: int
    price: float | None = None


SHOPPER = [
    Order("shopper", ORDER, CUT - 60 * DAY, 5.0),
    Order("shopper", ORDER, CUT - 20 * DAY, 30.0),
    Order("shopper", ORDER, CUT - 20 * DAY + 1000, 10.0),
    Order("shopper", VISIT, CUT - 2 * DAY, None),
    Order("shopper", ODD, CUT - 1, 0.0),
    Order("shopper", ORDER, CUT, 999.0),
]


def crowd() -> list[Order]:
    """Sixty users who visit in turn and buy now and then, from 90 days before as_of to 20 days after."""
    found = []
    for n in range(60):
        for k, day in enumerate(range(-90 + n % 7, 20, 5 + n % 6)):
            kind = ORDER if (k * 7 + n) % 5 == 0 else VISIT
            found.append(Order(f"u{n}", kind, CUT + day * DAY + n * 60_000, float(n) if kind == ORDER else None))
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    case = UseCase(
        name="repurchase",
        title="Who will order again",
        target_event=ORDER,
        repeatable=True,
        horizon_days=10,
        audience=AudienceSettings(name="Likely buyers", top_percent=10),
    )
    settings = Settings(
        numeric_fields=(NumericField(path="commerce.order.priceTotal", name="price"),), use_cases=(case,)
    )
    with feature_store(tmp_path_factory.mktemp("own"), settings) as running:
        add(running, SHOPPER + crowd())
        yield running


def add(store: FeatureStore, orders: list[Order]) -> None:
    table = nested(
        {
            "_id": pa.array([f"o{n}" for n in range(len(orders))]),
            "timestamp": pa.array([o.at_ms for o in orders], pa.timestamp("ms", tz="UTC")),
            "eventType": pa.array([o.event_type for o in orders]),
            f"{TENANT}.userId": pa.array([o.user_id for o in orders]),
            "commerce.order.priceTotal": pa.array([o.price for o in orders], pa.float64()),
        }
    )
    file = write_file(table, store.folder / "orders.parquet")
    ingest_parquet(store.platform, store.settings.datasets.events, [file], external_id="orders")


@pytest.fixture(scope="module")
def built(store: FeatureStore) -> Featurized:
    return store.featurize(AS_OF, "repurchase")


@pytest.fixture(scope="module")
def shopper(store: FeatureStore, built: Featurized) -> dict[str, Any]:
    return store.sql.rows("select * from repurchase_scoring_set where user_id = 'shopper'")[0]


def test_event_types_that_nobody_listed_become_features(built: Featurized, shopper: dict[str, Any]) -> None:
    assert set(built.unlisted_event_types) == {VISIT, ORDER, ODD}
    assert shopper["n_order_placed_28d"] == 2
    assert shopper["n_order_placed_90d"] == 3
    assert shopper["n_it_s_odd_100_1d"] == 1
    assert shopper["minutes_since_it_s_odd_100"] == pytest.approx(1 / 60_000)


def test_numbers_on_events_are_aggregated_and_never_is_null(shopper: dict[str, Any]) -> None:
    numbers = {n: v for n, v in shopper.items() if "_price_" in n}
    assert len(numbers) == 16
    assert numbers["sum_price_28d"] == pytest.approx(40.0)
    assert numbers["mean_price_28d"] == pytest.approx(40.0 / 3)
    assert numbers["max_price_90d"] == pytest.approx(30.0)
    assert numbers["last_price_28d"] == pytest.approx(0.0)
    assert numbers["sum_price_1d"] == pytest.approx(0.0)


def test_a_user_without_the_number_has_none(store: FeatureStore, built: Featurized) -> None:
    visited = "n_visit_7d > 0 and n_order_placed_7d = 0 and user_id <> 'shopper'"
    found = store.sql.rows(f"select sum_price_7d from repurchase_scoring_set where {visited}")
    assert found
    assert all(r["sum_price_7d"] is None for r in found)


def test_who_did_it_before_is_scored_where_the_target_is_repeatable(store: FeatureStore, built: Featurized) -> None:
    assert built.excluded_by_reason == {}
    assert built.scoring_rows == built.profiles == 61


def test_the_contract_has_the_new_features_and_the_project_is_untouched(store: FeatureStore, built: Featurized) -> None:
    contract = Contract.from_manifest(Path(built.manifest_file), "repurchase_training_set")
    assert {"n_visit_7d", "last_price_90d", "n_event_types"} <= {c.name for c in contract.features}
    assert contract.attributes == ()
    assert not (store.project / "models/use_cases/repurchase").exists()


def test_too_short_a_history_states_the_days_needed(store: FeatureStore, built: Featurized) -> None:
    with pytest.raises(DataError, match=r"needs 27 days .* the data has 2 "):
        store.featurize(date(2026, 8, 6), "repurchase")
