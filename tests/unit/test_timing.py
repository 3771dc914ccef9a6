"""What goes wrong says in which step."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import NotFound, PropensityError, Unavailable
from runner.timing import named, read_seconds, step


def test_an_error_names_the_step_it_happened_in(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as seen, step(tmp_path, 6, "publish", "scores into profiles"):
        raise Unavailable("Catalog answered with 503.", "Run it again.", request_id="r1")
    assert str(seen.value) == "Step 6 (publish): Catalog answered with 503. (request r1) Run it again."
    assert read_seconds(tmp_path) == {}


def test_the_innermost_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(PropensityError, match=r"^Step 2 \(explore\): gone$"), named(7, "audience"), named(2, "explore"):
        raise NotFound("gone")


def test_an_error_outside_of_any_step_names_none() -> None:
    assert str(PropensityError("seen.", "Do this.")) == "seen. Do this."


def test_a_step_that_ends_leaves_its_seconds(tmp_path: Path) -> None:
    with step(tmp_path, 3, "export", "rows"):
        pass
    assert list(read_seconds(tmp_path)) == ["3_export"]
