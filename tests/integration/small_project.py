"""A dbt project with our macros and a handful of models of a test's own: parsed in a second."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tests.integration.feature_store import ROOT, FeatureStore


def small_project(store: FeatureStore, name: str, files: Mapping[str, str]) -> FeatureStore:
    """The same platform with another project: our macros, settings and tests, and these files (path to text)."""
    project = store.folder / name
    shutil.copytree(ROOT / "dbt_project/macros", project / "macros")
    shutil.copytree(ROOT / "dbt_project/tests", project / "tests")
    shutil.copyfile(ROOT / "dbt_project/dbt_project.yml", project / "dbt_project.yml")
    for path, text in files.items():
        write(project / path, text)
    return replace(store, project=project)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
