"""What earlier runs published: who was eligible and is no longer scored, and whether a newer run is already out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa

from runner.errors import DataError
from runner.publishing.scores import Scores
from runner.publishing.xdm import RunFacts, ScoreFields
from runner.sql import SqlClient, literal

NOT_SCORED = "not_scored"
"""The reason given when no exclusion rule of the run names the identity."""
_SLICE = 40_000
"""Identities read by one statement: under the 50,000 rows at which an answer is cut in silence."""


def refuse_newer(sql: SqlClient, table: str, fields: ScoreFields, facts: RunFacts) -> None:
    """Refuse to publish a run when a later one is out: Profile would keep the older scores, ingested last.

    Raises:
        DataError: naming the later as-of time.
    """
    newest = sql.scalar(f"SELECT max({fields.path('asOf')}) AS newest FROM {table}")
    if newest is not None and moment(newest) > facts.as_of:
        raise DataError(
            f"{table} already holds scores as of {moment(newest).date()}, newer than {facts.run_id}.",
            "Profile keeps what was ingested last, so older scores would win. Run the use case for a later date.",
        )


def no_longer_scored(
    sql: SqlClient,
    table: str,
    fields: ScoreFields,
    facts: RunFacts,
    scores: Scores,
    *,
    scoring_set: str | None = None,
    exclusions: str | None = None,
) -> list[tuple[str, str]]:
    """Identities whose latest published row says eligible and which this run does not score, with the reason.

    Eligible rows of this very run count as published too: when its scores are replaced by corrected ones, whoever is
    only in the old ones is told not eligible. Its not-eligible rows do not count: they leave with what is replaced.

    Args:
        scoring_set: table with this run's scored rows (user_id, run_id), if there is one; it keeps those rows from
            being sent here only to be thrown away.
        exclusions: table with user_id, reason, run_id of who was left out, if there is one.
    """
    people: list[tuple[str, str]] = []
    for rows in _slices(sql, _published(table, fields, facts), _unscored(facts, scoring_set), exclusions, facts):
        users = pa.array([str(row["user_id"]) for row in rows], pa.string())
        scored = scores.holds(users)
        people += [
            (str(row["user_id"]), str(row["reason"] or NOT_SCORED))
            for row, still in zip(rows, scored, strict=True)
            if not still
        ]
    return sorted(people)


def moment(value: object) -> datetime:
    """A timestamp of a SQL answer; they come without a zone and are UTC."""
    if not isinstance(value, datetime):
        raise DataError(f"Expected a timestamp from Query Service, got {value!r}.", "Check the type of asOf.")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _published(table: str, fields: ScoreFields, facts: RunFacts) -> str:
    run, eligible = fields.path("runId"), fields.path("eligible")
    return f"""published AS (
  SELECT {fields.identity} AS user_id, {fields.path("asOf")} AS as_of, {eligible} AS eligible
  FROM {table}
  WHERE {run} IS NOT NULL AND ({eligible} = true OR {run} <> {literal(facts.run_id)})
), ordered AS (
  SELECT user_id, eligible, row_number() OVER (PARTITION BY user_id ORDER BY as_of DESC) AS position FROM published
), latest AS (
  SELECT user_id FROM ordered WHERE position = 1 AND eligible = true
)"""


def _unscored(facts: RunFacts, scoring_set: str | None) -> str:
    if scoring_set is None:
        return "gone AS (SELECT user_id FROM latest)"
    return f"""scored AS (
  SELECT DISTINCT user_id FROM {scoring_set} WHERE run_id = {literal(facts.run_id)}
), gone AS (
  SELECT l.user_id AS user_id FROM latest l LEFT JOIN scored s ON s.user_id = l.user_id WHERE s.user_id IS NULL
)"""


def _slices(
    sql: SqlClient, published: str, unscored: str, exclusions: str | None, facts: RunFacts
) -> Iterator[list[dict[str, object]]]:
    steps = f"WITH {published}, {unscored}"
    many = int(str(sql.scalar(f"{steps} SELECT count(*) AS n FROM gone") or 0))
    slices = -(-many // _SLICE)
    for number in range(slices):
        where = "" if slices == 1 else f" WHERE {_bucket('g.user_id', slices)} = {number}"
        if exclusions is None:
            yield sql.rows(f"{steps} SELECT g.user_id AS user_id, NULL AS reason FROM gone g{where}")
        else:
            reasons = f"SELECT user_id, min(reason) AS reason FROM {exclusions} WHERE run_id = {literal(facts.run_id)}"
            yield sql.rows(
                f"{steps}, reasons AS ({reasons} GROUP BY user_id) SELECT g.user_id AS user_id, r.reason AS reason"
                f" FROM gone g LEFT JOIN reasons r ON r.user_id = g.user_id{where}"
            )


def _bucket(column: str, buckets: int) -> str:
    """Even slices of identities by their hash, whatever they look like."""
    return f"CAST(conv(substr(md5({column}), 1, 8), 16, 10) AS bigint) % {buckets}"
