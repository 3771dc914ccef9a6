"""Names at a place of a query, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from local_platform.query_service.compiler.binding import Binding
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import Type


@dataclass(frozen=True)
class Value:
    """A compiled expression.

    Attributes:
        sql: DuckDB's SQL; safe to put anywhere without more parentheses.
        literal: the Python value of a literal (str, int, Decimal, bool), else None.
        raw: the same instant as TIMESTAMP WITH TIME ZONE, as the files hold it; empty when there is none. Row groups
            are skipped by comparisons with it, never by comparisons with a cast of it.
    """

    sql: str
    type: Type
    literal: Any = None
    raw: str = ""


@dataclass(frozen=True)
class Column:
    """A visible column: the user's name, and how DuckDB reaches it; `raw` as in Value."""

    name: str
    type: Type
    sql: str
    hidden: bool = False
    raw: str = ""


@dataclass
class Relation:
    """Something in FROM. `alias` is what qualifies its columns, None when it has no name."""

    alias: str | None
    columns: list[Column]

    def find(self, name: str) -> list[Column]:
        """Columns of this name, in any case."""
        lowered = name.lower()
        return [column for column in self.columns if column.name.lower() == lowered]


@dataclass
class Query:
    """A compiled query. Its output columns are c0, c1, ... in the order of `columns`.

    `raws` holds the places that are there a second time as r0, r1, ..., as the files hold them (see Value).
    """

    sql: str
    columns: list[tuple[str, Type]]
    raws: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Named:
    """A common table expression or view: DuckDB's name of it and what it gives."""

    name: str
    columns: list[tuple[str, Type]]
    raws: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Snapshots:
    """Bounds of a SNAPSHOT clause: snapshot ids, 'HEAD', 'TAIL' or None."""

    kind: str
    start: int | str | None
    end: int | str | None


class Source(Protocol):
    """A base table as the compiler sees it: DuckDB's FROM item and its columns."""

    @property
    def sql(self) -> str: ...

    @property
    def columns(self) -> Sequence[tuple[str, Type]]: ...

    @property
    def raws(self) -> frozenset[int]: ...


class Catalog(Protocol):
    """Where the compiler asks for tables and views."""

    def table(self, parts: tuple[str, ...], snapshots: Snapshots | None) -> Source:
        """A table; raises QueryError 42P01."""

    def view(self, parts: tuple[str, ...]) -> str | None:
        """The SQL of a view, None when there is no such view."""

    def meta(self, function: str, table: str) -> Query:
        """Rows of history_meta or sample_meta."""

    def table_exists(self, name: str) -> bool:
        """Whether a table or view has this name."""


@dataclass
class Statement:
    """What the parts of one statement share.

    Attributes:
        now: the platform's time, the same everywhere in the statement.
        ctes: common table expressions and views, hoisted to the outermost query: (DuckDB's name, SQL).
        growth, growing: see compiler.growth.
        binding: see compiler.binding.
        parameters: values of $1, $2, ... of a prepared statement.
    """

    catalog: Catalog
    now: datetime
    database: str = "all"
    user: str = ""
    ctes: list[tuple[str, str]] = field(default_factory=list)
    views: dict[str, Named] = field(default_factory=dict)
    open_views: list[str] = field(default_factory=list)
    parameters: Sequence[Value] | None = None
    counter: int = 0
    growth: int = 1
    growing: dict[str, bool] = field(default_factory=dict)
    binding: Binding = field(default_factory=Binding)

    def name(self, prefix: str) -> str:
        """A new name for DuckDB."""
        self.counter += 1
        return f"{prefix}{self.counter}"


@dataclass
class Scope:
    """Relations in sight, what encloses them, and names that are not columns.

    Attributes:
        named: common table expressions by lower-case name.
        locals: parameters of lambdas and, where allowed, aliases of the select list.
        windows: named windows, by lower-case name, as syntax trees.
        rename: set where columns are reached through a wrapping query: maps DuckDB's SQL of a column to another.
        depth: number of lambdas around this place.
        grouped: columns of a GROUP BY with several groupings, as syntax trees.
        sliding: the overlapping window of a row, where the query asks for it.
        below: inner windows of Adobe-defined functions, by the identity of the OVER clause's tree.
    """

    relations: list[Relation] = field(default_factory=list)
    parent: Scope | None = None
    named: dict[str, Named] = field(default_factory=dict)
    locals: dict[str, Value] = field(default_factory=dict)
    aliases: dict[str, Value] = field(default_factory=dict)
    windows: dict[str, Any] = field(default_factory=dict)
    rename: Callable[[str], str] | None = None
    below: dict[int, Any] = field(default_factory=dict)
    grouped: list[Any] = field(default_factory=list)
    sliding: Value | None = None
    depth: int = 0

    def child(self) -> Scope:
        """A scope for a sub-query: sees the common table expressions, and outer columns as a last resort."""
        return Scope(parent=self, named=dict(self.named))

    def resolve(self, parts: Sequence[str]) -> tuple[Value, int]:
        """The column a dotted name starts with, and how many parts of the name it used.

        A qualified column wins over a column with fields, as in Spark; inner relations win over outer ones.

        Raises:
            QueryError: 58000, unknown or ambiguous.
        """
        scope: Scope | None = self
        # Spark's sub-queries see the query around them, but none further out.
        for _ in range(2):
            if scope is None:
                break
            found = scope._local(parts) or scope._column(parts) or scope._alias(parts)
            if found is not None:
                return found
            scope = scope.parent
        raise unresolved(".".join(parts), self.visible_names())

    def _local(self, parts: Sequence[str]) -> tuple[Value, int] | None:
        value = self.locals.get(parts[0].lower())
        return (value, 1) if value is not None else None

    def _alias(self, parts: Sequence[str]) -> tuple[Value, int] | None:
        value = self.aliases.get(parts[0].lower())
        return (value, 1) if value is not None else None

    def _column(self, parts: Sequence[str]) -> tuple[Value, int] | None:
        if len(parts) > 1:
            qualified = [
                column
                for relation in self.relations
                if relation.alias is not None and relation.alias.lower() == parts[0].lower()
                for column in relation.find(parts[1])
            ]
            if qualified:
                return self._one(qualified, ".".join(parts[:2])), 2
        plain = [column for relation in self.relations for column in relation.find(parts[0]) if not column.hidden]
        return (self._one(plain, parts[0]), 1) if plain else None

    def _one(self, columns: list[Column], name: str) -> Value:
        if len({column.sql for column in columns}) > 1:
            raise analysis_error(
                f"Reference `{name}` is ambiguous, could be one of {len(columns)} columns; qualify it with its table.",
                kind="AMBIGUOUS_REFERENCE",
            )
        column = columns[0]
        if self.rename is not None:
            return Value(self.rename(column.sql), column.type)
        return Value(column.sql, column.type, raw=column.raw)

    def visible_names(self) -> list[str]:
        """Names for a suggestion."""
        return [column.name for relation in self.relations for column in relation.columns]


def unresolved(name: str, known: Sequence[str]) -> Exception:
    """58000: no such column."""
    quoted = ", ".join(f"`{other}`" for other in sorted(set(known))[:8])
    suggestion = f" Did you mean one of the following? [{quoted}]" if quoted else ""
    return analysis_error(
        f"A column or function parameter with name `{name}` cannot be resolved.{suggestion}", kind="UNRESOLVED_COLUMN"
    )
