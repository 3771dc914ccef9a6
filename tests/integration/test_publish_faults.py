"""Publishing and activation when answers are lost, refused or late: one publication, one selector, a clear warning."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from runner.activation import request_activation
from runner.audiences import upsert_audience
from runner.platform import Platform
from runner.publishing import publish, read_scores
from runner.sql import SqlClient
from tests.integration.sandbox import Sandbox, sandbox, use_case, write_scores

SCORES = {f"u{i}": i / 200 for i in range(200)}
CASES = [f"case_{letter}" for letter in "abcdefgh"]
Fault = Callable[[requests.PreparedRequest], requests.Response | Exception | None]


class Wire(HTTPAdapter):
    """The network, with one fault: before a request is sent, or (`lose`) after it was answered."""

    def __init__(self, fault: Fault, *, lose: bool = False, times: int = 1) -> None:
        super().__init__(max_retries=0)
        self.fault, self.lose, self.left = fault, lose, times

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        outcome = self.fault(request) if self.left else None
        if outcome is None:
            return super().send(request, **options)
        self.left -= 1
        if self.lose:
            super().send(request, **options)
        if isinstance(outcome, Exception):
            raise outcome
        outcome.request, outcome.url = request, request.url or ""
        return outcome


def answer(status: int, body: dict[str, Any]) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = json.dumps(body).encode()
    return made


def on(method: str, part: str, outcome: requests.Response | Exception) -> Fault:
    return lambda r: outcome if r.method == method and part in (r.path_url or "") else None


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, list[str]]]:
    with sandbox(tmp_path_factory.mktemp("faults"), *map(use_case, CASES)) as made:
        yield made, CASES.copy()


@pytest.fixture
def world(shared: tuple[Sandbox, list[str]]) -> Sandbox:
    """A use case of its own for each test."""
    made, unused = shared
    return made.for_case(unused.pop())


def through(world: Sandbox, wire: Wire) -> Sandbox:
    platform = Platform(world.local.connection(), wire, sleep=lambda _: None)
    return replace(world, platform=platform, sql=SqlClient(platform))


def batches(world: Sandbox) -> list[str]:
    dataset = world.platform.catalog.dataset_named(f"propensity_{world.case.name}_scores")
    return [f"{b.external_id} {b.state}" for b in world.platform.catalog.batches(dataset_id=dataset.id)]


RESET = requests.ConnectionError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))


@pytest.mark.parametrize(
    ("method", "part", "lose"),
    [
        ("POST", "/import/batches", True),
        ("POST", "action=COMPLETE", True),
        ("PUT", "/files/part-00000.parquet", True),
        ("PUT", "/files/part-00000.parquet", False),
        ("GET", "/catalog/batches", False),
    ],
)
def test_a_broken_connection_never_doubles_a_publication(
    world: Sandbox, tmp_path: Path, method: str, part: str, lose: bool
) -> None:
    broken = through(world, Wire(on(method, part, RESET), lose=lose))
    file = write_scores(tmp_path / "scores.parquet", SCORES)
    done = publish(broken.settings, broken.case, broken.platform, broken.sql, broken.facts(), file)
    assert done.scores_published == 200
    assert batches(world) == [f"{world.facts().run_id}-scores-000 success"]


def test_without_a_licence_for_entities_the_lake_is_the_level_reached(world: Sandbox, tmp_path: Path) -> None:
    body = {"message": "UPS-ACC-1000004: IMS Org is not provisioned.", "statusCode": "403"}
    unlicensed = through(world, Wire(on("POST", "/ups/access/entities", answer(403, body)), times=99))
    file = write_scores(tmp_path / "scores.parquet", SCORES)
    done = publish(unlicensed.settings, unlicensed.case, unlicensed.platform, unlicensed.sql, world.facts(), file)
    assert done.verification.levels == ("lake",)
    assert "Profiles cannot be read one by one here" in done.verification.warnings[0]


@pytest.mark.parametrize("lose", [True, False])
def test_a_dataflow_changed_meanwhile_gets_the_audience_once(world: Sandbox, tmp_path: Path, lose: bool) -> None:
    stale = {"errorMessage": "Supplied version=[x] does not match the current version on entity=[y]"}
    raced = through(world, Wire(on("PATCH", "/flowservice/flows/", answer(412, stale)), lose=lose))
    run = world.facts()
    file = write_scores(tmp_path / "scores.parquet", SCORES)
    made = upsert_audience(raced.settings, raced.case, raced.platform, read_scores(file, run.as_of), run.as_of)
    asked = request_activation(
        raced.settings, raced.case, raced.platform, made, run_id=run.run_id, published_ms=0, now=world.local.now()
    )
    params = world.platform.flows.flow(asked.flow_id).transformations[0]["params"]
    assert [s["value"]["id"] for s in params["segmentSelectors"]["selectors"]] == [made.id]
    assert params["profileMapping"]["mappingId"]
    assert params["primaryFields"] == [{"fieldType": "IDENTITY", "identityNamespace": "ECID"}]
