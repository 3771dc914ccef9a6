"""An engineer adds a feature to a platform that already holds two runs: two files, and it is everywhere."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner

from runner import steps
from runner.cli.main import main
from runner.contract import Contract
from runner.docs_site import build_docs
from runner.model_card import read_card
from runner.session import open_session
from runner.summary import summarise
from runner.training.model import CARD_FILE
from tests.end_to_end.conftest import ROOT, Project

END, DAYS, USERS = date(2026, 11, 2), 70, 1500
SETS = ("newsletter_training_set", "newsletter_scoring_set")
SENT, OPENED = "directMarketing.emailSent", "directMarketing.emailOpened"
SQL = f"""with mails as (
  select
    user_id,
    as_of,
    look_back_days,
    sum(case when event_type = '{OPENED}' then n end) as opened,
    sum(case when event_type = '{SENT}' then n end) as sent
  from {{{{ ref('int_activity_as_of') }}}}
  where days_before <= 28
  group by user_id, as_of, look_back_days
)

select
  user_id,
  as_of,
  look_back_days,
  cast(coalesce(opened, 0) / nullif(sent, 0) as double) as share_of_opened_28d
from mails
"""
KEYS = (("user_id", "string"), ("as_of", "timestamp"), ("look_back_days", "int"))


def columns_of_the_readme() -> list[dict[str, Any]]:
    """The YAML that the README shows under "Add a feature"."""
    chapter = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Add a feature\n")[2]
    shown = re.search(r"```yaml\n(.*?)```", chapter, re.S)
    assert shown
    columns: list[dict[str, Any]] = yaml.safe_load(shown[1])
    return columns


def write_two_files(project: Path) -> dict[str, Any]:
    """Returns the new column as the YAML describes it."""
    (column,) = columns_of_the_readme()
    keys = [{"name": n, "data_type": t, "description": f"{{{{ doc('{n}') }}}}"} for n, t in KEYS]
    model = {"name": "feat_mails", "description": "How mails are received.", "columns": [*keys, column]}
    folder = project / "models/features"
    (folder / "feat_mails.sql").write_text(SQL)
    (folder / "feat_mails.yml").write_text(yaml.safe_dump({"version": 2, "models": [model]}, sort_keys=False))
    return column


def held(text: str, what: str) -> dict[str, Any]:
    """The JSON that the static docs page carries in place of a file."""
    found = re.search(rf"[{{,]{what}:(?={{)", text)
    assert found, f"no {what} in the page"
    content: dict[str, Any] = json.JSONDecoder().raw_decode(text, found.end())[0]
    return content


def train_and_score(settings: Path, run_id: str) -> None:
    steps.export(settings, run_id)
    steps.train(settings, run_id)
    steps.score(settings, run_id)


def test_a_feature_is_two_files_and_is_then_in_contract_docs_model_card_and_report(
    project: Project, tmp_path: Path
) -> None:
    steps.synthesize(project.settings, users=USERS, days=DAYS, end=END, seed=3, scenario="default")
    session = open_session(project.settings)
    sql = session.sql
    old_runs = [steps.featurize(project.settings, "newsletter", END - timedelta(days=back)) for back in (2, 1)]
    train_and_score(project.settings, old_runs[0])
    ids = {r["name"]: r["dataSetId"] for r in sql.rows("show tables") if r["name"].endswith("_runs")}
    of_old_runs = [
        f"select * from {s}_runs where run_id = '{r}' order by user_id, as_of" for s in SETS for r in old_runs
    ]
    before = [sql.rows(statement) for statement in of_old_runs]

    column = write_two_files(session.settings.dbt_project)
    name = column["name"]
    synced = CliRunner().invoke(main, ["sync", "--settings", str(project.settings)])
    assert synced.exit_code == 0, synced.output
    assert "newsletter_training_set.yml" in synced.output
    run_id = steps.run(project.settings, "newsletter", END)

    assert {r["name"]: r["dataSetId"] for r in sql.rows("show tables") if r["name"].endswith("_runs")} == ids
    for rows, statement in zip(before, of_old_runs, strict=True):
        assert sql.rows(statement) == [{**row, name: None} for row in rows] != []
    train_and_score(project.settings, old_runs[1])

    workspace = session.workspace(run_id)
    for name_of_set in SETS:
        contract = Contract.from_manifest(Path(workspace.load("featurize")["manifest_file"]), name_of_set)
        found = next(c for c in contract.features if c.name == name)
        assert (found.data_type, found.description) == (column["data_type"], column["description"])
        rows = sql.rows(f"select {name} as ours, rate_email_opened_per_sent_28d as theirs from {name_of_set}")
        assert all(row["ours"] == row["theirs"] for row in rows)
        assert len({row["ours"] for row in rows}) > 3

    with_feature = read_card(Path(workspace.load("train")["model_dir"]) / CARD_FILE)
    assert column["description"] in [f["description"] for f in with_feature["features"] if f["name"] == name]
    summarise(project.settings, run_id, tmp_path / "report.html")
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"<code>{name}</code>" in report
    assert column["description"] in report

    page = build_docs(project.settings, tmp_path / "docs", print).read_text(encoding="utf-8")
    manifest, catalog = held(page, "manifest"), held(page, "catalog")
    for model in ("feat_mails", *SETS):
        node = f"model.propensity.{model}"
        assert manifest["nodes"][node]["columns"][name]["description"] == column["description"]
        assert name in catalog["nodes"][node]["columns"]
    assert "model.propensity.feat_mails" in manifest["parent_map"][f"model.propensity.{SETS[0]}"]
