"""Quotas and silent drops, as documented, on the movable clock."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tests.integration.rest import UPS, Rest, running

DAY = 86_400
FIELD = {"rank": {"type": "integer"}}


def person(user: str, rank: int) -> pa.Table:
    kind = pa.struct([("userId", pa.string()), ("rank", pa.int64())])
    return pa.table({"_acme": pa.array([{"userId": user, "rank": rank}], kind)})


def known(rest: Rest, users: list[str]) -> set[str]:
    body = {
        "schema": {"name": "_xdm.context.profile"},
        "fields": ["_acme.rank"],
        "identities": [{"entityId": user, "entityIdNS": {"code": "ECID"}} for user in users],
    }
    answer = rest.ok("POST", f"{UPS}/access/entities", body)
    return {item["requestedIdentity"]["entityId"] for item in answer.values() if item["entity"]}


def test_profile_takes_ninety_batches_a_day_and_the_rest_on_the_next(tmp_path: Path) -> None:
    with running(tmp_path, delays="documented") as rest:
        dataset = rest.dataset("ranks", FIELD)
        users = [f"u{n:03d}" for n in range(93)]
        # A day of its own: whatever time it is now, all of them are complete long before midnight.
        rest.advance(DAY - seconds_of_the_day(rest) + 60)
        batches = []
        for number, user in enumerate(users):
            batches.append(rest.send_batch(dataset, person(user, number), tmp_path / "rank.parquet"))
        rest.advance(3600)
        states = [rest.ok("GET", f"/data/foundation/catalog/batches/{batch}")[batch]["status"] for batch in batches]
        assert set(states) == {"success"}, "the lake takes them all"
        rest.advance(3600)
        assert len(known(rest, users)) == 90
        rest.advance(DAY - seconds_of_the_day(rest) - 120)
        assert len(known(rest, users)) == 90
        rest.advance(DAY)
        assert known(rest, users) == set(users)


def seconds_of_the_day(rest: Rest) -> int:
    hours, minutes, seconds = rest.now()[11:19].split(":")
    return 3600 * int(hours) + 60 * int(minutes) + int(seconds)


@pytest.mark.soak
def test_a_year_of_on_demand_evaluations_is_a_hundred(tmp_path: Path) -> None:
    rule = {"type": "PQL", "format": "pql/text", "value": "_acme.rank >= 1"}
    body = {"name": "Ranked", "expression": rule, "schema": {"name": "_xdm.context.profile"}}
    with running(tmp_path) as rest:
        rest.dataset("ranks", FIELD)
        audience = rest.ok("POST", f"{UPS}/segment/definitions", body)["id"]
        # The daily evaluation has nothing to do with it, and would cost a moment for each day that passes.
        for schedule in rest.ok("GET", f"{UPS}/config/schedules")["children"]:
            off = [{"op": "add", "path": "/state", "value": "inactive"}]
            rest.ok("PATCH", f"{UPS}/config/schedules/{schedule['id']}", off)

        def evaluate() -> None:
            job = rest.ok("POST", f"{UPS}/segment/jobs", [{"segmentId": audience}])
            path = f"{UPS}/segment/jobs/{job['id']}"
            rest.wait(lambda: rest.ok("GET", path)["status"] == "SUCCEEDED", "the segment job")

        for number in range(100):
            evaluate()
            if number % 2:
                rest.advance(DAY)
        status, text = rest.refused("POST", f"{UPS}/segment/jobs", [{"segmentId": audience}])
        assert (status, "100 on-demand evaluations of this year" in text) == (429, True)
        rest.advance(366 * DAY - 50 * DAY)
        evaluate()


def test_too_many_audiences_for_one_evaluation_are_refused_and_use_nothing_up(tmp_path: Path) -> None:
    with running(tmp_path) as rest:
        rest.dataset("ranks", FIELD)
        rules = [{"type": "PQL", "format": "pql/text", "value": f"_acme.rank >= {n}"} for n in range(21)]
        bodies = [{"name": r["value"], "expression": r, "schema": {"name": "_xdm.context.profile"}} for r in rules]
        ids = [{"segmentId": rest.ok("POST", f"{UPS}/segment/definitions", body)["id"]} for body in bodies]
        status, text = rest.refused("POST", f"{UPS}/segment/jobs", ids)
        assert (status, "at most 20 in one run" in text) == (400, True)
        assert rest.ok("GET", f"{UPS}/segment/jobs")["children"] == []
