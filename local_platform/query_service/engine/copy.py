"""COPY query TO '%scratch_space%/folder': files in the service's own scratch area, nothing to the client."""

from __future__ import annotations

import re
import shutil
import uuid

from local_platform.query_service.compiler.casts import literal_text
from local_platform.query_service.engine.results import Result
from local_platform.query_service.engine.run import Running
from local_platform.query_service.engine.select import compile_select
from local_platform.query_service.engine.session import Session
from local_platform.query_service.engine.write import check_columns
from local_platform.query_service.errors import syntax_error
from local_platform.query_service.sql.statements import Copy
from local_platform.query_service.sql.types import quoted

_PREFIX = "%scratch_space%/"


def copy(session: Session, statement: Copy, text: str) -> Result:
    """Write the query's rows under `scratch_space/{user}/{folder}/{query id}` of the data directory."""
    folder = statement.target.removeprefix(_PREFIX).strip("/")
    if not statement.target.startswith(_PREFIX) or not re.fullmatch(r"[\w-]+(/[\w-]+)*", folder):
        raise syntax_error(f"COPY writes to '{_PREFIX}folder', not to {statement.target!r}.")
    query, catalog = compile_select(session, statement.query, capped=False)
    check_columns(query.columns, "the copied files")
    names = ", ".join(f"w.c{place} AS {quoted(name)}" for place, (name, _) in enumerate(query.columns))
    user = re.sub(r"\W", "_", session.owner)
    lake = session.engine.lake
    target = lake.data_dir / "scratch_space" / user / folder / str(uuid.uuid4())
    running = Running(session, "COPY", text, catalog.references, session.engine.options.batch_seconds)
    with lake.scratch_dir() as directory:
        file = directory / f"part-00000.{statement.format}"
        rows = running.execute(
            f"COPY (SELECT {names} FROM ({query.sql}) AS w) TO {literal_text(str(file))} (FORMAT {statement.format})"
        )
        target.mkdir(parents=True)
        shutil.move(file, target / file.name)
    count = int(rows[0][0]) if rows else 0
    running.rows = count
    running.close()
    return Result(f"COPY {count}", rows=count)
