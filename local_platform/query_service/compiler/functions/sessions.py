"""Adobe-defined functions: sessions and attribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler.adobe import PRECEDING, Inner, documented
from local_platform.query_service.compiler.calls import Call, Window
from local_platform.query_service.compiler.casts import cast, literal_text
from local_platform.query_service.compiler.functions.registry import constant_int, constant_text, function
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.sql.types import BOOLEAN, DOUBLE, INT, STRING, TIMESTAMP, Type, struct

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

SESSION = struct(("timestamp_diff", INT), ("num", INT), ("is_new", BOOLEAN), ("depth", INT))


def _times(self: Expressions, call: Call, window: Window) -> dict[str, str]:
    """Seconds since the row before (NULL in the first row) and the row's place in the partition."""
    time = cast(self.value(call.arguments[0]), TIMESTAMP).sql
    over = window.sql("")
    gap = f"trunc((epoch_us({time}) - epoch_us(lag({time}){over})) / 1000000)"
    return {"gap": f"CAST({gap} AS INTEGER)", "place": f"row_number(){over}"}


def _timeout(self: Expressions, call: Call, window: Window) -> dict[str, str]:
    seconds = constant_int(self.value(call.arguments[1]), "The timeout of SESS_TIMEOUT")
    inner = _times(self, call, window)
    return inner | {"new": f"coalesce({inner['gap']} > {seconds}, {inner['place']} = 1)"}


def _start_if(self: Expressions, call: Call, window: Window) -> dict[str, str]:
    inner = _times(self, call, window)
    test = self.condition(call.arguments[1])
    return inner | {"new": f"({inner['place']} = 1 OR coalesce({test}, false))"}


def _end_if(self: Expressions, call: Call, window: Window) -> dict[str, str]:
    inner = _times(self, call, window)
    before = f"lag({self.condition(call.arguments[1])}){window.sql('')}"
    return inner | {"new": f"({inner['place']} = 1 OR coalesce({before}, false))"}


def _stretch(self: Expressions, call: Call, window: Window) -> dict[str, str]:
    """How many expiries lie before the row; with expBefore the row's own counts too."""
    condition = self.condition(call.arguments[3])
    before = len(call.arguments) > 4 and self.value(call.arguments[4]).literal is True
    last = "CURRENT ROW" if before else "1 PRECEDING"
    over = window.sql(f"ROWS BETWEEN UNBOUNDED PRECEDING AND {last}")
    return {
        "stretch": f"coalesce(sum(CASE WHEN {condition} THEN 1 ELSE 0 END){over}, 0)",
        "place": f"row_number(){window.sql('')}",
    }


INNER: dict[str, Inner] = {
    "sess_timeout": _timeout,
    "sess_start_if": _start_if,
    "sess_end_if": _end_if,
    "attribution_first_touch_exp_if": _stretch,
    "attribution_last_touch_exp_if": _stretch,
}


@function("sess_timeout", "sess_start_if", "sess_end_if", kind="adobe", least=2, most=2)
def _session(self: Expressions, call: Call) -> Value:
    """(timestamp_diff, num, is_new, depth); the first row is (0, 1, true, 1)."""
    below, window = call.below, _window(call)
    gap, place, new = below["gap"], below["place"], below["new"]
    over = Window(window.partition, [place], "").sql(PRECEDING)
    number = f"sum(CASE WHEN {new} THEN 1 ELSE 0 END){over}"
    start = f"max(CASE WHEN {new} THEN {place} END){over}"
    parts = (
        f"timestamp_diff := coalesce({gap}, 0), num := CAST({number} AS INTEGER), is_new := {new}, "
        f"depth := CAST({place} - {start} + 1 AS INTEGER)"
    )
    return Value(f"struct_pack({parts})", SESSION)


def _window(call: Call) -> Window:
    assert call.window is not None
    return documented(call, call.window, PRECEDING)


def _touch(self: Expressions, call: Call) -> tuple[str, Type]:
    """A row's own touch as a struct; NULL where the channel has no value."""
    time = cast(self.value(call.arguments[0]), TIMESTAMP).sql
    name = constant_text(self.value(call.arguments[1]), f"The channel name of {call.name}")
    value = self.value(call.arguments[2])
    type = struct(("name", STRING), ("value", value.type), ("timestamp", TIMESTAMP), ("fraction", DOUBLE))
    packed = (
        f"struct_pack(name := {literal_text(name)}, value := {value.sql}, timestamp := {time}, "
        "fraction := CAST(1 AS DOUBLE))"
    )
    return f"(CASE WHEN {value.sql} IS NOT NULL THEN {packed} END)", type


def _edge(call: Call) -> str:
    return "first_value" if "first_touch" in call.name else "last_value"


@function("attribution_first_touch", "attribution_last_touch", kind="adobe", least=3, most=3)
def _attribution(self: Expressions, call: Call) -> Value:
    """(name, value, timestamp, fraction) of the first or latest touch so far."""
    touch, type = _touch(self, call)
    return Value(f"{_edge(call)}({touch} IGNORE NULLS){_window(call).sql(PRECEDING)}", type)


@function("attribution_first_touch_exp_if", "attribution_last_touch_exp_if", kind="adobe", least=4, most=5)
def _attribution_expiring(self: Expressions, call: Call) -> Value:
    """The same within the stretch between two expiries."""
    touch, type = _touch(self, call)
    window = _window(call)
    over = Window([*window.partition, call.below["stretch"]], [call.below["place"]], "").sql(PRECEDING)
    return Value(f"{_edge(call)}({touch} IGNORE NULLS){over}", type)


@function("attribution_first_touch_exp_timeout", "attribution_last_touch_exp_timeout", kind="adobe", least=4, most=4)
def _attribution_timeout(self: Expressions, call: Call) -> Value:
    """The first or latest touch within so many seconds up to the row."""
    touch, type = _touch(self, call)
    seconds = constant_int(self.value(call.arguments[3]), f"The timeout of {call.name}")
    window = _window(call)
    frame = f"RANGE BETWEEN to_seconds({seconds}) PRECEDING AND CURRENT ROW"
    return Value(f"{_edge(call)}({touch} IGNORE NULLS){window.sql(frame)}", type)
