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
    """A generator's rows: a SELECT that may refer to the row it stands beside.

    Attributes:
        outer: a row without elements stays, with NULL.
    """

    sql: str
    columns: list[tuple[str, Type]]
    outer: bool = False


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
    kind = value.type.kind
    positions = call.name.startswith("pos")
    if kind == "array":
        parts, columns = [f"unnest({value.sql})"], [("col", value.type.item)]
        count = f"len({value.sql})"
    elif kind == "map":
        parts = [f"unnest(map_keys({value.sql}))", f"unnest(map_values({value.sql}))"]
        columns = [("key", value.type.key or VOID), ("value", value.type.item)]
        count = f"cardinality({value.sql})"
    else:
        raise analysis_error(
            f'Cannot resolve "{call.name}": an array or a map is needed, not {value.type.spark}.',
            kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        )
    if positions:
        parts.insert(0, f"CAST(unnest(range(CAST({count} AS BIGINT))) AS INTEGER)")
        columns.insert(0, ("pos", INT))
    listed = ", ".join(f"{part} AS c{position}" for position, part in enumerate(parts))
    return Rows(f"SELECT {listed}", columns, outer)


def _inline(value: Value, outer: bool) -> Rows:
    item = value.type.item
    if value.type.kind != "array" or item.kind != "struct":
        raise analysis_error(
            f'Cannot resolve "inline": an array of structs is needed, not {value.type.spark}.',
            kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        )
    parts = ", ".join(
        f"struct_extract(s.e, {literal_text(field.name)}) AS c{position}" for position, field in enumerate(item.fields)
    )
    columns = [(field.name, field.type) for field in item.fields]
    return Rows(f"SELECT {parts} FROM (SELECT unnest({value.sql}) AS e) AS s", columns, outer)


def _stack(self: Expressions, values: Sequence[Value]) -> Rows:
    count = constant_int(values[0], "The number of rows of stack")
    rest = list(values[1:])
    if count < 1 or not rest:
        raise wrong_arguments("stack", "2 to many", len(values))
    width = -(-len(rest) // count)
    rest += [Value("NULL", VOID)] * (count * width - len(rest))
    columns = [self.unified(rest[position::width], "stack") for position in range(width)]
    rows = " UNION ALL ".join(
        "SELECT " + ", ".join(f"{columns[place][row].sql} AS c{place}" for place in range(width))
        for row in range(count)
    )
    return Rows(rows, [(f"col{place}", columns[place][0].type) for place in range(width)])


def _json_tuple(values: Sequence[Value]) -> Rows:
    if len(values) < 2:
        raise wrong_arguments("json_tuple", "2 to many", len(values))
    text = cast(values[0], STRING).sql
    valid = f"CASE WHEN json_valid({text}) THEN {text} END"
    parts = []
    for position, key in enumerate(values[1:]):
        path = literal_text('$."' + constant_text(key, "A field name of json_tuple") + '"')
        parts.append(f"json_extract_string({valid}, {path}) AS c{position}")
    return Rows(f"SELECT {', '.join(parts)}", [(f"c{position}", STRING) for position in range(len(parts))])


def _meta(self: Expressions, call: Call, values: Sequence[Value]) -> Rows:
    if len(values) != 1:
        raise wrong_arguments(call.name, "1", len(values))
    table = constant_text(values[0], f"The table name of {call.name}")
    query = self.statement.catalog.meta(call.name, table)
    return Rows(query.sql, query.columns)
