"""What can be promised about the dbt project without a server: dbt parses and compiles it, and we read what it made."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.contract import Contract
from runner.featurize.dbt_process import dbt_process

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dbt_project"
OFFLINE = {"offline": True, "tenant": "acme", "as_of": "2026-11-09", "first_day": "2026-08-31"}


def dbt(
    project: Path,
    target: Path,
    *arguments: str,
    variables: dict[str, str] | None = None,
    profiles: Path = PROJECT / "lint",
) -> subprocess.CompletedProcess[str]:
    """Run dbt offline."""
    command = [*arguments, "--project-dir", str(project), "--profiles-dir", str(profiles)]
    command += ["--target-path", str(target), "--log-path", str(target)]
    command += ["--vars", json.dumps(OFFLINE | (variables or {}))]
    with dbt_process() as process:
        output = "".join(process.lines(command, clean()))
    assert process.status is not None
    return subprocess.CompletedProcess(command, process.status, output)


def clean() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("AEP_", "DBT_", "PROPENSITY_"))}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("target")
    done = dbt(PROJECT, folder, "compile", "--target", "prod", "--no-introspect", "--no-populate-cache")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="module")
def manifest(target: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    return content


@pytest.fixture(scope="module")
def compiled(target: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in (target / "compiled/propensity/models").rglob("*.sql")}


def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}


def test_nothing_reaches_query_service_that_its_documentation_does_not_have(compiled: dict[str, str]) -> None:
    for name, sql in compiled.items():
        bare = re.sub(r"'(?:[^'\\]|\\.)*'", "''", sql).lower()
        assert "::" not in bare, name
        assert "__" not in bare, name
        assert '"' not in bare, name
        assert not re.search(r"\blimit\b|\bqualify\b|\bfilter\s*\(|\bpg_|information_schema|\bcross join\b", bare), name


def test_every_order_by_says_where_nulls_go(compiled: dict[str, str]) -> None:
    for name, sql in compiled.items():
        for clause in re.findall(r"order by([^)]*)\)", sql):
            assert clause.count("nulls") == clause.count(",") + 1, (name, clause)


def test_no_tenant_and_no_table_name_stands_in_the_sql() -> None:
    for path in [*PROJECT.glob("models/**/*.sql"), *PROJECT.glob("macros/**/*.sql")]:
        text = path.read_text()
        if path.parent.name == "query_service" or path.parent.name == "generated":
            continue
        assert "acme" not in text, path
        assert "propensity_events" not in text, path


def test_every_model_and_every_column_is_described(manifest: dict[str, Any]) -> None:
    for name, node in models(manifest).items():
        assert node["description"], name
        assert all(c["description"] and c["data_type"] for c in node["columns"].values()), name


def test_the_docs_site_opens_with_what_there_is(manifest: dict[str, Any]) -> None:
    opening = manifest["docs"]["doc.propensity.__overview__"]["block_contents"]
    folders = {p.name for p in (ROOT / "dbt_project/models").iterdir() if p.is_dir()}
    assert {name for name in folders if f"`{name}`" in opening} == folders
    named = set(re.findall(r"`((?:int|events|sample)_\w+)`", opening))
    nodes = {unique_id.split(".")[-1] for unique_id in manifest["nodes"]}
    assert len(named & nodes) >= 5
    assert named - nodes == set()


def test_lineage_runs_from_the_events_to_each_destination_without_a_hole(manifest: dict[str, Any]) -> None:
    exposures = {e["name"]: e for e in manifest["exposures"].values()}
    arrows = {child: set(parents) for child, parents in manifest["parent_map"].items()}
    for exposure in exposures.values():
        about = exposure["config"]["meta"].get("propensity", {})
        for written in about.get("writes", []):
            arrows[f"source.propensity.{written}"].add(exposure["unique_id"])
        arrows[exposure["unique_id"]] |= {exposures[name]["unique_id"] for name in about.get("reads", [])}

    def before(node: str, seen: set[str]) -> set[str]:
        for parent in arrows[node] - seen:
            before(parent, seen | {node})
            seen |= {parent} | before(parent, seen)
        return seen

    events = "source.propensity.experience_platform.events"
    for case in ("newsletter", "purchase"):
        destination = before(f"exposure.propensity.{case}_destination", set())
        assert {events, f"model.propensity.{case}_training_set", f"exposure.propensity.{case}_model"} <= destination
        assert {f"source.propensity.scores.{case}_scores", f"exposure.propensity.{case}_segment"} <= destination
        assert f"model.propensity.{case}_audience" in destination
    roots = {node for node, parents in arrows.items() if not parents and node.startswith(("source.", "model."))}
    assert roots == {events, "source.propensity.experience_platform.profiles", "model.propensity.int_as_ofs"}
    nowhere = {n for n in models(manifest) if not any(f"model.propensity.{n}" in p for p in arrows.values())}
    assert {n for n in nowhere if not n.endswith(("_exclusions", "int_event_standing"))} == set()
    assert all(e["description"] and e["label"] for e in exposures.values())


def test_the_contract_of_both_sets_can_be_read(target: Path) -> None:
    training = Contract.from_manifest(target / "manifest.json", "newsletter_training_set")
    scoring = Contract.from_manifest(target / "manifest.json", "newsletter_scoring_set")
    assert [c.name for c in training.features] == [c.name for c in scoring.features]
    assert training.one("label").data_type == "int"
    assert not scoring.has("label")
    assert len(training.features) > 70


def test_feature_models_reach_events_only_through_the_bounded_model(manifest: dict[str, Any]) -> None:
    nodes = models(manifest)
    features = [n for n in nodes.values() if "feature" in n["tags"]]
    assert len(features) >= 2
    for node in features:
        assert {p.split(".")[-1] for p in node["depends_on"]["nodes"]} <= {"int_activity_as_of", "stg_profiles"}


def test_only_one_model_reads_events(manifest: dict[str, Any]) -> None:
    readers = [
        n for n, node in models(manifest).items() if "model.propensity.stg_events" in node["depends_on"]["nodes"]
    ]
    assert readers == ["int_user_day_activity"]


def test_label_windows_of_everything_but_the_test_end_before_the_test_begins(compiled: dict[str, str]) -> None:
    spine = compiled["newsletter_spine"]
    blocks = re.findall(r"select\s+'(\w+)' as purpose,.*?cast\('([\d-]+)' as date\) as label_until", spine, re.S)
    as_ofs = dict(re.findall(r"select\s+'(\w+)' as purpose,\s+cast\('([\d-]+) 00:00:00' as timestamp\)", spine))
    assert as_ofs["score"] == "2026-11-09"
    assert as_ofs["test"] == "2026-10-26"
    assert as_ofs["anchor"] == "2026-10-12"
    assert all(until <= as_ofs["test"] for purpose, until in blocks if purpose in ("anchor", "earlier"))
    assert len(blocks) == 2 + 6


def test_a_short_history_has_fewer_as_of_dates(tmp_path: Path) -> None:
    done = dbt(
        PROJECT, tmp_path, "compile", "--target", "prod", "--no-introspect", "--no-populate-cache",
        "--select", "newsletter_spine", variables={"first_day": "2026-10-05"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    sql = next((tmp_path / "compiled/propensity").rglob("newsletter_spine.sql")).read_text()
    assert sql.count(" as purpose,\n    cast(") == 3


def test_other_targets_write_under_their_own_prefix(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    text = (PROJECT / "lint/profiles.yml").read_text()
    for ours, theirs in (("target: prod", "target: dev"), ("    prod: {", "    dev: {"), ("public", "ann")):
        text = text.replace(ours, theirs)
    (profiles / "profiles.yml").write_text(text)
    done = dbt(PROJECT, tmp_path / "target", "parse", profiles=profiles)
    assert done.returncode == 0, done.stdout
    content = json.loads((tmp_path / "target/manifest.json").read_text())
    assert {n["alias"] for n in models(content).values()} == {f"ann_{name}" for name in models(content)}


def test_a_name_with_two_underscores_in_a_row_is_refused_at_parse(tmp_path: Path) -> None:
    project = Path(shutil.copytree(PROJECT, tmp_path / "p", ignore=shutil.ignore_patterns("target", "logs")))
    (project / "models/staging/stg__twice.sql").write_text("select 1 as a")
    done = dbt(project, tmp_path / "target", "parse")
    assert done.returncode != 0
    assert "two underscores in a row" in done.stdout


def test_a_feature_that_could_see_the_future_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    project = Path(shutil.copytree(PROJECT, tmp_path / "p", ignore=shutil.ignore_patterns("target", "logs")))
    path = project / "models/features/feat_activity.sql"
    path.write_text(path.read_text() + "-- {{ ref('int_user_day_activity') }}\n")
    done = dbt(project, tmp_path / "target", "run", "--select", "feat_activity", "--no-populate-cache")
    assert done.returncode != 0
    assert "feat_activity reads int_user_day_activity" in done.stdout


def test_without_a_selection_dbt_takes_everything_but_what_needs_scores(tmp_path: Path) -> None:
    project = Path(shutil.copytree(PROJECT, tmp_path / "p", ignore=shutil.ignore_patterns("target", "logs")))
    (project / "seeds").mkdir()
    (project / "seeds/price_list.csv").write_text("item,price\na,1\n")
    (project / "tests/nothing_is_free.sql").write_text("select * from {{ ref('price_list') }} where price = 0")
    listed = dbt(project, tmp_path / "target", "ls", "--output", "name").stdout.split()
    assert {"price_list", "nothing_is_free", "newsletter_scoring_set"} <= set(listed)
    assert not [name for name in listed if name.endswith("_audience")]


def test_every_macro_about_query_service_says_what_it_replaces_and_why() -> None:
    files = sorted((PROJECT / "macros/query_service").rglob("*.sql"))
    assert len(files) > 20
    for path in files:
        first, second = path.read_text().splitlines()[:2]
        assert first.startswith("{#- Stock dbt would send:"), path.name
        assert second.strip().startswith("Query Service refuses it:"), path.name


def test_one_macro_per_file_and_the_file_is_called_like_it() -> None:
    for path in (PROJECT / "macros").rglob("*.sql"):
        names = re.findall(r"{%-? (?:macro (\w+)|materialization (\w+))", path.read_text())
        assert len(names) == 1, path.name
        macro, materialization = names[0]
        expected = {"settings": "generated_settings"}.get(path.stem, path.stem)
        assert (macro or f"materialization_{materialization}") == expected, path.name
