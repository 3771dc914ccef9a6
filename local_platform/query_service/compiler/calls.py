"""Function calls: which function is meant, and are its arguments acceptable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error, not_supported, syntax_error, undefined_function

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


RANDOM = frozenset(("rand", "random", "randn", "uuid", "shuffle"))
"""Functions that answer differently at each call."""


@dataclass
class Call:
    """One call as it was written.

    Attributes:
        name: in lower case.
        arguments: syntax trees, without DISTINCT.
        over: SQL of the OVER clause with a leading blank, empty outside a window.
        window: what the OVER clause says, None outside a window.
        ignore_nulls: IGNORE NULLS was written.
        below: inner windows of an Adobe-defined function: key to DuckDB's SQL.
    """

    name: str
    arguments: list[exp.Expression]
    distinct: bool = False
    over: str = ""
    window: Window | None = None
    ignore_nulls: bool = False
    below: dict[str, str] = field(default_factory=dict)


@dataclass
class Window:
    """A compiled OVER clause.

    Attributes:
        partition: SQL of the partition keys.
        order: SQL of the sort keys, with direction and place of NULL.
        frame: SQL of an explicit frame, or empty.
    """

    partition: list[str]
    order: list[str]
    frame: str

    def sql(self, frame: str | None = None, *, order: list[str] | None = None) -> str:
        """The OVER clause, with another frame or order when given."""
        parts = []
        if self.partition:
            parts.append("PARTITION BY " + ", ".join(self.partition))
        keys = self.order if order is None else order
        if keys:
            parts.append("ORDER BY " + ", ".join(keys))
        parts.append(self.frame if frame is None else frame)
        return f" OVER ({' '.join(part for part in parts if part)})"


def call_function(
    self: Expressions, node: exp.Expression, window: Window | None = None, below: dict[str, str] | None = None
) -> Value:
    """Compile a call; `window` is set inside an OVER clause, `below` where it has inner windows.

    Raises:
        QueryError: an unknown function, a wrong number of arguments, a window function without window.
    """
    from local_platform.query_service.compiler.functions import find

    call = read_call(node)
    call.window, call.below = window, below or {}
    function = find(call.name)
    if function is None:
        raise unknown_function(call.name)
    function.check(call)
    if function.kind != "scalar" or call.name == "monotonically_increasing_id":
        self.statement.binding.outside += 1
    elif call.name in RANDOM:
        self.statement.binding.volatile += 1
    if window is not None:
        call.over = window.sql()
    return function.compile(self, call)


def read_call(node: exp.Expression) -> Call:
    """Name and arguments of a call, whatever form the parser gave it."""
    if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
        call = read_call(node.this)
        call.ignore_nulls = isinstance(node, exp.IgnoreNulls)
        return call
    if isinstance(node, exp.Extract):
        return Call("extract", [exp.Literal.string(node.name), node.expression])
    if isinstance(node, exp.Substring):
        return Call(
            "substring", [part for part in (node.this, node.args.get("start"), node.args.get("length")) if part]
        )
    if isinstance(node, exp.StrPosition):
        return Call("position", [part for part in (node.args["substr"], node.this, node.args.get("position")) if part])
    if isinstance(node, exp.Trim):
        return _trim(node)
    if not isinstance(node, exp.Anonymous):
        raise syntax_error(f"{node.sql(dialect='spark')!r} is not a function call.")
    if isinstance(node.this, exp.Identifier):
        raise syntax_error(f"The function name {node.this.name!r} must not be quoted.")
    arguments = list(node.expressions)
    distinct = len(arguments) == 1 and isinstance(arguments[0], exp.Distinct)
    if distinct:
        if arguments[0].args.get("on"):
            raise not_supported("DISTINCT ON", "Spark does not have it.")
        arguments = list(arguments[0].expressions)
    return Call(str(node.this).lower(), arguments, distinct=distinct)


# trim(LEADING ...): Spark calls it ltrim, which is not among the documented functions, so nobody may write its name.
LEADING = "trim leading"


def _trim(node: exp.Trim) -> Call:
    position = str(node.args.get("position") or "BOTH").upper()
    name = {"BOTH": "trim", "LEADING": LEADING, "TRAILING": "rtrim"}[position]
    characters = node.args.get("expression")
    return Call(name, [node.this] if characters is None else [characters, node.this])


def unknown_function(name: str) -> Exception:
    """58000 in the documented nesting."""
    from local_platform.query_service.compiler import generators

    if name.lower() in generators.NAMES:
        return analysis_error(
            f'The generator "{name}" stands alone in the select list or in LATERAL VIEW, not in another expression.',
            kind="UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS",
        )
    return undefined_function(name)


def wrong_arguments(name: str, wanted: str, seen: int) -> Exception:
    """58000: wrong number of arguments."""
    return analysis_error(
        f"The function `{name}` requires {wanted} parameters but the actual number is {seen}.",
        kind="WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
    )
