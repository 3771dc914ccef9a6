"""Small reads over Query Service's Postgres endpoint.

Large data never travels this way: the endpoint cuts a result at 50,000 rows without a word and a statement at ten
minutes. Whole tables leave as Parquet files (`runner.export`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg2
import psycopg2.extensions

from runner.errors import (
    AuthenticationError,
    Conflict,
    DataError,
    NotFound,
    PermissionDenied,
    PlatformError,
    PlatformTimeout,
    RateLimited,
    Unavailable,
)
from runner.platform import Platform
from runner.platform.answers import redact

T = TypeVar("T")
Row = dict[str, Any]

ROW_CAP = 50_000
"""Rows after which Query Service cuts a SELECT that has no LIMIT of its own, without saying so."""
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_OWN_LIMIT = re.compile(r"(?is)\blimit\s+(?:\d+|all)(?:\s+offset\s+\d+)?\s*;?\s*$")
_READS = re.compile(r"(?is)^\s*(?:/\*.*?\*/\s*)*(?:select|with|show|explain|\()")


class SqlClient:
    """SQL on the sandbox of a platform. One connection per call: sessions are few and tokens expire.

    Args:
        platform: gives host, database, user and a fresh token.
        application_name: shown in Query Service's log.
        sleep: passed in so that tests need not wait.
    """

    def __init__(
        self,
        platform: Platform,
        application_name: str = "propensity",
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._platform = platform
        self._application_name = application_name
        self._sleep = sleep

    def rows(self, sql: str) -> list[Row]:
        """All rows of a SELECT or SHOW, as dictionaries by column name. Timestamps are naive, in UTC.

        Raises:
            DataError: exactly 50,000 rows came back, so the result was probably cut.
            PlatformError: or a subclass, for what the service refuses.
        """

        def read(cursor: Any) -> list[Row]:
            cursor.execute(sql)
            return _dictionaries(cursor, cursor.fetchall())

        found = self._read(sql, read)
        _refuse_if_cut(len(found), sql)
        return found

    def columns(self, table: str) -> list[str]:
        """The column names of a table or view, from a SELECT that reads no row."""

        def read(cursor: Any) -> list[str]:
            cursor.execute(f"SELECT * FROM {identifier(table)} WHERE 1=0")
            return [str(column.name) for column in cursor.description]

        return self._read("select", read)

    def scalar(self, sql: str) -> Any:
        """The single value of a SELECT that gives one row with one column.

        Raises:
            DataError: it gave anything else.
        """
        found = self.rows(sql)
        if len(found) != 1 or len(found[0]) != 1:
            raise DataError(
                f"Expected one value, got {len(found)} rows of {len(found[0]) if found else 0} columns: {_short(sql)}"
            )
        return next(iter(found[0].values()))

    def count(self, table: str, where: str | None = None) -> int:
        """`count(*)` of a table, optionally under a condition."""
        condition = f" WHERE {where}" if where else ""
        return int(self.scalar(f"SELECT count(*) AS n FROM {identifier(table)}{condition}"))

    def stream(self, sql: str, batch_rows: int = 10_000) -> Iterator[list[Row]]:
        """The rows of a SELECT in batches, by a cursor on the server, so that memory stays flat.

        Raises:
            DataError: the rows ended at exactly 50,000: whether a cursor escapes the cap is not documented.
        """
        with self._session() as cursor:
            cursor.execute(f"DECLARE propensity_rows CURSOR FOR {sql.rstrip().rstrip(';')}")
            total = 0
            while True:
                cursor.execute(f"FETCH {int(batch_rows)} FROM propensity_rows")
                page = _dictionaries(cursor, cursor.fetchall())
                total += len(page)
                if page:
                    yield page
                if len(page) < batch_rows:
                    break
            cursor.execute("CLOSE propensity_rows")
        _refuse_if_cut(total, sql)

    def execute(self, sql: str) -> None:
        """Run a statement that gives no rows (CREATE VIEW, INSERT ...). Sent once: its repetition is the caller's."""
        with self._session() as cursor:
            cursor.execute(sql)

    def _read(self, sql: str, read: Callable[[Any], T]) -> T:
        """Run a read, again when the connection broke or no session was free; a write is never repeated."""
        delays = (0.5, 2.0, 5.0) if _READS.match(sql) else ()
        for delay in delays:
            try:
                with self._session() as cursor:
                    return read(cursor)
            except (Unavailable, RateLimited):
                self._sleep(delay)
        with self._session() as cursor:
            return read(cursor)

    @contextmanager
    def _session(self) -> Iterator[Any]:
        connection = self._connect()
        try:
            with connection.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            raise sql_error(error) from None
        finally:
            connection.close()

    def _connect(self) -> psycopg2.extensions.connection:
        login = self._platform.queries.login()
        try:
            connection: psycopg2.extensions.connection = psycopg2.connect(
                host=login.host,
                port=login.port,
                dbname=login.dbname,
                user=login.user,
                password=login.password.get_secret_value(),
                sslmode=self._platform.connection.sql_sslmode,
                gssencmode="disable",  # libpq 12 and later would try GSS first, which the service does not speak
                connect_timeout=30,
                application_name=self._application_name,
            )
        except psycopg2.Error as error:
            raise sql_error(error) from None
        connection.autocommit = True
        return connection


def identifier(name: str) -> str:
    """A table or column name that may stand in SQL text as it is; DataError for anything else."""
    if not all(_NAME.match(part) for part in name.split(".")):
        raise DataError(f"{name!r} is not a name that can stand in SQL: letters, digits and single underscores only.")
    return name


def literal(value: str) -> str:
    """A text as SQL literal. Spark escapes with a backslash; to it a doubled quote is two literals in a row."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def sql_error(error: psycopg2.Error) -> PlatformError:
    """The error of ours for what Query Service said; SQLSTATE is in `code`."""
    text = redact(" ".join(str(error).split()))
    code = str(error.pgcode or "")
    kind, remedy = _kind(code, text)
    return kind(
        f"Query Service{f' ({code})' if code else ''}: {text[:800]}.".replace("..", "."),
        remedy,
        service="Query Service",
        detail=text,
        code=code,
    )


def _kind(code: str, text: str) -> tuple[type[PlatformError], str]:
    lower = text.lower()
    if "session limit reached" in lower or code == "53300":
        return RateLimited, "All sessions of the organisation are taken: close other clients, or wait, and try again."
    if code in ("28P01", "28000") or "authentication failed" in lower:
        return AuthenticationError, (
            "The access token was refused: check AEP_CLIENT_ID, AEP_CLIENT_SECRET and that the client may use "
            "Query Service ('Manage Queries')."
        )
    if code == "42P12":
        return NotFound, "The sandbox has no tables yet: run 'propensity setup', and check AEP_SANDBOX."
    if code in ("42P01", "42703"):
        return NotFound, "Run 'propensity doctor' to see which tables there are; a new dataset takes minutes to appear."
    if code == "42P07":
        return Conflict, "The table is there already."
    if code == "42501":
        return PermissionDenied, "Only tables made through Query Service by the same user can be dropped or changed."
    if code == "53400" and "limit" in lower and "max" in lower:
        return PlatformError, "Leave the LIMIT out or use at most 100,000; large results leave by 'propensity export'."
    if code == "53400" or "statement timeout" in lower:
        return PlatformTimeout, "An interactive statement may run ten minutes: narrow it, or build a table with dbt."
    if code == "0A000":
        return PlatformError, "Query Service does not support this statement."
    if code == "58000" and not re.search(r"(?i)analysis|user_error|not defined|cannot resolve|mismatch", text):
        return Unavailable, "An internal failure of Query Service: try again later."
    # 08P01 is no lost connection: Query Service answers it for a field that an object does not have.
    if not code or (code.startswith("08") and code != "08P01") or code == "57P01":
        return Unavailable, "Check the network and the host under Queries > Credentials in AEP, then try again."
    return PlatformError, "Correct the statement the message names."


def _refuse_if_cut(rows: int, sql: str) -> None:
    if rows != ROW_CAP or _OWN_LIMIT.search(sql):
        return
    raise DataError(
        f"Query Service returned exactly {ROW_CAP:,} rows, which is where it cuts every result without saying so, "
        f"so rows are probably missing. Nothing was kept. The statement: {_short(sql)}",
        "Aggregate in SQL so that fewer rows come back; or, for a whole table, use 'propensity export', which reads "
        "the Parquet files and compares them with count(*). If the result really has 50,000 rows, end the statement "
        "with LIMIT 100000.",
    )


def _dictionaries(cursor: Any, rows: Sequence[Sequence[Any]]) -> list[Row]:
    names = [str(column.name) for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _short(sql: str) -> str:
    one_line = " ".join(sql.split())
    return one_line if len(one_line) <= 200 else one_line[:197] + "..."
