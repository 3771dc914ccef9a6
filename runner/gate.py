"""The gate: may this model become champion? A table of rules, and a comparison with the champion on the same people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runner.contract import Contract
from runner.errors import ModelError
from runner.evaluation import auc_difference
from runner.export.exported import Exported
from runner.model_card import read_card
from runner.training import Trained
from runner.training.frame import as_text, batches, matrix
from runner.training.model import CARD_FILE, TEST_SCORES_FILE, load_judged_model

Mode = Literal["off", "dry_run", "on"]
Floats = npt.NDArray[np.float64]
SLACK = 0.005
"""AUC by which a challenger may lie behind the champion even when the test is large enough to prove it."""


@dataclass(frozen=True)
class Rule:
    """`metric` must be at least, or at most, `threshold`; metric names are those of Evaluation.metrics."""

    metric: str
    direction: Literal["at least", "at most"]
    threshold: float
    why: str


RULES = (
    Rule("conversions", "at least", 30, "with fewer conversions the test says nothing"),
    Rule("auc_low", "at least", 0.5, "ranks better than luck, beyond doubt"),
    Rule("auc_over_baseline", "at least", -0.01, "is not beaten by its own best single feature"),
    Rule("log_loss_gain", "at least", 0.0, "its probabilities say more than the base rate"),
    Rule("lift_top_decile", "at least", 1.1, "the best tenth converts more often than everybody"),
    Rule("calibration_error_relative", "at most", 0.5, "probabilities can be taken at their word"),
    Rule("leak_alarms", "at most", 0, "no sign that a feature knows the future"),
)


@dataclass(frozen=True)
class Finding:
    """One rule applied."""

    metric: str
    value: float
    direction: str
    threshold: float
    passed: bool
    why: str


@dataclass(frozen=True)
class AgainstChampion:
    """Both models on the same test rows.

    Args:
        version: of the champion. difference: the challenger's AUC minus the champion's; None when not comparable.
        standard_error: of the difference. note: why there is no comparison; empty otherwise.
    """

    version: str
    difference: float | None
    standard_error: float | None
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the gate says.

    Args:
        mode: off (nothing is checked), dry_run (checked and reported, promoted anyway), on (checked and binding).
        passed: every rule holds. promote: whether the challenger may become champion under this mode.
        findings: one for each rule. champion: the comparison, where there was a champion.
    """

    mode: Mode
    passed: bool
    promote: bool
    findings: tuple[Finding, ...]
    champion: AgainstChampion | None

    @property
    def failures(self) -> tuple[str, ...]:
        """The failed rules, in words."""
        return tuple(
            f"{f.metric} is {f.value:.4g}, expected {f.direction} {f.threshold:.4g}: {f.why}"
            for f in self.findings
            if not f.passed
        )

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "failures": list(self.failures)}


def judge(
    trained: Trained, mode: Mode, champion: AgainstChampion | None = None, rules: Sequence[Rule] = RULES
) -> Verdict:
    """Apply the rules, and the comparison with the champion where there is one."""
    if mode == "off":
        return Verdict(mode, True, True, (), None)
    findings = [_apply(rule, trained.metrics[rule.metric]) for rule in rules]
    if champion and champion.difference is not None and champion.standard_error is not None:
        allowed = -max(SLACK, 1.645 * champion.standard_error)
        against = Rule("auc_against_champion", "at least", allowed, f"not worse than champion v{champion.version}")
        findings.append(_apply(against, champion.difference))
    passed = all(f.passed for f in findings)
    return Verdict(mode, passed, passed or mode == "dry_run", tuple(findings), champion)


def against_champion(
    trained: Trained, champion_dir: Path, version: str, exported: Exported, contract: Contract
) -> AgainstChampion:
    """Let the champion score the challenger's test rows, and compare both AUCs (paired, DeLong).

    Judged model stands against judged model: the published ones have learned from the newest dates, the test date's
    people among them. Where even the champion's judged model knows days after the test date, there is no comparison.

    Args:
        trained: the challenger. champion_dir, version: of the champion. exported, contract: the training rows.
    """
    try:
        champion, known = load_judged_model(champion_dir), read_card(champion_dir / CARD_FILE)["judged"]
    except ModelError as refused:
        return AgainstChampion(version, None, None, f"the champion cannot be read: {refused.message}")
    if known["learned_until"] > trained.judged_as_of:
        return AgainstChampion(
            version,
            None,
            None,
            f"the champion has learned from what happened until {known['learned_until']}, after the test date "
            f"{trained.judged_as_of}: it would be judged on what it knows",
        )
    offered = {c.name: (c.kind, c.data_type) for c in contract.features}
    lost = [f.name for f in champion.features if offered.get(f.name) != (f.kind, f.data_type)]
    if lost:
        return AgainstChampion(version, None, None, f"the champion needs features that changed: {', '.join(lost[:5])}")
    key, split = contract.one("key").name, contract.one("split").name
    keys, scores = [], []
    for batch in batches(exported.files, [key, split, *(f.name for f in champion.features)]):
        test = batch.filter(pc.equal(batch.column(split), "test"))
        keys.append(as_text(test.column(key)))
        scores.append(champion.scores(matrix(test, champion.features)))
    own = pq.read_table(Path(trained.model_dir) / TEST_SCORES_FILE)
    found = pc.index_in(own["user_id"].combine_chunks(), value_set=pa.concat_arrays(keys))
    theirs: Floats = np.concatenate(scores)[found.to_numpy(zero_copy_only=False)]
    label = own["label"].to_numpy().astype(np.float64)
    difference, error = auc_difference(own["score"].to_numpy(), theirs, label, own["weight"].to_numpy())
    return AgainstChampion(version, difference, error)


def _apply(rule: Rule, value: float) -> Finding:
    passed = value >= rule.threshold if rule.direction == "at least" else value <= rule.threshold
    return Finding(rule.metric, value, rule.direction, rule.threshold, bool(passed), rule.why)
