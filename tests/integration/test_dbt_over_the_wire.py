"""Everyday dbt over the wire, on one thread, with statements that Adobe documents and no others."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date

import pytest

from runner.errors import DataError
from tests.integration.dbt_here import SENT, invoke
from tests.integration.dbt_here import dbt_here as dbt
from tests.integration.feature_store import ROOT, FeatureStore, feature_store
from tests.integration.point_in_time import Event
from tests.integration.small_project import small_project, write

SEED = "code,label,weight,since\nde,Germany,1.5,2026-01-01\nfr,O'Higgins \\ co,,2026-02-03\n"
ODD = '"O\'Higgins \\ ""é"" <&>"'
MODELS = """version: 2
models:
  - name: countries
    description: A table of its own.
    config: {materialized: table, contract: {enforced: true}}
    columns:
      - {name: code, data_type: string, description: Two letters., data_tests: [unique, not_null]}
      - {name: weight, data_type: double, description: A number.}
  - name: heavy
    config:
      materialized: view
      pre_hook: ["set auto_to_json = true", {sql: "select 1 as hooked", transaction: false}]
      post_hook: "select max({{ this }}.weight) as heaviest from {{ this }}"
    data_tests: [{not_heavy: {config: {severity: warn}}}]
unit_tests:
  - name: nothing_in_nothing_out
    model: heavy
    given: [{input: ref('countries'), rows: []}]
    expect: {rows: []}
  - name: null_is_not_heavy
    model: heavy
    given: [{input: ref('countries'), rows: [{code: de, weight: 1.5}, {code: fr}]}]
    expect: {rows: [{code: de}]}
"""
NOT_HEAVY = "{% test not_heavy(model) %}select code from {{ model }} where weight > 1{% endtest %}"
SNAPSHOT = """snapshots:
  - name: countries_history
    relation: ref('countries')
    config: {strategy: check, check_cols: all, unique_key: code}
"""
DOCUMENTED = (
    r"(?is)\s*(select|with|show (tables|views|identities)|create table|create (or replace )?view|insert into|set|"
    r"alter table \w+ add (column|constraint|label)|drop (table|view|audience) if exists \w+\s*$)\b"
)
REFUSED = (
    r"\bpg_|information_schema|\bcascade\b|\brename\b|\btemporary\b|\blimit 0\b|::|\btruncate\b|\bupdate\b|\bdelete\b"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    SENT.clear()  # What other files of this process sent is judged by them.
    with feature_store(tmp_path_factory.mktemp("wire")) as running:
        running.add_events([Event("e1", "u1", "web.formFilledOut", 1_793_000_000_000)], "events-1")
        files = {
            "seeds/codes.csv": SEED,
            "models/countries.sql": "select code, cast(weight as double) as weight from {{ ref('codes') }}",
            "models/heavy.sql": "select code, weight from {{ ref('countries') }} where weight > 0",
            "models/models.yml": MODELS,
            "models/__sources.yml": (ROOT / "dbt_project/models/staging/__sources.yml").read_text(),
            "tests/generic/not_heavy.sql": NOT_HEAVY,
            "snapshots/history.yml": SNAPSHOT,
        }
        yield small_project(running, "small", files)


def log_rows(store: FeatureStore, what: str) -> list[tuple[str, str]]:
    with sqlite3.connect(f"file:{store.folder / 'platform/query_log.sqlite'}?mode=ro", uri=True) as log:
        return log.execute(f"select session, statement from queries where {what}").fetchall()


def shown(store: FeatureStore, *arguments: str) -> list[tuple[object, ...]]:
    done = invoke(store, "show", *arguments, "--target", "dev", prefix="ann")
    table = done.result.results[0].agate_table  # type: ignore[union-attr]
    return [tuple(row) for row in table.rows]


def test_an_engineers_commands_send_documented_statements_only(store: FeatureStore) -> None:
    dev = ("--target", "dev")
    built = dbt(store, "build", *dev, "--exclude-resource-type", "snapshot", prefix="ann")
    assert (built.models, built.tests) == (2, 5)
    assert "select max(ann_heavy.weight) as heaviest from ann_heavy" in SENT
    assert store.sql.rows("select label, weight, since from ann_codes order by code desc nulls last limit 1") == [
        {"label": "O'Higgins \\ co", "weight": None, "since": date(2026, 2, 3)}
    ]
    tables = {r["name"] for r in store.sql.rows("show tables")}
    dbt(store, "seed", *dev, prefix="ann")
    assert {r["name"] for r in store.sql.rows("show tables")} == tables, "the same seed again makes nothing"

    dbt(store, "test", *dev, "--store-failures", "--select", "heavy", prefix="ann")
    assert store.sql.rows("select code from ann_not_heavy_heavy") == [{"code": "de"}]
    assert shown(store, "--select", "countries", "--limit", "0") == []
    assert len(shown(store, "--select", "countries", "--limit", "1")) == 1
    assert shown(store, "--inline", "select count(*) as n from {{ ref('countries') }}") == [(2,)]
    dbt(store, "docs", "generate", *dev, prefix="ann")
    catalog = json.loads((store.folder / "ann/target/catalog.json").read_text())
    assert set(catalog["nodes"]["model.propensity.countries"]["columns"]) == {"code", "weight"}
    invoke(store, "source", "freshness", *dev, prefix="ann")
    fresh = json.loads((store.folder / "ann/target/sources.json").read_text())["results"]
    assert fresh[0]["max_loaded_at"].startswith("2026-10-26")

    before = store.folder / "before"
    before.mkdir()
    shutil.copyfile(store.folder / "ann/target/manifest.json", before / "manifest.json")
    write(store.project / "models/heavy.sql", "select code, weight from {{ ref('countries') }} where weight > nope")
    modified = ("run", *dev, "--select", "state:modified", "--state", str(before))
    with pytest.raises(DataError, match=r"dbt could not build heavy: .*nope"):
        dbt(store, *modified, prefix="ann")
    write(store.project / "models/heavy.sql", "select code, weight from {{ ref('countries') }} where weight > 1")
    again = invoke(store, "retry", *dev, prefix="ann")
    assert [r.node.name for r in again.result.results if r.node.resource_type == "model"] == ["heavy"]  # type: ignore[union-attr]

    with pytest.raises(DataError, match=r"dbt snapshots close old rows with UPDATE or MERGE.*materialized as dataset"):
        dbt(store, "snapshot", *dev, prefix="ann")
    before_drop = {r["name"] for r in store.sql.rows("show tables")}
    dbt(store, "run-operation", "drop_my_relations", *dev, prefix="ann")
    left = {r["name"] for r in store.sql.rows("show tables")}
    assert {name for name in before_drop if not name.startswith("ann_")} == left
    with pytest.raises(DataError, match="Nothing was dropped"):
        dbt(store, "run-operation", "drop_my_relations", "--target", "prod", prefix="ann")

    statements = [statement for _, statement in log_rows(store, "1=1")] + SENT
    assert len(statements) > 100
    for statement in statements:
        bare = re.sub(r"'(?:[^'\\]|\\.)*'", "''", statement).lower()
        assert re.match(DOCUMENTED, statement), statement
        assert not re.search(REFUSED, bare), statement


def test_what_query_service_has_nothing_for_is_said_before_anything_is_built(store: FeatureStore) -> None:
    path = store.project / "models/models.yml"
    path.write_text(MODELS.replace("materialized: view\n", "materialized: view\n      grants: {select: [bob]}\n"))
    try:
        with pytest.raises(DataError, match=r"`grants` of heavy: Query Service has no GRANT.*Roles"):
            dbt(store, "run", "--target", "dev", prefix="bob")
    finally:
        path.write_text(MODELS)
    assert not [r for r in store.sql.rows("show tables") if r["name"].startswith("bob_")]
    with pytest.raises(DataError, match=r"'codes' is the first word of production's own names"):
        dbt(store, "run", "--target", "dev", prefix="codes")


def test_a_seed_is_small_and_a_unit_test_can_fail_on_an_empty_fixture(store: FeatureStore) -> None:
    write(store.project / "seeds/big.csv", "n,told\n" + "".join(f"{n},{ODD if n % 2 else ''}\n" for n in range(5000)))
    write(store.project / "models/counted.sql", "select count(*) as n from {{ ref('countries') }}")
    write(
        store.project / "models/counted.yml",
        "version: 2\nunit_tests:\n  - {name: none, model: counted, given: [{input: ref('countries'), rows: []}],"
        " expect: {rows: [{n: 1}]}}\n",
    )
    dbt(store, "build", "--select", "big", "codes", "countries", "--target", "dev", prefix="eve")
    assert store.sql.rows("select count(*) as n, sum(n) as s, count(told) as t, max(told) as told from eve_big") == [
        {"n": 5000, "s": 12_497_500, "t": 2500, "told": 'O\'Higgins \\ "é" <&>'}
    ]
    with pytest.raises(DataError, match=r"none"):
        dbt(store, "test", "--select", "counted", "--target", "dev", prefix="eve")
    results = json.loads((store.folder / "eve/target/run_results.json").read_text())["results"]
    message = next(r["message"] for r in results if r["unique_id"].startswith("unit_test."))
    assert "+++,0" in message, "an empty fixture has no row, so nothing is counted"
    write(store.project / "seeds/big.csv", "n\n" + "".join(f"{n:050d}x\n" for n in range(20_000)))
    with pytest.raises(DataError, match=r"seed big has \d{7} characters; .* at most 1000000"):
        dbt(store, "seed", "--select", "big", "--target", "dev", prefix="eve")
