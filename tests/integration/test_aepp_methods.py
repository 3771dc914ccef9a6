"""Every public method of aepp for these services, unpatched, against a real local platform.

What fails is tried once more on Adobe's documented answers and must fail in the same way there. See
`tests/aepp_methods/methods.yml`.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aepp_methods.drive import classes
from tests.aepp_methods.listing import PAGE, entries, page_with_section
from tests.aepp_methods.world import prepared
from tests.integration.rest import Rest, running
from tests.published_apis.checking import findings
from tests.published_apis.deviating import deviations
from tests.published_apis.files import directory
from tests.published_apis.recorder import Exchange, recording

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]


def named(entry: Json) -> str:
    return f"{entry['class']}.{entry['method']}"


def driven(task: Json, folder: Path) -> Json:
    """Outcomes by method, and the hosts elsewhere that were tried."""
    file = folder / "task.json"
    file.write_text(json.dumps(task))
    command = [sys.executable, "-m", "tests.aepp_methods.drive", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found: Json = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("aepp")) as platform:
        yield platform


@pytest.fixture(scope="module")
def world(rest: Rest, tmp_path_factory: pytest.TempPathFactory) -> Json:
    return prepared(rest, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def here(rest: Rest, world: Json, tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, list[Exchange]]:
    """What came of every method here, and what went over the wire meanwhile."""
    with recording(str(rest.ready["api_url"])) as recorder:
        task = {"ready": recorder.ready(rest.ready), "world": world, "entries": entries()}
        return driven(task, tmp_path_factory.mktemp("here")), recorder.exchanges


@pytest.fixture(scope="module")
def documented(rest: Rest, world: Json, tmp_path_factory: pytest.TempPathFactory) -> Json:
    """What came of the failing methods on Adobe's documented answers."""
    failing = json.loads(json.dumps([e for e in entries() if "fails" in e]).replace("{dataset}", world["dataset"]))
    task = {"ready": rest.ready, "world": world, "entries": failing, "documented": True}
    outcomes: Json = driven(task, tmp_path_factory.mktemp("documented"))["outcomes"]
    return outcomes


def told(outcome: Json) -> str:
    return f"{outcome['how']} {outcome['what']}"


def test_no_method_is_forgotten() -> None:
    listed = {named(entry) for entry in entries()}
    public = {
        f"{name}.{method}"
        for name, made in classes().items()
        for method, _ in inspect.getmembers(made, inspect.isfunction)
        if not method.startswith("_")
    }
    assert listed == public
    assert all(sum(kind in entry for kind in ("holds", "fails", "absent")) == 1 for entry in entries())
    assert all(entry["why"] and "answers" in entry for entry in entries() if "fails" in entry)


def test_what_works_on_documented_answers_works_here(here: tuple[Json, list[Exchange]]) -> None:
    outcomes = here[0]["outcomes"]
    wrong = {
        named(entry): told(outcomes[named(entry)])
        for entry in entries()
        if "holds" in entry and not (outcomes[named(entry)]["how"] == "returned" and outcomes[named(entry)]["holds"])
    }
    assert wrong == {}


def test_what_fails_fails_here_as_listed(here: tuple[Json, list[Exchange]]) -> None:
    outcomes = here[0]["outcomes"]
    other = {
        named(entry): told(outcomes[named(entry)])
        for entry in entries()
        if "fails" in entry and not re.match(entry["fails"], told(outcomes[named(entry)]), re.DOTALL)
    }
    assert other == {}


def test_what_fails_fails_in_the_same_way_on_documented_answers(documented: Json) -> None:
    other = {
        named(entry): told(documented[named(entry)])
        for entry in entries()
        if "fails" in entry and not re.match(entry["fails"], told(documented[named(entry)]), re.DOTALL)
    }
    assert other == {}


def test_what_is_not_offered_gives_no_result(here: tuple[Json, list[Exchange]]) -> None:
    """An error, nothing, or a list with nothing in it: never something that looks like a result."""
    outcomes = here[0]["outcomes"]
    empty = r"returned (\{\}|\[\]|None|.*(error|Error|40[0-9]|50[0-9]|provide a valid spec id))|raised "
    results = {
        named(entry): told(outcomes[named(entry)])
        for entry in entries()
        if "absent" in entry and not re.match(empty, told(outcomes[named(entry)]), re.DOTALL)
    }
    assert results == {}


def test_no_request_leaves_loopback(here: tuple[Json, list[Exchange]]) -> None:
    assert here[0]["elsewhere"] == []


@pytest.mark.skipif(directory() is None, reason="Adobe's published API files are not here; see AEP_OPENAPI_DIR")
def test_answers_are_as_published(here: tuple[Json, list[Exchange]]) -> None:
    """The answers only: what aepp sends is aepp's."""
    left: dict[tuple[str, str, str], str] = {}
    needed: set[str] = set()
    for exchange in here[1]:
        for finding in findings(exchange):
            entries_ = [entry for entry in deviations() if entry.explains(finding)]
            needed.update(entry.reason for entry in entries_)
            ours = finding.part.startswith(("response", "status")) and exchange.status < 400
            if ours and not entries_:
                left.setdefault((finding.operation, finding.part, finding.where), str(finding))
    assert sorted(left.values()) == []
    assert [entry for entry in deviations() if entry.traffic == "aepp" and entry.reason not in needed] == []


def test_the_page_of_differences_lists_the_methods() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page_with_section(text) == text, "run python -m tests.aepp_methods.listing"
