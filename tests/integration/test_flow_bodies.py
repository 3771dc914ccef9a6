"""Whatever a body of Flow Service or Data Prep holds, the answer is no 500, and the scheduler goes on."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aepp_methods.world import MAPPINGS, mapping_set
from tests.integration import test_activation as activation
from tests.integration import test_landing_import as imports
from tests.integration.rest import FLOWS, Json, Rest, running
from tests.integration.test_flows import LAKE, ZONE, export_flow

MAPPING_SETS = "/data/foundation/conversion/mappingSets"
EXPLORE = f"{FLOWS}/connectionSpecs/{imports.SOURCE['id']}/explore"
SENT = ("name", "flowSpec", "sourceConnectionIds", "targetConnectionIds", "transformations", "scheduleParams")
WRONG: list[Any] = [None, True, -1, 1.5, 10**30, "", "x", "..", "\x00", "²", "9" * 400, [], [None], ["x"], [[]], {},
                    {"x": 1}, {"id": None}, {"value": 1}, [{"value": None}], [{"params": []}]]  # fmt: skip


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("bodies")) as platform:
        yield platform


@pytest.fixture(scope="module")
def bodies(rest: Rest) -> list[tuple[str, Json]]:
    """Paths and bodies that are accepted, one for each kind of object and of flow."""
    dataset, schema = imports.dataset(rest, "plain")
    rest.dataset("profiles", activation.FIELDS)
    delivery = activation.flow(rest, "audiences")
    activation.activate(rest, delivery, activation.audience(rest, "Likely"))
    made = [rest.ok("GET", f"{FLOWS}/flows/{id}")["items"][0] for id in (export_flow(rest, dataset, "e"), delivery)]
    zone = {"path": "p", "datasetFileType": "PARQUET", "fileType": "CSV", "csvOptions": {"delimiter": {"value": ","}}}
    dropped = {"path": "in", "type": "folder", "recursive": True}
    delimited = {"format": "delimited", "properties": {"columnDelimiter": ","}}
    base = rest.ok("POST", f"{FLOWS}/connections", {"name": "b", "connectionSpec": ZONE})["id"]
    objects: list[tuple[str, Json]] = [
        ("connections", {"connectionSpec": ZONE}),
        ("sourceConnections", {"connectionSpec": LAKE, "params": {"datasets": [{"dataSetId": dataset}]}}),
        ("sourceConnections", {"connectionSpec": imports.SOURCE, "data": delimited, "params": dropped}),
        ("targetConnections", {"connectionSpec": ZONE, "baseConnectionId": base, "params": zone}),
        ("targetConnections", {"connectionSpec": imports.LAKE, "params": {"dataSetId": dataset}}),
        *(("flows", {key: flow[key] for key in SENT if key in flow}) for flow in made),
        ("flows", imports.flow_body(rest, dataset, "in", mapping_set(rest, schema))),
    ]
    mapped = {"mappings": MAPPINGS, "outputSchema": {"schemaRef": {"id": schema, "contentType": "x"}}}
    found = [(f"{FLOWS}/{kind}", {"name": "n", **body}) for kind, body in objects]
    return [*found, (MAPPING_SETS, mapped)]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something is in a body, at every depth."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def spoiled(body: Json, place: tuple[Any, ...], value: Any) -> Json:
    changed = copy.deepcopy(body)
    inner: Any = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return changed


def test_no_body_is_a_500_and_none_stops_the_scheduler(rest: Rest, bodies: list[tuple[str, Json]]) -> None:
    for path, body in bodies:
        assert rest.send("POST", path, body).ok, path
    every = [(path, body, place, value) for path, body in bodies for place in places(body) for value in WRONG]
    refused = 0
    for path, body, place, value in random.Random(7).sample(every, 150):
        status = rest.send("POST", path, spoiled(body, place, value)).status_code
        assert status < 500, (path, place, value)
        refused += status >= 400
    assert refused > 75
    flow = next(item for item in rest.ok("GET", f"{FLOWS}/flows?limit=100")["items"] if item["name"] == "export e")
    for place, value in (("", []), ("/transformations", [[]]), ("/scheduleParams/timeUnit", []), ("/flowSpec", 1)):
        patch = [{"op": "replace", "path": place, "value": value}]
        assert rest.refused("PATCH", f"{FLOWS}/flows/{flow['id']}", patch, If_Match=flow["etag"])[0] == 400
    rest.advance(86_400)


@pytest.mark.parametrize(
    ("kind", "place", "value", "message"),
    [
        ("flows", "transformations", [1], "transformations[0] is 1; expected an object"),
        ("flows", "flowSpec.id", {"x": 1}, "flowSpec.id is {'x': 1}; expected text"),
        ("flows", "scheduleParams.startTime", "9" * 400, "expected a number from 1 of at most 11 digits"),
        ("flows", "scheduleParams.startTime", "²", "expected a number from 1"),
        ("sourceConnections", "data", [[]], "data is [[]]; expected an object"),
        ("targetConnections", "params", "x", "params is 'x'; expected an object"),
    ],
)
def test_what_is_wrong_is_named(
    rest: Rest, bodies: list[tuple[str, Json]], kind: str, place: str, value: object, message: str
) -> None:
    path, body = [item for item in bodies if item[0].endswith(f"/{kind}")][-1]
    status, text = rest.refused("POST", path, spoiled(body, tuple(place.split(".")), value))
    assert status == 400
    assert message in text


def test_an_audience_that_starts_on_no_day_is_refused(rest: Rest, bodies: list[tuple[str, Json]]) -> None:
    path, body = next(item for item in bodies if "segmentSelectors" in str(item[1]))
    place = ("transformations", 0, "params", "segmentSelectors", "selectors", 0, "value", "schedule", "startDate")
    assert "expected a date such as" in rest.refused("POST", path, spoiled(body, place, "soon"))[1]


@pytest.mark.parametrize("name", ["../x", "dlz-user-container/../x", ".hidden", "a\\b", ""])
def test_only_files_of_the_drop_zone_can_be_looked_into(rest: Rest, name: str) -> None:
    query = {"objectType": "file", "object": name}
    assert rest.send("GET", f"{EXPLORE}?{'&'.join(f'{k}={v}' for k, v in query.items())}").status_code == 400
    assert rest.refused("GET", f"{EXPLORE}?objectType=folder&object=../..")[0] == 400
    assert rest.refused("GET", f"{EXPLORE}?objectType=elsewhere")[0] == 400


@pytest.mark.parametrize("token", ["zzz", "MQ", "e30", "W10", "eyJwcm9wZXJ0eSI6IDF9"])
def test_a_token_that_was_not_given_out_is_refused(rest: Rest, token: str) -> None:
    assert rest.refused("GET", f"{FLOWS}/runs?continuationToken={token}")[0] == 400
    assert rest.refused("GET", f"{FLOWS}/runs?property=x")[0] == 400
