"""The on-demand evaluation quota: 2 a day, 50 a year in a production sandbox, 100 in a development sandbox.

Runs are counted where they happened, in the platform's list of segment jobs, and in a ledger of ours that also
remembers a job whose answer was lost. The larger count holds. A slot is written down before the job is asked for,
so a crash in between costs a slot and never an unplanned second run.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

from runner.errors import RateLimited

PER_DAY = 2
PER_YEAR = {"production": 50, "development": 100}
SandboxType = Literal["production", "development"]


@dataclass(frozen=True)
class QuotaUse:
    """On-demand evaluations so far, by UTC day and calendar year of `now`."""

    today: int
    this_year: int
    per_day: int
    per_year: int

    @property
    def left_today(self) -> int:
        """How many more may be started today."""
        return max(0, min(self.per_day - self.today, self.per_year - self.this_year))


class Quota:
    """On-demand evaluations of one sandbox, kept across runs in `{state_dir}/on_demand_{sandbox}.jsonl`.

    Args:
        state_dir: where the ledger is.
        sandbox: name of the sandbox.
        kind: "production" allows 50 a year, "development" 100. When unknown, assume production.
    """

    def __init__(self, state_dir: Path, sandbox: str, kind: SandboxType = "production") -> None:
        self._ledger = state_dir / f"on_demand_{sandbox}.jsonl"
        self._per_year = PER_YEAR[kind]

    def used(self, now: datetime, seen: Iterable[datetime] = ()) -> QuotaUse:
        """How much is used up.

        Args:
            now: the current time.
            seen: when on-demand jobs were created, as the platform lists them.
        """
        platform, ours = list(seen), [when for _, when in self._entries()]
        return QuotaUse(
            today=max(_on_day(platform, now), _on_day(ours, now)),
            this_year=max(_in_year(platform, now), _in_year(ours, now)),
            per_day=PER_DAY,
            per_year=self._per_year,
        )

    def take(self, run_id: str, now: datetime, seen: Iterable[datetime] = ()) -> QuotaUse:
        """Use one slot for a run.

        Raises:
            RateLimited: none is left, or this run has taken one already (a retry must not take another).
        """
        with self._locked() as ledger:
            if any(taken == run_id for taken, _ in self._entries()):
                raise RateLimited(
                    f"Run {run_id} has already used an on-demand evaluation.",
                    "Follow it with 'propensity activate'; the daily evaluation costs nothing.",
                    service="Segmentation",
                )
            use = self.used(now, seen)
            if not use.left_today:
                raise RateLimited(
                    f"No on-demand evaluation is left: {use.today} of {use.per_day} used today, "
                    f"{use.this_year} of {use.per_year} this year.",
                    "Leave out --now: the daily evaluation costs nothing and activates the audience after it.",
                    service="Segmentation",
                )
            # A line torn by a crash is closed first, or it would swallow this one.
            ledger.write("\n" if self._torn() else "")
            ledger.write(json.dumps({"run_id": run_id, "at": now.astimezone(UTC).isoformat()}) + "\n")
            ledger.flush()
            os.fsync(ledger.fileno())
        return self.used(now, [*seen, now])

    def _entries(self) -> list[tuple[str, datetime]]:
        try:
            lines = self._ledger.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        entries = []
        for line in lines:
            try:
                entry = json.loads(line)
                entries.append((str(entry["run_id"]), datetime.fromisoformat(entry["at"])))
            except (ValueError, KeyError):
                continue  # a line torn by a crash was never acted upon: the job is asked for after it is complete
        return entries

    def _torn(self) -> bool:
        written = self._ledger.read_bytes()
        return bool(written) and not written.endswith(b"\n")

    @contextmanager
    def _locked(self) -> Iterator[IO[str]]:
        self._ledger.parent.mkdir(parents=True, exist_ok=True)
        with self._ledger.open("a", encoding="utf-8") as ledger:
            fcntl.flock(ledger, fcntl.LOCK_EX)
            yield ledger


def _on_day(moments: Iterable[datetime], now: datetime) -> int:
    return sum(m.astimezone(UTC).date() == now.astimezone(UTC).date() for m in moments)


def _in_year(moments: Iterable[datetime], now: datetime) -> int:
    return sum(m.astimezone(UTC).year == now.astimezone(UTC).year for m in moments)
