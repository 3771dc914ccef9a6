"""The functions of PQL that are evaluated here, each after its page in Adobe's PQL documentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from local_platform.pql.errors import PqlError, PqlTypeError, PqlUnknownFunction
from local_platform.pql.values import Kind, Value

_UTC_NOW_PARTS = {"currentMonth": "month", "currentYear": "year", "currentDayOfMonth": "day"}
_TIME_PARTS = {"getMonth": "month", "getYear": "year", "getDayOfMonth": "day"}
# Documented, but over shapes (lists of objects, grouping, lambdas) that this platform's profiles are not evaluated on.
_DOCUMENTED_ONLY = frozenset(
    {"intersection", "groupBy", "filter", "map", "topN", "bottomN", "head", "get", "keys", "values"}
)
AGGREGATES = frozenset({"count", "sum", "average", "min", "max"})


def call(name: str, arguments: list[Value], now: str, position: int) -> Value:
    """A free function."""
    if name == "if":
        return _if(arguments, position)
    if name in _UTC_NOW_PARTS:
        _arity(name, arguments, 0, 0, position)
        return Value(f"extract({_UTC_NOW_PARTS[name]} FROM {now})", "number")
    raise PqlUnknownFunction(_unknown(name), position)


def method(name: str, target: Value, arguments: list[Value], position: int) -> Value:
    """A function after a dot, on anything but experience events."""
    if name in ("isNull", "isNotNull"):
        _arity(name, arguments, 0, 0, position)
        return Value(_null_test(target, absent=name == "isNull"), "boolean")
    if name in _STRING_TESTS:
        return _string_test(name, target, arguments, position)
    if name in _TIME_PARTS:
        _arity(name, arguments, 0, 0, position)
        _wants(name, target, "time", position)
        return Value(f"extract({_TIME_PARTS[name]} FROM {target.sql})", "number")
    if name == "regexGroup":
        return _regex_group(target, arguments, position)
    if name in _ARRAY_TESTS or name in ("distinct", *AGGREGATES):
        return _array(name, target, arguments, position)
    raise PqlUnknownFunction(_unknown(name), position)


def _unknown(name: str) -> str:
    if name in _DOCUMENTED_ONLY:
        return f"The function '{name}' is documented but not evaluated by this platform"
    return f"Unknown function '{name}'"


def _arity(name: str, arguments: list[Value], least: int, most: int, position: int) -> None:
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise PqlError(f"'{name}' takes {wanted} argument(s), found {len(arguments)}", position)


def _wants(name: str, value: Value, kind: Kind, position: int) -> None:
    if value.kind not in (kind, "unknown"):
        raise PqlTypeError(f"'{name}' works on a {kind}, found a {value.kind}", position)


def _if(arguments: list[Value], position: int) -> Value:
    _arity("if", arguments, 3, 3, position)
    test, yes, no = arguments
    _wants("if", test, "boolean", position)
    if yes.kind != no.kind and "unknown" not in (yes.kind, no.kind):
        raise PqlTypeError(f"Both results of 'if' must be of one type, found {yes.kind} and {no.kind}", position)
    return Value(f"CASE WHEN {test.sql} THEN {yes.sql} ELSE {no.sql} END", yes.kind)


def _null_test(target: Value, *, absent: bool) -> str:
    columns = target.leaves or (target.sql,)
    present = " OR ".join(f"{column} IS NOT NULL" for column in columns)
    return f"(NOT ({present}))" if absent else f"({present})"


_StringTest = Callable[[str, str], str]
_STRING_TESTS: Mapping[str, tuple[_StringTest, bool]] = {
    "startsWith": (lambda a, b: f"starts_with({a}, {b})", False),
    "doesNotStartWith": (lambda a, b: f"starts_with({a}, {b})", True),
    "endsWith": (lambda a, b: f"ends_with({a}, {b})", False),
    "doesNotEndWith": (lambda a, b: f"ends_with({a}, {b})", True),
    "contains": (lambda a, b: f"contains({a}, {b})", False),
    "doesNotContain": (lambda a, b: f"contains({a}, {b})", True),
    "equals": (lambda a, b: f"({a} = {b})", False),
    "notEqualTo": (lambda a, b: f"({a} = {b})", True),
    "matches": (lambda a, b: f"regexp_matches({a}, {b})", False),
}


def _string_test(name: str, target: Value, arguments: list[Value], position: int) -> Value:
    _arity(name, arguments, 1, 1 if name == "matches" else 2, position)
    _wants(name, target, "string", position)
    _wants(name, arguments[0], "string", position)
    left, right = target.sql, arguments[0].sql
    if name == "matches":
        _check_pattern(right, position)
    if len(arguments) == 2:
        _wants(name, arguments[1], "boolean", position)
        left = f"CASE WHEN {arguments[1].sql} THEN {left} ELSE lower({left}) END"
        right = f"CASE WHEN {arguments[1].sql} THEN {right} ELSE lower({right}) END"
    test, negated = _STRING_TESTS[name]
    sql = test(left, right)
    # An absent attribute matches neither form.
    return Value(f"coalesce({'NOT ' if negated else ''}{sql}, FALSE)", "boolean")


def _check_pattern(literal: str, position: int) -> None:
    if literal.startswith("'"):
        try:
            re.compile(literal[1:-1].replace("''", "'"))
        except re.error as fault:
            raise PqlError(f"The regular expression is not valid: {fault}", position) from fault


def _regex_group(target: Value, arguments: list[Value], position: int) -> Value:
    _arity("regexGroup", arguments, 1, 2, position)
    _wants("regexGroup", target, "string", position)
    _wants("regexGroup", arguments[0], "string", position)
    _check_pattern(arguments[0].sql, position)
    group = arguments[1].sql if len(arguments) == 2 else "0"
    return Value(f"nullif(regexp_extract({target.sql}, {arguments[0].sql}, {group}), '')", "string")


_ARRAY_TESTS: Mapping[str, str] = {
    "intersects": "list_has_any({0}, {1})",
    "subsetOf": "list_has_all({1}, {0})",
    "supersetOf": "list_has_all({0}, {1})",
    "includes": "list_contains({0}, {1})",
}
_LIST_AGGREGATES = {
    "sum": "list_sum({0})",
    "average": "list_avg({0})",
    "min": "list_min({0})",
    "max": "list_max({0})",
    "count": "coalesce(len({0}), 0)",
}


def _array(name: str, target: Value, arguments: list[Value], position: int) -> Value:
    _wants(name, target, "array", position)
    if name in _ARRAY_TESTS:
        _arity(name, arguments, 1, 1, position)
        return Value(f"coalesce({_ARRAY_TESTS[name].format(target.sql, arguments[0].sql)}, FALSE)", "boolean")
    _arity(name, arguments, 0, 0, position)
    if name == "distinct":
        return Value(f"list_distinct({target.sql})", "array")
    return Value(_LIST_AGGREGATES[name].format(target.sql), "number")
