"""FROM: tables, views, common table expressions, sub-queries, joins, LATERAL VIEW."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from local_platform.query_service.compiler import generators
from local_platform.query_service.compiler.calls import read_call, unknown_function
from local_platform.query_service.compiler.operators import compare
from local_platform.query_service.compiler.scope import Column, Named, Query, Relation, Scope, Snapshots, Value
from local_platform.query_service.errors import analysis_error, no_models, not_supported, syntax_error
from local_platform.query_service.sql.dialect import SNAPSHOT, parse_query
from local_platform.query_service.sql.types import Type

if TYPE_CHECKING:
    from local_platform.query_service.compiler.query import Compiler


class FromClause:
    """Builds DuckDB's FROM of one SELECT and puts its relations into the scope."""

    def __init__(self, compiler: Compiler, scope: Scope) -> None:
        self.compiler = compiler
        self.statement = compiler.statement
        self.scope = scope

    def build(self, select: exp.Select) -> str:
        """SQL behind FROM; empty when the SELECT has none."""
        origin = select.args.get("from_")
        sql = ""
        if origin is not None:
            sql = self._item(origin.this)
            # Joins written behind a table inside parentheses hang on the table itself.
            sql = self._joins(sql, origin.this.args.get("joins") or [])
        sql = self._joins(sql, select.args.get("joins") or [])
        for lateral in select.args.get("laterals") or []:
            sql = self._lateral_view(sql, lateral)
        return sql

    def _item(self, node: exp.Expression) -> str:
        if isinstance(node, exp.Table):
            return self._table(node)
        if isinstance(node, exp.Subquery):
            return self._subquery(node)
        if isinstance(node, exp.Values):
            return self._add(self.compiler.values(node, self._outside()), node.args.get("alias"))
        if isinstance(node, exp.Lateral):
            return self._lateral(node)
        if isinstance(node, exp.Paren):
            return self._item(node.this)
        raise syntax_error(f"FROM takes tables, views and sub-queries; seen {node.sql(dialect='spark')!r}.")

    def _outside(self) -> Scope:
        """What a sub-query in FROM sees: not its neighbours."""
        return Scope(parent=self.scope.parent, named=self.scope.named)

    def _table(self, node: exp.Table) -> str:
        if not isinstance(node.this, exp.Identifier):
            name = str(getattr(node.this, "this", "")).lower()
            if name in ("model_evaluate", "model_predict"):
                raise no_models(name)
            raise not_supported(
                f"The table function {name or node.this.sql()}", "FROM takes tables, views and sub-queries."
            )
        if node.args.get("sample") is not None:
            raise not_supported(
                "TABLESAMPLE in FROM",
                "samples are stored tables.",
                instead="Make one with ANALYZE TABLE ... TABLESAMPLE SAMPLERATE and query it by name.",
            )
        for clause in ("pivots", "version", "when", "hints"):
            if node.args.get(clause):
                raise not_supported(f"{clause} behind a table", "the documentation does not have it.")
        parts = tuple(part.name for part in node.parts)
        snapshots = _snapshots(node)
        alias = node.args.get("alias")
        qualifier = alias if alias is not None and alias.name else parts[-1]
        if len(parts) == 1 and parts[0].lower() in self.scope.named:
            if snapshots is not None:
                raise self._no_snapshot(parts[0], "a common table expression")
            return self._reference(self.scope.named[parts[0].lower()], qualifier)
        view = self.statement.catalog.view(parts)
        if view is not None:
            if snapshots is not None:
                raise self._no_snapshot(parts[-1], "a view")
            return self._reference(self._view(parts[-1], view), qualifier)
        source = self.statement.catalog.table(parts, snapshots)
        return self._add(Query(source.sql, list(source.columns), source.raws), qualifier)

    @staticmethod
    def _no_snapshot(name: str, kind: str) -> Exception:
        return syntax_error(
            f"SNAPSHOT does not work on {kind} ({name}).",
            hint="Put the clause behind the table itself, inside the query.",
        )

    def _view(self, name: str, sql: str) -> Named:
        """A view becomes a common table expression of the statement, once however often it is named."""
        key = name.lower()
        known = self.statement.views.get(key)
        if known is not None:
            return known
        if key in self.statement.open_views:
            raise analysis_error(f"Recursive view `{name}` detected.", kind="RECURSIVE_VIEW")
        self.statement.open_views.append(key)
        query = self.compiler.query(parse_query(sql), Scope(), raw=True)
        self.statement.open_views.pop()
        made = Named(self.statement.name("v"), query.columns, query.raws)
        self.statement.ctes.append((made.name, query.sql))
        self.statement.views[key] = made
        return made

    def _subquery(self, node: exp.Subquery) -> str:
        if node.meta.get(SNAPSHOT) is not None:
            raise self._no_snapshot("(...)", "a sub-query")
        if isinstance(node.this, exp.Table | exp.Subquery) and not node.args.get("alias"):
            sql = self._item(node.this)
            return self._joins(sql, node.this.args.get("joins") or [])
        if isinstance(node.this, exp.Table):
            raise syntax_error("A join in parentheses takes no alias.")
        return self._add(self.compiler.query(node, self._outside(), raw=True), node.args.get("alias"))

    def _lateral(self, node: exp.Lateral) -> str:
        if node.args.get("view"):
            raise syntax_error("LATERAL VIEW stands behind the tables of FROM.")
        if not isinstance(node.this, exp.Subquery):
            raise syntax_error("LATERAL is followed by a sub-query in parentheses.")
        query = self.compiler.query(node.this, Scope(parent=self.scope, named=self.scope.named))
        return "LATERAL " + self._add(query, node.args.get("alias"))

    def _reference(self, named: Named, alias: Any) -> str:
        return self._add(Query(named.name, named.columns, named.raws), alias, bare=True)

    def _add(self, query: Query, alias: Any, *, bare: bool = False) -> str:
        """Put a query's columns in sight under an alias (a name, or a syntax tree that may rename columns)."""
        name = self.statement.name("t")
        columns = query.columns
        label = alias if isinstance(alias, str) else (alias.name if alias is not None and alias.this else None)
        renamed = [] if isinstance(alias, str) or alias is None else alias.args.get("columns") or []
        if renamed:
            if len(renamed) != len(columns):
                raise analysis_error(
                    f"The alias has {len(renamed)} columns, the query {len(columns)}.",
                    kind="ASSIGNMENT_ARITY_MISMATCH",
                )
            columns = [(new.name, type) for new, (_, type) in zip(renamed, columns, strict=True)]
        visible = [
            Column(column, type, f"{name}.c{place}", raw=f"{name}.r{place}" if place in query.raws else "")
            for place, (column, type) in enumerate(columns)
        ]
        self.scope.relations.append(Relation(label, visible))
        return f"{query.sql} AS {name}" if bare else f"({query.sql}) AS {name}"

    def _joins(self, sql: str, joins: Sequence[exp.Join]) -> str:
        for join in joins:
            sql = self._join(sql, join)
        return sql

    def _join(self, sql: str, join: exp.Join) -> str:
        side, kind = str(join.args.get("side") or "").upper(), str(join.args.get("kind") or "").upper()
        method = str(join.args.get("method") or "").upper()
        if kind in ("SEMI", "ANTI"):
            raise not_supported(
                f"{side or 'LEFT'} {kind} JOIN",
                "the documented joins are INNER, LEFT, RIGHT and FULL.",
                instead="Use EXISTS or NOT EXISTS.",
            )
        if method not in ("", "NATURAL") or kind not in ("", "INNER", "OUTER", "CROSS"):
            raise not_supported(f"{method} {side} {kind} JOIN", "the documentation does not have it.")
        before = list(self.scope.relations)
        item = self._item(join.this)
        item = self._joins(item, join.this.args.get("joins") or [])
        after = self.scope.relations[len(before) :]
        if method == "NATURAL" or join.args.get("using"):
            return self._using(sql, join, item, before, after, side)
        condition = join.args.get("on")
        word = f"{side} JOIN" if side else "JOIN"
        if condition is None:
            if side:
                raise syntax_error(f"{side} JOIN needs ON or USING.")
            return f"{sql} CROSS JOIN {item}"
        return f"{sql} {word} {item} ON {self.compiler.expressions(self.scope).condition(condition)}"

    def _using(
        self, sql: str, join: exp.Join, item: str, before: list[Relation], after: list[Relation], side: str
    ) -> str:
        names = [part.name for part in join.args.get("using") or []]
        if not names:
            known = {column.name.lower() for relation in after for column in relation.columns}
            names = [
                c.name for relation in before for c in relation.columns if c.name.lower() in known and not c.hidden
            ]
        tests, merged = [], []
        for name in names:
            left, right = _single(before, name), _single(after, name)
            one, other = Value(left.sql, left.type), Value(right.sql, right.type)
            tests.append(compare(None, "=", one, other).sql)
            both = {"RIGHT": right.sql, "FULL": f"coalesce({left.sql}, {right.sql})"}.get(side, left.sql)
            merged.append(Column(name, left.type, both))
            for relations in (before, after):
                _hide(relations, name)
        self.scope.relations.insert(0, Relation(None, merged))
        word = f"{side} JOIN" if side else "JOIN"
        return f"{sql} {word} {item} ON {' AND '.join(tests)}" if tests else f"{sql} CROSS JOIN {item}"

    def _lateral_view(self, sql: str, node: exp.Lateral) -> str:
        if not node.args.get("view"):
            return f"{sql}, {self._lateral(node)}" if sql else self._lateral(node)
        call = read_call(node.this)
        if call.name not in generators.NAMES:
            raise unknown_function(call.name)
        expressions = self.compiler.expressions(self.scope)
        rows = generators.generate(expressions, call, expressions.values(call.arguments))
        alias = node.args.get("alias")
        names = [part.name for part in alias.args.get("columns") or []] if alias is not None else []
        columns = rename(rows.columns, names)
        name = self.statement.name("g")
        listed = self._carried(name)
        listed.append(f"{rows.unnested(rows.outer or bool(node.args.get('outer')))} AS e")
        label = alias.name if alias is not None and alias.this is not None else None
        visible = [
            Column(column, type, part.replace("{e}", f"{name}.e"))
            for (column, type), part in zip(columns, rows.parts, strict=True)
        ]
        self.scope.relations.append(Relation(label, visible))
        source = f" FROM {sql}" if sql else ""
        return f"(SELECT {', '.join(listed)}{source}) AS {name}"

    def _carried(self, name: str) -> list[str]:
        """The columns in sight as columns of a wrapping query of this name; the scope finds them there from now on."""
        carried: dict[str, str] = {}
        for relation in self.scope.relations:
            for column in relation.columns:
                carried.setdefault(column.sql, f"k{len(carried)}")
            relation.columns = [
                replace(column, sql=f"{name}.{carried[column.sql]}", raw="") for column in relation.columns
            ]
        return [f"{sql} AS {column}" for sql, column in carried.items()]


def rename(columns: Sequence[tuple[str, Type]], names: Sequence[str]) -> list[tuple[str, Type]]:
    """Columns under the names an alias gives them.

    Raises:
        QueryError: 58000, the numbers differ.
    """
    if not names:
        return list(columns)
    if len(names) != len(columns):
        raise analysis_error(
            f"The number of aliases ({len(names)}) does not match the number of columns ({len(columns)}).",
            kind="UDTF_ALIAS_NUMBER_MISMATCH",
        )
    return [(name, type) for name, (_, type) in zip(names, columns, strict=True)]


def _snapshots(node: exp.Table) -> Snapshots | None:
    clause = node.meta.get(SNAPSHOT)
    return None if clause is None else Snapshots(*clause)


def _single(relations: Sequence[Relation], name: str) -> Column:
    found = [column for relation in relations for column in relation.find(name) if not column.hidden]
    if len(found) != 1:
        reason = "cannot be resolved" if not found else "is ambiguous"
        raise analysis_error(
            f"USING column `{name}` {reason} on one side of the join.", kind="UNRESOLVED_USING_COLUMN_FOR_JOIN"
        )
    return found[0]


def _hide(relations: Sequence[Relation], name: str) -> None:
    for relation in relations:
        relation.columns = [
            replace(column, hidden=True) if column.name.lower() == name.lower() else column
            for column in relation.columns
        ]
