"""Export jobs write profiles to a dataset; custom policies judge labels by nested rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aepp_methods.world import people
from tests.integration.rest import UPS, Rest, running

Json = dict[str, Any]
POLICY = "/data/foundation/dulepolicy"


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("exports")) as platform:
        yield platform


def exported(rest: Rest, dataset: str, **more: Any) -> list[Json]:
    body = {"fields": "_acme.userId,_acme.points", "destination": {"datasetId": dataset}, **more}
    job = rest.ok("POST", f"{UPS}/export/jobs", body)["id"]
    rest.wait(lambda: rest.ok("GET", f"{UPS}/export/jobs/{job}")["status"] not in ("NEW", "PROCESSING"), f"job {job}")
    done = rest.ok("GET", f"{UPS}/export/jobs/{job}")
    assert done["status"] == "SUCCEEDED", done
    rows = rest.ok("GET", f"/data/foundation/export/datasets/{dataset}/preview")["data"]
    assert done["metrics"]["totalExportedProfileCounter"] == len(rows)
    return sorted((row["_acme"] for row in rows), key=lambda row: str(row["userId"]))


def test_profiles_are_written_to_a_dataset(rest: Rest, tmp_path: Path) -> None:
    fields = {"points": {"type": "integer"}}
    source = rest.dataset("members", fields)
    rest.ingest(source, people("u1", "u2", "u3"), tmp_path / "rows.parquet")
    everybody = exported(rest, rest.dataset("all of them", fields, profile=False))
    assert everybody == [{"userId": f"u{n + 1}", "points": n} for n in range(3)]
    rule = {"type": "PQL", "format": "pql/text", "value": "_acme.points >= 1"}
    made = {"name": "some", "expression": rule, "schema": {"name": "_xdm.context.profile"}}
    segment = rest.ok("POST", f"{UPS}/segment/definitions", made)["id"]
    wanted = {"filter": {"segments": [{"segmentId": segment}]}}
    assert exported(rest, rest.dataset("some of them", fields, profile=False), **wanted) == everybody[1:]


def test_a_custom_policy_denies_by_its_rule(rest: Rest) -> None:
    action = {"name": "trainModels", "description": "models of persons"}
    rest.ok("PUT", f"{POLICY}/marketingActions/custom/trainModels", action)
    deny = {
        "operator": "AND",
        "operands": [{"label": "C9"}, {"operator": "OR", "operands": [{"label": "I1"}, {"label": "I2"}]}],
    }
    policy = {
        "name": "No models",
        "status": "DRAFT",
        "marketingActionRefs": ["../marketingActions/custom/trainModels"],
        "deny": deny,
    }
    id = rest.ok("POST", f"{POLICY}/policies/custom", policy)["id"]
    question = f"{POLICY}/marketingActions/custom/trainModels/constraints?duleLabels="

    def violated(labels: str) -> list[str]:
        return [item["id"] for item in rest.ok("GET", question + labels)["violatedPolicies"]]

    assert violated("C9,I2") == []
    assert violated("C9,I2&includeDraft=true") == [id]
    rest.ok("PATCH", f"{POLICY}/policies/custom/{id}", [{"op": "replace", "path": "/status", "value": "ENABLED"}])
    assert [violated(labels) for labels in ("C9,I2", "C9", "I1,I2")] == [[id], [], []]
    assert rest.refused("DELETE", f"{POLICY}/marketingActions/custom/trainModels")[0] == 400
    rest.ok("DELETE", f"{POLICY}/policies/custom/{id}")
    rest.ok("DELETE", f"{POLICY}/marketingActions/custom/trainModels")
    assert rest.refused("GET", f"{POLICY}/marketingActions/custom/trainModels")[0] == 404
