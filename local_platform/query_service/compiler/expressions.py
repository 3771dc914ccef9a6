"""Expressions: columns, literals, operators, conditions; functions are looked up in the registry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from local_platform.query_service.compiler import access, literals, operators, regex
from local_platform.query_service.compiler.binding import tokens_of
from local_platform.query_service.compiler.casts import cast, literal_text, typed_literal
from local_platform.query_service.compiler.coercion import common_of, compared
from local_platform.query_service.compiler.naming import as_struct
from local_platform.query_service.compiler.scope import Scope, Statement, Value
from local_platform.query_service.compiler.typenames import type_of
from local_platform.query_service.errors import (
    QueryError,
    analysis_error,
    execution_error,
    not_supported,
    syntax_error,
)
from local_platform.query_service.sql.types import BOOLEAN, DATE, STRING, TIMESTAMP, VOID, Type

if TYPE_CHECKING:
    from local_platform.query_service.compiler.scope import Query


_LONGEST = 2_000_000
"""Characters of DuckDB's SQL for one expression; some hundred times what the longest reasonable one has."""


class Expressions:
    """Compiles expressions of one scope.

    Args:
        statement: what the whole statement shares.
        scope: names in sight.
        compile_query: compiles a sub-query with this scope around it.
    """

    def __init__(
        self, statement: Statement, scope: Scope, compile_query: Callable[[exp.Expression, Scope], Query]
    ) -> None:
        self.statement = statement
        self.scope = scope
        self.compile_query = compile_query
        # Whether what is compiled now is an argument of a call that may name it several times (see binding.py).
        self._holds = False
        self._kept: frozenset[str] = frozenset()

    def value(self, node: exp.Expression) -> Value:
        """The compiled expression.

        Raises:
            QueryError: unknown names, types that do not fit, syntax Spark or Query Service does not have.
        """
        binding, caller = self.statement.binding, self._holds
        outside, volatile = binding.outside, binding.volatile
        self._holds = _holds(node)
        try:
            value = self._handled(node)
        finally:
            self._holds = caller
        sql, size = binding.resolved(value.sql, self._kept)
        if len(sql) > _LONGEST or size > 10 * _LONGEST:
            # What is repeated in many small steps is not bound.
            raise execution_error(
                f"{type(node).__name__.upper()} is nested too deeply for this engine. "
                "Name the inner expressions in a sub-query or a WITH clause."
            )
        marks = binding.mark(sql, binding.outside > outside, binding.volatile > volatile)
        if caller:
            sql = binding.hold(sql, size, *marks)
        return value if sql == value.sql else replace(value, sql=sql)

    def held(self, value: Value) -> Value:
        """An argument after a cast or other change of its own, to be computed once like any other (see binding.py).

        What it was made of must not be used beside it, or that would be written out in both.
        """
        return replace(value, sql=self.statement.binding.changed(value.sql, self._kept)) if self._holds else value

    def _handled(self, node: exp.Expression) -> Value:
        if node.args.get("negate"):
            # NOT LIKE: a flag of the tree, which a handler of LIKE does not see.
            positive = node.copy()
            positive.set("negate", None)
            return Value(f"(NOT {self.condition(positive)})", BOOLEAN)
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise syntax_error(
                f"{type(node).__name__} expressions are not part of Query Service's SQL: {node.sql(dialect='spark')!r}."
            )
        if isinstance(node, exp.Query | exp.Exists | exp.Window) or (
            isinstance(node, exp.In) and node.args.get("query")
        ):
            self.statement.binding.outside += 1
        return handler(self, node)

    def values(self, nodes: Sequence[exp.Expression]) -> list[Value]:
        return [self.value(node) for node in nodes]

    def condition(self, node: exp.Expression) -> str:
        """SQL of a truth value, as WHERE, ON and HAVING need it."""
        return self.truth(self.value(node)).sql

    def truth(self, value: Value) -> Value:
        """The value as boolean; anything but a truth value or NULL is refused."""
        if value.type.kind in ("boolean", "void"):
            return cast(value, BOOLEAN)
        raise analysis_error(
            f'The condition has the type "{value.type.spark.upper()}" instead of "BOOLEAN".',
            kind="DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
        )

    def unified(self, values: Sequence[Value], what: str) -> list[Value]:
        """The values in their common type.

        Raises:
            QueryError: 58000, they have none.
        """
        target = common_of(value.type for value in values)
        if target is None:
            seen = ", ".join(value.type.spark for value in values)
            raise analysis_error(f"The inputs of {what} have no common type: {seen}.", kind="DATATYPE_MISMATCH")
        return [cast(value, target) for value in values]

    def with_locals(self, names: dict[str, Value]) -> Expressions:
        """The same place with more names, for the body of a lambda."""
        inner = Scope(
            relations=self.scope.relations,
            parent=self.scope.parent,
            named=self.scope.named,
            locals={**self.scope.locals, **names},
            aliases=self.scope.aliases,
            windows=self.scope.windows,
            rename=self.scope.rename,
            below=self.scope.below,
            grouped=self.scope.grouped,
            sliding=self.scope.sliding,
            depth=self.scope.depth + 1,
        )
        body = Expressions(self.statement, inner, self.compile_query)
        body._kept = self._kept.union(*(tokens_of(value.sql) for value in names.values()))
        return body


def _holds(node: exp.Expression) -> bool:
    """Whether the arguments are held: not of aggregates and windows, which no lambda may contain, nor of queries."""
    if isinstance(node, exp.Anonymous):
        from local_platform.query_service.compiler.functions import find

        function = find(str(node.this).lower())
        return function is not None and function.kind == "scalar"
    return not isinstance(node, exp.Query | exp.Exists | exp.Window | exp.IgnoreNulls | exp.RespectNulls) and not (
        isinstance(node, exp.In) and node.args.get("query")
    )


def _column(self: Expressions, node: exp.Column) -> Value:
    if isinstance(node.this, exp.Star):
        raise syntax_error("A star stands in the select list or in count(*), not inside an expression.")
    return access.path(self, node)


def _dot(self: Expressions, node: exp.Dot) -> Value:
    return access.path(self, node)


def _identifier(self: Expressions, node: exp.Identifier) -> Value:
    return access.path(self, node)


def _paren(self: Expressions, node: exp.Paren) -> Value:
    return self.value(node.this)


def _tuple(self: Expressions, node: exp.Tuple) -> Value:
    """(a, b) is struct(a, b)."""
    if not node.expressions:
        raise syntax_error("Syntax error: nothing stands between the parentheses.")
    return self.value(as_struct(node))


def _cast(self: Expressions, node: exp.Cast) -> Value:
    if node.args.get("format"):
        raise syntax_error("CAST with FORMAT is not part of Spark's SQL; use to_date or to_timestamp with a pattern.")
    target = type_of(node.to)
    if type(node) is exp.Cast and target in (DATE, TIMESTAMP) and isinstance(node.this, exp.Literal):
        return typed_literal(str(node.this.this), target)
    return cast(self.value(node.this), target)


def _case(self: Expressions, node: exp.Case) -> Value:
    branches = node.args["ifs"]
    subject = node.args.get("this")
    if subject is None:
        for branch in branches:
            if isinstance(branch.this, exp.Null):
                raise analysis_error(
                    'CASE WHEN requires the "BOOLEAN" type, however NULL has the type "VOID".',
                    kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
                )
        tests = [self.condition(branch.this) for branch in branches]
    else:
        left = self.value(subject)
        tests = [operators.compare(self, "=", left, self.value(branch.this)).sql for branch in branches]
    results = [self.value(branch.args["true"]) for branch in branches]
    default = node.args.get("default")
    results.append(self.value(default) if default is not None else Value("NULL", VOID))
    unified = self.unified(results, "CASE")
    whens = " ".join(f"WHEN {test} THEN {result.sql}" for test, result in zip(tests, unified, strict=False))
    return Value(f"(CASE {whens} ELSE {unified[-1].sql} END)", unified[-1].type)


def _if(self: Expressions, node: exp.If) -> Value:
    otherwise = node.args.get("false")
    if otherwise is None:
        raise analysis_error("The function `if` needs three arguments.", kind="WRONG_NUM_ARGS")
    yes, no = self.unified([self.value(node.args["true"]), self.value(otherwise)], "if")
    return Value(f"(CASE WHEN {self.condition(node.this)} THEN {yes.sql} ELSE {no.sql} END)", yes.type)


def _between(self: Expressions, node: exp.Between) -> Value:
    value = self.value(node.this)
    low = operators.compare(self, ">=", value, self.value(node.args["low"]))
    high = operators.compare(self, "<=", value, self.value(node.args["high"]))
    return Value(f"({low.sql} AND {high.sql})", BOOLEAN)


def _in(self: Expressions, node: exp.In) -> Value:
    query = node.args.get("query")
    if query is not None:
        return _in_query(self, node, query)
    if isinstance(node.this, exp.Tuple):
        return _in_tuples(self, node)
    options = self.values(node.expressions)
    value = self.value(node.this)
    target = compared_list(value, options)
    subject = cast(value, target).sql
    listed = ", ".join(cast(option, target).sql for option in options if option.literal is not None)
    tests = [f"{subject} IN ({listed})"] if listed else []
    # DuckDB would write these comparisons itself, with the subject once in each.
    tests += [f"{subject} = {cast(option, target).sql}" for option in options if option.literal is None]
    return Value(f"({' OR '.join(tests)})", BOOLEAN)


def compared_list(value: Value, options: Sequence[Value]) -> Type:
    """The type in which IN compares: Spark widens all of them together."""
    target = common_of([value.type, *(option.type for option in options)], names=False)
    if target is None:
        raise analysis_error("Input to `in` should all be the same type.", kind="DATATYPE_MISMATCH.DATA_DIFF_TYPES")
    return target


def _in_tuples(self: Expressions, node: exp.In) -> Value:
    left = self.values(node.this.expressions)
    tests = []
    for option in node.expressions:
        right = self.values(option.expressions if isinstance(option, exp.Tuple) else [option])
        if len(right) != len(left):
            raise analysis_error("The two sides of IN have different numbers of columns.", kind="DATATYPE_MISMATCH")
        pairs = zip(left, right, strict=True)
        tests.append("(" + " AND ".join(operators.compare(self, "=", one, other).sql for one, other in pairs) + ")")
    return Value(f"({' OR '.join(tests)})", BOOLEAN)


def _in_query(self: Expressions, node: exp.In, query: exp.Expression) -> Value:
    left = self.values(node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this])
    inner = self.compile_query(query, self.scope)
    if len(inner.columns) != len(left):
        raise analysis_error(
            f"The number of columns in the left side of IN ({len(left)}) differs from the sub-query's "
            f"({len(inner.columns)}).",
            kind="DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH",
        )
    name = self.statement.name("s")
    lefts, rights = [], []
    for position, (value, (_, type)) in enumerate(zip(left, inner.columns, strict=True)):
        target = compared(value.type, type)
        if target is None:
            raise analysis_error(f"IN compares {value.type.spark} with {type.spark}.", kind="DATATYPE_MISMATCH")
        lefts.append(cast(value, target).sql)
        rights.append(cast(Value(f"{name}.c{position}", type), target).sql)
    sub_query = f"(SELECT {', '.join(rights)} FROM ({inner.sql}) AS {name})"
    subject = lefts[0] if len(lefts) == 1 else f"({', '.join(lefts)})"
    if isinstance(node.parent, exp.Select | exp.Alias):
        # In the select list Spark asks whether there is such a row: false where WHERE would have NULL.
        return Value(f"coalesce({subject} IN {sub_query}, false)", BOOLEAN)
    return Value(f"({subject} IN {sub_query})", BOOLEAN)


def _exists(self: Expressions, node: exp.Exists) -> Value:
    return Value(f"EXISTS ({self.compile_query(node.this, self.scope).sql})", BOOLEAN)


def _subquery(self: Expressions, node: exp.Expression) -> Value:
    inner = self.compile_query(node, self.scope)
    if len(inner.columns) != 1:
        raise analysis_error(
            f"Scalar subquery must return only one column, but got {len(inner.columns)}.",
            kind="INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN",
        )
    return Value(f"({inner.sql})", inner.columns[0][1])


def _is(self: Expressions, node: exp.Is) -> Value:
    value = self.value(node.this)
    if isinstance(node.expression, exp.Null):
        return Value(f"({value.sql} IS NULL)", BOOLEAN)
    if isinstance(node.expression, exp.Boolean):
        truth = self.truth(value)
        return Value(f"({truth.sql} IS NOT DISTINCT FROM {str(node.expression.this).lower()})", BOOLEAN)
    raise syntax_error("IS is followed by NULL, TRUE or FALSE (IS DISTINCT FROM is written with <=>).")


def _like(self: Expressions, node: exp.Expression) -> Value:
    escape = "'\\'"
    pattern = node.expression
    if isinstance(pattern, exp.Any | exp.All | exp.Tuple | exp.Paren):
        raise not_supported("LIKE ANY / ALL", "the documentation has LIKE and ILIKE with one pattern.")
    word = "ILIKE" if isinstance(node, exp.ILike) else "LIKE"
    left, right = cast(self.value(node.this), STRING), cast(self.value(pattern), STRING)
    return Value(f"({left.sql} {word} {right.sql} ESCAPE {escape})", BOOLEAN)


def _escape(self: Expressions, node: exp.Escape) -> Value:
    like = node.this
    if like.args.get("negate"):
        plain = node.copy()
        plain.this.set("negate", None)
        return Value(f"(NOT {self.condition(plain)})", BOOLEAN)
    character = self.value(node.expression)
    word = "ILIKE" if isinstance(like, exp.ILike) else "LIKE"
    left, right = cast(self.value(like.this), STRING), cast(self.value(like.expression), STRING)
    return Value(f"({left.sql} {word} {right.sql} ESCAPE {character.sql})", BOOLEAN)


def _rlike(self: Expressions, node: exp.RegexpLike) -> Value:
    left, right = cast(self.value(node.this), STRING), cast(self.value(node.expression), STRING)
    fast, general = (f"{name}({left.sql}, {right.sql})" for name in ("regexp_matches", "spark_regexp_matches"))
    return Value(regex.choose(right, left.sql, fast, general), BOOLEAN)


def _not(self: Expressions, node: exp.Not) -> Value:
    return Value(f"(NOT {self.condition(node.this)})", BOOLEAN)


def _connected(word: str) -> Callable[[Expressions, Any], Value]:
    def handler(self: Expressions, node: exp.Connector) -> Value:
        # Long chains nest deeply to the left; a loop keeps them off Python's stack.
        parts: list[exp.Expression] = []
        current: exp.Expression = node
        while type(current) is type(node):
            parts.append(current.expression)
            current = current.this
        parts.append(current)
        return Value("(" + f" {word} ".join(self.condition(part) for part in reversed(parts)) + ")", BOOLEAN)

    return handler


def _current_date(self: Expressions, _: exp.Expression) -> Value:
    return Value(f"DATE '{self.statement.now:%Y-%m-%d}'", DATE)


def _current_timestamp(self: Expressions, _: exp.Expression) -> Value:
    return Value(f"TIMESTAMP '{self.statement.now:%Y-%m-%d %H:%M:%S.%f}'", TIMESTAMP)


def _function(self: Expressions, node: exp.Expression) -> Value:
    from local_platform.query_service.compiler.calls import call_function

    return call_function(self, node)


def _window(self: Expressions, node: exp.Window) -> Value:
    from local_platform.query_service.compiler.windows import window_function

    return window_function(self, node)


def _parameter(self: Expressions, node: exp.Parameter) -> Value:
    name = node.this.name if isinstance(node.this, exp.Expression) else str(node.this)
    values = self.statement.parameters
    if not name.isdigit():
        raise syntax_error(
            f"Variable @{name} is not set; variables exist inside an anonymous block, after SET @{name}."
        )
    if values is None or int(name) > len(values) or int(name) < 1:
        raise QueryError("08P01", f"Parameter ${name} has no value: {len(values or [])} were given.")
    return values[int(name) - 1]


def _filter(self: Expressions, node: exp.Filter) -> Value:
    raise not_supported(
        "FILTER (WHERE ...)", "the documentation does not have it.", instead="Use SUM(CASE WHEN ... THEN ... END)."
    )


_HANDLERS: dict[type, Callable[[Expressions, Any], Value]] = {
    exp.Column: _column,
    exp.Dot: _dot,
    exp.Identifier: _identifier,
    exp.Bracket: access.bracket,
    exp.Literal: literals.literal,
    exp.Boolean: literals.boolean,
    exp.Null: literals.null,
    exp.HexString: literals.hex_string,
    exp.RawString: literals.raw_string,
    exp.Interval: literals.interval,
    exp.Concat: literals.adjacent_strings,
    exp.Paren: _paren,
    exp.Tuple: _tuple,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.If: _if,
    exp.Between: _between,
    exp.In: _in,
    exp.Exists: _exists,
    exp.Subquery: _subquery,
    exp.Select: _subquery,
    exp.Is: _is,
    exp.Like: _like,
    exp.ILike: _like,
    exp.Escape: _escape,
    exp.RegexpLike: _rlike,
    exp.Not: _not,
    exp.And: _connected("AND"),
    exp.Or: _connected("OR"),
    exp.CurrentDate: _current_date,
    exp.CurrentTimestamp: _current_timestamp,
    exp.Anonymous: _function,
    exp.Extract: _function,
    exp.Trim: _function,
    exp.Substring: _function,
    exp.StrPosition: _function,
    exp.IgnoreNulls: _function,
    exp.RespectNulls: _function,
    exp.Window: _window,
    exp.Parameter: _parameter,
    exp.Filter: _filter,
    **operators.HANDLERS,
}

__all__ = ["Expressions", "literal_text"]
