"""From a statement's text to its record; what is not documented is refused here, by kind and with the way out."""

from __future__ import annotations

import re
from collections.abc import Callable

from local_platform.query_service.errors import no_models, not_supported, syntax_error
from local_platform.query_service.sql import ddl, refusals
from local_platform.query_service.sql.reader import Reader
from local_platform.query_service.sql.statements import (
    Analyze,
    Block,
    Close,
    Copy,
    Deallocate,
    Declare,
    Execute,
    Explain,
    Fetch,
    Insert,
    Prepare,
    Select,
    Set,
    Show,
    Statement,
    Transaction,
)

_QUERY_STARTS = ("SELECT", "WITH", "VALUES", "(")
_SHOW_LISTS = (
    "TABLES",
    "VIEWS",
    "DATABASES",
    "SCHEMAS",
    "IDENTITIES",
    "DATAGROUPS",
    "FIELDGROUPS",
    "NAMESPACES",
    "MODELS",
    "STATISTICS",
    "ALL",
)


def parse_statement(sql: str) -> Statement:
    """The statement a text holds.

    Raises:
        QueryError: 42601 when it cannot be read, 0A000 when Query Service does not have it.
    """
    reader = Reader(sql)
    first = reader.token
    if first is None:
        raise syntax_error("The statement is empty.")
    if first.kind == "block":
        return _block(reader)
    word = first.upper
    if word in _QUERY_STARTS:
        return Select(sql.strip())
    handler = _HANDLERS.get(word)
    if reader.sees("UPDATE", "MODEL"):
        raise no_models("UPDATE MODEL")
    if handler is None:
        raise refusals.unknown(word or first.text)
    reader.next()
    return handler(reader)


def _block(reader: Reader) -> Block:
    body = reader.next().text[2:-2].strip()
    if reader.accept("END"):
        # The reference page also closes a block with $$END;
        body += " END"
    reader.end()
    return Block(body)


def _insert(reader: Reader) -> Insert:
    overwrite = reader.accept("OVERWRITE")
    reader.expect("INTO")
    audience = False
    if reader.sees("AUDIENCE") and len(reader.tokens) > reader.place + 1:
        following = reader.tokens[reader.place + 1]
        audience = following.kind in ("word", "name") and following.upper not in (*_QUERY_STARTS, "AS")
        if audience:
            reader.next()
    name = reader.parts("a table")
    columns = _column_list(reader)
    if reader.accept("AS"):
        raise syntax_error(
            "INSERT INTO ... AS SELECT: the word AS does not belong there.", hint="Write INSERT INTO t SELECT ..."
        )
    if reader.sees("("):
        raise syntax_error(
            "The SELECT of INSERT INTO must not be in parentheses.", hint="Write INSERT INTO t SELECT ..."
        )
    if not any(reader.sees(word) for word in ("SELECT", "WITH", "VALUES")):
        raise reader.unexpected("SELECT or VALUES")
    return Insert(name, reader.rest(), columns, overwrite, audience)


def _column_list(reader: Reader) -> tuple[str, ...] | None:
    """`(a, b)`; a parenthesis that opens a query is left alone."""
    if not reader.sees("(") or any(reader.sees("(", word) for word in (*_QUERY_STARTS,)):
        return None
    reader.next()
    columns = [_target(reader)]
    while reader.accept(","):
        columns.append(_target(reader))
    reader.expect(")")
    return tuple(columns)


def _target(reader: Reader) -> str:
    parts = reader.parts("a column")
    if len(parts) > 1:
        raise not_supported(
            "INSERT INTO a nested column",
            f"{'.'.join(parts)} is a path.",
            instead="Build the struct in the SELECT: struct(a AS x) AS _tenant.",
        )
    return parts[0]


# Commas outside parentheses, as in decimal(5,2).
_BETWEEN_TYPES = re.compile(r",(?![^(]*\))")
# Spark's lists that no page has.
_NOT_SHOWN = ("COLUMNS", "CREATE", "FUNCTIONS", "PARTITIONS", "TBLPROPERTIES", "TABLE", "CATALOGS", "INDEXES", "ROLES")


def _show(reader: Reader) -> Show:
    if reader.accept("PRIMARY", "KEYS"):
        reader.end()
        return Show("PRIMARY KEYS")
    if reader.accept("FOREIGN", "KEYS"):
        reader.end()
        return Show("FOREIGN KEYS")
    if reader.accept("DATAGROUPS", "FOR"):
        show = Show("DATAGROUPS", reader.text("a table"))
        reader.end()
        return show
    if reader.accept("TRANSACTION", "ISOLATION", "LEVEL"):
        reader.end()
        return Show("PARAMETER", "transaction_isolation")
    subject = reader.name("what to show")
    if subject.upper() in _NOT_SHOWN:
        raise not_supported(
            f"SHOW {subject.upper()}", "it is not documented.", instead="Use SELECT * FROM t WHERE 1=0 for columns."
        )
    reader.end()
    return Show(subject.upper()) if subject.upper() in _SHOW_LISTS else Show("PARAMETER", subject)


def _set(reader: Reader) -> Set:
    token = reader.token
    if token is not None and token.text.startswith("@"):
        raise syntax_error(
            f"Invalid command outside anonymous block: SET {token.text}.",
            hint="Variables exist inside $$ BEGIN ... END $$ only.",
        )
    if token is None:
        return Set("", None)
    if reader.accept("TRANSACTION") or reader.accept("SESSION", "CHARACTERISTICS"):
        raise not_supported("SET TRANSACTION", "transactions have no effect on data.")
    key = ".".join(reader.parts("a setting"))
    if reader.at_end:
        return Set(key, None)
    if not reader.accept("=") and not reader.accept("TO"):
        raise reader.unexpected("=")
    value = reader.rest()
    if not value:
        raise reader.unexpected("a value")
    stripped = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
    return Set(key, stripped)


def _begin(reader: Reader) -> Transaction:
    reader.accept("WORK") or reader.accept("TRANSACTION")
    _transaction_modes(reader)
    return Transaction("BEGIN")


def _start(reader: Reader) -> Transaction:
    reader.expect("TRANSACTION")
    _transaction_modes(reader)
    return Transaction("START TRANSACTION")


def _transaction_modes(reader: Reader) -> None:
    """PostgreSQL's modes are read and mean nothing: nothing written is ever undone."""
    while not reader.at_end:
        for words in (("ISOLATION", "LEVEL"), ("READ",), ("NOT", "DEFERRABLE"), ("DEFERRABLE",), (",",)):
            if reader.accept(*words):
                break
        else:
            if reader.next().upper not in ("COMMITTED", "UNCOMMITTED", "REPEATABLE", "SERIALIZABLE", "ONLY", "WRITE"):
                raise reader.unexpected("a transaction mode")


def _commit(reader: Reader) -> Transaction:
    reader.accept("WORK") or reader.accept("TRANSACTION")
    reader.end()
    return Transaction("COMMIT")


def _rollback(reader: Reader) -> Transaction:
    reader.accept("WORK") or reader.accept("TRANSACTION")
    if reader.sees("TO"):
        raise not_supported("ROLLBACK TO SAVEPOINT", "there are no savepoints.")
    reader.end()
    return Transaction("ROLLBACK")


def _prepare(reader: Reader) -> Prepare:
    name = reader.name("the name of the statement")
    types: tuple[str, ...] = ()
    if reader.sees("("):
        types = tuple(part.strip() for part in _BETWEEN_TYPES.split(reader.parenthesised()) if part.strip())
    reader.expect("AS")
    query = reader.rest()
    if not isinstance(parse_statement(query), Select):
        raise not_supported("PREPARE of anything but a SELECT", "the documentation has SELECT only.")
    return Prepare(name.lower(), types, query)


def _execute(reader: Reader) -> Execute:
    name = reader.name("the name of the statement")
    arguments = reader.parenthesised() if reader.sees("(") else ""
    reader.end()
    return Execute(name.lower(), arguments)


def _deallocate(reader: Reader) -> Deallocate:
    reader.accept("PREPARE")
    name = reader.name("the name of the statement or ALL")
    reader.end()
    return Deallocate(None if name.upper() == "ALL" else name.lower())


def _declare(reader: Reader) -> Declare:
    name = reader.name("the name of the cursor")
    # psql's FETCH_COUNT writes PostgreSQL's default out.
    reader.accept("NO", "SCROLL")
    if not reader.accept("CURSOR"):
        raise not_supported(
            "This form of DECLARE", "cursors have no options.", instead="Write DECLARE name CURSOR FOR SELECT ..."
        )
    # psycopg2 writes the default out; the documented grammar has neither form.
    reader.accept("WITHOUT", "HOLD")
    if reader.sees("WITH", "HOLD"):
        raise not_supported("DECLARE ... WITH HOLD", "the documentation does not have it.")
    reader.expect("FOR")
    query = reader.rest()
    if not isinstance(parse_statement(query), Select):
        raise not_supported("A cursor for anything but SELECT or VALUES", "the documentation has these two.")
    return Declare(name.lower(), query)


def _fetch(reader: Reader) -> Fetch:
    """FETCH n [IN | FROM] name. PostgreSQL's FORWARD is read because drivers send it."""
    reader.accept("FORWARD")
    token = reader.next()
    if token.kind != "number" or not token.text.isdigit():
        raise not_supported(f"FETCH {token.text.upper()}", "the documentation has a number of rows.")
    reader.accept("IN") or reader.accept("FROM")
    name = reader.name("a cursor")
    reader.end()
    return Fetch(name.lower(), int(token.text))


def _close(reader: Reader) -> Close:
    name = reader.name("a cursor or ALL")
    reader.end()
    return Close(None if name.upper() == "ALL" else name.lower())


def _explain(reader: Reader) -> Explain:
    format = "TEXT"
    if reader.accept("FORMAT"):
        format = reader.name("TEXT or JSON").upper()
    elif reader.accept("("):
        reader.expect("FORMAT")
        format = reader.name("TEXT or JSON").upper()
        reader.expect(")")
    if format not in ("TEXT", "JSON"):
        raise syntax_error(f"EXPLAIN knows the formats TEXT and JSON, not {format}.")
    if reader.sees("ANALYZE"):
        raise not_supported("EXPLAIN ANALYZE", "the documentation has EXPLAIN [FORMAT TEXT | JSON].")
    return Explain(reader.rest(), format)


def _analyze(reader: Reader) -> Analyze:
    reader.expect("TABLE")
    name = reader.parts("a table")
    sample = reader.accept("TABLESAMPLE")
    condition = reader.parenthesised() if reader.accept("FILTERCONTEXT") else ""
    if sample or reader.accept("TABLESAMPLE"):
        reader.expect("SAMPLERATE")
        rate = reader.next().text
        reader.end()
        return Analyze(name, condition, rate=rate)
    if reader.at_end:
        raise not_supported(
            "ANALYZE TABLE without COMPUTE STATISTICS",
            "it is for the accelerated store.",
            instead="Write ANALYZE TABLE t COMPUTE STATISTICS.",
        )
    reader.expect("COMPUTE", "STATISTICS")
    columns: tuple[str, ...] | None = None
    if reader.accept("FOR", "COLUMNS"):
        columns = tuple(part.strip() for part in reader.parenthesised().split(","))
    else:
        reader.accept("FOR", "ALL", "COLUMNS")
    alias = reader.name("an alias") if reader.accept("AS") else ""
    reader.end()
    return Analyze(name, condition, columns, alias)


def _copy(reader: Reader) -> Copy:
    """COPY query TO '%scratch_space%/folder' [WITH FORMAT 'parquet' | 'csv' | 'json'], never PostgreSQL's forms."""
    if reader.sees("("):
        query = reader.parenthesised()
    elif reader.sees("SELECT") or reader.sees("WITH"):
        query = _until_to(reader)
    else:
        raise refusals.unknown("COPY")
    reader.expect("TO")
    target = reader.next()
    if target.kind != "text":
        raise refusals.unknown("COPY")
    format = "parquet"
    if reader.accept("WITH"):
        reader.expect("FORMAT")
        format = reader.text("'parquet', 'csv' or 'json'").lower()
    reader.end()
    if format not in ("parquet", "csv", "json"):
        raise syntax_error(f"COPY writes parquet, csv or json, not {format!r}.")
    return Copy(query, target.value, format)


def _until_to(reader: Reader) -> str:
    start, depth = reader.place, 0
    while not (depth == 0 and reader.sees("TO")):
        depth += {"(": 1, ")": -1}.get(reader.next().text, 0)
    taken = reader.tokens[start : reader.place]
    return reader.sql[taken[0].start : taken[-1].end]


_HANDLERS: dict[str, Callable[[Reader], Statement]] = {
    "CREATE": ddl.create,
    "DROP": ddl.drop,
    "ALTER": ddl.alter,
    "INSERT": _insert,
    "SHOW": _show,
    "SET": _set,
    "BEGIN": _begin,
    "START": _start,
    "COMMIT": _commit,
    "END": _commit,
    "ROLLBACK": _rollback,
    "PREPARE": _prepare,
    "EXECUTE": _execute,
    "DEALLOCATE": _deallocate,
    "DECLARE": _declare,
    "FETCH": _fetch,
    "CLOSE": _close,
    "EXPLAIN": _explain,
    "ANALYZE": _analyze,
    "COPY": _copy,
}
