"""Reaching into nested values: dots, brackets, back quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler.casts import cast, literal_text
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error, no_such_field, not_supported, syntax_error
from local_platform.query_service.sql.dialect import QUOTE
from local_platform.query_service.sql.types import BIGINT, STRING, VOID, array

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


def path(self: Expressions, node: exp.Expression) -> Value:
    """A dotted name: the column it starts with, then fields."""
    base, identifiers = _flatten(node)
    if base is not None:
        value = self.value(base)
        rest = identifiers
    else:
        value, used = self.scope.resolve([identifier.name for identifier in identifiers])
        rest = identifiers[used:]
    for identifier in rest:
        if _in_double_quotes(identifier):
            raise syntax_error(
                f'Double quotes cannot be combined with dotted field access: "{identifier.name}".',
                hint=f"Write the field in back quotes or brackets: `{identifier.name}` or ['{identifier.name}'].",
            )
        value = field(value, identifier.name)
    return value


def _in_double_quotes(identifier: exp.Identifier) -> bool:
    return bool(identifier.args.get("quoted")) and identifier.meta.get(QUOTE) == '"'


def _flatten(node: exp.Expression) -> tuple[exp.Expression | None, list[exp.Identifier]]:
    """The parts of a dotted name; the first element is set when the name starts with another expression."""
    if isinstance(node, exp.Identifier):
        return None, [node]
    if isinstance(node, exp.Column):
        return None, list(node.parts)
    if isinstance(node, exp.Dot):
        if not isinstance(node.expression, exp.Identifier):
            if isinstance(node.expression, exp.Star):
                raise not_supported("struct.*", "it is not documented.", instead="Name the fields.")
            raise syntax_error(f"{node.sql(dialect='spark')!r} is not a field access.")
        base, identifiers = _flatten(node.this)
        return base, [*identifiers, node.expression]
    return node, []


def field(value: Value, name: str) -> Value:
    """The field of a struct, of every element of an array of structs, or the value of a map's key.

    Raises:
        QueryError: 58000.
    """
    kind = value.type.kind
    if kind == "struct":
        found = value.type.field(name)
        if found is None:
            raise no_such_field(name, [other.name for other in value.type.fields])
        return Value(f"struct_extract({value.sql}, {literal_text(found.name)})", found.type)
    if kind == "array" and value.type.item.kind in ("struct", "array"):
        inner = field(Value("x", value.type.item), name)
        return Value(f"list_transform({value.sql}, lambda x: {inner.sql})", array(inner.type))
    if kind == "map":
        return _map_value(value, Value(literal_text(name), STRING, name))
    raise analysis_error(
        f'Can\'t extract a value from "{name}". Need a complex type [STRUCT, ARRAY, MAP] but got '
        f'"{value.type.spark.upper()}".',
        kind="INVALID_EXTRACT_BASE_FIELD_TYPE",
    )


def bracket(self: Expressions, node: exp.Bracket) -> Value:
    """x['field'], x[0], x['key']."""
    if len(node.expressions) != 1:
        raise syntax_error("Brackets hold one index, field or key.")
    value, index = self.value(node.this), self.value(node.expressions[0])
    return element(value, index)


def element(value: Value, index: Value) -> Value:
    """The element at a position counted from 0, the value of a key, or the field of a name."""
    kind = value.type.kind
    if kind == "map":
        return _map_value(value, index)
    if kind in ("struct", "array") and isinstance(index.literal, str):
        return field(value, index.literal)
    if kind == "array" and index.type.is_integral:
        if isinstance(index.literal, int):
            return Value(f"list_extract({value.sql}, {index.literal + 1})", value.type.item)
        position = cast(index, BIGINT).sql
        return Value(f"(CASE WHEN {position} >= 0 THEN list_extract({value.sql}, {position} + 1) END)", value.type.item)
    raise analysis_error(
        f'Can\'t extract a value with index of type "{index.type.spark.upper()}" from "{value.type.spark.upper()}".',
        kind="INVALID_EXTRACT_BASE_FIELD_TYPE",
    )


def _map_value(value: Value, key: Value) -> Value:
    typed = cast(key, value.type.key or VOID)
    return Value(f"(({value.sql})[{typed.sql}])", value.type.item)
