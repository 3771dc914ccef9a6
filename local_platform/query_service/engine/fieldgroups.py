"""Field groups made by SQL: custom field groups of the Schema Registry that extend the profile class."""

from __future__ import annotations

import pyarrow as pa

from local_platform import xdm
from local_platform.query_service.engine.columntypes import CREATE_TYPES, column_type
from local_platform.query_service.engine.results import Result, texts_result
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.write import check_columns, schema_of
from local_platform.query_service.errors import QueryError, analysis_error, not_allowed, syntax_error
from local_platform.query_service.sql.statements import CreateFieldGroup, Drop


def create(session: Session, statement: CreateFieldGroup) -> Result:
    """CREATE FIELDGROUP: answers with the id of the new field group.

    Raises:
        QueryError: 42601, the label is missing or another one; 42710, the name is taken; 58000, a field or namespace is
            refused.
    """
    options = {key: value.upper() for key, value in statement.options.items()}
    if options != {"label": "PROFILE"}:
        raise syntax_error("CREATE FIELDGROUP needs WITH (LABEL='PROFILE') and knows no other option.")
    registry = session.engine.registry
    if registry.field_group(statement.name) is not None:
        if statement.if_not_exists:
            return Result("CREATE FIELDGROUP", notices=[f"Field group {statement.name} already exists, skipping"])
        # The code is unconfirmed: the documents say only that the statement fails.
        raise QueryError("42710", f"Field group {statement.name} already exists; use IF NOT EXISTS or another name.")
    columns = [(column.name, column_type(column.type, CREATE_TYPES)) for column in statement.columns]
    check_columns(columns, statement.name)
    identities = [(column.name, *column.identity) for column in statement.columns if column.identity is not None]
    if sum(primary for _, _, primary in identities) > 1:
        raise analysis_error(f"Field group {statement.name} has more than one primary identity.")
    fields = schema_of(columns)
    for name, _, _ in identities:
        if not pa.types.is_string(fields.field(name).type):
            raise analysis_error(f"An identity must be a string; {name} is {dict(columns)[name].spark}.")
    id = registry.create_field_group(statement.name, xdm.from_arrow(fields)["properties"], identities, session.owner)
    # The heading is unconfirmed; CREATE TABLE's is worded like this.
    return texts_result(["Created FieldGroup Id"], [(id,)], "CREATE FIELDGROUP")


def drop(session: Session, statement: Drop) -> Result:
    """DROP FIELDGROUP by id or name.

    Raises:
        QueryError: 42704, there is none; 42501, it is Adobe's; 58000, a schema uses it.
    """
    name = statement.name[0]
    found = session.engine.registry.field_group(name)
    if found is None:
        if statement.if_exists:
            return Result("DROP FIELDGROUP", notices=[f"Field group {name} does not exist, skipping"])
        raise QueryError("42704", f"Field group {name} not found; SHOW FIELDGROUPS lists them.")
    if found.owner is None:
        raise not_allowed(f"Field group {found.name} belongs to Adobe and cannot be dropped.")
    session.engine.registry.drop_field_group(found)
    return Result("DROP FIELDGROUP")


def show(session: Session) -> Result:
    """SHOW FIELDGROUPS: Adobe's and the sandbox's own, by name."""
    rows = [(each.name, each.short_id, each.owner or "Adobe") for each in session.engine.registry.field_groups()]
    return texts_result(["name", "fieldgroupId", "owner"], sorted(rows), "SHOW FIELDGROUPS")
