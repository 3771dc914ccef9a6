"""SELECT, set operations, VALUES and WITH."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from local_platform.query_service.compiler import adobe, generators, sliding
from local_platform.query_service.compiler.calls import Call, read_call
from local_platform.query_service.compiler.casts import cast
from local_platform.query_service.compiler.coercion import common
from local_platform.query_service.compiler.expressions import Expressions
from local_platform.query_service.compiler.grouping import group_by, grouping_columns
from local_platform.query_service.compiler.limits import limit_sql
from local_platform.query_service.compiler.literals import ordinal
from local_platform.query_service.compiler.naming import output_name
from local_platform.query_service.compiler.ordering import order_key
from local_platform.query_service.compiler.relations import FromClause, rename
from local_platform.query_service.compiler.scope import Named, Query, Scope, Statement, Value, unresolved
from local_platform.query_service.compiler.windows import direction
from local_platform.query_service.errors import analysis_error, not_supported, syntax_error
from local_platform.query_service.sql.types import Type

_REFUSED = {
    "qualify": "QUALIFY",
    "kind": "SELECT AS",
    "into": "SELECT INTO",
    "locks": "FOR UPDATE",
    "sample": "TABLESAMPLE",
    "sort": "SORT BY",
    "cluster": "CLUSTER BY",
    "distribute": "DISTRIBUTE BY",
    "pivots": "PIVOT",
    "settings": "SETTINGS",
    "format": "FORMAT",
    "prewhere": "PREWHERE",
    "connect": "CONNECT BY",
    "match": "MATCH_RECOGNIZE",
    "operation_modifiers": "this modifier",
    "hint": "hints",
}
_REASONS = {
    # (unconfirmed: the page repeats PostgreSQL's grammar, UNLOGGED and FOR UPDATE included, and no guide uses it)
    "into": ("its page repeats PostgreSQL's and no guide uses it.", "Use CREATE TABLE name AS SELECT."),
}


@dataclass
class Item:
    """One element of a select list."""

    name: str
    value: Value


@dataclass
class _Generator:
    """A generator in the select list: where it stands, what it is called with, the names of its columns."""

    place: int
    call: Call
    names: list[str]


class Compiler:
    """Compiles the queries of one statement."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement

    def top(self, node: exp.Expression) -> tuple[Query, exp.Expression | None, exp.Expression | None]:
        """The outermost query without its LIMIT and OFFSET, and those two."""
        bare = _unwrap(node)
        query = self.query(node, Scope(), limited=False)
        body = query.sql
        if self.statement.ctes:
            with_ = ", ".join(f"{name} AS ({sql})" for name, sql in self.statement.ctes)
            query = Query(f"WITH {with_} {body}", query.columns)
        return query, bare.args.get("limit"), bare.args.get("offset")

    def expressions(self, scope: Scope) -> Expressions:
        return Expressions(self.statement, scope, self.sub_query)

    def sub_query(self, node: exp.Expression, scope: Scope) -> Query:
        """A sub-query inside an expression: it sees the columns around it."""
        return self.query(node, Scope(parent=scope, named=scope.named))

    def query(self, node: exp.Expression, scope: Scope, *, limited: bool = True, raw: bool = False) -> Query:
        """Any query. `scope` is what it sees from outside; its own relations go into a new one.

        Args:
            limited: whether LIMIT and OFFSET are part of the SQL.
            raw: whether times that come straight from files may be given twice (see Query.raws).
        """
        inner = Scope(parent=scope.parent, named=dict(scope.named))
        return self._query(node, inner, limited, raw)

    def _query(self, node: exp.Expression, scope: Scope, limited: bool, raw: bool) -> Query:
        self._with(node, scope)
        if isinstance(node, exp.Subquery):
            return self._parenthesised(node, scope, limited, raw)
        if isinstance(node, exp.SetOperation):
            query = self._set_operation(node, scope)
            return self._finish(node, query, scope, limited)
        if isinstance(node, exp.Values):
            return self._finish(node, self.values(node, scope), scope, limited)
        if isinstance(node, exp.Select):
            return self._select(node, scope, limited, raw)
        if isinstance(node, exp.Table):
            raise syntax_error("TABLE name is not a query here; write SELECT * FROM name.")
        raise syntax_error(f"Expected a SELECT, seen {node.sql(dialect='spark')!r}.")

    def _with(self, node: exp.Expression, scope: Scope) -> None:
        clause = node.args.get("with_")
        if clause is None:
            return
        if clause.args.get("recursive"):
            raise not_supported("WITH RECURSIVE", "Spark 3.5 does not have it.")
        for expression in clause.expressions:
            query = self.query(expression.this, Scope(named=scope.named, parent=scope.parent), raw=True)
            alias = expression.args["alias"]
            columns = rename(query.columns, [part.name for part in alias.args.get("columns") or []])
            made = Named(self.statement.name("q"), columns, query.raws)
            self.statement.ctes.append((made.name, query.sql))
            scope.named[alias.name.lower()] = made

    def _parenthesised(self, node: exp.Subquery, scope: Scope, limited: bool, raw: bool) -> Query:
        if not _has_modifiers(node):
            return self.query(node.this, scope, limited=limited, raw=raw)
        inner = self.query(node.this, scope)
        wrapped = Query(f"SELECT * FROM ({inner.sql}) AS {self.statement.name('p')}", inner.columns)
        return self._finish(node, wrapped, scope, limited)

    def values(self, node: exp.Values, scope: Scope) -> Query:
        """VALUES (1, 'a'), (2, 'b'): columns col1, col2, ..."""
        expressions = self.expressions(scope)
        rows = [
            expressions.values(row.expressions if isinstance(row, exp.Tuple) else [row]) for row in node.expressions
        ]
        if len({len(row) for row in rows}) != 1:
            raise analysis_error("The rows of VALUES have different numbers of columns.", kind="INVALID_INLINE_TABLE")
        columns = [expressions.unified(column, "VALUES") for column in zip(*rows, strict=True)]
        lines = [f"({', '.join(column[place].sql for column in columns)})" for place in range(len(rows))]
        names = ", ".join(f"c{number}" for number in range(len(columns)))
        return Query(
            f"SELECT * FROM (VALUES {', '.join(lines)}) AS {self.statement.name('v')}({names})",
            [(f"col{place + 1}", column[0].type) for place, column in enumerate(columns)],
        )

    def _set_operation(self, node: exp.SetOperation, scope: Scope) -> Query:
        """UNION, INTERSECT, EXCEPT (MINUS); a chain of one kind is kept flat."""
        if node.args.get("by_name") or node.args.get("side") or node.args.get("kind"):
            raise not_supported("UNION BY NAME", "the documentation has UNION by position.")
        branches: list[exp.Expression] = []
        current: exp.Expression = node
        while _continues(current, node):
            branches.append(current.expression)
            current = current.this
        branches.append(current)
        queries = [self.query(branch, scope) for branch in reversed(branches)]
        word = type(node).__name__.upper() + ("" if node.args.get("distinct") else " ALL")
        columns = self._united(queries, word)
        if word != "UNION ALL":
            self._comparable(columns, word)
        parts = []
        for query in queries:
            name = self.statement.name("u")
            casts = ", ".join(
                f"{cast(Value(f'{name}.c{place}', seen), wanted).sql} AS c{place}"
                for place, ((_, seen), (_, wanted)) in enumerate(zip(query.columns, columns, strict=True))
            )
            parts.append(f"SELECT {casts} FROM ({query.sql}) AS {name}")
        sql = parts[0]
        for part in parts[1:]:
            # EXCEPT ALL and INTERSECT associate to the left, which the flat form keeps.
            sql = f"{sql} {word} {part}"
        return Query(sql, columns)

    @staticmethod
    def _comparable(columns: Sequence[tuple[str, Type]], word: str) -> None:
        """Rows with maps cannot be compared, so no duplicates are found among them."""
        for name, type in columns:
            if _has_map(type):
                raise analysis_error(
                    f"Cannot have MAP type columns in {word}, but the type of column `{name}` is "
                    f'"{type.spark.upper()}".',
                    kind="UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE",
                )

    @staticmethod
    def _united(queries: Sequence[Query], word: str) -> list[tuple[str, Type]]:
        columns = list(queries[0].columns)
        for number, query in enumerate(queries[1:], start=2):
            if len(query.columns) != len(columns):
                raise analysis_error(
                    f"{word} can only be performed on inputs with the same number of columns, but the first input has "
                    f"{len(columns)} columns and input {number} has {len(query.columns)} columns.",
                    kind="NUM_COLUMNS_MISMATCH",
                )
            for place, ((name, left), (_, right)) in enumerate(zip(columns, query.columns, strict=True)):
                wider = common(left, right, names=False)
                if wider is None:
                    raise analysis_error(
                        f"{word} can only be performed on compatible columns; column {place + 1} is {right.spark} in "
                        f"input {number} and {left.spark} before.",
                        kind="INCOMPATIBLE_COLUMN_TYPE",
                    )
                columns[place] = (name, wider)
        return columns

    def _select(self, node: exp.Select, scope: Scope, limited: bool, raw: bool) -> Query:
        for clause, word in _REFUSED.items():
            if node.args.get(clause):
                reason, instead = _REASONS.get(clause, ("the documentation does not have it.", None))
                raise not_supported(word, reason, instead=instead)
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            raise not_supported("DISTINCT ON", "Spark does not have it.", instead="Use ROW_NUMBER() = 1.")
        origin = FromClause(self, scope).build(node)
        for window in node.args.get("windows") or []:
            scope.windows[window.name.lower()] = window
        where = node.args.get("where")
        condition = self.expressions(scope).condition(where.this) if where is not None else ""
        if adobe.needs_wrapping(node):
            origin, condition = adobe.wrap(self, scope, origin, condition, node), ""
        origin = sliding.spread(self, scope, origin, node)
        raw = raw and not any(node.args.get(key) for key in ("distinct", "group", "having"))
        return self._list(node, scope, origin, condition, limited, raw)

    def _list(self, node: exp.Select, scope: Scope, origin: str, condition: str, limited: bool, raw: bool) -> Query:
        expressions = self.expressions(scope)
        for key in node.args["group"].expressions if node.args.get("group") is not None else ():
            if isinstance(key, exp.Anonymous) and str(key.this).lower() == "time_window":
                # GROUP BY window(...) gives a column of that name.
                scope.aliases["window"] = expressions.value(key)
        scope.grouped = grouping_columns(node)
        items, generator = self._items(node, expressions)
        group = group_by(expressions, node, items)
        having = node.args.get("having")
        for item in items:
            scope.aliases.setdefault(item.name.lower(), item.value)
        filtered = f" HAVING {expressions.condition(having.this)}" if having is not None else ""
        selected = ", ".join(f"{item.value.sql} AS c{place}" for place, item in enumerate(items))
        raws = [place for place, item in enumerate(items) if raw and generator is None and item.value.raw]
        selected += "".join(f", {items[place].value.raw} AS r{place}" for place in raws)
        distinct = "DISTINCT " if node.args.get("distinct") is not None and generator is None else ""
        sql = f"SELECT {distinct}{selected}"
        if origin:
            sql += f" FROM {origin}"
        if condition:
            sql += f" WHERE {condition}"
        sql += group + filtered
        query = Query(sql, [(item.name, item.value.type) for item in items], frozenset(raws))
        if distinct and generator is None:
            self._comparable(query.columns, "SELECT DISTINCT")
        if generator is not None:
            query = self._generated(node, query, generator, expressions)
            return self._finish(node, query, Scope(), limited)
        return self._finish(node, query, scope, limited, items=items)

    def _items(self, node: exp.Select, expressions: Expressions) -> tuple[list[Item], _Generator | None]:
        if not node.expressions:
            raise syntax_error("Syntax error: nothing stands between SELECT and what follows.")
        items: list[Item] = []
        generator: _Generator | None = None
        for element in node.expressions:
            if isinstance(element, exp.Star) or (
                isinstance(element, exp.Column) and isinstance(element.this, exp.Star)
            ):
                items.extend(self._star(element, expressions.scope))
                continue
            call = _generator_call(element)
            if call is not None:
                if generator is not None:
                    raise analysis_error(
                        "Only one generator is allowed per select clause.", kind="UNSUPPORTED_GENERATOR.MULTI_GENERATOR"
                    )
                generator = _Generator(len(items), call, _generator_names(element))
                items.extend(
                    Item(f"argument{place}", value) for place, value in enumerate(expressions.values(call.arguments))
                )
                continue
            value = expressions.value(element.this if isinstance(element, exp.Alias) else element)
            item = Item(output_name(element), value)
            items.append(item)
            if isinstance(element, exp.Alias):
                # A later element may use the alias of an earlier one, if no column has that name.
                expressions.scope.aliases.setdefault(item.name.lower(), value)
        return items, generator

    def _star(self, element: exp.Expression, scope: Scope) -> list[Item]:
        star = element if isinstance(element, exp.Star) else element.this
        if any(star.args.get(key) for key in ("except_", "replace", "rename")):
            raise not_supported("SELECT * EXCEPT / REPLACE", "Spark 3.5 does not have it.", instead="Name the columns.")
        if isinstance(element, exp.Star):
            columns = [c for relation in scope.relations for c in relation.columns if not c.hidden]
        else:
            qualifier = element.table.lower()
            matching = [relation for relation in scope.relations if (relation.alias or "").lower() == qualifier]
            if not matching:
                raise unresolved(f"{element.table}.*", [relation.alias or "" for relation in scope.relations])
            columns = list(matching[0].columns)
        if not columns:
            raise analysis_error("SELECT * needs a FROM clause.")
        renamed = scope.rename
        if renamed is not None:
            return [Item(c.name, Value(renamed(c.sql), c.type)) for c in columns]
        return [Item(c.name, Value(c.sql, c.type, raw=c.raw)) for c in columns]

    def _generated(self, node: exp.Select, inner: Query, generator: _Generator, expressions: Expressions) -> Query:
        """The generator beside the query that computes everything else."""
        name = self.statement.name("w")
        last = generator.place + len(generator.call.arguments)
        arguments = [
            Value(f"{name}.c{place}", inner.columns[place][1], literal)
            for place, literal in zip(
                range(generator.place, last),
                [value.literal for value in expressions.values(generator.call.arguments)],
                strict=True,
            )
        ]
        rows = generators.generate(expressions, generator.call, arguments)
        outer = self.statement.name("g")
        made = [
            (part.replace("{e}", f"{outer}.e"), column)
            for part, column in zip(rows.parts, rename(rows.columns, generator.names), strict=True)
        ]
        selected = [(f"{outer}.c{place}", column) for place, column in enumerate(inner.columns)]
        selected[generator.place : last] = made
        listed = ", ".join(f"{sql} AS c{place}" for place, (sql, _) in enumerate(selected))
        distinct = "DISTINCT " if node.args.get("distinct") is not None else ""
        origin = f"(SELECT {name}.*, {rows.unnested(rows.outer)} AS e FROM ({inner.sql}) AS {name}) AS {outer}"
        return Query(f"SELECT {distinct}{listed} FROM {origin}", [column for _, column in selected])

    def _finish(
        self,
        node: exp.Expression,
        query: Query,
        scope: Scope,
        limited: bool,
        items: Sequence[Item] | None = None,
    ) -> Query:
        """ORDER BY, LIMIT and OFFSET."""
        sql = query.sql
        order = node.args.get("order")
        if order is not None:
            plain = isinstance(node, exp.Select) and items is not None and node.args.get("distinct") is None
            keys = [self._sort_key(key, query, scope, items if plain else None) for key in order.expressions]
            if not isinstance(node, exp.Select) or items is None:
                sql = f"SELECT * FROM ({sql}) AS {self.statement.name('o')}"
            sql += " ORDER BY " + ", ".join(keys)
        if limited:
            sql += limit_sql(node.args.get("limit"), node.args.get("offset"))
        return replace(query, sql=sql)

    def _sort_key(self, key: Any, query: Query, scope: Scope, items: Sequence[Item] | None) -> str:
        node = key.this if isinstance(key, exp.Ordered) else key
        if key.args.get("with_fill"):
            raise syntax_error("WITH FILL is not part of Spark's ORDER BY.")
        ending = direction(key)
        number = ordinal(node)
        if number is not None:
            if not 1 <= number <= len(query.columns):
                raise analysis_error(
                    f"ORDER BY position {number} is not in select list.", kind="ORDER_BY_POS_OUT_OF_RANGE"
                )
            return f"{_ordered_place(query, number - 1)} {ending}"
        if isinstance(node, exp.Column) and not node.table:
            places = [at for at, (name, _) in enumerate(query.columns) if name.lower() == node.name.lower()]
            if len(places) == 1 and not query.columns[places[0]][1].is_complex:
                return f"{places[0] + 1} {ending}"
        if items is not None:
            value = self.expressions(_aliases_first(scope, items)).value(node)
            same = [place for place, item in enumerate(items) if item.value.sql == value.sql]
            if not same and node.find(exp.Window) is not None:
                raise analysis_error(
                    "A window function in ORDER BY must stand in the select list; give it an alias there.",
                    kind="UNSUPPORTED_EXPR_FOR_OPERATOR",
                )
            if same and not value.type.is_complex:
                return f"{same[0] + 1} {ending}"
            return f"{order_key(value)} {ending}"
        outputs = Scope(named=scope.named)
        outputs.locals = {name.lower(): Value(f"c{place}", type) for place, (name, type) in enumerate(query.columns)}
        return f"{order_key(self.expressions(outputs).value(_unqualified(node)))} {ending}"


def _ordered_place(query: Query, place: int) -> str:
    """A column named by its place; by its key where it is nested."""
    type = query.columns[place][1]
    return order_key(Value(f"c{place}", type)) if type.is_complex else str(place + 1)


def _has_map(type: Type) -> bool:
    return (
        type.kind == "map"
        or any(_has_map(field.type) for field in type.fields)
        or (type.element is not None and _has_map(type.element))
    )


def _aliases_first(scope: Scope, items: Sequence[Item]) -> Scope:
    """In ORDER BY a name means the select list's element before it means a column."""
    aliases = {item.name.lower(): item.value for item in items}
    return replace(scope, locals={**scope.locals, **aliases})


def _unqualified(node: exp.Expression) -> exp.Expression:
    """Behind DISTINCT and set operations only the output columns are left; a qualifier says nothing any more."""
    copy = node.copy()
    for column in copy.find_all(exp.Column):
        for part in ("table", "db", "catalog"):
            column.set(part, None)
    return copy


def _generator_call(element: exp.Expression) -> Call | None:
    node = element.this if isinstance(element, exp.Alias | exp.Aliases) else element
    if not isinstance(node, exp.Anonymous) or isinstance(node.this, exp.Identifier):
        return None
    call = read_call(node)
    return call if call.name in generators.NAMES else None


def _generator_names(element: exp.Expression) -> list[str]:
    if isinstance(element, exp.Aliases):
        return [part.name for part in element.expressions]
    return [element.alias] if isinstance(element, exp.Alias) else []


def _continues(node: exp.Expression, chain: exp.SetOperation) -> bool:
    """Whether a node is one more link of a left-deep chain of the same operation."""
    if node is chain:
        return True
    plain = not any(node.args.get(key) for key in ("order", "limit", "offset", "with_", "by_name"))
    return type(node) is type(chain) and bool(node.args.get("distinct")) == bool(chain.args.get("distinct")) and plain


def _has_modifiers(node: exp.Expression) -> bool:
    return any(node.args.get(key) for key in ("order", "limit", "offset"))


def _unwrap(node: exp.Expression) -> exp.Expression:
    while isinstance(node, exp.Subquery) and not _has_modifiers(node) and not node.args.get("with_"):
        node = node.this
    return node
