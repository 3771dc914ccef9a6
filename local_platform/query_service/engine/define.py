"""Views, DROP and ALTER."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from local_platform.lake import Dataset, DatasetNotFound, IncompatibleSchema, TableExists, ViewNotFound
from local_platform.query_service.engine import audiences, fieldgroups, groups, samples
from local_platform.query_service.engine.columntypes import column_type
from local_platform.query_service.engine.results import Result
from local_platform.query_service.engine.scan import columns_of
from local_platform.query_service.engine.select import compile_select
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.write import check_columns, new_name
from local_platform.query_service.errors import (
    QueryError,
    analysis_error,
    not_allowed,
    not_supported,
    syntax_error,
    table_exists,
    table_not_found,
)
from local_platform.query_service.sql.statements import AddColumns, Constraint, CreateNamespace, CreateView, Drop, Label
from local_platform.query_service.sql.types import STRING, Type, to_arrow

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
    group, name = statement.name[:-1], new_name(statement.name[-1:])
    if group:
        groups.schema_of_name(session, group)
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
    if group:
        groups.add(session, group, name)
    return Result("CREATE VIEW")


def drop(session: Session, statement: Drop) -> Result:
    """DROP of anything; IF EXISTS turns "not found" into a notice."""
    if statement.kind in ("database", "schema"):
        return groups.drop(session, statement)
    if statement.kind == "fieldgroup":
        return fieldgroups.drop(session, statement)
    handlers = {"table": _drop_table, "view": _drop_view, "audience": audiences.drop, "tablesample": samples.drop}
    tag = f"DROP {statement.kind.upper()}"
    name = ".".join(statement.name)
    try:
        name = session.name_of(statement.name)
        handlers[statement.kind](session, name)
    except QueryError as error:
        if statement.if_exists and error.sqlstate == "42P01":
            return Result(tag, notices=[f"{statement.kind} {name} does not exist, skipping"])
        raise
    session.engine.groups.forget(name)
    return Result(tag)


def _drop_table(session: Session, name: str) -> None:
    if session.temporary.pop(name, None) is not None:
        return
    if audiences.is_audience(session, name):
        raise not_supported("DROP TABLE of an audience", f"{name} is an audience.", instead="Use DROP AUDIENCE.")
    dataset = owned_table(session, name, "dropped")
    lake = session.engine.lake
    try:
        with lake.database.write():
            for sample in samples.of(session, dataset):
                lake.delete_dataset(sample.id)
            lake.delete_dataset(dataset.id)
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
    dataset = session.catalog().dataset(session.name_of(statement.name))
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
    dataset = session.catalog().dataset(session.name_of(statement.name))
    flags = set(dataset.tags.get("unifiedProfile", []))
    wanted = {"PROFILE": "enabled:true", "UPSERT": "isUpsert:true"}[statement.label]
    identities = session.engine.registry.identities(dataset)
    if statement.add and statement.label == "PROFILE" and not any(each.primary for each in identities):
        raise analysis_error(f"Table {dataset.table_name} needs a primary identity before it gets the label PROFILE.")
    flags = flags | {wanted} if statement.add else flags - {wanted}
    session.engine.lake.update_dataset(dataset.id, tags={**dataset.tags, "unifiedProfile": sorted(flags)})
    return Result("ALTER SUCCESS")


def column_type_of(dataset: Dataset, column: str) -> Type:
    """The type of a column or nested field; text where the table has lost it."""
    fields, type = columns_of(dataset.schema), STRING
    for part in column.split("."):
        found = next((each for name, each in fields if name.lower() == part.lower()), None)
        if found is None:
            return STRING
        type, fields = found, [(field.name, field.type) for field in found.fields]
    return type


def details(dataset: Dataset) -> dict[str, Any]:
    """What Query Service keeps with a dataset: options, identities, keys."""
    kept = dataset.properties.get("queryService")
    return dict(kept) if isinstance(kept, dict) else {}


def constraint(session: Session, statement: Constraint) -> Result:
    """ALTER TABLE ADD / DROP of keys and identities: metadata, never enforced."""
    dataset = session.catalog().dataset(session.name_of(statement.name))
    columns = [_spelled(dataset, column) for column in statement.columns]
    if "identity" in statement.kind:
        _change_identities(session, dataset, statement, columns)
    else:
        _change_keys(session, dataset, statement, columns)
    return Result("ALTER TABLE")


def _spelled(dataset: Dataset, column: str) -> str:
    """A column's path as the schema spells it.

    Raises:
        QueryError: 58000, it does not exist.
    """
    fields, names = columns_of(dataset.schema), []
    for part in column.split("."):
        found = next(((name, type) for name, type in fields if name.lower() == part.lower()), None)
        if found is None:
            raise analysis_error(f"Column {column} does not exist in table {dataset.table_name}.")
        names.append(found[0])
        fields = [(field.name, field.type) for field in found[1].fields]
    return ".".join(names)


def _change_identities(session: Session, dataset: Dataset, statement: Constraint, columns: list[str]) -> None:
    registry, primary = session.engine.registry, statement.kind == "primary identity"
    for column in columns:
        seen = column_type_of(dataset, column)
        if statement.add and seen != STRING:
            raise analysis_error(f"An identity must be a string; {column} is {seen.spark}.")
        if statement.add:
            registry.add_identity(dataset, column, statement.namespace or "", primary=primary)
        elif not registry.drop_identity(dataset, column, primary=primary):
            raise analysis_error(f"Column {column} of {dataset.table_name} has no {statement.kind}.")


def _change_keys(session: Session, dataset: Dataset, statement: Constraint, columns: list[str]) -> None:
    kept = details(dataset)
    slot = {"primary key": "primaryKeys", "foreign key": "foreignKeys"}[statement.kind]
    entries = list(kept.get(slot, []))
    for column in columns:
        others = [each for each in entries if each["column"] != column]
        if not statement.add and len(others) == len(entries):
            raise analysis_error(f"Column {column} of {dataset.table_name} has no {statement.kind}.")
        entries = [*others, _entry(session, statement, column, columns)] if statement.add else others
    kept[slot] = entries
    session.engine.lake.update_dataset(dataset.id, properties={**dataset.properties, "queryService": kept})


def _entry(session: Session, statement: Constraint, column: str, columns: list[str]) -> dict[str, Any]:
    namespace = session.engine.registry.code(statement.namespace) if statement.namespace else None
    entry: dict[str, Any] = {"column": column, "namespace": namespace}
    if statement.references is not None:
        table, targets = statement.references
        if len(targets) != len(columns):
            raise analysis_error("A foreign key refers to as many columns as it has.")
        other = session.catalog().dataset(table)
        entry |= {"table": other.table_name, "references": _spelled(other, targets[columns.index(column)])}
    return entry


def create_namespace(session: Session, statement: CreateNamespace) -> Result:
    """CREATE NAMESPACE name WITH (code = ..., type = ...)."""
    missing = [key for key in ("code", "type") if not statement.options.get(key)]
    if missing:
        raise syntax_error(f"CREATE NAMESPACE needs WITH ({missing[0]} = ...).")
    session.engine.registry.create_namespace(statement.name, statement.options["code"], statement.options["type"])
    return Result("CREATE NAMESPACE")
