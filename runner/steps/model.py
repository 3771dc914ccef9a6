"""Steps 4 and 5: the model, and a score for everybody."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from runner.blueprints import resolve
from runner.errors import DataError
from runner.export import read_card
from runner.gate import AgainstChampion, against_champion, judge
from runner.recipe import follow_recipe
from runner.registry import Registry
from runner.scoring import score as score_rows
from runner.session import tell
from runner.steps.common import contract_of, export_rows, open_run
from runner.timing import step
from runner.training import train as train_model
from runner.training.model import TEST_SCORES_FILE


def train(settings_file: Path, run_id: str) -> None:
    """Step 4: train on earlier as-of dates, judge on the later one, fit again on all, let the gate decide, register."""
    session, case, workspace = open_run(settings_file, run_id)
    folder = workspace.load("export")["directory"]
    exported = read_card(Path(folder))
    if exported is None:
        raise DataError(f"The export of {run_id} in {folder} is not complete.", "Run 'propensity export' again.")
    contract = contract_of(workspace, f"{case.name}_training_set")
    with step(workspace.folder, 4, "train", "LightGBM on earlier dates, judged on a later one"):
        trained = train_model(exported, contract, case, workspace.folder / "model")
        for remark in trained.remarks:
            tell(f"note: {remark}")
        registry = Registry(session.settings.state_dir)
        champion = registry.champion(case.name)
        against: AgainstChampion | None = None
        if champion is not None and champion.run_id != run_id:
            against = against_champion(trained, Path(champion.model_dir), champion.version, exported, contract)
        verdict = judge(trained, session.settings.gate, against)
        registered = registry.register(trained, verdict)
        record = asdict(trained) | {"registered": asdict(registered), "verdict": verdict.as_json()}
        record |= {"version": registered.champion_version, "champion_dir": registered.champion_dir}
        workspace.save("train", record | {"test_file": str(Path(trained.model_dir) / TEST_SCORES_FILE)})
        measured = f"AUC {trained.metrics['auc']:.4f}, calibration error {trained.metrics['calibration_error']:.4f}"
        tell(f"{measured}, judged as of {trained.judged_as_of}")
        if trained.refitted_through:
            tell(f"fitted again on all dates through {trained.refitted_through}: that model is published")
        tell(f"version {registered.version}; version {registered.champion_version} scores")
        for failure in verdict.failures:
            tell(f"gate ({verdict.mode}): {failure}")


def recipe(settings_file: Path, run_id: str, *, once: bool = False) -> None:
    """The documented notebook recipe on the run's question, judged its own way and as of a date, beside our model.

    With `once`, it is not followed again for a run that has it.
    """
    session, case, workspace = open_run(settings_file, run_id)
    if once and workspace.has("recipe"):
        return
    table = session.platform.catalog.dataset_named(session.settings.datasets.events).table_name
    tenant = (session.settings.tenant or session.platform.schemas.tenant()).lstrip("_")
    key = resolve(session.settings.identity.path, tenant)
    with step(workspace.folder, 4, "recipe", "the documented notebook recipe on the same question"):
        test_file = Path(workspace.load("train")["test_file"])
        found = follow_recipe(session.sql, table, key, case.target_event, test_file)
        if found is None:
            tell("the data hold none of the events that it counts, or too few conversions: nothing to compare")
            return
        workspace.save("recipe", found.as_json())
        tell(f"on its own test rows it reaches an AUC of {found.own_test.auc:.3f}")
        tell(f"scoring people as of {found.as_of}: the recipe {found.on_date.auc:.3f}, ours {found.ours.auc:.3f}")


def score(settings_file: Path, run_id: str) -> None:
    """Step 5: score every identity of the scoring set with the champion."""
    session, case, workspace = open_run(settings_file, run_id)
    model = f"{case.name}_scoring_set"
    with step(workspace.folder, 5, "score", "every identity of the scoring set"):
        exported = export_rows(session, workspace, model, "data_access")
        folder = Path(workspace.load("train")["champion_dir"])
        scored = score_rows(folder, exported, contract_of(workspace, model), workspace.folder / "scores.parquet")
        workspace.save("score", scored)
        tell(f"{scored.rows:,} scores from {scored.lowest:.4f} to {scored.highest:.4f}, mean {scored.mean:.4f}")
