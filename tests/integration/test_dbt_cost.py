"""What each model reads is estimated before it runs, and a limit stops the run before the model that would pass it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runner.cost import cost_lines
from runner.errors import DataError
from tests.integration.dbt_here import dbt_here
from tests.integration.feature_store import FeatureStore, dbt, feature_store, synthetic_events
from tests.integration.small_project import small_project

PLAN = {
    "models/events_seen.sql": "{{ config(materialized='view') }} select eventType from {{ ref('between') }}",
    "models/between.sql": "{{ config(materialized='view') }}"
    " select eventType from {{ source('experience_platform', 'events') }}",
    "models/first_table.sql": "{{ config(materialized='table') }} select eventType from {{ ref('events_seen') }}",
    "models/second_table.sql": "{{ config(materialized='table') }} select eventType from {{ ref('first_table') }}"
    " union all select eventType from {{ ref('events_seen') }}",
    "models/sources.yml": "sources: [{name: experience_platform, schema: x, tables: [{name: events, identifier:"
    " propensity_events}]}]",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("cost")) as running:
        events = synthetic_events(60)
        running.add_events(events[:100], "events-1")
        running.add_events(events[100:], "events-2")
        yield small_project(running, "small", PLAN)


def test_batches_rows_and_bytes_are_counted_through_views(store: FeatureStore) -> None:
    built = dbt(store, "run", "--target", "dev", prefix="ann")
    events, (table,) = store.sql.count("propensity_events"), names(store, "ann_first_table_t")
    first, second = built.read_by_model["first_table"], built.read_by_model["second_table"]
    assert (first["batches"], first["rows"]) == (2, events)
    size = {t: int(store.sql.scalar(
        f"select sum(output_byte_size) as n from (select history_meta('{t}')) as h"
    )) for t in ("propensity_events", table)}  # fmt: skip
    assert first["bytes"] == size["propensity_events"] > 0
    assert (second["batches"], second["rows"]) == (3, 2 * events)
    assert second["bytes"] == size["propensity_events"] + size[table]
    lines = cost_lines(built.read_by_model, built.seconds_by_model, built.batch_statements)
    assert lines[0].startswith(f"first_table: about 2 batches, {events} rows, ")
    assert lines[-1].endswith("2 batch statements, which at 240 s each wait about 8.0 min on AEP")


def test_a_limit_stops_the_run_before_the_model_that_would_pass_it(store: FeatureStore) -> None:
    bytes_of_events = int(
        store.sql.scalar("select sum(output_byte_size) as n from (select history_meta('propensity_events')) as h")
    )
    limit = f'{{"max_scanned_gb": {1.5 * bytes_of_events / 1e9}}}'
    with pytest.raises(
        DataError,
        match=r"Stopped before second_table: it is about \S+ GB read \(an estimate\), with which this run comes to "
        r"about \S+, and max_scanned_gb is .* built stays. Raise max_scanned_gb in propensity.yml, or select less",
    ):
        dbt_here(store, "run", "--target", "dev", "--vars", limit, prefix="bob")
    assert store.sql.count("bob_first_table") == store.sql.count("propensity_events")
    assert names(store, "bob_second_table") == []
    hours = '{"max_compute_hours": 2, "past_seconds": {"first_table": 3600, "second_table": 7200}}'
    with pytest.raises(DataError, match=r"second_table: it is about 2 hours \(an estimate\), .* about 3, and max_comp"):
        dbt_here(store, "run", "--target", "dev", "--vars", hours, prefix="eve")


def names(store: FeatureStore, beginning: str) -> list[str]:
    return [r["name"] for r in store.sql.rows("show tables") if r["name"].startswith(beginning)]
