"""The registry, and the short forms in which most functions are declared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from local_platform.query_service.compiler.calls import Call, wrong_arguments
from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import DOUBLE, STRING, Type

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

Kind = Literal["scalar", "aggregate", "window", "adobe"]
Handler = Callable[[Any, Call], Value]


@dataclass(frozen=True)
class Function:
    """A documented function.

    Attributes:
        kind: `aggregate` may stand in a window, `window` and `adobe` must.
        least, most: number of arguments; most None means any number.
    """

    name: str
    kind: Kind
    least: int
    most: int | None
    compile: Handler

    def check(self, call: Call) -> None:
        """Raise QueryError 58000 for a call this function cannot take."""
        seen = len(call.arguments)
        if seen < self.least or (self.most is not None and seen > self.most):
            wanted = str(self.least) if self.least == self.most else f"{self.least} to {self.most or 'many'}"
            raise wrong_arguments(self.name, wanted, seen)
        if call.window is None and self.kind in ("window", "adobe"):
            raise analysis_error(
                f"Window function {self.name} requires an OVER clause.", kind="WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE"
            )
        if call.window is not None and self.kind == "scalar":
            raise analysis_error(
                f'Expression "{self.name}" not supported within a window function.',
                kind="UNSUPPORTED_EXPR_FOR_WINDOW",
            )
        if call.distinct and self.kind != "aggregate":
            raise analysis_error(f"Function {self.name} does not support DISTINCT.")


_FUNCTIONS: dict[str, Function] = {}


def find(name: str) -> Function | None:
    """The function of this lower-case name."""
    return _FUNCTIONS.get(name)


def names() -> list[str]:
    """All names, sorted."""
    return sorted(_FUNCTIONS)


def function(
    *spelled: str, least: int = 1, most: int | None = 1, kind: Kind = "scalar"
) -> Callable[[Handler], Handler]:
    """Register a handler under one or more names."""

    def register(handler: Handler) -> Handler:
        for name in spelled:
            _FUNCTIONS[name] = Function(name, kind, least, most, handler)
        return handler

    return register


def simple(spelled: str, takes: Sequence[Type], returns: Type, sql: str, *, optional: int = 0) -> None:
    """Register functions whose arguments are cast to fixed types and put into a template.

    Args:
        spelled: names separated by blanks.
        sql: DuckDB's SQL with {0}, {1}, ... for the arguments.
    """

    def handler(self: Expressions, call: Call) -> Value:
        values = [
            self.held(implicit(self.value(node), type, call)) for node, type in zip(call.arguments, takes, strict=False)
        ]
        return Value(sql.format(*(value.sql for value in values)), returns)

    for name in spelled.split():
        _FUNCTIONS[name] = Function(name, "scalar", len(takes) - optional, len(takes), handler)


def implicit(value: Value, type: Type, call: Call) -> Value:
    """An argument in the type its function takes. Times do not become numbers by themselves, nor numbers times.

    Raises:
        QueryError: 58000.
    """
    times = ("date", "timestamp")
    seen, wanted = value.type, type
    if (seen.kind in times and wanted.is_numeric) or (seen.is_numeric and wanted.kind in times):
        raise analysis_error(
            f'Cannot resolve "{call.name}": a parameter requires the "{wanted.spark.upper()}" type, however it has the '
            f'type "{seen.spark.upper()}".',
            kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        )
    return cast(value, type)


def arguments(self: Expressions, call: Call, *types: Type | None) -> list[Value]:
    """The call's arguments, cast to the given types; None leaves one as it is."""
    values = self.values(call.arguments)
    return [
        value
        if position >= len(types) or types[position] is None
        else self.held(implicit(value, types[position] or STRING, call))
        for position, value in enumerate(values)
    ]


def numeric(value: Value) -> Value:
    """The value as a number: text becomes double.

    Raises:
        QueryError: 58000.
    """
    if value.type.is_numeric:
        return value
    if value.type.kind in ("string", "void"):
        return cast(value, DOUBLE)
    raise analysis_error(
        f'The parameter requires a numeric type, not "{value.type.spark.upper()}".',
        kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
    )


def constant_text(value: Value, what: str) -> str:
    """The text of a literal argument.

    Raises:
        QueryError: 58000, it is not a literal.
    """
    if not isinstance(value.literal, str):
        raise analysis_error(f"{what} must be a text literal.", kind="DATATYPE_MISMATCH.NON_FOLDABLE_INPUT")
    return value.literal


def constant_int(value: Value, what: str) -> int:
    """The number of a literal argument.

    Raises:
        QueryError: 58000, it is not an integer literal.
    """
    if not isinstance(value.literal, int) or isinstance(value.literal, bool):
        raise analysis_error(f"{what} must be an integer literal.", kind="DATATYPE_MISMATCH.NON_FOLDABLE_INPUT")
    return value.literal
