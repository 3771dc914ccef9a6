"""Values that grow: a chain of `||`, replace and the like doubles a text at every step until no memory holds it.

A few of them in a statement are harmless whatever they do. Where a statement has more, or one stands in a lambda, which
may run any number of times, the result of each is watched: longer than a bound, the statement fails and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from local_platform.query_service.compiler.scope import Value

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

LONGEST_TEXT = 100_000_000
"""Bytes of a text."""
_MOST_ITEMS = 20_000_000
_HARMLESS = 4_096
"""How many times as long all growing functions of a statement together may make a value before each is watched."""


def is_risky(self: Expressions, inputs: Sequence[Value], factor: int) -> bool:
    """Whether the result of a growing function must be watched.

    The answer is the same wherever the same inputs stand, so that an expression of the select list is found in
    GROUP BY.

    Args:
        inputs: its arguments.
        factor: how many times as long as the longest of them its result may be.
    """
    if all(value.literal is not None for value in inputs) and factor < _HARMLESS:
        return False
    if self.scope.depth:
        return True
    seen = self.statement.growing
    key = "\0".join(value.sql for value in inputs)
    if key not in seen:
        self.statement.growth *= max(factor, 1)
        seen[key] = self.statement.growth > _HARMLESS
    return seen[key]


def watched(value: Value) -> Value:
    """The value, or an error when it is too long. The lambda is there because SQL has no other way to use it twice."""
    if value.type.kind == "array":
        size, most, what = "len(w)", _MOST_ITEMS, "An array of more than 20 million elements"
        room = f"16 * {size}"
    else:
        size = "strlen(w)" if value.type.kind == "string" else "octet_length(w)"
        most, what = LONGEST_TEXT, "A text of more than 100 million bytes"
        room = size
    told = f"error('{what} does not fit the memory of the local Query Service; make it shorter.')"
    # All rows that are computed together must find room, which is known after the first of several steps.
    test = f"lambda w: CASE WHEN {size} > {most} THEN {told} WHEN spark_room({room}) THEN w END"
    return Value(f"list_extract(list_transform([{value.sql}], {test}), 1)", value.type)
