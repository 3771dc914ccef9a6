"""The profile store: takes in batches of profile-enabled datasets, merges them by identity, answers look-ups.

    data_dir/profile_store/fragments/    flat Parquet, one file for each file of a batch
    data_dir/profile_store/merged/       the merged view, one file for each version of the fragments
    data_dir/profile_store/memberships/  who is in which audience, one file for each evaluation

The lake is the source: a batch that the store has not recorded is taken in when it is due, so that a process killed at
any moment loses nothing and doubles nothing.
"""

from __future__ import annotations

import logging
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local_platform.clock import Clock
from local_platform.lake import VISIBLE_STATES, Batch, Dataset, Lake
from local_platform.profile_store import fragments as flatten
from local_platform.profile_store.allowance import Allowance
from local_platform.profile_store.engine import Engine, parquet
from local_platform.profile_store.ledger import Ledger
from local_platform.profile_store.merge import Merged, column_types, merge

log = logging.getLogger("local_platform.profile")

# "Minutes to hours" after a batch is in the lake; the documented state is that there is no promise.
LAG_SECONDS = 900.0
EVENT_CLASS = "https://ns.adobe.com/xdm/context/experienceevent"


# Status and time of last qualification (UTC, without zone) by the audience's namespace and id.
Memberships = dict[str, dict[str, tuple[str, datetime]]]


@dataclass(frozen=True)
class Source:
    """What Profile must know about a dataset: its identity, whether it holds events or records, and whether their
    fields become the person's (those of an external audience do not)."""

    identity: flatten.Identity | None
    is_event: bool
    attributes: bool = True


@dataclass(frozen=True)
class Entity:
    """A merged profile: flat values by path, datasets it came from, and when it last changed (epoch ms)."""

    namespace: str
    identity: str
    values: dict[str, Any]
    sources: tuple[str, ...]
    modified_ms: int


class ProfileStore:
    """Merged profiles of one sandbox. Safe for many threads.

    Args:
        directory: where its files are; made when missing.
        source_of: identity and behaviour of a dataset, from its schema.
        lag_seconds: platform seconds between a batch's success in the lake and its appearance in Profile.
        follow_reverts: also drop the fragments of a batch that left the lake. Off: the stricter reading, under which a
            record fragment stays until it is overwritten or its dataset is deleted.
        batches_a_day: how many batches of all datasets are taken in on a day (UTC); what is more waits for the next.
    """

    def __init__(
        self,
        lake: Lake,
        clock: Clock,
        directory: Path,
        source_of: Callable[[Dataset], Source],
        *,
        lag_seconds: float = LAG_SECONDS,
        follow_reverts: bool = False,
        batches_a_day: int | None = None,
    ) -> None:
        self.ledger = Ledger(lake.database)
        self.directory = directory
        self.lag_seconds = lag_seconds
        self.batches_a_day = batches_a_day
        self._lake = lake
        self._clock = clock
        self._source_of = source_of
        self._follow_reverts = follow_reverts
        self._lock = threading.RLock()
        self._merged: tuple[int, Merged] | None = None
        for name in ("fragments", "merged", "memberships"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        spill = directory / "spill"
        shutil.rmtree(spill, ignore_errors=True)
        self.engine = Engine(spill)
        self._collect()

    # -- taking batches in ---------------------------------------------------------------------------------------------

    def ingest_batch(self, dataset: Dataset, batch: Batch, files: Sequence[Path]) -> None:
        """Take a batch in that has just become visible, if it is due; a later read or schedule does it otherwise."""
        self.catch_up()

    def catch_up(self, at: datetime | None = None) -> None:
        """Take in every batch whose lag has passed at ``at`` (now, when not given), and forget deleted datasets."""
        due_ms = int(((at or self._clock.now()) - timedelta(seconds=self.lag_seconds)).timestamp() * 1000)
        with self._lock:
            known = self.ledger.batches()
            datasets = {dataset.id: dataset for dataset in self._lake.datasets()}
            waiting = [
                (dataset, batch)
                for dataset in datasets.values()
                if profile_enabled(dataset)
                for batch in self._lake.batches(dataset_id=dataset.id)
                if batch.id not in known and self._is_due(batch, due_ms)
            ]
            allowance = Allowance(self.batches_a_day, self.ledger.times() if waiting else [])
            for dataset, batch in sorted(waiting, key=lambda pair: pair[1].completed_ms or 0):
                taken_ms = allowance.next((batch.completed_ms or 0) + int(self.lag_seconds * 1000))
                if taken_ms <= due_ms + int(self.lag_seconds * 1000):
                    allowance.use(taken_ms)
                    self._take_in(dataset, batch, taken_ms)
            self._forget(set(datasets))

    def _is_due(self, batch: Batch, due_ms: int) -> bool:
        if batch.completed_ms is None or batch.completed_ms > due_ms:
            return False
        if batch.status in VISIBLE_STATES:
            return True
        # Taken out of the lake since: Profile had it if the lag was over by then.
        left_after = batch.updated_ms - batch.completed_ms >= self.lag_seconds * 1000
        return batch.status in ("inactive", "deleted") and left_after and not self._follow_reverts

    def _take_in(self, dataset: Dataset, batch: Batch, taken_ms: int) -> None:
        source = self._source_of(dataset)
        kind = "event" if source.is_event else "record"
        written: list[tuple[str, str, int]] = []
        oversized = unidentified = 0
        for file in self._lake.batch_files(batch.id):
            name = f"{batch.id}-{file.number}.parquet"
            try:
                target = self.directory / "fragments" / name
                result = flatten.flatten(
                    self.engine, file.path, target, source.identity, kind, attributes=source.attributes
                )
            except FileNotFoundError:
                continue
            oversized += result.oversized
            unidentified += result.unidentified
            if result.records:
                written.append((kind, name, result.records))
        if oversized or unidentified:
            log.info("Profile left out %d oversized and %d unidentified records of batch %s", oversized, unidentified,
                     batch.id)  # fmt: skip
        self.ledger.add_batch(
            batch.id,
            dataset.id,
            written,
            upsert=upsert_enabled(dataset),
            ingested_ms=taken_ms,
            oversized=oversized,
            unidentified=unidentified,
        )

    def _forget(self, present: set[str]) -> None:
        held = self.ledger.fragments()
        for dataset_id in {fragment.dataset_id for fragment in held} - present:
            self.ledger.drop_dataset(dataset_id)
        if self._follow_reverts:
            visible = {batch.id for batch in self._lake.batches(status=VISIBLE_STATES)}
            for batch_id in {fragment.batch_id for fragment in held} - visible:
                self.ledger.drop_batch(batch_id)

    def delete_dataset(self, dataset_id: str) -> int:
        """Drop all fragments of a dataset from Profile; the lake keeps its rows. Returns how many files went."""
        with self._lock:
            return self.ledger.drop_dataset(dataset_id)

    # -- reading -------------------------------------------------------------------------------------------------------

    def merged(self) -> Merged:
        """The merged view of what was taken in; built when the fragments changed since it was last asked for."""
        with self._lock:
            version = self.ledger.version
            if self._merged is None or self._merged[0] != version:
                self._merged = (version, self._build(version))
                self._remove_older(version)
            return self._merged[1]

    def _build(self, version: int) -> Merged:
        target = self.directory / "merged" / f"merged-{version}.parquet"
        if target.exists():
            with self.engine.cursor() as cursor:
                counted = cursor.execute(f"SELECT count(*) FROM {parquet([target])}").fetchone()
            return Merged(target, int(counted[0]) if counted else 0, column_types(self.engine, [target]))
        rows = self._lake.database.rows("SELECT batch_id, ingested_ms FROM profile_batches")
        times = {row["batch_id"]: row["ingested_ms"] for row in rows}
        return merge(self.engine, self.directory / "fragments", self.ledger.fragments(), times, target)

    def _remove_older(self, version: int) -> None:
        # The version before stays: a query that started on it may still be reading.
        for file in (self.directory / "merged").glob("merged-*.parquet"):
            number = re.fullmatch(r"merged-(\d+)", file.stem)
            if number and int(number.group(1)) < version - 1:
                file.unlink(missing_ok=True)

    def event_files(self) -> list[Path]:
        """Flat files of the experience events in Profile."""
        return [
            self.directory / "fragments" / fragment.file
            for fragment in self.ledger.fragments()
            if fragment.kind == "event"
        ]

    def event_types(self) -> dict[str, str]:
        """DuckDB type by leaf path of the events."""
        return column_types(self.engine, self.event_files())

    def entities(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Entity]:
        """Merged profiles by (namespace, identity) as asked for; unknown ones are left out.

        Namespace codes are compared without case, identity values exactly.
        """
        if not wanted:
            return {}
        sql = (
            f"SELECT w.n AS wanted_namespace, m.* FROM {parquet([self.merged().file])} m "
            "JOIN (SELECT unnest($namespaces) AS n, unnest($identities) AS i) w "
            'ON m."@identity" = w.i AND lower(m."@namespace") = lower(w.n)'
        )
        parameters = {"namespaces": [pair[0] for pair in wanted], "identities": [pair[1] for pair in wanted]}
        with self.engine.cursor() as cursor:
            cursor.execute(sql, parameters)
            names = [column[0] for column in cursor.description or []]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return {(row["wanted_namespace"], row["@identity"]): _entity(row) for row in rows}

    def memberships_of(self, profiles: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Memberships]:
        """Audience memberships by (namespace, identity), both in the store's own spelling."""
        files = [self.directory / "memberships" / item.file for item in self.ledger.memberships()]
        if not files or not profiles:
            return {}
        sql = (
            f'SELECT m."@namespace", m."@identity", space, segment, status, since FROM {membership_rows(files)} m '
            "JOIN (SELECT unnest($namespaces) AS n, unnest($identities) AS i) w "
            'ON m."@identity" = w.i AND m."@namespace" = w.n'
        )
        parameters = {"namespaces": [pair[0] for pair in profiles], "identities": [pair[1] for pair in profiles]}
        found: dict[tuple[str, str], Memberships] = {}
        with self.engine.cursor() as cursor:
            for namespace, identity, space, segment, status, since in cursor.execute(sql, parameters).fetchall():
                found.setdefault((namespace, identity), {}).setdefault(space, {})[segment] = (status, since)
        return found

    def counts_by_dataset(self) -> dict[str, int]:
        """Distinct identities that each dataset contributed to."""
        sql = (
            f'SELECT s, count(*) FROM (SELECT unnest("@sources") AS s FROM {parquet([self.merged().file])}) GROUP BY s'
        )
        with self.engine.cursor() as cursor:
            return {str(name): int(count) for name, count in cursor.execute(sql).fetchall()}

    def counts_by_namespace(self) -> dict[str, int]:
        """Profiles by namespace code."""
        sql = f'SELECT "@namespace", count(*) FROM {parquet([self.merged().file])} GROUP BY 1'
        with self.engine.cursor() as cursor:
            return {str(name): int(count) for name, count in cursor.execute(sql).fetchall()}

    def close(self) -> None:
        """Release memory; files stay."""
        self.engine.close()

    def _collect(self) -> None:
        """Remove files that no ledger row names."""
        keep = {fragment.file for fragment in self.ledger.fragments()}
        keep.update(item.file for item in self.ledger.memberships())
        for folder in ("fragments", "memberships"):
            for file in (self.directory / folder).iterdir():
                if file.name not in keep:
                    file.unlink()
        for file in (self.directory / "merged").iterdir():
            if file.name != f"merged-{self.ledger.version}.parquet":
                file.unlink()


def membership_rows(files: Sequence[Path]) -> str:
    """SQL of a relation over membership files. Those of an earlier version say no namespace: they were all of rules."""
    nobody = "SELECT CAST(NULL AS VARCHAR) AS space WHERE FALSE"
    every = f"SELECT * FROM {parquet(list(files))} UNION ALL BY NAME {nobody}"
    return f"(SELECT * REPLACE (coalesce(space, 'ups') AS space) FROM ({every}))"


def _entity(row: dict[str, Any]) -> Entity:
    values = {name: value for name, value in row.items() if not name.startswith("@") and name != "wanted_namespace"}
    return Entity(
        namespace=row["@namespace"],
        identity=row["@identity"],
        values=values,
        sources=tuple(row["@sources"] or ()),
        modified_ms=int(row["@modified_ms"]),
    )


def profile_enabled(dataset: Dataset) -> bool:
    """Whether the dataset carries the Profile tag; both documented spellings of it count."""
    return "enabled:true" in _tag(dataset, "unifiedProfile")


def upsert_enabled(dataset: Dataset) -> bool:
    """Whether newer records update fields instead of replacing the dataset's older record."""
    return "isUpsert:true" in _tag(dataset, "unifiedProfile")


def _tag(dataset: Dataset, name: str) -> set[str]:
    return {value.replace(" ", "") for value in dataset.tags.get(name, [])}
