"""Two engineers with prefixes of their own and production, in one sandbox at the same time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.feature_store import AS_OF, FeatureStore, dbt, feature_store, synthetic_events

WRITES = re.compile(
    r"(?is)^\s*(?:create table(?: if not exists)?|create or replace view|create audience|insert (?:overwrite )?into|"
    r"alter table|drop (?:table|view|audience)(?: if exists)?)\s+(\w+)"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("shared")) as running:
        running.add_events(synthetic_events(100), "events-1")
        running.add_profiles(["quiet"], [False], "profiles-1")
        yield running


def build(store: FeatureStore, prefix: str) -> None:
    dbt(store, "run", "--target", "dev", "--select", "+newsletter_scoring_set", prefix=prefix)


def test_nobodys_relation_is_touched_by_another(store: FeatureStore) -> None:
    before = {r["name"]: r["dataSetId"] for r in store.sql.rows("show tables")}
    jobs: list[Callable[[], Any]] = [
        lambda: store.featurize(AS_OF),
        lambda: build(store, "ann"),
        lambda: build(store, "bob"),
    ]
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(job) for job in jobs]
        for future in futures:
            future.result(timeout=300)

    for who, folder, own in (("prod", "work/dbt", ""), ("ann", "ann", "ann_"), ("bob", "bob", "bob_")):
        written = {m[1] for s in sent(store, folder) if (m := WRITES.match(s))}
        assert f"{own}newsletter_scoring_set_runs" in written, who
        strangers = {name for name in written if not name.startswith(own)} if own else written & prefixed(written)
        assert strangers == set(), who
    after = {r["name"]: r["dataSetId"] for r in store.sql.rows("show tables")}
    assert {name: after[name] for name in before} == before
    rows = {own: contents(store, own) for own in ("", "ann_", "bob_")}
    assert rows["ann_"] == rows["bob_"] == rows[""]
    assert len(rows[""]) > 50


def prefixed(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith(("ann_", "bob_"))}


def contents(store: FeatureStore, own: str) -> list[dict[str, Any]]:
    return store.sql.rows(f"select * from {own}newsletter_scoring_set order by user_id asc nulls last")


def sent(store: FeatureStore, folder: str) -> list[str]:
    """The statements that one dbt sent, from its own log."""
    lines = (store.folder / folder / "logs/dbt.log").read_text().splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return [event["data"]["sql"] for event in events if event["info"]["name"] == "SQLQuery"]
