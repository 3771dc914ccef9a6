"""The comparison can fail: planted faults are seen, and so is each kind of difference alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from local_platform.query_service.compiler import windows
from local_platform.query_service.compiler.functions import registry
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.sql.types import INT
from tests.differential.answers import Answer, difference
from tests.differential.differences_page import PAGE, page
from tests.differential.engines import Engines

ONE = Answer(["a", "b"], ["int", "string"], [(1, "x"), (2, "y")])


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, names=["a", "B"]),
        replace(ONE, types=["bigint", "string"]),
        replace(ONE, rows=[(1, "x")]),
        replace(ONE, rows=[(1, "x"), (2, "z")]),
        replace(ONE, rows=[(1, "x"), (2, None)]),
        replace(ONE, rows=[(1, "x"), (2.0, "y")]),
        replace(ONE, rows=[(1, "x"), (1, "x")]),
        Answer(error="58000"),
    ],
)
def test_every_kind_of_difference_is_seen(other: Answer) -> None:
    assert difference(ONE, ONE, ordered=True) == ""
    assert difference(ONE, other, ordered=False)
    assert difference(other, ONE, ordered=False)


def test_order_counts_only_where_the_query_has_one() -> None:
    turned = replace(ONE, rows=ONE.rows[::-1])
    assert difference(ONE, turned, ordered=True)
    assert not difference(ONE, turned, ordered=False)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (float("nan"), float("nan"), True),
        (0.1 + 0.2, 0.3, True),
        (1.0, 1.000001, False),
        (0.0, 1e-300, False),
        (Decimal("1.0"), Decimal("1.00"), False),
        ([1, None], [1, None], True),
        ([1, None], [None, 1], False),
        ({"x": 1}, {"y": 1}, False),
        ([("k", 1), ("j", 2)], [("j", 2), ("k", 1)], False),
        (True, 1, False),
    ],
)
def test_values_are_compared_by_kind(left: Any, right: Any, same: bool) -> None:
    one, other = (Answer(["a"], ["any"], [(value,)]) for value in (left, right))
    assert (difference(one, other, ordered=True) == "") is same


def test_a_planted_fault_in_a_function_is_seen(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "SELECT id, size(a) AS n FROM nested"
    assert not engines.difference(sql)
    right = registry.find("size")
    assert right is not None

    def wrong(self: Any, call: Any) -> Value:
        return Value(f"nullif({right.compile(self, call).sql}, -1)", INT)

    monkeypatch.setitem(registry._FUNCTIONS, "size", replace(right, compile=wrong))
    assert "Spark -1, ours None" in engines.difference(sql)


def test_a_planted_fault_in_the_order_of_null_is_seen(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "SELECT id, row_number() OVER (ORDER BY units, id) AS place FROM orders"
    assert not engines.difference(sql)
    monkeypatch.setattr(windows, "direction", lambda _: "ASC NULLS LAST")
    assert engines.difference(sql)


def test_the_page_of_differences_is_in_step_with_the_queries() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Run python -m tests.differential.differences_page."
