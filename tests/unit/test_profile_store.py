"""Promises of the profile store, on a real lake in a temporary directory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_platform.clock import Clock
from local_platform.database import Database
from local_platform.lake import Dataset, Lake
from local_platform.profile_store import Identity, ProfileStore, Source
from local_platform.profile_store.membership import compiled, count, evaluate, listed, record
from local_platform.profile_store.snapshot import write_snapshot

MS = pa.timestamp("ms", tz="UTC")
ATTRIBUTES = pa.schema(
    [("_acme", pa.struct([("userId", pa.string()), ("attributes", pa.struct([
        ("country", pa.string()), ("signupDate", pa.date32()), ("note", pa.string())]))]))]
)  # fmt: skip
SCORES = pa.schema(
    [("_acme", pa.struct([("userId", pa.string()), ("propensity", pa.struct([("newsletter", pa.struct([
        ("score", pa.float64()), ("asOf", MS), ("eligible", pa.bool_()), ("reason", pa.string())]))]))]))]
)  # fmt: skip
UPSERT = {"unifiedProfile": ["enabled: true", "isUpsert: true"]}
AS_OF = datetime(2026, 11, 9, tzinfo=UTC)


class World:
    """A lake, a clock and a profile store over one directory."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.directory = directory
        self.options = options
        self.database = Database(directory / "catalog.sqlite")
        self.clock = Clock(self.database)
        self.lake = Lake(directory, self.clock, self.database)
        self.store = ProfileStore(
            self.lake, self.clock, directory / "profile_store", self._source, **{"lag_seconds": 0.0, **options}
        )

    @staticmethod
    def _source(dataset: Dataset) -> Source:
        identity = Identity("_acme.userId", "ECID")
        return Source(identity, dataset.name.endswith("events"), attributes=dataset.name != "uploaded")

    def dataset(self, name: str, schema: pa.Schema, tags: dict[str, list[str]] = UPSERT) -> str:
        return self.lake.create_dataset(name, schema, owner="test", created_by="api", tags=tags).id

    def ingest(self, dataset_id: str, rows: list[dict[str, Any]], schema: pa.Schema, **batch: Any) -> str:
        return self.ingest_table(dataset_id, pa.Table.from_pylist(rows, schema=schema), **batch)

    def ingest_table(self, dataset_id: str, table: pa.Table, **batch: Any) -> str:
        opened = self.lake.open_batch(dataset_id, **batch)
        file = self.lake.staging_dir(opened.id) / "part-0.parquet"
        pq.write_table(table, file)
        self.lake.commit_batch(opened.id, [file])
        return opened.id

    def profile(self, user: str) -> dict[str, Any] | None:
        self.store.catch_up()
        entity = self.store.entities([("ECID", user)]).get(("ECID", user))
        return None if entity is None else {key: value for key, value in entity.values.items() if value is not None}

    def restarted(self) -> World:
        self.store.close()
        self.database.close()
        return World(self.directory, **self.options)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


def person(user: str, country: str | None = None, note: str | None = None) -> dict[str, Any]:
    return {"_acme": {"userId": user, "attributes": {"country": country, "signupDate": date(2026, 1, 2), "note": note}}}


def score(user: str, value: float | None, *, eligible: bool = True, reason: str | None = None) -> dict[str, Any]:
    content = {"score": value, "asOf": AS_OF, "eligible": eligible, "reason": reason}
    return {"_acme": {"userId": user, "propensity": {"newsletter": content}}}


def test_profile_joins_the_records_of_all_datasets(world: World) -> None:
    world.ingest(world.dataset("profiles", ATTRIBUTES), [person("u1", "CA"), person("u2", "US")], ATTRIBUTES)
    world.ingest(world.dataset("scores", SCORES), [score("u1", 0.25)], SCORES)
    assert world.profile("u1") == {
        "_acme.userId": "u1",
        "_acme.attributes.country": "CA",
        "_acme.attributes.signupDate": date(2026, 1, 2),
        "_acme.propensity.newsletter.score": 0.25,
        "_acme.propensity.newsletter.asOf": datetime(2026, 11, 9),
        "_acme.propensity.newsletter.eligible": True,
    }
    assert "_acme.propensity.newsletter.score" not in (world.profile("u2") or {})
    assert world.profile("nobody") is None
    assert world.store.merged().profiles == 2


def test_identity_is_compared_exactly(world: World) -> None:
    world.ingest(world.dataset("profiles", ATTRIBUTES), [person(" u1", "CA"), person("U1", "US")], ATTRIBUTES)
    assert world.profile("u1") is None
    assert (world.profile(" u1") or {})["_acme.attributes.country"] == "CA"


def test_latest_ingested_value_of_each_field_wins_and_null_overwrites_nothing(world: World) -> None:
    scores = world.dataset("scores", SCORES)
    world.ingest(scores, [score("u1", 0.25), score("u2", 0.5)], SCORES)
    world.ingest(scores, [score("u1", None, eligible=False, reason="converted")], SCORES)
    merged = world.profile("u1") or {}
    assert merged["_acme.propensity.newsletter.score"] == 0.25
    assert merged["_acme.propensity.newsletter.eligible"] is False
    assert merged["_acme.propensity.newsletter.reason"] == "converted"
    assert (world.profile("u2") or {})["_acme.propensity.newsletter.eligible"] is True


def test_later_row_of_one_batch_wins(world: World) -> None:
    world.ingest(world.dataset("scores", SCORES), [score("u1", 0.1), score("u1", 0.2)], SCORES)
    assert (world.profile("u1") or {})["_acme.propensity.newsletter.score"] == 0.2


def test_without_upsert_a_newer_record_replaces_the_older_one_as_a_whole(world: World) -> None:
    profiles = world.dataset("profiles", ATTRIBUTES, {"unifiedProfile": ["enabled:true"]})
    world.ingest(profiles, [person("u1", "CA", note="first")], ATTRIBUTES)
    world.ingest(profiles, [person("u1", "US")], ATTRIBUTES)
    merged = world.profile("u1") or {}
    assert merged["_acme.attributes.country"] == "US"
    assert "_acme.attributes.note" not in merged


def test_dataset_that_is_not_enabled_stays_out(world: World) -> None:
    world.ingest(world.dataset("plain", ATTRIBUTES, {}), [person("u1", "CA")], ATTRIBUTES)
    assert world.profile("u1") is None


def test_reverted_batch_stays_in_profile_until_overwritten(world: World) -> None:
    scores = world.dataset("scores", SCORES)
    batch = world.ingest(scores, [score("u1", 0.9)], SCORES)
    world.lake.revert_batch(batch)
    assert (world.profile("u1") or {})["_acme.propensity.newsletter.score"] == 0.9
    world.ingest(scores, [score("u1", 0.1)], SCORES)
    assert (world.profile("u1") or {})["_acme.propensity.newsletter.score"] == 0.1


def test_replaced_batch_is_overwritten_by_its_successor(world: World) -> None:
    scores = world.dataset("scores", SCORES)
    batch = world.ingest(scores, [score("u1", 0.9), score("u2", 0.9)], SCORES)
    world.ingest(scores, [score("u1", 0.1)], SCORES, replaces=(batch,))
    assert (world.profile("u1") or {})["_acme.propensity.newsletter.score"] == 0.1
    assert (world.profile("u2") or {})["_acme.propensity.newsletter.score"] == 0.9


def test_switch_lets_profile_follow_reverts(tmp_path: Path) -> None:
    world = World(tmp_path, follow_reverts=True)
    batch = world.ingest(world.dataset("scores", SCORES), [score("u1", 0.9)], SCORES)
    assert world.profile("u1") is not None
    world.lake.revert_batch(batch)
    assert world.profile("u1") is None


def test_deleting_a_dataset_takes_its_fragments_out(world: World) -> None:
    profiles, scores = world.dataset("profiles", ATTRIBUTES), world.dataset("scores", SCORES)
    world.ingest(profiles, [person("u1", "CA")], ATTRIBUTES)
    world.ingest(scores, [score("u1", 0.9)], SCORES)
    world.store.catch_up()
    world.store.delete_dataset(scores)
    assert "_acme.propensity.newsletter.score" not in (world.profile("u1") or {})
    world.lake.delete_dataset(profiles)
    assert world.profile("u1") is None


def test_profile_lags_behind_the_lake(tmp_path: Path) -> None:
    world = World(tmp_path, lag_seconds=900.0)
    world.ingest(world.dataset("profiles", ATTRIBUTES), [person("u1", "CA")], ATTRIBUTES)
    assert world.profile("u1") is None
    world.clock.advance(901)
    assert world.profile("u1") is not None


def test_oversized_record_is_dropped_silently_and_null_identity_too(world: World) -> None:
    rows = [person("big", "CA", note="x" * 100_001), person("u1", "CA"), person("", "CA"), {"_acme": {"userId": None}}]
    batch = world.ingest(world.dataset("profiles", ATTRIBUTES), rows, ATTRIBUTES)
    assert world.profile("big") is None
    assert world.profile("u1") is not None
    assert world.lake.batch(batch).status == "success"
    row = world.database.row("SELECT * FROM profile_batches")
    assert row is not None
    assert (row["records"], row["oversized"], row["unidentified"]) == (1, 1, 2)


def test_restart_finds_the_same_profiles_and_takes_nothing_in_twice(world: World) -> None:
    world.ingest(world.dataset("scores", SCORES), [score("u1", 0.9)], SCORES)
    world.store.catch_up()
    orphan = world.directory / "profile_store" / "fragments" / "of-a-killed-process.parquet"
    orphan.write_bytes(b"half")
    again = world.restarted()
    assert not orphan.exists()
    again.store.catch_up()
    assert len(again.store.ledger.fragments()) == 1
    assert (again.profile("u1") or {})["_acme.propensity.newsletter.score"] == 0.9


def test_new_field_of_a_later_batch_joins_the_older_ones(world: World) -> None:
    scores = world.dataset("scores", SCORES)
    world.ingest(scores, [score("u1", 0.9)], SCORES)
    wider = pa.schema([("_acme", pa.struct([*SCORES.field("_acme").type, ("tier", pa.string())]))])
    world.lake.update_dataset(scores, schema=wider)
    world.ingest(scores, [{"_acme": {"userId": "u2", "tier": "gold"}}], wider)
    assert (world.profile("u2") or {}) == {"_acme.userId": "u2", "_acme.tier": "gold"}
    assert (world.profile("u1") or {})["_acme.propensity.newsletter.score"] == 0.9


def _realise(world: World, rule: str, at: datetime) -> dict[str, str]:
    world.store.catch_up()
    result = evaluate(world.store, "s1", compiled(world.store, rule), at, "job")
    world.store.ledger.set_membership(result.membership)
    found = world.store.memberships_of([("ECID", user) for user in ("u1", "u2", "u3")])
    return {user: joined["ups"]["s1"][0] for (_, user), joined in found.items()}


def test_audience_members_are_realized_and_exit(world: World) -> None:
    scores = world.dataset("scores", SCORES)
    rule = "_acme.propensity.newsletter.eligible = true and _acme.propensity.newsletter.score >= 0.5"
    world.ingest(scores, [score("u1", 0.9), score("u2", 0.5), score("u3", 0.4)], SCORES)
    assert _realise(world, rule, AS_OF) == {"u1": "realized", "u2": "realized"}
    world.ingest(scores, [score("u2", 0.1), score("u3", 0.8)], SCORES)
    later = AS_OF + timedelta(days=1)
    assert _realise(world, rule, later) == {"u1": "realized", "u2": "exited", "u3": "realized"}
    membership = world.store.ledger.membership("s1")
    assert membership is not None
    assert (membership.realized, membership.exited) == (2, 1)
    assert world.store.memberships_of([("ECID", "u1")])[("ECID", "u1")]["ups"]["s1"][1] == AS_OF.replace(tzinfo=None)
    assert world.store.memberships_of([("ECID", "u3")])[("ECID", "u3")]["ups"]["s1"][1] == later.replace(tzinfo=None)
    # Whoever left stays exited, but is counted as leaving only once.
    assert _realise(world, rule, later + timedelta(days=1))["u2"] == "exited"
    again = world.store.ledger.membership("s1")
    assert again is not None
    assert again.exited == 0


def test_people_known_from_events_alone_are_profiles_and_their_events_count(world: World) -> None:
    schema = pa.schema([("timestamp", MS), ("eventType", pa.string()), ("_acme", pa.struct([("userId", pa.string())]))])
    rows = [{"timestamp": AS_OF, "eventType": "web.visit", "_acme": {"userId": user}} for user in ("u1", "u1", "u9")]
    world.ingest(world.dataset("events", schema, {"unifiedProfile": ["enabled:true"]}), rows, schema)
    world.ingest(world.dataset("profiles", ATTRIBUTES), [person("u1", "CA")], ATTRIBUTES)
    world.store.catch_up()
    assert world.store.merged().profiles == 2
    rule = compiled(world.store, 'xEvent[eventType = "web.visit"].count() = 2 and _acme.attributes.country = "CA"')
    assert count(world.store, rule, AS_OF) == 1


def test_snapshot_holds_nested_attributes_identity_and_memberships(world: World, tmp_path: Path) -> None:
    world.ingest(world.dataset("profiles", ATTRIBUTES), [person("u1", "CA"), person("u2", "US")], ATTRIBUTES)
    world.ingest(world.dataset("scores", SCORES), [score("u2", 0.5)], SCORES)
    _realise(world, "_acme.propensity.newsletter.score >= 0.5", AS_OF)
    target = tmp_path / "snapshot.parquet"
    assert write_snapshot(world.store, target) == 2
    first, second = pq.read_table(target).to_pylist(maps_as_pydicts="strict")
    assert first["_acme"]["propensity"] is None
    assert first["segmentMembership"] is None
    assert second["_acme"]["propensity"]["newsletter"]["asOf"] == AS_OF
    assert second["identityMap"] == {"ECID": [{"id": "u2", "primary": True}]}
    assert second["segmentMembership"] == {"ups": {"s1": {"lastQualificationTime": AS_OF, "status": "realized"}}}


def test_a_listed_audience_is_shown_beside_those_by_rule_and_gives_no_attributes(world: World, tmp_path: Path) -> None:
    world.ingest(world.dataset("profiles", ATTRIBUTES), [person("u1", "CA"), person("u2", "US")], ATTRIBUTES)
    _realise(world, '_acme.attributes.country = "US"', AS_OF)
    rows = [{"_acme": {"userId": user, "attributes": {"country": "XX"}}} for user in ("u2", "u3", "u2")]
    uploaded = world.dataset("uploaded", ATTRIBUTES)
    world.ingest(uploaded, rows, ATTRIBUTES)
    world.store.catch_up()
    members = listed(world.store, uploaded)
    found = record(world.store, "x1", members, AS_OF, "job", space="CustomerAudienceUpload")
    assert (found.membership.realized, found.by_namespace) == (2, {"ecid": 2})
    world.store.ledger.set_membership(found.membership)
    assert (world.profile("u2") or {})["_acme.attributes.country"] == "US"
    assert world.profile("u3") == {}
    write_snapshot(world.store, tmp_path / "snapshot.parquet")
    rows = pq.read_table(tmp_path / "snapshot.parquet").to_pylist(maps_as_pydicts="strict")
    shown = [{space: list(ids) for space, ids in (row["segmentMembership"] or {}).items()} for row in rows]
    assert shown == [{}, {"CustomerAudienceUpload": ["x1"], "ups": ["s1"]}, {"CustomerAudienceUpload": ["x1"]}]


def test_hundred_thousand_profiles_take_seconds(world: World, tmp_path: Path) -> None:
    users = pa.array([f"user-{number}" for number in range(100_000)])
    inner = pa.StructArray.from_arrays(
        [pa.array([number / 100_000 for number in range(100_000)]), pa.array([AS_OF] * 100_000, MS)], ["score", "asOf"]
    )
    acme = pa.StructArray.from_arrays(
        [users, pa.StructArray.from_arrays([inner], ["newsletter"])], ["userId", "propensity"]
    )
    table = pa.table({"_acme": acme})
    dataset = world.dataset("scores", SCORES)
    started = time.perf_counter()
    for _ in range(2):
        world.ingest_table(dataset, table)
        world.store.catch_up()
    rule = compiled(world.store, "_acme.propensity.newsletter.score >= 0.9")
    assert count(world.store, rule, AS_OF) == 10_000
    write_snapshot(world.store, tmp_path / "snapshot.parquet")
    assert time.perf_counter() - started < 15
