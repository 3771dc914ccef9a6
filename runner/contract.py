"""The contract between the SQL project and everything after it: which columns a set has, and what each is for.

Read from dbt's manifest, where every column of a training or scoring set carries
`config.meta.propensity: {role, kind}` under an enforced dbt contract.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, cast, get_args

from runner.errors import DataError

Role = Literal["key", "as_of", "run", "label", "weight", "split", "feature", "attribute"]
Kind = Literal["number", "category"]
ROLES: tuple[Role, ...] = get_args(Role)
KINDS: tuple[Kind, ...] = get_args(Kind)
SINGLE_ROLES: tuple[Role, ...] = ("key", "as_of", "run", "label", "weight", "split")
REQUIRED_ROLES: tuple[Role, ...] = ("key", "as_of", "run")


@dataclass(frozen=True)
class Column:
    """One column of a set.

    Args:
        name: as in SQL and in the exported files.
        role: what it is for; a `feature` is trained on, an `attribute` is only carried along.
        kind: `number` or `category`; for features, how the model reads it.
        data_type: Spark's name of the type, as the enforced contract has it.
        description: what the docs say.
    """

    name: str
    role: Role
    kind: Kind
    data_type: str
    description: str


@dataclass(frozen=True)
class Contract:
    """The columns of one model, in order.

    Args:
        model: the dbt model's name, e.g. `newsletter_training_set`.
        relation: the name of the view in Query Service.
        dataset: the name of the dataset that holds every run's rows.
        columns: every column, in the order of the YAML.
    """

    model: str
    relation: str
    dataset: str
    columns: tuple[Column, ...]

    @classmethod
    def from_manifest(cls, manifest_file: Path, model: str) -> Self:
        """Read a model's contract from dbt's manifest.json.

        Raises:
            DataError: the model is not there, its contract is not enforced, or a column's role or kind is missing,
                unknown or contradictory; every fault is named at once.
        """
        node = _node(manifest_file, model)
        columns: list[Column] = []
        faults: list[str] = []
        for name, column in node["columns"].items():
            found = _column(name, column)
            if isinstance(found, str):
                faults.append(found)
            else:
                columns.append(found)
        faults += _faults_of_roles(columns) if not faults else []
        if not _enforced(node):
            faults.append("its contract is not enforced (config: contract: {enforced: true})")
        if faults:
            raise DataError(
                f"The contract of {model} is not right: {'; '.join(faults)}.",
                f"Correct {node.get('patch_path') or 'its YAML file'} (roles: {', '.join(ROLES)}; "
                f"kinds: {', '.join(KINDS)}), or run 'propensity sync' if it is a generated file.",
            )
        alias = str(node.get("alias") or model)
        return cls(model, alias, f"{alias}_runs", tuple(columns))

    @property
    def names(self) -> tuple[str, ...]:
        """Every column's name, in order."""
        return tuple(c.name for c in self.columns)

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns the model is trained on."""
        return tuple(c for c in self.columns if c.role == "feature")

    @property
    def attributes(self) -> tuple[Column, ...]:
        """The columns carried along for segments, never trained on."""
        return tuple(c for c in self.columns if c.role == "attribute")

    def one(self, role: Role) -> Column:
        """The single column of a role; DataError when the set has none (a scoring set has no label)."""
        for column in self.columns:
            if column.role == role:
                return column
        raise DataError(f"{self.model} has no column with the role '{role}'.", "Is it the right one of the two sets?")

    def has(self, role: Role) -> bool:
        """Whether any column has the role."""
        return any(c.role == role for c in self.columns)


def _node(manifest_file: Path, model: str) -> dict[str, Any]:
    try:
        nodes = json.loads(manifest_file.read_text(encoding="utf-8"))["nodes"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{manifest_file} is not a dbt manifest ({type(error).__name__}).", "Run 'propensity featurize' again."
        ) from None
    models = {n["name"]: n for n in nodes.values() if n.get("resource_type") == "model"}
    if model not in models:
        sets = sorted(name for name in models if name.endswith("_set"))
        raise DataError(
            f"The dbt project has no model {model!r}; its sets are: {', '.join(sets) or 'none'}.",
            "Is the use case in propensity.yml? Run 'propensity sync'.",
        )
    return cast(dict[str, Any], models[model])


def _enforced(node: Mapping[str, Any]) -> bool:
    contract = node.get("config", {}).get("contract") or node.get("contract") or {}
    return bool(contract.get("enforced"))


def _column(name: str, column: Mapping[str, Any]) -> Column | str:
    """The column, or what is wrong with it. dbt ignores a misplaced key in silence; we do not."""
    at_config = (column.get("config") or {}).get("meta") or {}
    at_top = column.get("meta") or {}
    about = at_config.get("propensity", at_top.get("propensity"))
    if not isinstance(about, Mapping):
        return f"column {name} has no config.meta.propensity"
    role, kind = about.get("role"), about.get("kind")
    if role not in ROLES:
        return f"column {name} has the role {role!r}"
    if kind not in KINDS:
        return f"column {name} has the kind {kind!r}"
    if not column.get("data_type"):
        return f"column {name} has no data_type"
    return Column(name, role, kind, str(column["data_type"]), str(column.get("description") or ""))


def _faults_of_roles(columns: list[Column]) -> list[str]:
    count = Counter(c.role for c in columns)
    faults = [f"{count[role]} columns have the role '{role}'" for role in SINGLE_ROLES if count[role] > 1]
    faults += [f"no column has the role '{role}'" for role in REQUIRED_ROLES if not count[role]]
    if not count["feature"]:
        faults.append("no column has the role 'feature'")
    training = [role for role in ("label", "weight", "split") if count[cast(Role, role)]]
    if len(training) in (1, 2):
        faults.append(f"of label, weight and split it has only {' and '.join(training)}")
    return faults
