"""Audiences made by SQL: one dataset each, kept thirty days."""

from __future__ import annotations

from local_platform.query_service.engine.results import Result
from local_platform.query_service.engine.session import Session
from local_platform.query_service.errors import not_supported, table_not_found
from local_platform.query_service.sql.statements import CreateAudience, Insert

TAG = "queryService/audience"


def is_audience(session: Session, name: str) -> bool:
    """Whether a table is an audience's dataset."""
    if name in session.temporary or not session.engine.lake.name_is_taken(name):
        return False
    catalog = session.catalog()
    return catalog.view((name,)) is None and TAG in catalog.dataset(name).tags


def create(session: Session, statement: CreateAudience, text: str) -> Result:
    raise not_supported("CREATE AUDIENCE", "later")


def insert(session: Session, statement: Insert, text: str) -> Result:
    name = statement.name[-1].lower()
    if statement.overwrite and not is_audience(session, name):
        raise not_supported(
            "INSERT OVERWRITE INTO a table",
            "tables are append-only; only audiences can be overwritten.",
            instead="Insert the new rows with a run id and show the newest run through a view.",
        )
    raise not_supported("INSERT INTO AUDIENCE", "later")


def drop(session: Session, name: str) -> None:
    raise table_not_found(name)
