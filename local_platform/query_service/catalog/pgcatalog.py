"""Enough of pg_catalog for psql's \\d commands and for tools that list tables, views and columns.

The documentation says that these commands work; what they ask is PostgreSQL's catalogue, so the lake is shown in its
form: tables and views in schema `public`, owned by `postgres`, columns in lower case, structs as composite types named
`{table}_{field}`. Relations of the catalogue that no documented command reads are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local_platform.query_service.catalog.relations import COLUMNS, Relations
from local_platform.query_service.engine.results import Result
from local_platform.query_service.errors import QueryError, not_supported, syntax_error
from local_platform.query_service.sql.types import Type, from_arrow

if TYPE_CHECKING:
    from local_platform.query_service.engine.session import Session

_MENTION = re.compile(r"\bpg_catalog\s*\.|\bpg_[a-z_]+\b|\binformation_schema\b", re.IGNORECASE)
_REWRITES = (
    (re.compile(r"OPERATOR\s*\(\s*pg_catalog\.([^)\s]+)\s*\)", re.IGNORECASE), r"\1"),
    (re.compile(r"COLLATE\s+pg_catalog\.default", re.IGNORECASE), ""),
    (re.compile(r"::\s*(pg_catalog\.)?(regclass|regtype|regproc|regnamespace)\b", re.IGNORECASE), "::text"),
    (re.compile(r"::\s*pg_catalog\.", re.IGNORECASE), "::"),
)
_PREFIX = "qs_"

_FUNCTIONS = """
CREATE MACRO qs_pg_get_userbyid(o) AS 'postgres';
CREATE MACRO qs_pg_table_is_visible(o) AS true;
CREATE MACRO qs_pg_type_is_visible(o) AS true;
CREATE MACRO qs_pg_function_is_visible(o) AS true;
CREATE MACRO qs_obj_description(o, c) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_col_description(o, c) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_shobj_description(o, c) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_expr(a, b, c := false) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_function_result(o) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_function_arguments(o) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_encoding_to_char(o) AS 'UTF8';
CREATE MACRO qs_pg_table_size(o) AS 0;
CREATE MACRO qs_pg_total_relation_size(o) AS 0;
CREATE MACRO qs_pg_database_size(o) AS 0;
CREATE MACRO qs_has_database_privilege(o, p) AS true;
CREATE MACRO qs_pg_size_pretty(o) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_array_to_string(a, b) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_relation_is_publishable(o) AS false;
CREATE MACRO qs_pg_get_viewdef(o, p := true) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_constraintdef(o, p := true) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_indexdef(o, p, q) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_partkeydef(o) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_triggerdef(o, p) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_current_schema() AS 'public';
CREATE MACRO qs_current_schemas(o) AS ['pg_catalog', 'public'];
CREATE MACRO qs_format_type(o, m) AS (SELECT max(qs_t.spelled) FROM qs_pg_type AS qs_t WHERE qs_t.oid = o);
"""


def answer(session: Session, sql: str) -> Result | None:
    """The answer to a question about pg_catalog; None when the statement asks nothing of it.

    Raises:
        QueryError: 0A000 for relations and functions no documented command needs.
    """
    if _MENTION.search(sql) is None:
        return None
    tree = _parse(sql)
    if tree is None or not _asks(tree):
        return None
    rewritten = _rewritten(tree)
    with duckdb.connect(":memory:") as catalog:
        for name, rows in Relations(session).tables().items():
            catalog.register(_PREFIX + name, _arrow(name, rows))
        catalog.execute(_FUNCTIONS)
        try:
            table = catalog.sql(rewritten).to_arrow_table()
        except duckdb.Error:
            raise QueryError(
                "0A000",
                "This query on pg_catalog is not supported; those of psql's \\d commands are, and SHOW TABLES.",
            ) from None
    return _result(table)


def _parse(sql: str) -> exp.Expression | None:
    for pattern, replacement in _REWRITES:
        sql = pattern.sub(replacement, sql)
    try:
        trees = sqlglot.parse(sql, dialect="postgres")
    except (SqlglotError, ValueError, TypeError, AttributeError):
        # The parser also stumbles otherwise over what makes no tree; what cannot be read is no query on the catalog.
        return None
    return trees[0] if len(trees) == 1 and isinstance(trees[0], exp.Query) else None


def _asks(tree: exp.Expression) -> bool:
    tables = list(tree.find_all(exp.Table))
    if any(_is_catalog(table) for table in tables):
        return True
    return not tables and any(
        isinstance(dot.this, exp.Identifier) and dot.this.name.lower() == "pg_catalog" for dot in tree.find_all(exp.Dot)
    )


def _is_catalog(table: exp.Table) -> bool:
    return table.db.lower() in ("pg_catalog", "information_schema") or (not table.db and table.name.lower() in _KNOWN)


_KNOWN = {*COLUMNS, "pg_tables", "pg_views", "pg_matviews", "pg_depend", "pg_rewrite", "pg_stat_activity", "pg_user"}


def _rewritten(tree: exp.Expression) -> str:
    tree = tree.copy()
    for inner in list(tree.find_all(exp.Array)):
        # psql unfolds the options of foreign tables with a table function; there are none.
        if inner.find(exp.Select) is not None:
            inner.replace(exp.Null())
    for table in tree.find_all(exp.Table):
        if not _is_catalog(table):
            continue
        name = table.name.lower()
        if table.db.lower() == "information_schema" or name not in COLUMNS:
            raise not_supported(
                f"{table.db or 'pg_catalog'}.{name}",
                "no documented command reads it.",
                instead="Use SHOW TABLES, SHOW VIEWS, and SELECT * FROM t WHERE 1=0 for columns.",
            )
        table.set("db", None)
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
        table.set("this", exp.to_identifier(_PREFIX + name))
    for dot in list(tree.find_all(exp.Dot)):
        if isinstance(dot.this, exp.Identifier) and dot.this.name.lower() == "pg_catalog":
            dot.replace(_own(dot.expression))
    for call in list(tree.find_all(exp.Anonymous)):
        _own(call)
    for column in tree.find_all(exp.Column):
        if column.args.get("db") is not None and column.db.lower() == "pg_catalog":
            column.set("db", None)
    return str(tree.sql(dialect="duckdb"))


def _own(call: exp.Expression) -> exp.Expression:
    """A catalogue function under the name of our macro."""
    if isinstance(call, exp.Anonymous) and str(call.this).lower() in _OWN:
        call.set("this", _PREFIX + str(call.this).lower())
    return call


_OWN = set(re.findall(rf"CREATE MACRO {_PREFIX}(\w+)", _FUNCTIONS))


def _arrow(name: str, rows: Sequence[Sequence[Any]]) -> pa.Table:
    names, types = zip(*COLUMNS[name], strict=True)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table([pa.array(column, type) for column, type in zip(columns, types, strict=True)], names=list(names))


def _result(table: pa.Table) -> Result:
    columns: list[tuple[str, Type]] = []
    for item in table.schema:
        try:
            columns.append((item.name, from_arrow(item.type)))
        except TypeError:
            raise syntax_error(f"Column {item.name} of this catalogue query has no type here.") from None
    renamed = table.rename_columns([f"c{place}" for place in range(table.num_columns)])

    def batches() -> Iterator[pa.RecordBatch]:
        yield from renamed.to_batches()

    return Result("SELECT", columns, batches())
