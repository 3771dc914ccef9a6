"""Every function of the compiler, and its operators and casts, in a form that it takes; and nested in itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from local_platform.query_service.compiler.functions import find, names
from local_platform.query_service.compiler.query import Compiler
from local_platform.query_service.compiler.scope import Column, Query, Relation, Scope, Statement, Value
from local_platform.query_service.errors import QueryError
from local_platform.query_service.sql.dialect import parse_query

COLUMNS = {
    "s": "CAST('ab' AS string)",
    "i": "CAST(3 AS int)",
    "l": "CAST(4 AS bigint)",
    "d": "CAST(2.5 AS double)",
    "m": "CAST(1.25 AS decimal(10,2))",
    "day": "DATE '2023-06-07'",
    "at": "TIMESTAMP '2023-06-07 10:20:30'",
    "ok": "CAST(1 AS boolean)",
    "bin": "CAST('ab' AS binary)",
    "ss": "array('a', 'b')",
    "ii": "array(1, 2)",
    "aa": "array(array(1), array(2))",
    "st": "struct(1 AS x, 'b' AS y)",
    "mm": "map('k', 'v')",
    "es": "array(struct('a' AS key, 'b' AS value))",
}
"""A column of each type."""
_CONSTANTS = ("'yyyy-MM-dd'", "'utf-8'", "256", "2", "'x int'", "'$.a'", "'day'", "'[0-9]'", "0.5", "12")
_LAMBDAS = ("x -> x", "x -> x IS NOT NULL", "(x, y) -> x", "(x, y) -> 1", "(k, v) -> v IS NOT NULL", "(k, v, w) -> v")
# What the search below does not find, or finds in a form that says little.
_FORMS = {
    "aggregate": "aggregate({ii}, {i}, (a, x) -> a + x, a -> a + 1)",
    "reduce": "reduce({ii}, {i}, (a, x) -> a + x, a -> a + 1)",
    "regexp_replace": "regexp_replace({s}, {s}, {s})",
    "decode": "decode({s}, {s}, {s}, {s}, {s}, {s})",
    "array_sort": "array_sort({ii}, (x, y) -> CASE WHEN x < y THEN -1 WHEN x > y THEN 1 ELSE 0 END)",
    "if": "if({ok}, {s}, {s})",
    "trim leading": "trim(LEADING {s} FROM {s})",
    "from_json": "from_json({s}, 'x int')",
    "exists": "exists({ii}, x -> x > 1)",
    "slice": "slice({ii}, {i}, {i})",
    "sequence": "sequence({i}, {i}, {i})",
    "arrays_zip": "arrays_zip({ss}, {ii})",
    "zip_with": "zip_with({ii}, {ii}, (x, y) -> x + y)",
    "transform_keys": "transform_keys({mm}, (k, v) -> concat(k, v))",
    "transform_values": "transform_values({mm}, (k, v) -> concat(k, v))",
}
_SIGNS = ["+", "-", "*", "/", "%", "div", "=", "<", "<=>", "||", "&", "^", "AND", "OR", "LIKE", "RLIKE"]
_OTHERS = {
    **{f"{sign} of {kind}": f"({{{kind}}} {sign} {{{kind}}})" for sign in _SIGNS for kind in ("i", "l", "d", "m")},
    **{f"{sign} of {kind}": f"({{{kind}}} {sign} {{{kind}}})" for sign in _SIGNS for kind in ("s", "ok", "st", "aa")},
    "date_trunc of a time": "date_trunc({s}, {at})",
    "months_between of times": "months_between({at}, {at})",
    "add_months of a date": "add_months({day}, {i})",
    "sequence of dates": "sequence({day}, {day}, INTERVAL 1 MONTH)",
    "round of a decimal": "round({m}, 1)",
    "floor of a decimal": "floor({m})",
    "pmod of decimals": "pmod({m}, {m})",
    "reverse of an array": "reverse({ii})",
    "concat of arrays": "concat({ii}, {ii})",
    "element_at of a map": "element_at({mm}, {s})",
    "at - at": "({at} - {at})",
    "day + interval": "({day} + INTERVAL 1 MONTH)",
    "CASE of a subject": "CASE {s} WHEN {s} THEN {s} WHEN 'b' THEN {s} WHEN 'c' THEN {s} ELSE 'd' END",
    "CASE": "CASE WHEN {ok} THEN {s} WHEN {ok} THEN {s} END",
    "BETWEEN": "({i} BETWEEN {i} AND {i})",
    "IN": "({s} IN ({s}, 'a', {s}))",
    "minus": "(-{l})",
    "element": "{ii}[{i}]",
    "key": "{mm}[{s}]",
    "a sub-query": "(SELECT max({s}) FROM (SELECT 1 AS q) u)",
    **{
        f"CAST of {one} as {type}": f"CAST({{{one}}} AS {type})"
        for one in ("s", "i", "d", "m", "at", "aa", "st", "mm")
        for type in ("string", "int", "tinyint", "double", "decimal(12,3)", "date", "timestamp", "boolean", "binary")
    },
}
# How a value of any type becomes one of the type of a column, without the functions themselves.
_INTO = {
    "s": ("CAST({} AS string)",),
    "i": ("CAST({} AS int)", "length(CAST({} AS string))"),
    "l": ("CAST({} AS bigint)", "CAST(length(CAST({} AS string)) AS bigint)"),
    "d": ("CAST({} AS double)", "CAST(CAST({} AS string) AS double)"),
    "m": ("CAST({} AS decimal(10,2))", "CAST(CAST({} AS string) AS decimal(10,2))"),
    "day": ("CAST({} AS date)", "CAST(CAST({} AS string) AS date)"),
    "at": ("CAST({} AS timestamp)", "CAST(CAST({} AS string) AS timestamp)"),
    "ok": ("CAST({} AS boolean)", "CAST(CAST({} AS string) AS boolean)"),
    "bin": ("{}", "CAST(CAST({} AS string) AS binary)"),
    "ss": ("CAST({} AS array<string>)", "array(CAST({} AS string))"),
    "ii": ("CAST({} AS array<int>)", "array({})", "array(length(CAST({} AS string)))"),
    "aa": (
        "CAST({} AS array<array<int>>)",
        "array(CAST({} AS array<int>))",
        "array(array(length(CAST({} AS string))))",
    ),
    "st": ("{}", "struct(1 AS x, CAST({} AS string) AS y)"),
    "mm": ("{}", "map('k', CAST({} AS string))"),
    "es": ("{}", "array(struct(CAST({} AS string) AS key, 'b' AS value))"),
}


class _NoTables:
    """A catalog without tables."""

    def __getattr__(self, name: str) -> Any:
        if name == "table_exists":
            return lambda _: False
        return lambda *_: None


def _compiler() -> Compiler:
    return Compiler(Statement(catalog=_NoTables(), now=datetime(2023, 6, 7, tzinfo=UTC)))  # type: ignore[arg-type]


@cache
def _row() -> Query:
    return _compiler().top(parse_query(f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in COLUMNS.items())}"))[0]


def compiled(expression: str) -> Value:
    """The expression over one row with all columns."""
    columns = [Column(name, type, f"t.c{place}") for place, (name, type) in enumerate(_row().columns)]
    tree = parse_query(f"SELECT {expression} AS v").expressions[0].this
    return _compiler().expressions(Scope(relations=[Relation("t", columns)])).value(tree)


def runnable(expression: str) -> str:
    """DuckDB's statement of it."""
    return f"SELECT {compiled(expression).sql} AS v FROM ({_row().sql}) AS t"


@dataclass(frozen=True)
class Form:
    """A call: `template` has {name of a column} where an expression of that column's type may stand."""

    name: str
    template: str

    @property
    def holes(self) -> list[str]:
        return [part.partition("}")[0] for part in self.template.split("{")[1:]]

    def with_(self, place: int, expression: str) -> str:
        """The call with an expression in one of its holes and columns in the others."""
        return self.filled([expression if at == place else name for at, name in enumerate(self.holes)])

    def filled(self, expressions: Sequence[str]) -> str:
        rest = iter(expressions)
        return "".join(
            part if not number else next(rest) + part.partition("}")[2]
            for number, part in enumerate(self.template.split("{"))
        )

    def nested(self, place: int, depth: int) -> str | None:
        """The call in that hole of itself, so many times; None where its result does not fit."""
        fits = _fitting(self, place)
        if fits is None:
            return None
        made = self.flat
        for _ in range(depth - 1):
            made = self.with_(place, fits.format(made))
        return made

    @property
    def flat(self) -> str:
        """The call of columns."""
        return self.filled(self.holes)


@cache
def _fitting(form: Form, place: int) -> str | None:
    """How its result becomes what stands in that hole."""
    several = _INTO[form.holes[place]]
    return next((into for into in several if _compiles(form.with_(place, into.format(form.flat)))), None)


def _compiles(expression: str) -> bool:
    try:
        compiled(expression)
    except QueryError:
        return False
    return True


@cache
def forms() -> list[Form]:
    """One form of every scalar function, and of operators and casts."""
    found = [Form(name, template) for name, template in _OTHERS.items()]
    for name in names():
        function = find(name)
        assert function is not None
        if function.kind == "scalar":
            made = next(_calls(name, function.least, function.most), None)
            if made is not None:
                found.append(made)
    return [form for form in found if _compiles(form.filled(form.holes))]


def _calls(name: str, least: int, most: int | None) -> Iterator[Form]:
    if name in _FORMS:
        yield Form(name, _FORMS[name])
        return
    holes = [f"{{{column}}}" for column in COLUMNS]
    most = least + 2 if most is None else most
    for count in range(most, least - 1, -1):
        kinds = [
            holes,
            [*holes, *_LAMBDAS, *_CONSTANTS],
            [*holes[:2], *_LAMBDAS, *_CONSTANTS[:4]],
            [*holes[:2], *_LAMBDAS],
        ]
        several = itertools.product(*(kinds + [holes[:2]] * max(0, count - 4))[:count])
        for tried in itertools.islice(several, 500):
            form = Form(name, f"{name}({', '.join(tried)})")
            if _compiles(form.filled(form.holes)):
                yield form
