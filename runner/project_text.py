"""The text of the generated files of the dbt project. One line per column, so that a change reads as a change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from runner.project_features import KEYS, LOOK_BACK
from runner.project_yaml import (
    GENERATED,
    FeatureColumn,
    FeatureModel,
    inline,
    model_yaml,
    plain_column,
    set_column,
    word,
)
from runner.settings import Attribute, Rate, Settings, UseCase, snake_case

SQL_TYPES = {"number": "double", "category": "string", "boolean": "boolean", "date": "date"}
RUN = FeatureColumn("run_id", "string", "The run that wrote the row: use case and as-of date.", "category", role="run")
OUTCOME = (
    FeatureColumn("label", "int", "1: converted in [as_of + gap, as_of + gap + horizon). 0: did not.", "number",
                  role="label"),
    FeatureColumn("weight", "double", "How many identities the row stands for; above 1 for thinned-out negatives.",
                  "number", role="weight"),
    FeatureColumn("split", "string", "train, validate, calibrate or test; decided in the spine and never again.",
                  "category", role="split"),
)  # fmt: skip


TESTS = {
    "one_row_per_key": "No identity has two rows for one as-of date.",
    "knows_only_the_past": "The newest event that a feature saw is before as_of and within the look-back.",
    "labels_are_usable": "Labels are 0 or 1, weights at least 1, and of those to train on some converted and some did "
    "not (else the target event is too rare: a longer horizon_days, more training_as_ofs, or more history).",
}
"""The data tests of the sets, and what each says; an error shows it."""
_PURPOSE = FeatureColumn("purpose", "string", "train, or score for the as-of date of the run itself.", "category")
_LEFT_OUT = FeatureColumn(
    "left_out", "string", "The rule that leaves an identity out of scoring; null: none.", "category"
)
_REASON = FeatureColumn("reason", "string", "`converted`, or the name of a rule in propensity.yml.", "category")


def described_columns(settings: Settings, models: Sequence[FeatureModel]) -> list[FeatureColumn]:
    """Every column that the generated files describe, for the doc blocks."""
    features = [column for model in models for column in model.columns]
    carried = [_attribute(a) for a in settings.profile_attributes]
    return [*KEYS, LOOK_BACK, RUN, *OUTCOME, _PURPOSE, _LEFT_OUT, _REASON, *features, *carried]


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
    limits = {"max_scanned_gb": settings.max_scanned_gb, "max_compute_hours": settings.max_compute_hours}
    content |= {key: limit for key, limit in limits.items() if limit is not None}
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
    columns = [plain_column(c) for c in (KEYS[0], *map(_attribute, settings.profile_attributes))]
    return model_yaml(
        "stg_profiles",
        "One row per person who has a profile record, with the attributes that segments and exclusions use.",
        [],
        columns,
    )


def use_case_files(settings: Settings, case: UseCase, models: Sequence[FeatureModel]) -> dict[str, str]:
    """The four models of a use case, two lines of SQL each, and their YAML. File name to text."""
    features = [column for model in models for column in model.columns]
    carried = [_attribute(a) for a in settings.profile_attributes]
    spine, rows = f"{case.name}_spine", [*KEYS, RUN]
    described = {
        "spine": (
            f"Who is looked at, as of when and what for. {case.title}.",
            {"use_case": case.name},
            [plain_column(c) for c in (*rows, _PURPOSE, OUTCOME[2], *OUTCOME[:2], _LEFT_OUT)],
        ),
        "training_set": (
            f"Features as of past dates, with what happened then. {case.title}.",
            {"use_case": case.name, "rows_of": spine, "rows_where": "purpose = 'train'"},
            [set_column(c) for c in (*rows, *OUTCOME, *features, *carried)],
        ),
        "scoring_set": (
            f"The same features as of the run's date, one row per identity to score. {case.title}.",
            {"use_case": case.name, "rows_of": spine, "rows_where": "purpose = 'score' and left_out is null"},
            [set_column(c) for c in (*rows, *features, *carried)],
        ),
        "exclusions": (
            f"Who is left out of scoring, and by which rule. {case.title}.",
            None,
            [plain_column(c) for c in (*rows, _REASON)],
        ),
    }
    files: dict[str, str] = {}
    for model, (about, propensity, columns) in described.items():
        name = f"{case.name}_{model}"
        files[f"{name}.sql"] = f"{{#- {GENERATED}; edit that file instead. -#}}\n{{{{ {model}('{case.name}') }}}}\n"
        files[f"{name}.yml"] = model_yaml(name, about, _use_case_config(case.name, model, propensity), columns)
    return files


def _use_case_config(use_case: str, model: str, propensity: dict[str, str] | None) -> list[str]:
    lines = ["    config:", f"      tags: [{word(use_case)}]"]
    if propensity is None:
        lines.append("      materialized: view")
    else:
        lines += ["      contract: {enforced: true}", "      meta:", f"        propensity: {inline(propensity)}"]
    wanted: dict[str, dict[str, Any]] = {}
    if model == "spine" or model.endswith("_set"):
        wanted["one_row_per_key"] = {}
    if model.endswith("_set"):
        wanted["knows_only_the_past"] = {"arguments": {"use_case": use_case}}
    if model == "training_set":
        wanted["labels_are_usable"] = {}
    tests = [f"      - {inline({name: more | {'description': TESTS[name]}})[1:-1]}" for name, more in wanted.items()]
    return lines + (["    data_tests:", *tests] if tests else [])


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
