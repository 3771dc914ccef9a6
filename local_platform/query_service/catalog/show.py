"""SHOW: lists and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.lake import Dataset
from local_platform.query_service.catalog.parameters import PARAMETERS
from local_platform.query_service.catalog.relations import displayed
from local_platform.query_service.engine import fieldgroups, groups
from local_platform.query_service.engine.define import column_type_of, details
from local_platform.query_service.engine.results import Result, texts_result
from local_platform.query_service.errors import QueryError, syntax_error
from local_platform.query_service.sql.dialect import parse_query
from local_platform.query_service.sql.statements import Show

if TYPE_CHECKING:
    from local_platform.query_service.engine.session import Session

_SPELLED = {"datestyle": "DateStyle", "timezone": "TimeZone"}


def show(session: Session, statement: Show) -> Result:
    """The list or parameter asked for.

    Raises:
        QueryError: 42601 for an unknown parameter.
    """
    handler = {
        "TABLES": _tables,
        "VIEWS": _views,
        "DATABASES": groups.show_databases,
        "SCHEMAS": groups.show_schemas,
        "NAMESPACES": _namespaces,
        "STATISTICS": _statistics,
        "PRIMARY KEYS": _primary_keys,
        "FOREIGN KEYS": _foreign_keys,
        "IDENTITIES": _identities,
        "FIELDGROUPS": fieldgroups.show,
        "MODELS": _models,
        "ALL": _all,
    }.get(statement.subject)
    if handler is not None:
        return handler(session)
    if statement.subject == "DATAGROUPS":
        return groups.show_groups(session, statement.argument)
    return _parameter(session, statement.argument)


def _visible(session: Session) -> list[Dataset]:
    """Datasets of the session's database."""
    only = session.catalog().only
    return [each for each in session.engine.lake.datasets() if only is None or each.table_name.lower() in only]


def labels(dataset: Dataset) -> str:
    """'UPSERT', 'PROFILE' or false, as the newest page prints them."""
    flags = dataset.tags.get("unifiedProfile", [])
    found = [name for flag, name in (("isUpsert:true", "'UPSERT'"), ("enabled:true", "'PROFILE'")) if flag in flags]
    return ", ".join(found) or "false"


def _tables(session: Session) -> Result:
    rows = [
        (dataset.table_name, dataset.id, dataset.name, dataset.description, labels(dataset))
        for dataset in sorted(_visible(session), key=lambda each: each.table_name)
    ]
    return texts_result(["name", "dataSetId", "dataSet", "description", "labels"], rows, "SHOW TABLES")


def _views(session: Session) -> Result:
    lake = session.engine.lake
    ids = {dataset.table_name.lower(): dataset.id for dataset in lake.datasets()}
    views = {view.name.lower() for view in lake.views()}
    rows: list[tuple[str | None, ...]] = []
    only = session.catalog().only
    for view in lake.views():
        if only is not None and view.name not in only:
            continue
        names = _named_in(view.sql)
        tables = ", ".join(ids[name] for name in names if name in ids)
        others = ", ".join(name for name in names if name in views)
        rows.append(("all", "public", view.name, f"view-{view.name}", tables, others, "ADLS"))
    columns = ["Db Name", "Schema Name", "Name", "Id", "Dataset Dependencies", "Views Dependencies", "TYPE"]
    return texts_result(columns, rows, "SHOW VIEWS")


def _named_in(sql: str) -> list[str]:
    try:
        tree = parse_query(sql)
    except QueryError:
        return []
    return sorted({table.name.lower() for table in tree.find_all(exp.Table)})


def _namespaces(session: Session) -> Result:
    """The columns are not published; these are the REST API's names."""
    rows = [(each["name"], each["code"], each["idType"]) for each in session.engine.registry.namespaces.all()]
    return texts_result(["name", "code", "type"], rows, "SHOW NAMESPACES")


def _statistics(session: Session) -> Result:
    columns = ["statsId", "tableName", "columnSet", "filterContext", "timestamp"]
    return texts_result(columns, session.statistics, "SHOW STATISTICS")


def _models(session: Session) -> Result:
    """None: the local Query Service trains no models."""
    columns = ["model-id", "model-name", "version", "source-dataset", "type", "options"]
    columns += ["transform", "fields", "created", "updated", "created BY"]
    return texts_result(columns, [], "SHOW MODELS")


def _primary_keys(session: Session) -> Result:
    rows = [
        (each.table_name, key["column"], displayed(column_type_of(each, key["column"])), f'"{key["namespace"] or ""}"')
        for each in _visible(session)
        for key in details(each).get("primaryKeys", [])
    ]
    return texts_result(["tableName", "columnName", "datatype", "namespace"], rows, "SHOW PRIMARY KEYS")


def _foreign_keys(session: Session) -> Result:
    rows = [
        (
            each.table_name,
            key["column"],
            displayed(column_type_of(each, key["column"])),
            key["table"],
            key["references"],
            f'"{_namespace_of(session, key["table"], key["references"])}"',
        )
        for each in _visible(session)
        for key in details(each).get("foreignKeys", [])
    ]
    columns = ["tableName", "columnName", "datatype", "referencedTableName", "referencedColumnName", "namespace"]
    return texts_result(columns, rows, "SHOW FOREIGN KEYS")


def _namespace_of(session: Session, table: str, column: str) -> str:
    """The namespace of the primary key a foreign key refers to; empty where it has none."""
    for each in session.engine.lake.datasets():
        if each.table_name == table:
            keys = details(each).get("primaryKeys", [])
            return next((str(key["namespace"] or "") for key in keys if key["column"] == column), "")
    return ""


def _identities(session: Session) -> Result:
    rows = [
        (
            each.table_name,
            field.column,
            displayed(column_type_of(each, field.column)),
            f'"{field.namespace}"',
            str(field.primary).lower(),
        )
        for each in _visible(session)
        for field in session.engine.registry.identities(each)
    ]
    return texts_result(["tableName", "columnName", "datatype", "namespace", "ifPrimary"], rows, "SHOW IDENTITIES")


def _all(session: Session) -> Result:
    rows = [(_SPELLED.get(name, name), value, "") for name, value in sorted(PARAMETERS.items())]
    return texts_result(["name", "setting", "description"], rows, "SHOW ALL")


def _parameter(session: Session, name: str) -> Result:
    key = name.lower()
    value = PARAMETERS.get(key) or session.settings.get(key)
    if value is None:
        raise syntax_error(f"Unknown parameter {name!r}; SHOW ALL lists the parameters.")
    return texts_result([_SPELLED.get(key, key)], [(value,)], "SHOW")
