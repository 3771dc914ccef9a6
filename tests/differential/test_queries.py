"""Our Query Service answers as Apache Spark does, query by query; where it deliberately does not, it still does not."""

from __future__ import annotations

import pytest

from tests.differential.cases import Case, read_cases
from tests.differential.engines import Engines

CASES = read_cases()


@pytest.mark.parametrize("case", [case for case in CASES if not case.reason], ids=lambda case: case.name)
def test_the_answers_are_equal(engines: Engines, case: Case) -> None:
    seen = engines.difference(case.sql)
    assert not seen, f"{case.sql}\n{seen}"


@pytest.mark.parametrize("case", [case for case in CASES if case.reason], ids=lambda case: case.name)
def test_a_listed_difference_is_still_there(engines: Engines, case: Case) -> None:
    assert engines.difference(case.sql), f"{case.sql}\nnow answers as Spark does; out of date: {case.reason}"


def test_there_are_hundreds_of_queries_of_many_themes() -> None:
    assert len([case for case in CASES if not case.reason]) >= 600
    assert len({case.theme for case in CASES}) >= 18
