"""Files of the landing zone into a dataset: mapped, counted, each taken once; what does not fit is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aepp_methods.world import MAPPINGS, mapping_set
from tests.integration.rest import FLOWS, Rest, running

Json = dict[str, Any]
SOURCE = {"id": "26f526f2-58f4-4712-961d-e41bf1ccc0e8", "version": "1.0"}
LAKE = {"id": "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "version": "1.0"}
FLOW = {"id": "9753525b-82c7-4dce-8a9b-5ccfce2b9876", "version": "1.0"}
CONVERSION = "/data/foundation/conversion"


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("import")) as platform:
        yield platform


def dataset(rest: Rest, name: str) -> tuple[str, str]:
    """A dataset with `_acme.userId` and `_acme.points`, and its schema."""
    id = rest.dataset(name, {"points": {"type": "integer"}}, profile=False)
    return id, rest.ok("GET", f"/data/foundation/catalog/dataSets/{id}")[id]["schemaRef"]["id"]


def flow_body(rest: Rest, dataset_id: str, folder: str, mapping_id: str, **schedule: Any) -> Json:
    params = {"path": folder, "type": "folder"}
    made = {"name": folder, "connectionSpec": SOURCE, "data": {"format": "delimited"}, "params": params}
    source = rest.ok("POST", f"{FLOWS}/sourceConnections", made)["id"]
    made = {"name": folder, "connectionSpec": LAKE, "params": {"dataSetId": dataset_id}}
    target = rest.ok("POST", f"{FLOWS}/targetConnections", made)["id"]
    return {
        "name": folder,
        "flowSpec": FLOW,
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [{"name": "Mapping", "params": {"mappingId": mapping_id, "mappingVersion": 0}}],
        "scheduleParams": {"startTime": "4102444800", "frequency": "once", **schedule},
    }


def run(rest: Rest, flow_id: str) -> Json:
    return rest.run(rest.ok("POST", f"{FLOWS}/runs", {"flowId": flow_id, "status": "active"})["id"])


def rows(rest: Rest, dataset_id: str) -> list[Json]:
    found = rest.ok("GET", f"/data/foundation/export/datasets/{dataset_id}/preview")["data"]
    return sorted((row["_acme"] for row in found), key=lambda row: str(row["userId"]))


def test_files_are_mapped_counted_and_taken_once(rest: Rest) -> None:
    id, schema = dataset(rest, "imported")
    rest.drop("in/a.csv", b"person,points\nu1,4\nu2,5\n")
    made = flow_body(rest, id, "in", mapping_set(rest, schema))
    flow = rest.ok("POST", f"{FLOWS}/flows", made)["id"]
    first = run(rest, flow)["metrics"]
    assert first["statusSummary"]["status"] == "success"
    assert (first["recordSummary"]["inputRecordCount"], first["recordSummary"]["outputRecordCount"]) == (2, 2)
    assert first["fileSummary"]["inputFileCount"] == 1
    rest.drop("in/b.csv", b"person,points\nu3,6\n")
    assert run(rest, flow)["metrics"]["recordSummary"]["outputRecordCount"] == 1
    assert run(rest, flow)["metrics"]["recordSummary"]["inputRecordCount"] == 0
    assert rows(rest, id) == [{"userId": f"u{n}", "points": n + 3} for n in (1, 2, 3)]


def test_what_was_dropped_lives_seven_days_of_the_platforms_time(rest: Rest) -> None:
    def names() -> list[str]:
        base = f"{FLOWS}/connectionSpecs/{SOURCE['id']}/explore"
        return [item["name"] for item in rest.ok("GET", f"{base}?objectType=folder&object=week")]

    rest.drop("week/a.csv", b"a")
    rest.drop("week/b.csv", b"b")
    rest.advance(4 * 86_400)
    time.sleep(1.05)  # Storage tells when a file was written by the second: only then it is another writing.
    rest.drop("week/b.csv", b"another")
    rest.advance(2 * 86_400)
    assert names() == ["a.csv", "b.csv"]
    rest.advance(2 * 86_400)
    assert names() == ["b.csv"]
    rest.advance(4 * 86_400)
    assert names() == []


def test_a_schedule_runs_by_the_platforms_clock(rest: Rest) -> None:
    id, schema = dataset(rest, "scheduled")
    rest.drop("nightly/a.csv", b"person,points\nu1,4\n")
    made = flow_body(rest, id, "nightly", mapping_set(rest, schema), startTime="1", frequency="hour", interval="1")
    rest.ok("POST", f"{FLOWS}/flows", made)
    rest.advance(3_600)
    assert rows(rest, id) == [{"userId": "u1", "points": 4}]


def test_a_row_that_cannot_be_mapped_fails_the_run_and_nothing_is_visible(rest: Rest) -> None:
    id, schema = dataset(rest, "refusing")
    rest.drop("bad/a.csv", b"person,points\nu1,4\nu2,many\n")
    flow = rest.ok("POST", f"{FLOWS}/flows", flow_body(rest, id, "bad", mapping_set(rest, schema)))["id"]
    status = run(rest, flow)["metrics"]["statusSummary"]
    assert status["status"] == "failed"
    assert "bad/a.csv, row 2: _acme.points" in status["errors"][0]["message"]
    assert rows(rest, id) == []


def test_a_mapping_to_a_field_that_does_not_exist_is_refused(rest: Rest) -> None:
    id, schema = dataset(rest, "checked")
    wrong = [*MAPPINGS, {"sourceType": "ATTRIBUTE", "source": "x", "destination": "_acme.absent"}]
    reference = {"schemaRef": {"id": schema, "contentType": "application/vnd.adobe.xed-full+json;version=1"}}
    body = {"outputSchema": reference, "mappings": wrong}
    status, text = rest.refused("POST", f"{CONVERSION}/mappingSets", body)
    assert (status, "_acme.absent does not exist" in text) == (400, True)
    found = rest.ok("POST", f"{CONVERSION}/mappingSets/validate", body)["validationResponse"]
    assert [item["status"] for item in found] == ["SUCCESS", "SUCCESS", "FAILED"]
    unchecked = rest.ok("POST", f"{CONVERSION}/mappingSets", {"mappings": wrong})["id"]
    status, text = rest.refused("POST", f"{FLOWS}/flows", flow_body(rest, id, "in", unchecked))
    assert (status, "_acme.absent does not exist" in text) == (400, True)


def test_an_expression_that_cannot_be_evaluated_is_refused_by_name(rest: Rest) -> None:
    _, schema = dataset(rest, "expressions")
    reference = {"schemaRef": {"id": schema}}
    for source, said in (("soundex(person)", "soundex"), ("concat(person", "missing"), ("1 +", "too early")):
        mapping = {"sourceType": "EXPRESSION", "source": source, "destination": "_acme.userId"}
        body = {"outputSchema": reference, "mappings": [mapping]}
        status, text = rest.refused("POST", f"{CONVERSION}/mappingSets", body)
        assert (status, said in text) == (400, True), text


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('concat(first, " ", last)', "Ann Lee"),
        ("upper(first)", "ANN"),
        ("iif(points > 3 && points < 10, 'some', 'many')", "some"),
        ("coalesce(absent, last)", "Lee"),
        ("address.city", "Rome"),
        ("points * 2 + 1", "9"),
        ("substr(first, 0, 2)", "An"),
        ("date(born, 'dd.MM.yyyy')", "1990-02-01T00:00:00.000Z"),
        ("decode(first, 'Bob', 1, 'Ann', 2, 3)", "2"),
        ("size_of(tags)", "2"),
        ("`odd name`", "x"),
        ("!is_set(absent) && not (points == 5)", "true"),
    ],
)
def test_calculated_fields(rest: Rest, expression: str, value: str) -> None:
    row = {"first": "Ann", "last": "Lee", "points": 4, "address": {"city": "Rome"}, "born": "01.02.1990",
           "tags": ["a", "b"], "odd name": "x"}  # fmt: skip
    mapping = {"sourceType": "EXPRESSION", "source": f"to_string({expression})", "destination": "out"}
    body = {"data": [row], "mappingSet": {"mappings": [mapping]}}
    assert rest.ok("POST", f"{CONVERSION}/mappingSets/preview", body) == [{"data": {"out": value}, "errors": None}]


def test_the_drop_zone_can_be_explored(rest: Rest) -> None:
    rest.drop("look/a.csv", b"person,points\nu1,4\n")
    base = f"{FLOWS}/connectionSpecs/{SOURCE['id']}/explore"
    folders = {item["name"]: item["type"] for item in rest.ok("GET", f"{base}?objectType=root")}
    assert folders["look"] == "folder"
    below = rest.ok("GET", f"{base}?objectType=folder&object=dlz-user-container/look")
    assert below == [{"type": "file", "name": "a.csv", "path": "dlz-user-container/look/a.csv"}]
    shown = rest.ok("GET", f"{base}?objectType=file&object=dlz-user-container/look/a.csv&preview=true")
    assert shown["data"] == [{"person": "u1", "points": "4"}]
