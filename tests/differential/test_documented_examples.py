"""The examples of Spark's documentation have the same answers; what differs is listed with its reason."""

from __future__ import annotations

import pytest

from tests.differential.engines import Engines
from tests.differential.examples import DIFFERENT, different, examples

# Every eighth function is enough to see that the comparison works; its campaign is the whole.
SHARE = 8


def _differing(engines: Engines, listed: list[str]) -> list[str]:
    seen = [(sql, engines.difference(sql)) for sql in listed if different(sql) is None]
    return [f"{sql}\n{difference}" for sql, difference in seen if difference]


def test_examples_of_every_eighth_function_are_answered_as_spark_does(engines: Engines) -> None:
    found = examples(engines.spark)
    listed = [sql for name in sorted(found)[::SHARE] for sql in found[name]]
    assert len(listed) > 60
    assert not _differing(engines, listed)


@pytest.mark.soak
def test_every_example_is_answered_as_spark_does(engines: Engines) -> None:
    listed = [sql for each in examples(engines.spark).values() for sql in each]
    assert len(listed) > 350
    differing = _differing(engines, listed)
    assert not differing, "\n\n".join(differing)


@pytest.mark.soak
def test_a_listed_example_still_differs(engines: Engines) -> None:
    listed = [sql for each in examples(engines.spark).values() for sql in each]
    for each in DIFFERENT:
        meant = [sql for sql in listed if different(sql) == each]
        assert meant, f"no example is {each.sql}"
        equal = [sql for sql in meant if each.compared and not engines.difference(sql)]
        assert not equal, f"answered as Spark does; out of date: {each.reason}"
