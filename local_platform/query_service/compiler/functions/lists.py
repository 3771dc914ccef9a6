"""Arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler import access, growth
from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.coercion import common
from local_platform.query_service.compiler.functions.registry import arguments, function
from local_platform.query_service.compiler.functions.text import joined
from local_platform.query_service.compiler.ordering import order_key
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    INT,
    STRING,
    TIMESTAMP,
    VOID,
    Field,
    Type,
    array,
    quoted,
)

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


def array_argument(self: Expressions, call: Call, position: int = 0) -> Value:
    """An argument that must be an array."""
    value = self.value(call.arguments[position])
    if value.type == VOID:
        return Value("CAST(NULL AS INTEGER[])", array(VOID))
    if value.type.kind != "array":
        raise wrong_type(call, "ARRAY", value)
    return value


def map_argument(self: Expressions, call: Call, position: int = 0) -> Value:
    """An argument that must be a map."""
    value = self.value(call.arguments[position])
    if value.type.kind != "map":
        raise wrong_type(call, "MAP", value)
    return value


def wrong_type(call: Call, wanted: str, value: Value) -> Exception:
    """58000: an argument of another type is needed."""
    return analysis_error(
        f'Cannot resolve "{call.name}": the parameter requires the "{wanted}" type, however it has the type '
        f'"{value.type.spark.upper()}".',
        kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
    )


@function("array", least=0, most=None)
def _array(self: Expressions, call: Call) -> Value:
    values = self.unified(self.values(call.arguments), "array")
    if not values:
        return Value("CAST([] AS INTEGER[])", array(VOID))
    return Value(f"[{', '.join(value.sql for value in values)}]", array(values[0].type))


@function("size", "cardinality")
def _size(self: Expressions, call: Call) -> Value:
    """-1 for NULL."""
    value = self.value(call.arguments[0])
    if value.type == VOID:
        return Value("-1", INT)
    if value.type.kind not in ("array", "map"):
        raise wrong_type(call, "ARRAY or MAP", value)
    return Value(
        f"coalesce(CAST({'cardinality' if value.type.kind == 'map' else 'len'}({value.sql}) AS INTEGER), -1)", INT
    )


@function("element_at", least=2, most=2)
def _element_at(self: Expressions, call: Call) -> Value:
    """Counted from 1, from the end when negative; NULL beyond the ends; the value of a key of a map."""
    value, index = self.values(call.arguments)
    if value.type.kind == "map":
        return access.element(value, index)
    if value.type.kind != "array":
        raise wrong_type(call, "ARRAY or MAP", value)
    place = cast(index, BIGINT).sql
    if isinstance(index.literal, int) and index.literal:
        return Value(f"list_extract({value.sql}, {place})", value.type.item)
    zero = "error('The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).')"
    return Value(f"list_extract({value.sql}, CASE WHEN {place} = 0 THEN {zero} ELSE {place} END)", value.type.item)


def _pair(self: Expressions, call: Call) -> tuple[Value, Value]:
    """An array and a value (or another array) in a common element type."""
    left, right = array_argument(self, call), self.value(call.arguments[1])
    if (call.name in _TWO_ARRAYS and right.type.kind != "array") or self.value(call.arguments[0]).type == VOID:
        raise wrong_type(call, "ARRAY", right)
    item = right.type.item if right.type.kind == "array" and call.name in _TWO_ARRAYS else right.type
    target = common(left.type.item, item, text=False)
    kinds = {left.type.item.kind, item.kind}
    if target is None or ("decimal" in kinds and len(kinds - {"void"}) > 1 and call.name in _TWO_ARRAYS):
        raise analysis_error(
            f'Cannot resolve "{call.name}": {left.type.spark} and {right.type.spark} do not fit together.',
            kind="DATATYPE_MISMATCH",
        )
    other = array(target) if call.name in _TWO_ARRAYS else target
    return cast(left, array(target)), cast(right, other)


# How many elements an array is taken to have that is joined; what counts is that a few are harmless.
_MAY_JOIN = 32
_TWO_ARRAYS = ("array_except", "array_intersect", "array_union", "arrays_overlap")


@function("array_contains", least=2, most=2)
def _array_contains(self: Expressions, call: Call) -> Value:
    """NULL when it is not found and the array has a NULL."""
    items, value = _pair(self, call)
    has_null = f"len(list_filter({items.sql}, lambda x: x IS NULL)) > 0"
    return Value(
        f"(CASE WHEN {items.sql} IS NULL OR {value.sql} IS NULL THEN NULL WHEN list_contains({items.sql}, {value.sql}) "
        f"THEN true WHEN {has_null} THEN NULL ELSE false END)",
        BOOLEAN,
    )


@function("array_position", least=2, most=2)
def _array_position(self: Expressions, call: Call) -> Value:
    items, value = _pair(self, call)
    return Value(
        f"(CASE WHEN {items.sql} IS NULL OR {value.sql} IS NULL THEN NULL "
        f"ELSE coalesce(CAST(list_position({items.sql}, {value.sql}) AS BIGINT), 0) END)",
        BIGINT,
    )


@function("array_remove", least=2, most=2)
def _array_remove(self: Expressions, call: Call) -> Value:
    items, value = _pair(self, call)
    kept = f"list_filter({items.sql}, lambda x: x IS DISTINCT FROM {value.sql})"
    return Value(f"(CASE WHEN {value.sql} IS NOT NULL THEN {kept} END)", items.type)


def _distinct(sql: str) -> str:
    """First occurrences in order; one NULL stays."""
    return f"list_filter({sql}, lambda x, i: len(list_filter(({sql})[1:i-1], lambda y: y IS NOT DISTINCT FROM x)) = 0)"


@function("array_distinct")
def _array_distinct(self: Expressions, call: Call) -> Value:
    items = array_argument(self, call)
    return Value(_distinct(items.sql), items.type)


@function("array_except", "array_intersect", least=2, most=2)
def _array_except(self: Expressions, call: Call) -> Value:
    left, right = _pair(self, call)
    found = f"len(list_filter({right.sql}, lambda y: y IS NOT DISTINCT FROM x))"
    test = f"{found} = 0" if call.name == "array_except" else f"{found} > 0"
    kept = f"list_filter({_distinct(left.sql)}, lambda x: {test})"
    return Value(f"(CASE WHEN {right.sql} IS NOT NULL THEN {kept} END)", left.type)


@function("array_union", least=2, most=2)
def _array_union(self: Expressions, call: Call) -> Value:
    left, right = _pair(self, call)
    both = (
        f"(CASE WHEN {left.sql} IS NOT NULL AND {right.sql} IS NOT NULL THEN list_concat({left.sql}, {right.sql}) END)"
    )
    return Value(_distinct(both), left.type)


@function("arrays_overlap", least=2, most=2)
def _arrays_overlap(self: Expressions, call: Call) -> Value:
    """NULL when nothing is shared, both have elements and one has a NULL."""
    left, right = _pair(self, call)
    nulls = " OR ".join(f"len(list_filter({side.sql}, lambda x: x IS NULL)) > 0" for side in (left, right))
    return Value(
        f"(CASE WHEN {left.sql} IS NULL OR {right.sql} IS NULL THEN NULL "
        f"WHEN list_has_any({left.sql}, {right.sql}) THEN true "
        f"WHEN len({left.sql}) > 0 AND len({right.sql}) > 0 AND ({nulls}) THEN NULL ELSE false END)",
        BOOLEAN,
    )


@function("arrays_zip", most=None)
def _arrays_zip(self: Expressions, call: Call) -> Value:
    """Structs of the elements at equal places; shorter arrays give NULL. Fields are named by column, else 0, 1, ..."""
    values = [array_argument(self, call, position) for position in range(len(call.arguments))]
    names = [
        str(node.name) if isinstance(node, exp.Column | exp.Dot) else str(position)
        for position, node in enumerate(call.arguments)
    ]
    if len({name.lower() for name in names}) < len(names):
        raise analysis_error("arrays_zip makes a struct of two fields of one name; give one of the arrays another.")
    parts = ", ".join(
        f"{quoted(name)} := list_extract({value.sql}, i)" for name, value in zip(names, values, strict=True)
    )
    longest = f"greatest({', '.join(f'len({value.sql})' for value in values)})"
    any_null = " OR ".join(f"{value.sql} IS NULL" for value in values)
    type = Type("struct", fields=tuple(Field(n, v.type.item) for n, v in zip(names, values, strict=True)))
    return Value(
        f"(CASE WHEN {any_null} THEN NULL ELSE list_transform(generate_series(1, {longest}), "
        f"lambda i: struct_pack({parts})) END)",
        array(type),
    )


@function("array_join", least=2, most=3)
def _array_join(self: Expressions, call: Call) -> Value:
    """NULL elements are left out unless a replacement is given."""
    values = arguments(self, call, array(STRING), STRING, STRING)
    change = (
        f"list_transform({values[0].sql}, lambda x: coalesce(x, {values[2].sql}))" if len(values) > 2 else values[0].sql
    )
    whole = f"coalesce({joined(change, values[1])}, '')"
    given = " AND ".join(f"{value.sql} IS NOT NULL" for value in values if value.literal is None)
    made = Value(f"(CASE WHEN {given or 'true'} THEN {whole} END)", STRING)
    return growth.watched(made) if growth.is_risky(self, values, _MAY_JOIN) else made


@function("array_max", "array_min")
def _array_extreme(self: Expressions, call: Call) -> Value:
    items = array_argument(self, call)
    if items.type.item.is_complex:
        ascending = call.name == "array_min"
        kept = Value(f"list_filter({items.sql}, lambda x: x IS NOT NULL)", items.type)
        return Value(f"list_extract({_sorted(kept, ascending)}, 1)", items.type.item)
    return Value(f"list_{call.name[-3:]}({items.sql})", items.type.item)


def _sorted(items: Value, ascending: bool) -> str:
    """A sorted list, NULL first when ascending, else last; nested elements in Spark's order."""
    order = "'ASC', 'NULLS FIRST'" if ascending else "'DESC', 'NULLS LAST'"
    if not items.type.item.is_complex:
        return f"list_sort({items.sql}, {order})"
    key = order_key(Value("x", items.type.item))
    keyed = f"list_transform({items.sql}, lambda x: struct_pack(n := x IS NOT NULL, k := {key}, v := x))"
    return f"list_transform(list_sort({keyed}, {order}), lambda x: x.v)"


@function("array_repeat", least=2, most=2)
def _array_repeat(self: Expressions, call: Call) -> Value:
    value, count = arguments(self, call, None, INT)
    series = f"generate_series(1, spark_bounded_items({count.sql}))"
    return Value(f"list_transform({series}, lambda i: {value.sql})", array(value.type))


@function("array_sort", most=2)
def _array_sort(self: Expressions, call: Call) -> Value:
    """Ascending, NULL last; or by a comparison (x, y) -> a number below, above or equal to zero."""
    items = array_argument(self, call)
    if len(call.arguments) == 2:
        from local_platform.query_service.compiler.functions.comparisons import sorted_by

        return sorted_by(self, items, call.arguments[1])
    if items.type.item.is_complex:
        kept = Value(f"list_filter({items.sql}, lambda x: x IS NOT NULL)", items.type)
        rest = f"list_filter({items.sql}, lambda x: x IS NULL)"
        return Value(f"list_concat({_sorted(kept, True)}, {rest})", items.type)
    return Value(f"list_sort({items.sql}, 'ASC', 'NULLS LAST')", items.type)


@function("sort_array", most=2)
def _sort_array(self: Expressions, call: Call) -> Value:
    """Ascending with NULL first, or descending with NULL last."""
    items = array_argument(self, call)
    if len(call.arguments) == 1:
        return Value(_sorted(items, True), items.type)
    ascending = self.value(call.arguments[1]).literal
    if not isinstance(ascending, bool):
        raise analysis_error("The sort order of sort_array must be true or false.", kind="DATATYPE_MISMATCH")
    return Value(_sorted(items, ascending), items.type)


@function("flatten")
def _flatten(self: Expressions, call: Call) -> Value:
    items = array_argument(self, call)
    if items.type.item.kind != "array":
        raise wrong_type(call, "ARRAY of ARRAY", items)
    has_null = f"len(list_filter({items.sql}, lambda x: x IS NULL)) > 0"
    made = Value(f"(CASE WHEN {has_null} THEN NULL ELSE flatten({items.sql}) END)", items.type.item)
    return growth.watched(made) if growth.is_risky(self, [items], _MAY_JOIN) else made


@function("shuffle")
def _shuffle(self: Expressions, call: Call) -> Value:
    items = array_argument(self, call)
    pairs = f"list_sort(list_transform({items.sql}, lambda x: struct_pack(r := random(), v := x)))"
    return Value(f"list_transform({pairs}, lambda x: x.v)", items.type)


@function("slice", least=3, most=3)
def _slice(self: Expressions, call: Call) -> Value:
    """From a position (1 is the first, negative from the end) a number of elements."""
    items = array_argument(self, call)
    _, start, count = arguments(self, call, None, INT, INT)
    first = f"(CASE WHEN {start.sql} < 0 THEN len({items.sql}) + {start.sql} + 1 ELSE {start.sql} END)"
    cut = f"list_slice({items.sql}, {first}, {first} + {count.sql} - 1)"
    if isinstance(start.literal, int) and start.literal > 0 and isinstance(count.literal, int) and count.literal > 0:
        return Value(cut, items.type)
    wrong = "error('Unexpected value for start in function slice: SQL array indices start at 1.')"
    negative = "error('Unexpected value for length in function slice: length must be greater than or equal to 0.')"
    return Value(
        f"(CASE WHEN {start.sql} = 0 THEN {wrong} WHEN {count.sql} < 0 THEN {negative} "
        f"WHEN {first} < 1 OR {count.sql} = 0 THEN CAST([] AS {items.type.duck}) ELSE {cut} END)",
        items.type,
    )


@function("sequence", least=2, most=3)
def _sequence(self: Expressions, call: Call) -> Value:
    """Numbers or dates from start to stop, both included; downwards when stop is smaller."""
    start, stop, *step = self.values(call.arguments)
    if start.type.kind in ("date", "timestamp"):
        return _times(call, start, stop, *step)
    values = self.unified([start, stop, *step], "sequence")
    one, two = values[0].sql, values[1].sql
    width = values[2].sql if step else f"(CASE WHEN {one} <= {two} THEN 1 ELSE -1 END)"
    wrong = f"({width} = 0 AND {one} <> {two}) OR ({width} > 0 AND {one} > {two}) OR ({width} < 0 AND {one} < {two})"
    told = f"'Illegal sequence boundaries: ' || {one} || ' to ' || {two} || ' by ' || {width}"
    numbers = f"generate_series({one}, spark_bounded_stop({one}, {two}, {width}), {width})"
    series = f"(CASE WHEN {wrong} THEN error({told}) WHEN {one} = {two} THEN [{one}] ELSE {numbers} END)"
    return Value(f"CAST({series} AS {values[0].type.duck}[])", array(values[0].type))


def _times(call: Call, start: Value, stop: Value, step: Value | None = None) -> Value:
    """Each element is the start plus so many steps, so a month's last day does not wear off."""
    kind = TIMESTAMP if TIMESTAMP in (start.type, stop.type) else DATE
    if step is not None and not step.type.is_interval:
        raise wrong_type(call, "INTERVAL", step)
    one, two = cast(start, TIMESTAMP).sql, cast(stop, TIMESTAMP).sql
    width = step.sql if step is not None else f"(CASE WHEN {one} <= {two} THEN to_days(1) ELSE to_days(-1) END)"
    months = step is not None and step.type.kind == "interval_month"
    length = f"datepart('month', {width}) + 12 * datepart('year', {width})" if months else f"epoch({width})"
    span = (
        f"12 * (year({two}) - year({one})) + month({two}) - month({one})" if months else f"epoch({two}) - epoch({one})"
    )
    count = f"CAST(floor(({span}) / NULLIF({length}, 0)) AS BIGINT)"
    series = f"list_transform(generate_series(0, {count}), lambda i: {one} + i * {width})"
    kept = f"list_filter({series}, lambda x: CASE WHEN {length} > 0 THEN x <= {two} ELSE x >= {two} END)"
    wrong = f"{length} = 0 OR ({length} > 0 AND {one} > {two}) OR ({length} < 0 AND {one} < {two})"
    refused = f"error('Illegal sequence boundaries: ' || {one} || ' to ' || {two})"
    return Value(f"CAST((CASE WHEN {wrong} THEN {refused} ELSE {kept} END) AS {kind.duck}[])", array(kind))
