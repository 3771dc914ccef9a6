"""propensity.yml and the dbt project stay in step."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.errors import SettingsError
from runner.project import differences, event_types, generated_files, init, sync, synced_copy
from runner.settings import Attribute, AudienceSettings, ChannelField, NumericField, Settings, UseCase, load_settings

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dbt_project"
FEATURE = {"role": "feature", "kind": "number"}
CLICK = UseCase(
    name="click",
    title="Who will click",
    target_event="directMarketing.emailClicked",
    repeatable=True,
    horizon_days=7,
    audience=AudienceSettings(name="Likely to click", top_percent=5),
)


@pytest.fixture
def settings() -> Settings:
    return load_settings(ROOT / "propensity.yml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT, tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target", "logs")))


def test_the_project_that_is_checked_in_is_in_step_with_propensity_yml(settings: Settings) -> None:
    assert differences(settings, PROJECT) == []


def test_a_third_use_case_is_added_in_yaml_alone(settings: Settings, project: Path) -> None:
    three = settings.model_copy(update={"use_cases": (*settings.use_cases, CLICK)})
    changed = {str(path) for path in sync(three, project)}
    assert "models/use_cases/click/click_training_set.sql" in changed
    assert not [path for path in changed if "newsletter" in path or "purchase" in path]
    text = (project / "models/use_cases/click/click_scoring_set.sql").read_text()
    assert len(text.splitlines()) == 2
    assert differences(three, project) == []


def test_a_use_case_that_is_gone_takes_its_generated_files_along(settings: Settings, project: Path) -> None:
    sync(settings.model_copy(update={"use_cases": (*settings.use_cases, CLICK)}), project)
    sync(settings, project)
    assert not list((project / "models/use_cases/click").glob("*.sql"))


def test_every_feature_and_attribute_reaches_both_sets_with_a_description(settings: Settings) -> None:
    files = generated_files(settings, PROJECT)
    for name in ("training_set", "scoring_set"):
        text = files[Path(f"models/use_cases/newsletter/newsletter_{name}.yml")]
        columns = {c["name"]: c for c in yaml.safe_load(text)["models"][0]["columns"]}
        assert {"n_direct_marketing_email_opened_28d", "minutes_since_web_webpagedetails_page_views"} <= set(columns)
        assert {"active_days_7d", "tenure_days", "country", "email_opt_out"} <= set(columns)
        assert all(c["description"] and c["data_type"] for c in columns.values())
        assert columns["country"]["config"]["meta"]["propensity"]["role"] == "attribute"
        assert ("label" in columns) == (name == "training_set")


def test_a_feature_is_added_in_two_files(settings: Settings, project: Path) -> None:
    features = project / "models/features"
    (features / "feat_weekend.sql").write_text("select user_id, as_of, look_back_days, 1 as n_weekend_events from x")
    (features / "feat_weekend.yml").write_text(
        "version: 2\nmodels:\n  - name: feat_weekend\n    columns:\n      - name: n_weekend_events\n"
        "        data_type: int\n        description: Events on weekends.\n"
        "        config: {meta: {propensity: {role: feature, kind: number, when_absent: 0}}}\n"
    )
    sync(settings, project)
    text = (project / "models/use_cases/newsletter/newsletter_scoring_set.yml").read_text()
    assert "n_weekend_events" in text
    assert "feat_weekend" in (project / "macros/generated/settings.sql").read_text()


def test_a_feature_model_without_yaml_says_what_to_write(settings: Settings, project: Path) -> None:
    (project / "models/features/feat_lonely.sql").write_text("select 1")
    with pytest.raises(SettingsError, match=r"feat_lonely.sql has no feat_lonely.yml beside it"):
        sync(settings, project)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"description": " "}, "mine has no description"),
        ({"data_type": None}, "mine has no data_type"),
        ({"data_type": "float64"}, "mine has the data_type 'float64', and a number is one of: int, bigint, double"),
        ({"data_type": "string"}, "mine has the data_type 'string', and a number is one of"),
        ({"config": {"meta": {"propensity": {"role": "featur", "kind": "number"}}}}, "mine has the role 'featur'"),
        ({"config": {"meta": {"propensity": {"role": "feature", "kind": "numeric"}}}}, "mine has the kind 'numeric'"),
        ({"config": {"meta": {"propensity": {"role": "feature", "kind": "number", "absent": 0}}}}, "mine has 'absent'"),
        ({"config": {"meta": {"role": "feature", "kind": "number"}}}, "mine has no config.meta.propensity"),
        ({"name": None}, "column 2 has no name"),
    ],
)
def test_a_feature_whose_yaml_is_wrong_is_refused_by_column_and_fault(
    settings: Settings, project: Path, changed: dict[str, Any], fault: str
) -> None:
    right = {"data_type": "double", "description": "x", "config": {"meta": {"propensity": FEATURE}}}
    columns = [right | {"name": "sound"}, right | {"name": "mine"} | changed]
    (project / "models/features/feat_mine.sql").write_text("select 1")
    described = project / "models/features/feat_mine.yml"
    described.write_text(json.dumps({"models": [{"name": "feat_mine", "columns": columns}]}))
    with pytest.raises(SettingsError, match=f"feat_mine.yml does not describe feat_mine: {re.escape(fault)}"):
        sync(settings, project)


def test_a_column_has_one_owner(settings: Settings, project: Path) -> None:
    (project / "models/features/feat_twice.sql").write_text("select 1")
    (project / "models/features/feat_twice.yml").write_text(
        "models: [{name: feat_twice, columns: [{name: tenure_days, data_type: double, description: x, "
        "config: {meta: {propensity: {role: feature, kind: number}}}}]}]"
    )
    with pytest.raises(SettingsError, match="'tenure_days' comes from feat_activity and from feat_twice"):
        sync(settings, project)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"profile_attributes": (Attribute(path="a.b", name="label"),)}, "'label' comes from the spine and from prof"),
        ({"profile_attributes": (Attribute(path="a.b", name="group"),)}, "'group' comes from SQL itself and from prof"),
        ({"numeric_fields": (NumericField(path="a.b", name="order"),)}, "'order' comes from SQL itself and from numer"),
        ({"channel_fields": (ChannelField(path="a.b", name="event"),)}, "'event' comes from every event and from chan"),
    ],
)
def test_a_name_that_means_something_else_is_refused(
    settings: Settings, project: Path, changed: dict[str, Any], says: str
) -> None:
    with pytest.raises(SettingsError, match=says):
        sync(settings.model_copy(update=changed), project)


def test_a_hand_written_file_is_never_overwritten(settings: Settings, project: Path) -> None:
    path = project / "models/use_cases/newsletter/newsletter_scoring_set.sql"
    path.write_text("select 'mine' as it")
    with pytest.raises(SettingsError, match="was written by hand"):
        sync(settings, project)
    assert path.read_text() == "select 'mine' as it"


def test_numeric_fields_bring_a_feature_model_of_their_own(settings: Settings, project: Path) -> None:
    field = NumericField(path="commerce.order.priceTotal", name="order_value", aggregations=("sum", "last"))
    sync(settings.model_copy(update={"numeric_fields": (field,)}), project)
    text = (project / "models/features/feat_numbers.yml").read_text()
    assert "sum_order_value_28d" in text
    assert "last_order_value_90d" in text
    assert "mean_order_value" not in text


def test_unlisted_event_types_get_names_of_their_own(settings: Settings) -> None:
    names = {
        e.type: e.name for e in event_types(settings, ["a-b", "a.b", "Grüße", "???", "events", "commerce.purchases"])
    }
    assert names["a-b"] == "a_b"
    assert names["a.b"] == "a_b_2"
    assert names["???"] == "event"
    assert names["events"] == "events_2"  # n_events_7d counts all events
    assert len(set(names.values())) == len(names)
    assert all(name.replace("_", "").isalnum() and "__" not in name for name in names.values())


def test_unlisted_event_types_change_a_copy_and_not_the_project(settings: Settings, tmp_path: Path) -> None:
    copy = synced_copy(settings, PROJECT, tmp_path / "copy", ["app.launch"])
    assert "n_app_launch_7d" in (copy / "models/features/feat_events.yml").read_text()
    assert differences(settings, PROJECT) == []


def test_awkward_names_survive_yaml(settings: Settings, project: Path) -> None:
    odd = CLICK.model_copy(update={"name": "no", "title": 'She said: "yes", #1 {x}'})
    sync(settings.model_copy(update={"use_cases": (odd,)}), project)
    model = yaml.safe_load((project / "models/use_cases/no/no_training_set.yml").read_text())["models"][0]
    assert model["config"]["meta"]["propensity"]["use_case"] == "no"
    assert model["config"]["tags"] == ["no"]
    assert 'She said: "yes", #1 {x}' in model["description"]


def test_init_gives_a_project_that_is_in_step_and_refuses_to_overwrite(tmp_path: Path) -> None:
    made = init(tmp_path / "mine")
    assert {p.name for p in made} == {"dbt_project", "propensity.yml", "prefect.yaml", "profiles.yml.example"}
    assert differences(load_settings(tmp_path / "mine/propensity.yml"), tmp_path / "mine/dbt_project") == []
    with pytest.raises(SettingsError, match="already holds dbt_project"):
        init(tmp_path / "mine")


def test_a_folder_that_is_no_project_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a dbt project"):
        sync(settings, tmp_path)
