"""OVER clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from local_platform.query_service.compiler.calls import Window, call_function
from local_platform.query_service.compiler.ordering import order_key
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error, syntax_error

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


def window_function(self: Expressions, node: exp.Window) -> Value:
    """`f(...) OVER (...)` or `f(...) OVER name`."""
    if isinstance(node.this, exp.Filter):
        return self.value(node.this)
    below = self.scope.below.get(id(node))
    return call_function(self, node.this, read_window(self, node), below.columns if below is not None else None)


def read_window(self: Expressions, node: exp.Window) -> Window:
    """Partition, order and frame of an OVER clause; a named window lends what the clause itself does not say.

    Raises:
        QueryError: 58000, an unknown window name.
    """
    base: Window | None = None
    name = node.args.get("alias")
    if name is not None:
        definition = self.scope.windows.get(name.name.lower())
        if definition is None:
            raise analysis_error(f"Window specification {name.name} is not defined in the WINDOW clause.")
        base = read_window(self, definition)
    order = node.args.get("order")
    partition = [value.sql for value in self.values(node.args.get("partition_by") or [])]
    keys = [sort_key(self, item) for item in order.expressions] if order is not None else []
    frame = _frame(node.args.get("spec"))
    if base is None:
        return Window(partition, keys, frame)
    if partition or keys or frame:
        raise syntax_error("OVER takes the name of a window, or a definition, not both.")
    return Window(partition or base.partition, keys or base.order, frame or base.frame)


def sort_key(self: Expressions, node: exp.Ordered) -> str:
    """SQL of one ORDER BY element, NULL placed as Spark places it."""
    below = self.scope.below.get(id(node))
    key = order_key(self.value(node.this)) if below is None else below.columns["key"]
    return f"{key} {direction(node)}"


def direction(node: exp.Ordered) -> str:
    """`ASC NULLS FIRST` unless said otherwise."""
    descending = bool(node.args.get("desc"))
    return f"{'DESC' if descending else 'ASC'} NULLS {'FIRST' if node.args.get('nulls_first') else 'LAST'}"


def _frame(spec: Any) -> str:
    if spec is None:
        return ""
    if spec.args.get("exclude"):
        raise syntax_error("EXCLUDE is not part of Spark's window frames.")
    start = _bound(spec.args.get("start"), spec.args.get("start_side"))
    end_value = spec.args.get("end")
    if end_value is None:
        return f"{spec.args['kind']} {start}"
    return f"{spec.args['kind']} BETWEEN {start} AND {_bound(end_value, spec.args.get('end_side'))}"


def _bound(value: Any, side: Any) -> str:
    if isinstance(value, str):
        return value if value.upper() == "CURRENT ROW" else f"{value} {side}"
    if isinstance(value, exp.Literal) and not value.is_string:
        return f"{value.this} {side}"
    if isinstance(value, exp.Interval):
        from local_platform.query_service.compiler import literals

        return f"{literals.interval(None, value).sql} {side}"  # type: ignore[arg-type]
    raise syntax_error("A frame bound is UNBOUNDED, CURRENT ROW, a number or an interval.")
