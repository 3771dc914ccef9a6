"""Which files of the landing zone one run of the dataflow wrote."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runner.activation.delivery import files_of_run

BEGUN = datetime(2026, 11, 30, 5, tzinfo=UTC)
NAMES = "zone/propensity/audiences/newsletter/newsletter_{}_{}{}.csv"


@pytest.mark.parametrize(
    "audience",
    ["793f3d0c-6523-401f-903d-18ec8703423a", "793f3d0c-6523-401f-903d-18ec87034230"],
    ids=["letters", "digits"],
)
def test_it_is_those_of_its_own_time_whatever_the_audience_is_called(audience: str) -> None:
    yesterday, own, also_own, tomorrow = (
        NAMES.format(audience, stamp, part)
        for stamp, part in (
            ("20261129_050000", ""), ("20261130_050002", "_1"), ("20261130_050002", "_2"), ("20261201_050000", ""),
        )
    )  # fmt: skip
    others = [NAMES.format("11111111-2222-3333-4444-555555555555", "20261130_050002", ""), own.replace(".csv", ".json")]
    assert files_of_run([yesterday, own, also_own, tomorrow, *others], audience, BEGUN) == [own, also_own]
    assert files_of_run([yesterday, *others], audience, BEGUN) == []
