"""With one call in eight going wrong nothing is doubled or lost; what fails says so, and a rerun succeeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.errors import PropensityError
from runner.ingestion import Waiting, ingest_parquet
from runner.local import LocalPlatform, local_platform
from runner.platform import Platform
from runner.platform.flows import DATA_LAKE, EXPORT_TO_LANDING_ZONE, LANDING_ZONE
from runner.settings import Settings
from runner.setup import apply, plan
from tests.integration.flaky_network import FlakyNetwork

SETTINGS = Settings.model_validate(
    {
        "numeric_fields": [{"path": "commerce.order.priceTotal", "name": "order_value"}],
        "use_cases": [
            {"name": "n", "title": "t", "target_event": "e", "audience": {"name": "Likely", "min_score": 0.5}}
        ],
    }
)
SCHEDULE = {
    "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
    "timeUnit": "day",
    "interval": 1,
    "startTime": 1795000000,
    "endTime": 1800000000,
}
RULE = "_acme.propensity.n.score >= 0.5"


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalPlatform]:
    with local_platform(tmp_path / "platform", delays="none") as running:
        yield running


def events(path: Path, first: int, rows: int) -> Path:
    users = [f"u{n}" for n in range(first, first + rows)]
    moments = [datetime(2026, 11, 1, tzinfo=UTC)] * rows
    columns = {
        "_id": pa.array([f"{first}-{n}" for n in range(rows)]),
        "timestamp": pa.array(moments, pa.timestamp("ms", tz="UTC")),
        "eventType": pa.array(["e"] * rows),
        "_acme": pa.StructArray.from_arrays([pa.array(users)], ["userId"]),
    }
    pq.write_table(pa.table(columns), path)
    return path


def work(platform: Platform, folder: Path) -> None:
    """Set up, three batches, an export flow, an audience, and reading everything back."""
    apply(plan(SETTINGS, platform))
    for part in range(3):
        file = events(folder / f"part-{part}.parquet", part * 40, 40)
        waiting = Waiting(sleep=lambda _: None)
        done = ingest_parquet(platform, "propensity_events", [file], external_id=f"part-{part}", waiting=waiting)
        files = platform.access.download_batch(done.batch_id, folder / f"read-{part}")
        assert sum(f.rows or 0 for f in files) == 40
    flows, dataset = platform.flows, platform.catalog.dataset_named("propensity_events")
    base = flows.ensure_connection("zone", LANDING_ZONE)
    params = {"datasets": [{"dataSetId": dataset.id, "name": dataset.name}]}
    source = flows.ensure_source_connection("source", DATA_LAKE, params)
    where = {"mode": "Server-to-server", "path": "x", "compression": "NONE", "datasetFileType": "PARQUET"}
    target = flows.ensure_target_connection("target", base, LANDING_ZONE, where)
    flow = flows.ensure_flow("flow", EXPORT_TO_LANDING_ZONE, [source], [target], schedule=SCHEDULE)
    wanted = SCHEDULE | {"timeUnit": "hour", "interval": 3}
    change = [{"op": "replace", "path": "/scheduleParams", "value": wanted}]
    flows.change_flow(flow.id, lambda f: [] if f.schedule.get("interval") == 3 else change)
    audience = platform.segmentation.create("Likely", RULE, "first")
    platform.segmentation.change(audience.id, "Likely", RULE, "second")


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_doubled_or_lost_on_a_network_that_fails(local: LocalPlatform, tmp_path: Path, seed: int) -> None:
    network = FlakyNetwork(seed, share=0.12)
    flaky = Platform(local.connection(), network, sleep=lambda _: None)
    failures: list[PropensityError] = []
    for _ in range(3):
        try:
            work(flaky, tmp_path)
            break
        except PropensityError as error:
            failures.append(error)
    assert all(error.remedy for error in failures)
    honest = Platform(local.connection())
    work(honest, tmp_path)
    assert network.met.total() > 10
    assert exactly_once(honest, tmp_path) == {f"u{n}": 1 for n in range(120)}


def exactly_once(platform: Platform, folder: Path) -> dict[str, int]:
    """Checks that every named thing is there once; returns how often each user is in the lake."""
    catalog = platform.catalog
    names = Counter(d.name for d in catalog.datasets() if d.name.startswith("propensity_"))
    assert set(names.values()) == {1}
    for kind in ("connections", "sourceConnections", "targetConnections", "flows"):
        found = [item["name"] for item in platform.flows._all(kind, {})]
        assert len(found) == len(set(found)) == 1, (kind, found)
    for kind in ("fieldgroups", "schemas"):
        titles = [item["title"] for item in platform.schemas._all(f"/tenant/{kind}", {})]
        assert len(titles) == len(set(titles))
    assert [d.description for d in platform.segmentation.definitions()] == ["second"]
    users: Counter[str] = Counter()
    for batch in catalog.batches(dataset_id=catalog.dataset_named("propensity_events").id, status="success"):
        for file in platform.access.download_batch(batch.id, folder / "honest"):
            users.update(row["_acme"]["userId"] for row in pq.read_table(file.path).to_pylist())
    return dict(users)
