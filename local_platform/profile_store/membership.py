"""Evaluates one audience rule over all merged profiles and writes who is in, who left, and since when."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from local_platform.pql import Compiled, compile_pql
from local_platform.profile_store.engine import parquet
from local_platform.profile_store.ledger import Membership
from local_platform.profile_store.store import ProfileStore


@dataclass(frozen=True)
class Evaluation:
    """Counts of one audience; ``file`` is complete but counts only once the ledger names it."""

    membership: Membership
    by_namespace: dict[str, int]


def compiled(store: ProfileStore, expression: str) -> Compiled:
    """The rule against the fields that profiles have now; a field nobody has yet is absent for everybody."""
    return compile_pql(expression, store.merged().types, store.event_types())


def matching(store: ProfileStore, rule: Compiled, columns: str = '"@namespace", "@identity"') -> str:
    """SQL of the profiles that meet the rule. Give ``$now`` when `needs_now`."""
    ctes = [f"p AS (SELECT * FROM {parquet([store.merged().file])})"]
    if rule.reads_events:
        files = store.event_files()
        ctes.append(f"events AS ({'SELECT * FROM ' + parquet(files) if files else _NO_EVENTS})")
    return f"WITH {', '.join(ctes)} SELECT {columns} FROM p WHERE {rule.sql}"


_NO_EVENTS = 'SELECT CAST(NULL AS VARCHAR) AS "@namespace", CAST(NULL AS VARCHAR) AS "@identity" WHERE FALSE'


def parameters(rule: Compiled, at: datetime) -> dict[str, object]:
    """The statement's parameters: the time of evaluation, where the rule uses it."""
    return {"now": at.astimezone(UTC).replace(tzinfo=None)} if "$now" in rule.sql else {}


def count(store: ProfileStore, rule: Compiled, at: datetime) -> int:
    """How many profiles meet the rule at ``at``."""
    with store.engine.cursor() as cursor:
        found = cursor.execute(matching(store, rule, "count(*)"), parameters(rule, at)).fetchone()
    return int(found[0]) if found else 0


def sample(store: ProfileStore, rule: Compiled, at: datetime, limit: int) -> list[tuple[str, str]]:
    """Some (namespace, identity) pairs that meet the rule."""
    sql = f'{matching(store, rule)} ORDER BY "@namespace", "@identity" LIMIT {int(limit)}'
    with store.engine.cursor() as cursor:
        return [(str(n), str(i)) for n, i in cursor.execute(sql, parameters(rule, at)).fetchall()]


def evaluate(store: ProfileStore, segment_id: str, rule: Compiled, at: datetime, job_id: str) -> Evaluation:
    """The memberships of an audience by rule as of ``at``; see `record`."""
    return record(store, segment_id, matching(store, rule), at, job_id, values=parameters(rule, at))


def listed(store: ProfileStore, dataset_id: str) -> str:
    """SQL of the people whom the records of a dataset name."""
    files = [
        store.directory / "fragments" / item.file for item in store.ledger.fragments() if item.dataset_id == dataset_id
    ]
    return f'SELECT DISTINCT "@namespace", "@identity" FROM {parquet(files) if files else "(" + _NOBODY + ")"}'


def record(
    store: ProfileStore,
    segment_id: str,
    members: str,
    at: datetime,
    job_id: str,
    *,
    space: str = "ups",
    values: dict[str, object] | None = None,
) -> Evaluation:
    """Write the memberships of one audience as of ``at``; nothing is visible before the ledger names the file.

    ``realized``: in the audience now, since it (last) entered. ``exited``: was in at the evaluation before, is not now,
    or left earlier and did not come back.

    Args:
        members: SQL of ``@namespace`` and ``@identity`` of who is in it.
        space: the audience's namespace, under which profiles show their memberships.
        values: parameters of `members`.
    """
    before = store.ledger.membership(segment_id)
    previous = f"SELECT * FROM {parquet([store.directory / 'memberships' / before.file])}" if before else _NOBODY
    moment = f"TIMESTAMP '{at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ', timespec='milliseconds')}'"
    sql = (
        f'SELECT coalesce(n."@namespace", b."@namespace") AS "@namespace", '
        f'coalesce(n."@identity", b."@identity") AS "@identity", \'{space}\' AS space, \'{segment_id}\' AS segment, '
        "CASE WHEN n.\"@identity\" IS NOT NULL THEN 'realized' ELSE 'exited' END AS status, "
        f"CASE WHEN (n.\"@identity\" IS NOT NULL) = (b.status = 'realized') THEN b.since ELSE {moment} END AS since "
        f"FROM ({members}) n FULL OUTER JOIN ({previous}) b "
        'ON n."@namespace" = b."@namespace" AND n."@identity" = b."@identity" ORDER BY 1, 2'
    )
    name = f"{segment_id}-{secrets.token_hex(6)}.parquet"
    file = store.directory / "memberships" / name
    store.engine.copy(sql, file, values)
    with store.engine.cursor() as cursor:
        rows = cursor.execute(
            f"SELECT \"@namespace\", count(*) FILTER (status = 'realized'), "
            f"count(*) FILTER (status = 'exited' AND since = {moment}) FROM {parquet([file])} GROUP BY 1"
        ).fetchall()
    membership = Membership(
        segment_id=segment_id,
        file=name,
        job_id=job_id,
        evaluated_ms=int(at.timestamp() * 1000),
        realized=sum(int(row[1]) for row in rows),
        exited=sum(int(row[2]) for row in rows),
    )
    return Evaluation(membership, {str(row[0]).lower(): int(row[1]) for row in rows if row[1]})


_NOBODY = (
    'SELECT CAST(NULL AS VARCHAR) AS "@namespace", CAST(NULL AS VARCHAR) AS "@identity", '
    "CAST(NULL AS VARCHAR) AS segment, CAST(NULL AS VARCHAR) AS status, CAST(NULL AS TIMESTAMP) AS since WHERE FALSE"
)
