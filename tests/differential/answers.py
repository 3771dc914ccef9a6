"""What an engine answers, and whether two answers are the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

# Transcendental functions differ in the last bits from one mathematical library to the next; sums in their order.
_DOUBLE_TOLERANCE = 1e-12
_FLOAT_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Answer:
    """Columns and rows, or an error.

    Attributes:
        names: result columns as a client sees them.
        types: Spark's names of their types.
        rows: Python values; a map is a list of pairs.
        error: what the engine said, None for a result.
    """

    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    error: str | None = None


def difference(spark: Answer, ours: Answer, *, ordered: bool) -> str:
    """What is not the same, in words; empty when nothing differs.

    Args:
        ordered: rows are compared in their order; otherwise as a bag.
    """
    if (spark.error is None) != (ours.error is None):
        return f"Spark: {spark.error or spark.rows[:5]}\nours: {ours.error or ours.rows[:5]}"
    if spark.error is not None:
        return ""
    if spark.names != ours.names:
        return f"column names: Spark {spark.names}, ours {ours.names}"
    if spark.types != ours.types:
        return f"types: Spark {spark.types}, ours {ours.types}"
    if len(spark.rows) != len(ours.rows):
        return f"rows: Spark {len(spark.rows)}, ours {len(ours.rows)}\nSpark {spark.rows[:6]}\nours  {ours.rows[:6]}"
    theirs, mine = (spark.rows, ours.rows) if ordered else (_sorted(spark.rows), _sorted(ours.rows))
    for number, (one, other) in enumerate(zip(theirs, mine, strict=True)):
        for name, type, left, right in zip(spark.names, spark.types, one, other, strict=True):
            if not same(left, right, _FLOAT_TOLERANCE if "float" in type else _DOUBLE_TOLERANCE):
                place = f"row {number}, column {name!r} ({type})"
                return f"{place}: Spark {left!r}, ours {right!r}\nSpark {one}\nours  {other}"
    return ""


def same(left: Any, right: Any, tolerance: float = _DOUBLE_TOLERANCE) -> bool:
    """Whether two values are one value: NaN equals NaN, doubles up to their last bits, decimals with their scale."""
    if isinstance(left, float) and isinstance(right, float):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return left == right or math.isclose(left, right, rel_tol=tolerance, abs_tol=0.0)
    if type(left) is not type(right):
        return False
    if isinstance(left, Decimal):
        return left == right and left.as_tuple().exponent == right.as_tuple().exponent
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key], tolerance) for key in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(same(*pair, tolerance) for pair in zip(left, right, strict=True))
    return bool(left == right)


def _sorted(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=_key)


def _key(row: Any) -> str:
    """Doubles are rounded for sorting, so that a last bit does not change a row's place."""
    if isinstance(row, float):
        return "0.0" if row == 0 else f"{row:.9g}"
    if isinstance(row, dict):
        return "{" + ",".join(f"{name}:{_key(value)}" for name, value in row.items()) + "}"
    if isinstance(row, list | tuple):
        return "[" + ",".join(_key(value) for value in row) + "]"
    return repr(row)
