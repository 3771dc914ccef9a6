"""Views, DROP and ALTER."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from local_platform.lake import Dataset, DatasetNotFound, IncompatibleSchema, TableExists, ViewNotFound
from local_platform.query_service.engine.results import Result
from local_platform.query_service.engine.select import compile_select
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.write import check_columns, column_type, new_name
from local_platform.query_service.errors import (
    QueryError,
    analysis_error,
    not_allowed,
    not_supported,
    table_exists,
    table_not_found,
)
from local_platform.query_service.sql.statements import AddColumns, Constraint, CreateView, Drop, Label
from local_platform.query_service.sql.types import to_arrow

_ADD_TYPES = {
    "bigint": "bigint",
    "char": "string",
    "string": "string",
    "date": "date",
    "datetime": "timestamp",
    "double": "double",
    "double precision": "double",
    "integer": "int",
    "smallint": "smallint",
    "tinyint": "tinyint",
    "varchar": "string",
}


def create_view(session: Session, statement: CreateView) -> Result:
    """Store a query under a name; it is analysed now and runs at every use."""
    name = new_name(statement.name)
    if name in session.temporary:
        raise table_exists(name)
    query, catalog = compile_select(session, statement.query, capped=False)
    check_columns(query.columns, name)
    if any(table in session.temporary for table, _ in catalog.references):
        raise not_supported("A view on a temporary table", "it would outlive the table.")
    try:
        session.engine.lake.create_view(name, statement.query, session.owner, replace=statement.replace)
    except TableExists:
        raise table_exists(name) from None
    return Result("CREATE VIEW")


def drop(session: Session, statement: Drop) -> Result:
    """DROP TABLE, VIEW or AUDIENCE."""
    from local_platform.query_service.engine import audiences

    handlers = {"table": _drop_table, "view": _drop_view, "audience": audiences.drop}
    handler = handlers.get(statement.kind)
    if handler is None:
        raise not_supported(f"DROP {statement.kind.upper()}", "the local Query Service has no data groups yet.")
    name = statement.name[-1].lower()
    try:
        handler(session, name)
    except QueryError as error:
        if statement.if_exists and error.sqlstate == "42P01":
            return Result(
                f"DROP {statement.kind.upper()}", notices=[f"{statement.kind} {name} does not exist, skipping"]
            )
        raise
    return Result(f"DROP {statement.kind.upper()}")


def _drop_table(session: Session, name: str) -> None:
    if session.temporary.pop(name, None) is not None:
        return
    dataset = owned_table(session, name, "dropped")
    try:
        session.engine.lake.delete_dataset(dataset.id)
    except DatasetNotFound:
        raise table_not_found(name) from None


def owned_table(session: Session, name: str, what: str) -> Dataset:
    """A table this user made with Query Service.

    Raises:
        QueryError: 42P01; 42501, somebody else or something else made it.
    """
    dataset = session.catalog().dataset(name)
    if dataset.created_by != "query_service":
        raise not_allowed(
            f"Table {name} was not created by Query Service; only tables made with CREATE TABLE can be {what}."
        )
    if dataset.owner != session.owner:
        raise not_allowed(f"Table {name} was not created by the authenticated user and cannot be {what}.")
    return dataset


def _drop_view(session: Session, name: str) -> None:
    try:
        session.engine.lake.drop_view(name)
    except ViewNotFound:
        raise QueryError("42P01", f"View {name} not found; SHOW VIEWS lists the views of this sandbox.") from None


def add_columns(session: Session, statement: AddColumns) -> Result:
    """ALTER TABLE ADD COLUMN: rows that are there read NULL."""
    dataset = session.catalog().dataset(statement.name[-1])
    fields = []
    for column in statement.columns:
        if column.identity is not None:
            raise not_supported(
                "ADD COLUMN with an identity", "it is not documented.", instead="Add a constraint afterwards."
            )
        fields.append(pa.field(column.name, to_arrow(column_type(column.type, _ADD_TYPES))))
    try:
        session.engine.lake.add_columns(dataset.id, fields)
    except IncompatibleSchema as error:
        raise analysis_error(str(error), kind="COLUMN_ALREADY_EXISTS") from None
    return Result("ALTER TABLE")


def label(session: Session, statement: Label) -> Result:
    """ALTER TABLE ADD / DROP LABEL: the profile and upsert flags of a dataset."""
    dataset = session.catalog().dataset(statement.name[-1])
    flags = set(dataset.tags.get("unifiedProfile", []))
    wanted = {"PROFILE": "enabled:true", "UPSERT": "isUpsert:true"}[statement.label]
    if statement.add and statement.label == "PROFILE" and not _has_primary_identity(dataset):
        raise analysis_error(f"Table {dataset.table_name} needs a primary identity before it gets the label PROFILE.")
    flags = flags | {wanted} if statement.add else flags - {wanted}
    session.engine.lake.update_dataset(dataset.id, tags={**dataset.tags, "unifiedProfile": sorted(flags)})
    return Result("ALTER SUCCESS")


def _has_primary_identity(dataset: Dataset) -> bool:
    if dataset.created_by != "query_service":
        return True
    return any(each.get("primary") for each in details(dataset).get("identities", []))


def details(dataset: Dataset) -> dict[str, Any]:
    """What Query Service keeps with a dataset: options, identities, keys."""
    kept = dataset.properties.get("queryService")
    return dict(kept) if isinstance(kept, dict) else {}


def constraint(session: Session, statement: Constraint) -> Result:
    """ALTER TABLE ADD / DROP of keys and identities: metadata, never enforced."""
    dataset = session.catalog().dataset(statement.name[-1])
    known = {name.lower() for name in dataset.schema.names}
    for column in statement.columns:
        if column.split(".")[0].lower() not in known:
            raise analysis_error(f"Column {column} does not exist in table {dataset.table_name}.")
    kept = details(dataset)
    slot = {"primary key": "primaryKeys", "foreign key": "foreignKeys"}.get(statement.kind, "identities")
    entries = list(kept.get(slot, []))
    for column in statement.columns:
        found = [each for each in entries if each["column"].lower() == column.lower()]
        if not statement.add and not found:
            raise analysis_error(f"Column {column} of {dataset.table_name} has no {statement.kind}.")
        entries = [each for each in entries if each["column"].lower() != column.lower()]
        if statement.add:
            entries.append(_entry(statement, column, session))
    kept[slot] = entries
    session.engine.lake.update_dataset(dataset.id, properties={**dataset.properties, "queryService": kept})
    return Result("ALTER TABLE")


def _entry(statement: Constraint, column: str, session: Session) -> dict[str, Any]:
    entry: dict[str, Any] = {"column": column, "namespace": statement.namespace}
    if statement.references is not None:
        table, columns = statement.references
        session.catalog().dataset(table)
        place = statement.columns.index(column)
        if len(columns) != len(statement.columns):
            raise analysis_error("A foreign key refers to as many columns as it has.")
        entry |= {"table": table, "references": columns[place]}
    if "identity" in statement.kind or statement.kind == "primary key":
        entry["primary"] = statement.kind.startswith("primary")
    return entry
