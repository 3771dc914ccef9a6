"""The records of an activation: asked for, not there yet, done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Activation:
    """An activation that was asked for. Kept in the run's record until it is reconciled.

    Args:
        run_id: the run whose scores the audience is made of.
        audience_id, flow_id: the audience and the dataflow that delivers it.
        path: folder of the delivered files, below the landing zone's root.
        expected: published scores that meet the audience's rule.
        after_ms: an evaluation counts only if it began after this moment (publish and rule both done), epoch ms.
        min_score: the lowest published score that qualifies.
        namespace: of the person key.
        on_demand: evaluated on request instead of by the daily schedule.
    """

    run_id: str
    audience_id: str
    flow_id: str
    path: str
    expected: int
    after_ms: int
    min_score: float = 0.0
    namespace: str = ""
    on_demand: bool = False


@dataclass(frozen=True)
class Pending:
    """Not there yet.

    Args:
        awaited: what comes next ("evaluation", "delivery").
        since: since when it is awaited (UTC).
        expected_by: when it should have happened (UTC); None where the platform does not say.
        detail: one sentence for people.
    """

    awaited: str
    since: datetime
    expected_by: datetime | None
    detail: str


@dataclass(frozen=True)
class Activated:
    """A delivery that is exactly the audience that was published.

    Args:
        audience_size: members as the evaluation counted them.
        activated_rows: rows in the delivered files.
        evaluation_id, flow_run_id: which evaluation, which run of the dataflow.
        files: the delivered files, below the landing zone's root.
        identities_checked: every delivered identity was found among the published scores that meet the rule.
    """

    run_id: str
    audience_id: str
    audience_size: int
    activated_rows: int
    evaluation_id: str
    flow_run_id: str
    files: tuple[str, ...]
    identities_checked: bool = False
