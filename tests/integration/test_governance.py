"""Label C9 says "not for data science": nothing else stops us from reading such data, so we stop ourselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import DataError
from runner.governance import refuse_labelled
from tests.integration.sandbox import sandbox


def test_data_labelled_c9_is_refused_by_name(tmp_path: Path) -> None:
    with sandbox(tmp_path) as world:
        names = (world.settings.datasets.events, world.settings.datasets.profiles)
        refuse_labelled(world.platform, names)
        labelled = world.platform.catalog.dataset_named(names[1]).id
        body = {"labels": ["C9"], "optionalLabels": []}
        world.platform.labels.send("PUT", f"/datasets/{labelled}/labels", json=body)
        with pytest.raises(DataError, match=r"propensity_profiles .* C9"):
            refuse_labelled(world.platform, names)
