"""PQL to a DuckDB condition over flat columns: one column for each leaf, named by its dotted XDM path.

Three rules fix what absence means. A comparison, a test or ``occurs`` on an absent attribute is false; ``not`` of it is
therefore true; ``notIn`` and ``!=`` are false when either side is absent (Adobe's page says so for ``notIn``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from local_platform.pql import functions, times
from local_platform.pql import nodes as n
from local_platform.pql.errors import PqlError, PqlTypeError, PqlUnknownFunction
from local_platform.pql.parser import COMPARISONS, parse
from local_platform.pql.values import Items, Value, kind_of, quoted_name, quoted_text

EVENTS = "xEvent"
NOW = "CAST($now AS TIMESTAMP)"


@dataclass(frozen=True)
class Compiled:
    """A condition ready for DuckDB.

    ``sql`` uses the alias ``p`` for the merged profile, ``$now`` for the time of evaluation and, when ``reads_events``,
    the relation ``events`` joined by the columns in ``EVENT_KEYS``. ``unknown_paths`` were found in no schema: they are
    absent for everybody.
    """

    sql: str
    paths: frozenset[str]
    unknown_paths: frozenset[str]
    reads_events: bool


EVENT_KEYS = ("@namespace", "@identity")


def compile_pql(
    source: str, profile: Mapping[str, str], events: Mapping[str, str] | None = None, *, strict: bool = False
) -> Compiled:
    """Translate one audience rule.

    Args:
        source: PQL text that yields true or false.
        profile: DuckDB type by leaf path of the profile's union schema.
        events: the same for experience events.
        strict: refuse paths that no schema has.

    Raises:
        PqlError: with what was seen, where, and what PQL expects.
    """
    if not source.strip():
        raise PqlError("The expression is empty; a rule such as 'person.birthMonth = 3' was expected")
    compiler = _Compiler(profile, events or {})
    value = compiler.condition(parse(source))
    if value.kind not in ("boolean", "unknown"):
        raise PqlTypeError(f"An audience rule must be true or false, but this expression is a {value.kind}")
    if strict and compiler.unknown:
        raise PqlError(
            f"No such field in the union schema: {', '.join(sorted(compiler.unknown))}. "
            "Add it to a schema that is enabled for Profile, or correct the path"
        )
    sql = f"coalesce({value.sql}, FALSE)"
    return Compiled(sql, frozenset(compiler.paths), frozenset(compiler.unknown), compiler.reads_events)


@dataclass
class _Scope:
    alias: str
    columns: Mapping[str, str]
    names: frozenset[str]
    prefixes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        found: set[str] = set()
        for path in self.columns:
            parts = path.split(".")
            found.update(".".join(parts[:length]) for length in range(1, len(parts)))
        self.prefixes = frozenset(found)


class _Compiler:
    def __init__(self, profile: Mapping[str, str], events: Mapping[str, str]) -> None:
        self._scopes = [_Scope("p", profile, frozenset({"$1"}))]
        self._events = events
        self.paths: set[str] = set()
        self.unknown: set[str] = set()
        self.reads_events = False

    def condition(self, node: n.Node) -> Value:
        """The value where true or false is expected: a selection of events is true when it holds one."""
        value = self.value(node)
        if isinstance(value, Items):
            return Value(f"({_over_events('count(*)', value.conditions)} > 0)", "boolean")
        return value

    def value(self, node: n.Node) -> Value:
        match node:
            case n.Literal():
                return _literal(node)
            case n.Date():
                return times.date(node)
            case n.Moment():
                return times.moment(node, NOW)
            case n.Array():
                return self._array(node)
            case n.Path():
                return self._path(node)
            case n.Unary():
                return self._unary(node)
            case n.Binary():
                return self._binary(node)
            case n.Occurs():
                sql = times.occurs(node, self._time(node.target), [self._time(time) for time in node.times])
                return Value(f"coalesce({sql}, FALSE)", "boolean")
            case n.Call():
                return functions.call(node.name, [self.value(item) for item in node.arguments], NOW, node.position)
            case n.Method():
                return self._method(node)
            case n.Filter():
                return self._filter(node)
            case n.Quantifier():
                return self._quantifier(node)

    # -- leaves --------------------------------------------------------------------------------------------------------

    def _array(self, node: n.Array) -> Value:
        items = [self.value(item) for item in node.items]
        if any(item.kind not in ("string", "number", "boolean", "period", "time") for item in items):
            raise PqlTypeError("An array holds strings, numbers, booleans or dates")
        if len({item.kind for item in items}) > 1:
            raise PqlTypeError("The items of an array must be of one type")
        return Value(f"[{', '.join(item.sql for item in items)}]", "array")

    def _path(self, node: n.Path) -> Value:
        scope = self._scope(node)
        name = ".".join(node.parts)
        if name == EVENTS and scope.alias == "p":
            self.reads_events = True
            return Items("", "items")
        if not name:
            raise PqlError("A variable alone is not a value; name a field of it", node.position)
        self.paths.add(name)
        if name in scope.columns:
            return _column(scope, name)
        if name in scope.prefixes:
            leaves = tuple(_column(scope, path).sql for path in scope.columns if path.startswith(name + "."))
            return Value("NULL", "object", leaves=leaves)
        self.unknown.add(name)
        return Value("NULL", "unknown")

    def _scope(self, node: n.Path) -> _Scope:
        if node.variable is None:
            return self._scopes[-1]
        for scope in reversed(self._scopes):
            if node.variable in scope.names:
                return scope
        # A named lambda parameter, "(Profile) => …": the profile itself.
        return self._scopes[0]

    # -- operators -----------------------------------------------------------------------------------------------------

    def _unary(self, node: n.Unary) -> Value:
        operand = self.condition(node.operand) if node.operator == "not" else self.value(node.operand)
        if node.operator == "not":
            _need(operand, "boolean", "not")
            return Value(f"(NOT coalesce({operand.sql}, FALSE))", "boolean")
        _need(operand, "number", "-")
        return Value(f"(-{operand.sql})", "number")

    def _binary(self, node: n.Binary) -> Value:
        operator = node.operator
        if operator in ("and", "or"):
            left, right = self.condition(node.left), self.condition(node.right)
            _need(left, "boolean", operator)
            _need(right, "boolean", operator)
            return Value(f"({left.sql} {operator.upper()} {right.sql})", "boolean")
        left, right = self.value(node.left), self.value(node.right)
        if operator in COMPARISONS:
            return _compare(operator, left, right, node.position)
        if operator in ("in", "notIn"):
            return _membership(operator, left, right, node.position)
        if operator == "like":
            _need(left, "string", "like")
            _need(right, "string", "like")
            return Value(f"coalesce({left.sql} LIKE {right.sql}, FALSE)", "boolean")
        _need(left, "number", operator)
        _need(right, "number", operator)
        # Division by zero is absent rather than an error for the whole audience.
        divisor = f"nullif({right.sql}, 0)" if operator in "/%" else right.sql
        return Value(f"({left.sql} {operator} {divisor})", "number")

    def _time(self, node: n.Node) -> Value:
        value = self.value(node)
        if value.kind == "string":
            return Value(f"CAST(TRY_CAST({value.sql} AS TIMESTAMPTZ) AS TIMESTAMP)", "time")
        return Value(f"CAST({value.sql} AS TIMESTAMP)", "time") if value.kind == "unknown" else value

    # -- functions, filters, events ------------------------------------------------------------------------------------

    def _method(self, node: n.Method) -> Value:
        target = self.value(node.target)
        if isinstance(target, Items):
            return self._aggregate(target, node)
        arguments = [self.value(item) for item in node.arguments]
        if node.name in ("getMonth", "getYear", "getDayOfMonth") and target.kind == "string":
            target = self._time(node.target)
        return functions.method(node.name, target, arguments, node.position)

    def _inside(self, variable: str | None, condition: n.Node) -> str:
        names = frozenset({variable} if variable else set())
        self._scopes.append(_Scope("e", self._events, names))
        try:
            value = self.condition(condition)
        finally:
            self._scopes.pop()
        _need(value, "boolean", "where")
        return f"coalesce({value.sql}, FALSE)"

    def _filter(self, node: n.Filter) -> Value:
        source = self.value(node.source)
        if not isinstance(source, Items):
            raise PqlUnknownFunction("Filters are evaluated on xEvent only", node.position)
        return Items("", "items", conditions=(*source.conditions, self._inside(None, node.condition)))

    def _quantifier(self, node: n.Quantifier) -> Value:
        source = self.value(node.source)
        if not isinstance(source, Items):
            raise PqlUnknownFunction(f"'{node.kind}' is evaluated on xEvent only", node.position)
        condition = self._inside(node.variable, node.condition) if node.condition else "TRUE"
        if node.kind == "select":
            return Items("", "items", conditions=(*source.conditions, condition))
        wanted = condition if node.kind == "exists" else f"NOT {condition}"
        found = f"({_over_events('count(*)', (*source.conditions, wanted))} > 0)"
        return Value(found if node.kind == "exists" else f"(NOT {found})", "boolean")

    def _aggregate(self, items: Items, node: n.Method) -> Value:
        if node.name not in functions.AGGREGATES:
            raise PqlUnknownFunction(f"The function '{node.name}' is not evaluated on experience events", node.position)
        if node.name == "count":
            if node.arguments:
                raise PqlError("'count' takes no argument", node.position)
            return Value(f"coalesce({_over_events('count(*)', items.conditions)}, 0)", "number")
        if len(node.arguments) != 1:
            raise PqlError(f"'{node.name}' takes the field to combine", node.position)
        self._scopes.append(_Scope("e", self._events, frozenset()))
        field_value = self.value(node.arguments[0])
        self._scopes.pop()
        _need(field_value, "number", node.name)
        function = {"average": "avg"}.get(node.name, node.name)
        return Value(_over_events(f"{function}({field_value.sql})", items.conditions), "number")


def _over_events(aggregate: str, conditions: tuple[str, ...]) -> str:
    keys = [f"e.{quoted_name(key)} = p.{quoted_name(key)}" for key in EVENT_KEYS]
    return f"(SELECT {aggregate} FROM events e WHERE {' AND '.join([*keys, *conditions])})"


def _literal(node: n.Literal) -> Value:
    if node.value is None:
        return Value("NULL", "unknown")
    if isinstance(node.value, bool):
        return Value(node.text.upper(), "boolean")
    if isinstance(node.value, str):
        return Value(quoted_text(node.value), "string")
    # Cast from text: DuckDB would read 0.05 as a decimal, and its conversion need not be the nearest double.
    return Value(node.text if isinstance(node.value, int) else f"CAST('{node.text}' AS DOUBLE)", "number")


def _column(scope: _Scope, path: str) -> Value:
    sql = f"{scope.alias}.{quoted_name(path)}"
    kind = kind_of(scope.columns[path])
    if kind != "time":
        return Value(sql, kind)
    is_day = scope.columns[path].upper() == "DATE"
    return Value(f"CAST({sql} AS TIMESTAMP)", "time", day=is_day)


def _need(value: Value, kind: str, operator: str) -> None:
    if value.kind not in (kind, "unknown"):
        raise PqlTypeError(f"'{operator}' needs a {kind}, found a {value.kind}")


def _compare(operator: str, left: Value, right: Value, position: int) -> Value:
    kinds = {"time" if value.kind == "period" else value.kind for value in (left, right)} - {"unknown"}
    if kinds & {"object", "items"}:
        raise PqlTypeError(f"'{operator}' compares values, not objects or events; use isNull() or count()", position)
    if len(kinds) > 1:
        raise PqlTypeError(f"'{operator}' cannot compare a {left.kind} with a {right.kind}", position)
    if "period" in (left.kind, right.kind) and operator in ("=", "!="):
        return _same_day(operator, left, right)
    if kinds == {"boolean"} and operator not in ("=", "!="):
        raise PqlTypeError(f"'{operator}' cannot order true and false", position)
    return Value(f"coalesce({left.sql} {operator} {right.sql}, FALSE)", "boolean")


def _same_day(operator: str, left: Value, right: Value) -> Value:
    period, other = (right, left) if right.kind == "period" else (left, right)
    inside = f"({other.sql} >= {period.sql} AND {other.sql} < {period.end})"
    return Value(f"coalesce({'' if operator == '=' else 'NOT '}{inside}, FALSE)", "boolean")


def _membership(operator: str, left: Value, right: Value, position: int) -> Value:
    if right.kind not in ("array", "unknown"):
        raise PqlTypeError(
            f"'{operator}' needs an array such as [1, 2, 3] on its right, found a {right.kind}", position
        )
    test = f"list_contains({right.sql}, {left.sql})"
    if operator == "notIn":
        test = f"({left.sql} IS NOT NULL AND NOT {test})"
    return Value(f"coalesce({test}, FALSE)", "boolean")
