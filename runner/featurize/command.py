"""dbt invocations: environment, command, progress, and what came of it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from runner.errors import AuthenticationError, DataError, PropensityError, SettingsError, Unavailable
from runner.featurize.dbt_process import dbt_process, without_ours
from runner.featurize.event_days import EventDays
from runner.platform import SqlLogin
from runner.project import profiles_example

BATCH_MATERIALIZATIONS = ("table", "dataset", "incremental", "audience")
"""Each of these is a CREATE TABLE AS or INSERT INTO: a batch job that takes minutes to start."""
STATEMENTS = {"incremental": 2}
"""Where it is more than one: the rows of the changed days, and the note that they are complete."""
ALREADY_THERE = "ALREADY THERE"
"""What the dataset materialization reports when the run's rows were there before (materialization_dataset.sql)."""
_READS = re.compile(r"(\w+) is to read about (\d+) batches, (\d+) rows, (\d+) bytes \(an estimate\)")
_PASSES = ("Session Limit Reached", "could not connect", "server closed the connection", "connection to server",
           "Connection refused", "SSL connection has been closed", "timeout expired")  # fmt: skip


@dataclass(frozen=True)
class DbtRun:
    """What a dbt invocation left behind.

    Args:
        manifest_file: dbt's manifest.json (path as text).
        models, tests: how many of each succeeded.
        batch_statements: CREATE TABLE AS and INSERT INTO that were carried out.
        kept: datasets (models) that held the run before, and kept its rows.
        seconds_by_model: execution time by model.
        batch_seconds: the same for those that carried out a batch statement.
        read_by_model: what each model was to read (batches, rows, bytes), estimated before it ran (count_cost.sql).
    """

    manifest_file: str
    models: int
    tests: int
    batch_statements: int
    seconds_by_model: Mapping[str, float]
    batch_seconds: Mapping[str, float]
    kept: tuple[str, ...] = ()
    read_by_model: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def dbt_environment(
    login: SqlLogin,
    variables: Mapping[str, Any],
    *,
    project_dir: Path,
    work_dir: Path,
    sslmode: str = "require",
) -> dict[str, str]:
    """The variables that give stock dbt (and editors) a working connection.

    `profiles.yml` beside the project or in it is used where there is one; otherwise the example is put into `work_dir`.
    The token is in DBT_ENV_SECRET_PROPENSITY_TOKEN only: dbt hides variables of that prefix in its logs.

    Args:
        login: fresh connection parameters; the token in it expires.
        variables: what the models need to know (as_of, first_day, tenant, tables): `propensity_variables`.
        project_dir: the dbt project.
        work_dir: where dbt may write target/ and logs/.
        sslmode: libpq's.
    """
    return {
        "PROPENSITY_SQL_HOST": login.host,
        "PROPENSITY_SQL_PORT": str(login.port),
        "PROPENSITY_SQL_USER": login.user,
        "PROPENSITY_SQL_DBNAME": login.dbname,
        "PROPENSITY_SQL_SSLMODE": sslmode,
        "DBT_ENV_SECRET_PROPENSITY_TOKEN": login.password.get_secret_value(),
        "PROPENSITY_VARS": json.dumps(variables, sort_keys=True),
        "PGGSSENCMODE": "disable",
        "DBT_PROJECT_DIR": str(project_dir),
        "DBT_PROFILES_DIR": str(_profiles_dir(project_dir, work_dir)),
        "DBT_TARGET_PATH": str(work_dir / "target"),
        "DBT_LOG_PATH": str(work_dir / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
    }


def propensity_variables(
    as_of: date,
    first_day: date,
    tenant: str,
    events_table: str,
    profiles_table: str,
    event_days: EventDays | None = None,
) -> dict[str, Any]:
    """What only a run can decide; everything else stands in macros/generated/settings.sql.

    Args:
        event_days: which days changed, where somebody has looked; without it the models look for themselves.
    """
    known = {"event_days": event_days.variable()} if event_days else {}
    return known | {
        "as_of": as_of.isoformat(),
        "first_day": first_day.isoformat(),
        "tenant": tenant,
        "events_table": events_table,
        "profiles_table": profiles_table,
    }


def run_dbt(arguments: Sequence[str], environment: Mapping[str, str], log: Callable[[str], None]) -> DbtRun:
    """Run dbt, hand its progress to `log`, and read what it wrote.

    Args:
        arguments: of the dbt command, without anything secret.
        environment: from `dbt_environment`.
        log: takes one line per finished node.

    Raises:
        Unavailable, AuthenticationError: the connection failed; a retry may help.
        DataError: a model or a test failed; the message names it and the server's answer.
    """
    target = Path(environment["DBT_TARGET_PATH"])
    (target / "run_results.json").unlink(missing_ok=True)
    seen: list[str] = []
    read: dict[str, Mapping[str, int]] = {}
    with dbt_process() as process:
        for line in process.lines([*arguments, "--log-format", "json"], {**without_ours(os.environ), **environment}):
            read |= _reading(line)
            progress = _progress(line, seen)
            if progress:
                log(progress)
    if process.status != 0:
        raise _failure(target, seen, Path(environment["DBT_LOG_PATH"]) / "dbt.log")
    return replace(read_run(target), read_by_model=read)


def _reading(line: str) -> dict[str, Mapping[str, int]]:
    """What the macro count_cost says in dbt's log: model to batches, rows and bytes."""
    found = _READS.search(line)
    if not found:
        return {}
    return {found[1]: dict(zip(("batches", "rows", "bytes"), map(int, found.groups()[1:]), strict=True))}


def _profiles_dir(project_dir: Path, work_dir: Path) -> Path:
    for folder in (project_dir, project_dir.parent):
        if (folder / "profiles.yml").exists():
            return folder
    work_dir.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(profiles_example(), work_dir / "profiles.yml")
    return work_dir


def _progress(line: str, seen: list[str]) -> str:
    """A line for people from one of dbt's JSON lines; errors are also kept in `seen`."""
    try:
        event = json.loads(line)
        info, data = event["info"], event.get("data", {})
    except (ValueError, KeyError, TypeError):
        seen.append(line.strip())
        return ""
    if info.get("level") in ("error", "warn"):
        seen.append(str(info.get("msg", "")).strip())
    if info.get("name") not in ("LogModelResult", "LogTestResult", "LogSeedResult"):
        return ""
    node = data.get("node_info") or {}
    name = node.get("node_name") or data.get("name") or ""
    seconds = float(data.get("execution_time") or 0)
    total = data.get("total") or data.get("num_models")
    return f"{data.get('index')}/{total} {data.get('status', '')} {name} {seconds:.1f} s"


def read_run(target: Path) -> DbtRun:
    """What the newest invocation left in dbt's target folder, apart from `read_by_model`, which only its log says.

    Raises:
        SettingsError: there is nothing to read.
    """
    results = _load(target / "run_results.json")["results"]
    nodes = _load(target / "manifest.json")["nodes"]
    models = {str(r["unique_id"]): r for r in results if r["unique_id"].startswith("model.")}
    kinds = {key: str(nodes.get(key, {}).get("config", {}).get("materialized")) for key in models}
    there = {key for key, result in models.items() if ALREADY_THERE in str(result.get("message"))}
    batches = [
        key
        for key, result in models.items()
        if result["status"] == "success" and kinds[key] in BATCH_MATERIALIZATIONS and key not in there
    ]
    seconds = {key: round(float(result["execution_time"]), 2) for key, result in models.items()}
    return DbtRun(
        manifest_file=str(target / "manifest.json"),
        models=len(models),
        tests=sum(r["unique_id"].startswith(("test.", "unit_test.")) for r in results),
        batch_statements=sum(STATEMENTS.get(kinds[key], 1) for key in batches),
        seconds_by_model={key.split(".")[-1]: value for key, value in seconds.items()},
        batch_seconds={key.split(".")[-1]: seconds[key] for key in batches},
        kept=tuple(key.split(".")[-1] for key in models if kinds[key] == "dataset" and key in there),
    )


def _failure(target: Path, seen: Sequence[str], log_file: Path) -> PropensityError:
    failed: list[tuple[str, str]] = []
    results_file = target / "run_results.json"
    if results_file.exists():
        for result in _load(results_file)["results"]:
            if result["status"] in ("error", "fail", "runtime error"):
                failed.append((result["unique_id"], str(result.get("message") or "").strip()))
    details = " ".join(message for _, message in failed) or " ".join(seen[-5:]) or "dbt said nothing"
    what = ", ".join(_short(unique_id) for unique_id, _ in failed[:3]) or "the project"
    if "28P01" in details or "password authentication failed" in details or "invalid password" in details.lower():
        return AuthenticationError(
            "Query Service refused the access token while dbt was running.",
            "A token lives 24 hours: run the step again, it fetches a new one.",
            service="Query Service",
        )
    if any(word in details for word in _PASSES):
        return Unavailable(
            f"The connection to Query Service failed while dbt was building {what}: {_shorten(details)}",
            "Run the step again: what was built stays, and nothing is doubled.",
            service="Query Service",
        )
    tests = [unique_id for unique_id, _ in failed if unique_id.startswith(("test.", "unit_test."))]
    only_tests = bool(tests) and len(tests) == len(failed)
    if only_tests:
        known = _load(target / "manifest.json")["nodes"]
        promised = " ".join(str(known.get(key, {}).get("description") or "") for key in tests)
        return DataError(f"The data test {what} failed: {_shorten(f'{promised} {details}')}", _log_is(log_file))
    return DataError(f"dbt could not build {what}: {_shorten(details)}", _log_is(log_file))


def _log_is(file: Path) -> str:
    return f"The whole log is {file}."


def _short(unique_id: str) -> str:
    parts = unique_id.split(".")
    if parts[0] == "unit_test":
        return f"{parts[3]} of {parts[2]}"
    return parts[2] if len(parts) > 2 else unique_id


def _shorten(text: str, length: int = 1500) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[:length]} ..."


def _load(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        seen = f"dbt left no readable {path.name} ({type(error).__name__})."
        raise SettingsError(seen, "Run the step again.") from None
    return content
