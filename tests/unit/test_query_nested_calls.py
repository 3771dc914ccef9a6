"""Nesting a function in itself makes DuckDB's SQL longer by as much at each level: it is planned in a moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from local_platform.query_service import compiler
from local_platform.query_service.compiler import expansion
from local_platform.query_service.compiler.expansion import expanded
from local_platform.query_service.compiler.functions import find, names
from tests.unit.nested_calls import Form, compiled, forms, runnable
from tests.unit.query_world import World, query_world

DEEP = 5
LONGEST_STEP = 40_000
"""Characters, macros written out, that a level may add: the formula itself, and what little may be repeated."""
_NOT_CALLED = {
    # Their arguments are literals, or there are none.
    *("schema_of_json", "table_exists"),
    # The name that window() has inside; nobody may write it.
    "time_window",
}


def step(form: Form, place: int) -> int:
    """What the last of many levels adds; 0 where the function does not fit into itself."""
    sizes = [
        expanded(compiled(nested).sql, ()).size for depth in (DEEP - 1, DEEP) if (nested := form.nested(place, depth))
    ]
    return sizes[1] - sizes[0] if sizes else 0


@pytest.mark.parametrize("form", forms(), ids=lambda form: form.name)
def test_a_call_nested_in_itself_grows_by_a_bounded_step(form: Form) -> None:
    for place in range(len(form.holes)):
        assert step(form, place) <= LONGEST_STEP, (form.template, place)


def test_every_function_is_among_them() -> None:
    scalar = {name for name in names() if (function := find(name)) and function.kind == "scalar"}
    assert scalar - {form.name for form in forms()} == _NOT_CALLED
    holes = [(form, place) for form in forms() for place in range(len(form.holes))]
    assert len([1 for form, place in holes if form.nested(place, 2)]) > len(holes) - 5


def test_the_measure_counts_what_macros_write_out() -> None:
    once, twice = expanded("spark_cbrt(x)", ["x"]), expanded("spark_cbrt(spark_cbrt(x))", ["x"])
    assert twice.uses["x"] == once.uses["x"] ** 2 > 4
    assert expanded("lower(lower(x))", ["x"]).uses["x"] == 1
    assert expanded("spark_cbrt('x') || p.x || struct_pack(x := 1)", ["x"]).uses["x"] == 0
    assert expanded("spark_next_day(x, list_filter(y, lambda e: e = x))", ["x"]).inner == {"x"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with query_world(tmp_path_factory.mktemp("nested")) as opened:
        yield opened


def test_the_engine_takes_what_was_bound(world: World) -> None:
    """Each form three levels deep, in the hole that repeats most."""
    database = world.service.engine.database
    for form in forms():
        for place in range(len(form.holes)):
            nested = form.nested(place, 3)
            if nested is not None and "lambda b" in compiled(nested).sql:
                database.execute("EXPLAIN " + runnable(nested))


def test_duckdbs_own_macros_are_as_they_are_taken_for() -> None:
    """Those that the compiler writes and that repeat an argument, as this version of DuckDB has them."""
    with duckdb.connect() as database:
        own = database.execute(
            "SELECT function_name, parameters, macro_definition FROM duckdb_functions() "
            "WHERE function_type = 'macro' AND schema_name = 'main'"
        ).fetchall()
    sources = "".join(file.read_text() for file in Path(compiler.__file__).parent.rglob("*.py"))
    seen = {}
    for name, parameters, body in own:
        uses = tuple(expansion._scanned(body, frozenset(parameters), {}).uses[each] for each in parameters)
        if max(uses, default=0) > 1 and re.search(rf"\b{name}\(\{{", sources, re.IGNORECASE):
            seen[name] = uses
    assert seen == {name: macro.uses for name, macro in expansion.DUCKDBS_OWN.items() if name in seen}
    assert "nullif" in seen
