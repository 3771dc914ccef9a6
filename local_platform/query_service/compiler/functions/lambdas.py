"""Functions that take a lambda."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.functions.lists import array_argument
from local_platform.query_service.compiler.functions.registry import function
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import BOOLEAN, INT, VOID, Type, array

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


@function("transform", least=2, most=2)
def _transform(self: Expressions, call: Call) -> Value:
    """x -> ..., or (x, i) -> ... with i from 0."""
    items = array_argument(self, call)
    names, body = lambda_of(self, call.arguments[1], [items.type.item, INT], indexed=True)
    if len(names) == 1:
        return Value(f"list_transform({items.sql}, lambda {names[0]}: {body.sql})", array(body.type))
    return Value(f"list_transform({items.sql}, lambda {names[0]}, {names[1]}: {body.sql})", array(body.type))


@function("filter", least=2, most=2)
def _filter(self: Expressions, call: Call) -> Value:
    items = array_argument(self, call)
    names, body = lambda_of(self, call.arguments[1], [items.type.item, INT], indexed=True)
    return Value(f"list_filter({items.sql}, lambda {', '.join(names)}: {self.truth(body).sql})", items.type)


@function("exists", least=2, most=2)
def _exists(self: Expressions, call: Call) -> Value:
    """True if some element meets the condition; NULL if none does and it is NULL for one."""
    items = array_argument(self, call)
    names, body = lambda_of(self, call.arguments[1], [items.type.item])
    made = f"list_transform({items.sql}, lambda {names[0]}: {self.truth(body).sql})"
    tests = self.held(Value(made, array(BOOLEAN))).sql
    return Value(
        f"(CASE WHEN {tests} IS NULL THEN NULL WHEN list_contains({tests}, true) THEN true "
        f"WHEN len(list_filter({tests}, lambda x: x IS NULL)) > 0 THEN NULL ELSE false END)",
        BOOLEAN,
    )


@function("aggregate", "reduce", least=3, most=4)
def _aggregate(self: Expressions, call: Call) -> Value:
    """The start value's type is the accumulator's; cast it where needed."""
    items, start = array_argument(self, call), self.value(call.arguments[1])
    names, body = lambda_of(self, call.arguments[2], [start.type, items.type.item])
    if body.type not in (start.type, VOID):
        raise analysis_error(
            f"The merge function of {call.name} gives {body.type.spark}, but the start value is {start.type.spark}; "
            "cast the start value.",
            kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        )
    merged = cast(body, start.type)
    folded = Value(
        f"(CASE WHEN {items.sql} IS NULL THEN NULL WHEN len({items.sql}) = 0 THEN {start.sql} ELSE "
        f"list_reduce({items.sql}, lambda {names[0]}, {names[1]}: {merged.sql}, {start.sql}) END)",
        start.type,
    )
    if len(call.arguments) == 3:
        return folded
    names, body = lambda_of(self, call.arguments[3], [start.type])
    return Value(f"list_extract(list_transform([{folded.sql}], lambda {names[0]}: {body.sql}), 1)", body.type)


@function("zip_with", least=3, most=3)
def _zip_with(self: Expressions, call: Call) -> Value:
    """The shorter array is padded with NULL."""
    left, right = array_argument(self, call), array_argument(self, call, 1)
    position = f"i{self.scope.depth}"
    elements = [Value(f"list_extract({side.sql}, {position})", side.type.item) for side in (left, right)]
    body = lambda_with(self, call.arguments[2], elements)
    longest = f"greatest(len({left.sql}), len({right.sql}))"
    return Value(
        f"(CASE WHEN {left.sql} IS NULL OR {right.sql} IS NULL THEN NULL ELSE "
        f"list_transform(generate_series(1, {longest}), lambda {position}: {body.sql}) END)",
        array(body.type),
    )


def lambda_of(
    self: Expressions, node: exp.Expression, types: list[Type], *, indexed: bool = False
) -> tuple[list[str], Value]:
    """DuckDB's parameter names and the body of a lambda; with `indexed` the second parameter is an index from 0."""
    if not isinstance(node, exp.Lambda):
        raise analysis_error("A function of the form x -> ... is needed here.", kind="UNEXPECTED_INPUT_TYPE")
    spelled = [parameter.name for parameter in node.expressions]
    if len(spelled) > len(types):
        raise analysis_error(
            f"A higher order function expects at most {len(types)} lambda parameters, seen {len(spelled)}.",
            kind="INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH",
        )
    # By depth, so that an expression that stands twice has one text: in the select list and in GROUP BY.
    names = [f"p{self.scope.depth}_{place}" for place in range(len(spelled))]
    values = [Value(name, type) for name, type in zip(names, types, strict=False)]
    if indexed and len(values) == 2:
        values[1] = Value(f"CAST({names[1]} - 1 AS INTEGER)", INT)
    return names, lambda_with(self, node, values)


def lambda_with(self: Expressions, node: exp.Expression, values: list[Value]) -> Value:
    """The body of a lambda with its parameters replaced by values."""
    if not isinstance(node, exp.Lambda) or len(node.expressions) > len(values):
        raise analysis_error("A function of the form (x, y) -> ... is needed here.", kind="UNEXPECTED_INPUT_TYPE")
    spelled = [parameter.name.lower() for parameter in node.expressions]
    return self.with_locals(dict(zip(spelled, values, strict=False))).value(node.this)
