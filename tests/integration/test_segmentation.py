"""Audiences over HTTP: rules, names, evaluation by schedule and on demand, estimates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests.integration.rest import UPS, Json, Rest, running, start

DAY = 86_400
FIELDS = {"propensity": {"type": "object", "properties": {"score": {"type": "number"}}}}
RULE = "_acme.propensity.score >= 0.5"


def scores(values: dict[str, float]) -> pa.Table:
    kind = pa.struct([("userId", pa.string()), ("propensity", pa.struct([("score", pa.float64())]))])
    rows = [{"userId": user, "propensity": {"score": value}} for user, value in values.items()]
    return pa.table({"_acme": pa.array(rows, kind)})


def definition(name: str, rule: str = RULE) -> Json:
    return {
        "name": name,
        "description": "",
        "expression": {"type": "PQL", "format": "pql/text", "value": rule},
        "schema": {"name": "_xdm.context.profile"},
        "ttlInDays": 30,
    }


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("segmentation")) as platform:
        dataset = platform.dataset("scores", FIELDS)
        table = scores({"u1": 0.9, "u2": 0.5, "u3": 0.1})
        platform.ingest(dataset, table, tmp_path_factory.mktemp("files") / "scores.parquet")
        yield platform


def test_definition_is_created_with_200_and_can_be_read_changed_and_deleted(rest: Rest) -> None:
    answer = rest.send("POST", f"{UPS}/segment/definitions", definition("Read me"))
    assert answer.status_code == 200
    made = answer.json()
    assert made["evaluationInfo"]["batch"] == {"enabled": True}
    assert made["mergePolicyId"] == rest.ok("GET", f"{UPS}/config/mergePolicies")["children"][0]["id"]
    path = f"{UPS}/segment/definitions/{made['id']}"
    changed = rest.ok("PATCH", path, {**definition("Read me"), "description": "changed"})
    assert changed["description"] == "changed"
    assert rest.ok("GET", path)["description"] == "changed"
    rest.ok("DELETE", path)
    assert rest.refused("GET", path)[0] == 404


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("_acme.propensity.score >=", "the end of the expression"),
        ("_acme.propensity.score.soundsLike(3)", "Unknown function 'soundsLike'"),
        ('_acme.propensity.score = "high"', "cannot compare a number with a string"),
        ("_acme.propensity.scoer >= 0.5", "No such field in the union schema: _acme.propensity.scoer"),
    ],
)
def test_rule_that_pql_does_not_allow_is_a_400_that_says_why(rest: Rest, rule: str, message: str) -> None:
    answer = rest.send("POST", f"{UPS}/segment/definitions", definition("Wrong", rule))
    assert answer.status_code == 400
    assert message in answer.json()["title"]
    assert answer.json()["errors"]["400"]


def test_a_name_is_given_once(rest: Rest) -> None:
    made = rest.ok("POST", f"{UPS}/segment/definitions", definition("Taken"))
    status, text = rest.refused("POST", f"{UPS}/segment/definitions", definition("Taken"))
    assert status == 422
    assert "already exists" in text
    other = rest.ok("POST", f"{UPS}/segment/definitions", definition("Free"))
    assert rest.refused("PATCH", f"{UPS}/segment/definitions/{other['id']}", {"name": "Taken"})[0] == 422
    # Written back under its own name is no clash.
    rest.ok("PATCH", f"{UPS}/segment/definitions/{made['id']}", definition("Taken"))


def test_only_one_way_of_evaluation(rest: Rest) -> None:
    body = {**definition("Twice"), "evaluationInfo": {"batch": {"enabled": True}, "continuous": {"enabled": True}}}
    assert rest.refused("POST", f"{UPS}/segment/definitions", body)[0] == 400


def test_audiences_are_found_by_part_of_their_name_and_the_last_page_has_no_next(rest: Rest) -> None:
    for number in range(3):
        rest.ok("POST", f"{UPS}/segment/definitions", definition(f"Listed {number}"))
    first = rest.ok("GET", f"{UPS}/audiences?name=listed&limit=2&start=0")
    assert [item["name"] for item in first["children"]] == ["Listed 0", "Listed 1"]
    assert first["_page"]["next"] == 2
    last = rest.ok("GET", f"{UPS}/audiences?name=listed&limit=2&start=2")
    assert "next" not in last["_page"]
    one = first["children"][0]
    assert one["type"] == "SegmentDefinition"
    assert one["originName"] == "REAL_TIME_CUSTOMER_PROFILE"
    found = rest.ok("GET", f"{UPS}/audiences?property=audienceId=={one['id']}")
    assert [item["id"] for item in found["children"]] == [one["id"]]


def test_definitions_come_in_pages_without_repeats(rest: Rest) -> None:
    everything = rest.ok("GET", f"{UPS}/segment/definitions?limit=1000&page=0")
    total = everything["page"]["totalCount"]
    seen = [
        item["id"]
        for page in range(-(-total // 2))
        for item in rest.ok("GET", f"{UPS}/segment/definitions?limit=2&page={page}")["segments"]
    ]
    assert seen == [item["id"] for item in everything["segments"]]


def test_estimate_counts_who_meets_the_rule(rest: Rest) -> None:
    body = {"predicateExpression": RULE, "predicateType": "pql/text", "predicateModel": "_xdm.context.profile"}
    answer = rest.send("POST", f"{UPS}/preview", body)
    assert answer.status_code == 201
    preview = answer.json()["previewId"]
    estimate = rest.ok("GET", f"{UPS}/estimate/{preview}")
    assert (estimate["state"], estimate["estimatedSize"]) == ("RESULT_READY", 2)
    assert len(rest.ok("GET", f"{UPS}/preview/{preview}")["results"]) == 2
    assert rest.refused("GET", f"{UPS}/estimate/unknown")[0] == 404


def test_daily_schedule_exists_and_can_be_switched_off_and_on(rest: Rest) -> None:
    schedule = rest.ok("GET", f"{UPS}/config/schedules")["children"][0]
    assert (schedule["schedule"], schedule["state"]) == ("0 0 1 * * ?", "active")
    path = f"{UPS}/config/schedules/{schedule['id']}"
    assert rest.send("PATCH", path, [{"op": "add", "path": "/state", "value": "inactive"}]).status_code == 204
    jobs = rest.ok("GET", f"{UPS}/segment/jobs")["_page"]["totalCount"]
    rest.advance(DAY)
    assert rest.ok("GET", f"{UPS}/segment/jobs")["_page"]["totalCount"] == jobs
    assert rest.send("PATCH", path, [{"op": "add", "path": "/state", "value": "active"}]).status_code == 204
    status, text = rest.refused("PATCH", path, [{"op": "add", "path": "/schedule", "value": "0 0/5 * * * ?"}])
    assert status == 400
    assert "exactly once a day" in text


def test_daily_evaluation_counts_who_is_in_and_who_left(rest: Rest, tmp_path: Path) -> None:
    dataset = rest.dataset("moving", {"moving": {"type": "number"}})
    kind = pa.struct([("userId", pa.string()), ("moving", pa.float64())])

    def ingest(**values: float) -> None:
        rows = [{"userId": user, "moving": value} for user, value in values.items()]
        rest.ingest(dataset, pa.table({"_acme": pa.array(rows, kind)}), tmp_path / "moving.parquet")

    def evaluated() -> Json:
        rest.advance(DAY)
        job = rest.ok("GET", f"{UPS}/segment/jobs?limit=1")["children"][0]
        assert (job["source"], job["status"]) == ("scheduler", "SUCCEEDED")
        return dict(job["metrics"]["segmentedProfileByStatusCounter"][audience])

    ingest(m1=1.0, m2=1.0, m3=0.0)
    audience = rest.ok("POST", f"{UPS}/segment/definitions", definition("Moving", "_acme.moving > 0.5"))["id"]
    assert evaluated() == {"realized": 2, "exited": 0}
    ingest(m2=0.0, m3=1.0)
    assert evaluated() == {"realized": 2, "exited": 1}
    path = (
        f"{UPS}/access/entities?schema.name=_xdm.context.profile&entityId=m2&entityIdNS=ECID&fields=segmentMembership"
    )
    (found,) = rest.ok("GET", path).values()
    assert found["entity"]["segmentMembership"]["ups"][audience]["status"] == "exited"


def test_on_demand_evaluations_have_a_quota(tmp_path: Path) -> None:
    with running(tmp_path) as rest:
        rest.dataset("scores", FIELDS)
        audience = rest.ok("POST", f"{UPS}/segment/definitions", definition("Now"))["id"]
        for _ in range(2):
            job = rest.ok("POST", f"{UPS}/segment/jobs", [{"segmentId": audience}])
            path = f"{UPS}/segment/jobs/{job['id']}"
            rest.wait(lambda path=path: rest.ok("GET", path)["status"] == "SUCCEEDED", "the segment job")
        status, text = rest.refused("POST", f"{UPS}/segment/jobs", [{"segmentId": audience}])
        assert status == 429
        assert "2 on-demand evaluations of today" in text
        assert rest.refused("POST", f"{UPS}/segment/jobs", [])[0] == 400
        rest.advance(DAY)
        rest.ok("POST", f"{UPS}/segment/jobs", [{"segmentId": audience}])


def test_evaluation_survives_a_kill_and_is_not_repeated(tmp_path: Path) -> None:
    rest = start(tmp_path)
    rest.ingest(rest.dataset("scores", FIELDS), scores({"u1": 0.9}), tmp_path / "scores.parquet")
    audience = rest.ok("POST", f"{UPS}/segment/definitions", definition("Kept"))["id"]
    rest.advance(DAY)
    rest.kill()
    with running(tmp_path) as again:
        again.advance(1)
        jobs = again.ok("GET", f"{UPS}/segment/jobs")["children"]
        assert len(jobs) == 1
        assert jobs[0]["metrics"]["segmentedProfileCounter"] == {audience: 1}


def test_snapshot_dataset_holds_one_row_for_each_profile_every_day(tmp_path: Path) -> None:
    with running(tmp_path) as rest:
        dataset = rest.dataset("scores", FIELDS)
        rest.ingest(dataset, scores({"u1": 0.9, "u2": 0.1}), tmp_path / "scores.parquet")
        policy = rest.ok("GET", f"{UPS}/config/mergePolicies")["children"][0]["id"]
        for day in range(2):
            rest.advance(DAY)
            found = rest.ok("GET", f"/data/foundation/catalog/dataSets?name=Profile%20Attribute%20{policy}")
            ((id, body),) = found.items()
            assert body["tags"]["adobe/pqs/table"] == [f"profile_attribute_{policy.replace('-', '_')}"]
            batches = rest.ok("GET", f"/data/foundation/catalog/batches?dataSet={id}&status=success")
            assert [item["metrics"]["outputRecordCount"] for item in batches.values()] == [2 + day]
            rest.ingest(dataset, scores({f"new{day}": 0.5}), tmp_path / "scores.parquet")
