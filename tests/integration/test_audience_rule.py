"""The audience's rule against the platform: created once, changed by name, refused when it would be empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.audiences import upsert_audience
from runner.errors import DataError
from runner.publishing import read_scores
from tests.integration.sandbox import AS_OF, Sandbox, sandbox, use_case, write_scores


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with sandbox(tmp_path_factory.mktemp("audience"), use_case("newsletter", min_score=0.9)) as made:
        yield made


def test_an_audience_that_would_be_empty_is_refused(world: Sandbox, tmp_path: Path) -> None:
    scores = read_scores(write_scores(tmp_path / "s.parquet", {"a": 0.1, "b": 0.2}), AS_OF)
    with pytest.raises(DataError, match=r"No score reaches 0\.9"):
        upsert_audience(world.settings, world.case, world.platform, scores, AS_OF)


def test_the_rule_is_changed_under_the_same_name(world: Sandbox, tmp_path: Path) -> None:
    scores = read_scores(write_scores(tmp_path / "s.parquet", {"a": 0.1, "b": 0.95}), AS_OF)
    first = upsert_audience(world.settings, world.case, world.platform, scores, AS_OF)
    assert (first.expected_size, first.min_score, first.changed) == (1, 0.9, True)
    assert not upsert_audience(world.settings, world.case, world.platform, scores, AS_OF).changed
    moved = upsert_audience(world.settings, world.case, world.platform, scores, AS_OF.replace(day=16))
    assert moved.id == first.id
    assert "date(2026, 11, 16)" in world.platform.segmentation.definition(first.id).pql
