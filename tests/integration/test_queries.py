"""Query Service over HTTP: statements in the background, their states and errors, templates, schedules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests.integration.rest import Json, Rest, running

QUERY = "/data/foundation/query"


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("queries")) as platform:
        id = platform.dataset("numbers", {"number": {"type": "integer"}}, profile=False)
        kind = pa.struct([("userId", pa.string()), ("number", pa.int32())])
        table = pa.table({"_acme": pa.array([{"userId": f"u{n}", "number": n} for n in range(5)], kind)})
        platform.ingest(id, table, tmp_path_factory.mktemp("files") / "numbers.parquet")
        yield platform


def submitted(rest: Rest, sql: str, **body: object) -> Json:
    answer = rest.send("POST", f"{QUERY}/queries", {"dbName": "dev:all", "name": "test", "sql": sql, **body})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def finished(rest: Rest, id: str) -> Json:
    found: list[Json] = []

    def done() -> bool:
        found[:] = [rest.ok("GET", f"{QUERY}/queries/{id}")]
        return found[0]["state"] not in ("SUBMITTED", "IN_PROGRESS")

    rest.wait(done, f"query {id}")
    return found[0]


def test_connection_parameters_hold_what_a_client_needs(rest: Rest) -> None:
    found = rest.ok("GET", f"{QUERY}/connection_parameters")
    assert (found["host"], found["port"]) == (rest.ready["sql_host"], rest.ready["sql_port"])
    assert (found["dbName"], found["username"]) == ("dev:all", rest.ready["org_id"])
    assert rest.headers["Authorization"] == f"Bearer {found['token']}"


def test_select_becomes_a_dataset_and_rows_stay_in_the_lake(rest: Rest) -> None:
    sql = "SELECT _acme.userId AS user_id FROM numbers WHERE _acme.number >= $least"
    query = submitted(rest, sql, queryParameters={"least": 2}, ctasParameters={"datasetName": "large_numbers"})
    assert (query["state"], query["isCTAS"]) == ("SUBMITTED", True)
    assert query["effectiveSQL"].startswith("CREATE TABLE large_numbers AS")
    done = finished(rest, query["id"])
    assert (done["state"], done["errors"], done["rowCount"]) == ("SUCCESS", [], 3)
    dataset = done["_links"]["created_dataset"]["id"]
    assert rest.ok("GET", f"/data/foundation/catalog/dataSets/{dataset}")[dataset]["name"] == "large_numbers"
    more = submitted(rest, "SELECT 'u9' AS user_id", insertIntoParameters={"datasetName": "large_numbers"})
    assert more["isInsertInto"] is True
    assert finished(rest, more["id"])["state"] == "SUCCESS"
    assert finished(rest, submitted(rest, "SELECT * FROM large_numbers")["id"])["rowCount"] == 4


def test_statement_that_fails_is_a_failed_query_with_its_reason(rest: Rest) -> None:
    done = finished(rest, submitted(rest, "SELECT * FROM nowhere")["id"])
    assert done["state"] == "FAILED"
    (error,) = done["errors"]
    assert error["errorType"] == "USER_ERROR"
    assert "nowhere" in error["message"]


def test_an_analysis_error_is_the_users_whatever_its_class(rest: Rest) -> None:
    error = finished(rest, submitted(rest, "SELECT varchar('x') AS a")["id"])["errors"][0]
    assert (error["code"], error["errorType"]) == ("58000", "USER_ERROR")
    assert "Function [varchar] not defined" in error["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"dbName": "dev:all", "name": "x"}, "Exactly one of sql and templateId"),
        ({"dbName": "prod:all", "name": "x", "sql": "SELECT 1"}, "dbName"),
        ({"dbName": "dev:all", "sql": " "}, "empty"),
        ({"dbName": "dev:all", "templateId": "none"}, "no query template"),
        ({"dbName": "dev:all", "sql": "SELECT 1", "ctasParameters": {"datasetName": "a b; DROP"}}, "datasetName"),
    ],
)
def test_body_that_cannot_be_run_is_a_400(rest: Rest, body: Json, message: str) -> None:
    status, text = rest.refused("POST", f"{QUERY}/queries", body)
    assert (status, message in text) == (400, True), text


def test_finished_query_cannot_be_cancelled_and_a_hidden_one_is_not_listed(rest: Rest) -> None:
    id = submitted(rest, "SELECT 1 AS one")["id"]
    finished(rest, id)
    assert rest.refused("PATCH", f"{QUERY}/queries/{id}", {"op": "cancel"})[0] == 409
    listed = rest.ok("GET", f"{QUERY}/queries?property=id=={id}")["queries"]
    assert [item["id"] for item in listed] == [id]
    assert rest.send("PATCH", f"{QUERY}/queries/{id}", {"op": "soft_delete"}).status_code == 202
    assert rest.ok("GET", f"{QUERY}/queries?property=id=={id}")["queries"] == []
    with_hidden = rest.ok("GET", f"{QUERY}/queries?property=id=={id}&excludeSoftDeleted=false")["queries"]
    assert [item["id"] for item in with_hidden] == [id]


def test_queries_are_found_by_their_text_newest_first(rest: Rest) -> None:
    ids = [submitted(rest, f"SELECT {number} AS findable")["id"] for number in range(3)]
    for id in ids:
        finished(rest, id)
    found = rest.ok("GET", f"{QUERY}/queries?property=sql~findable,state==SUCCESS&limit=2")
    assert [item["id"] for item in found["queries"]] == [ids[2], ids[1]]
    assert "next" in found["_links"]


def test_template_is_stored_changed_and_run(rest: Rest) -> None:
    body = {"name": "one", "sql": "SELECT $value AS value"}
    answer = rest.send("POST", f"{QUERY}/query-templates", body)
    assert answer.status_code == 202
    id = answer.json()["id"]
    path = f"{QUERY}/query-templates/{id}"
    assert rest.send("PUT", path, {**body, "name": "two"}).status_code == 202
    changed = rest.ok("GET", path)
    assert (changed["name"], changed["created"]) == ("two", answer.json()["created"])
    assert changed["lastUpdatedBy"] == changed["userId"]
    assert [link["method"] for link in changed["_links"].values()] == ["GET", "DELETE", "PUT"]
    named = rest.ok("GET", f"{QUERY}/query-templates?property=name==two")["templates"]
    assert [item["id"] for item in named] == [id]
    run = rest.ok("POST", f"{QUERY}/queries", {"dbName": "dev:all", "templateId": id, "queryParameters": {"value": 7}})
    assert run["effectiveSQL"] == "SELECT 7 AS value"
    assert finished(rest, run["id"])["templateName"] == "two"
    assert rest.send("DELETE", path).json() == {"message": "Deleted", "statusCode": "202"}
    assert rest.refused("GET", path)[0] == 404


def effective(rest: Rest, **body: object) -> str:
    return str(rest.ok("POST", f"{QUERY}/queries", {"dbName": "dev:all", **body})["effectiveSQL"])


def test_parameters_of_a_template_are_defaults(rest: Rest) -> None:
    template = {"name": "defaults", "sql": "SELECT $a, $b", "queryParameters": {"$a": 1, "b": 2}}
    id = rest.send("POST", f"{QUERY}/query-templates", template).json()["id"]
    assert effective(rest, templateId=id) == "SELECT 1, 2"
    assert effective(rest, templateId=id, queryParameters={"$b": 3}) == "SELECT 1, 3"


def test_inline_templates_are_replaced_however_deep(rest: Rest) -> None:
    for name, sql in (
        ("INNER_T", "SELECT $value AS a;"),
        ("OUTER_T", "SELECT * FROM (#INNER_T)"),
        ("ROUND_T", "SELECT 1 #BACK_T"),
        ("BACK_T", "#ROUND_T"),
    ):
        assert rest.send("POST", f"{QUERY}/query-templates", {"name": name, "sql": sql}).status_code == 202
    sql = "#OUTER_T WHERE b = '#INNER_T' AND c = $value -- #INNER_T"
    expected = "SELECT * FROM (SELECT $value AS a) WHERE b = '#INNER_T' AND c = 5 -- #INNER_T"
    assert effective(rest, sql=sql, queryParameters={"value": 5}) == expected
    assert effective(rest, sql="SELECT 1 #NO_SUCH_T") == "SELECT 1 #NO_SUCH_T"
    status, message = rest.refused("POST", f"{QUERY}/queries", {"dbName": "dev:all", "sql": "#ROUND_T"})[:2]
    assert status == 400
    assert "leads back to itself" in str(message)


def test_schedule_runs_at_its_times_and_can_be_switched_off(rest: Rest) -> None:
    body = {
        "query": {"dbName": "dev:all", "name": "hourly", "sql": "SELECT 1 AS one"},
        "schedule": {"schedule": "30 * * * *", "startDate": "2020-01-01T00:00:00Z", "maxActiveRuns": 1},
    }
    answer = rest.send("POST", f"{QUERY}/schedules", body)
    assert (answer.status_code, answer.json()["state"]) == (202, "REGISTERING")
    path = f"{QUERY}/schedules/{answer.json()['id']}"
    assert rest.ok("GET", path)["state"] == "ENABLED"
    rest.advance(2 * 3600)
    runs = rest.ok("GET", f"{path}/runs")["runsSchedules"]
    assert [run["state"] for run in runs] == ["SUCCESS", "SUCCESS"]
    assert rest.send("POST", f"{path}/runs").status_code == 202
    disable = {"body": [{"op": "replace", "path": "/state", "value": "disable"}]}
    assert rest.send("PATCH", path, disable).status_code == 202
    assert rest.refused("PATCH", path, disable)[0] == 400
    assert rest.refused("POST", f"{path}/runs")[0] == 400
    rest.advance(3600)
    assert len(rest.ok("GET", f"{path}/runs")["runsSchedules"]) == 3
    bad = {**body, "schedule": {"schedule": "every day"}}
    assert rest.refused("POST", f"{QUERY}/schedules", bad)[0] == 400
    assert rest.send("DELETE", path).status_code == 202


def test_schedule_takes_other_times_and_is_deleted_only_when_disabled(rest: Rest) -> None:
    body = {
        "query": {"dbName": "dev:all", "name": "other times", "sql": "SELECT 1 AS one"},
        "schedule": {"schedule": "30 * * * *", "startDate": "2020-01-01T00:00:00Z"},
    }
    made = rest.send("POST", f"{QUERY}/schedules", body).json()
    assert made["schedule"] == {**body["schedule"], "maxActiveRuns": 1}
    assert set(made["_links"]) == {"self", "enable", "disable", "delete", "runs", "trigger"}
    path = f"{QUERY}/schedules/{made['id']}"

    def patch(where: str, value: str) -> Json:
        return {"body": [{"op": "replace", "path": where, "value": value}]}

    assert rest.send("PATCH", path, patch("/schedule/schedule", "45 * * * *")).status_code == 202
    assert rest.ok("GET", path)["schedule"]["schedule"] == "45 * * * *"
    assert rest.refused("PATCH", path, patch("/schedule/schedule", "often"))[0] == 400
    assert rest.refused("PATCH", path, patch("/query/sql", "SELECT 2"))[0] == 400
    status, message = rest.refused("DELETE", path)[:2]
    assert (status, "disable the schedule" in str(message)) == (400, True)
    assert rest.send("PATCH", path, patch("/state", "disable")).status_code == 202
    assert rest.send("DELETE", path).status_code == 202


def test_query_waits_its_documented_time_and_can_be_cancelled_before(tmp_path: Path) -> None:
    with running(tmp_path, delays="documented") as rest:
        first, second = (submitted(rest, "SELECT 1 AS one")["id"] for _ in range(2))
        assert rest.ok("GET", f"{QUERY}/queries/{first}")["state"] == "SUBMITTED"
        assert rest.send("PATCH", f"{QUERY}/queries/{first}", {"op": "cancel"}).status_code == 202
        rest.advance(120)
        assert rest.ok("GET", f"{QUERY}/queries/{first}")["state"] == "KILLED"
        assert finished(rest, second)["state"] == "SUCCESS"
