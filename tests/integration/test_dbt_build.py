"""Features built by stock dbt over the Postgres wire, compared with an independent computation."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from runner.contract import Contract
from runner.featurize import Featurized
from tests.integration.feature_store import FeatureStore, feature_store, synthetic_events
from tests.integration.point_in_time import DAY, Event, by_user, converted_before, features, label, ms, usable

AS_OF = date(2026, 11, 2)
"""A week before the data ends, so that there is a future which features must not see."""
CUT = ms("2026-11-02")
TARGET = "web.formFilledOut"
OPENED, SENT, UNLISTED = "directMarketing.emailOpened", "directMarketing.emailSent", "app.launch"
SPECIAL = [
    Event("edge-before", "edge", OPENED, CUT - 1),
    Event("edge-at", "edge", OPENED, CUT),
    Event("edge-at-sent", "edge", SENT, CUT),
    Event("old-in", "old", SENT, CUT - 90 * DAY),
    Event("old-out", "old", SENT, CUT - 90 * DAY - 1),
    Event("spaced", " spaced ", OPENED, CUT - 5 * DAY),
    Event("quote", "O'Brien \\ 日本", UNLISTED, CUT - 30_000),
    Event("future-user", "latecomer", OPENED, CUT + DAY),
    Event("converted", "done", TARGET, CUT - 1),
    Event("opens", "doing", OPENED, CUT - 2 * DAY),
    Event("opens-again", "doing", OPENED, CUT - 2 * DAY),
    Event("half-an-hour-on", "doing", SENT, CUT - 2 * DAY + 1_800_999),
    Event("a-second-too-late", "doing", OPENED, CUT - 2 * DAY + 3_601_999),
    Event("before-midnight", "doing", SENT, CUT - 4 * DAY - 1),
    Event("at-midnight", "doing", SENT, CUT - 4 * DAY),
    Event("converts-now", "doing", TARGET, CUT),
]
REPEATED = [SPECIAL[0], SPECIAL[5]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("features")) as running:
        running.add_events(synthetic_events(400) + SPECIAL, "events-1")
        running.add_events(REPEATED, "events-2")
        running.add_profiles(["quiet", "refuser", "edge"], [False, True, False], "profiles-1")
        yield running


@pytest.fixture(scope="module")
def built(store: FeatureStore) -> Featurized:
    return store.featurize(AS_OF)


@pytest.fixture(scope="module")
def events(store: FeatureStore) -> dict[str, list[Event]]:
    now = round(store.local.now().timestamp() * 1000)
    return dict(by_user(usable(synthetic_events(400) + SPECIAL + REPEATED, now)))


def rows(store: FeatureStore, model: str) -> list[dict[str, Any]]:
    return store.sql.rows(f"select * from {model} order by user_id asc nulls last, as_of asc nulls last")


def same(ours: Any, theirs: float | None) -> bool:
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return math.isclose(float(ours), theirs, rel_tol=1e-12, abs_tol=1e-9)


def event_types(store: FeatureStore) -> list[str]:
    return [*store.settings.event_types, UNLISTED]


def test_the_counts_reconcile(store: FeatureStore, built: Featurized) -> None:
    assert built.run_id == "newsletter-20261102"
    assert built.scoring_rows + sum(built.excluded_by_reason.values()) == built.profiles
    assert built.excluded_by_reason["opted_out"] == 1
    assert built.scoring_rows == store.sql.count("newsletter_scoring_set")
    assert built.training_rows == store.sql.count("newsletter_training_set_runs", f"run_id = '{built.run_id}'")
    assert built.batch_statements == 6  # event days, daily activity and its days, spine, training and scoring set


def test_every_known_identity_is_scored_or_left_out_by_a_rule(
    store: FeatureStore, built: Featurized, events: dict[str, list[Event]]
) -> None:
    known = {u for u, own in events.items() if any(e.at_ms < CUT for e in own)} | {"quiet", "refuser", "edge"}
    converted = {u for u in known if converted_before(events.get(u, []), TARGET, AS_OF)}
    scored = {r["user_id"] for r in rows(store, "newsletter_scoring_set")}
    assert scored == known - converted - {"refuser"}
    assert {"quiet", " spaced ", "O'Brien \\ 日本", "doing"} <= scored
    assert "latecomer" not in scored
    left_out = {r["user_id"]: r["reason"] for r in rows(store, "newsletter_exclusions")}
    assert left_out == dict.fromkeys(converted, "converted") | {"refuser": "opted_out"}


@pytest.mark.parametrize("model", ["newsletter_scoring_set", "newsletter_training_set"])
def test_every_feature_of_every_row_equals_an_independent_computation(
    store: FeatureStore, built: Featurized, events: dict[str, list[Event]], model: str
) -> None:
    found = rows(store, model)
    assert len(found) > 300
    for row in found:
        own, types = events.get(row["user_id"], []), event_types(store)
        expected = features(own, types, row["as_of"].date(), rates=store.settings.rates)
        wrong = {n: (row[n], value) for n, value in expected.items() if not same(row[n], value)}
        assert not wrong, (row["user_id"], row["as_of"], wrong)
    contract = Contract.from_manifest(Path(built.manifest_file), model)
    assert {c.name for c in contract.features} == set(expected)


def test_labels_splits_and_as_ofs_are_those_of_the_design(
    store: FeatureStore, built: Featurized, events: dict[str, list[Event]]
) -> None:
    splits: dict[str, set[date]] = {}
    owners: dict[str, str] = {}
    for row in rows(store, "newsletter_training_set"):
        day, own = row["as_of"].date(), events.get(row["user_id"], [])
        assert row["label"] == label(own, TARGET, day, 14)
        assert not converted_before(own, TARGET, day)
        assert row["weight"] == 1
        splits.setdefault(row["split"], set()).add(day)
        if row["split"] != "test":
            assert owners.setdefault(row["user_id"], row["split"]) == row["split"]
    anchor = AS_OF - timedelta(days=28)
    assert splits["test"] == {AS_OF - timedelta(days=14)}
    assert splits["validate"] == splits["calibrate"] == {anchor}
    assert splits["train"] == {anchor - timedelta(days=7 * n) for n in range(6)}
    assert 0.5 < sum(s == "train" for s in owners.values()) / len(owners) < 0.75


def test_what_features_must_not_see_is_counted_and_not_lost(store: FeatureStore, built: Featurized) -> None:
    assert built.events_by_standing["repeated"] == len(REPEATED)
    assert sum(built.events_by_standing.values()) == store.sql.count("propensity_events")
    assert built.unlisted_event_types == (UNLISTED,)


def test_building_the_same_run_again_changes_no_row(store: FeatureStore, built: Featurized) -> None:
    before = rows(store, "newsletter_training_set_runs")
    again = store.featurize(AS_OF)
    assert rows(store, "newsletter_training_set_runs") == before
    assert again.training_rows == built.training_rows
    assert again.batch_statements == 0


def test_only_documented_statements_reach_query_service(store: FeatureStore, built: Featurized) -> None:
    with sqlite3.connect(f"file:{store.folder / 'platform/query_log.sqlite'}?mode=ro", uri=True) as log:
        statements = [str(row[0]) for row in log.execute("select statement from queries")]
    refused = r"\bpg_|information_schema|\bcascade\b|\brename\b|\btemporary\b|limit 0|::"
    documented = (
        r"(?is)\s*(select|with|show (tables|views)|create table|create or replace view|insert into|"
        r"set drop_system_columns)\b"
    )
    assert len(statements) > 30
    for statement in statements:
        bare = re.sub(r"'(?:[^'\\\\]|\\\\.)*'", "''", statement).lower()
        assert re.match(documented, statement), statement
        assert not re.search(refused, bare), statement


def test_the_token_is_in_no_file(store: FeatureStore, built: Featurized) -> None:
    secret = store.platform.queries.login().password.get_secret_value()
    written = [p for p in (store.folder / "work").rglob("*") if p.is_file()]
    assert any(p.name == "dbt.log" for p in written)
    assert not [p for p in written if secret.encode() in p.read_bytes()]


def test_a_later_run_adds_its_rows_and_leaves_the_earlier_ones(store: FeatureStore, built: Featurized) -> None:
    ids = dataset_ids(store)
    before = store.sql.rows(
        f"select * from newsletter_scoring_set_runs where run_id = '{built.run_id}' order by user_id"
    )
    later = store.featurize(None)
    assert later.as_of == "2026-11-09"
    after = store.sql.rows(
        f"select * from newsletter_scoring_set_runs where run_id = '{built.run_id}' order by user_id"
    )
    assert after == before
    assert dataset_ids(store) == ids
    assert store.sql.count("newsletter_scoring_set") == later.scoring_rows
    assert "latecomer" in {r["user_id"] for r in rows(store, "newsletter_scoring_set")}


def dataset_ids(store: FeatureStore) -> dict[str, str]:
    shown = store.sql.rows("show tables")
    return {r["name"]: r["dataSetId"] for r in shown if r["name"].endswith("_runs")}
