"""Step 2 as one call: decide the as-of date, build with dbt, count and reconcile."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from runner.cost import keep_seconds, past_seconds
from runner.errors import DataError, SettingsError
from runner.featurize.command import dbt_environment, propensity_variables, run_dbt
from runner.featurize.event_days import Writing, read_event_days
from runner.featurize.history import (
    MOST_UNLISTED,
    Sql,
    checked_name,
    end_of_newest_complete_day,
    require_history,
    require_target,
)
from runner.platform import Platform
from runner.project import differences, synced_copy
from runner.run_ids import run_id_of
from runner.settings import Settings, UseCase
from runner.workspace import write_json


@dataclass(frozen=True)
class Featurized:
    """What the step built.

    Args:
        run_id: use case and as-of date, e.g. `newsletter-20261109`.
        use_case: its name.
        as_of: ISO date; features know events before 00:00 UTC of it.
        training_rows, scoring_rows: rows of this run in the two sets.
        profiles: identities known at as_of; always scoring_rows plus the excluded.
        excluded_by_reason: identities left out of scoring, by rule.
        manifest_file: dbt's manifest, which holds the contract of the sets (path as text).
        vars_file: the variables handed to dbt (path as text).
        seconds: how long the step took.
        batch_statements: CREATE TABLE AS and INSERT INTO that were carried out.
        first_day: ISO date of the first day of data.
        events_by_standing: event rows by standing (`usable`, `repeated`, `no identity`, `after now`, ...).
        unlisted_event_types: types that became features although propensity.yml does not list them.
        seconds_by_model: execution time of each model.
        read_by_model: batches, rows and bytes that each model was to read, estimated.
    """

    run_id: str
    use_case: str
    as_of: str
    training_rows: int
    scoring_rows: int
    profiles: int
    excluded_by_reason: Mapping[str, int]
    manifest_file: str
    vars_file: str
    seconds: float
    batch_statements: int
    first_day: str
    events_by_standing: Mapping[str, int]
    unlisted_event_types: tuple[str, ...]
    seconds_by_model: Mapping[str, float]
    read_by_model: Mapping[str, Mapping[str, int]]


def featurize(
    settings: Settings,
    use_case: UseCase,
    platform: Platform,
    sql: Writing,
    as_of: date | None,
    project_dir: Path,
    work_dir: Path,
    log: Callable[[str], None],
) -> Featurized:
    """Build features, training set and scoring set of a use case; safe to repeat.

    Args:
        settings: propensity.yml.
        use_case: one of its use cases.
        platform, sql: the sandbox.
        as_of: score as of 00:00 UTC of this date; None: the end of the newest complete day in the data.
        project_dir: the dbt project. Where its generated files differ from the settings (or the data holds event types
            that propensity.yml does not list), a copy in `work_dir` is brought in step and built instead.
        work_dir: dbt's target, logs, vars and manifest go here.
        log: takes progress lines.

    Raises:
        DataError: no or too little history, a model or test failed, or the counts do not reconcile.
        SettingsError: a name that cannot go into SQL, or a broken project.
    """
    started = time.monotonic()
    work_dir.mkdir(parents=True, exist_ok=True)
    events = platform.catalog.dataset_named(settings.datasets.events)
    events_table = checked_name(events.table_name)
    profiles_table = checked_name(platform.catalog.dataset_named(settings.datasets.profiles).table_name)
    tenant = checked_name((settings.tenant or platform.schemas.tenant()).lstrip("_"))
    event_days = read_event_days(sql, platform.catalog, events.id, events_table, log)
    history = event_days.history()
    day = as_of or end_of_newest_complete_day(history)
    require_history(use_case, history, day)
    log(f"{history.events:,} events from {history.first_day} to {history.newest_day}; as of {day}")

    seen = event_days.event_types(day)
    require_target(use_case, seen, day)
    unlisted = unlisted_features(settings, seen, log)
    project = project_to_build(settings, project_dir, work_dir, unlisted, log)
    variables = propensity_variables(day, history.first_day, tenant, events_table, profiles_table, event_days)
    variables["past_seconds"] = past_seconds(work_dir)
    vars_file = work_dir / "dbt_vars.json"
    write_json(vars_file, variables)

    environment = dbt_environment(
        platform.queries.login(),
        variables,
        project_dir=project,
        work_dir=work_dir / "dbt",
        sslmode=platform.connection.sql_sslmode,
    )
    arguments = ["build", "--select", f"+tag:{use_case.name}", "int_event_standing"]
    arguments += ["--exclude-resource-type", "unit_test", "--target", "prod", "--vars", json.dumps(variables)]
    built = run_dbt(arguments, environment, log)
    keep_seconds(work_dir, built.batch_seconds)
    manifest_file = work_dir / "manifest.json"
    shutil.copyfile(built.manifest_file, manifest_file)

    run_id = run_id_of(use_case.name, day)
    if built.kept:
        log(f"{run_id} was built before and keeps its rows; events that came since are in the runs of later dates")
        log(f"(to build it anew: propensity forget --run-id {run_id})")
    counts = _count(sql, use_case.name, run_id)
    return Featurized(
        run_id=run_id,
        use_case=use_case.name,
        as_of=day.isoformat(),
        training_rows=counts.training_rows,
        scoring_rows=counts.scoring_rows,
        profiles=counts.profiles,
        excluded_by_reason=counts.excluded_by_reason,
        manifest_file=str(manifest_file),
        vars_file=str(vars_file),
        seconds=round(time.monotonic() - started, 1),
        batch_statements=event_days.added + built.batch_statements,
        first_day=history.first_day.isoformat(),
        events_by_standing=_standing(sql),
        unlisted_event_types=unlisted,
        seconds_by_model=built.seconds_by_model,
        read_by_model=built.read_by_model,
    )


@dataclass(frozen=True)
class _Counts:
    training_rows: int
    scoring_rows: int
    profiles: int
    excluded_by_reason: Mapping[str, int]


def unlisted_features(settings: Settings, seen: tuple[str, ...], log: Callable[[str], None]) -> tuple[str, ...]:
    """Those of the event types that propensity.yml does not list and that become features all the same; logs them."""
    found = tuple(name for name in seen if name not in settings.event_types)
    if not found:
        return ()
    if settings.unlisted_event_types == "ignore":
        log(f"{len(found)} event types are not in propensity.yml and have no features of their own: {_some(found)}")
        return ()
    taken, rest = found[:MOST_UNLISTED], found[MOST_UNLISTED:]
    log(f"{len(taken)} event types that propensity.yml does not list become features too: {_some(taken)}")
    if rest:
        log(f"{len(rest)} rarer ones are only counted in the totals: {_some(rest)}; list those that matter")
    return taken


def project_to_build(
    settings: Settings, project_dir: Path, work_dir: Path, unlisted: tuple[str, ...], log: Callable[[str], None]
) -> Path:
    """The project itself where its generated files fit; otherwise a copy in `work_dir`, in step with the settings."""
    changed = differences(settings, project_dir, unlisted)
    if not changed:
        return project_dir
    if not unlisted:
        log(
            f"{len(changed)} generated files differ from propensity.yml: building from a copy ('propensity sync' helps)"
        )
    return synced_copy(settings, project_dir, work_dir / "dbt_project", unlisted)


def _count(sql: Sql, use_case: str, run_id: str) -> _Counts:
    name = checked_name(use_case)
    if not run_id.replace("-", "").replace("_", "").isalnum():
        raise SettingsError(f"{run_id!r} is not a run id.")
    where = f"where run_id = '{run_id}'"
    training = _one(sql, f"select count(*) as n from {name}_training_set {where}")
    scoring = _one(sql, f"select count(*) as n from {name}_scoring_set {where}")
    profiles = _one(sql, f"select count(*) as n from {name}_spine {where} and purpose = 'score'")
    left_out = sql.rows(f"select reason, count(*) as n from {name}_exclusions {where} group by reason order by reason")
    excluded = {str(r["reason"]): int(r["n"]) for r in left_out}
    if scoring + sum(excluded.values()) != profiles:
        raise DataError(
            f"Run {run_id}: {scoring} rows to score and {sum(excluded.values())} left out are not the {profiles} known "
            "identities.",
            f"Somebody else's build of {name} may have moved the views meanwhile: run the step again.",
        )
    return _Counts(training, scoring, profiles, excluded)


def _standing(sql: Sql) -> dict[str, int]:
    """Event rows by standing, from what was noted of each day's newest version (materialization_incremental.sql)."""
    table = sql.rows("select table_name from int_user_day_activity_state")[0]["table_name"]
    rows = sql.rows(
        "select standing, sum(event_rows) as n from (select activity_date, standing, event_rows, load_id, "
        "max(struct(sequence as sequence, load_id as load_id)) over (partition by activity_date) as newest "
        f"from int_user_day_activity_days where table_name = '{checked_name(str(table))}') as noted "
        "where load_id = newest.load_id and standing is not null group by standing order by standing"
    )
    return {str(r["standing"]): int(r["n"]) for r in rows}


def _one(sql: Sql, statement: str) -> int:
    return int(sql.rows(statement)[0]["n"])


def _some(names: tuple[str, ...], most: int = 8) -> str:
    shown = ", ".join(name or "(an empty text)" for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
