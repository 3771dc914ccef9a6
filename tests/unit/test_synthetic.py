"""Promises about the synthetic customers: counts, correlations, seeds, days and files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from runner.errors import SettingsError
from runner.synthetic import (
    SyntheticData,
    SyntheticSpec,
    default_end,
    generate,
    next_day,
    write_day,
    write_population,
)
from runner.synthetic.files import read_method
from runner.synthetic.method import expected_counts
from runner.synthetic.model import CONVERSION, CONVERSION_DELAY_MS, EVENT_TYPES, FORM, MAY_CONVERT, OPENED, SENT
from runner.synthetic.spec import midnight_ms
from runner.synthetic.streams import accumulate, by_owner_and_time

END = date(2026, 11, 9)
REFERENCE_COUNTS = {
    "directMarketing.emailSent": 598_840,
    "directMarketing.emailOpened": 239_028,
    "web.webpagedetails.pageViews": 120_118,
    "advertising.impressions": 119_669,
    "directMarketing.emailClicked": 51_581,
    "commerce.productViews": 37_915,
    "decisioning.propositionDisplay": 37_650,
    "web.webinteraction.linkClicks": 37_581,
    "web.formFilledOut": 17_860,
    "advertising.clicks": 7_610,
    "decisioning.propositionInteract": 2_964,
    "decisioning.propositionDismiss": 2_889,
    "commerce.purchases": 2_858,
}
"""The published reference data set of about 120,000 users."""
REFERENCE_CORRELATIONS = {
    "web.webpagedetails.pageViews": 0.321,
    "directMarketing.emailClicked": 0.251,
    "commerce.productViews": 0.225,
    "web.webinteraction.linkClicks": 0.220,
    "decisioning.propositionDisplay": 0.220,
    "decisioning.propositionInteract": 0.130,
    "commerce.purchases": 0.128,
    "directMarketing.emailOpened": 0.095,
    "decisioning.propositionDismiss": 0.041,
    "directMarketing.emailSent": 0.040,
    "advertising.impressions": 0.009,
    "advertising.clicks": 0.002,
}
"""Of a user's conversions with that user's other events, measured on the published generator."""


@pytest.fixture(scope="module")
def reference() -> SyntheticData:
    return generate(SyntheticSpec.ending(END, users=120_000, scenario="reference"))


@pytest.fixture(scope="module")
def population() -> SyntheticData:
    return generate(SyntheticSpec.ending(END, users=4_000, seed=11))


def counts(data: SyntheticData) -> dict[str, int]:
    kinds = data.kind[data.time < midnight_ms(data.spec.end)]
    return {e.name: int((kinds == k).sum()) for k, e in enumerate(EVENT_TYPES)}


def test_the_reference_scenario_reproduces_the_published_counts(reference: SyntheticData) -> None:
    measured = counts(reference)
    for event, expected in REFERENCE_COUNTS.items():
        assert measured[event] == pytest.approx(expected, rel=0.05), event


def test_the_reference_scenario_reproduces_the_measured_correlations(reference: SyntheticData) -> None:
    users = reference.ids.size
    inside = reference.time < midnight_ms(reference.spec.end)
    by_type = {
        e.name: np.bincount(reference.user[inside & (reference.kind == k)], minlength=users)
        for k, e in enumerate(EVENT_TYPES)
    }
    for event, expected in REFERENCE_CORRELATIONS.items():
        measured = np.corrcoef(by_type[CONVERSION], by_type[event])[0, 1]
        assert measured == pytest.approx(expected, abs=0.03), event


def test_default_counts_are_the_ones_the_rates_give() -> None:
    data = generate(SyntheticSpec.ending(END, users=60_000))
    measured, expected = counts(data), expected_counts(data.spec)
    assert expected is not None
    for event in EVENT_TYPES[:-1]:
        # Six standard errors of a count in clusters, and at most three percent lost behind the end of the window.
        assert measured[event.name] == pytest.approx(expected[event.name], rel=0.04), event.name
        assert expected[event.name] == pytest.approx(event.weekly_rate * 10 * 60_000, rel=0.03), event.name


def test_follow_ups_come_after_their_parent_with_the_rate_of_the_table(population: SyntheticData) -> None:
    data = generate(SyntheticSpec.ending(END, users=20_000))
    sent, opened = data.kind == SENT, data.kind == OPENED
    first_sent = np.full(data.ids.size, np.iinfo(np.int64).max)
    np.minimum.at(first_sent, data.user[sent], data.time[sent])
    assert (data.time[opened] > first_sent[data.user[opened]]).all()
    per_user_sent = np.bincount(data.user[sent], minlength=data.ids.size)
    per_user_opened = np.bincount(data.user[opened], minlength=data.ids.size)
    slope = np.polyfit(per_user_sent, per_user_opened, 1)[0]
    assert slope == pytest.approx(0.4, abs=0.03)


def test_nobody_converts_twice_and_every_conversion_follows_a_trigger_by_a_minute(population: SyntheticData) -> None:
    form = population.kind == FORM
    assert np.bincount(population.user[form]).max() == 1
    triggers = set(
        zip(population.user[MAY_CONVERT[population.kind]], population.time[MAY_CONVERT[population.kind]], strict=True)
    )
    converted = zip(population.user[form], population.time[form] - CONVERSION_DELAY_MS, strict=True)
    assert all(pair in triggers for pair in converted)
    after = population.time > population.conversion_times()[population.user]
    assert after.any(), "other events go on after the conversion"


def test_conversions_happen_as_often_as_the_propensities_say(population: SyntheticData) -> None:
    data = generate(SyntheticSpec.ending(END, users=30_000, seed=2))
    keep = data.kind != FORM
    user, kind, time = data.user[keep], data.kind[keep], data.time[keep]
    running = accumulate(kind, by_owner_and_time(user, time, data.ids.size)) / 1000
    asked = MAY_CONVERT[kind] & (time + CONVERSION_DELAY_MS <= data.conversion_times()[user])
    asked &= time + CONVERSION_DELAY_MS < midnight_ms(data.known_until)
    expected, variance = running[asked].sum(), (running[asked] * (1 - running[asked])).sum()
    assert abs((data.kind == FORM).sum() - expected) < 4 * np.sqrt(variance)


def test_the_propensity_is_clipped_event_by_event() -> None:
    kinds = [e.name for e in EVENT_TYPES]
    clicked, dismissed = (
        kinds.index("directMarketing.emailClicked"),
        kinds.index("decisioning.propositionDismiss"),
    )
    sequence = np.array([dismissed, clicked, *[clicked] * 10, dismissed], dtype=np.int8)
    ranges = by_owner_and_time(np.zeros(sequence.size, np.int64), np.arange(sequence.size), 1)
    assert accumulate(sequence, ranges).tolist() == [0, *range(100, 1001, 100), 1000, 800]


def test_another_day_leaves_the_days_before_untouched(population: SyntheticData) -> None:
    longer = generate(population.spec.extended(1))
    assert longer.between(population.spec.start, END).equals(population.events)
    assert longer.between(END, longer.spec.end).equals(population.between(END, longer.spec.end))
    assert longer.ids.tolist() == population.ids.tolist()


def test_a_next_day_brings_new_events_and_people_who_opt_out() -> None:
    data = generate(SyntheticSpec.ending(END, users=20_000))
    day = next_day(data)
    assert day.events.num_rows > 0
    assert pc.min(day.events["timestamp"]).as_py().date() == END == day.day
    assert pc.max(day.events["timestamp"]).as_py().date() == END
    assert not set(day.events["event_id"].to_pylist()) & set(data.events["event_id"].to_pylist())
    assert CONVERSION in day.events["event_type"].to_pylist()
    assert day.profiles.num_rows >= 1
    assert all(day.profiles["email_opt_out"].to_pylist())
    before = dict(zip(data.ids.tolist(), data.profiles()["email_opt_out"].to_pylist(), strict=True))
    assert not any(before[user] for user in day.profiles["user_id"].to_pylist())
    after = day.data.profiles()
    assert pc.sum(after["email_opt_out"]).as_py() == sum(before.values()) + day.profiles.num_rows


def test_a_reference_population_has_late_follow_ups_on_the_next_day() -> None:
    data = generate(SyntheticSpec.ending(END, users=5_000, scenario="reference"))
    day = next_day(data)
    assert day.events.equals(data.future_events.filter(pc.less(data.future_events["timestamp"], _at(END, 1))))
    assert day.data.events.num_rows == data.events.num_rows + day.events.num_rows


def test_profiles_hold_everybody_and_three_percent_have_opted_out() -> None:
    data = generate(SyntheticSpec.ending(END, users=20_000))
    profiles = data.profiles()
    assert profiles["user_id"].to_pylist() == data.ids.tolist()
    assert pc.mean(profiles["email_opt_out"].cast(pa.int8())).as_py() == pytest.approx(0.03, abs=0.003)
    assert pc.max(profiles["signup_date"]).as_py() < data.spec.start
    silent = set(data.ids.tolist()) - set(data.events["user_id"].to_pylist())
    assert silent, "some people have a profile and no event"


def test_ids_are_unique_ecids_and_some_begin_with_zero(population: SyntheticData) -> None:
    ids = population.ids.tolist()
    assert len(set(ids)) == len(ids) == 4_000
    assert all(len(i) == 38 and i.isdigit() for i in ids)
    assert any(i.startswith("0") for i in ids)
    halves = [int(i[k : k + 19]) for i in ids for k in (0, 19)]
    assert max(halves) < 2**63


def test_event_ids_are_unique_and_times_are_milliseconds_in_utc(population: SyntheticData) -> None:
    everything = pa.concat_tables([population.events, population.future_events])
    assert pc.count_distinct(everything["event_id"]).as_py() == everything.num_rows
    assert everything.schema.field("timestamp").type == pa.timestamp("ms", tz="UTC")
    assert pc.max(population.events["timestamp"]).as_py() < _at(END).as_py()


def test_two_populations_share_no_event_id(population: SyntheticData) -> None:
    other = generate(replace(population.spec, seed=12))
    assert not set(other.events["event_id"].to_pylist()) & set(population.events["event_id"].to_pylist())


def test_the_same_arguments_give_byte_identical_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_population(generate(SyntheticSpec.ending(END, users=600)), tmp_path / name, "acme")
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert {p.name for p in files} == {
        "events.parquet",
        "future_events.parquet",
        "profiles.parquet",
        "truth.parquet",
        "method.json",
        "events-000.parquet",
        "profiles-000.parquet",
    }
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes(), path


def test_files_for_ingestion_have_the_xdm_shape_and_hold_no_truth(population: SyntheticData, tmp_path: Path) -> None:
    files = write_population(population, tmp_path, "acme")
    events = pa.concat_tables(pq.read_table(f) for f in files.events_xdm)
    assert events.column_names == ["_id", "timestamp", "eventType", "_acme"]
    assert [f.name for f in events.schema.field("_acme").type] == ["userId"]
    assert events.num_rows == files.events == population.events.num_rows == sum(files.event_counts.values())
    assert pq.ParquetFile(files.events_xdm[0]).schema.column(1).converted_type == "TIMESTAMP_MILLIS"
    profile = pq.read_table(files.profiles_xdm[0]).schema.field("_acme").type
    attributes = profile.field("attributes").type
    assert [f.name for f in profile] == ["userId", "attributes"]
    assert {f.name: str(f.type) for f in attributes} == {
        "country": "string",
        "ageBand": "string",
        "signupDate": "date32[day]",
        "loyaltyTier": "string",
        "emailOptOut": "bool",
    }
    day = write_day(next_day(population), tmp_path / "day", "acme")
    assert pq.read_metadata(day.events_xdm[0]).num_rows == day.events


def test_the_method_says_how_a_third_party_can_do_it_again(population: SyntheticData, tmp_path: Path) -> None:
    files = write_population(population, tmp_path, "acme")
    method = read_method(tmp_path)
    assert method["spec"]["seed"] == 11
    assert method["versions"]["numpy"] == np.__version__
    assert len(method["event_types"]) == 13
    assert len(method["model"]["follow_ups"]) == 10
    assert method["counts"]["by_type"] == files.event_counts
    assert [t["as_of"] for t in method["truth"]] == ["2026-10-26", "2026-11-09"]
    assert "truth.parquet" in method["never_ingested"]
    assert method["profiles"]["relation_to_behaviour"].startswith("none")


def test_the_default_end_lets_a_two_week_label_mature() -> None:
    assert default_end(date(2026, 11, 23)) == END


@pytest.mark.parametrize("wrong", [{"users": 0}, {"days": 0}, {"seed": -1}, {"scenario": "other"}])
def test_a_spec_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        SyntheticSpec(**{"start": END, **wrong})  # type: ignore[arg-type]


def _at(day: date, later: int = 0) -> pa.Scalar:
    return pa.scalar(midnight_ms(day) + later * 86_400_000, pa.int64()).cast(pa.timestamp("ms", tz="UTC"))
