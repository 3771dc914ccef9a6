"""Adobe-defined functions: the row before or after, and the time to a match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler.adobe import FOLLOWING, PRECEDING, documented
from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.functions.registry import constant_int, constant_text, function
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import BIGINT, TIMESTAMP, struct

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

_UNITS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


@function("previous", "next", kind="adobe", most=3)
def _neighbour(self: Expressions, call: Call) -> Value:
    """A struct with one field, `value`; NULL where there is none or it is NULL."""
    key = self.value(call.arguments[0])
    shift = constant_int(self.value(call.arguments[1]), "The shift") if len(call.arguments) > 1 else 1
    skip = len(call.arguments) > 2 and self.value(call.arguments[2]).literal is True
    assert call.window is not None
    window = documented(call, call.window, PRECEDING if call.name == "previous" else FOLLOWING)
    name = "lag" if call.name == "previous" else "lead"
    found = f"{name}({key.sql}, {shift}{' IGNORE NULLS' if skip else ''}){window.sql('')}"
    return Value(f"(CASE WHEN {found} IS NOT NULL THEN struct_pack(value := {found}) END)", struct(("value", key.type)))


@function("time_between_previous_match", "time_between_next_match", kind="adobe", least=2, most=3)
def _time_between(self: Expressions, call: Call) -> Value:
    """Whole units since the latest match up to the row, or (negative) until the next from the row on; 0 on a match."""
    time = cast(self.value(call.arguments[0]), TIMESTAMP).sql
    test = self.condition(call.arguments[1])
    unit = "seconds"
    if len(call.arguments) > 2:
        unit = constant_text(self.value(call.arguments[2]), f"The unit of {call.name}").lower()
    if unit not in _UNITS:
        raise analysis_error(f"The unit of {call.name} is days, hours, minutes or seconds, not {unit!r}.")
    back = call.name == "time_between_previous_match"
    assert call.window is not None
    over = documented(call, call.window, PRECEDING if back else FOLLOWING).sql()
    match = f"{'last' if back else 'first'}_value(CASE WHEN {test} THEN {time} END IGNORE NULLS){over}"
    micros = _UNITS[unit] * 1_000_000
    return Value(f"CAST(trunc((epoch_us({time}) - epoch_us({match})) / {micros}) AS BIGINT)", BIGINT)
