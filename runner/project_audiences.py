"""The generated files after the scores: the scores as dbt sources, an audience per use case, and exposures.

dbt cannot draw an arrow from an exposure to a source, so lineage would break where the runner works: `meta.propensity`
of an exposure says which sources it `writes` and which exposures it `reads`.
"""

from __future__ import annotations

import json
from pathlib import Path

from runner.blueprints import scores_dataset
from runner.project_yaml import GENERATED
from runner.settings import Settings, UseCase

FOLDER = Path("models/audiences")
_HEAD = f"# {GENERATED}; edit that file instead.\nversion: 2\n\n"
_COLUMNS = (
    ("user_id", "string", "{{ doc('user_id') }}"),
    ("score", "double", "The calibrated probability, 0 to 1."),
    ("percentile", "int", "The share of scored identities that score no higher, in percent: 1 to 100."),
    ("as_of", "date", "The date (00:00 UTC) that the score is as of."),
    ("run_id", "string", "{{ doc('run_id') }}"),
    ("model_version", "string", "The version of the model in the registry."),
)


def audience_files(settings: Settings) -> dict[Path, str]:
    """Every generated file below models/audiences (relative path to text)."""
    files = {FOLDER / "scores.yml": _sources(settings)}
    for case in settings.use_cases:
        name = f"{case.name}_audience"
        call = f"{{{{ scored_audience('{case.name}') }}}}"
        files[FOLDER / f"{name}.sql"] = f"{{#- {GENERATED}; edit that file instead. -#}}\n{call}\n"
        files[FOLDER / f"{name}.yml"] = _audience(settings, case)
        files[FOLDER / f"{case.name}_exposures.yml"] = _exposures(settings, case)
    return files


def scores_source(use_case: str) -> str:
    """Name of a use case's table in the dbt source `scores`."""
    return f"{use_case}_scores"


def _sources(settings: Settings) -> str:
    lines = [
        "sources:",
        "  - name: scores",
        "    description: What the runner published, one dataset per use case. Table names are resolved in Catalog.",
        '    schema: "{{ target.schema }}"',
        "    tables:",
    ]
    for case in settings.use_cases:
        known = "var('scores_tables', fromjson(env_var('PROPENSITY_VARS', '{}')).get('scores_tables', {}))"
        table = f"{{{{ {known}.get('{case.name}', '{scores_dataset(case.name)}') }}}}"
        about = (
            f"Scores, one record per identity and run, and explicit not-eligible records. Written by the exposure "
            f"{case.name}_model. {case.title}."
        )
        lines += [f"      - name: {scores_source(case.name)}", f'        identifier: "{table}"']
        lines.append(f"        description: {_text(about)}")
    return _HEAD + "\n".join(lines) + "\n"


def _audience(settings: Settings, case: UseCase) -> str:
    about = f"Who qualifies for '{case.audience.name}' by the newest published scores. {case.title}."
    lines = [
        "models:",
        f"  - name: {case.name}_audience",
        f"    description: {_text(about)}",
        "    config:",
        "      contract: {enforced: true}",
        "      meta:",
        "        query_service:",
        "          primary_identity: user_id",
        f"          identity_namespace: {_text(settings.identity.namespace)}",
        "    columns:",
    ]
    for name, data_type, description in _COLUMNS:
        lines.append(f"      - {{name: {name}, data_type: {data_type}, description: {json.dumps(description)}}}")
    return _HEAD + "\n".join(lines) + "\n"


def _exposures(settings: Settings, case: UseCase) -> str:
    scores = f"source('scores', '{scores_source(case.name)}')"
    folder = f"{settings.landing_zone.folder}/audiences/{case.name}"
    parts = [
        _exposure(
            f"{case.name}_model",
            "ml",
            f"Model: {case.title}",
            "The runner exports the training set, trains, calibrates and gates a model, scores the scoring set and "
            f"publishes the scores ({scores_dataset(case.name)}), which enrich the profiles.",
            [f"ref('{case.name}_{read}')" for read in ("training_set", "scoring_set", "exclusions")],
            {"writes": [f"scores.{scores_source(case.name)}"]},
        ),
        _exposure(
            f"{case.name}_segment",
            "application",
            f"Audience: {case.audience.name}",
            f"The platform's own audience '{case.audience.name}': a rule (PQL) on the score in the profile, evaluated "
            f"once a day. Marketers use this one; the model {case.name}_audience is the same rule in SQL.",
            [scores],
            {},
        ),
        _exposure(
            f"{case.name}_destination",
            "application",
            f"Destination: {folder}",
            f"Files of the audience '{case.audience.name}' in the Data Landing Zone, folder {folder}, after each daily "
            f"evaluation (dataflow 'propensity activation {case.name}'). File-based destinations also take the "
            "audience made by SQL.",
            [scores, f"ref('{case.name}_audience')"],
            {"reads": [f"{case.name}_segment"]},
        ),
    ]
    return _HEAD + "exposures:\n" + "".join(parts)


def _exposure(
    name: str, kind: str, label: str, about: str, depends_on: list[str], propensity: dict[str, list[str]]
) -> str:
    lines = [f"  - name: {name}", f"    label: {_text(label)}", f"    type: {kind}", f"    description: {_text(about)}"]
    lines.append("    owner: {name: propensity}")
    if propensity:
        lines.append(f"    config: {{meta: {{propensity: {json.dumps(propensity)}}}}}")
    lines += ["    depends_on:", *(f"      - {parent}" for parent in depends_on)]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """A YAML scalar in double quotes; curly braces would be read by dbt as Jinja."""
    return json.dumps(value.replace("{{", "{ {").replace("{%", "{ %"), ensure_ascii=False)
