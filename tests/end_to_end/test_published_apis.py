"""Everything the pipeline sends and the local platform answers is as Adobe's published API files have it.

The whole loop runs through a recording proxy. What differs on purpose is in `tests/published_apis/deviations.yml`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from runner import demo_project, steps
from runner.local import LocalPlatform, local_platform
from runner.session import open_session
from tests.published_apis.checking import findings
from tests.published_apis.deviating import Deviation, deviations, unexplained
from tests.published_apis.files import directory
from tests.published_apis.recorder import Exchange, recording

pytestmark = pytest.mark.skipif(
    directory() is None, reason="Adobe's published API files are not here; AEP_OPENAPI_DIR names their directory"
)
END = date(2026, 11, 2)
SERVICES = {
    "/data/foundation/schemaregistry": 10,
    "/data/foundation/catalog": 10,
    "/data/foundation/import": 10,
    "/data/foundation/export": 3,
    "/data/foundation/query": 1,
    "/data/foundation/flowservice": 10,
    "/data/core/activation": 1,
    "/data/core/ups": 3,
}


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> list[Exchange]:
    """What the pipeline sends from setting up to the delivered audience, on a small data set."""
    home = tmp_path_factory.mktemp("loop")
    with (
        pytest.MonkeyPatch.context() as patch,
        local_platform(home / "platform", delays="none") as platform,
        recording(str(platform.ready["api_url"])) as recorder,
    ):
        recorded = LocalPlatform(recorder.ready(platform.ready), platform.process_id)
        for name, value in recorded.environment().items():
            patch.setenv(name, value)
        open_session.cache_clear()
        settings = demo_project.write(home / "project")
        steps.synthesize(settings, users=600, days=70, end=END, seed=11, scenario="default")
        run = steps.run(settings, "newsletter", None, both_routes=True)
        steps.activate(settings, run)
        platform.advance(86_400)
        assert steps.activate(settings, run)
        open_session.cache_clear()
    return recorder.exchanges


@pytest.fixture(scope="module")
def used() -> set[Deviation]:
    """Entries of the list that explained something, gathered by the tests of this file."""
    return set()


def test_the_recorder_saw_every_service_of_the_loop(loop: list[Exchange]) -> None:
    seen = {prefix: sum(e.path.startswith(prefix) for e in loop) for prefix in SERVICES}
    assert all(seen[prefix] >= least for prefix, least in SERVICES.items()), seen
    assert len(loop) > 150


def test_the_loop_is_as_published(loop: list[Exchange], used: set[Deviation]) -> None:
    assert unexplained(loop, used) == []


def test_every_deviation_is_still_needed(loop: list[Exchange], used: set[Deviation]) -> None:
    unexplained(loop, used)
    assert [entry for entry in deviations() if entry.traffic == "loop" and entry not in used] == []


# -- the check itself -----------------------------------------------------------------------------------------------


def spoiled(loop: list[Exchange], kind: str) -> list[Exchange]:
    """A recorded exchange of the loop with something put wrong."""
    dataset = next(e for e in loop if e.method == "GET" and "/catalog/dataSets/" in e.path)
    batch = next(e for e in loop if e.method == "POST" and e.path.endswith("/import/batches"))
    body = json.loads(batch.request_body)
    without_key = {name: value for name, value in dataset.request_headers.items() if name != "x-api-key"}
    return {
        "path": [replace(dataset, path="/data/foundation/catalog/datasets/1")],
        "method": [replace(dataset, method="OPTIONS")],
        "query": [replace(dataset, query="colour=red")],
        "header": [replace(dataset, request_headers=without_key)],
        "request body": [replace(batch, request_body=json.dumps({**body, "datasetId": 7}).encode())],
        "request type": [replace(batch, request_headers={**batch.request_headers, "content-type": "text/plain"})],
        "status": [replace(batch, status=418)],
        "response body": [replace(batch, response_body=b'{"id": 7}')],
        "response type": [replace(batch, response_headers={"content-type": "text/html"})],
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["path", "method", "query", "header", "request body", "request type", "status", "response body", "response type"],
)
def test_what_is_not_as_published_is_found(loop: list[Exchange], kind: str) -> None:
    [exchange] = spoiled(loop, kind)
    found = [f for f in findings(exchange) if not any(entry.explains(f) for entry in deviations())]
    expected = "path" if kind == "method" else kind
    assert expected in {f.part for f in found}, found
