"""Sketches of the local Query Service: merging is as good as building, and estimates are close."""

from __future__ import annotations

import pytest

from local_platform.query_service.engine.sketches import build, estimate, merge

SIZES = (4, 8, 12)


def people(number: int) -> list[str]:
    return [f"person {place}" for place in range(number)]


@pytest.mark.parametrize("number", [0, 3, 600, 20_000])
@pytest.mark.parametrize("size", SIZES)
def test_merging_parts_that_overlap_gives_the_sketch_of_all(number: int, size: int) -> None:
    everybody = people(number)
    parts = [build(everybody[: number * 2 // 3], size), build(everybody[number // 3 :], size)]
    assert merge(parts, False) == build(everybody, size)


@pytest.mark.parametrize("number", [3, 600, 20_000])
def test_merging_different_sizes_gives_the_sketch_of_the_smaller(number: int) -> None:
    everybody = people(number)
    assert merge([build(everybody, 12), build(everybody[:1], 8)], True) == build(everybody, 8)
    with pytest.raises(ValueError, match="lgConfigK"):
        merge([build(everybody, 12), build(everybody, 8)], False)


def test_few_values_are_counted_exactly_and_many_within_five_percent() -> None:
    assert [estimate(build(people(number), 12)) for number in (0, 1, 2, 512)] == [0, 1, 2, 512]
    for number in (1_000, 5_000, 20_000, 100_000):
        assert abs(estimate(build(people(number), 12)) / number - 1) < 0.05


def test_what_is_no_sketch_is_refused() -> None:
    for text in ("", "x", "AAAA", build(people(1), 12)[:-4]):
        with pytest.raises(ValueError, match="no sketch"):
            estimate(text)
