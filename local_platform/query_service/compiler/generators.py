"""Functions that make rows: explode and its kin, stack, json_tuple, and the service's metadata functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_platform.query_service.compiler.calls import Call, wrong_arguments
from local_platform.query_service.compiler.casts import cast, literal_text
from local_platform.query_service.compiler.functions.registry import constant_int, constant_text
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import INT, STRING, VOID, Type

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

META = ("history_meta", "sample_meta")
NAMES = (
    "explode",
    "explode_outer",
    "posexplode",
    "inline",
    "inline_outer",
    "stack",
    "json_tuple",
    *META,
)


@dataclass(frozen=True)
class Rows:
    """A generator's rows.

    Attributes:
        elements: SQL of a list; each of its elements is a row.
        columns: names and types.
        parts: SQL of each column, with {e} for the element.
        outer: a row without elements stays, with NULL.
    """

    elements: str
    columns: list[tuple[str, Type]]
    parts: list[str]
    outer: bool = False

    def unnested(self, outer: bool) -> str:
        """SQL that makes a row of every element, in order."""
        if not outer:
            return f"unnest({self.elements})"
        return f"unnest(CASE WHEN len({self.elements}) > 0 THEN {self.elements} ELSE [NULL] END)"


def generate(self: Expressions, call: Call, values: Sequence[Value]) -> Rows:
    """The rows a generator makes of its (compiled) arguments.

    Raises:
        QueryError: wrong number or types of arguments.
    """
    if call.name in META:
        return _meta(self, call, values)
    if call.name == "stack":
        return _stack(self, values)
    if call.name == "json_tuple":
        return _json_tuple(values)
    if len(values) != 1:
        raise wrong_arguments(call.name, "1", len(values))
    outer = call.name.endswith("_outer")
    if call.name.startswith("inline"):
        return _inline(values[0], outer)
    return _explode(call, values[0], outer)


def _explode(call: Call, value: Value, outer: bool) -> Rows:
    if value.type.kind == "array":
        elements, columns, parts = value.sql, [("col", value.type.item)], ["{e}"]
    elif value.type.kind == "map":
        elements = f"map_entries({value.sql})"
        columns = [("key", value.type.key or VOID), ("value", value.type.item)]
        parts = ["struct_extract({e}, 'key')", "struct_extract({e}, 'value')"]
    else:
        raise _wrong_type(call.name, "an array or a map", value)
    if not call.name.startswith("pos"):
        return Rows(elements, columns, parts, outer)
    placed = f"list_transform({elements}, lambda x, i: struct_pack(p := CAST(i - 1 AS INTEGER), e := x))"
    inner = [part.replace("{e}", "struct_extract({e}, 'e')") for part in parts]
    return Rows(placed, [("pos", INT), *columns], ["struct_extract({e}, 'p')", *inner], outer)


def _wrong_type(name: str, wanted: str, value: Value) -> Exception:
    return analysis_error(
        f'Cannot resolve "{name}": {wanted} is needed, not {value.type.spark}.',
        kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
    )


def _inline(value: Value, outer: bool) -> Rows:
    item = value.type.item
    if value.type.kind != "array" or item.kind != "struct":
        raise _wrong_type("inline", "an array of structs", value)
    parts = [f"struct_extract({{e}}, {literal_text(field.name)})" for field in item.fields]
    return Rows(value.sql, [(field.name, field.type) for field in item.fields], parts, outer)


def _packed(rows: Sequence[Sequence[str]], columns: list[tuple[str, Type]]) -> Rows:
    """A list written out, row by row."""
    listed = ", ".join(
        "struct_pack(" + ", ".join(f"c{place} := {sql}" for place, sql in enumerate(row)) + ")" for row in rows
    )
    return Rows(f"[{listed}]", columns, [f"struct_extract({{e}}, 'c{place}')" for place in range(len(columns))])


def _stack(self: Expressions, values: Sequence[Value]) -> Rows:
    if len(values) < 2:
        raise wrong_arguments("stack", "2 to many", len(values))
    count = constant_int(values[0], "The number of rows of stack")
    rest = list(values[1:])
    if count < 1:
        raise analysis_error("The number of rows of stack must be at least 1.", kind="DATATYPE_MISMATCH")
    width = -(-len(rest) // count)
    rest += [Value("NULL", VOID)] * (count * width - len(rest))
    columns = [self.unified(rest[position::width], "stack") for position in range(width)]
    for position in range(width):
        if len({value.type for value in rest[position::width] if value.type != VOID}) > 1:
            raise analysis_error(
                f"The values of column {position} of stack have different types.",
                kind="DATATYPE_MISMATCH.STACK_COLUMN_DIFF_TYPES",
            )
    rows = [[column[row].sql for column in columns] for row in range(count)]
    return _packed(rows, [(f"col{place}", column[0].type) for place, column in enumerate(columns)])


def _json_tuple(values: Sequence[Value]) -> Rows:
    if len(values) < 2:
        raise wrong_arguments("json_tuple", "2 to many", len(values))
    text = cast(values[0], STRING).sql
    valid = f"CASE WHEN json_valid({text}) THEN {text} END"
    keys = [constant_text(key, "A field name of json_tuple") for key in values[1:]]
    paths = [literal_text('$."' + key + '"') for key in keys]
    return _packed(
        [[f"json_extract_string({valid}, {path})" for path in paths]],
        [(f"c{position}", STRING) for position in range(len(keys))],
    )


def _meta(self: Expressions, call: Call, values: Sequence[Value]) -> Rows:
    if len(values) != 1:
        raise wrong_arguments(call.name, "1", len(values))
    table = constant_text(values[0], f"The table name of {call.name}")
    query = self.statement.catalog.meta(call.name, table)
    packed = ", ".join(f"c{place} := m.c{place}" for place in range(len(query.columns)))
    return Rows(
        f"(SELECT list(struct_pack({packed})) FROM ({query.sql}) AS m)",
        query.columns,
        [f"struct_extract({{e}}, 'c{place}')" for place in range(len(query.columns))],
    )
