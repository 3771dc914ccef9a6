"""Maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import literal_text
from local_platform.query_service.compiler.functions.lists import array_argument, map_argument, wrong_type
from local_platform.query_service.compiler.functions.registry import arguments, function
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import STRING, VOID, array, map_of

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


@function("map", least=0, most=None)
def _map(self: Expressions, call: Call) -> Value:
    if len(call.arguments) % 2:
        raise analysis_error("The function `map` needs an even number of arguments.", kind="WRONG_NUM_ARGS")
    values = self.values(call.arguments)
    keys, items = self.unified(values[::2], "map"), self.unified(values[1::2], "map")
    type = map_of(keys[0].type if keys else VOID, items[0].type if items else VOID)
    key_list, item_list = (", ".join(value.sql for value in part) for part in (keys, items))
    return Value(f"CAST(map([{key_list}], [{item_list}]) AS {type.duck})", type)


@function("map_keys")
def _map_keys(self: Expressions, call: Call) -> Value:
    value = map_argument(self, call)
    return Value(f"map_keys({value.sql})", array(value.type.key or VOID))


@function("map_values")
def _map_values(self: Expressions, call: Call) -> Value:
    value = map_argument(self, call)
    return Value(f"map_values({value.sql})", array(value.type.item))


@function("map_concat", most=None)
def _map_concat(self: Expressions, call: Call) -> Value:
    values = self.unified([map_argument(self, call, position) for position in range(len(call.arguments))], "map_concat")
    if len(values) == 1:
        return values[0]
    any_null = " OR ".join(f"{value.sql} IS NULL" for value in values)
    keys = f"list_concat({', '.join(f'map_keys({value.sql})' for value in values)})"
    items = f"list_concat({', '.join(f'map_values({value.sql})' for value in values)})"
    # Made anew, so that a key that occurs twice is an error.
    joined = f"map({keys}, {items})"
    return Value(f"(CASE WHEN {any_null} THEN NULL ELSE {joined} END)", values[0].type)


@function("map_from_arrays", least=2, most=2)
def _map_from_arrays(self: Expressions, call: Call) -> Value:
    keys, items = array_argument(self, call), array_argument(self, call, 1)
    return Value(f"map({keys.sql}, {items.sql})", map_of(keys.type.item, items.type.item))


@function("map_from_entries")
def _map_from_entries(self: Expressions, call: Call) -> Value:
    entries = array_argument(self, call)
    fields = entries.type.item.fields
    if len(fields) != 2:
        raise wrong_type(call, "ARRAY of STRUCT with two fields", entries)
    key, value = (literal_text(field.name) for field in fields)
    keys = f"list_transform({entries.sql}, lambda x: struct_extract(x, {key}))"
    items = f"list_transform({entries.sql}, lambda x: struct_extract(x, {value}))"
    complete = f"len(list_filter({entries.sql}, lambda x: x IS NULL)) = 0"
    return Value(f"(CASE WHEN {complete} THEN map({keys}, {items}) END)", map_of(fields[0].type, fields[1].type))


@function("str_to_map", most=3)
def _str_to_map(self: Expressions, call: Call) -> Value:
    """'a:1,b:2' with separators; a key without value has NULL."""
    values = arguments(self, call, STRING, STRING, STRING)
    between = values[1].sql if len(values) > 1 else "','"
    within = values[2].sql if len(values) > 2 else "':'"
    pieces = f"string_split_regex({values[0].sql}, {between})"
    if len(values) > 1 and not isinstance(values[1].literal, str):
        pieces = f"spark_split({values[0].sql}, {between}, -1)"
    keys = f"list_transform({pieces}, lambda x: string_split_regex(x, {within})[1])"
    rest = f"array_to_string(string_split_regex(x, {within})[2:], {within})"
    if len(values) > 2 and not isinstance(values[2].literal, str):
        # The engine joins by a constant only.
        rest = f"spark_split(x, {within}, 2)[2]"
    items = f"list_transform({pieces}, lambda x: CASE WHEN len(string_split_regex(x, {within})) > 1 THEN {rest} END)"
    return Value(f"map({keys}, {items})", map_of(STRING, STRING))
