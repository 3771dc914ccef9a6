"""Audiences made by SQL: created once, overwritten after, made anew when the platform has deleted them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from runner.errors import DataError
from runner.publishing import RunFacts, publish
from tests.integration.dbt_here import dbt_here as dbt
from tests.integration.feature_store import FeatureStore, feature_store
from tests.integration.sandbox import write_scores

DAY_1 = datetime(2026, 11, 2, tzinfo=UTC)
FIRST = {f"u{i:03d}": i / 1000 for i in range(200)}
SECOND = {f"u{i:03d}": (i + 300) / 1000 for i in range(100, 300)}
THIRTY_ONE_DAYS = timedelta(days=31).total_seconds()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("audiences")) as running:
        yield running


def publish_scores(store: FeatureStore, scores: dict[str, float], as_of: datetime) -> None:
    file = write_scores(store.folder / "scores.parquet", scores, as_of)
    run = RunFacts(f"newsletter-{as_of:%Y%m%d}", as_of, "3")
    publish(store.settings, store.settings.use_case("newsletter"), store.platform, store.sql, run, file)


def members(store: FeatureStore, name: str = "newsletter_audience") -> list[str]:
    return [r["user_id"] for r in store.sql.rows(f"select user_id from {name} order by user_id asc nulls last")]


def dataset_id(store: FeatureStore) -> str | None:
    shown = {r["name"]: r["dataSetId"] for r in store.sql.rows("show tables")}
    return shown.get("newsletter_audience")


def build(store: FeatureStore, *more: str, target: str = "prod") -> None:
    dbt(store, "build", "--select", "newsletter_audience", "--target", target, *more, prefix="ann")


def test_an_audience_lives_through_its_refreshes_and_its_deletion(store: FeatureStore) -> None:
    with pytest.raises(DataError, match=r"Nobody qualifies for the audience newsletter_audience.*Publish scores first"):
        build(store)
    publish_scores(store, FIRST, DAY_1)
    build(store)
    best = [f"u{i:03d}" for i in range(180, 200)]
    assert members(store) == best
    first_id = dataset_id(store)
    identities = [tuple(row.values()) for row in store.sql.rows("show identities")]
    assert ("newsletter_audience", "user_id", "text", '"ECID"', "true") in identities

    publish_scores(store, SECOND, DAY_1 + timedelta(days=1))
    build(store)
    assert members(store) == [f"u{i:03d}" for i in range(280, 300)], "only who was scored last qualifies"
    assert dataset_id(store) == first_id, "an overwrite keeps the audience that destinations know"

    build(store, target="dev")
    assert members(store, "ann_newsletter_audience") == members(store)
    assert dataset_id(store) == first_id, "an engineer's build is another audience"

    model = store.project / "models/audiences/newsletter_audience.sql"
    contract = model.with_suffix(".yml")
    texts = {path: path.read_text() for path in (model, contract)}
    model.write_text("select user_id, score, percentile, as_of, model_version from (" + texts[model] + ") as all_of_it")
    contract.write_text("".join(line for line in texts[contract].splitlines(True) if "name: run_id" not in line))
    with pytest.raises(DataError, match=r"has the columns \(user_id string, .*cannot be changed once it is made"):
        build(store)
    contract.write_text(texts[contract].replace('"ECID"', '"CORE"'))
    model.write_text(texts[model])
    with pytest.raises(DataError, match=r"primary identity user_id \(ECID\), the model wants user_id \(CORE\)"):
        build(store)
    contract.write_text(texts[contract])

    store.local.advance(THIRTY_ONE_DAYS)
    assert dataset_id(store) is None, "the platform deletes an audience that is not refreshed"
    build(store)
    assert len(members(store)) == 20
    assert dataset_id(store) not in (None, first_id)


def test_an_identity_named_twice_stops_the_build(store: FeatureStore) -> None:
    publish_scores(store, SECOND, DAY_1 + timedelta(days=1))
    model = store.project / "models/audiences/purchase_audience.sql"
    model.write_text(
        "select 'a' as user_id, cast(0.5 as double) as score, cast(7 as int) as percentile,"
        " current_date() as as_of, 'x' as run_id, '1' as model_version"
        "\nfrom (select explode(sequence(1, 2)) as twice) as doubled"
    )
    with pytest.raises(DataError, match=r"2 rows for 1 different values of its primary identity user_id"):
        dbt(store, "build", "--select", "purchase_audience", "--target", "prod", prefix="ann")
