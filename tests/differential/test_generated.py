"""Generated queries have equal answers; and were one wrong, it would be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from local_platform.query_service.compiler import operators
from local_platform.query_service.compiler.functions import registry
from tests.differential.engines import Engines
from tests.differential.generated import query

SHORT, LONG = 60, 3000


def _differences(engines: Engines, seeds: range) -> list[str]:
    found = [(seed, engines.difference(query(seed))) for seed in seeds]
    return [f"seed {seed}: {query(seed)}\n{seen}" for seed, seen in found if seen]


def test_a_seed_gives_one_query_and_another_seed_another() -> None:
    assert [query(seed) for seed in range(SHORT)] == [query(seed) for seed in range(SHORT)]
    assert len({query(seed) for seed in range(SHORT)}) > SHORT - 3


def test_generated_queries_have_equal_answers(engines: Engines) -> None:
    differing = _differences(engines, range(SHORT))
    assert not differing, "\n\n".join(differing)


def test_generated_queries_mostly_have_answers(engines: Engines) -> None:
    refused = [seed for seed in range(SHORT) if engines.spark.answer(query(seed)).error]
    assert len(refused) <= SHORT // 10, [query(seed) for seed in refused]


def test_planted_faults_are_seen_among_generated_queries(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    right = registry.find("substring")
    assert right is not None

    def shifted(self: Any, call: Any) -> Any:
        value = right.compile(self, call)
        return replace(value, sql=f"left({value.sql}, 1)")

    monkeypatch.setitem(registry._FUNCTIONS, "substring", replace(right, compile=shifted))
    with_it = [seed for seed in range(LONG) if "substring(" in query(seed)][:10]
    assert any(engines.difference(query(seed)) for seed in with_it)
    monkeypatch.undo()
    monkeypatch.setattr(operators, "wrapped", lambda sql, type, wide="": f"CAST(({sql}) AS {type.duck})")
    overflowing = [seed for seed in range(LONG) if "(2147483647 *" in query(seed)][:10]
    assert any(engines.difference(query(seed)) for seed in overflowing)


@pytest.mark.soak
def test_thousands_of_generated_queries_have_equal_answers(engines: Engines) -> None:
    differing = _differences(engines, range(SHORT, LONG))
    assert not differing, f"{len(differing)} of {LONG}\n\n" + "\n\n".join(differing[:20])
