"""Scores reach the lake and the profiles exactly once, whatever is run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.errors import DataError
from runner.publishing import Published, RunFacts, publish
from tests.integration.sandbox import Sandbox, sandbox, use_case, write_scores

FIRST = {f"u{i}": i / 1000 for i in range(300)}


CASES = [f"case_{letter}" for letter in "abcdefghij"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, list[str]]]:
    with sandbox(tmp_path_factory.mktemp("publish"), *map(use_case, CASES)) as made:
        yield made, CASES.copy()


@pytest.fixture
def world(shared: tuple[Sandbox, list[str]]) -> Sandbox:
    """A use case of its own for each test."""
    made, unused = shared
    return made.for_case(unused.pop())


def send(world: Sandbox, tmp_path: Path, scores: dict[str, float], run: RunFacts, **options: object) -> Published:
    file = write_scores(tmp_path / "scores.parquet", scores, run.as_of)
    return publish(world.settings, world.case, world.platform, world.sql, run, file, **options)  # type: ignore[arg-type]


def in_lake(world: Sandbox, run: RunFacts) -> dict[str, tuple[bool, float | None]]:
    base = f"_acme.propensity.{world.case.name}"
    rows = world.sql.rows(
        f"SELECT _acme.userId AS user_id, {base}.eligible AS eligible, {base}.score AS score"
        f" FROM propensity_{world.case.name}_scores WHERE {base}.runId = '{run.run_id}'"
    )
    assert len(rows) == len({r["user_id"] for r in rows})
    return {r["user_id"]: (_true(r["eligible"]), r["score"]) for r in rows}


def _true(value: object) -> bool:
    return value is True or str(value).lower() in ("t", "true")


def batches(world: Sandbox) -> list[str]:
    dataset = world.platform.catalog.dataset_named(f"propensity_{world.case.name}_scores")
    return [b.external_id for b in world.platform.catalog.batches(dataset_id=dataset.id) if b.state == "success"]


def test_every_score_is_in_the_lake_once_and_a_repeat_does_nothing(world: Sandbox, tmp_path: Path) -> None:
    done = send(world, tmp_path, FIRST, world.facts())
    assert done.created
    assert (done.scores_published, done.not_eligible_published) == (300, 0)
    assert "lake" in done.verification.levels
    assert in_lake(world, world.facts()) == {user: (True, score) for user, score in FIRST.items()}
    again = send(world, tmp_path, FIRST, world.facts())
    assert not again.created
    assert again.batch_ids == done.batch_ids
    assert batches(world) == [f"{world.case.name}-20261109-scores-000"]


def test_who_drops_out_gets_an_explicit_not_eligible_row(world: Sandbox, tmp_path: Path) -> None:
    send(world, tmp_path, FIRST, world.facts())
    left = dict.fromkeys(list(FIRST)[:250], 0.5) | {"new": 0.9}
    done = send(world, tmp_path, left, world.facts(7))
    assert (done.scores_published, done.not_eligible_published) == (251, 50)
    lake = in_lake(world, world.facts(7))
    assert lake["u299"] == (False, None)
    assert lake["new"] == (True, 0.9)
    third = send(world, tmp_path, left, world.facts(14))
    assert third.not_eligible_published == 0


def test_corrected_scores_replace_the_first_ones(world: Sandbox, tmp_path: Path) -> None:
    send(world, tmp_path, FIRST, world.facts())
    corrected = {user: score / 2 for user, score in FIRST.items() if user != "u7"}
    done = send(world, tmp_path, corrected, world.facts())
    assert (done.scores_published, done.not_eligible_published) == (299, 1)
    lake = in_lake(world, world.facts())
    assert lake["u8"] == (True, 0.004)
    assert lake["u7"] == (False, None)
    assert len(batches(world)) == 1
    assert not send(world, tmp_path, corrected, world.facts()).created


class Killed(Exception):
    """Stands for the process being killed."""


def die_at(line: int) -> Callable[[str], None]:
    """A log that kills at its nth line."""
    left = [line]

    def log(_: str) -> None:
        left[0] -= 1
        if not left[0]:
            raise Killed

    return log


def test_killed_at_any_line_and_run_again_nothing_is_lost_or_doubled(world: Sandbox, tmp_path: Path) -> None:
    """One run after the other, each killed two lines later than the one before; every run drops other people."""
    before: set[str] = set()
    for day in range(40):
        scores = {f"u{i}": (i + day) / 1000 for i in range(300) if i % 40 != day}
        run = world.facts(day)
        try:
            send(world, tmp_path, scores, run, rows_per_batch=150, log=die_at(2 * day + 1))
            killed = False
        except Killed:
            killed = True
        done = send(world, tmp_path, scores, run, rows_per_batch=150)
        expected = {user: (True, score) for user, score in scores.items()}
        assert in_lake(world, run) == expected | dict.fromkeys(before - set(scores), (False, None))
        assert len(done.batch_ids) == 2
        before = set(scores)
        if not killed:
            # How many lines there are depends on how often the batch was seen on its way: at least these.
            assert day >= 2
            return
    raise AssertionError("a publication of two batches says fewer than eighty lines")


def test_fewer_parts_leave_nothing_of_the_old_ones(world: Sandbox, tmp_path: Path) -> None:
    send(world, tmp_path, FIRST, world.facts(), rows_per_batch=100)
    done = send(world, tmp_path, {u: s / 2 for u, s in FIRST.items()}, world.facts())
    assert (done.scores_published, len(batches(world))) == (300, 1)


def test_an_older_run_is_not_published_over_a_newer_one(world: Sandbox, tmp_path: Path) -> None:
    send(world, tmp_path, FIRST, world.facts(7))
    with pytest.raises(DataError, match=r"already holds scores as of 2026-11-16, newer than case_[a-j]-20261109"):
        send(world, tmp_path, FIRST, world.facts())


def test_profiles_carry_the_scores_and_the_snapshot_counts_them(world: Sandbox, tmp_path: Path) -> None:
    send(world, tmp_path, FIRST, world.facts())
    world.local.advance(86_400)
    done = send(world, tmp_path, FIRST, world.facts())
    assert done.verification.levels == ("lake", "entities", "profile_snapshot")
    assert done.profiles_with_score == 300
    assert done.verification.warnings == ()
