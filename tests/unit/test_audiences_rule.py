"""The audience's rule says exactly which published scores qualify."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.audiences import number, rule, threshold
from runner.publishing.scores import Scores, read_scores
from runner.publishing.xdm import ScoreFields
from runner.settings import AudienceSettings

AS_OF = datetime(2026, 11, 9, tzinfo=UTC)
FIELDS = ScoreFields("acme", "newsletter", "_acme.userId")


@pytest.fixture
def scores(tmp_path: Path) -> Scores:
    n = 997
    values = np.random.default_rng(3).random(n) ** 8
    columns = {
        "user_id": [f"u{i}" for i in range(n)],
        "as_of": pa.array([AS_OF] * n, pa.timestamp("ms", tz="UTC")),
        "score": values,
    }
    pq.write_table(pa.table(columns), tmp_path / "scores.parquet")
    return read_scores(tmp_path / "scores.parquet", AS_OF)


def test_the_rule_bounds_score_eligibility_and_as_of_day() -> None:
    assert rule(FIELDS, AS_OF, 0.05) == (
        "_acme.propensity.newsletter.eligible = true"
        " and _acme.propensity.newsletter.score >= 0.05"
        " and _acme.propensity.newsletter.asOf occurs on date(2026, 11, 9)"
    )


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-7, 5e-324, 1.0, 0.0, 2 / 3, 0.08])
def test_a_number_in_the_rule_is_the_published_double_itself(value: float) -> None:
    text = number(value)
    assert float(text) == value
    assert "e" not in text.lower()


def test_top_percent_becomes_a_published_score(scores: Scores) -> None:
    lowest = threshold(AudienceSettings(name="best", top_percent=10), scores)
    assert lowest in scores.ordered
    assert scores.at_least(lowest) == 99


def test_a_set_minimum_is_taken_as_it_is(scores: Scores) -> None:
    assert threshold(AudienceSettings(name="best", min_score=0.25), scores) == 0.25
    assert scores.at_least(0.25) == int((scores.ordered >= 0.25).sum())
