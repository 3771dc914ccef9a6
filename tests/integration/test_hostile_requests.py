"""Requests made to exhaust the platform: each is refused in words, and the next request is answered."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import psycopg2.errors
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from tests.integration.local_api import PROFILES, LocalApi, local_api

SERVICES = (
    "/data/foundation/catalog/dataSets",
    "/data/foundation/schemaregistry/tenant/schemas",
    "/data/foundation/import/batches",
    "/data/foundation/flowservice/flows",
    "/data/foundation/query/queries",
    "/data/core/ups/segment/definitions",
    "/data/core/ups/access/entities",
    "/data/core/ais/external-audience",
)
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with local_api(tmp_path_factory.mktemp("attacked") / "data") as api:
        yield api


@pytest.fixture
def api(running: LocalApi) -> Iterator[LocalApi]:
    """The platform, which must answer after whatever was done to it."""
    yield running
    running.expect(200, "GET", "/data/foundation/catalog/dataSets")


def nested(levels: int) -> list[str]:
    lists = "[" * levels + "]" * levels
    return [lists, '{"a":' * levels + "1" + "}" * levels, f'{{"name":{lists}}}']


@pytest.mark.parametrize("path", SERVICES)
def test_json_nested_without_end_is_a_400(api: LocalApi, path: str) -> None:
    for levels in (101, 900, 1100, 200_000):
        for body in nested(levels):
            answer = api.call("POST", path, data=body, headers=JSON)
            assert (answer.status_code, "nested deeper than 100 levels" in answer.text) == (400, True), levels


def test_a_schema_of_many_levels_is_read(api: LocalApi) -> None:
    inner: dict[str, object] = {"type": "string"}
    for _ in range(30):
        inner = {"type": "object", "properties": {"a": inner}}
    api.field_group("of many levels", PROFILES, {"deep": inner})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"name": "' + b"x" * (17 << 20) + b'"}', "larger than 16777216 bytes"),
        (b'{"name": ' + b"9" * 100_000 + b"}", "not valid JSON"),
        (b'{"name": "\xff\xfe"}', "not valid JSON"),
    ],
    ids=["huge", "huge number", "not UTF-8"],
)
def test_a_body_that_is_too_much_is_a_400(api: LocalApi, body: bytes, words: str) -> None:
    check_it_is_refused(api, body, words)


def test_a_compressed_body_is_not_unpacked(api: LocalApi) -> None:
    check_it_is_refused(api, gzip.compress(b'{"name": "' + b"x" * (200 << 20) + b'"}'), "not valid JSON")


def check_it_is_refused(api: LocalApi, body: bytes, words: str) -> None:
    answer = api.call("POST", SERVICES[0], data=body, headers=JSON | {"Content-Encoding": "gzip"})
    assert (answer.status_code, words in answer.text) == (400, True)


def rule(text: str) -> dict[str, object]:
    expression = {"type": "PQL", "format": "pql/text", "value": text}
    return {"name": f"rule {len(text)}", "expression": expression, "schema": {"name": "_xdm.context.profile"}}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300 + "1 = 1" + ")" * 300,
        "(" * 60_000,
        "not " * 10_000 + "(1 = 1)",
        "- " * 5_000 + "1 = 1",
        "[" * 5_000 + "]" * 5_000,
        "1" + " + 1" * 5_000 + " = 1",
        "a" + ".a" * 20_000 + " = 1",
        "xEvent" + "[a = 1]" * 5_000,
        "if(" * 5_000,
        "1 = 1 or " * 100_000 + "1 = 1",
        "1 = 1 and " * 100_000,
    ],
    ids=lambda text: f"{text[:9]} {len(text)}",
)
def test_a_rule_nested_without_end_is_a_400(api: LocalApi, text: str) -> None:
    answer = api.call("POST", SERVICES[5], json=rule(text))
    assert answer.status_code == 400, answer.text[:300]
    assert "The service failed" not in answer.text


def test_a_rule_of_a_thousand_alternatives_is_evaluated(api: LocalApi) -> None:
    group = api.field_group("people", PROFILES, {"userId": {"type": "string"}})
    schema = api.schema("people", PROFILES, [group["$id"]])
    api.primary_identity(schema["$id"])
    api.enable(schema["$id"])
    api.dataset("people", schema["$id"], tags={"unifiedProfile": ["enabled:true"]})
    text = " or ".join(f'_acme.userId = "{n}"' for n in range(1000))
    api.expect(200, "POST", SERVICES[5], json=rule(text))


def test_a_row_nested_without_end_is_a_corrupt_row(api: LocalApi) -> None:
    _, dataset = api.make("deep rows", PROFILES, {"tags": {"type": "array", "items": {"type": "string"}}})
    bad = '{"_acme": {"userId": "b", "tags": ' + "[" * 100_000 + "]" * 100_000 + "}}"
    good = json.dumps({"_acme": {"userId": "a"}})
    batch, found = api.ingest(dataset, f"{good}\n{bad}\n", "json", partialIngestionPercent=50)
    assert (found["status"], found["metrics"]["failedRecordCount"]) == ("success", 1)
    assert [row["_acme"]["userId"] for row in api.rows(batch)] == ["a"]
    _, whole = api.ingest(dataset, "[" * 100_000, "json", inputFormat={"isMultiLineJson": True})
    assert (whole["status"], "not one JSON document" in whole["errors"][0]["description"]) == ("failed", True)


def test_a_small_file_that_unpacks_to_a_gigabyte_does_not_take_the_memory(api: LocalApi) -> None:
    _, dataset = api.make("packed", PROFILES, {})
    text = pa.array(["x" * 1000]).dictionary_encode().take(pa.array([0] * 1_000_000)).cast(pa.string())
    sink = io.BytesIO()
    pq.write_table(pa.table({"_acme": pa.StructArray.from_arrays([text], ["userId"])}), sink, compression="zstd")
    assert len(sink.getvalue()) < 1 << 20
    _, found = api.ingest(dataset, sink.getvalue())
    assert found["metrics"]["outputRecordCount"] == 1_000_000
    status = Path(f"/proc/{api.process.pid}/status").read_text(encoding="utf-8")
    peak_kb = int(status.split("VmHWM:")[1].split()[0])
    assert peak_kb < 1_500_000


def test_queries_and_addresses_of_any_length_are_answered(api: LocalApi) -> None:
    for query in ("name=" + "x" * 50_000, "&".join(f"a{n}=1" for n in range(3000)), "property=" + "(" * 5000):
        assert api.call("GET", f"{SERVICES[0]}?{query}").status_code < 500
    for limit in ("99999999999999999999", "-1", "1e3", "NaN", "٣"):
        assert api.call("GET", f"{SERVICES[0]}?limit={limit}").status_code == 400


def test_a_query_nested_without_end_fails_alone(api: LocalApi) -> None:
    login = {key: api.ready[key] for key in ("dbname", "user", "password", "sslmode")}
    with closing(
        psycopg2.connect(host=api.ready["sql_host"], port=api.ready["sql_port"], gssencmode="disable", **login)
    ) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            for levels in (1500, 3000):
                with pytest.raises(psycopg2.Error):
                    cursor.execute("SELECT " + "(" * levels + "1" + ")" * levels + " AS x")
            for name in ('"../x"', "`a/../../b`", '"a\r\nb"', '"a\\..\\b"'):
                with pytest.raises(psycopg2.errors.SyntaxError):
                    cursor.execute(f"CREATE TABLE {name} AS SELECT 1 AS a")
            with pytest.raises(psycopg2.errors.UndefinedTable):
                cursor.execute("SELECT * FROM `../../etc/passwd`")
            cursor.execute("SELECT 1 AS x")
            assert cursor.fetchall() == [(1,)]


def test_a_token_in_the_address_opens_nothing(api: LocalApi) -> None:
    headers = {k: str(v) for k, v in api.session.headers.items() if k != "Authorization"}
    for name in ("access_token", "Authorization", "token"):
        url = f"{api.ready['api_url']}{SERVICES[0]}?{name}={api.token()}"
        assert requests.get(url, headers=headers, timeout=30).status_code == 403
