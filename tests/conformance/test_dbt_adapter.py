"""dbt's adapter conformance classes against the local Query Service, through our macros.

`dbt_features.yml` lists every class that does not pass: for each group the statement that its classes need and what
Query Service answers to it, and for each class a text of its failure. A listed class that passes fails here, and so
does one that fails without being listed, or for another reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from dbt.cli.main import cli

from tests.conformance.dbt_classes import READY, SELECTED, conformance_classes
from tests.conformance.dbt_features_page import LIST, PAGE, page
from tests.conformance.dbt_outcomes import OUTCOMES
from tests.integration.local_api import LocalApi, local_api
from tests.integration.test_query_service import connected

ROOT = Path(__file__).parents[2]
CLASSES = sorted(conformance_classes())
GROUPS: list[dict[str, Any]] = LIST["groups"]
LISTED: dict[str, str] = {name: seen for group in GROUPS for name, seen in group["classes"].items()}
# So many classes share a process and a platform: one that is broken off takes no more than these along.
TOGETHER = 12
# What runs in `make test`: seeds and data tests, a macro of dbt's, and a refusal.
SHORT = (
    "basic.test_generic_tests.TestGenericTests",
    "utils.test_concat.TestConcat",
    "simple_snapshot.test_snapshot.TestSnapshotCheck",
)


@dataclass
class Outcome:
    """All tests of one class."""

    passed: bool = True
    text: str = ""


def run_classes(api: LocalApi, folder: Path, names: Sequence[str]) -> dict[str, Outcome]:
    """Run the named classes in a process of their own."""
    ready, outcomes = folder / "ready.json", folder / "outcomes.jsonl"
    ready.write_text(json.dumps(api.ready))
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("DBT_", "PROPENSITY_"))},
        READY: str(ready),
        OUTCOMES: str(outcomes),
        SELECTED: ",".join(names),
        **{f"DBT_TEST_USER_{n}": f"user_{n}" for n in (1, 2, 3)},
        "PGGSSENCMODE": "disable",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "pytest", "tests/conformance/dbt_classes.py", "-n", "0", "-q", "--tb=short"]
    command += ["-p", "no:cacheprovider", "-p", "dbt.tests.fixtures.project", "-p", "tests.conformance.dbt_outcomes"]
    command += ["--basetemp", str(folder / "projects")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    found: dict[str, Outcome] = {}
    for line in outcomes.read_text().splitlines() if outcomes.exists() else ():
        test = json.loads(line)
        outcome = found.setdefault(test["name"], Outcome())
        outcome.passed &= test["passed"]
        outcome.text += test["text"]
    assert set(found) == set(names), f"classes without an outcome: {set(names) - set(found)}\n{done.stdout[-3000:]}"
    return found


def judge(name: str, outcome: Outcome) -> str:
    """What is wrong with the list, empty if nothing is."""
    if outcome.passed:
        return f"{name} is listed as not passed and passes" if name in LISTED else ""
    if name not in LISTED:
        return f"{name} fails and is not listed:\n{outcome.text[:1500]}"
    if LISTED[name] not in outcome.text:
        return f"{name} fails, but not with {LISTED[name]!r}:\n{outcome.text[:1500]}"
    return ""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("dbt"), "--delays", "none") as made:
        yield made


def test_the_list_names_classes_that_exist_once_and_a_reason_for_each() -> None:
    assert len(CLASSES) > 180
    assert set(LISTED) <= set(CLASSES)
    assert len(LISTED) == sum(len(group["classes"]) for group in GROUPS)
    assert all(group["why"] and all(group["classes"].values()) for group in GROUPS)


def test_the_page_for_users_is_in_step_with_the_list() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Run python -m tests.conformance.dbt_features_page."


@pytest.mark.parametrize(
    "group", [group for group in GROUPS if "statement" in group], ids=lambda g: g["statement"][:40]
)
def test_query_service_itself_gives_the_reason(api: LocalApi, group: dict[str, Any]) -> None:
    connection = connected(api)
    try:
        cursor = connection.cursor()
        if "gives" in group:
            cursor.execute(group["statement"])
            assert cursor.fetchall() == [(group["gives"],)]
            return
        with pytest.raises(psycopg2.Error) as caught:
            cursor.execute(group["statement"])
    finally:
        connection.close()
    assert caught.value.pgcode == group["sqlstate"]
    assert group["answer"] in str(caught.value)


@pytest.mark.parametrize("option", [group["missing_option"] for group in GROUPS if "missing_option" in group])
def test_dbt_itself_lacks_the_option(option: str) -> None:
    command, name = option.split()
    assert name not in [each for parameter in cli.commands[command].params for each in parameter.opts]


def test_some_classes_pass_or_are_refused_as_listed(api: LocalApi, tmp_path: Path) -> None:
    assert [judge(name, outcome) for name, outcome in run_classes(api, tmp_path, SHORT).items()] == [""] * len(SHORT)


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, len(CLASSES), TOGETHER))
def test_every_class_passes_or_is_listed(api: LocalApi, tmp_path: Path, start: int) -> None:
    found = run_classes(api, tmp_path, CLASSES[start : start + TOGETHER])
    problems = [problem for name, outcome in found.items() if (problem := judge(name, outcome))]
    assert not problems, "\n".join(problems)
