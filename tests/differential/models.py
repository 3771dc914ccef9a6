"""The statements of the dbt project, as the local platform got them, in the words of Apache Spark.

Spark has no snapshots and no functions of Adobe's. It gets a table over the files of the snapshots that are named, and
SESS_TIMEOUT as ordinary windows, written from Adobe's description of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from local_platform.lake import DataFile
from local_platform.query_service.compiler.functions import registry
from tests.differential.answers import difference
from tests.differential.engines import OurEngine, SparkEngine

_SESSION = re.compile(r"sess_timeout\(\s*([\w.]+)\s*,\s*(\d+)\s*\)\s*over\s*\(", re.IGNORECASE)
_SNAPSHOT = re.compile(r"\b(\w+) snapshot (?:as of|between (\d+) and) (\d+)", re.IGNORECASE)
_CALL = re.compile(r"\b([a-z]\w*)\s*\(", re.IGNORECASE)
_WRITE = re.compile(
    r"(?:insert into|create table if not exists) (\w+)\s+(?:as\s+)?(select.*)", re.IGNORECASE | re.DOTALL
)
_VIEW = re.compile(r"create or replace view (\w+)\s+as\s+(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Snapshots:
    """The snapshots that a statement reads of a table; `after` is excluded, None is the beginning."""

    table: str
    after: int | None
    up_to: int

    @property
    def view(self) -> str:
        """What the table of these files is called on Spark."""
        return f"{self.table}_{self.after or 'all'}_{self.up_to}"


@dataclass(frozen=True)
class Sent:
    """A statement as it was sent, with the newest snapshot of the events then."""

    sql: str
    events_up_to: int


@dataclass(frozen=True)
class Statement:
    """What a statement makes (`kind` is view or rows), under which name, and the SELECT that it is made of."""

    kind: str
    name: str
    select: str


def made_by(sql: str) -> Statement | None:
    """The SELECT inside a statement that makes a view or writes rows; None for every other statement."""
    text = re.sub(r"^set \w+=\w+;", "", sql.strip(), flags=re.IGNORECASE).strip()
    if found := _VIEW.fullmatch(text):
        return Statement("view", found[1], found[2])
    if found := _WRITE.fullmatch(text):
        return Statement("rows", found[1], found[2])
    return None


def snapshots_of(sql: str) -> list[Snapshots]:
    """The snapshots that a statement names."""
    return [Snapshots(name, int(after) if after else None, int(up_to)) for name, after, up_to in _SNAPSHOT.findall(sql)]


def adobe_functions(sql: str) -> set[str]:
    """Functions of Adobe's that a statement calls, in lower case."""
    return {name.lower() for name in _CALL.findall(sql) if (known := registry.find(name)) and known.kind == "adobe"}


def in_sparks_words(sql: str) -> str:
    """The text with the snapshots' own tables, and with SESS_TIMEOUT as windows."""
    named = _SNAPSHOT.sub(lambda found: snapshots_of(found[0])[0].view, sql)
    return _with_sessions_as_windows(named)


def _with_sessions_as_windows(sql: str) -> str:
    """A row more than so many seconds behind the one before it begins a session, and so does the first row."""
    found = _SESSION.search(sql)
    if found is None:
        return sql
    depth, end = 1, found.end()
    while depth:
        depth += {"(": 1, ")": -1}.get(sql[end], 0)
        end += 1
    window = sql[found.end() : end - 1]
    order = re.split(r"\brows\b", window, flags=re.IGNORECASE)[0]
    time, seconds = found[1], found[2]
    number = f"row_number() over ({order})"
    gap = f"(unix_micros({time}) - unix_micros(lag({time}) over ({order}))) div 1000000"
    new = f"coalesce({gap} > {seconds}, {number} = 1)"
    parts = (
        f"cast(coalesce({gap}, 0) as int) as timestamp_diff",
        f"cast(sum(cast({new} as int)) over ({window}) as int) as num",
        f"{new} as is_new",
        f"cast({number} - max(case when {new} then {number} end) over ({window}) + 1 as int) as depth",
    )
    return _with_sessions_as_windows(f"{sql[: found.start()]}struct({', '.join(parts)}){sql[end:]}")


def compiled_models(manifest: Path) -> dict[str, str]:
    """SQL of every model by the name of its relation, each behind what it reads."""
    return {node["alias"]: str(node["compiled_code"]) for node in _ordered(manifest)}


def _ordered(manifest: Path) -> Iterator[dict[str, Any]]:
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    models = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}
    seen: set[str] = set()

    def visit(key: str) -> Iterator[dict[str, Any]]:
        if key not in seen and key in models:
            seen.add(key)
            for other in models[key]["depends_on"]["nodes"]:
                yield from visit(other)
            yield models[key]

    for key in models:
        yield from visit(key)


class Compared:
    """One SELECT on both engines; what differed, and how many rows there were."""

    def __init__(self, spark: SparkEngine, ours: OurEngine) -> None:
        self.spark = spark
        self.ours = ours
        self.lake = ours.world.lake
        self.differing: dict[str, str] = {}
        self.rows: dict[str, int] = {}
        self.helped: list[str] = []

    def show(self, name: str, files: Sequence[DataFile]) -> None:
        """A table on Spark over files of the lake."""
        paths = [file.path for file in files]
        if not paths:
            dataset = self.lake.dataset_by_table(name)
            paths = [self.ours.world.data_dir / f"{name}.parquet"]
            pq.write_table(dataset.schema.empty_table(), paths[0])
        self.spark.show(name, paths)

    def show_snapshots(self, sql: str) -> None:
        """The tables over the snapshots that a statement names, with the batch in which each row came."""
        for wanted in snapshots_of(sql):
            dataset = self.lake.dataset_by_table(wanted.table)
            batches: dict[str, list[str]] = {}
            for file in self.lake.data_files(dataset.id, after=wanted.after, up_to=wanted.up_to):
                batches.setdefault(file.batch_id, []).append(str(file.path))
            session = self.spark.session
            frames = [
                session.read.parquet(*paths).selectExpr(
                    "*", f"named_struct('acp_sourceBatchId', '{batch}') as _acp_system_metadata"
                )
                for batch, paths in batches.items()
            ]
            whole = frames[0]
            for frame in frames[1:]:
                whole = whole.union(frame)
            whole.createOrReplaceTempView(wanted.view)

    def rewritten(self, title: str, sql: str) -> str:
        """The text for Spark; what had to be put differently is noted in `helped`."""
        text = in_sparks_words(sql)
        adobe = sorted(adobe_functions(sql))
        words = [f"{name} as windows" for name in adobe]
        words += [f"the files of {wanted.view}" for wanted in snapshots_of(sql)]
        if words:
            self.helped.append(f"{title}: {', '.join(words)}")
        return text

    def compare(self, title: str, on_spark: str, on_ours: str) -> None:
        """Run one query on each."""
        theirs, mine = self.spark.answer(on_spark), self.ours.answer(on_ours)
        self.rows[title] = len(theirs.rows)
        seen = theirs.error or difference(theirs, mine, ordered=False)
        if seen:
            self.differing[title] = seen[:600]
