"""The conformance suite against the local Query Service, and the suite's own promises."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from local_platform.conformance.cases import Case, read_cases
from local_platform.conformance.runner import Verdict, run
from tests.unit.query_world import World, query_world

CASES = read_cases()
FILES = sorted({case.file for case in CASES})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("conformance")) as made:
        yield made


@pytest.mark.parametrize("file", FILES)
def test_every_documented_case_holds(world: World, file: str) -> None:
    verdicts = run([case for case in CASES if case.file == file], lambda: psycopg2.connect(**world.dsn()))
    failed = [f"{each.case.title}: {each.seen}" for each in verdicts if not each.passed]
    assert not failed, "\n".join(failed)


def test_the_run_leaves_nothing_behind(world: World) -> None:
    makers = ("20_audiences", "24_field_groups")
    run([case for case in CASES if case.file in makers], lambda: psycopg2.connect(**world.dsn()))
    assert not world.rows("SHOW TABLES")
    assert not world.rows("SHOW VIEWS")
    assert not [row for row in world.rows("SHOW FIELDGROUPS") if row[0].startswith("qsc_")]


def test_a_wrong_answer_is_seen(world: World) -> None:
    wrong = Case("x", "wrong", ("SELECT 1 AS a",), rows=(("2",),))
    assert run([wrong], lambda: psycopg2.connect(**world.dsn())) == [Verdict(wrong, False, "1")]


def test_an_accepted_statement_that_must_fail_is_seen(world: World) -> None:
    wrong = Case("x", "wrong", ("SELECT 1 AS a",), sqlstate="42601")
    assert not run([wrong], lambda: psycopg2.connect(**world.dsn()))[0].passed


def test_there_is_a_probe_for_every_open_question_that_sql_can_settle() -> None:
    asked = {case.question for case in CASES if case.question}
    # 10 is the extended protocol, which a driver asks, not a statement.
    assert asked == set(range(1, 21)) - {10}


def test_every_case_has_a_title_of_its_own_in_its_file() -> None:
    for file in FILES:
        titles = [case.title for case in CASES if case.file == file]
        assert len(titles) == len(set(titles)), file


def test_the_command_lists_cases_and_asks_for_a_server(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local_platform", "conformance"]
    listed = subprocess.run([*command, "--list"], capture_output=True, text=True, check=True)
    assert "08_adobe_functions: " in listed.stdout
    missing = subprocess.run(command, capture_output=True, text=True, check=False)
    assert missing.returncode == 2
    assert "--dsn" in missing.stderr


def test_the_command_passes_against_this_server(world: World) -> None:
    dsn = " ".join(f"{key}='{value}'" for key, value in world.dsn().items())
    command = [sys.executable, "-m", "local_platform", "conformance", "--dsn", dsn, "--only", "13_snapshots"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cases passed" in done.stdout
