"""The report says what happened, to everybody, and needs nothing but itself."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.evaluation import Curve, Evaluation
from runner.exploration import DayFigures, Exploration, SampleFigures, TypeFigures
from runner.recipe import Judgement, Recipe
from runner.report import (
    AudienceFacts,
    Followed,
    GateLine,
    ReportData,
    Step,
    Strength,
    best_possible_of,
    features_of,
    histogram_of,
    model_facts_of,
    render,
    strengths_of,
    timeline_of,
    write_page,
)
from runner.training import train
from tests.unit.model_rows import TRAINING, USE_CASE, export, training_rows

EXPLORATION = Exploration(
    as_of="2026-11-09T00:00:00",
    table="propensity_events",
    first_at="2026-08-31T00:14:41",
    last_at="2026-11-08T23:39:37",
    events=4_222,
    without_identity=3,
    users=398,
    target_event="web.formFilledOut",
    targets=73,
    target_users=73,
    types=(
        TypeFigures("directMarketing.emailSent", 1_788, 398, 73, 0.18),
        TypeFigures("web.formFilledOut", 73, 73, 73, 1.0),
        TypeFigures("app.<launch>", 5, 1, 0, None),
    ),
    days=tuple(DayFigures(f"2026-09-{day:02d}", 60 + day, day % 3) for day in range(1, 29)),
    sample=SampleFigures(18, 0.11, 0.18, 0.09, 0.087),
    ids_on_several_days=12,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    folder = tmp_path_factory.mktemp("report")
    rows = training_rows(1_500)
    train(export(rows, TRAINING, folder / "export"), TRAINING, USE_CASE, folder / "m")
    card = json.loads((folder / "m" / "card.json").read_text())
    test = rows[rows.split == "test"].assign(probability=lambda f: 0.02 + 0.03 * f.n_opened_90d)
    truth = pa.Table.from_pandas(test[["user_id", "as_of", "probability"]], preserve_index=False)
    pq.write_table(truth, folder / "truth.parquet")
    return ReportData(
        run_id="newsletter-20261109",
        question="Who will subscribe & when",
        target_event="web.formFilledOut",
        as_of=date(2026, 11, 9),
        horizon_days=14,
        source="synthetic customers",
        steps=(Step(1, "Events", "4,222 events of 400 people", 1.25), Step(2, "Features", "built")),
        profiles=400,
        scored=320,
        excluded={"converted": 73, "opted_out": 7},
        evaluation=Evaluation.from_json(card["evaluation"]),
        timeline=timeline_of(card, date(2026, 11, 9)),
        histogram=histogram_of(folder / "m" / "test_scores.parquet"),
        importance=strengths_of(card),
        features=features_of(card),
        audience=AudienceFacts("Likely", "score >= 0.1 and <b>x</b>", 0.1, 32, None, None),
        model=model_facts_of(card, "1"),
        refitted_through=card["published"]["through"],
        exploration=EXPLORATION,
        best=best_possible_of(folder / "truth.parquet", folder / "m" / "test_scores.parquet"),
        followed=Followed("user-000001", (("scores file", 0.125), ("ingested batch", 0.125), ("profile", 0.125))),
        gate_mode="dry_run",
        gate=(GateLine("auc_low", 0.48, "at least 0.5", False, "ranks better than luck"),),
        levels=("lake count", "entity sample"),
        warnings=("Profile access is not licensed <here>.",),
    )


@pytest.fixture(scope="module")
def page(data: ReportData) -> str:
    return render(data)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append({k: v or "" for k, v in attrs})
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed(page: str) -> None:
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []


def test_it_says_which_model_was_judged_and_which_is_published(page: str) -> None:
    assert "as of 2026-10-26; knows outcomes until 2026-10-26;" in page
    assert "fitted again on all 3,000 rows through 2026-10-26" in page
    assert "Every figure below that says how good it is belongs to that judged model." in page


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:)\w+:""", page)
    assert "<script" not in page


def test_every_picture_is_inside_and_described(page: str) -> None:
    tags = _Tags()
    tags.feed(page)
    assert len(tags.images) == 9
    for image in tags.images:
        assert len(image["alt"]) > 30
        svg = base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,"))
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert b"http://www.w3.org" in svg
        assert b"<script" not in svg


def test_what_came_from_outside_is_escaped(page: str) -> None:
    assert "Who will subscribe &amp; when" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<launch>" not in page
    assert "&lt;here&gt;" in page


def test_the_numbers_are_there(page: str) -> None:
    for text in ("− 73", "left out: opted out", "1.2 s", "0.48", "delivery waits", "best possible", "user-000001"):
        assert text in page
    assert "The same number in every place." in page


def test_every_feature_of_the_model_is_there_even_one_that_moved_nobody(data: ReportData) -> None:
    unused = Strength("n_never_7d", 0.0, "Never & nowhere.")
    page = render(replace(data, features=(*data.features, unused)))
    for strength in (*data.features, unused):
        assert f"<code>{strength.feature}</code></th>" in page
    assert "Never &amp; nowhere." in page


def test_places_that_disagree_are_said_to(data: ReportData) -> None:
    lost = Followed("user-000001", (("scores file", 0.125), ("profile", None)))
    text = render(replace(data, followed=lost))
    assert "The places do not agree." in text
    assert "not found" in text


def test_own_data_have_neither_truth_nor_figures(data: ReportData) -> None:
    text = render(replace(data, best=None, exploration=None, followed=None, gate=(), levels=(), warnings=()))
    assert "best possible" not in text
    assert "The data</h2>" not in text
    assert "Warnings" not in text


def test_the_documented_recipe_stands_beside_ours(data: ReportData, page: str) -> None:
    assert "documented recipe" not in page
    curve = Curve((0.0, 0.5, 1.0), (0.0, 0.7, 1.0))
    judged = [Judgement(auc, curve, 1_234, 56) for auc in (0.961, 0.512, 0.772)]
    text = render(replace(data, recipe=Recipe("2026-10-26", *judged)))
    section = text[text.index("The documented recipe") : text.index("What moves a score")]
    assert re.findall(r"0\.961|0\.512|0\.772|1,234|2026-10-26", section) == [
        "0.961", "1,234", "2026-10-26", "0.512", "0.772", "0.961", "0.512", "0.772",
    ]  # fmt: skip
    assert section.count("<img") == 1


def test_one_event_type_and_one_day_are_enough(data: ReportData) -> None:
    little = replace(EXPLORATION, types=EXPLORATION.types[1:2], days=EXPLORATION.days[:1], sample=None)
    assert "5 % sample" not in render(replace(data, exploration=little))


def test_the_same_run_gives_the_same_page(data: ReportData, page: str, tmp_path: Path) -> None:
    assert write_page(data, tmp_path / "out" / "report.html").read_text(encoding="utf-8") == page
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["report.html"]


def test_the_best_possible_needs_the_truth_of_everybody(data: ReportData, tmp_path: Path) -> None:
    assert data.best is not None
    assert data.best.auc > data.evaluation.auc - 0.05
    as_of = pa.array([0, 0]).cast(pa.timestamp("ms", tz="UTC"))
    judged = pa.table({"user_id": ["a", "b"], "as_of": as_of, "label": [0, 1], "weight": [1.0, 1.0]})
    pq.write_table(judged, tmp_path / "test.parquet")
    known = pa.table({"user_id": ["a", "b"], "as_of": as_of, "probability": [0.1, None]})
    pq.write_table(known, tmp_path / "truth.parquet")
    assert best_possible_of(tmp_path / "truth.parquet", tmp_path / "test.parquet") is None


def test_every_score_is_in_the_histogram(data: ReportData) -> None:
    assert sum(data.histogram.counts) == 1_500
    assert len(data.histogram.edges) == len(data.histogram.counts) + 1
