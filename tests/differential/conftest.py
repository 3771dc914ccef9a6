"""One Spark and one Query Service for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.engines import Engines, both_engines


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    with both_engines(tmp_path_factory.mktemp("differential")) as both:
        yield both
