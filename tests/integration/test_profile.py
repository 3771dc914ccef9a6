"""Real-Time Customer Profile over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from tests.integration.rest import UPS, Rest, running, start

SCORE = {
    "propensity": {
        "type": "object",
        "properties": {
            "score": {"type": "number"},
            "asOf": {"type": "string", "format": "date-time"},
            "eligible": {"type": "boolean"},
        },
    }
}
AS_OF = datetime(2026, 11, 9, tzinfo=UTC)


def scores(**values: float | None) -> pa.Table:
    inner = pa.struct([("score", pa.float64()), ("asOf", pa.timestamp("ms", tz="UTC")), ("eligible", pa.bool_())])
    rows = [
        {"userId": user, "propensity": {"score": value, "asOf": AS_OF, "eligible": value is not None}}
        for user, value in values.items()
    ]
    return pa.table({"_acme": pa.array(rows, pa.struct([("userId", pa.string()), ("propensity", inner)]))})


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("profile")) as platform:
        yield platform


@pytest.fixture(scope="module")
def dataset(rest: Rest, tmp_path_factory: pytest.TempPathFactory) -> str:
    id = rest.dataset("profile scores", SCORE)
    rest.ingest(id, scores(u1=0.25, u2=0.75, u3=None), tmp_path_factory.mktemp("files") / "scores.parquet")
    return id


def entity(rest: Rest, user: str, **query: str) -> dict[str, object]:
    extra = "".join(f"&{name}={value}" for name, value in query.items())
    path = f"{UPS}/access/entities?schema.name=_xdm.context.profile&entityId={user}&entityIdNS=ECID{extra}"
    answer = rest.ok("GET", path)
    assert len(answer) == 1
    return dict(next(iter(answer.values())))


def test_score_is_found_by_identity(rest: Rest, dataset: str) -> None:
    found = entity(rest, "u1")
    assert found["entity"] == {
        "_acme": {
            "userId": "u1",
            "propensity": {"score": 0.25, "asOf": "2026-11-09T00:00:00Z", "eligible": True},
        },
        "identityMap": {"ecid": [{"id": "u1"}]},
    }
    assert found["sources"] == [dataset]
    assert str(found["lastModifiedAt"]).endswith("Z")


def test_only_the_fields_asked_for_are_returned(rest: Rest, dataset: str) -> None:
    found = entity(rest, "u1", fields="_acme.propensity.score")
    assert found["entity"] == {"_acme": {"propensity": {"score": 0.25}}}


def test_unknown_identity_is_a_404_alone_and_an_empty_entity_in_bulk(rest: Rest, dataset: str) -> None:
    base = f"{UPS}/access/entities"
    status, text = rest.refused("GET", f"{base}?schema.name=_xdm.context.profile&entityId=nobody&entityIdNS=ECID")
    assert status == 404
    assert '"statusCode":"404"' in text
    body = {
        "schema": {"name": "_xdm.context.profile"},
        "fields": ["_acme.propensity"],
        "identities": [{"entityId": user, "entityIdNS": {"code": "ECID"}} for user in ("u2", "nobody")],
    }
    answer = {item["requestedIdentity"]["entityId"]: item for item in rest.ok("POST", base, body).values()}
    assert answer["u2"]["entity"]["_acme"]["propensity"]["score"] == 0.75
    assert answer["nobody"]["entity"] == {}
    assert answer["nobody"]["lastModifiedAt"].startswith("1970")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("schema.name=_xdm.context.account&entityId=u1&entityIdNS=ECID", "schema.name"),
        ("schema.name=_xdm.context.profile&entityId=u1", "entityIdNS"),
        ("schema.name=_xdm.context.profile&entityId=u1&entityIdNS=ECID&mergePolicyId=none", "merge policy"),
    ],
)
def test_question_that_cannot_be_answered_is_a_400(rest: Rest, dataset: str, query: str, message: str) -> None:
    status, text = rest.refused("GET", f"{UPS}/access/entities?{query}")
    assert status == 400
    assert message in text


def test_sample_status_counts_profiles_and_datasets(rest: Rest, dataset: str) -> None:
    assert rest.ok("GET", f"{UPS}/previewsamplestatus")["totalRows"] == "3"
    report = rest.ok("GET", f"{UPS}/previewsamplestatus/report/dataset")
    assert [(item["value"], item["fullIDsCount"]) for item in report["data"]] == [(dataset, 3)]
    assert rest.ok("GET", f"{UPS}/previewsamplestatus/report/namespace")["data"][0]["code"] == "ECID"


def test_default_merge_policy_orders_by_time(rest: Rest) -> None:
    policies = rest.ok("GET", f"{UPS}/config/mergePolicies?limit=100")
    assert policies["_links"]["next"] == {}
    assert [item["attributeMerge"]["type"] for item in policies["children"] if item["default"]] == ["timestampOrdered"]


def test_corrected_score_wins_and_deleting_the_dataset_takes_it_out(rest: Rest, tmp_path: Path) -> None:
    id = rest.dataset("corrected scores", {"corrected": {"type": "number"}})

    def value(number: float) -> pa.Table:
        kind = pa.struct([("userId", pa.string()), ("corrected", pa.float64())])
        return pa.table({"_acme": pa.array([{"userId": "c1", "corrected": number}], kind)})

    for number in (0.9, 0.1):
        rest.ingest(id, value(number), tmp_path / "scores.parquet")
    assert entity(rest, "c1", fields="_acme.corrected")["entity"] == {"_acme": {"corrected": 0.1}}
    job = rest.ok("POST", f"{UPS}/system/jobs", {"dataSetId": id})
    rest.wait(lambda: rest.ok("GET", f"{UPS}/system/jobs/{job['id']}")["status"] == "COMPLETED", "the delete job")
    path = f"{UPS}/access/entities?schema.name=_xdm.context.profile&entityId=c1&entityIdNS=ECID"
    assert rest.refused("GET", path)[0] == 404


def test_reverted_batch_leaves_the_lake_but_not_the_profile(rest: Rest, tmp_path: Path) -> None:
    id = rest.dataset("reverted scores", {"reverted": {"type": "number"}})
    kind = pa.struct([("userId", pa.string()), ("reverted", pa.float64())])
    table = pa.table({"_acme": pa.array([{"userId": "r1", "reverted": 0.5}], kind)})
    batch = rest.ingest(id, table, tmp_path / "scores.parquet")
    rest.ok("POST", f"/data/foundation/import/batches/{batch}?action=REVERT")
    rest.wait(
        lambda: rest.ok("GET", f"/data/foundation/catalog/batches/{batch}")[batch]["status"] != "success", "the revert"
    )
    assert entity(rest, "r1", fields="_acme.reverted")["entity"] == {"_acme": {"reverted": 0.5}}


def test_profile_follows_the_lake_after_minutes(tmp_path: Path) -> None:
    with running(tmp_path, delays="documented") as rest:
        id = rest.dataset("late scores", SCORE)
        base = f"{UPS}/access/entities?schema.name=_xdm.context.profile&entityId=u1&entityIdNS=ECID"

        rest.ingest(id, scores(u1=0.5), tmp_path / "scores.parquet", step=10.0)
        assert rest.refused("GET", base)[0] == 404
        rest.advance(3600)
        assert rest.ok("GET", base)


def test_killed_platform_knows_the_same_profiles_again(tmp_path: Path) -> None:
    rest = start(tmp_path)
    id = rest.dataset("kept scores", SCORE)
    rest.ingest(id, scores(u1=0.5, u2=0.6), tmp_path / "scores.parquet")
    rest.kill()
    with running(tmp_path) as again:
        assert entity(again, "u2", fields="_acme.propensity.score")["entity"] == {
            "_acme": {"propensity": {"score": 0.6}}
        }
        assert again.ok("GET", f"{UPS}/previewsamplestatus")["totalRows"] == "2"
