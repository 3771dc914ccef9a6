"""The audience is the published scores that meet the rule, evaluated after the publish and delivered row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.activation import Activated, Activation, Pending, activate_now, reconcile_activation, request_activation
from runner.audiences import Audience, upsert_audience
from runner.errors import DataError, RateLimited
from runner.publishing import publish, read_scores
from runner.quota import Quota
from tests.integration.sandbox import AS_OF, Sandbox, sandbox, use_case, write_scores

DAY = 86_400
SCORES = {f"u{i}": ((i * 7919) % 1000) / 1000 for i in range(500)}


CASES = [f"case_{letter}" for letter in "abcdefghij"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, list[str]]]:
    with sandbox(tmp_path_factory.mktemp("activate"), *map(use_case, CASES)) as made:
        yield made, CASES.copy()


@pytest.fixture
def world(shared: tuple[Sandbox, list[str]]) -> Sandbox:
    """A use case of its own for each test."""
    made, unused = shared
    return made.for_case(unused.pop())


def audience(world: Sandbox, tmp_path: Path, scores: dict[str, float], days: int = 0) -> tuple[Audience, Activation]:
    """Publish, set the audience's rule, ask for its delivery."""
    run = world.facts(days)
    file = write_scores(tmp_path / "scores.parquet", scores, run.as_of)
    published = publish(world.settings, world.case, world.platform, world.sql, run, file)
    made = upsert_audience(world.settings, world.case, world.platform, read_scores(file, run.as_of), run.as_of)
    asked = request_activation(
        world.settings,
        world.case,
        world.platform,
        made,
        run_id=run.run_id,
        published_ms=published.completed_ms,
        now=world.local.now(),
    )
    return made, asked


def test_the_daily_evaluation_delivers_exactly_the_audience(world: Sandbox, tmp_path: Path) -> None:
    made, asked = audience(world, tmp_path, SCORES)
    assert made.expected_size == sum(score >= made.min_score for score in SCORES.values()) == 50
    waiting = reconcile_activation(world.platform, asked)
    assert isinstance(waiting, Pending)
    assert waiting.awaited == "evaluation"
    world.local.advance(DAY)
    done = reconcile_activation(world.platform, asked, read_scores(tmp_path / "scores.parquet", AS_OF))
    assert isinstance(done, Activated)
    assert (done.audience_size, done.activated_rows) == (50, 50)
    assert done.files
    assert done.identities_checked


def test_the_wrong_people_in_the_right_number_are_refused(world: Sandbox, tmp_path: Path) -> None:
    _, asked = audience(world, tmp_path, SCORES)
    world.local.advance(DAY)
    turned = {user: 0.999 - score for user, score in SCORES.items()}
    others = read_scores(write_scores(tmp_path / "others.parquet", turned), AS_OF)
    with pytest.raises(DataError, match="50 of 50 delivered identities are not among the scores"):
        reconcile_activation(world.platform, asked, others)


def test_the_next_run_moves_the_same_audience(world: Sandbox, tmp_path: Path) -> None:
    first, _ = audience(world, tmp_path, SCORES)
    world.local.advance(7 * DAY)
    left = {user: score for user, score in SCORES.items() if score < 0.95}
    second, asked = audience(world, tmp_path, left, days=7)
    assert second.id == first.id
    assert second.changed
    world.local.advance(DAY)
    done = reconcile_activation(world.platform, asked)
    assert isinstance(done, Activated)
    assert done.activated_rows == second.expected_size == len(left) // 10
    assert second.min_score < 0.95


def test_the_same_run_again_changes_nothing(world: Sandbox, tmp_path: Path) -> None:
    first, asked = audience(world, tmp_path, SCORES)
    flow = world.platform.flows.flow(asked.flow_id)
    second, again = audience(world, tmp_path, SCORES)
    assert not second.changed
    assert second.id == first.id
    assert again.flow_id == asked.flow_id
    assert world.platform.flows.flow(asked.flow_id).etag == flow.etag
    assert len(flow.transformations[0]["params"]["segmentSelectors"]["selectors"]) == 1


def test_an_evaluation_older_than_the_publish_does_not_count(world: Sandbox, tmp_path: Path) -> None:
    audience(world, tmp_path, SCORES)
    world.local.advance(DAY)
    _, asked = audience(world, tmp_path, SCORES, days=1)
    assert isinstance(reconcile_activation(world.platform, asked), Pending)


def test_an_audience_that_is_not_what_was_published_is_refused(world: Sandbox, tmp_path: Path) -> None:
    _, asked = audience(world, tmp_path, SCORES)
    world.local.advance(DAY)
    wrong = Activation(**{**asked.__dict__, "expected": 51})
    with pytest.raises(DataError, match=r"51 published scores meet the rule.* counted 50 members, 50 rows"):
        reconcile_activation(world.platform, wrong)


def test_on_demand_takes_one_slot_and_a_retry_none(world: Sandbox, tmp_path: Path) -> None:
    _, asked = audience(world, tmp_path, SCORES)
    quota = Quota(tmp_path / "state", "dev")
    now = world.local.now()
    done = reconcile_activation(world.platform, activate_now(world.platform, asked, quota, now=now, seconds=120))
    assert isinstance(done, Activated)
    assert done.activated_rows == 50
    activate_now(world.platform, asked, quota, now=now, seconds=120)
    assert quota.used(now).today == 1


def test_a_used_up_quota_is_said_before_anything_starts(world: Sandbox, tmp_path: Path) -> None:
    _, asked = audience(world, tmp_path, SCORES)
    quota, now = Quota(tmp_path / "state", "dev"), world.local.now()
    jobs = len(world.platform.segmentation.jobs())
    quota.take("one-20261109", now)
    quota.take("two-20261109", now)
    with pytest.raises(RateLimited, match="2 of 2 used today"):
        activate_now(world.platform, asked, quota, now=now)
    assert len(world.platform.segmentation.jobs()) == jobs
