"""The contract as it is read from dbt's manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runner.contract import Contract
from runner.errors import DataError

GOOD: dict[str, tuple[str, str, str]] = {
    "user_id": ("key", "category", "string"),
    "as_of": ("as_of", "number", "timestamp"),
    "run_id": ("run", "category", "string"),
    "label": ("label", "number", "int"),
    "weight": ("weight", "number", "double"),
    "split": ("split", "category", "string"),
    "n_events_7d": ("feature", "number", "int"),
    "country": ("attribute", "category", "string"),
}


def column(role: str, kind: str, data_type: str) -> dict[str, Any]:
    return {
        "data_type": data_type,
        "description": "x",
        "config": {"meta": {"propensity": {"role": role, "kind": kind}}},
    }


def manifest(folder: Path, columns: dict[str, dict[str, Any]], *, enforced: bool = True) -> Path:
    node = {
        "name": "newsletter_training_set",
        "alias": "newsletter_training_set",
        "resource_type": "model",
        "patch_path": "propensity://models/use_cases/newsletter/newsletter_training_set.yml",
        "config": {"contract": {"enforced": enforced}},
        "columns": columns,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps({"nodes": {"model.propensity.newsletter_training_set": node}}))
    return path


def read(path: Path) -> Contract:
    return Contract.from_manifest(path, "newsletter_training_set")


def test_every_column_has_a_role_and_keeps_its_place(tmp_path: Path) -> None:
    contract = read(manifest(tmp_path, {name: column(*about) for name, about in GOOD.items()}))
    assert contract.names == tuple(GOOD)
    assert [c.name for c in contract.features] == ["n_events_7d"]
    assert [c.name for c in contract.attributes] == ["country"]
    assert contract.one("label").data_type == "int"
    assert contract.dataset == "newsletter_training_set_runs"


def test_all_faults_are_named_at_once_with_the_file_to_correct(tmp_path: Path) -> None:
    columns = {name: column(*about) for name, about in GOOD.items()}
    columns["n_events_7d"]["config"] = {"propensity": {"role": "feature", "kind": "number"}}  # a misplaced key
    columns["country"] = column("decoration", "category", "string")
    with pytest.raises(DataError) as refused:
        read(manifest(tmp_path, columns))
    message = str(refused.value)
    assert "column n_events_7d has no config.meta.propensity" in message
    assert "column country has the role 'decoration'" in message
    assert "newsletter_training_set.yml" in message


def test_a_role_is_taken_once(tmp_path: Path) -> None:
    columns = {name: column(*about) for name, about in GOOD.items()}
    columns["other_key"] = column("key", "category", "string")
    with pytest.raises(DataError, match="2 columns have the role 'key'"):
        read(manifest(tmp_path, columns))


def test_a_label_without_a_split_is_refused(tmp_path: Path) -> None:
    columns = {name: column(*about) for name, about in GOOD.items() if name != "split"}
    with pytest.raises(DataError, match="of label, weight and split it has only label and weight"):
        read(manifest(tmp_path, columns))


def test_a_contract_must_be_enforced(tmp_path: Path) -> None:
    columns = {name: column(*about) for name, about in GOOD.items()}
    with pytest.raises(DataError, match="its contract is not enforced"):
        read(manifest(tmp_path, columns, enforced=False))


def test_an_unknown_model_names_those_there_are(tmp_path: Path) -> None:
    path = manifest(tmp_path, {name: column(*about) for name, about in GOOD.items()})
    with pytest.raises(DataError, match="no model 'purchase_training_set'; its sets are: newsletter_training_set"):
        Contract.from_manifest(path, "purchase_training_set")


def test_a_scoring_set_has_no_label_and_says_so(tmp_path: Path) -> None:
    columns = {n: column(*about) for n, about in GOOD.items() if n not in ("label", "weight", "split")}
    contract = read(manifest(tmp_path, columns))
    assert not contract.has("label")
    with pytest.raises(DataError, match="no column with the role 'label'"):
        contract.one("label")


def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "manifest.json"
    broken.write_text("{}")
    with pytest.raises(DataError, match="is not a dbt manifest"):
        read(broken)
