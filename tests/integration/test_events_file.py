"""One's own events reach the platform whole, once, with the fields they bring."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.errors import DataError
from runner.events_file import load_events
from runner.ingestion import ingest_parquet
from runner.local import local_platform
from runner.platform import Platform
from runner.settings import Settings
from runner.setup import apply, plan
from runner.synthetic import SyntheticSpec, generate, next_day, write_day, write_population

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FILE = """user_id,event_type,timestamp,commerce.order.priceTotal,_{tenant}.shop,device.screenWidth
007,commerce.purchases,2026-11-02T08:30:00.123Z,12.5,Bern,1024
u 2,shop.visit,2026-11-01 10:00:00+02:00,,,
u 2,shop.visit,2026-11-01 10:00:00+02:00,,,
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with local_platform(tmp_path_factory.mktemp("local") / "platform", delays="none") as local:
        yield Platform(local.connection())


def settings(name: str, state: Path, **changes: object) -> Settings:
    """Settings with datasets of their own, so that the tests of this file do not meet on the shared platform."""
    case = {"name": name, "title": "t", "target_event": "e", "audience": {"name": name, "min_score": 0.5}}
    datasets = {"events": f"{name}_events", "profiles": f"{name}_profiles", "runs": f"{name}_runs"}
    identity = {"namespace": "PROPENSITYID"}
    content = {"use_cases": [case], "datasets": datasets, "identity": identity, "state_dir": str(state), **changes}
    return Settings.model_validate(content)


def lake(platform: Platform, dataset: str, folder: Path) -> pa.Table:
    """All rows of a dataset, as Data Access gives them."""
    found = platform.catalog.dataset_named(dataset)
    batches = [b for b in platform.catalog.batches(dataset_id=found.id) if b.state == "success"]
    files = [f.path for b in batches for f in platform.access.download_batch(b.id, folder)]
    return pa.concat_tables([pq.read_table(f) for f in files])


def test_a_loaded_file_is_in_the_lake_with_its_own_fields(platform: Platform, tmp_path: Path) -> None:
    own, lines = settings("own", tmp_path), []
    path = tmp_path / "events.csv"
    path.write_text(FILE)
    loaded = load_events(own, platform, path, now=NOW, progress=lines.append)
    assert loaded.created
    assert loaded.rows == 3
    assert any("1 rows equal an earlier one" in line for line in lines)
    rows = sorted(lake(platform, "own_events", tmp_path).to_pylist(), key=lambda row: (row["timestamp"], row["_id"]))
    assert [row["_acme"]["userId"] for row in rows] == ["u 2", "u 2", "007"]
    assert len({row["_id"] for row in rows}) == 3
    assert rows[2]["commerce"]["order"]["priceTotal"] == 12.5
    assert rows[2]["_acme"]["shop"] == "Bern"
    assert rows[2]["device"]["screenWidth"] == 1024
    assert rows[2]["timestamp"] == datetime(2026, 11, 2, 8, 30, 0, 123000, tzinfo=UTC)
    assert rows[0]["timestamp"] == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert not rows[0]["commerce"]


def test_loading_the_same_events_again_doubles_nothing(platform: Platform, tmp_path: Path) -> None:
    own = settings("again", tmp_path)
    first, second = tmp_path / "events.csv", tmp_path / "sorted.csv"
    first.write_text(FILE)
    header, *rows = FILE.splitlines()
    second.write_text("\n".join([header, *sorted(rows)]) + "\n")
    loaded = load_events(own, platform, first, now=NOW)
    again = load_events(own, platform, second, now=NOW)
    assert loaded.created
    assert not again.created
    assert again.batch_ids == loaded.batch_ids
    assert lake(platform, "again_events", tmp_path).num_rows == 3


def test_nothing_is_loaded_from_a_file_with_a_bad_row(platform: Platform, tmp_path: Path) -> None:
    own = settings("bad", tmp_path)
    path = tmp_path / "events.csv"
    path.write_text(FILE + ",shop.visit,2026-11-01,,,\n")
    with pytest.raises(DataError, match="row 4: user_id is empty"):
        load_events(own, platform, path, now=NOW)
    assert "bad_events" not in {d.name for d in platform.catalog.datasets()}
    loaded = load_events(own, platform, path, now=NOW, accept_bad_rows=True)
    assert loaded.rows == 3
    assert loaded.file.rejected == 1


def test_a_synthetic_population_and_its_next_day_are_ingested_whole(platform: Platform, tmp_path: Path) -> None:
    attributes = [
        {"path": "_{tenant}.attributes.country", "name": "country"},
        {"path": "_{tenant}.attributes.ageBand", "name": "age_band"},
        {"path": "_{tenant}.attributes.signupDate", "name": "signup_date", "kind": "date"},
        {"path": "_{tenant}.attributes.loyaltyTier", "name": "loyalty_tier"},
        {"path": "_{tenant}.attributes.emailOptOut", "name": "email_opt_out", "kind": "boolean"},
    ]
    own = settings("made", tmp_path, identity={"namespace": "ECID"}, profile_attributes=attributes)
    apply(plan(own, platform))
    data = generate(SyntheticSpec.ending(date(2026, 11, 9), users=7_000))
    files = write_population(data, tmp_path / "made", "acme")
    day = write_day(next_day(data), tmp_path / "made" / "day", "acme")
    for dataset, parts, name in (
        ("made_events", files.events_xdm, "made-events"),
        ("made_profiles", files.profiles_xdm, "made-profiles"),
        ("made_events", day.events_xdm, "made-day-events"),
        ("made_profiles", day.profiles_xdm, "made-day-profiles"),
    ):
        ingest_parquet(platform, dataset, [Path(p) for p in parts], external_id=name)
    events, profiles = lake(platform, "made_events", tmp_path), lake(platform, "made_profiles", tmp_path)
    assert events.num_rows == files.events + day.events
    assert len(set(events["_id"].to_pylist())) == events.num_rows
    assert profiles.num_rows == 7_000 + day.profiles
    assert day.profiles >= 1
    opted_out = {p["userId"] for p in profiles["_acme"].to_pylist() if p["attributes"]["emailOptOut"]}
    assert len(opted_out) == sum(data.profiles()["email_opt_out"].to_pylist()) + day.profiles
