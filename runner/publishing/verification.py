"""Did the scores arrive? Three levels, each said by name: the lake always, profiles where the licence allows.

lake               SQL counts this run's rows: as many as were sent, each another identity
entities           50 profiles, read one by one, carry this run's score (Real-Time CDP Ultimate only)
profile_snapshot   the exported profiles carry as many scores of this run as were published (exact, a day later)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from runner.errors import DataError, NotFound, PermissionDenied
from runner.platform import Dataset, Platform
from runner.publishing.scores import Scores, batches
from runner.publishing.xdm import RunFacts, ScoreFields
from runner.sql import SqlClient, identifier, literal

SAMPLE = 50


@dataclass(frozen=True)
class Verification:
    """How far a publication was checked.

    Args:
        levels: the levels reached, in the order above.
        profiles_with_score: profiles of the snapshot that carry this run's score; None before there is one.
        warnings: why a level was not reached.
        eligible, not_eligible: this run's rows in the lake.
    """

    levels: tuple[str, ...]
    profiles_with_score: int | None
    warnings: tuple[str, ...]
    eligible: int
    not_eligible: int


def verify(
    platform: Platform,
    sql: SqlClient,
    fields: ScoreFields,
    dataset: Dataset,
    facts: RunFacts,
    scores: Scores,
    namespace: str,
    *,
    completed_ms: int,
) -> Verification:
    """Check a publication; may be called again any time, e.g. the next day for the profile snapshot.

    Args:
        dataset: the scores dataset.
        scores: the scores that were sent.
        namespace: of the person key.
        completed_ms: when the last batch was complete: an older profile snapshot says nothing about it.

    Raises:
        DataError: the lake holds other rows than were sent.
    """
    eligible, not_eligible = _lake(sql, fields, dataset, facts, scores)
    levels, warnings = ["lake"], []
    if problem := _entities(platform, fields, facts, scores, namespace):
        warnings.append(problem)
    else:
        levels.append("entities")
    counted, problem = _snapshot(platform, sql, fields, facts, completed_ms)
    if counted == scores.rows:
        levels.append("profile_snapshot")
    else:
        warnings.append(problem or f"The profile snapshot has {counted:,} scores of this run, not {scores.rows:,}.")
    return Verification(tuple(levels), counted, tuple(warnings), eligible, not_eligible)


def _lake(sql: SqlClient, fields: ScoreFields, dataset: Dataset, facts: RunFacts, scores: Scores) -> tuple[int, int]:
    """Rows, identities and scores of the run in the lake; refused when they are not what was sent."""
    eligible = f"{fields.path('eligible')} = true"
    [seen] = sql.rows(
        f"SELECT count(*) AS total, count(DISTINCT {fields.identity}) AS people,"
        f" sum(CASE WHEN {eligible} THEN 1 ELSE 0 END) AS eligible,"
        f" sum(CASE WHEN {eligible} THEN {fields.path('score')} ELSE 0 END) AS score"
        f" FROM {identifier(dataset.table_name)} WHERE {fields.path('runId')} = {literal(facts.run_id)}"
    )
    total, people, good = int(seen["total"]), int(seen["people"]), int(seen["eligible"] or 0)
    sent = float(scores.ordered.sum())
    # The order of summation differs, so the sum of the scores agrees to rounding only.
    if total != people or good != scores.rows or abs(float(seen["score"] or 0) - sent) > 1e-6 * max(1.0, sent):
        raise DataError(
            f"{dataset.name} holds {total:,} rows of run {facts.run_id} for {people:,} identities, {good:,} of them "
            f"eligible with scores that add up to {float(seen['score'] or 0):.6f}; {scores.rows:,} scores were sent "
            f"that add up to {sent:.6f}.",
            "Publish again: what is missing is completed. Rows twice mean that somebody else writes to this dataset.",
        )
    return good, total - good


def _entities(platform: Platform, fields: ScoreFields, facts: RunFacts, scores: Scores, namespace: str) -> str:
    """Why the sample of profiles does not confirm the scores; empty when it does."""
    sample = _sample(scores)
    wanted = [fields.path("score"), fields.path("asOf")]
    try:
        found = platform.profiles.entities(sample, namespace, wanted)
    except PermissionDenied as error:
        return f"Profiles cannot be read one by one here ({error.title or error.status}); verified without them."
    right = 0
    for who, score in sample.items():
        attributes = found[who].attributes if who in found else {}
        when = _at(attributes, fields.path("asOf"))
        right += _at(attributes, fields.path("score")) == score and _same_moment(when, facts.as_of)
    if right == len(sample):
        return ""
    return f"{right} of {len(sample)} sampled profiles carry this run's score so far; Profile lags behind the lake."


def _snapshot(
    platform: Platform, sql: SqlClient, fields: ScoreFields, facts: RunFacts, completed_ms: int
) -> tuple[int | None, str]:
    """Profiles of the snapshot with this run's score; None and the reason when there is no snapshot new enough."""
    policy = next((p for p in platform.profiles.merge_policies() if p.default), None)
    if policy is None:
        return None, "The sandbox has no default merge policy, so there is no profile snapshot."
    snapshot = platform.catalog.find_dataset(f"Profile Attribute {policy.id}")
    if snapshot is None or not snapshot.table_name:
        return None, "There is no profile snapshot yet; the platform makes one a day."
    since = completed_ms
    newer = platform.catalog.batches(dataset_id=snapshot.id, status="success", created_after_ms=since)
    if not any((b.completed_ms or b.created_ms) > since for b in newer):
        return None, "The newest profile snapshot is older than these scores; the next one is due within a day."
    try:
        return sql.count(
            snapshot.table_name,
            f"{fields.path('runId')} = {literal(facts.run_id)} AND {fields.path('eligible')} = true"
            f" AND {fields.path('score')} IS NOT NULL AND {fields.path('asOf')} ="
            f" to_timestamp({literal(facts.as_of.strftime('%Y-%m-%d %H:%M:%S'))})",
        ), ""
    except NotFound as error:
        return None, f"The profile snapshot cannot be read: {error.message}"


def _sample(scores: Scores) -> dict[str, float]:
    """Identities evenly through the file, with their scores."""
    step = max(1, scores.rows // SAMPLE)
    chosen: dict[str, float] = {}
    start = 0
    for batch in batches(scores.file):
        at = pa.array([i - start for i in range(start + (-start % step), start + batch.num_rows, step)], pa.int64())
        picked = batch.take(at)
        chosen |= dict(zip(picked.column("user_id").to_pylist(), picked.column("score").to_pylist(), strict=True))
        start += batch.num_rows
        if len(chosen) >= SAMPLE:
            break
    return dict(list(chosen.items())[:SAMPLE])


def _at(attributes: Mapping[str, Any], path: str) -> Any:
    here: Any = attributes
    for name in path.split("."):
        here = here.get(name) if isinstance(here, Mapping) else None
    return here


def _same_moment(text: object, moment: datetime) -> bool:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp() == moment.timestamp()
    except ValueError:
        return False
