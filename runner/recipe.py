"""The documented notebook recipe on our question: how good it says it is, and how good it is when it scores people.

The notebooks measure a person who converts at the moment of converting, and one who does not at some moment; then they
judge the model on more rows of that kind. Here the same query and the same random forest are also asked what a campaign
asks: who, as of a date, converts in the days that follow. Our model was judged on that, and on these very people.

Kept as documented: the seven counts and seven minutes-since over everything up to and including the chosen row, the
event type of one of them misspelt, null filled with zero, rows split at random. Changed, because nothing could be
repeated otherwise: the random row of who did not convert is drawn by a hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from runner.evaluation import Curve, auc, roc
from runner.sql import identifier, literal

Floats = npt.NDArray[np.float64]
EVENTS = (
    ("directMarketing.emailSent", "directMarketing.emailSent"),
    ("directMarketing.emailOpened", "directMarketing.emailOpened"),
    ("directMarketing.emailClicked", "directMarketing.emailClicked"),
    ("commerce.productViews", "commerce.productViews"),
    ("decisioning.propositionInteract", "decisioning.propositionInteract"),
    ("decisioning.propositionDismiss", "propositionDismiss"),
    ("web.webinteraction.linkClicks", "web.webinteraction.linkClicks"),
)
"""What is counted, and what the minutes since are matched with: the misspelt one never matches."""
MOST_PEOPLE = 40_000
"""A result ends at 50,000 rows there, so of more people a part is drawn by a hash."""
FEWEST = 50
"""People of either kind that a fifth of the rows can be judged with."""
SEED = 7


class Sql(Protocol):
    """What is needed of a SQL client."""

    def rows(self, sql: str) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Judgement:
    """How well scores rank: the AUC, its curve, and on how many rows with how many conversions."""

    auc: float
    curve: Curve
    rows: int
    conversions: int


@dataclass(frozen=True)
class Recipe:
    """The recipe's model judged its own way and as of a date, and our model on the same people.

    Args:
        as_of: ISO date; rows to learn from are from before its 00:00 UTC, conversions from after it.
        own_test: on a random fifth of the recipe's own rows. on_date, ours: people as of the date.
    """

    as_of: str
    own_test: Judgement
    on_date: Judgement
    ours: Judgement

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        judged = {k: _judgement_from(content[k]) for k in ("own_test", "on_date", "ours")}
        return cls(as_of=content["as_of"], **judged)


def follow_recipe(sql: Sql, table: str, key: str, target_event: str, test_scores_file: Path) -> Recipe | None:
    """Train the recipe on events before our model's test as-of time, and judge both.

    Args:
        table: the event table. key: path of the person key, as SQL reads it. target_event: what is predicted.
        test_scores_file: our model's test rows: user_id, as_of, label, score.

    Returns:
        None where the data hold none of the events that the recipe counts, or fewer than `FEWEST` people who converted,
        or who did not.
    """
    tested = pq.read_table(test_scores_file)
    moment: datetime = tested["as_of"][0].as_py().astimezone(UTC)
    share = _share_of_people(sql, table, key, moment)
    x, y, _ = _arrays(sql.rows(training_query(table, key, target_event, moment, share)))
    if not x.any() or min(int(y.sum()), int((1 - y).sum())) < FEWEST:
        return None
    held_out = np.random.default_rng(SEED).random(y.size) < 0.2
    forest = _forest(x[~held_out], y[~held_out])
    on_date, _, people = _arrays(sql.rows(scoring_query(table, key, moment, share)))
    position = {user: n for n, user in enumerate(people)}
    known = np.array([position.get(user, -1) for user in tested["user_id"].to_pylist()])
    asked = known >= 0 if share < 1000 else np.ones(known.size, dtype=bool)
    features = np.vstack([on_date, np.zeros((1, x.shape[1]))])[known[asked]]
    label = tested["label"].to_numpy().astype(np.float64)[asked]
    return Recipe(
        as_of=f"{moment:%Y-%m-%d}",
        own_test=_judge(forest.predict_proba(x[held_out])[:, 1], y[held_out]),
        on_date=_judge(forest.predict_proba(features)[:, 1], label),
        ours=_judge(tested["score"].to_numpy()[asked], label),
    )


def training_query(table: str, key: str, target_event: str, before: datetime, share: int) -> str:
    """The documented query: a row at the conversion of who converted once, a random row of who did not."""
    frame = "over (partition by user_id order by at asc rows between unbounded preceding and current row)"
    counts = [
        f"sum(case when event_type = {literal(counted)} then 1 else 0 end) {frame} as x{n}"
        for n, (counted, _) in enumerate(EVENTS)
    ]
    minutes = [
        f"time_between_previous_match(at, event_type = {literal(matched)}, 'minutes') {frame} as x{n}"
        for n, (_, matched) in enumerate(EVENTS, start=len(EVENTS))
    ]
    converted = f"event_type = {literal(target_event)}"
    return (
        f"with events as ({_events(table, key, before, share)}), marked as (select user_id, event_type, "
        f"{', '.join(counts)}, {', '.join(minutes)}, "
        f"sum(case when {converted} then 1 else 0 end) over (partition by user_id) as conversions, "
        "row_number() over (partition by user_id order by md5(event_id) asc nulls last, at asc nulls last) as place "
        f"from events) select user_id, conversions as y, {_names()} from marked "
        f"where (conversions = 1 and {converted}) or (conversions = 0 and place = 1) order by user_id asc nulls last"
    )


def scoring_query(table: str, key: str, as_of: datetime, share: int) -> str:
    """The same columns for every person as of a moment."""
    counts = [f"sum(case when event_type = {literal(c)} then 1 else 0 end) as x{n}" for n, (c, _) in enumerate(EVENTS)]
    now = int(as_of.timestamp())
    minutes = [
        f"floor(({now} - max(case when event_type = {literal(m)} then unix_timestamp(at) end)) / 60) as x{n}"
        for n, (_, m) in enumerate(EVENTS, start=len(EVENTS))
    ]
    return (
        f"with events as ({_events(table, key, as_of, share)}) select user_id, 0 as y, {', '.join(counts)}, "
        f"{', '.join(minutes)} from events group by user_id"
    )


def _events(table: str, key: str, before: datetime, share: int) -> str:
    person = identifier(key)
    drawn = f" and {_bucket(person)} < {share}" if share < 1000 else ""
    return (
        f"select {person} as user_id, _id as event_id, eventType as event_type, timestamp as at "
        f"from {identifier(table)} where timestamp < cast('{before:%Y-%m-%d %H:%M:%S}' as timestamp) "
        f"and {person} is not null and {person} <> ''{drawn}"
    )


def _share_of_people(sql: Sql, table: str, key: str, before: datetime) -> int:
    """How many thousandths of the people fit into one result."""
    people = int(
        sql.rows(f"select count(distinct user_id) as n from ({_events(table, key, before, 1000)}) as e")[0]["n"]
    )
    return 1000 if people <= MOST_PEOPLE else max(1, 1000 * MOST_PEOPLE // people)


def _bucket(person: str) -> str:
    return f"cast(conv(substr(md5(concat('recipe ', {person})), 1, 8), 16, 10) as bigint) % 1000"


def _names() -> str:
    return ", ".join(f"x{n}" for n in range(2 * len(EVENTS)))


def _arrays(rows: Sequence[Mapping[str, Any]]) -> tuple[Floats, Floats, list[str]]:
    """Features with null as 0, as the notebooks fill them; labels; people."""
    x = np.array([[float(r[f"x{n}"] or 0) for n in range(2 * len(EVENTS))] for r in rows], dtype=np.float64)
    return x.reshape(len(rows), 2 * len(EVENTS)), np.array([float(r["y"]) for r in rows]), [r["user_id"] for r in rows]


def _forest(x: Floats, y: Floats) -> Any:
    # Not at the top: scikit-learn takes seconds to load.
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=100, random_state=SEED, n_jobs=2).fit(x, y)


def _judge(score: Floats, label: Floats) -> Judgement:
    return Judgement(auc(score, label), roc(score, label, np.ones_like(label)), int(label.size), int(label.sum()))


def _judgement_from(content: Mapping[str, Any]) -> Judgement:
    curve = Curve(tuple(content["curve"]["x"]), tuple(content["curve"]["y"]))
    return Judgement(content["auc"], curve, content["rows"], content["conversions"])
