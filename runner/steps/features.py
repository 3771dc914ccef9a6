"""Steps 2 and 3: features in Query Service, and the training rows out of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

from runner.cost import cost_lines
from runner.dataset_settings import settle_datasets
from runner.errors import DataError
from runner.exploration import explore as look
from runner.export import compare
from runner.featurize import check_leaks as change_the_future
from runner.featurize import featurize as build_features
from runner.featurize import forget_run
from runner.governance import refuse_labelled
from runner.run_ids import as_of_date
from runner.session import open_session, tell
from runner.steps.common import as_of_time, contract_of, export_rows, open_run
from runner.timing import named, step


def featurize(settings_file: Path, use_case: str | None = None, as_of: date | None = None) -> str:
    """Step 2: features, training set and scoring set in Query Service. Returns the run id."""
    session = open_session(settings_file)
    case = session.settings.use_case(use_case)
    scratch = session.settings.state_dir / "featurize" / case.name
    with step(scratch, 2, "featurize", f"features of '{case.name}' in Query Service"):
        refuse_labelled(session.platform, (session.settings.datasets.events, session.settings.datasets.profiles))
        built = build_features(
            session.settings, case, session.platform, session.sql, as_of, session.settings.dbt_project, scratch, tell
        )
    settle_datasets(session.platform, Path(built.manifest_file), tell)
    workspace = session.workspace(built.run_id)
    for name in ("manifest.json", "dbt_vars.json", "seconds.json"):
        (workspace.folder / name).write_bytes((scratch / name).read_bytes())
    workspace.save("featurize", asdict(built) | {"manifest_file": str(workspace.folder / "manifest.json")})
    excluded = ", ".join(f"{n:,} {reason}" for reason, n in built.excluded_by_reason.items()) or "nobody"
    tell(f"{built.training_rows:,} training rows; {built.scoring_rows:,} of {built.profiles:,} identities to score")
    tell(f"left out of scoring: {excluded}")
    for line in cost_lines(built.read_by_model, built.seconds_by_model, built.batch_statements):
        tell(line)
    return built.run_id


def forget(settings_file: Path, run_id: str) -> str:
    """Take a run's rows out of its datasets, so that `featurize` builds its date anew; returns the command for that."""
    as_of = as_of_date(run_id)
    session, case, _ = open_run(settings_file, run_id)
    forget_run(case.name, run_id, session.platform, session.sql, tell, wait_seconds=session.settings.wait_seconds)
    return f"propensity run --use-case {case.name} --as-of {as_of}"


def check_leaks(settings_file: Path, run_id: str, *, once: bool = False) -> None:
    """Change everything after a past as-of date, build the features again, and compare: none may differ.

    With `once`, a run that passed before is not checked again.
    """
    session, case, workspace = open_run(settings_file, run_id)
    if once and workspace.has("leak_check"):
        return
    scratch = session.settings.state_dir / "leak_check" / case.name
    as_of = as_of_time(workspace).date()
    with step(workspace.folder, 2, "check_leaks", "does any feature know the future?"):
        found = change_the_future(
            session.settings, case, session.platform, session.sql, as_of, session.settings.dbt_project, scratch, tell
        )
        workspace.save("leak_check", asdict(found))
    compared = sum(found.rows.values())
    tell(f"{found.features} features of {compared:,} rows as of {found.as_of} and earlier: all equal, to the last bit")


def explore(settings_file: Path, run_id: str) -> None:
    """Step 2: figures about the events as they were known at the run's as-of date."""
    session, case, workspace = open_run(settings_file, run_id)
    with named(2, "explore"):
        found = look(session.settings, case, session.platform, session.sql, as_of_time(workspace))
        workspace.save("explore", found)
    if found.ids_on_several_days:
        tell(
            f"note: at least {found.ids_on_several_days:,} event ids came again with the time of another UTC day, and "
            f"count on both: whoever fills {found.table} should give each event an id of its own and keep its time"
        )


def export(settings_file: Path, run_id: str, *, both_routes: bool = False) -> None:
    """Step 3: the training rows as Parquet, reconciled with Query Service; with `both_routes` twice, and compared."""
    session, case, workspace = open_run(settings_file, run_id)
    first = session.settings.export_route
    routes = [first, *({"data_access", "landing_zone"} - {first} if both_routes else ())]
    with step(workspace.folder, 3, "export", f"training rows of {run_id} to Parquet"):
        exports = [export_rows(session, workspace, f"{case.name}_training_set", route) for route in routes]
        if both_routes:
            contract = contract_of(workspace, f"{case.name}_training_set")
            comparison = compare(exports[0], exports[1], [contract.one("key").name, contract.one("as_of").name])
            if not comparison.equal:
                raise DataError(f"The two export routes disagree: {comparison}.", "Run 'propensity export' again.")
            if exports[0].route == exports[1].route:
                tell(f"note: both exports came by {exports[0].route}, so there was nothing to compare")
            else:
                tell(f"both routes hold the same {exports[0].rows:,} rows")
    workspace.save(
        "export",
        asdict(exports[0])
        | {
            "directory": str(exports[0].directory),
            "routes": [e.route for e in exports],
            "notes": [e.note for e in exports],
        },
    )
