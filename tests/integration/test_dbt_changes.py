"""A project that changes between runs: features come, go and change, and engineers work beside production."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.docs_site import build_docs
from runner.errors import DataError
from runner.featurize import Featurized, forget_run
from tests.integration.dbt_here import variables_set
from tests.integration.feature_store import ROOT, FeatureStore, feature_store, synthetic_events
from tests.integration.point_in_time import Event, ms

BROWSER = shutil.which("chromium")

FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)
SQL = """with activity as (
  select * from {{ ref('int_activity_as_of') }}
)

select
  user_id,
  as_of,
  look_back_days,
  cast(sum(case when dayofweek(activity_date) in (1, 7) then n else 0 end) as TYPE) as n_weekend_events
from activity
group by user_id, as_of, look_back_days
"""
YAML = """version: 2
models:
  - name: feat_weekend
    description: Events on Saturdays and Sundays.
    columns:
      - {name: user_id, data_type: string, description: The person key.}
      - {name: as_of, data_type: timestamp, description: Features know events before this moment.}
      - {name: look_back_days, data_type: int, description: How far back.}
      - name: n_weekend_events
        data_type: TYPE
        description: Events on Saturdays and Sundays in the look-back.
        config: {meta: {propensity: {role: feature, kind: number, when_absent: 0}}}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("changes")) as running:
        running.add_events(synthetic_events(250), "events-1")
        running.add_profiles(["quiet"], [False], "profiles-1")
        yield running


@pytest.fixture(scope="module")
def first(store: FeatureStore) -> Featurized:
    return store.featurize(FIRST)


def write_feature(store: FeatureStore, data_type: str) -> None:
    folder = store.project / "models/features"
    (folder / "feat_weekend.sql").write_text(SQL.replace("TYPE", data_type))
    (folder / "feat_weekend.yml").write_text(YAML.replace("TYPE", data_type))


def remove_feature(store: FeatureStore) -> None:
    for path in (store.project / "models/features").glob("feat_weekend.*"):
        path.unlink()


def test_a_run_that_is_there_has_the_columns_of_its_day_and_a_new_one_asks_for_another_date(
    store: FeatureStore, first: Featurized
) -> None:
    before = content(store, first)
    write_feature(store, "int")
    expected = rf"holds run {first.run_id}, .* before there was 'n_weekend_events'; .*--as-of DATE"
    with pytest.raises(DataError, match=expected):
        store.featurize(FIRST)
    assert content(store, first) == before


def test_a_run_that_was_built_for_another_question_is_not_taken_for_the_answer(
    store: FeatureStore, first: Featurized
) -> None:
    cases = [c.model_copy(update={"horizon_days": 7}) for c in store.settings.use_cases]
    sooner = replace(store, settings=store.settings.model_copy(update={"use_cases": tuple(cases)}))
    with pytest.raises(DataError, match="newsletter-20261101, which was built for another question: horizon_days was"):
        sooner.featurize(FIRST)


def test_a_feature_that_comes_and_goes_is_null_in_every_run_but_its_own(store: FeatureStore, first: Featurized) -> None:
    before = content(store, first)
    write_feature(store, "int")
    second = store.featurize(SECOND)
    statement = "select sum(n_weekend_events) as n, min(n_weekend_events) as low from newsletter_scoring_set"
    (counts,) = store.sql.rows(statement)
    assert int(counts["n"]) > 0
    assert counts["low"] == 0
    remove_feature(store)
    third = store.featurize(date(2026, 11, 3))
    for run, rows in ((first, first.scoring_rows), (second, 0), (third, third.scoring_rows)):
        where = f"run_id = '{run.run_id}' and n_weekend_events is null"
        assert store.sql.count("newsletter_scoring_set_runs", where) == rows
    assert "n_weekend_events" not in store.sql.columns("newsletter_scoring_set")
    assert content(store, first) == [row | {"n_weekend_events": None} for row in before]


def content(store: FeatureStore, run: Featurized) -> list[dict[str, Any]]:
    statement = f"select * from newsletter_scoring_set_runs where run_id = '{run.run_id}' order by user_id"
    return store.sql.rows(statement)


def test_a_changed_type_is_an_error_that_names_the_column_and_the_way_out(
    store: FeatureStore, first: Featurized
) -> None:
    write_feature(store, "double")
    try:
        with pytest.raises(DataError, match=r"'n_weekend_events' of newsletter_\w+_runs is a int there and a double"):
            store.featurize(date(2026, 11, 4))
    finally:
        remove_feature(store)


@pytest.fixture(scope="module")
def page(store: FeatureStore, first: Featurized) -> Path:
    """The docs site of the project as it is, over the wire."""
    settings = store.folder / "propensity.yml"
    content = yaml.safe_load((ROOT / "propensity.yml").read_text())
    settings.write_text(yaml.safe_dump(content | {"dbt_project": str(store.project)}))
    with variables_set(store.local.environment()):
        return build_docs(settings, store.folder / "docs", print)


def test_the_docs_site_is_one_page_with_descriptions_columns_and_lineage(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    manifest, catalog = held(text, "manifest"), held(text, "catalog")
    described = manifest["nodes"]["model.propensity.feat_activity"]["columns"]
    built = catalog["nodes"]["model.propensity.feat_activity"]["columns"]
    assert set(described) <= set(built)
    assert all(column["description"] for column in described.values())
    assert "exposure.propensity.newsletter_destination" in manifest["exposures"]
    assert "source.propensity.scores.newsletter_scores" in catalog["sources"]
    parents = manifest["parent_map"]["model.propensity.newsletter_audience"]
    assert parents == ["source.propensity.scores.newsletter_scores"]


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here (Debian's package 'chromium')")
def test_a_browser_shows_a_columns_description_and_the_lineage(page: Path) -> None:
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    model = "#!/model/model.propensity.newsletter_audience"
    done = subprocess.run([*command, page.as_uri() + model], capture_output=True, text=True, check=True, timeout=120)
    assert "The calibrated probability, 0 to 1." in done.stdout
    assert "newsletter_destination" in done.stdout, "what the model is used by"
    assert "newsletter_scores" in done.stdout, "what the model is made from"


@pytest.mark.soak
def test_the_docs_site_needs_no_sandbox(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runner.cli", "docs", "--local", "--out", str(tmp_path)]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AEP_", "DBT_"))}
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    catalog = held((tmp_path / "index.html").read_text(encoding="utf-8"), "catalog")
    assert "model.propensity.purchase_scoring_set" in catalog["nodes"]


def held(text: str, what: str) -> dict[str, Any]:
    """The JSON that the static page carries in place of a file."""
    found = re.search(rf"[{{,]{what}:(?={{)", text)
    assert found, f"no {what} in the page"
    content: dict[str, Any] = json.JSONDecoder().raw_decode(text, found.end())[0]
    return content


def test_a_contract_that_does_not_fit_the_sql_names_the_column(store: FeatureStore, first: Featurized) -> None:
    write_feature(store, "int")
    path = store.project / "models/features/feat_weekend.yml"
    path.write_text(path.read_text().replace("data_type: int\n        desc", "data_type: bigint\n        desc"))
    try:
        with pytest.raises(DataError, match=r"feat_weekend: .*n_weekend_events.*data type mismatch"):
            store.featurize(date(2026, 11, 4))
    finally:
        remove_feature(store)


def test_a_run_keeps_its_rows_until_it_is_forgotten_and_is_then_built_from_the_events_of_today(
    store: FeatureStore, first: Featurized, capsys: pytest.CaptureFixture[str]
) -> None:
    other = store.featurize(SECOND)
    store.add_events([Event("late", "newcomer", "directMarketing.emailOpened", ms("2026-10-20"))], "late")
    before = content(store, first)
    capsys.readouterr()
    assert store.featurize(FIRST).scoring_rows == first.scoring_rows
    assert content(store, first) == before
    assert f"propensity forget --run-id {first.run_id}" in capsys.readouterr().out

    kept = content(store, other)
    forgotten = forget_run("newsletter", first.run_id, store.platform, store.sql, print, wait_seconds=60)
    assert forgotten == {f"newsletter_{name}_runs": 1 for name in ("scoring_set", "training_set", "spine")}
    rebuilt = store.featurize(FIRST)
    assert (rebuilt.scoring_rows, rebuilt.profiles) == (first.scoring_rows + 1, first.profiles + 1)
    assert rebuilt.batch_statements == 3, "a run that was forgotten is built from daily activity, which is as it was"
    assert content(store, other) == kept
