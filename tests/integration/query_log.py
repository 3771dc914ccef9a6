"""What was scanned since a moment, from the platform's query log: by models, by data tests, and of the events."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scans:
    """Rows of the row groups that were opened, each reference counted.

    Args:
        models: by dbt's models. tests: by dbt's data tests. runner: by everything else.
        events: by all statements that read the event table.
        writes: CREATE TABLE AS and INSERT that were carried out, by table.
    """

    models: int
    tests: int
    runner: int
    events: int
    writes: tuple[str, ...]


class QueryLog:
    """The log of a platform; each look begins where the one before ended.

    Args:
        folder: the platform's data folder.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "query_log.sqlite"
        self._seen = 0

    def since(self) -> Scans:
        """What was scanned since the last look."""
        with sqlite3.connect(f"file:{self._file}?mode=ro", uri=True) as log:
            rows = list(
                log.execute(
                    "select rowid, kind, lower(statement), tables, rows_scanned, error from queries "
                    "where rowid > ? order by rowid",
                    (self._seen,),
                )
            )
        self._seen = rows[-1][0] if rows else self._seen
        # dbt runs while the runner waits: its statements lie between the first and the last that only it makes.
        of_dbt = [n for n, row in enumerate(rows) if re.search(r"as should_error|\) as shape\s+where 1=0", row[2])]
        models = tests = runner = events = 0
        writes = []
        for number, (_, kind, statement, tables, scanned, error) in enumerate(rows):
            if not of_dbt or not of_dbt[0] <= number <= of_dbt[-1]:
                runner += scanned
            elif "as should_error" in statement:
                tests += scanned
            else:
                models += scanned
            if "propensity_events" in tables.split(","):
                events += scanned
            if kind in ("CREATE TABLE AS", "INSERT") and not error:
                words = statement.split()
                writes.append(words[words.index("into") + 1] if kind == "INSERT" else words[words.index("as") - 1])
        return Scans(models, tests, runner, events, tuple(writes))
