"""propensity.yml and the environment: what is wrong is named, what is secret is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import SettingsError
from runner.settings import Connection, Settings, load_settings, snake_case

ROOT = Path(__file__).parents[2]
CASE = {"name": "newsletter", "title": "t", "target_event": "e", "audience": {"name": "a", "top_percent": 10}}
ENVIRONMENT = {
    "AEP_ORG_ID": "A1@AdobeOrg",
    "AEP_CLIENT_ID": "client",
    "AEP_CLIENT_SECRET": "very-secret",
    "AEP_SCOPES": "openid",
    "AEP_SANDBOX": "dev",
}


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "propensity.yml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("use_cases: newsletter", r"use_cases: This should be a list"),
        ("use_cases: [newsletter]", r"use_cases\.0: This should be keys with values"),
        ("nobody: 1", r"nobody: This key is not known"),
    ],
)
def test_a_fault_is_told_in_the_words_of_yaml(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings(write(tmp_path, text))


def test_the_file_we_ship_is_valid() -> None:
    settings = load_settings(ROOT / "propensity.yml")
    assert settings.use_case("newsletter").target_event == "web.formFilledOut"
    assert settings.use_case("purchase").repeatable
    assert settings.dbt_project == ROOT / "dbt_project"


def test_an_unknown_key_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="horizon_dayz"):
        load_settings(write(tmp_path, f"use_cases: [{CASE | {'horizon_dayz': 3}}]"))


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="propensity init"):
        load_settings(tmp_path / "propensity.yml")


def test_two_event_types_that_would_share_a_column_are_refused() -> None:
    with pytest.raises(ValueError, match="page_view"):
        Settings.model_validate({"use_cases": [CASE], "event_types": ["page.view", "page_view"]})


def test_two_underscores_in_a_name_are_refused() -> None:
    with pytest.raises(ValueError, match="pattern"):
        Settings.model_validate({"use_cases": [CASE | {"name": "news__letter"}]})


def test_an_audience_needs_exactly_one_rule() -> None:
    both = {"name": "a", "top_percent": 10, "min_score": 0.5}
    with pytest.raises(ValueError, match="exactly one"):
        Settings.model_validate({"use_cases": [CASE | {"audience": both}]})


def test_an_exclusion_is_one_condition() -> None:
    with pytest.raises(ValueError, match="one SQL condition"):
        Settings.model_validate({"use_cases": [CASE | {"exclusions": [{"name": "x", "when": "true; drop table t"}]}]})


def test_among_several_use_cases_none_is_guessed() -> None:
    two = [CASE, CASE | {"name": "purchase", "audience": {"name": "b", "top_percent": 5}}]
    with pytest.raises(SettingsError, match=r"several use cases: newsletter, purchase. Say which one: --use-case"):
        Settings.model_validate({"use_cases": two}).use_case()


def test_two_use_cases_do_not_share_an_audience() -> None:
    with pytest.raises(ValueError, match="audience named more than once: a"):
        Settings.model_validate({"use_cases": [CASE, CASE | {"name": "purchase"}]})


def test_a_use_case_whose_tables_would_have_too_long_names_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 31"):
        Settings.model_validate({"use_cases": [CASE | {"name": "x" * 32}]})


def test_an_unknown_use_case_lists_those_there_are() -> None:
    with pytest.raises(SettingsError, match="newsletter"):
        Settings.model_validate({"use_cases": [CASE]}).use_case("churn")


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(SettingsError, match="AEP_CLIENT_SECRET, AEP_SCOPES, AEP_SANDBOX"):
        Connection.from_environment({"AEP_ORG_ID": "a", "AEP_CLIENT_ID": "b"})


def test_the_secret_does_not_show() -> None:
    connection = Connection.from_environment(ENVIRONMENT)
    assert "very-secret" not in repr(connection) + str(connection) + connection.model_dump_json()


def test_a_wrong_value_is_not_repeated_in_the_error() -> None:
    with pytest.raises(SettingsError) as caught:
        Connection.from_environment(ENVIRONMENT | {"AEP_SANDBOX": "Not A Sandbox"})
    assert "Not A Sandbox" not in str(caught.value)


@pytest.mark.parametrize(
    ("event_type", "column"),
    [
        ("directMarketing.emailOpened", "direct_marketing_email_opened"),
        ("web.webpagedetails.pageViews", "web_webpagedetails_page_views"),
        ("HTTPError seen", "http_error_seen"),
        ("a__b--c", "a_b_c"),
    ],
)
def test_event_types_become_column_names(event_type: str, column: str) -> None:
    assert snake_case(event_type) == column
