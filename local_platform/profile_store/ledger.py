"""What Profile holds, as rows of the platform's one SQLite file: fragments, dropped records, audience memberships.

A fragment file counts only when a row names it, and a row is written after its file; a process that is killed in
between leaves a file that the next start removes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from local_platform.database import Database

_TABLES = (
    "CREATE TABLE IF NOT EXISTS profile_fragments (number INTEGER PRIMARY KEY AUTOINCREMENT, batch_id TEXT NOT NULL, "
    "dataset_id TEXT NOT NULL, kind TEXT NOT NULL, file TEXT NOT NULL, upsert INTEGER NOT NULL, "
    "records INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS profile_batches (batch_id TEXT PRIMARY KEY, dataset_id TEXT NOT NULL, "
    "ingested_ms INTEGER NOT NULL, records INTEGER NOT NULL, oversized INTEGER NOT NULL, "
    "unidentified INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS profile_memberships (segment_id TEXT PRIMARY KEY, file TEXT NOT NULL, "
    "job_id TEXT NOT NULL, evaluated_ms INTEGER NOT NULL, realized INTEGER NOT NULL, exited INTEGER NOT NULL)",
)
_VERSION = "profile.version"


@dataclass(frozen=True)
class Fragment:
    """One flat Parquet file of a batch. ``number`` orders fragments by ingestion."""

    number: int
    batch_id: str
    dataset_id: str
    kind: Literal["record", "event"]
    file: str
    upsert: bool
    records: int


@dataclass(frozen=True)
class Membership:
    """The newest evaluation of one audience: its file and its counts."""

    segment_id: str
    file: str
    job_id: str
    evaluated_ms: int
    realized: int
    exited: int


class Ledger:
    """Rows about fragments and memberships; `version` changes whenever merged profiles may have changed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as connection:
            for statement in _TABLES:
                connection.execute(statement)

    @property
    def version(self) -> int:
        """Grows with every change of fragments."""
        return int(self.database.setting(_VERSION) or 0)

    def has(self, batch_id: str) -> bool:
        """Whether Profile has taken in this batch already."""
        return self.database.row("SELECT 1 FROM profile_batches WHERE batch_id = ?", (batch_id,)) is not None

    def batches(self) -> set[str]:
        """Ids of all batches taken in."""
        return {row["batch_id"] for row in self.database.rows("SELECT batch_id FROM profile_batches")}

    def times(self) -> list[int]:
        """When each batch was taken in, in epoch ms."""
        return [row["ingested_ms"] for row in self.database.rows("SELECT ingested_ms FROM profile_batches")]

    def add_batch(
        self,
        batch_id: str,
        dataset_id: str,
        fragments: list[tuple[str, str, int]],
        *,
        upsert: bool,
        ingested_ms: int,
        oversized: int,
        unidentified: int,
    ) -> None:
        """Record a batch and its fragment files (kind, file name, records) in one transaction."""
        with self.database.write() as connection:
            records = sum(count for _, _, count in fragments)
            connection.execute(
                "INSERT INTO profile_batches VALUES (?, ?, ?, ?, ?, ?)",
                (batch_id, dataset_id, ingested_ms, records, oversized, unidentified),
            )
            for kind, file, count in fragments:
                connection.execute(
                    "INSERT INTO profile_fragments (batch_id, dataset_id, kind, file, upsert, records) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (batch_id, dataset_id, kind, file, int(upsert), count),
                )
            self._bump()

    def fragments(self) -> list[Fragment]:
        """All fragments in the order of ingestion."""
        rows = self.database.rows("SELECT * FROM profile_fragments ORDER BY number")
        return [
            Fragment(
                row["number"], row["batch_id"], row["dataset_id"], row["kind"], row["file"], bool(row["upsert"]),
                row["records"],
            )
            for row in rows
        ]  # fmt: skip

    def drop_dataset(self, dataset_id: str) -> int:
        """Forget all fragments of a dataset; its batches stay known, so that they are not taken in again."""
        with self.database.write() as connection:
            found = connection.execute("DELETE FROM profile_fragments WHERE dataset_id = ?", (dataset_id,)).rowcount
            self._bump()
        return found

    def drop_batch(self, batch_id: str) -> None:
        """Forget the fragments of one batch."""
        with self.database.write() as connection:
            if connection.execute("DELETE FROM profile_fragments WHERE batch_id = ?", (batch_id,)).rowcount:
                self._bump()

    def last_batch(self) -> tuple[str, int] | None:
        """Id and time (epoch ms) of the batch taken in last."""
        row = self.database.row("SELECT batch_id, ingested_ms FROM profile_batches ORDER BY rowid DESC LIMIT 1")
        return None if row is None else (row["batch_id"], row["ingested_ms"])

    def memberships(self) -> list[Membership]:
        """The newest evaluation of each audience."""
        return [Membership(**dict(row)) for row in self.database.rows("SELECT * FROM profile_memberships")]

    def membership(self, segment_id: str) -> Membership | None:
        """The newest evaluation of one audience, or None before its first."""
        row = self.database.row("SELECT * FROM profile_memberships WHERE segment_id = ?", (segment_id,))
        return None if row is None else Membership(**dict(row))

    def set_membership(self, membership: Membership) -> None:
        """Make an evaluation the newest; call inside the transaction that also finishes its job."""
        with self.database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO profile_memberships VALUES (?, ?, ?, ?, ?, ?)",
                (
                    membership.segment_id, membership.file, membership.job_id, membership.evaluated_ms,
                    membership.realized, membership.exited,
                ),
            )  # fmt: skip

    def drop_membership(self, segment_id: str) -> None:
        """Forget an audience that was deleted."""
        with self.database.write() as connection:
            connection.execute("DELETE FROM profile_memberships WHERE segment_id = ?", (segment_id,))

    def _bump(self) -> None:
        self.database.set_setting(_VERSION, str(self.version + 1))
