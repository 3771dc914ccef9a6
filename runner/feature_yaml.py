"""What the YAML beside a feature model says of its columns, read so that every fault is named before dbt sees it.

dbt ignores a misplaced or misspelt key of `meta` in silence: a feature would be missing from the sets, and nobody told.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from runner.contract import KINDS
from runner.errors import SettingsError
from runner.project_yaml import FeatureColumn

OWN_KEYS = ("user_id", "as_of", "look_back_days")
"""Columns that every feature model has and no set takes from it."""
ROLES = ("feature", "attribute")
TYPES: Mapping[str, tuple[str, ...]] = {
    "number": ("int", "bigint", "double", "boolean"),
    "category": ("string", "boolean", "int", "bigint", "date"),
}
"""Types that a column may have, by kind: what a contract's CAST knows, and the model can read."""
_KNOWN = ("role", "kind", "when_absent")


def feature_columns(path: Path, model: str, text: str) -> tuple[FeatureColumn, ...]:
    """The columns that a feature model adds to the sets, in the order of its YAML.

    Args:
        path: of the YAML, for messages; text: what stands in it.

    Raises:
        SettingsError: the YAML cannot be read, or a column lacks something or says what is not known; every fault of
            the file is named at once.
    """
    described = _model(path, model, text)
    columns: list[FeatureColumn] = []
    faults: list[str] = []
    for number, column in enumerate(described.get("columns") or [], 1):
        if not isinstance(column, Mapping) or not column.get("name"):
            faults.append(f"column {number} has no name")
        elif column["name"] not in OWN_KEYS:
            found = _faults(column)
            faults += [f"{column['name']} {fault}" for fault in found]
            if not found:
                columns.append(_column(column))
    if not columns and not faults:
        faults.append(f"it names no column besides {', '.join(OWN_KEYS)}")
    if faults:
        raise SettingsError(
            f"{path} does not describe {model}: {'; '.join(faults)}.",
            "Every feature column needs name, data_type, description and "
            "`config: {meta: {propensity: {role: feature, kind: number}}}` (or role: attribute, kind: category).",
        )
    return tuple(columns)


def _model(path: Path, model: str, text: str) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(text) or {}
        return next(m for m in content["models"] if m["name"] == model)
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not YAML: {error}", "Correct the line that it names.") from None
    except (StopIteration, KeyError, TypeError):
        raise SettingsError(
            f"{path} does not describe {model}: no model there is called so.", f"Write `- name: {model}` under models."
        ) from None


def _faults(column: Mapping[str, Any]) -> list[str]:
    """What is wrong with a column, as ends of sentences about it."""
    about = ((column.get("config") or {}).get("meta") or {}).get("propensity")
    faults = [f"has no {key}" for key in ("data_type", "description") if not str(column.get(key) or "").strip()]
    if not isinstance(about, Mapping):
        return [*faults, "has no config.meta.propensity"]
    role, kind, data_type = about.get("role"), about.get("kind"), column.get("data_type")
    if role not in ROLES:
        faults.append(f"has the role {role!r} (known: {', '.join(ROLES)})")
    if kind not in KINDS:
        faults.append(f"has the kind {kind!r} (known: {', '.join(KINDS)})")
    elif data_type and data_type not in TYPES[kind]:
        faults.append(f"has the data_type {data_type!r}, and a {kind} is one of: {', '.join(TYPES[kind])}")
    faults += [f"has {key!r} in its meta (known: {', '.join(_KNOWN)})" for key in about if key not in _KNOWN]
    return faults


def _column(column: Mapping[str, Any]) -> FeatureColumn:
    about = column["config"]["meta"]["propensity"]
    return FeatureColumn(
        str(column["name"]),
        str(column["data_type"]),
        str(column["description"]).strip(),
        about["kind"],
        about.get("when_absent"),
        about["role"],
    )
