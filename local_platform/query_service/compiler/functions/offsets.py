"""Ranking and neighbours: functions that need a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.functions.registry import constant_int, function
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import DOUBLE, INT

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


def _ordered(call: Call) -> str:
    if call.window is None or not call.window.order:
        raise analysis_error(
            f"Window function {call.name}() requires window to be ordered, please add ORDER BY clause.",
        )
    return call.window.sql("")


@function("row_number", "rank", "dense_rank", kind="window", least=0, most=0)
def _rank(self: Expressions, call: Call) -> Value:
    return Value(f"CAST({call.name}(){_ordered(call)} AS INTEGER)", INT)


@function("percent_rank", kind="window", least=0, most=0)
def _percent_rank(self: Expressions, call: Call) -> Value:
    return Value(f"percent_rank(){_ordered(call)}", DOUBLE)


@function("ntile", kind="window")
def _ntile(self: Expressions, call: Call) -> Value:
    buckets = constant_int(self.value(call.arguments[0]), "The number of buckets")
    return Value(f"CAST(ntile({buckets}){_ordered(call)} AS INTEGER)", INT)


@function("lag", "lead", kind="window", most=3)
def _neighbour(self: Expressions, call: Call) -> Value:
    """The value some rows before or after, else the default."""
    value = self.value(call.arguments[0])
    distance = "1"
    if len(call.arguments) > 1:
        distance = str(constant_int(self.value(call.arguments[1]), f"The offset of {call.name}"))
    skip = " IGNORE NULLS" if call.ignore_nulls else ""
    if len(call.arguments) < 3:
        return Value(f"{call.name}({value.sql}, {distance}{skip}){_ordered(call)}", value.type)
    value, default = self.unified([value, self.value(call.arguments[2])], call.name)
    default = cast(default, value.type)
    return Value(f"{call.name}({value.sql}, {distance}, {default.sql}{skip}){_ordered(call)}", value.type)
