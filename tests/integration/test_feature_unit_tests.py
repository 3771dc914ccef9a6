"""Every feature has a dbt unit test that says what it makes of an event at as_of, just before, never, and so on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runner.errors import DataError
from runner.project import sync
from runner.settings import ChannelField, NumericField, load_settings
from tests.integration.feature_store import ROOT, FeatureStore, dbt, feature_store

AS_OF_MS = 1794182400000
FEATURES = ("build", "--select", "path:models/staging", "path:models/activity", "path:models/features",
            "--exclude-resource-type", "test", "--target", "dev")  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    settings = load_settings(ROOT / "propensity.yml").model_copy(
        update={
            "numeric_fields": (NumericField(path="commerce.order.priceTotal", name="price"),),
            "channel_fields": (ChannelField(path="marketing.trackingCode", name="channel"),),
        }
    )
    with feature_store(tmp_path_factory.mktemp("unit"), settings) as running:
        sync(settings, running.project)
        yield running


@pytest.fixture(scope="module")
def manifest(store: FeatureStore) -> dict[str, Any]:
    """The manifest of a build whose unit tests all passed."""
    built = dbt(store, *FEATURES, prefix="unit")
    content: dict[str, Any] = json.loads(Path(built.manifest_file).read_text())
    assert built.tests == len(content["unit_tests"]) > 25
    return content


def expected_columns(test: dict[str, Any]) -> set[str]:
    return set(test["expect"]["rows"][0]) - {"user_id"}


def milliseconds(at: str) -> int:
    moment = datetime.fromisoformat(at)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def test_no_feature_is_without_a_unit_test(manifest: dict[str, Any]) -> None:
    tested: dict[str, set[str]] = {}
    for test in manifest["unit_tests"].values():
        tested.setdefault(test["model"], set()).update(expected_columns(test))
    features = [n for n in manifest["nodes"].values() if n["resource_type"] == "model" and "feature" in n["tags"]]
    assert {n["name"] for n in features} >= {"feat_activity", "feat_channels", "feat_events", "feat_numbers"}
    untested = {
        n["name"]: sorted(set(n["columns"]) - {"user_id", "as_of", "look_back_days"} - tested.get(n["name"], set()))
        for n in features
    }
    assert not {model: columns for model, columns in untested.items() if columns}


def test_every_unit_test_of_a_feature_has_all_the_cases(manifest: dict[str, Any]) -> None:
    of_features = [t for t in manifest["unit_tests"].values() if t["model"].startswith("feat_")]
    for test in of_features:
        times: dict[str, list[int]] = {}
        written: dict[str, list[str]] = {}
        for row in test["given"][0]["rows"]:
            times.setdefault(row["user_id"], []).append(milliseconds(row["at"]) - AS_OF_MS)
            written.setdefault(row["user_id"], []).append(row["at"])
        expected = {row["user_id"]: row for row in test["expect"]["rows"]}
        name = test["name"]
        assert set(times["at_as_of"]) == {0}, name
        assert min(times["only_future"]) > 0, name
        assert not {"at_as_of", "only_future"} & set(expected), f"{name}: the future gives no row"
        assert max(t for t in times["one_ms_before"] if t < 0) == -1, name
        assert 0 in times["one_ms_before"] or name.startswith("activity"), name
        assert "one_ms_before" in expected, name
        assert any(re.search(r"[+-]\d\d:\d\d$", at) for at in written["time_zones"]), name
        assert len(times["tie"]) > len(set(times["tie"])), name
        assert {"time_zones", "tie"} <= set(expected), name
        nullable = [c for c in expected_columns(test) if c.startswith(("minutes_since_", "rate_", "sum_", "last_"))]
        if test["model"] != "feat_activity":
            assert all(expected["never"][c] is None for c in nullable), f"{name}: never is null"


def test_a_feature_that_is_off_by_one_fails_its_unit_test(store: FeatureStore, manifest: dict[str, Any]) -> None:
    path = store.project / "models/features/feat_sessions.sql"
    sound = path.read_text()
    path.write_text(
        sound.replace(
            "days_before <= {{ days }} then sessions_started", "days_before < {{ days }} then sessions_started"
        )
    )
    try:
        with pytest.raises(DataError, match="sessions_as_they_were_known"):
            dbt(store, *FEATURES[:2], "feat_sessions", *FEATURES[5:], prefix="unit")
    finally:
        path.write_text(sound)
