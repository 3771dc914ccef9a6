"""The text of the generated files of the dbt project. One line per column, so that a change reads as a change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from runner.settings import Attribute, Rate, Settings, UseCase, snake_case

GENERATED = "Generated from propensity.yml by `propensity sync`"
"""The mark in the first line of every generated file."""
WINDOWS = (1, 7, 28, 90)
"""Days before as_of that counting features look at (macro `windows`)."""
SQL_TYPES = {"number": "double", "category": "string", "boolean": "boolean", "date": "date"}


@dataclass(frozen=True)
class FeatureColumn:
    """A column that a feature model adds to the sets; `when_absent` is its value for users without activity."""

    name: str
    data_type: str
    description: str
    kind: str
    when_absent: int | float | str | None = None
    role: str = "feature"


@dataclass(frozen=True)
class FeatureModel:
    """A feature model and the columns it adds."""

    name: str
    columns: tuple[FeatureColumn, ...]


KEYS = (
    FeatureColumn("user_id", "string", "The person key, as the events carry it.", "category", role="key"),
    FeatureColumn("as_of", "timestamp", "Features know events before this moment (00:00 UTC), and no others.", "number",
                  role="as_of"),
)  # fmt: skip
RUN = FeatureColumn("run_id", "string", "The run that wrote the row: use case and as-of date.", "category", role="run")
OUTCOME = (
    FeatureColumn("label", "int", "1: converted in [as_of + gap, as_of + gap + horizon). 0: did not.", "number",
                  role="label"),
    FeatureColumn("weight", "double", "How many identities the row stands for; above 1 for thinned-out negatives.",
                  "number", role="weight"),
    FeatureColumn("split", "string", "train, validate, calibrate or test; decided in the spine and never again.",
                  "category", role="split"),
)  # fmt: skip


def settings_macro(settings: Settings, events: Sequence[tuple[str, str]], feature_models: Sequence[str]) -> str:
    """macros/generated/settings.sql: what propensity.yml says, as a value that macros read with `setting(name)`."""
    content: dict[str, Any] = {
        "identity_path": settings.identity.path,
        "event_types": [{"type": t, "name": n} for t, n in events],
        "rates": [_rate(r) for r in settings.rates],
        "session_timeout_minutes": settings.session_timeout_minutes,
        "channel_fields": [f.model_dump(mode="json") for f in settings.channel_fields],
        "numeric_fields": [f.model_dump(mode="json") for f in settings.numeric_fields],
        "profile_attributes": [a.model_dump(mode="json") for a in settings.profile_attributes],
        "feature_models": list(feature_models),
        "use_cases": [_use_case(case) for case in settings.use_cases],
    }
    if settings.tenant:
        content["tenant"] = settings.tenant
    body = json.dumps(content, indent=2, ensure_ascii=False)
    return (
        f"{{#- {GENERATED}; edit that file instead. -#}}\n"
        "{% macro generated_settings() -%}\n"
        f"{{%- set content = {body} -%}}\n"
        "{{ return(content) }}\n"
        "{%- endmacro %}\n"
    )


def stg_profiles_yaml(settings: Settings) -> str:
    """models/staging/stg_profiles.yml: its columns are the profile attributes of propensity.yml."""
    columns = [_plain_column("user_id", "string", KEYS[0].description)]
    for attribute in settings.profile_attributes:
        columns.append(_plain_column(attribute.name, SQL_TYPES[attribute.kind], f"Profile attribute {attribute.path}."))
    return _model_yaml(
        "stg_profiles",
        "One row per person who has a profile record, with the attributes that segments and exclusions use.",
        [],
        columns,
    )


def feat_events_yaml(events: Sequence[tuple[str, str]]) -> tuple[str, str, tuple[FeatureColumn, ...]]:
    """models/features/feat_events.yml: name, text, and the columns it adds to the sets."""
    text = "How many different event types there were in the look-back."
    columns = [FeatureColumn("n_event_types", "int", text, "number", 0)]
    for event_type, name in events:
        shown = event_type.replace("{", "(").replace("}", ")")
        for days in WINDOWS:
            text = f"Number of {shown} events in the {_days(days)} before as_of."
            columns.append(FeatureColumn(f"n_{name}_{days}d", "int", text, "number", 0))
        text = f"Minutes from the last {shown} event in the look-back to as_of; null: there was none."
        columns.append(FeatureColumn(f"minutes_since_{name}", "double", text, "number"))
    about = "For each event type: how often in each window before as_of, and how long since the last one."
    return "feat_events", _feature_yaml("feat_events", about, columns), tuple(columns)


def feat_numbers_yaml(settings: Settings) -> tuple[str, str, tuple[FeatureColumn, ...]]:
    """models/features/feat_numbers.yml: aggregations of the numeric fields of propensity.yml."""
    words = {"sum": "Sum", "mean": "Mean", "max": "Largest value", "last": "Last value"}
    columns = [
        FeatureColumn(
            f"{aggregation}_{field.name}_{days}d",
            "double",
            f"{words[aggregation]} of {field.path} in the {_days(days)} before as_of; null: there was none.",
            "number",
        )
        for field in settings.numeric_fields
        for aggregation in field.aggregations
        for days in WINDOWS
    ]
    about = "Numbers that events carry, aggregated over each window before as_of."
    return "feat_numbers", _feature_yaml("feat_numbers", about, columns), tuple(columns)


def feat_numbers_sql() -> str:
    """models/features/feat_numbers.sql: it exists only where propensity.yml names numeric fields."""
    return f"{{#- {GENERATED}; edit that file instead. -#}}\n{{{{ numeric_features() }}}}\n"


def use_case_files(settings: Settings, case: UseCase, models: Sequence[FeatureModel]) -> dict[str, str]:
    """The four models of a use case, two lines of SQL each, and their YAML. File name to text."""
    features = [column for model in models for column in model.columns]
    carried = [_attribute(a) for a in settings.profile_attributes]
    spine, rows = f"{case.name}_spine", [*KEYS, RUN]
    described = {
        "spine": (
            f"Who is looked at, as of when and what for. {case.title}.",
            {"use_case": case.name},
            [_plain_column(c.name, c.data_type, c.description) for c in rows]
            + [
                _plain_column("purpose", "string", "train, or score for the as-of date of the run itself."),
                _plain_column("split", "string", OUTCOME[2].description),
                _plain_column("label", "int", OUTCOME[0].description),
                _plain_column("weight", "double", OUTCOME[1].description),
                _plain_column("left_out", "string", "The rule that leaves an identity out of scoring; null: none."),
            ],
        ),
        "training_set": (
            f"Features as of past dates, with what happened then. {case.title}.",
            {"use_case": case.name, "rows_of": spine, "rows_where": "purpose = 'train'"},
            [_set_column(c) for c in (*rows, *OUTCOME, *features, *carried)],
        ),
        "scoring_set": (
            f"The same features as of the run's date, one row per identity to score. {case.title}.",
            {"use_case": case.name, "rows_of": spine, "rows_where": "purpose = 'score' and left_out is null"},
            [_set_column(c) for c in (*rows, *features, *carried)],
        ),
        "exclusions": (
            f"Who is left out of scoring, and by which rule. {case.title}.",
            None,
            [_plain_column(c.name, c.data_type, c.description) for c in rows]
            + [_plain_column("reason", "string", "`converted`, or the name of a rule in propensity.yml.")],
        ),
    }
    files: dict[str, str] = {}
    for model, (about, propensity, columns) in described.items():
        name = f"{case.name}_{model}"
        files[f"{name}.sql"] = f"{{#- {GENERATED}; edit that file instead. -#}}\n{{{{ {model}('{case.name}') }}}}\n"
        files[f"{name}.yml"] = _model_yaml(name, about, _use_case_config(case.name, model, propensity), columns)
    return files


def _use_case_config(use_case: str, model: str, propensity: dict[str, str] | None) -> list[str]:
    lines = ["    config:", f"      tags: [{_word(use_case)}]"]
    if propensity is None:
        lines.append("      materialized: view")
    else:
        lines += ["      contract: {enforced: true}", "      meta:", f"        propensity: {_inline(propensity)}"]
    tests: list[str] = []
    if model.endswith("_set"):
        tests = ["one_row_per_key", f"knows_only_the_past: {{arguments: {{use_case: {_word(use_case)}}}}}"]
    if model == "training_set":
        tests.append("labels_are_usable")
    if model == "spine":
        tests.append("one_row_per_key")
    return lines + (["    data_tests:", *(f"      - {test}" for test in tests)] if tests else [])


def _use_case(case: UseCase) -> dict[str, Any]:
    return case.model_dump(mode="json", exclude={"title": True, "audience": {"name"}}, exclude_none=True)


def _rate(rate: Rate) -> dict[str, str]:
    return {
        "name": rate.name,
        "numerator": snake_case(rate.numerator),
        "denominator": snake_case(rate.denominator),
    }


def _attribute(attribute: Attribute) -> FeatureColumn:
    kind = "number" if attribute.kind in ("number", "boolean") else "category"
    text = f"Profile attribute {attribute.path}, as it is today."
    return FeatureColumn(attribute.name, SQL_TYPES[attribute.kind], text, kind, role=attribute.role)


def _days(days: int) -> str:
    return "day" if days == 1 else f"{days} days"


def _feature_yaml(name: str, about: str, columns: Sequence[FeatureColumn]) -> str:
    keys = [_plain_column(c.name, c.data_type, c.description) for c in KEYS]
    keys.append(_plain_column("look_back_days", "int", "How many days before as_of the features may look at."))
    return _model_yaml(name, about, [], [*keys, *(_set_column(c) for c in columns)])


def _model_yaml(name: str, about: str, config: Sequence[str], columns: Sequence[str]) -> str:
    lines = [f"# {GENERATED}; edit that file instead.", "version: 2", "", "models:"]
    lines += [f"  - name: {name}", f"    description: {json.dumps(about, ensure_ascii=False)}"]
    return "\n".join([*lines, *config, "    columns:", *columns]) + "\n"


def _plain_column(name: str, data_type: str, description: str) -> str:
    return f"      - {_inline({'name': name, 'data_type': data_type, 'description': description})}"


def _set_column(column: FeatureColumn) -> str:
    about: dict[str, Any] = {"role": column.role, "kind": column.kind}
    if column.when_absent is not None:
        about["when_absent"] = column.when_absent
    content = {
        "name": column.name,
        "data_type": column.data_type,
        "config": {"meta": {"propensity": about}},
        "description": column.description,
    }
    return f"      - {_inline(content)}"


def _inline(content: dict[str, Any]) -> str:
    """A YAML flow mapping."""
    parts = []
    for key, value in content.items():
        shown = _inline(value) if isinstance(value, dict) else _word(value)
        parts.append(f"{key}: {shown}")
    return "{" + ", ".join(parts) + "}"


def _word(value: str | float) -> str:
    """A YAML scalar; quoted where YAML would read something else than the text (`no` is a boolean)."""
    if isinstance(value, str) and not (value.replace("_", "").isalnum() and yaml.safe_load(value) == value):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
