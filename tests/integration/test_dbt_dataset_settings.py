"""What a dataset is to the platform: identities, Profile, XDM schema. Given on creation and on change, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from runner.dataset_settings import settle_datasets
from runner.errors import DataError
from runner.platform.schemas import PROFILE_CLASS
from tests.integration.dbt_here import dbt_here as dbt
from tests.integration.feature_store import FeatureStore, feature_store
from tests.integration.small_project import small_project, write

SQL = """select 'a' as user_id, cast('2026-11-02 00:00:00' as timestamp) as as_of,
  {{ text_literal(run_id('newsletter')) }} as run_id, 'a@b.c' as mail
"""
YAML = """version: 2
models:
  - name: scored
    config:
      materialized: dataset
      meta:
        propensity: {use_case: newsletter}
        query_service: SETTINGS
    columns: [{name: user_id}, {name: as_of}, {name: run_id}, {name: mail}]
"""
PRIMARY = "user_id: {namespace: ECID, primary: true}"
MAIL = "mail: {namespace: Email}"
XDM_SQL = """select struct('a' as userid, {{ text_literal(run_id('newsletter')) }} as runid,
  cast('2026-11-02 00:00:00' as timestamp) as asof) as _acme
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("settings")) as running:
        yield small_project(running, "small", {"models/scored.sql": SQL})


def build(store: FeatureStore, settings: str, as_of: str = "2026-11-02") -> None:
    write(store.project / "models/scored.yml", YAML.replace("SETTINGS", settings))
    dbt(store, "run", "--target", "prod", prefix="small", as_of=date.fromisoformat(as_of))


def shown(store: FeatureStore, what: str) -> list[tuple[Any, ...]]:
    rows = [tuple(row.values()) for row in store.sql.rows(f"show {what}")]
    return [row for row in rows if row[0] == "scored_runs"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            "{identities: {user: {namespace: ECID, primary: true}}}",
            r"identities names user, .* \(user_id, as_of, run_id, mail\)",
        ),
        (f"{{profile: perhaps, identities: {{{PRIMARY}}}}}", r"profile is perhaps; it can be true, upsert or false"),
        (f"{{profile: true, identities: {{{MAIL}}}}}", r"Profile needs a primary identity"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(store: FeatureStore, settings: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        build(store, settings)
    assert shown(store, "tables") == []


def test_what_is_missing_is_added_and_what_cannot_change_is_refused(store: FeatureStore) -> None:
    build(store, "{}")
    assert shown(store, "identities") == []
    build(store, f"{{identities: {{{MAIL}}}}}")
    assert [row[1:] for row in shown(store, "identities")] == [("mail", "text", '"Email"', "false")]
    with pytest.raises(DataError, match=r"Profile needs a primary identity"):
        build(store, f"{{profile: true, identities: {{{MAIL}}}}}")
    build(store, f"{{profile: upsert, identities: {{{PRIMARY}, {MAIL}}}}}", "2026-11-03")
    assert len(shown(store, "identities")) == 2
    assert shown(store, "tables")[0][-1] == "'UPSERT', 'PROFILE'"
    build(store, f"{{profile: upsert, identities: {{{PRIMARY}, {MAIL}}}}}", "2026-11-04")

    with pytest.raises(DataError, match=r"'mail' of scored_runs is its identity.*drop constraint identity \(mail\)"):
        build(store, f"{{profile: upsert, identities: {{{PRIMARY}}}}}")
    with pytest.raises(DataError, match=r"'user_id' .* says \{'namespace': 'CORE'.*not changed under data"):
        build(store, f"{{profile: upsert, identities: {{{PRIMARY.replace('ECID', 'CORE')}, {MAIL}}}}}")
    with pytest.raises(DataError, match=r"enabled for Profile.*drop label 'PROFILE'"):
        build(store, f"{{profile: false, identities: {{{PRIMARY}, {MAIL}}}}}")
    with pytest.raises(DataError, match=r"enabled for Profile \(PROFILE\).*drop label 'PROFILE'"):
        build(store, f"{{identities: {{{PRIMARY}, {MAIL}}}}}")
    with pytest.raises(DataError, match=r"is its (primary )?identity .* says nothing of it.*drop constraint"):
        build(store, "{}")
    with pytest.raises(DataError, match=r"enabled for Profile \(UPSERT\).*drop label 'UPSERT'"):
        build(store, f"{{profile: true, identities: {{{PRIMARY}, {MAIL}}}}}")
    store.sql.execute("alter table scored_runs drop label 'UPSERT'")
    build(store, f"{{profile: true, identities: {{{PRIMARY}, {MAIL}}}}}")
    with pytest.raises(DataError, match=r"has no key 'profil' here. It knows: xdm_schema"):
        build(store, "{profil: true}")
    assert store.sql.count("scored_runs") == 3
    assert store.sql.count("scored") == 1


def test_a_config_where_nothing_is_made_of_it_is_refused(store: FeatureStore) -> None:
    lost = small_project(store, "lost", {"models/lost.sql": "{{ config(materialized='view') }} select 1 as one"})
    about = "{meta: {query_service: {usage_labels: [C2]}}}"
    write(lost.project / "models/lost.yml", f"version: 2\nmodels: [{{name: lost, config: {about}}}]\n")
    with pytest.raises(DataError, match=r"query_service` of lost: only .* dataset or audience"):
        dbt(lost, "run", "--target", "prod", prefix="lost")


def test_a_dataset_keeps_the_xdm_schema_it_was_made_with_and_gets_its_usage_labels(store: FeatureStore) -> None:
    registry = store.platform.schemas
    fields = {"_acme": {"type": "object", "properties": {
        "userid": {"type": "string"}, "runid": {"type": "string"}, "asof": {"type": "string", "format": "date-time"},
    }}}  # fmt: skip
    group = registry.ensure_field_group("Scored by SQL", PROFILE_CLASS, fields)
    registry.ensure_schema("Scored people", PROFILE_CLASS, [group.id])
    registry.ensure_schema("Other people", PROFILE_CLASS, [group.id])
    paths = "{user_id: '_{tenant}.userid', as_of: '_{tenant}.asof', run_id: '_{tenant}.runid'}"
    settings = f"{{xdm_schema: Scored people, row_validation: false, usage_labels: [C2, I2], paths: {paths}}}"
    shaped = small_project(store, "shaped", {"models/shaped.sql": XDM_SQL})
    yaml = YAML.replace("name: scored", "name: shaped").split("    columns:")[0] + "    columns: [{name: _acme}]\n"

    write(shaped.project / "models/shaped.yml", yaml.replace("SETTINGS", settings))
    for day in ("2026-11-02", "2026-11-03", "2026-11-03"):
        dbt(shaped, "run", "--target", "prod", prefix="shaped", as_of=date.fromisoformat(day))
    assert store.sql.count("shaped_runs") == 2
    assert store.sql.scalar("select _acme.runid as run_id from shaped") == "newsletter-20261103"

    def rebuilt(of: str, instead: str, *more: str) -> None:
        write(shaped.project / "models/shaped.yml", yaml.replace("SETTINGS", settings.replace(of, instead)))
        dbt(shaped, "run", "--target", "prod", *more, prefix="shaped", as_of=date(2026, 11, 4))

    with pytest.raises(DataError, match=r"made with row_validation: false, .* says true; .*the model another name"):
        rebuilt("row_validation: false, ", "")
    with pytest.raises(DataError, match=r"made with xdm_schema: Scored people, the model's config says none"):
        rebuilt("xdm_schema: Scored people, ", "")
    with pytest.raises(DataError, match=r"no longer names the usage label I2 of shaped_runs.*labels_taken_off: \[I2\]"):
        rebuilt("I2", "C3")
    assert store.sql.count("shaped_runs") == 2
    rebuilt("C2, I2", "C2", "--vars", "{labels_taken_off: [I2]}")
    rebuilt("", "")
    assert store.sql.count("shaped_runs") == 3

    manifest = store.folder / "shaped/target/manifest.json"
    dataset = next(d for d in store.platform.catalog.datasets() if d.table_name == "shaped_runs")
    store.platform.labels.add(dataset.id, ["C9"])
    said: list[str] = []
    for _ in range(2):
        settle_datasets(store.platform, manifest, said.append)
    assert said == ["shaped_runs carries the usage labels C2, I2 from now on"]
    assert store.platform.labels.labels(dataset.id).dataset == ("C9", "C2", "I2")
    manifest.write_text(manifest.read_text().replace("Scored people", "Other people"))
    with pytest.raises(DataError, match=r"shaped_runs was not made with the XDM schema 'Other people'"):
        settle_datasets(store.platform, manifest, said.append)
