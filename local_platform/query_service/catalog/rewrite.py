"""A query on PostgreSQL's catalogue in DuckDB's words, over the relations of `relations` and `information`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlglot
from sqlglot import exp

from local_platform.query_service.catalog.functions import MACROS, PREFIX
from local_platform.query_service.catalog.information import VIEWS
from local_platform.query_service.catalog.shape import CATALOG
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import QueryError, not_supported

INFORMATION = "information_schema"
_SCHEMAS = ("pg_catalog", INFORMATION)
# They are PostgreSQL's, too, and often asked for; no documented client or command needs them.
_REFUSED = {"pg_tables", "pg_views", "pg_matviews", "pg_indexes", "pg_rewrite", "pg_stat_activity", "pg_user"}
_NUMBERS = {
    "REGCLASS": ("class_number", "class_name"),
    "REGTYPE": ("type_number", "format_type"),
    "REGPROC": ("function_number", None),
    "REGPROCEDURE": ("function_number", None),
    "REGNAMESPACE": ("schema_number", None),
}
# Functions that DuckDB has as PostgreSQL has them.
_PLAIN = {"array_to_string", "generate_series", "generate_subscripts", "quote_ident", "json_object"}
_TEXT_TYPES = ("NAME", "USERDEFINED")


def is_catalog(table: exp.Table) -> bool:
    """Whether a table of a query belongs to PostgreSQL's catalogue."""
    return table.db.lower() in _SCHEMAS or (not table.db and table.name.lower() in _REFUSED | CATALOG.keys())


def rewritten(tree: exp.Expression, *, database: str, user: str, version: str, values: Sequence[Value]) -> str:
    """The query for DuckDB.

    Args:
        database: what current_database() and current_catalog say.
        user: what current_user and session_user say.
        version: what version() says.
        values: of the parameters $1, $2, ...

    Raises:
        QueryError: 0A000 for relations that no documented client reads; 08P01 for a parameter without a value.
    """
    tree = tree.copy()
    _name_columns(tree)
    for inner in list(tree.find_all(exp.Array)):
        # psql unfolds the options of foreign tables with a table function; there are none.
        if inner.find(exp.Select) is not None and inner.find(exp.Table) is None:
            inner.replace(exp.Null())
    for table in tree.find_all(exp.Table):
        if is_catalog(table):
            _point(table)
    said: dict[type[exp.Expression], Callable[[], exp.Expression]] = {
        exp.CurrentCatalog: lambda: exp.Literal.string(database),
        exp.CurrentDatabase: lambda: exp.Literal.string(database),
        exp.CurrentUser: lambda: exp.Literal.string(user),
        exp.SessionUser: lambda: exp.Literal.string(user),
        exp.CurrentVersion: lambda: exp.Literal.string(version),
        exp.CurrentSchema: lambda: exp.Literal.string("public"),
    }
    change = _node(said, values)
    # From the leaves up, so that what takes a node's place holds only what is ours already.
    for node in reversed(list(tree.walk())):
        changed = change(node)
        if changed is not node:
            node.replace(changed)
    return str(tree.sql(dialect="duckdb"))


def _node(
    said: dict[type[exp.Expression], Callable[[], exp.Expression]], values: Sequence[Value]
) -> Callable[[exp.Expression], exp.Expression]:
    def change(node: exp.Expression) -> exp.Expression:
        if type(node) in said:
            return said[type(node)]()
        if isinstance(node, exp.CurrentSchemas):
            return _call("current_schemas", node.this or exp.true())
        if isinstance(node, exp.Parameter):
            return _bound(node, values)
        if isinstance(node, exp.Dot) and isinstance(node.this, exp.Identifier) and node.this.name.lower() in _SCHEMAS:
            return node.expression
        if isinstance(node, exp.Anonymous) and str(node.this).lower() == "json_build_object":
            return exp.cast(exp.Anonymous(this="json_object", expressions=node.expressions), "text", dialect="duckdb")
        if isinstance(node, exp.Anonymous):
            name = str(node.this).lower()
            if name in MACROS:
                node.set("this", PREFIX + name)
            elif name not in _PLAIN and not name.startswith(PREFIX):
                raise not_supported(
                    f"The function {name} in a query on the catalogue",
                    "no documented client or command needs it.",
                    instead="Use SHOW TABLES, SHOW VIEWS, and SELECT * FROM t WHERE 1=0 for columns.",
                )
        if isinstance(node, exp.Column) and node.db.lower() in _SCHEMAS:
            node.set("db", None)
        if isinstance(node, exp.Cast):
            return _cast(node)
        return node

    return change


def _point(table: exp.Table) -> None:
    """Let a relation of the catalogue be ours; a function that gives rows is called without its schema."""
    if not isinstance(table.this, exp.Identifier):
        table.set("db", None)
        return
    schema, name = table.db.lower(), table.name.lower()
    known = VIEWS if schema == INFORMATION else CATALOG
    if name not in known or table.catalog:
        raise not_supported(
            f"{table.db or 'pg_catalog'}.{name}",
            "no documented client or command reads it.",
            instead="Use SHOW TABLES, SHOW VIEWS, and SELECT * FROM t WHERE 1=0 for columns.",
        )
    table.set("db", None)
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
    prefix = f"{PREFIX}{INFORMATION}_" if schema == INFORMATION else PREFIX
    table.set("this", exp.to_identifier(prefix + name))


def _call(name: str, *arguments: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=PREFIX + name, expressions=list(arguments))


def _bound(parameter: exp.Parameter, values: Sequence[Value]) -> exp.Expression:
    place = int(parameter.name) if parameter.name.isdigit() else 0
    if not 1 <= place <= len(values):
        raise QueryError("08P01", f"Parameter ${parameter.name} has no value.")
    value = values[place - 1]
    if isinstance(value.literal, str):
        return exp.Literal.string(value.literal)
    return sqlglot.parse_one(value.sql, dialect="duckdb")


def _cast(node: exp.Cast) -> exp.Expression:
    """Casts to PostgreSQL's own types: names to numbers, numbers to names, everything else as it is."""
    target = str(node.to.this.value if hasattr(node.to.this, "value") else node.to.this).upper()
    if target in _TEXT_TYPES:
        return exp.cast(node.this, "text", dialect="duckdb")
    if target == "OID":
        # An object id is a number here; what was a name has become one by the inner cast.
        return exp.cast(node.this, "bigint", dialect="duckdb") if isinstance(node.this, exp.Literal) else node.this
    if target not in _NUMBERS:
        return node
    to_number, to_name = _NUMBERS[target]
    if isinstance(node.this, exp.Literal) and node.this.is_string:
        return _call(to_number, exp.Literal.string(node.this.name.rpartition(".")[2].strip('"')))
    if to_name == "format_type":
        return _call(to_name, node.this, exp.Null())
    return _call(to_name, node.this) if to_name else node.this


def _name_columns(tree: exp.Expression) -> None:
    """Give each unnamed column of the result the name PostgreSQL gives it."""
    select = tree.find(exp.Select) if isinstance(tree, exp.Select | exp.SetOperation) else None
    if select is None:
        return
    for item in list(select.expressions):
        if not isinstance(item, exp.Alias | exp.Column | exp.Star):
            item.replace(exp.alias_(item.copy(), _name_of(item), quoted=True))


def _name_of(item: exp.Expression) -> str:
    if isinstance(item, exp.Cast | exp.Paren):
        return _name_of(item.this)
    if isinstance(item, exp.Dot):
        return _name_of(item.expression) if isinstance(item.expression, exp.Func) else str(item.expression.name)
    if isinstance(item, exp.Column | exp.Identifier):
        return str(item.name)
    if isinstance(item, exp.Case):
        return "case"
    if isinstance(item, exp.Anonymous):
        return str(item.this).lower()
    if isinstance(item, exp.CurrentVersion):
        return "version"
    if isinstance(item, exp.Func) and not isinstance(item, exp.Binary):
        return str(item.sql_name()).lower()
    return "?column?"
