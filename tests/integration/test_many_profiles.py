"""Many profiles ingested, replaced, reverted and corrected: the lake is exact after each, Profile is as the rule says.

The rule: a batch that leaves the lake stays in Profile until its values are overwritten or its dataset is deleted. The
switch gives the other reading, under which it leaves Profile too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.ingestion import ingest_parquet
from runner.local import local_platform
from runner.platform import Platform
from runner.settings import Settings
from runner.setup import apply, plan
from runner.sql import SqlClient

DATASET = "propensity_n_scores"
SCORE = "_acme.propensity.n.score"
SETTINGS = Settings.model_validate(
    {"use_cases": [{"name": "n", "title": "t", "target_event": "e", "audience": {"name": "Likely", "min_score": 0.5}}]}
)


@dataclass
class Store:
    """A scores dataset, what its lake and its profiles must hold, and how long things took."""

    platform: Platform
    folder: Path
    people: int
    follows_reverts: bool
    seconds: dict[str, float] = field(default_factory=dict)

    def ingest(self, name: str, scores: dict[int, float], replaces: Iterable[str] = ()) -> str:
        inner = pa.StructArray.from_arrays([pa.array(list(scores.values()))], ["score"])
        case = pa.StructArray.from_arrays([inner], ["n"])
        users = pa.array([f"person-{n:06d}" for n in scores])
        file = self.folder / f"{name}.parquet"
        table = pa.table({"_acme": pa.StructArray.from_arrays([users, case], ["userId", "propensity"])})
        pq.write_table(table, file)
        began = time.monotonic()
        done = ingest_parquet(self.platform, DATASET, [file], external_id=name, replaces=tuple(replaces))
        self.seconds[f"{name} {len(scores):,}"] = round(time.monotonic() - began, 2)
        assert done.rows == len(scores)
        return done.batch_id

    def revert(self, batch: str) -> None:
        self.platform.ingestion.act(batch, "REVERT")
        deadline = time.monotonic() + 60
        while self.platform.catalog.batch(batch).state != "gone":
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def check(self, lake: dict[int, float], profiles: dict[int, float]) -> None:
        """Every row of the lake and every value of Profile."""
        table = self.platform.catalog.dataset_named(DATASET).table_name
        sql = SqlClient(self.platform)
        rows = sql.rows(f"SELECT _acme.userId AS who, {SCORE} AS score FROM {table} LIMIT 0")
        assert len(rows) == sql.count(table) == len(lake)
        assert {int(row["who"][7:]): row["score"] for row in rows} == lake
        everybody = [f"person-{n:06d}" for n in range(self.people)]
        began = time.monotonic()
        found = self.platform.profiles.entities(everybody, "ECID", [SCORE])
        values = {int(who[7:]): entity.attributes["_acme"]["propensity"]["n"]["score"] for who, entity in found.items()}
        assert values == profiles
        self.seconds[f"look-up of {self.people:,}"] = round(time.monotonic() - began, 2)


def campaign(store: Store) -> None:
    people = range(store.people)
    first = {n: 0.1 + n * 1e-7 for n in people}
    second = {n: 0.4 + n * 1e-7 for n in people[: store.people * 6 // 10]}
    third = {n: 0.7 + n * 1e-7 for n in people[: store.people * 8 // 10]}
    follows = store.follows_reverts

    ingested = store.ingest("ingested", first)
    store.check(lake=first, profiles=first)
    replacing = store.ingest("replaced", second, replaces=[ingested])
    store.check(lake=second, profiles=second if follows else first | second)
    store.revert(replacing)
    store.check(lake={}, profiles={} if follows else first | second)
    store.ingest("corrected", third)
    store.check(lake=third, profiles=third if follows else first | third)
    store.platform.catalog.delete_dataset(store.platform.catalog.dataset_named(DATASET).id)
    assert store.platform.profiles.entities(["person-000001"], "ECID", [SCORE]) == {}
    print(f"{store.people:,} profiles, seconds: {store.seconds}")


def run(folder: Path, people: int, follows: bool) -> None:
    switch = ("--profile-follows-reverts",) if follows else ()
    with local_platform(folder / "platform", delays="none", extra_arguments=switch) as local:
        platform = Platform(local.connection())
        apply(plan(SETTINGS, platform))
        campaign(Store(platform, folder, people, follows))


@pytest.mark.parametrize("follows", [False, True], ids=["stays", "follows"])
def test_two_thousand_profiles_are_as_the_rule_says(tmp_path: Path, follows: bool) -> None:
    run(tmp_path, 2_000, follows)


@pytest.mark.soak
@pytest.mark.parametrize("follows", [False, True], ids=["stays", "follows"])
def test_a_hundred_thousand_profiles_are_as_the_rule_says(tmp_path: Path, follows: bool) -> None:
    run(tmp_path, 100_000, follows)
