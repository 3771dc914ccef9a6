"""Promises about the truth: it agrees with a plain simulation, with what happens, and with what it may know."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from runner.errors import DataError
from runner.synthetic import SyntheticData, SyntheticSpec, Truth, auc, best_possible_auc, expected_auc, generate, truth
from runner.synthetic import write_population as write
from runner.synthetic.files import read_method
from runner.synthetic.model import CONVERSION_DELAY_MS, EVENT_TYPES, FORM, LINK_CLICK, PAGE_VIEW, SENT
from runner.synthetic.spec import midnight_ms
from runner.synthetic.truth import what_is_known

END = date(2026, 11, 9)
AS_OF = END - timedelta(days=14)


@pytest.fixture(scope="module")
def population() -> SyntheticData:
    return generate(SyntheticSpec.ending(END, users=20_000))


@pytest.fixture(scope="module")
def known(population: SyntheticData) -> Truth:
    return truth(population, AS_OF, 14)


def test_the_truth_agrees_with_a_plain_simulation_of_a_thousand_users(tmp_path: Path) -> None:
    """A third party has the files only: events.parquet and method.json. Here is one, without arrays or posteriors."""
    write(generate(SyntheticSpec.ending(END, users=1_000, seed=5)), tmp_path, "acme", as_ofs=[AS_OF])
    table = pq.read_table(tmp_path / "truth.parquet").to_pylist()
    plain = PlainSimulation(read_method(tmp_path), AS_OF, 14)
    history: dict[str, list[tuple[float, str]]] = {row["user_id"]: [] for row in table}
    for row in pq.read_table(tmp_path / "events.parquet").to_pylist():
        if row["timestamp"] < plain.as_of:
            history[row["user_id"]].append(((row["timestamp"] - plain.as_of).total_seconds(), row["event_type"]))
    differences, errors, ours = [], [], []
    for row in table:
        past = history[row["user_id"]]
        assert row["eligible"] == all(kind != "web.formFilledOut" for _, kind in past)
        if not row["eligible"]:
            assert row["probability"] is None
            continue
        mean, error = plain.probability(past, draws=300)
        differences.append(row["probability"] - mean)
        errors.append(error)
        ours.append(row["probability"])
    difference, error = np.array(differences), np.array(errors)
    assert len(ours) > 750
    assert abs(difference.mean()) < 4 * math.sqrt((error**2).sum()) / len(error)
    assert (difference**2).mean() == pytest.approx((error**2).mean(), rel=0.2), "they differ by the draws' noise only"
    assert abs(np.polyfit(ours, difference, 1)[0]) < 0.06, "and not more where the probability is high"


class PlainSimulation:
    """One user at a time, one future at a time, as method.json describes it. Times are seconds since as_of.

    Every past event's follow-ups are drawn anew from its beginning and those before as_of thrown away, so that
    nothing here rests on the posterior that the estimate uses.
    """

    def __init__(self, method: dict[str, Any], as_of: date, horizon_days: int) -> None:
        self.as_of = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
        self.end = horizon_days * 86_400.0 - 60
        self.effect = {e["event_type"]: e["effect_on_propensity"] for e in method["event_types"]}
        self.may = {e["event_type"]: e["may_convert"] for e in method["event_types"]}
        self.exposures = method["model"]["exposures_per_week"]
        self.follow_ups: dict[str, list[tuple[str, float, float]]] = {}
        for f in method["model"]["follow_ups"]:
            delay = f["mean_delay_hours"] * 3600
            self.follow_ups.setdefault(f["parent"], []).append((f["child"], f["expected_number"], delay))
        self.start = method["propensity"]["start"]
        self.random = random.Random(1)

    def probability(self, past: list[tuple[float, str]], draws: int) -> tuple[float, float]:
        propensity, missed = self.start, 1.0
        for time, kind in past:
            propensity = min(max(propensity + self.effect[kind], 0.0), 1.0)
            if self.may[kind] and time >= -60:
                missed *= 1 - propensity
        values = [1 - missed * self.future(past, propensity) for _ in range(draws)]
        mean = sum(values) / draws
        variance = sum((v - mean) ** 2 for v in values) / (draws - 1)
        return mean, math.sqrt(variance / draws)

    def future(self, past: list[tuple[float, str]], propensity: float) -> float:
        """Probability that nothing of one simulated future converts."""
        events: list[tuple[float, str]] = []
        for time, kind in past:
            # A delay of more than forty means has a chance of 1e-18 and would only cost time.
            events += [e for e in self.children(time, kind) if e[0] >= 0]
        for kind, weekly in self.exposures.items():
            time = self.random.expovariate(weekly / 604_800)
            while time < self.end:
                events.append((time, kind))
                time += self.random.expovariate(weekly / 604_800)
        waiting = list(events)
        while waiting:
            found = self.children(*waiting.pop())
            events += found
            waiting += found
        missed = 1.0
        for _, kind in sorted(events):
            propensity = min(max(propensity + self.effect[kind], 0.0), 1.0)
            if self.may[kind]:
                missed *= 1 - propensity
        return missed

    def children(self, time: float, kind: str) -> list[tuple[float, str]]:
        found = []
        for child, mean, delay in self.follow_ups.get(kind, ()):
            if time < -40 * delay:
                continue
            arrival = self.random.expovariate(1.0)
            while arrival < mean:
                moment = time + self.random.expovariate(1 / delay)
                if moment < self.end:
                    found.append((moment, child))
                arrival += self.random.expovariate(1.0)
        return found


def test_as_many_convert_as_the_truth_says_at_every_level(population: SyntheticData, known: Truth) -> None:
    for one in (known, truth(population, END, 14)):
        p, happened = one.probability[one.eligible], one.converted[one.eligible]
        for tenth in np.array_split(np.argsort(p), 10):
            expected, error = p[tenth].sum(), math.sqrt((p[tenth] * (1 - p[tenth])).sum())
            assert abs(happened[tenth].sum() - expected) < 4 * error


def test_users_with_something_pending_convert_as_often_as_the_truth_says(population: SyntheticData) -> None:
    known, state = truth(population, END, 14), what_is_known(population, END)
    pending = np.bincount(state.user, state.expected, population.ids.size)
    rows = known.eligible & (pending > 0.1)
    p = known.probability[rows]
    assert rows.sum() > 500
    assert abs(known.converted[rows].sum() - p.sum()) < 4 * math.sqrt((p * (1 - p)).sum())


@pytest.mark.parametrize("users", [20_000, pytest.param(120_000, marks=pytest.mark.soak)])
def test_the_best_possible_auc_has_a_standard_error_under_two_thousandths(users: int) -> None:
    data = generate(SyntheticSpec.ending(END, users=users))
    best = best_possible_auc(truth(data, AS_OF, 14))
    assert best.monte_carlo_standard_error < 0.002
    assert abs(best.monte_carlo_bias) < 0.002
    assert 0.58 < best.auc < 0.68
    assert abs(best.auc - best.expected_auc) < 4 * best.sampling_standard_error


def test_the_truth_looks_at_nothing_from_as_of_on(population: SyntheticData) -> None:
    small = generate(SyntheticSpec.ending(END, users=2_000, seed=3))
    before = truth(small, AS_OF, 14)
    past = small.time < midnight_ms(AS_OF)
    blind = SyntheticData(
        small.spec,
        small.ids,
        small.user[past],
        small.kind[past],
        small.time[past],
        small.cohort[past],
        small.number[past],
    )
    np.testing.assert_array_equal(truth(blind, AS_OF, 14).probability, before.probability)


def test_a_conversion_triggered_in_the_last_minute_is_pending() -> None:
    moment = midnight_ms(END)
    for age_ms, counts in ((CONVERSION_DELAY_MS, True), (CONVERSION_DELAY_MS + 1, False), (1, True)):
        data = _one_user([(PAGE_VIEW, moment - age_ms)])
        state = what_is_known(data, END)
        assert state.propensity.tolist() == [6]
        assert state.triggered[0] == pytest.approx(0.006 if counts else 0.0)
    with_gap = truth(_one_user([(PAGE_VIEW, moment - 1)]), END, 14, gap_days=1)
    without = truth(_one_user([(PAGE_VIEW, moment - 1)]), END, 14)
    assert without.probability[0] > with_gap.probability[0]


def test_a_fresh_email_raises_the_probability_and_an_old_one_does_so_less() -> None:
    moment, day = midnight_ms(END), 86_400_000
    ages = [1, day, 3 * day, 40 * day]
    p = [truth(_one_user([(SENT, moment - age)]), END, 14).probability[0] for age in ages]
    assert p[0] > p[1] > p[2] > p[3]


def test_a_gap_splits_the_horizon_into_two_windows_that_add_up(population: SyntheticData) -> None:
    small = generate(SyntheticSpec.ending(END, users=3_000, seed=4))
    first, second, both = truth(small, END, 7), truth(small, END, 7, gap_days=7), truth(small, END, 14)
    rows = both.eligible
    total = first.probability[rows] + second.probability[rows]
    assert total.mean() == pytest.approx(both.probability[rows].mean(), rel=0.02)
    assert np.abs(total - both.probability[rows]).mean() < 0.005
    assert (first.converted | second.converted).tolist() == both.converted.tolist()


def test_who_has_converted_has_no_probability(population: SyntheticData, known: Truth) -> None:
    converted = population.conversion_times() < midnight_ms(AS_OF)
    np.testing.assert_array_equal(known.eligible, ~converted)
    assert np.isnan(known.probability[converted]).all()
    assert not known.converted[converted].any()
    table = known.table()
    assert table["probability"].null_count == int(converted.sum())


def test_the_reference_scenario_and_days_not_simulated_have_no_truth(population: SyntheticData) -> None:
    with pytest.raises(DataError, match="no known true probability"):
        truth(generate(SyntheticSpec.ending(END, users=10, scenario="reference")), AS_OF)
    with pytest.raises(DataError, match="simulated from"):
        truth(population, END + timedelta(days=20), 14)


def test_the_auc_counts_ties_half_and_the_expected_auc_is_its_mean() -> None:
    assert auc(np.array([1.0, 2.0, 3.0]), np.array([False, False, True])) == 1.0
    assert auc(np.array([1.0, 1.0]), np.array([False, True])) == 0.5
    rng = np.random.default_rng(0)
    p = rng.beta(1, 12, 4_000)
    simulated = np.mean([auc(p, rng.random(p.size) < p) for _ in range(200)])
    assert expected_auc(p) == pytest.approx(simulated, abs=0.003)


def test_the_best_possible_auc_can_be_had_for_some_users_only(population: SyntheticData, known: Truth) -> None:
    half = np.arange(population.ids.size) % 2 == 0
    best = best_possible_auc(known, among=half)
    rows = half & known.eligible
    assert best.users == rows.sum()
    assert best.auc == pytest.approx(auc(known.probability[rows], known.converted[rows]))
    with pytest.raises(DataError, match="nothing to rank"):
        best_possible_auc(replace(known, converted=np.zeros_like(known.converted)))


def _one_user(events: list[tuple[int, int]]) -> SyntheticData:
    spec = SyntheticSpec.ending(END, users=1)
    data = generate(spec)
    kind, time = np.array([k for k, _ in events], np.int8), np.array([t for _, t in events])
    zero = np.zeros(len(events), np.int64)
    return SyntheticData(spec, data.ids, zero, kind, time, zero, np.arange(len(events)))


def test_event_types_that_may_convert_are_neither_emails_nor_advertising() -> None:
    may = {e.name for e in EVENT_TYPES if e.may_convert}
    assert len(may) == 7
    assert EVENT_TYPES[FORM].name not in may
    assert EVENT_TYPES[LINK_CLICK].name in may
