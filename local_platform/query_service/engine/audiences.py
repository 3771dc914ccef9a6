"""Audiences made by SQL: one dataset each, not profile-enabled, deleted thirty days after their last refresh."""

from __future__ import annotations

from local_platform.lake import VISIBLE_STATES, Dataset, TableExists
from local_platform.query_service.engine.results import Result
from local_platform.query_service.engine.run import Running
from local_platform.query_service.engine.scan import columns_of
from local_platform.query_service.engine.select import compile_select
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.write import check_columns, fit, new_name, schema_of, written
from local_platform.query_service.errors import (
    QueryError,
    analysis_error,
    not_allowed,
    not_supported,
    syntax_error,
    table_exists,
)
from local_platform.query_service.sql.statements import CreateAudience, Insert

TAG = "queryService/audience"
RETENTION_MS = 30 * 24 * 3600 * 1000
_OPTIONS = ("primary_identity", "identity_namespace", "schema")


def is_audience(session: Session, name: str) -> bool:
    """Whether a name is that of an audience."""
    if name in session.temporary or not session.engine.lake.name_is_taken(name):
        return False
    catalog = session.catalog()
    return catalog.view((name,)) is None and TAG in catalog.dataset(name).tags


def create(session: Session, statement: CreateAudience, text: str) -> Result:
    """CREATE AUDIENCE ... AS SELECT."""
    name = new_name(statement.name)
    unknown = [key for key in statement.options if key not in _OPTIONS]
    if unknown:
        raise syntax_error(f"Unknown option {unknown[0]!r}; CREATE AUDIENCE knows {', '.join(_OPTIONS)}.")
    missing = [key for key in _OPTIONS[:2] if not statement.options.get(key)]
    if missing:
        raise syntax_error(f"CREATE AUDIENCE needs WITH ({missing[0]} = ...).")
    if session.engine.lake.name_is_taken(name):
        raise table_exists(name)
    query, catalog = compile_select(session, statement.query, capped=False)
    check_columns(query.columns, name)
    identity = statement.options["primary_identity"]
    names = {column.lower(): type for column, type in query.columns}
    if identity.lower() not in names:
        raise analysis_error(f"The primary identity {identity!r} is no top-level column of the audience's SELECT.")
    nested = [column for column, type in query.columns if type.is_complex]
    if nested:
        raise analysis_error(f"The attributes of an audience must be flat; {nested[0]} is nested.")
    namespace = session.engine.registry.code(statement.options["identity_namespace"])
    session.wait_to_start()
    running = Running(session, "CREATE AUDIENCE", text, catalog.references, session.engine.options.batch_seconds)
    with written(session, running, query, [column for column, _ in query.columns]) as files:
        lake = session.engine.lake
        try:
            with lake.database.write():
                made = lake.create_table_with_data(
                    name,
                    schema_of(query.columns),
                    files,
                    owner=session.owner,
                    tags={TAG: [name], "queryService/origin": ["Data Distiller"]},
                    properties={"queryService": {"primary_identity": identity, "identity_namespace": namespace}},
                )
                session.engine.registry.add_identity(made, identity, namespace, primary=True)
        except TableExists:
            raise table_exists(name) from None
    return Result("CREATE AUDIENCE", rows=running.rows)


def insert(session: Session, statement: Insert, text: str) -> Result:
    """INSERT INTO [AUDIENCE] adds members, INSERT OVERWRITE INTO replaces all of them in one step."""
    name = session.name_of(statement.name)
    if not is_audience(session, name):
        session.catalog().dataset(name)
        if statement.overwrite:
            raise not_supported(
                "INSERT OVERWRITE INTO a table",
                "tables are append-only; only audiences can be overwritten.",
                instead="Insert the new rows with a run id and show the newest run through a view.",
            )
        raise QueryError("42P01", f"Audience {name} not found; {name} is a table.")
    dataset = session.catalog().dataset(name)
    query, catalog = compile_select(session, statement.query, capped=False)
    fitted = fit(query, columns_of(dataset.schema), statement.columns, name, narrowing=True)
    session.wait_to_start()
    kind = "INSERT OVERWRITE" if statement.overwrite else "INSERT"
    running = Running(session, kind, text, catalog.references, session.engine.options.batch_seconds)
    lake = session.engine.lake
    with written(session, running, fitted, list(dataset.schema.names)) as files:
        if statement.overwrite:
            batch = lake.open_batch(dataset.id, replaces=[_only_batch(session, dataset)])
            lake.commit_batch(batch.id, files)
        else:
            lake.append(dataset.id, files)
    return Result(f"INSERT 0 {running.rows}", rows=running.rows)


def _only_batch(session: Session, dataset: Dataset) -> str:
    """The one batch an overwrite replaces.

    Raises:
        QueryError: 58000, there are none or several.
    """
    visible = session.engine.lake.batches(dataset_id=dataset.id, status=sorted(VISIBLE_STATES))
    if len(visible) != 1:
        raise analysis_error(
            f"INSERT OVERWRITE INTO needs exactly one batch in audience {dataset.table_name}; it has {len(visible)}. "
            "DROP AUDIENCE and create it anew."
        )
    return visible[0].id


def drop(session: Session, name: str) -> None:
    """DROP AUDIENCE.

    Raises:
        QueryError: 42P01, there is none; 42501, another user made it.
    """
    if not is_audience(session, name):
        raise QueryError("42P01", f"Audience {name} not found.")
    dataset = session.catalog().dataset(name)
    if dataset.owner != session.owner:
        raise not_allowed(f"Audience {name} was not created by the authenticated user.")
    session.engine.lake.delete_dataset(dataset.id)


def expire(engine: object) -> None:
    """Delete audiences that were not refreshed for thirty days of the platform's clock."""
    from local_platform.query_service.engine.core import Engine

    assert isinstance(engine, Engine)
    for dataset in engine.lake.datasets():
        if TAG not in dataset.tags:
            continue
        history = engine.lake.snapshots(dataset.id)
        refreshed = history[-1].made_current_ms if history else dataset.created_ms
        if engine.clock.now_ms() - refreshed > RETENTION_MS:
            engine.lake.delete_dataset(dataset.id)
