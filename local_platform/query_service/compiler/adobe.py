"""What a window reads that must be a column of FROM: the inner windows of Adobe-defined functions, and random keys.

A session's number counts the rows that begin one, and whether a row does depends on the row before it; one window
cannot read another, so the inner ones become columns of a query below. A window sorted by rand() or randn() needs one
too: the engine takes an order that changes while it sorts from a column only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler.calls import RANDOM, Call, Window, read_call
from local_platform.query_service.compiler.ordering import order_key
from local_platform.query_service.compiler.scope import Scope
from local_platform.query_service.compiler.windows import read_window
from local_platform.query_service.errors import not_supported

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions
    from local_platform.query_service.compiler.query import Compiler

PRECEDING = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
FOLLOWING = "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING"
_SHORT = {"ROWS UNBOUNDED PRECEDING": PRECEDING}

# Inner columns by key, as DuckDB's SQL in the terms of the original FROM.
Inner = Callable[["Expressions", Call, Window], dict[str, str]]


@dataclass(frozen=True)
class Below:
    """Where a window's inner columns are found: key to DuckDB's SQL."""

    columns: dict[str, str]


def needs_wrapping(node: exp.Select) -> bool:
    """Whether a window of the select list reads what must be a column."""
    return bool(_two_step_windows(node) or _random_keys(node))


def _listed(node: exp.Select) -> list[exp.Expression]:
    return [part for element in node.expressions for part in element.walk(prune=lambda p: isinstance(p, exp.Query))]


def _two_step_windows(node: exp.Select) -> list[exp.Window]:
    from local_platform.query_service.compiler.functions.sessions import INNER

    return [
        part
        for part in _listed(node)
        if isinstance(part, exp.Window)
        and isinstance(part.this, exp.Anonymous)
        and str(part.this.this).lower() in INNER
    ]


def _random_keys(node: exp.Select) -> list[exp.Ordered]:
    """Elements of the windows' ORDER BY that another call would answer otherwise."""
    windows = [part for part in (*_listed(node), *(node.args.get("windows") or [])) if isinstance(part, exp.Window)]
    orders = [window.args["order"] for window in windows if window.args.get("order") is not None]
    return [
        key
        for order in orders
        for key in order.expressions
        if any(str(call.this).lower() in RANDOM for call in key.find_all(exp.Anonymous))
    ]


def wrap(compiler: Compiler, scope: Scope, origin: str, condition: str, node: exp.Select) -> str:
    """FROM with the inner windows computed; names in the scope lead to the new FROM from here on.

    Raises:
        QueryError: 0A000, the select also groups.
    """
    from local_platform.query_service.compiler.functions import find
    from local_platform.query_service.compiler.functions.sessions import INNER

    if node.args.get("group") is not None or node.args.get("having") is not None:
        raise not_supported(
            "A session or attribution function, or a window in random order, beside GROUP BY",
            "all guides use them on rows.",
            instead="Compute it in a sub-select and group outside.",
        )
    expressions = compiler.expressions(scope)
    name = compiler.statement.name("b")
    parts: dict[str, str] = {}
    for window in _two_step_windows(node):
        call = read_call(window.this)
        call.window = documented(call, read_window(expressions, window), PRECEDING)
        if (function := find(call.name)) is not None:
            function.check(call)
        keys = INNER[call.name](expressions, call, call.window)
        placed = {key: f"x{len(parts) + place}" for place, key in enumerate(keys)}
        parts |= {placed[key]: sql for key, sql in keys.items()}
        scope.below[id(window)] = Below({key: f"{name}.{column}" for key, column in placed.items()})
    for key in _random_keys(node):
        place = f"x{len(parts)}"
        parts[place] = order_key(expressions.value(key.this))
        scope.below[id(key)] = Below({"key": f"{name}.{place}"})
    renamed: dict[str, str] = {}
    for relation in scope.relations:
        for column in relation.columns:
            renamed.setdefault(column.sql, f"k{len(renamed)}")
    listed = [f"{sql} AS {column}" for sql, column in renamed.items()] + [f"{sql} AS {n}" for n, sql in parts.items()]
    scope.rename = lambda sql: f"{name}.{renamed[sql]}" if sql in renamed else sql
    where = f" WHERE {condition}" if condition else ""
    source = f" FROM {origin}" if origin else ""
    return f"(SELECT {', '.join(listed)}{source}{where}) AS {name}"


def documented(call: Call, window: Window, frame: str) -> Window:
    """The window, if it is written the way every guide writes it.

    Raises:
        QueryError: 0A000, no order, no frame or another one: what happens then is documented nowhere.
    """
    seen = _SHORT.get(window.frame.upper(), window.frame.upper())
    if not window.order or seen != frame:
        raise not_supported(
            f"{call.name.upper()} over this window",
            f"seen {'no ORDER BY' if not window.order else window.frame or 'no frame'}; only one form is documented.",
            instead=f"Write OVER (PARTITION BY ... ORDER BY timestamp {frame}).",
        )
    return window
