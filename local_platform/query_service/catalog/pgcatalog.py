"""Enough of PostgreSQL's catalogue for psql's \\d commands and for the clients that Adobe documents.

The documentation says that psql's commands, SQLAlchemy and several tools work; what they ask is PostgreSQL's
catalogue, so the lake is shown in its form: tables and views in schema `public`, owned by `postgres`, columns in lower
case, structs as composite types named `{table}_{field}`. Their questions are run, not recognised. Relations that none
of them reads are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local_platform.query_service.catalog.functions import PREFIX, needed
from local_platform.query_service.catalog.information import VIEWS
from local_platform.query_service.catalog.relations import Relations
from local_platform.query_service.catalog.rewrite import INFORMATION, is_catalog, rewritten
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.engine.results import Result
from local_platform.query_service.errors import QueryError, cancelled, limit_exceeded, syntax_error
from local_platform.query_service.sql.types import Type, from_arrow

if TYPE_CHECKING:
    from local_platform.query_service.engine.session import Session

VERSION = "PostgreSQL 10.5 (Adobe Experience Platform Query Service, server 0.1.0)"

_MENTION = re.compile(r"\bpg_catalog\s*\.|\bpg_[a-z_]+\b|\binformation_schema\b", re.IGNORECASE)
_REWRITES = (
    (re.compile(r"OPERATOR\s*\(\s*pg_catalog\.([^)\s]+)\s*\)", re.IGNORECASE), r"\1"),
    (re.compile(r"COLLATE\s+pg_catalog\.default", re.IGNORECASE), ""),
    (re.compile(r"::\s*pg_catalog\.", re.IGNORECASE), "::"),
    (re.compile(r"\bAS\s+pg_catalog\.(?=\w+\s*\))", re.IGNORECASE), "AS "),
)
# Nothing but the relations below is to be reached: no file, no variable of this process, no other setting.
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "python_enable_replacements": False,
    "threads": 1,
    "memory_limit": "256MB",
}


def answer(session: Session, sql: str, values: Sequence[Value] = ()) -> Result | None:
    """The answer to a question about the catalogue; None when the statement asks nothing of it.

    Args:
        values: of the parameters $1, $2, ...

    Raises:
        QueryError: 0A000 for relations, functions and forms that no documented client needs.
    """
    if _MENTION.search(sql) is None:
        return None
    tree = _parse(sql)
    if tree is None or not _asks(tree):
        return None
    question = rewritten(tree, database=session.database, user=session.owner, version=VERSION, values=values)
    with duckdb.connect(":memory:", config=_CLOSED) as catalog:
        _fill(session, catalog, question)
        return _result(_run(session, catalog, question))


def _fill(session: Session, catalog: duckdb.DuckDBPyConnection, question: str) -> None:
    """The relations and functions that a question uses; making all of them takes longer than most questions."""
    views = {name: text for name, text in VIEWS.items() if f"{PREFIX}{INFORMATION}_{name}" in question}
    macros = needed(question)
    words = set(re.findall(rf"\b{PREFIX}(pg_\w+)", " ".join([question, *views.values(), *macros])))
    for name, rows in Relations(session).tables(words).items():
        catalog.register(PREFIX + name, rows)
    for name, text in views.items():
        catalog.execute(f"CREATE VIEW {PREFIX}{INFORMATION}_{name} AS {text}")
    for text in macros:
        catalog.execute(text)
    catalog.execute("SET lock_configuration = true")


def _run(session: Session, catalog: duckdb.DuckDBPyConnection, question: str) -> pa.Table:
    engine = session.engine
    deadline = engine.watchdog.watch(
        catalog, engine.options.query_seconds, lambda: session.cancelled.is_set() or session.gone()
    )
    try:
        return catalog.sql(question).to_arrow_table()
    except duckdb.InterruptException:
        if deadline.passed:
            raise limit_exceeded("Statement timeout: the statement ran too long.") from None
        raise cancelled() from None
    except duckdb.Error as error:
        reason = re.sub(r"^[A-Za-z ]+ Error:\s*", "", str(error).partition("\n")[0].replace(PREFIX, ""))
        raise QueryError(
            "0A000",
            "This query on the catalogue is not supported; those of psql's \\d commands and of the documented clients "
            f"are, and SHOW TABLES. ({reason})",
        ) from None
    finally:
        engine.watchdog.release(deadline)


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
    if any(is_catalog(table) for table in tables):
        return True
    return not tables and any(
        isinstance(dot.this, exp.Identifier) and dot.this.name.lower() == "pg_catalog" for dot in tree.find_all(exp.Dot)
    )


def _spelled(table: pa.Table) -> pa.Table:
    """Lists in PostgreSQL's text form, which is what every driver reads; columns of nothing but NULL as text."""
    for place, item in enumerate(table.schema):
        if pa.types.is_null(item.type):
            table = table.set_column(place, item.name, pa.nulls(table.num_rows, pa.string()))
        elif pa.types.is_list(item.type):
            texts = [
                None if value is None else "{" + ",".join("NULL" if each is None else str(each) for each in value) + "}"
                for value in table.column(place).to_pylist()
            ]
            table = table.set_column(place, item.name, pa.array(texts, pa.string()))
    return table


def _result(table: pa.Table) -> Result:
    table = _spelled(table)
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
