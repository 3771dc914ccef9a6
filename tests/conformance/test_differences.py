"""The differences of the local Query Service: every line of the page is held by a case or test that exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_platform.conformance.cases import read_cases
from tests.unit.query_world import World, query_world

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "local_platform" / "DIFFERENCES_query_service.md"


def held_by() -> list[tuple[str, str]]:
    """(what is said, what holds it) of every line of the page's tables."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [(row[0], row[-1].strip("` ")) for row in rows if row[0] != "here"]


def test_every_line_is_held_by_something_that_exists() -> None:
    cases = {case.name for case in read_cases()}
    lines = held_by()
    assert len(lines) > 30
    for said, holder in lines:
        if ".py::" in holder:
            file, _, name = holder.partition("::")
            functions = {each.name for each in ast.parse((ROOT / file).read_text()).body if hasattr(each, "name")}
            assert name in functions, (said, holder)
        else:
            assert holder in cases, (said, holder)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("differences")) as made:
        yield made


def test_what_is_left_out_is_refused_by_name(world: World) -> None:
    for sql, kind in (
        ("CREATE MODEL m OPTIONS (model_type='logistic_reg') AS SELECT 1 AS a", "CREATE MODEL"),
        ("CREATE TABLE t TRANSFORM (a) AS SELECT 1 AS a", "TRANSFORM"),
    ):
        code, message = world.refused(sql)
        assert code == "0A000", (sql, message)
        assert re.search(kind, message), message
