"""NULL handling, conditions, structs, and facts about the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast, literal_text
from local_platform.query_service.compiler.functions.registry import constant_text, function
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    STRING,
    TIMESTAMP,
    VOID,
    Field,
    Type,
    quoted,
)

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


@function("coalesce", most=None)
def _coalesce(self: Expressions, call: Call) -> Value:
    values = self.unified(self.values(call.arguments), "coalesce")
    return Value(f"coalesce({', '.join(value.sql for value in values)})", values[0].type)


@function("ifnull", "nvl", least=2, most=2)
def _nvl(self: Expressions, call: Call) -> Value:
    return _coalesce(self, call)


@function("nvl2", least=3, most=3)
def _nvl2(self: Expressions, call: Call) -> Value:
    tested, first, second = self.values(call.arguments)
    yes, no = self.unified([first, second], "nvl2")
    return Value(f"(CASE WHEN {tested.sql} IS NOT NULL THEN {yes.sql} ELSE {no.sql} END)", yes.type)


@function("nullif", least=2, most=2)
def _nullif(self: Expressions, call: Call) -> Value:
    value, other = self.values(call.arguments)
    one, two = self.unified([value, other], "nullif")
    return Value(f"(CASE WHEN {one.sql} = {two.sql} THEN NULL ELSE {value.sql} END)", value.type)


@function("isnull")
def _isnull(self: Expressions, call: Call) -> Value:
    return Value(f"({self.value(call.arguments[0]).sql} IS NULL)", BOOLEAN)


@function("isnotnull")
def _isnotnull(self: Expressions, call: Call) -> Value:
    return Value(f"({self.value(call.arguments[0]).sql} IS NOT NULL)", BOOLEAN)


@function("isnan")
def _isnan(self: Expressions, call: Call) -> Value:
    value = self.value(call.arguments[0])
    if not value.type.is_fractional:
        value = cast(value, Type("double"))
    return Value(f"coalesce(isnan({value.sql}), false)", BOOLEAN)


@function("struct", most=None)
def _struct(self: Expressions, call: Call) -> Value:
    """Fields are named by alias or column; anything else is col1, col2, ..."""
    fields: list[Field] = []
    parts: list[str] = []
    for position, node in enumerate(call.arguments, start=1):
        value = self.value(node.this if isinstance(node, exp.Alias) else node)
        name = _field_name(node, position)
        if any(field.name.lower() == name.lower() for field in fields):
            raise analysis_error(f"The struct has two fields `{name}`; give one of them another name.")
        fields.append(Field(name, value.type))
        parts.append(f"{quoted(name)} := {value.sql}")
    return Value(f"struct_pack({', '.join(parts)})", Type("struct", fields=tuple(fields)))


def _field_name(node: exp.Expression, position: int) -> str:
    if isinstance(node, exp.Alias | exp.Column):
        return str(node.alias_or_name)
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        return str(node.expression.name)
    if isinstance(node, exp.Bracket) and isinstance(node.expressions[0], exp.Literal):
        return str(node.expressions[0].this) if node.expressions[0].is_string else f"col{position}"
    return f"col{position}"


@function("assert_true", most=2)
def _assert_true(self: Expressions, call: Call) -> Value:
    condition = self.condition(call.arguments[0])
    text = (
        cast(self.value(call.arguments[1]), STRING).sql
        if len(call.arguments) > 1
        else literal_text(f"'{call.arguments[0].sql(dialect='spark')}' is not true!")
    )
    return Value(f"(CASE WHEN {condition} THEN NULL ELSE error({text}) END)", VOID)


@function("raise_error")
def _raise_error(self: Expressions, call: Call) -> Value:
    text = cast(self.value(call.arguments[0]), STRING)
    return Value(f"CAST(error({text.sql}) AS INTEGER)", VOID)


@function("monotonically_increasing_id", least=0, most=0)
def _increasing(self: Expressions, call: Call) -> Value:
    return Value("(row_number() OVER () - 1)", BIGINT)


@function("current_date", least=0, most=0)
def _today(self: Expressions, call: Call) -> Value:
    return Value(f"DATE '{self.statement.now:%Y-%m-%d}'", DATE)


@function("current_timestamp", "now", least=0, most=0)
def _now(self: Expressions, call: Call) -> Value:
    return Value(f"TIMESTAMP '{self.statement.now:%Y-%m-%d %H:%M:%S.%f}'", TIMESTAMP)


@function("current_database", least=0, most=0)
def _database(self: Expressions, call: Call) -> Value:
    return Value(literal_text(self.statement.database), STRING)


@function("table_exists")
def _table_exists(self: Expressions, call: Call) -> Value:
    """Whether the lake has this table; asked when the statement starts."""
    name = constant_text(self.value(call.arguments[0]), "The table name of table_exists")
    return Value(str(self.statement.catalog.table_exists(name)).lower(), BOOLEAN)
