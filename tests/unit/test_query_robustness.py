"""Statements that make a server fall: nested without measure, named so that nobody finds them, called with nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_platform.query_service.errors import QueryError
from local_platform.query_service.sql.lexer import DEEPEST, tokenize
from tests.unit.query_world import World, query_world

DEEP = 100_000
SHAPES = {
    "parentheses": ("(", "1", ")"),
    "parentheses that never close": ("(", "", ""),
    "calls": ("abs(", "1", ")"),
    "sub-queries": ("(SELECT ", "1", ")"),
    "brackets": ("array(1)[", "0", "]"),
    "conditions": ("CASE WHEN true THEN ", "1", " END"),
    "negations": ("NOT ", "true", ""),
    "signs": ("- ", "1", ""),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("nesting")) as opened:
        yield opened


@pytest.mark.parametrize("shape", SHAPES)
def test_nesting_without_measure_is_refused_at_the_place_where_it_is_too_much(shape: str) -> None:
    begin, middle, end = SHAPES[shape]
    with pytest.raises(QueryError, match=f"nested more than {DEEPEST} levels deep at character") as refused:
        tokenize("SELECT " + begin * DEEP + middle + end * DEEP)
    assert refused.value.sqlstate == "42601"
    assert refused.value.hint
    # The place says that it stopped there: nothing behind it was read.
    place = int(str(refused.value).rsplit(" ", 1)[1].rstrip("."))
    assert place <= len("SELECT ") + (DEEPEST + 1) * len(begin)


def test_what_stands_side_by_side_is_not_nested() -> None:
    tokenize(f"SELECT {', '.join(['(CASE WHEN NOT true THEN -1 END)'] * 2000)}")


@pytest.mark.parametrize("shape", ["parentheses", "sub-queries", "conditions", "negations", "signs"])
def test_a_hundred_levels_are_read(world: World, shape: str) -> None:
    begin, middle, end = SHAPES[shape]
    assert world.rows("SELECT " + begin * 100 + middle + end * 100) in ([(1,)], [(True,)])


def test_the_server_answers_and_goes_on(world: World) -> None:
    assert world.refused("SELECT " + "(" * DEEP)[0] == "42601"
    assert "nested too deeply" in world.refused("SELECT " + "abs(" * 400 + "1" + ")" * 400)[1]
    assert world.rows("SELECT 1") == [(1,)]


def test_hundreds_of_terms_are_added_as_spark_adds_them(world: World) -> None:
    """DuckDB refuses deep trees. The sums wrap around, as Java's do."""
    values = "FROM (VALUES (2147483647, 9223372036854775807L, 3, 'ab')) t(i, b, n, s)"

    def wrapped(number: int, bits: int) -> int:
        return (number + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))

    signs = " - n + i" * 200
    chains = [
        " + ".join(["i"] * 401),
        " + ".join(["b"] * 400),
        " * ".join(["n"] * 400),
        f"b{signs}",
        " || ".join(["s"] * 900),
    ]
    assert world.rows(f"SELECT {', '.join(chains)} {values}") == [
        (
            wrapped(401 * (2**31 - 1), 32),
            wrapped(400 * (2**63 - 1), 64),
            wrapped(3**400, 32),
            wrapped(2**63 - 1 + 200 * (2**31 - 1 - 3), 64),
            "ab" * 900,
        )
    ]


def test_what_the_engine_cannot_nest_is_refused_in_our_words(world: World) -> None:
    for deep in ("upper(" * 400 + "s" + ")" * 400, " + ".join(["d"] * 1200)):
        code, message = world.refused(f"SELECT {deep} AS a FROM (VALUES ('x', 1.5D)) t(s, d)")
        assert code == "58000"
        assert "nested too deeply for this engine" in message


def test_an_even_number_of_signs_is_none(world: World) -> None:
    assert world.rows("SELECT - - i, - - - i, - - - - - -2147483648 FROM (VALUES (-2147483648)) t(i)") == [
        (-2147483648, -2147483648, -2147483648)
    ]


def test_arrays_in_arrays_are_shown_up_to_a_depth(world: World) -> None:
    assert world.one("array(" * 6 + "1" + ")" * 6) == "{" * 6 + "1" + "}" * 6
    assert "levels of arrays" in world.refused("SELECT " + "array(" * 20 + "1" + ")" * 20)[1]
    assert world.one("array(" * 20 + "1" + ")" * 20 + "[0]" * 20) == 1


def test_a_table_is_found_under_the_name_it_was_made_with_or_not_made(world: World) -> None:
    for name in ("ann_x_", "_ann"):
        sqlstate, message = world.refused(f"CREATE TABLE {name} AS SELECT 1 AS a")
        assert sqlstate == "42601"
        assert "underscore" in message
    world.rows("CREATE TABLE ann_x AS SELECT 1 AS a")
    assert world.rows("SELECT a FROM ann_x") == [(1,)]


@pytest.mark.parametrize(
    "call", ["array_agg(1)", "bool_or(true)", "right('ab', 1)", "split_part('a.b', '.', 1)", "date_part('year', now())"]
)
def test_functions_of_spark_that_are_not_documented_are_refused_with_that_reason(world: World, call: str) -> None:
    sqlstate, message = world.refused(f"SELECT {call} AS x")
    assert sqlstate == "58000"
    assert "Only the Spark functions that Query Service documents" in message


def test_stack_without_values_is_a_mistake_of_the_caller(world: World) -> None:
    for call, seen in (("stack()", "WRONG_NUM_ARGS"), ("stack(1)", "WRONG_NUM_ARGS"), ("stack(0, 1)", "at least 1")):
        assert seen in world.refused(f"SELECT {call}")[1]
