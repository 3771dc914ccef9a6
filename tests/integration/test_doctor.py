"""The doctor looks at one thing at a time and says what to do about each that fails."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from runner.doctor import Check, examine
from runner.local import LocalPlatform, local_platform
from runner.platform import Platform
from runner.settings import ENVIRONMENT, Settings
from runner.setup import apply, plan

CASE = {"name": "newsletter", "title": "t", "target_event": "e", "audience": {"name": "a", "min_score": 0.5}}

_numbers = itertools.count()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    with local_platform(tmp_path_factory.mktemp("platform"), delays="none") as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    project = tmp_path / "dbt_project"
    project.mkdir()
    (project / "dbt_project.yml").write_text("name: propensity\n")
    number = next(_numbers)
    values = {
        "use_cases": [CASE | {"name": f"case{number}"}],
        "datasets": {kind: f"{kind}_{number}" for kind in ("events", "profiles", "runs")},
        "state_dir": str(tmp_path / "state"),
        "dbt_project": str(project),
    }
    return Settings.model_validate(values)


def failing(checks: list[Check]) -> dict[str, Check]:
    return {c.name: c for c in checks if not c.ok}


def test_all_is_well_after_setup(local: LocalPlatform, settings: Settings) -> None:
    apply(plan(settings, Platform(local.connection())))
    checks = examine(settings, local.connection(), probe=True)
    assert failing(checks) == {}
    names = [c.name for c in checks]
    for expected in (
        "token",
        "identity namespace",
        f"dataset propensity_{settings.use_cases[0].name}_scores",
        "SQL login",
        "permission: landing zone",
        "Data Distiller (CREATE TABLE AS)",
        "licence: profile look-up",
    ):
        assert expected in names
    assert all(c.seen for c in checks)


def test_before_setup_each_missing_thing_says_to_run_it(local: LocalPlatform, settings: Settings) -> None:
    checks = failing(examine(settings, local.connection()))
    datasets = settings.datasets
    scores = f"propensity_{settings.use_cases[0].name}_scores"
    for name in (datasets.events, datasets.profiles, scores, datasets.runs):
        assert checks[f"dataset {name}"].failed
        assert "propensity setup" in checks[f"dataset {name}"].remedy
    assert "permission: datasets" not in checks


def test_the_doctor_changes_nothing(local: LocalPlatform, settings: Settings) -> None:
    platform = Platform(local.connection())
    before = len(plan(settings, platform))
    examine(settings, local.connection())
    assert len(plan(settings, platform)) == before


def test_a_wrong_secret_is_named_and_nothing_else_is_tried(local: LocalPlatform, settings: Settings) -> None:
    wrong = local.connection().model_copy(update={"client_secret": SecretStr("wrong-secret-value")})
    checks = examine(settings, wrong)
    assert checks[-1].name == "token"
    assert checks[-1].failed
    assert "AEP_CLIENT_SECRET" in checks[-1].remedy
    assert "wrong-secret-value" not in str(checks)


def test_a_wrong_sandbox_is_seen(local: LocalPlatform, settings: Settings) -> None:
    wrong = local.connection().model_copy(update={"sandbox": "elsewhere"})
    checks = failing(examine(settings, wrong))
    assert "organisation and tenant" in checks
    assert "elsewhere" in str(checks["organisation and tenant"])


def test_missing_variables_are_a_check_of_their_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ENVIRONMENT.values():
        monkeypatch.delenv(variable, raising=False)
    last = examine(settings)[-1]
    assert last.name == "environment"
    assert "AEP_ORG_ID" in last.seen
    assert last.failed


def test_a_missing_dbt_project_and_an_unwritable_folder_are_seen(local: LocalPlatform, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    settings = Settings.model_validate(
        {"use_cases": [CASE], "state_dir": str(blocked / "state"), "dbt_project": str(tmp_path / "none")}
    )
    checks = failing(examine(settings, local.connection()))
    assert "state_dir" in checks["state folder"].remedy
    assert "propensity init" in checks["dbt project"].remedy
