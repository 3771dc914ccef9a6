"""How generated YAML of the dbt project is written: one line per column, and one description per column name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

GENERATED = "Generated from propensity.yml by `propensity sync`"
"""The mark in the first line of every generated file."""
_DOC = re.compile(r"\{\{\s*doc\(.*\)\s*\}\}")


@dataclass(frozen=True)
class FeatureColumn:
    """A column that a feature model adds to the sets; `when_absent` is its value for users without activity."""

    name: str
    data_type: str
    description: str
    kind: str
    when_absent: int | float | str | None = None
    role: str = "feature"

    @property
    def own_doc(self) -> bool:
        """Whether the description refers to a doc block that a person wrote."""
        return bool(_DOC.fullmatch(self.description))


@dataclass(frozen=True)
class FeatureModel:
    """A feature model and the columns it adds."""

    name: str
    columns: tuple[FeatureColumn, ...]


def doc_blocks(columns: Iterable[FeatureColumn]) -> str:
    """models/columns.md: what each column of the sets means, written once; every YAML file refers to it."""
    text = [f"<!-- {GENERATED}; edit that file, or the YAML of the feature model, instead. -->\n"]
    for name, column in {c.name: c for c in columns if not c.own_doc}.items():
        shown = column.description.replace("{", "(").replace("}", ")")
        text.append(f"{{% docs {name} %}}\n{shown}\n{{% enddocs %}}\n")
    return "\n".join(text)


def model_yaml(name: str, about: str, config: Sequence[str], columns: Sequence[str]) -> str:
    """The YAML of one model. `config` and `columns` are lines."""
    lines = [f"# {GENERATED}; edit that file instead.", "version: 2", "", "models:"]
    lines += [f"  - name: {name}", f"    description: {json.dumps(about, ensure_ascii=False)}"]
    return "\n".join([*lines, *config, "    columns:", *columns]) + "\n"


def plain_column(column: FeatureColumn) -> str:
    """The line of a column without a role."""
    content = {"name": column.name, "data_type": column.data_type, "description": _reference(column)}
    return f"      - {inline(content)}"


def set_column(column: FeatureColumn) -> str:
    """The line of a column with its role."""
    about: dict[str, Any] = {"role": column.role, "kind": column.kind}
    if column.when_absent is not None:
        about["when_absent"] = column.when_absent
    content = {
        "name": column.name,
        "data_type": column.data_type,
        "config": {"meta": {"propensity": about}},
        "description": _reference(column),
    }
    return f"      - {inline(content)}"


def inline(content: dict[str, Any]) -> str:
    """A YAML flow mapping."""
    parts = []
    for key, value in content.items():
        shown = inline(value) if isinstance(value, dict) else word(value)
        parts.append(f"{key}: {shown}")
    return "{" + ", ".join(parts) + "}"


def word(value: str | float | None) -> str:
    """A YAML scalar; quoted where YAML would read something else than the text (`no` is a boolean)."""
    if value is None:
        return "null"
    if isinstance(value, str) and not (value.replace("_", "").isalnum() and yaml.safe_load(value) == value):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _reference(column: FeatureColumn) -> str:
    return column.description if column.own_doc else f"{{{{ doc('{column.name}') }}}}"
