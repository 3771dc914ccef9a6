"""The dbt project and propensity.yml kept in step: which files are generated, and what stands in them.

A use case is a two-line SQL file per model and its YAML contract. Both are generated, carry a mark in their first line
and are never edited by hand; everything else in the project belongs to the people who write the features.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.errors import SettingsError
from runner.feature_yaml import feature_columns
from runner.project_audiences import audience_files
from runner.project_features import generated_features
from runner.project_text import described_columns, settings_macro, stg_profiles_yaml, use_case_files
from runner.project_yaml import GENERATED, FeatureModel, doc_blocks
from runner.settings import Settings, snake_case

FEATURES = Path("models/features")
LEAVE_OUT = ("target", "logs", "dbt_packages", ".user.yml")
"""What dbt leaves behind in a project folder; never copied."""

_OF_THE_SPINE = ("user_id", "as_of", "run_id", "label", "weight", "split", "purpose", "converts", "converted_before")
_OF_AN_EVENT = ("event_id", "user_id", "event_type", "event_ms", "event_at", "standing", "activity_date", "n", "event",
                "copy_number", "sess", "pause_ms", "into_session_ms")  # fmt: skip
"""Columns of staging and daily activity; `last_event` too is one, so no field is called `event`."""
_OF_SQL = (
    *("all", "and", "as", "between", "by", "case", "cast", "cross", "distinct", "else", "end", "exists", "false"),
    *("from", "full", "group", "having", "in", "inner", "interval", "into", "is", "join", "left", "like", "limit"),
    *("not", "null", "on", "or", "order", "outer", "over", "partition", "right", "select", "table", "then", "true"),
    *("union", "values", "when", "where", "with"),
)
_WORDS_OF_ALL_EVENTS = ("events", "sessions", "last_event")
"""`n_events_7d` counts all events: a type that is called so gets a number behind its name."""


@dataclass(frozen=True)
class EventType:
    """An event type and the word that stands for it in column names."""

    type: str
    name: str


def event_types(settings: Settings, unlisted: Sequence[str] = ()) -> tuple[EventType, ...]:
    """The listed event types, then the unlisted ones, each with a name that no other has.

    Two unlisted types that read the same in snake case (`a.b`, `a-b`) get a number behind the name, in their order, and
    so does one that reads as something else that features are called after.
    """
    found = [EventType(t, snake_case(t)) for t in settings.event_types]
    taken = {e.name for e in found} | set(_WORDS_OF_ALL_EVENTS) | {f.name for f in settings.channel_fields}
    for event_type in sorted(set(unlisted) - set(settings.event_types)):
        base = (snake_case(event_type) or "event")[:40].strip("_")
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        found.append(EventType(event_type, name))
    return tuple(found)


def generated_files(settings: Settings, project_dir: Path, unlisted: Sequence[str] = ()) -> dict[Path, str]:
    """Every generated file of the project (relative path to text) for these settings.

    Args:
        settings: what propensity.yml says.
        project_dir: the dbt project; its hand-written feature models are read for their columns.
        unlisted: event types that are in the data but not in propensity.yml and become features too.

    Raises:
        SettingsError: a feature model's YAML is missing or a feature has two owners.
    """
    events = event_types(settings, unlisted)
    files: dict[Path, str] = {Path("models/staging/stg_profiles.yml"): stg_profiles_yaml(settings)}
    models = _hand_written(project_dir)
    texts, made = generated_features(settings, [(e.type, e.name) for e in events])
    files |= {FEATURES / name: text for name, text in texts.items()}
    models |= {model.name: model for model in made}
    ordered = [models[name] for name in sorted(models)]
    _refuse_two_owners(ordered, settings)
    files[Path("models/columns.md")] = doc_blocks(described_columns(settings, ordered))
    files[Path("macros/generated/settings.sql")] = settings_macro(
        settings, [(e.type, e.name) for e in events], [m.name for m in ordered]
    )
    for case in settings.use_cases:
        folder = Path("models/use_cases") / case.name
        files |= {folder / file: text for file, text in use_case_files(settings, case, ordered).items()}
    return files | audience_files(settings)


def differences(settings: Settings, project_dir: Path, unlisted: Sequence[str] = ()) -> list[Path]:
    """Generated files that are missing, different, or left over from an earlier propensity.yml (relative paths)."""
    wanted = generated_files(settings, project_dir, unlisted)
    changed = [path for path, text in wanted.items() if _read(project_dir / path) != text]
    return sorted(changed + [path for path in _marked(project_dir) if path not in wanted])


def sync(settings: Settings, project_dir: Path, unlisted: Sequence[str] = ()) -> list[Path]:
    """Write the generated files; return the relative paths that changed. Hand-written files are never touched.

    Raises:
        SettingsError: a file that would be generated exists without the mark, so somebody wrote it by hand.
    """
    _require_project(project_dir)
    wanted = generated_files(settings, project_dir, unlisted)
    changed = differences(settings, project_dir, unlisted)
    for path in changed:
        there = _read(project_dir / path)
        if there is not None and GENERATED not in there:
            raise SettingsError(
                f"{project_dir / path} would be generated, but it was written by hand (its first line has no mark).",
                "Rename it, or rename what it clashes with in propensity.yml.",
            )
    for path in changed:
        target = project_dir / path
        if path not in wanted:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(wanted[path], encoding="utf-8")
    return changed


def synced_copy(settings: Settings, project_dir: Path, folder: Path, unlisted: Sequence[str] = ()) -> Path:
    """A copy of the project in `folder`, in step with the settings; what was there before is replaced."""
    _require_project(project_dir)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project_dir, folder, ignore=shutil.ignore_patterns(*LEAVE_OUT))
    sync(settings, folder, unlisted)
    return folder


def init(directory: Path) -> list[Path]:
    """`propensity init DIR`: put a dbt project, settings, schedules and an example of profiles.yml into a folder.

    Returns:
        what was written.

    Raises:
        SettingsError: one of them is there already; nothing is written then.
    """
    template = _template()
    names = ("dbt_project", "propensity.yml", "prefect.yaml", "profiles.yml.example")
    there = [name for name in names if (directory / name).exists()]
    if there:
        raise SettingsError(
            f"{directory} already holds {', '.join(there)}.", "Choose an empty folder; nothing was written."
        )
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (template / name).is_dir():
            shutil.copytree(template / name, directory / name, ignore=shutil.ignore_patterns(*LEAVE_OUT))
        else:
            shutil.copyfile(template / name, directory / name)
    return [directory / name for name in names]


def profiles_example() -> Path:
    """The profiles.yml that works as it is: every value in it comes from the environment."""
    return _template() / "profiles.yml.example"


def _template() -> Path:
    """Where the project is copied from: inside the installed package, or the source tree."""
    here = Path(__file__).resolve().parent
    for folder in (here / "template", here.parent):
        if (folder / "dbt_project" / "dbt_project.yml").exists():
            return folder
    raise SettingsError("The dbt project is not part of this installation.", "Install the package again.")


def _require_project(project_dir: Path) -> None:
    if not (project_dir / "dbt_project.yml").exists():
        raise SettingsError(
            f"{project_dir} is not a dbt project (there is no dbt_project.yml).",
            "Run 'propensity init DIR', or correct dbt_project in propensity.yml.",
        )


def _hand_written(project_dir: Path) -> dict[str, FeatureModel]:
    """The feature models that people wrote, with the feature columns their YAML names."""
    models: dict[str, FeatureModel] = {}
    for sql in sorted((project_dir / FEATURES).glob("*.sql")):
        described = sql.with_suffix(".yml")
        text = _read(described)
        if text is not None and GENERATED in text:
            continue
        if sql.stem == "feat_events" or GENERATED in sql.read_text(encoding="utf-8"):
            continue
        if text is None:
            raise SettingsError(
                f"The feature model {sql.name} has no {described.name} beside it.",
                "Describe its columns there: name, data_type, description, config.meta.propensity.",
            )
        models[sql.stem] = FeatureModel(sql.stem, feature_columns(described, sql.stem, text))
    return models


def _refuse_two_owners(models: Sequence[FeatureModel], settings: Settings) -> None:
    words = [(name, "SQL itself") for name in _OF_SQL]
    owned = [*words, *((name, "the spine") for name in _OF_THE_SPINE)]
    owned += [(attribute.name, "profile_attributes") for attribute in settings.profile_attributes]
    owned += [(column.name, model.name) for model in models for column in model.columns]
    _refuse_twice(owned)
    fields = [(field.name, "numeric_fields") for field in settings.numeric_fields]
    fields += [(field.name, "channel_fields") for field in settings.channel_fields]
    _refuse_twice([*words, *((name, "every event") for name in _OF_AN_EVENT), *fields])


def _refuse_twice(owned: Sequence[tuple[str, str]]) -> None:
    owners: dict[str, str] = {}
    for name, owner in owned:
        if name in owners:
            raise SettingsError(
                f"The column {name!r} comes from {owners[name]} and from {owner}.", "Give one of them another name."
            )
        owners[name] = owner


def _marked(project_dir: Path) -> list[Path]:
    found = []
    for pattern in ("models/**/*.sql", "models/**/*.yml", "models/**/*.md", "macros/generated/*.sql"):
        for path in project_dir.glob(pattern):
            if GENERATED in (_read(path) or "")[:200]:
                found.append(path.relative_to(project_dir))
    return found


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
