"""What dbt cannot say in SQL about its datasets: their usage labels, and whether they have the XDM schema they should.

Datasets made by CREATE TABLE AS inherit no usage label from what they were made of (Adobe, "Data governance in Query
Service"), so a model names them itself: `config.meta.query_service.usage_labels: [C2, I2]`. Labels are added and never
taken away: a data steward may have put more of them there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.errors import DataError
from runner.platform import Platform
from runner.platform.catalog import Dataset

_SUFFIX = {"dataset": "_runs", "audience": ""}
"""What a materialization puts behind a model's name to call its dataset."""


def settle_datasets(platform: Platform, manifest_file: Path, log: Callable[[str], None]) -> None:
    """Put the usage labels of every model that was built on its dataset, and compare XDM schemas. Repeating it is safe.

    Args:
        manifest_file: dbt's manifest of the build; models whose dataset does not exist (yet) are passed over.

    Raises:
        DataError: a dataset has another XDM schema than its model asks for; it keeps the one it was made with.
    """
    wanted = dict(_wanted(json.loads(manifest_file.read_text(encoding="utf-8"))))
    if not wanted:
        return
    there = {d.table_name: d for d in platform.catalog.datasets()}
    for table, about in wanted.items():
        if table in there:
            _settle(platform, there[table], about, log)


def _wanted(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for node in manifest["nodes"].values():
        suffix = _SUFFIX.get(node["config"].get("materialized", ""))
        about = (node["config"].get("meta") or {}).get("query_service") or {}
        if suffix is not None and (about.get("usage_labels") or about.get("xdm_schema")):
            yield f"{node['alias']}{suffix}", about


def _settle(platform: Platform, dataset: Dataset, about: Mapping[str, Any], log: Callable[[str], None]) -> None:
    title = about.get("xdm_schema")
    if title:
        schema = platform.schemas.find_schema(str(title))
        if schema is None or schema.id != dataset.schema_id:
            raise DataError(
                f"The dataset {dataset.table_name} was not made with the XDM schema '{title}', and a dataset keeps the "
                "schema it was made with.",
                "Put xdm_schema in the model's config back, or rename the model: that makes another dataset.",
            )
    missing = [
        label for label in about.get("usage_labels") or [] if label not in platform.labels.labels(dataset.id).dataset
    ]
    if missing:
        platform.labels.add(dataset.id, missing)
        log(f"{dataset.table_name} carries the usage labels {', '.join(missing)} from now on")
