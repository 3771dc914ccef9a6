"""Adobe's functions on sketches (hypercubes): distinct counts that can be stored, merged and estimated later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.functions.registry import constant_int, function
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.engine.sketches import LEAST, MOST
from local_platform.query_service.errors import analysis_error, not_supported
from local_platform.query_service.sql.types import DOUBLE, STRING

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


def _collected(self: Expressions, call: Call) -> str:
    """The distinct texts of a group as a list."""
    if call.window is not None:
        raise not_supported(f"{call.name} over a window", "the guide has it with GROUP BY.")
    text = cast(self.value(call.arguments[0]), STRING).sql
    return f"coalesce(list(DISTINCT {text}), CAST([] AS VARCHAR[]))"


@function("hll_build_agg", kind="aggregate", least=1, most=2)
def _build(self: Expressions, call: Call) -> Value:
    """A sketch of the group's values, as text; lgConfigK is 4 to 12, 12 unless given."""
    size = constant_int(self.value(call.arguments[1]), "lgConfigK") if len(call.arguments) > 1 else MOST
    if not LEAST <= size <= MOST:
        raise analysis_error(f"lgConfigK is {LEAST} to {MOST}, not {size}.")
    return Value(f"spark_sketch({_collected(self, call)}, {size})", STRING)


def _merged(self: Expressions, call: Call) -> str:
    mixed = len(call.arguments) > 1 and self.value(call.arguments[1]).literal is True
    return f"spark_sketch_merged({_collected(self, call)}, {str(mixed).lower()})"


@function("hll_merge_agg", kind="aggregate", least=1, most=2)
def _merge(self: Expressions, call: Call) -> Value:
    """One sketch of all sketches of the group; those of different lgConfigK only when the second argument is true."""
    return Value(_merged(self, call), STRING)


@function("hll_merge_count_agg", kind="aggregate", least=1, most=2)
def _merge_count(self: Expressions, call: Call) -> Value:
    """How many distinct values went into all sketches of the group."""
    return Value(f"spark_sketch_estimate({_merged(self, call)})", DOUBLE)


@function("hll_estimate")
def _estimate(self: Expressions, call: Call) -> Value:
    """How many distinct values went into a sketch, to two places."""
    return Value(f"round(spark_sketch_estimate({cast(self.value(call.arguments[0]), STRING).sql}), 2)", DOUBLE)
