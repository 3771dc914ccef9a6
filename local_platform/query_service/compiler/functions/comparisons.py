"""array_sort with a comparison of one's own: DuckDB sorts lists by value only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler.functions.lambdas import lambda_with
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

_MOST = 2_000
"""Elements of an array: each is compared with each."""


def sorted_by(self: Expressions, items: Value, node: exp.Expression) -> Value:
    """The array in the order of a comparison.

    An element's place is the number of elements that go before it. Of two, the later one goes first only where the
    comparison says so, as in Java's stable sort.

    Raises:
        QueryError: 58000, this is no comparison (x, y) -> number.
    """
    if not isinstance(node, exp.Lambda) or len(node.expressions) != 2:
        raise analysis_error(
            "array_sort takes a comparison of the form (x, y) -> number.", kind="UNEXPECTED_INPUT_TYPE"
        )
    depth = self.scope.depth
    array, one, other = f"l{depth}", f"i{depth}", f"j{depth}"
    before = _precedes(self, node, items, array, one, other)
    after = _precedes(self, node, items, array, other, one)
    earlier = f"len(list_filter(generate_series(1, {one} - 1), lambda {other}: NOT {before}))"
    later = f"len(list_filter(generate_series({one} + 1, len({array})), lambda {other}: {after}))"
    place = f"struct_pack(r := {earlier} + {later}, i := {one})"
    placed = f"list_transform(generate_series(1, len({array})), lambda {one}: {place})"
    ordered = f"list_transform(list_sort({placed}), lambda {one}: list_extract({array}, {one}.i))"
    told = f"error('array_sort compares up to {_MOST} elements of an array; this one has more.')"
    whole = f"CASE WHEN len({array}) > {_MOST} THEN {told} WHEN {array} IS NOT NULL THEN {ordered} END"
    return Value(f"list_extract(list_transform([{items.sql}], lambda {array}: {whole}), 1)", items.type)


def _precedes(self: Expressions, node: exp.Lambda, items: Value, array: str, one: str, other: str) -> str:
    """Whether the comparison of two elements, given by their places, says that the first goes before the second."""
    pair = [Value(f"list_extract({array}, {place})", items.type.item) for place in (one, other)]
    compared = lambda_with(self, node, pair)
    if not compared.type.is_integral:
        raise analysis_error(
            f"The comparison of array_sort gives {compared.type.spark}, not int.", kind="UNEXPECTED_RETURN_TYPE"
        )
    null = "error('The comparator has returned a NULL for a comparison between two elements.')"
    return f"coalesce({compared.sql} < 0, CAST({null} AS BOOLEAN))"
