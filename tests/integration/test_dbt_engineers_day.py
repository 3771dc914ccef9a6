"""An engineer's day: a connection for dbt and editors, an old token in one line, a part of the data to try with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.errors import DataError
from runner.exploration import explore_activity
from tests.integration.dbt_here import dbt_here, invoke
from tests.integration.feature_store import ROOT, FeatureStore, feature_store, synthetic_events
from tests.integration.point_in_time import DAY, ms

ONE_DAY = 25 * 3600


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("day")) as running:
        events = synthetic_events(120)
        again = [replace(e, at_ms=e.at_ms + DAY) for e in events if ms("2026-10-01") <= e.at_ms < ms("2026-10-02")]
        running.add_events([*events, *again], "events-1")
        running.add_profiles([f"quiet{n}" for n in range(40)], [False] * 40, "profiles-1")
        settings = yaml.safe_load((ROOT / "propensity.yml").read_text())
        (running.folder / "propensity.yml").write_text(yaml.safe_dump(settings))
        yield running


def run(store: FeatureStore, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AEP_", "DBT_", "PROPENSITY_"))}
    environment = clean | store.local.environment() | {"PROPENSITY_PREFIX": "ann"} | more
    return subprocess.run(
        command, cwd=store.folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def propensity(store: FeatureStore, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return run(store, sys.executable, "-m", "runner.cli", *arguments, **more)


@pytest.fixture(scope="module")
def built(store: FeatureStore) -> str:
    """What `propensity dbt` prints that builds the daily activity and the profiles for the first time."""
    done = propensity(
        store, "dbt", "--", "run", "--target", "dev", "--select", "stg_profiles", "+int_user_day_activity"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def exported(text: str) -> Mapping[str, str]:
    lines = [line.removeprefix("export ").split("=", 1) for line in text.splitlines()]
    return {name: value[1:-1] for name, value in lines}


def test_bare_dbt_works_with_what_propensity_env_prints_until_the_token_is_old(store: FeatureStore) -> None:
    printed = propensity(store, "env")
    assert printed.returncode == 0, printed.stderr
    variables = dict(exported(printed.stdout))
    assert (
        Path(variables["DBT_PROFILES_DIR"], "profiles.yml").read_text() == (ROOT / "profiles.yml.example").read_text()
    )
    bare = (sys.executable, "-m", "dbt.cli.main", "show", "--inline")
    count = (*bare, "select count(*) as n from {{ source('experience_platform', 'events') }}")
    shown = run(store, *count, **variables)
    assert shown.returncode == 0, shown.stdout
    assert f"| {store.sql.count('propensity_events')} |" in shown.stdout

    old = run(store, *count, **variables | {"PROPENSITY_TOKEN_EXPIRES": "2026-01-01T00:00:00Z"})
    said = [line for line in old.stdout.splitlines() if "expired" in line and "in macro" not in line]
    assert len(said) == 1
    assert 'expired at 2026-01-01T00:00:00Z: run eval "$(propensity env)" again' in said[0]


def test_propensity_dbt_passes_dbt_on_and_says_a_refused_token_in_one_line(store: FeatureStore, built: str) -> None:
    assert "ann_stg_profiles" in built
    assert store.sql.count("ann_stg_profiles") == 40
    # A token of another day: what the engineer set by hand stays, because libpq's own variable is not ours.
    profiles = store.folder / "profiles.yml"
    profiles.write_text(
        (ROOT / "profiles.yml.example").read_text().replace("{{ env_var('DBT_ENV_SECRET_PROPENSITY_TOKEN') }}", "old")
    )
    try:
        refused = propensity(store, "dbt", "--", "build", "--target", "dev", "--select", "stg_profiles")
    finally:
        profiles.unlink()
    assert refused.returncode != 0
    lines = [line for line in refused.stdout.splitlines() if "token" in line or "password" in line]
    assert len(lines) == 1
    assert "the access token: it has expired. Run the command again" in lines[0]
    assert "Traceback" not in refused.stdout + refused.stderr


def test_the_first_command_of_the_readmes_day_works_where_nothing_was_built(store: FeatureStore) -> None:
    command = re.search(r"^propensity (dbt -- build .*? --target dev) ", (ROOT / "README.md").read_text(), re.M)
    assert command is not None
    done = propensity(store, *command[1].split(), PROPENSITY_PREFIX="eve")
    assert done.returncode == 0, done.stdout + done.stderr
    assert store.sql.count("eve_feat_activity") > 0


def test_propensity_dbt_stops_at_the_limits_of_propensity_yml_by_what_builds_took_before(
    store: FeatureStore, built: str
) -> None:
    assert re.search(r"int_user_day_activity is to read about \d+ batches, \d+ rows, \d+ bytes \(an estimate", built)
    assert "Warning" not in built
    settings = store.folder / "propensity.yml"
    before = settings.read_text()
    settings.write_text(f"{before}\nmax_compute_hours: 0.00001\n")
    try:
        command = ("dbt", "--", "run", "--target", "dev", "--select", "+int_user_day_activity")
        second = propensity(store, *command, PROPENSITY_PREFIX="isa")
    finally:
        settings.write_text(before)
    assert second.returncode == 1
    assert "Stopped before int_user_day_activity" in second.stdout
    assert "and max_compute_hours is 1e-05" in second.stdout
    assert not [r["name"] for r in store.sql.rows("show tables") if r["name"].startswith("isa_")]


def test_a_development_variable_limits_days_and_users_and_production_refuses_it(store: FeatureStore) -> None:
    limits = '{"limit_days": 10, "limit_users_percent": 50}'
    chosen = ("--select", "stg_events", "stg_profiles", "--vars", limits)
    dbt_here(store, "run", "--target", "dev", *chosen, prefix="bob", as_of=date(2026, 11, 9))
    seen = store.sql.rows(
        "select count(distinct user_id) as users, min(event_at) as first_at, max(event_at) as last_at"
        " from bob_stg_events"
    )[0]
    everybody = store.sql.scalar(
        "select count(distinct _acme.userId) as n from propensity_events"
        " where timestamp >= cast('2026-10-30 00:00:00' as timestamp)"
    )
    assert seen["first_at"].date() >= date(2026, 10, 30)
    assert seen["last_at"].date() == date(2026, 11, 8)
    assert 0.25 * everybody < seen["users"] < 0.75 * everybody
    people = store.sql.count("bob_stg_profiles")
    assert 8 < people < 32
    both = store.sql.scalar(
        "select count(*) as n from bob_stg_profiles as p inner join bob_stg_profiles as q on p.user_id = q.user_id"
    )
    assert both == people, "the same users each time"
    with pytest.raises(DataError, match=r"`limit_days` is for development: production is built from all rows"):
        dbt_here(store, "run", "--target", "prod", *chosen, prefix="bob")
    views = {r["Name"] for r in store.sql.rows("show views")}
    assert views >= {"bob_stg_events", "bob_stg_profiles"}
    assert "stg_events" not in views


def test_the_analyses_run_and_say_what_the_report_says(store: FeatureStore) -> None:
    as_of = date(2026, 11, 9)
    target = store.settings.use_case("newsletter").target_event
    build = ("run", "--select", "+int_user_day_activity", "--target", "dev")
    dbt_here(store, *build, prefix="zoe", as_of=as_of)
    activity = "zoe_int_user_day_activity"
    said = explore_activity(store.sql, activity, "propensity_events", target, datetime(2026, 11, 9, tzinfo=UTC))

    def rows(name: str) -> list[dict[str, Any]]:
        arguments = ("show", "--select", name, "--limit", "1000", "--target", "dev")
        table = invoke(store, *arguments, prefix="zoe", as_of=as_of).result.results[0].agate_table  # type: ignore[union-attr]
        return [dict(zip(table.column_names, row, strict=True)) for row in table.rows]

    (whole,) = rows("events_profile")
    assert whole["ids_on_several_days"] == said.ids_on_several_days > 0
    assert (whole["event_rows"], whole["users"], whole["days"]) == (said.events, said.users, len(said.days))
    funnel = {r["event_type"]: (r["event_rows"], r["users"], r["converted"]) for r in rows("events_funnel")}
    assert funnel == {t.event_type: (t.events, t.users, t.converted) for t in said.types}
    found = {r["event_type"]: r["correlation"] for r in rows("events_correlations")}
    assert {t.event_type: t.correlation for t in said.types} == {
        name: None if value is None else pytest.approx(float(value), abs=1e-9) for name, value in found.items()
    }
    (sample,) = rows("sample_with_error")
    assert said.sample is not None
    assert {k: float(v) for k, v in sample.items()} == pytest.approx(asdict(said.sample))
