"""Every function on Adobe's pages is there, and none that stands nowhere in the documentation."""

from __future__ import annotations

import pytest

from local_platform.query_service.compiler import generators
from local_platform.query_service.compiler.functions import names
from tests.differential.documented import ADOBE, ELSEWHERE, INNER, MISPRINTED, OPERATORS, SPARK
from tests.unit.query_world import query_world

FOUND = {*names(), *generators.NAMES}


def test_every_listed_function_is_there() -> None:
    assert not {*SPARK, *ADOBE, *ELSEWHERE} - FOUND
    assert len({*SPARK, *ADOBE}) > 240


def test_no_other_function_is_there() -> None:
    meant = {name for name in MISPRINTED.values() if name != "cast"}
    assert not FOUND - {*SPARK, *ADOBE, *ELSEWHERE, *INNER, *meant}


def test_the_listed_operators_are_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert {*OPERATORS} == {*_WITH, "rollup"}
    with query_world(tmp_path_factory.mktemp("operators")) as world:
        for sign in _WITH:
            assert world.rows(f"SELECT {_WITH[sign]} FROM (SELECT 6 AS a, 3 AS b, true AS t) GROUP BY 1"), sign
        # As Spark has no such functions either.
        for name in MISPRINTED:
            assert "not defined" in world.refused(f"SELECT {name}('a', 'b', 'c')")[1]


_WITH = {
    **{sign: f"a {sign} b" for sign in ("%", "*", "+", "-", "/", "<", "<=", "=", ">", ">=", "^", "|")},
    "!": "!t",
    "not": "not t",
    "~": "~a",
    "in": "a in (1, 6)",
    "or": "t or not t",
    "when": "case when t then a end",
    "if": "if(t, a, b)",
}


def test_rollup_is_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    with query_world(tmp_path_factory.mktemp("rollup")) as world:
        assert len(world.rows("SELECT a, count(*) FROM (SELECT 6 AS a) GROUP BY a WITH ROLLUP")) == 2
