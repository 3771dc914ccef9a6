"""Scores into the profile-enabled scores dataset: exactly once, and replaced as a whole when they change.

A run's batches are called `{run_id}-scores-{part}` (a later attempt has the suffix -r2, -r3 ...) and carry the run, the
number of parts and a fingerprint of the scores as tags. A part that is there with our fingerprint is left alone; the
others are brought in, and the first of them takes every visible batch of other content out of the lake.

Part 000 also holds the not-eligible rows of who was published as eligible and is not scored any more.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from runner.blueprints import scores_dataset
from runner.errors import PlatformTimeout
from runner.export.request import Log, quiet
from runner.ingestion import Waiting, ingest_parquet
from runner.platform import Batch, Dataset, Platform
from runner.publishing.earlier import no_longer_scored, refuse_newer
from runner.publishing.scores import Scores, read_scores
from runner.publishing.verification import Verification, verify
from runner.publishing.xdm import ROWS_PER_BATCH, RunFacts, ScoreFields, fields_of, write_eligible, write_not_eligible
from runner.settings import Settings, UseCase
from runner.sql import SqlClient

RUN_TAG = "propensity/run"
FINGERPRINT_TAG = "propensity/fingerprint"
PARTS_TAG = "propensity/parts"


@dataclass(frozen=True)
class Published:
    """What one run has in the scores dataset now.

    Args:
        batch_ids: its batches, in order of the parts.
        scores_published: eligible rows, one an identity.
        not_eligible_published: rows that take eligibility back.
        verification: how far the publication was checked.
        profiles_with_score: profiles that carry this run's score, where the profile snapshot tells; else None.
        completed_ms: when the last batch was complete (epoch ms, the platform's time).
        created: anything was ingested just now (False: it was all there already).
    """

    run_id: str
    dataset: str
    batch_ids: tuple[str, ...]
    scores_published: int
    not_eligible_published: int
    verification: Verification
    profiles_with_score: int | None
    fingerprint: str
    completed_ms: int
    created: bool


def publish(
    settings: Settings,
    use_case: UseCase,
    platform: Platform,
    sql: SqlClient,
    facts: RunFacts,
    scores_file: Path,
    *,
    expected_rows: int | None = None,
    scoring_set: str | None = None,
    exclusions: str | None = None,
    work_dir: Path | None = None,
    rows_per_batch: int = ROWS_PER_BATCH,
    log: Log = quiet,
    sleep: Callable[[float], None] = time.sleep,
) -> Published:
    """Publish a run's scores and check that they arrived. Repeating it never doubles and never loses a score.

    Args:
        facts: run id, as-of time and model version of every row.
        scores_file: Parquet with user_id, as_of, score.
        expected_rows: how many scores there must be (the run's scoring rows).
        scoring_set: SQL name of this run's scoring set, which spares sending identities that are still scored.
        exclusions: SQL name of this run's exclusions (user_id, reason, run_id), for the reasons.
        work_dir: where the XDM files are written before upload; removed afterwards.

    Raises:
        DataError: bad scores, a newer run published already, or the lake does not hold what was sent.
        PlatformError: the ingestion failed; a rerun continues.
    """
    scores = read_scores(scores_file, facts.as_of, expected_rows)
    fields = fields_of(settings, use_case, platform)
    dataset = platform.catalog.dataset_named(scores_dataset(use_case.name))
    fingerprint = scores.fingerprint(facts.run_id, facts.as_of.isoformat(), facts.model_version)
    refuse_newer(sql, dataset.table_name, fields, facts)
    stage = Path(mkdtemp(prefix=f"{facts.run_id}-", dir=_made(work_dir)))
    try:
        job = _Job(platform, sql, dataset, fields, facts, scores, fingerprint, stage, settings.wait_seconds, log, sleep)
        batch_ids, created = job.ingest(rows_per_batch, scoring_set, exclusions)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    completed = max(b.completed_ms or b.created_ms for b in map(platform.catalog.batch, batch_ids))
    verification = verify(
        platform, sql, fields, dataset, facts, scores, settings.identity.namespace, completed_ms=completed
    )
    return Published(
        run_id=facts.run_id,
        dataset=dataset.name,
        batch_ids=batch_ids,
        scores_published=verification.eligible,
        not_eligible_published=verification.not_eligible,
        verification=verification,
        profiles_with_score=verification.profiles_with_score,
        fingerprint=fingerprint,
        completed_ms=completed,
        created=created,
    )


@dataclass(frozen=True)
class _Job:
    platform: Platform
    sql: SqlClient
    dataset: Dataset
    fields: ScoreFields
    facts: RunFacts
    scores: Scores
    fingerprint: str
    stage: Path
    wait_seconds: float
    log: Log
    sleep: Callable[[float], None]

    def ingest(
        self, rows_per_batch: int, scoring_set: str | None, exclusions: str | None
    ) -> tuple[tuple[str, ...], bool]:
        """Bring in every part that is not there yet; the batch ids by part, and whether anything was brought in."""
        parts = -(-self.scores.rows // rows_per_batch)
        visible = self._settled()
        there = {part: b.id for b in visible if self._is_ours(b, parts) and (part := _part(b)) is not None}
        missing = [part for part in range(parts) if part not in there]
        if not missing:
            self.log(f"{self.dataset.name}: run {self.facts.run_id} is published already.")
            return tuple(there[part] for part in range(parts)), False
        files = write_eligible(self.scores, self.fields, self.facts, self.stage, rows_per_batch=rows_per_batch)
        others = [b.id for b in visible if not self._is_ours(b, parts)]
        for part in missing:
            extra = self._not_eligible(scoring_set, exclusions) if part == 0 else []
            there[part] = self._send(part, parts, files[part] + extra, others if part == missing[0] else [])
        return tuple(there[part] for part in range(parts)), True

    def _send(self, part: int, parts: int, files: list[Path], replaces: list[str]) -> str:
        done = ingest_parquet(
            self.platform,
            self.dataset.name,
            files,
            external_id=f"{self.facts.run_id}-scores-{part:03d}",
            tags={RUN_TAG: [self.facts.run_id], FINGERPRINT_TAG: [self.fingerprint], PARTS_TAG: [str(parts)]},
            replaces=replaces,
            waiting=Waiting(deadline=self.wait_seconds, sleep=self.sleep),
            progress=self.log,
        )
        return done.batch_id

    def _not_eligible(self, scoring_set: str | None, exclusions: str | None) -> list[Path]:
        people = no_longer_scored(
            self.sql,
            self.dataset.table_name,
            self.fields,
            self.facts,
            self.scores,
            scoring_set=scoring_set,
            exclusions=exclusions,
        )
        self.log(f"{self.dataset.name}: {len(people):,} identities are told not eligible any more.")
        return write_not_eligible(people, self.fields, self.facts, self.stage)

    def _settled(self) -> list[Batch]:
        """This run's visible batches, once none is under way: a late one must not appear beside ours."""
        end, delay = time.monotonic() + self.wait_seconds, 0.3
        while True:
            known = [b for b in self.platform.catalog.batches(dataset_id=self.dataset.id) if self._is_of_run(b)]
            waiting = [b for b in known if b.state == "waiting"]
            if not waiting:
                return [b for b in known if b.state == "success"]
            if time.monotonic() > end:
                raise PlatformTimeout(
                    f"Batch {waiting[0].external_id} ({waiting[0].id}) is still {waiting[0].reported} after "
                    f"{self.wait_seconds:.0f} s.",
                    "Publish again later; if it stays so, ask Adobe support about this batch.",
                    service="Batch Ingestion",
                )
            self.log(f"{self.dataset.name}: batch {waiting[0].external_id} is {waiting[0].reported}; waiting for it.")
            self.sleep(delay)
            delay = min(60.0, delay * 1.6)

    def _is_of_run(self, batch: Batch) -> bool:
        return batch.external_id.startswith(f"{self.facts.run_id}-scores-")

    def _is_ours(self, batch: Batch, parts: int) -> bool:
        tags = batch.tags
        return tags.get(FINGERPRINT_TAG) == (self.fingerprint,) and tags.get(PARTS_TAG) == (str(parts),)


def _part(batch: Batch) -> int | None:
    found = re.search(r"-scores-(\d{3,})(?:-r\d+)?$", batch.external_id)
    return int(found.group(1)) if found else None


def _made(work_dir: Path | None) -> Path | None:
    if work_dir is not None:
        work_dir.mkdir(parents=True, exist_ok=True)
    return work_dir
