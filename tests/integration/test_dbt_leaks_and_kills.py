"""The future changes nothing, and neither does a killed build."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.integration.feature_store import (
    AS_OF,
    FIRST_DAY,
    FeatureStore,
    dbt,
    environment_of,
    feature_store,
    synthetic_events,
)
from tests.integration.point_in_time import DAY, Event, ms

CUT = ms("2026-11-02")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("kills")) as running:
        running.add_events([e for e in synthetic_events(300) if e.at_ms < CUT], "events-1")
        running.add_profiles(["quiet", "refuser"], [False, True], "profiles-1")
        yield running


def build_until(store: FeatureStore, moment: str) -> None:
    """Start a production build and kill it with SIGKILL when it begins with a model."""
    command = [sys.executable, "-m", "dbt.cli.main", "build", "--target", "prod", "--log-format", "json"]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("AEP_")}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=inherited | environment_of(store, "killed", AS_OF, FIRST_DAY, None),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if '"LogStartLine"' in line and f".{moment}" in json.loads(line)["data"]["description"]:
                process.kill()
                return
    raise AssertionError(f"dbt never began with {moment}")


def rows(store: FeatureStore, model: str) -> list[dict[str, Any]]:
    return store.sql.rows(f"select * from {model} order by user_id asc nulls last, as_of asc nulls last")


# `make test` holds kills at random moments, of the daily table too: test_random_kills.
@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("int_user_day_activity", marks=pytest.mark.soak),
        pytest.param("newsletter_spine", marks=pytest.mark.soak),
        pytest.param("newsletter_training_set", marks=pytest.mark.soak),
    ],
)
def test_a_build_that_was_killed_is_completed_by_the_next_one(store: FeatureStore, moment: str) -> None:
    build_until(store, moment)
    built = store.featurize(AS_OF)
    for model in ("newsletter_spine", "newsletter_scoring_set", "newsletter_training_set"):
        all_rows = store.sql.count(f"{model}_runs", f"run_id = '{built.run_id}'")
        keys = store.sql.scalar(f"select count(*) as n from (select distinct user_id, as_of from {model}_runs)")
        assert all_rows == int(keys)


def test_no_feature_and_no_label_of_a_run_depends_on_what_happens_at_or_after_as_of(store: FeatureStore) -> None:
    store.featurize(AS_OF)
    before = {m: rows(store, f"newsletter_{m}") for m in ("scoring_set", "training_set", "exclusions")}
    later = [e for e in synthetic_events(300) if e.at_ms >= CUT]
    known = {e.user_id for e in synthetic_events(300) if e.at_ms < CUT}
    altered = [replace(e, event_id=f"altered-{n}", at_ms=CUT + n % DAY) for n, e in enumerate(later)]
    converted = [Event(f"new-{n}", u, "web.formFilledOut", CUT) for n, u in enumerate(sorted(filter(None, known)))]
    store.add_events(later + altered + converted, "events-2")

    dbt(store, "build", "--target", "dev", "--exclude-resource-type", "test", prefix="again", as_of=AS_OF)
    for model, expected in before.items():
        assert rows(store, f"again_newsletter_{model}") == expected, model
