"""What both routes share: what is asked for, what SQL says there must be, and the finished directory."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from runner.contract import Contract
from runner.errors import DataError
from runner.export.exported import MANIFEST, Exported, fingerprint_of, moved, read_card, write_card
from runner.export.rows import RunRows
from runner.platform import Dataset, Platform
from runner.sql import SqlClient, literal

Log = Callable[[str], None]


def quiet(_: str) -> None:
    """A log that says nothing."""


@dataclass(frozen=True)
class Request:
    """One run of one dataset, wanted in one directory.

    Args:
        dataset: the dataset, as Catalog has it.
        rows: count(*) of the run in SQL, asked before anything is read.
        manifest_file: the dbt manifest the contract came from; copied beside the rows.
        note: why this route is taken instead of another, for the card.
    """

    platform: Platform
    sql: SqlClient
    dataset: Dataset
    run_id: str
    out_dir: Path
    contract: Contract
    rows: int
    manifest_file: Path | None
    log: Log
    note: str = ""

    @property
    def run_column(self) -> str:
        """The column that carries the run id."""
        return self.contract.one("run").name

    @property
    def where(self) -> str:
        """The SQL condition that picks the run."""
        return f"{self.run_column} = {literal(self.run_id)}"

    @property
    def keys(self) -> tuple[str, str]:
        """The columns that together name a row: who, and as of when."""
        return (self.contract.one("key").name, self.contract.one("as_of").name)

    def gatherer(self, stage: Path) -> RunRows:
        """An empty collection for the run's rows."""
        columns = {c.name: c.data_type for c in self.contract.columns}
        return RunRows(stage, columns, self.run_column, self.run_id, self.keys)

    def finished(self) -> Exported | None:
        """What an earlier attempt left complete, if it still is the run: same columns, same number of rows."""
        found = read_card(self.out_dir)
        same = found is not None and (found.run_id, found.rows) == (self.run_id, self.rows)
        same = same and found is not None and found.columns == tuple(c.name for c in self.contract.columns)
        same = same and found is not None and found.dataset == self.dataset.name
        return found if same else None

    def finish(self, stage: Path, rows: RunRows, route: str, batches: tuple[str, ...]) -> Exported:
        """Check the keys, write card and manifest into the stage, and say what it will be once it is `out_dir`."""
        rows.check_keys(self.dataset.name)
        count = rows.rows
        files, content = rows.finish()
        columns = tuple(c.name for c in self.contract.columns)
        exported = Exported(
            files=tuple(str(f) for f in files),
            rows=count,
            route=route,
            dataset=self.dataset.name,
            run_id=self.run_id,
            batches=batches,
            columns=columns,
            fingerprint=fingerprint_of(self.run_id, columns, count, content),
            note=self.note,
        )
        if self.manifest_file is not None:
            shutil.copyfile(self.manifest_file, stage / MANIFEST)
        write_card(stage, exported)
        return moved(exported, self.out_dir)


def request(
    platform: Platform,
    sql: SqlClient,
    dataset: str,
    run_id: str,
    out_dir: Path,
    contract: Contract,
    *,
    manifest_file: Path | None = None,
    log: Log = quiet,
) -> Request:
    """Look the dataset up and count the run in SQL.

    Raises:
        NotFound: there is no such dataset.
        DataError: the run has no rows in it.
    """
    found = platform.catalog.dataset_named(dataset)
    wanted = Request(platform, sql, found, run_id, out_dir, contract, 0, manifest_file, log)
    rows = sql.count(found.table_name, wanted.where)
    if not rows:
        raise DataError(
            f"{dataset} has no rows of run {run_id}.",
            "Build them first ('propensity featurize'), or name another run with --run.",
        )
    return replace(wanted, rows=rows)
