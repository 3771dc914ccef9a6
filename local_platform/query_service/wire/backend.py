"""What the wire asks of the SQL side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pyarrow as pa

TransactionStatus = Literal["I", "T", "E"]
"""Idle, in a transaction, in a failed transaction: the byte of ReadyForQuery."""


@dataclass(frozen=True)
class Column:
    """A column of a result as the client sees it.

    Args:
        name: as written in the statement.
        oid: PostgreSQL type id (facts: types and wire form); 25 for anything that is sent as text.
    """

    name: str
    oid: int


@dataclass
class Outcome:
    """What a statement gives.

    Args:
        tag: command tag for CommandComplete; with `{rows}` where the number of rows sent belongs.
        columns: None for a statement that returns no rows.
        batches: record batches with those columns. Nested columns must be text already; the wire formats numbers,
            booleans, dates and timestamps.
        notices: texts sent before the result.
    """

    tag: str
    columns: tuple[Column, ...] | None = None
    batches: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))
    notices: tuple[str, ...] = ()


class SqlSession(Protocol):
    """One connection's session. Methods raise `QueryError`; only `cancel` is called from another thread."""

    @property
    def status(self) -> TransactionStatus: ...

    def split(self, text: str) -> list[str]:
        """The statements of a simple-query message, in order; a `$$` block is one; empty ones are left out."""

    def run(self, statement: str, parameters: Sequence[str | None] = ()) -> Outcome:
        """Run one statement; `$1` ... are replaced by the parameters, given as text or None."""

    def describe(self, statement: str) -> tuple[Column, ...] | None:
        """Columns of the result without running it; None where there is none. Parameters may still be open."""

    def fail(self) -> None:
        """A statement failed: inside a transaction, everything is refused until its end."""

    def cancel(self) -> None:
        """Interrupt the running statement, if there is one."""

    def close(self) -> None:
        """Free what the session holds: temporary tables, cursors, the engine's connection."""


class Backend(Protocol):
    """Who lets clients in."""

    def open_session(self, user: str, password: str, database: str, application: str) -> SqlSession:
        """Check the credentials and open a session.

        Raises:
            QueryError: 28P01 wrong password, 42P12 nothing to query for this dbname, 53300 session limit reached.
        """
