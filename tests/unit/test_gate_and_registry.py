"""Who becomes champion, and that a rerun registers nothing twice."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from runner.errors import ModelError
from runner.export.exported import Exported
from runner.gate import RULES, AgainstChampion, against_champion, judge
from runner.registry import Registry
from runner.training import Trained, load_model, train
from tests.unit.model_rows import FEATURES, HEAD, JUDGED, TRAINING, USE_CASE, export, training_rows, with_columns


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return training_rows(3_000)


@pytest.fixture(scope="module")
def exported(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(rows, TRAINING, tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def trained(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(exported, TRAINING, USE_CASE, tmp_path_factory.mktemp("model") / "m")


@pytest.fixture(scope="module")
def poor(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trained without the features that matter, on the same people."""
    folder = tmp_path_factory.mktemp("poor")
    contract = with_columns(TRAINING, *HEAD, *JUDGED, *[c for c in FEATURES if c.name != "channel"])
    return train(export(rows, contract, folder / "export"), contract, USE_CASE, folder / "m")


def test_a_good_model_passes_every_rule(trained: Trained) -> None:
    verdict = judge(trained, "on")
    assert verdict.passed
    assert verdict.failures == ()
    assert {f.metric for f in verdict.findings} == {r.metric for r in RULES}


def test_the_reason_is_said_in_words(trained: Trained) -> None:
    weak = replace(trained, metrics={**trained.metrics, "auc_low": 0.48})
    verdict = judge(weak, "on")
    assert not verdict.promote
    assert verdict.failures == ("auc_low is 0.48, expected at least 0.5: ranks better than luck, beyond doubt",)


@pytest.mark.parametrize(("mode", "promotes"), [("off", True), ("dry_run", True), ("on", False)])
def test_only_the_binding_gate_keeps_a_weak_model_out(trained: Trained, mode: str, promotes: bool) -> None:
    weak = replace(trained, metrics={**trained.metrics, "leak_alarms": 1.0})
    assert judge(weak, mode).promote is promotes  # type: ignore[arg-type]


def test_a_challenger_must_not_be_worse_than_the_champion(trained: Trained) -> None:
    assert judge(trained, "on", AgainstChampion("3", -0.004, 0.001)).passed
    assert judge(trained, "on", AgainstChampion("3", -0.02, 0.02)).passed
    verdict = judge(trained, "on", AgainstChampion("3", -0.02, 0.002))
    assert "not worse than champion v3" in verdict.failures[0]


def test_both_are_compared_on_the_same_people(trained: Trained, poor: Trained, exported: Exported) -> None:
    same = against_champion(trained, Path(trained.model_dir), "1", exported, TRAINING)
    assert (same.difference, same.standard_error) == (0.0, 0.0)
    better = against_champion(trained, Path(poor.model_dir), "1", exported, TRAINING)
    assert better.difference == pytest.approx(trained.metrics["auc"] - poor.metrics["auc"])


def test_a_champion_with_other_features_is_not_compared(trained: Trained, poor: Trained, exported: Exported) -> None:
    contract = with_columns(TRAINING, *[c for c in TRAINING.columns if c.name != "channel"])
    found = against_champion(poor, Path(trained.model_dir), "1", exported, contract)
    assert found.difference is None
    assert "channel" in found.note


def test_the_same_run_is_registered_once(trained: Trained, tmp_path: Path) -> None:
    verdict = judge(trained, "on")
    first = Registry(tmp_path).register(trained, verdict)
    again = Registry(tmp_path).register(trained, verdict)
    assert (first.version, first.created, first.previous_champion) == ("1", True, None)
    assert (again.version, again.created, again.previous_champion) == ("1", False, "1")
    other = Registry(tmp_path).register(replace(trained, fingerprint="other data"), verdict)
    assert (other.version, other.created) == ("2", True)
    assert [v.version for v in Registry(tmp_path).versions("newsletter")] == ["1", "2"]


def test_the_register_says_which_model_was_judged_and_which_scores(trained: Trained, tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    version = registry.register(trained, judge(trained, "on")).version
    client = registry._client
    run = client.get_run(client.get_model_version("propensity_newsletter", version).run_id)
    assert run.data.params["judged_as_of"] == run.data.params["refitted_through"] == "2026-10-26"
    assert run.data.params["trees"] == str(trained.trees)
    assert run.data.params["judged_sha256"] != trained.model_sha256
    assert run.data.metrics["auc"] == trained.metrics["auc"]


def test_the_champion_scores_from_its_own_copy(trained: Trained, tmp_path: Path) -> None:
    Registry(tmp_path).register(trained, judge(trained, "on"))
    champion = Registry(tmp_path).champion("newsletter")
    assert champion is not None
    assert champion.run_id == trained.run_id
    assert champion.auc == trained.metrics["auc"]
    assert champion.model_dir != trained.model_dir
    assert load_model(Path(champion.model_dir)).features == load_model(Path(trained.model_dir)).features


def test_a_refused_challenger_leaves_the_champion(trained: Trained, tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.register(trained, judge(trained, "on"))
    weak = replace(trained, fingerprint="other", metrics={**trained.metrics, "auc_low": 0.4})
    found = registry.register(weak, judge(weak, "on"))
    assert (found.version, found.promoted, found.champion_version) == ("2", False, "1")


def test_a_refused_first_model_is_an_error_that_says_what_to_do(trained: Trained, tmp_path: Path) -> None:
    weak = replace(trained, metrics={**trained.metrics, "auc_low": 0.4})
    with pytest.raises(ModelError, match=r"refuses the first model of newsletter: auc_low is 0.4.*gate: dry_run"):
        Registry(tmp_path).register(weak, judge(weak, "on"))


def test_two_use_cases_do_not_meet(trained: Trained, tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.register(trained, judge(trained, "on"))
    assert registry.champion("purchase") is None
    assert registry.register(replace(trained, use_case="purchase"), judge(trained, "on")).name == "propensity_purchase"


def test_mlflow_reports_to_nobody(tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(Path.cwd())!r})\n"
        "from pathlib import Path; from runner.registry import Registry\n"
        f"Registry(Path({str(tmp_path)!r})).champion('newsletter')\n"
        "from mlflow.telemetry.client import get_telemetry_client\n"
        "assert get_telemetry_client() is None\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
