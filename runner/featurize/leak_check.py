"""The proof that no feature knows the future: change the future, build again, and nothing may differ.

A copy of the event table, in which everything at or after one of the run's past as-of dates is changed, is built into
the same features under a prefix of its own. A third of those events are gone, a third have become the target event and
happen at the as-of moment itself, a third stay, and everybody has one more at that moment. Every feature as of that
date and earlier is compared by Query Service, to the last bit; only counts leave it.

What lineage cannot see is found here: a join across as-of dates, a mean over everybody, a bound that is a day off, an
answer that a macro asked for while the model was compiled.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from runner.errors import DataError
from runner.featurize.build import project_to_build, unlisted_features
from runner.featurize.command import dbt_environment, propensity_variables, run_dbt
from runner.featurize.event_days import read_event_days
from runner.featurize.history import checked_name, require_history
from runner.platform import Platform
from runner.settings import Settings, UseCase
from runner.sql import SqlClient, literal

PREFIX = "leakcheck"
"""Every relation of the check begins with it, and is gone when the check ends."""
CHANGED = f"{PREFIX}_changed_events"
KEYS = ("user_id", "as_of", "look_back_days")
DBTS_OWN = ("dbt", "dbt_postgres")
"""Packages whose macros every model calls, and which may ask."""
_ASKS = re.compile(r"\b(?:run_query|statement|load_result|adapter|api)\s*[(.]")


@dataclass(frozen=True)
class LeakCheck:
    """What was compared, all of it equal.

    Args:
        as_of: ISO date; every event at or after its 00:00 UTC was changed.
        features: how many columns were compared. rows: people times as-of dates, by feature model.
        removed, altered, added: events of the changed future.
        seconds: how long it took.
    """

    as_of: str
    features: int
    rows: Mapping[str, int]
    removed: int
    altered: int
    added: int
    seconds: float


def check_leaks(
    settings: Settings,
    use_case: UseCase,
    platform: Platform,
    sql: SqlClient,
    as_of: date,
    project_dir: Path,
    work_dir: Path,
    log: Callable[[str], None],
) -> LeakCheck:
    """Compare the features of a run that was just built with those of a changed future.

    Args:
        as_of: the run's. Changed is everything from the date on that the model is judged on, one label window earlier.
        project_dir, work_dir: the dbt project, and where dbt may write.
        log: takes progress lines.

    Raises:
        DataError: a feature differs; all that do are named, with the number of rows.
    """
    started = time.monotonic()
    events = platform.catalog.dataset_named(settings.datasets.events)
    events_table = checked_name(events.table_name)
    profiles_table = checked_name(platform.catalog.dataset_named(settings.datasets.profiles).table_name)
    tenant = checked_name((settings.tenant or platform.schemas.tenant()).lstrip("_"))
    event_days = read_event_days(sql, platform.catalog, events.id, events_table, log)
    history = event_days.history()
    require_history(use_case, history, as_of)
    cut = as_of - timedelta(days=use_case.gap_days + use_case.horizon_days)
    unlisted = unlisted_features(settings, event_days.event_types(as_of), log)
    project = project_to_build(settings, project_dir, work_dir, unlisted, log)
    _remove_all(sql)
    try:
        key = settings.identity.path.replace("{tenant}", tenant)
        removed, altered, added = _change_the_future(sql, events_table, key, use_case.target_event, cut)
        log(f"from {cut} on: {removed:,} events removed, {altered:,} altered, {added:,} added; building again")
        variables = propensity_variables(as_of, history.first_day, tenant, CHANGED, profiles_table)
        environment = dbt_environment(
            platform.queries.login(),
            variables,
            project_dir=project,
            work_dir=work_dir / "dbt",
            sslmode=platform.connection.sql_sslmode,
        ) | {"PROPENSITY_PREFIX": PREFIX}
        arguments = ["run", "--select", "+tag:feature", "--target", "dev", "--vars", json.dumps(variables)]
        built = run_dbt(arguments, environment, log)
        manifest = json.loads(Path(built.manifest_file).read_text(encoding="utf-8"))
        refuse_questions(manifest)
        models = _feature_models(manifest)
        columns = {checked_name(m["name"]): [c for c in m["columns"] if c not in KEYS] for m in models}
        rows = {model: _compare(sql, model, columns[model], cut) for model in sorted(columns)}
    finally:
        _remove_all(sql)
    faults = [f"{model}.{name} ({n:,} rows)" for model, found in rows.items() for name, n in found.differing.items()]
    if faults:
        raise DataError(
            f"Features as of {cut} and earlier changed when only events from {cut} on did: {', '.join(faults)}.",
            "They know the future. Read events through int_activity_as_of only, by ref; group, join and partition "
            "windows by user_id and as_of.",
        )
    return LeakCheck(
        as_of=cut.isoformat(),
        features=sum(len(names) for names in columns.values()),
        rows={model: found.rows for model, found in rows.items()},
        removed=removed,
        altered=altered,
        added=added,
        seconds=round(time.monotonic() - started, 1),
    )


def _change_the_future(sql: SqlClient, table: str, key: str, target: str, cut: date) -> tuple[int, int, int]:
    """Make the changed copy; how many events were removed, altered and added."""
    names = [name for name in sql.columns(table) if not name.startswith("_acp_")]
    moment = f"cast('{cut.isoformat()} 00:00:00' as timestamp)"
    third = "cast(conv(substr(md5(coalesce(_id, '')), 1, 8), 16, 10) as bigint) % 3"
    altered = {
        "timestamp": f"case when {third} = 1 then {moment} else timestamp end as timestamp",
        "eventType": f"case when {third} = 1 then {literal(target)} else eventType end as eventType",
    }
    added = {"timestamp": f"{moment} as timestamp", "_id": "concat('added-', coalesce(_id, 'event')) as _id"}
    first = (
        f"row_number() over (partition by {key} order by timestamp asc nulls last, _id asc nulls last) as place "
        f"from {table} where timestamp < {moment}"
    )
    sql.execute(
        f"create table {CHANGED} as "
        f"select {_listed(names, {})} from {table} where timestamp < {moment} or timestamp is null "
        f"union all select {_listed(names, altered)} from {table} where timestamp >= {moment} and {third} <> 0 "
        f"union all select {_listed(names, added)} from (select *, {first}) as known where place = 1"
    )
    counted = sql.rows(
        f"select sum(case when {third} = 0 then 1 else 0 end) as removed, "
        f"sum(case when {third} = 1 then 1 else 0 end) as altered from {table} where timestamp >= {moment}"
    )[0]
    added_rows = sql.count(CHANGED, f"timestamp = {moment} and _id like 'added-%'")
    return int(counted["removed"] or 0), int(counted["altered"] or 0), added_rows


def _listed(names: Sequence[str], instead: Mapping[str, str]) -> str:
    return ", ".join(instead.get(name, f"`{name}`") for name in names)


def _feature_models(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [n for n in manifest["nodes"].values() if n["resource_type"] == "model" and "feature" in n["tags"]]


def refuse_questions(manifest: Mapping[str, Any]) -> None:
    """Refuse features whose macros ask while a model is compiled: the answer is a number in its SQL, in both builds.

    Args:
        manifest: dbt's manifest.json.

    Raises:
        DataError: a feature model calls such a macro, itself or through others.
    """
    faults = []
    for model in _feature_models(manifest):
        todo, seen = list(model["depends_on"]["macros"]), set[str]()
        while todo:
            key = todo.pop()
            macro = manifest["macros"].get(key)
            if macro is None or key in seen or macro["package_name"] in DBTS_OWN:
                continue
            seen.add(key)
            todo += macro["depends_on"]["macros"]
            if _ASKS.search(re.sub(r"(?s)\{#.*?#\}", "", macro["macro_sql"])):
                faults.append(f"{model['name']} by the macro {macro['name']}")
    if faults:
        raise DataError(
            f"Feature models ask Query Service while they are compiled: {', '.join(sorted(set(faults)))}.",
            "The answer may hold the future, and comparing two builds cannot show that. Write it as SQL that reads "
            "int_activity_as_of by ref.",
        )


@dataclass(frozen=True)
class _Compared:
    rows: int
    differing: Mapping[str, int]


def _compare(sql: SqlClient, model: str, columns: Sequence[str], cut: date) -> _Compared:
    """Compare one feature model's rows as of `cut` and earlier, column by column; null equals null."""
    until = f"where as_of <= cast('{cut.isoformat()} 00:00:00' as timestamp)"
    on = " and ".join(f"before.{k} = after.{k}" for k in KEYS)
    found = sql.rows(
        "select count(*) as row_count, "
        "sum(case when before.user_id is null or after.user_id is null then 1 else 0 end) as unmatched, "
        + ", ".join(f"sum(case when before.{c} <=> after.{c} then 0 else 1 end) as {c}" for c in columns)
        + f" from (select * from {model} {until}) as before "
        f"full outer join (select * from {PREFIX}_{model} {until}) as after on {on}"
    )[0]
    if not int(found["row_count"]):
        raise DataError(
            f"{model} has no row as of {cut} or earlier.",
            "The features show the dates of the last build: run 'propensity featurize' and check again.",
        )
    if int(found["unmatched"]):
        return _Compared(int(found["row_count"]), {"(people and dates)": int(found["unmatched"])})
    return _Compared(int(found["row_count"]), {c: int(found[c]) for c in columns if int(found[c])})


def _remove_all(sql: SqlClient) -> None:
    """Drop everything under our prefix: views first, which read the tables."""
    for kind in ("view", "table"):
        for row in sql.rows(f"show {kind}s"):
            name = str(row.get("name") or row.get("Name"))
            if name.startswith(f"{PREFIX}_"):
                sql.execute(f"drop {kind} if exists {checked_name(name)}")
