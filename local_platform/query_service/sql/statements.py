"""Statements: what kind, on what, with which query inside."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Select:
    """A query."""

    sql: str


@dataclass(frozen=True)
class CreateTableAs:
    """CTAS. `options` holds what stood in WITH (...), keys in lower case."""

    name: tuple[str, ...]
    query: str
    if_not_exists: bool = False
    temporary: bool = False
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnDefinition:
    """A column of CREATE TABLE: `type` as written; identity is (namespace, is the primary one)."""

    name: str
    type: str
    identity: tuple[str, bool] | None = None


@dataclass(frozen=True)
class CreateTable:
    """CREATE TABLE with a column list."""

    name: tuple[str, ...]
    columns: tuple[ColumnDefinition, ...]
    if_not_exists: bool = False
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Insert:
    """INSERT INTO. `columns` is None when no list was written."""

    name: tuple[str, ...]
    query: str
    columns: tuple[str, ...] | None = None
    overwrite: bool = False
    audience: bool = False


@dataclass(frozen=True)
class CreateView:
    name: tuple[str, ...]
    query: str
    replace: bool


@dataclass(frozen=True)
class Drop:
    """DROP of a table, view, audience, database, schema, sample or field group."""

    kind: str
    name: tuple[str, ...]
    if_exists: bool
    mode: str = ""


@dataclass(frozen=True)
class AddColumns:
    name: tuple[str, ...]
    columns: tuple[ColumnDefinition, ...]


@dataclass(frozen=True)
class Constraint:
    """ALTER TABLE ADD / DROP of a key or identity.

    Attributes:
        kind: `primary key`, `foreign key`, `identity` or `primary identity`.
        references: the other table and its columns, of a foreign key.
    """

    name: tuple[str, ...]
    add: bool
    kind: str
    columns: tuple[str, ...]
    namespace: str | None = None
    references: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Label:
    """ALTER TABLE ADD / DROP LABEL 'PROFILE' | 'UPSERT'."""

    name: tuple[str, ...]
    add: bool
    label: str


@dataclass(frozen=True)
class DataGroup:
    """ALTER TABLE / VIEW ADD / REMOVE SCHEMA."""

    name: tuple[str, ...]
    add: bool
    schema: tuple[str, ...]


@dataclass(frozen=True)
class CreateContainer:
    """CREATE DATABASE or SCHEMA."""

    kind: str
    name: tuple[str, ...]
    if_not_exists: bool


@dataclass(frozen=True)
class CreateNamespace:
    name: str
    options: dict[str, str]


@dataclass(frozen=True)
class CreateFieldGroup:
    """CREATE FIELDGROUP: fields as in CREATE TABLE; the label is needed."""

    name: str
    columns: tuple[ColumnDefinition, ...]
    if_not_exists: bool
    options: dict[str, str]


@dataclass(frozen=True)
class CreateAudience:
    name: tuple[str, ...]
    query: str
    options: dict[str, str]


@dataclass(frozen=True)
class Show:
    """SHOW of a list or of a parameter; `subject` in upper case."""

    subject: str
    argument: str = ""


@dataclass(frozen=True)
class Set:
    """SET key = value; `value` None asks for the value, of every setting where the key is empty."""

    key: str
    value: str | None


@dataclass(frozen=True)
class Transaction:
    """BEGIN, START TRANSACTION, COMMIT or ROLLBACK; the action is also the command tag."""

    action: str

    @property
    def begins(self) -> bool:
        return self.action in ("BEGIN", "START TRANSACTION")


@dataclass(frozen=True)
class Prepare:
    name: str
    types: tuple[str, ...]
    query: str


@dataclass(frozen=True)
class Execute:
    name: str
    arguments: str


@dataclass(frozen=True)
class Deallocate:
    """`name` None means ALL."""

    name: str | None


@dataclass(frozen=True)
class Declare:
    name: str
    query: str


@dataclass(frozen=True)
class Fetch:
    name: str
    count: int


@dataclass(frozen=True)
class Close:
    """`name` None means ALL."""

    name: str | None


@dataclass(frozen=True)
class Explain:
    """`format` is TEXT or JSON."""

    statement: str
    format: str


@dataclass(frozen=True)
class Analyze:
    """ANALYZE TABLE: COMPUTE STATISTICS or TABLESAMPLE.

    Attributes:
        columns: None for all.
        rate: sampling rate as written; None for statistics.
    """

    name: tuple[str, ...]
    condition: str
    columns: tuple[str, ...] | None = None
    alias: str = ""
    rate: str | None = None


@dataclass(frozen=True)
class Copy:
    """COPY query TO a folder of the scratch space; `format` is parquet, csv or json."""

    query: str
    target: str
    format: str


@dataclass(frozen=True)
class Block:
    """An anonymous block: what stood between the $$."""

    body: str


Statement = (
    Select
    | CreateTableAs
    | CreateTable
    | Insert
    | CreateView
    | Drop
    | AddColumns
    | Constraint
    | Label
    | DataGroup
    | CreateContainer
    | CreateNamespace
    | CreateFieldGroup
    | CreateAudience
    | Show
    | Set
    | Transaction
    | Prepare
    | Execute
    | Deallocate
    | Declare
    | Fetch
    | Close
    | Explain
    | Analyze
    | Copy
    | Block
)
