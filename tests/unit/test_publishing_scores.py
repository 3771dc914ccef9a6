"""Scores are checked before anything leaves, and take the shape of the scores schema."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.errors import DataError
from runner.publishing.scores import read_scores
from runner.publishing.xdm import RunFacts, ScoreFields, nest, schema, write_eligible, write_not_eligible

AS_OF = datetime(2026, 11, 9, tzinfo=UTC)
FACTS = RunFacts("newsletter-20261109", AS_OF, "7")
FIELDS = ScoreFields("acme", "newsletter", "_acme.userId")


def scores_file(path: Path, scores: list[float | None], users: list[str | None] | None = None) -> Path:
    users = users or [f"u{i}" for i in range(len(scores))]
    columns = {
        "user_id": pa.array(users, pa.string()),
        "as_of": pa.array([AS_OF] * len(scores), pa.timestamp("us", tz="UTC")),
        "score": pa.array(scores, pa.float64()),
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("scores", "users", "message"),
    [
        ([0.1, None], None, "1 rows without score"),
        ([0.1, 1.0000001], None, r"1 scores outside \[0, 1\], such as 1.0000001 for 'u1'"),
        ([0.1, math.nan], None, r"1 scores outside \[0, 1\], such as nan for 'u1'"),
        ([0.1, 0.2], ["a", None], "1 rows without user_id"),
        ([0.1, 0.2], ["a", ""], "rows with an empty user_id"),
        ([0.1, 0.2, 0.3], ["a", "b", "a"], "more than one score for 'a'"),
        ([], None, "holds 0 scores"),
    ],
)
def test_bad_scores_are_refused_and_named(
    tmp_path: Path, scores: list[float | None], users: list[str | None] | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_scores(scores_file(tmp_path / "s.parquet", scores, users), AS_OF)


def test_another_number_of_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds 2 scores where 3 were expected"):
        read_scores(scores_file(tmp_path / "s.parquet", [0.1, 0.2]), AS_OF, rows=3)


def test_scores_of_another_day_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="as of 2026-11-09"):
        read_scores(scores_file(tmp_path / "s.parquet", [0.1]), datetime(2026, 11, 16, tzinfo=UTC))


def test_user_ids_are_never_trimmed_or_merged(tmp_path: Path) -> None:
    assert read_scores(scores_file(tmp_path / "s.parquet", [0.1, 0.2, 0.3], ["7", "07", " 7"]), AS_OF).rows == 3


def test_percentiles_are_exact_and_ties_share_theirs(tmp_path: Path) -> None:
    values = [float(v) for v in np.random.default_rng(7).integers(0, 300, 1000) / 300]
    scores = read_scores(scores_file(tmp_path / "s.parquet", values), AS_OF)
    expected = [math.ceil(100 * sum(o <= v for o in values) / 1000) for v in values]
    assert scores.percentiles(np.array(values)).tolist() == expected
    assert max(expected) == 100
    assert min(expected) >= 1


def test_the_top_percent_is_a_published_score_and_its_size_is_known(tmp_path: Path) -> None:
    scores = read_scores(scores_file(tmp_path / "s.parquet", [i / 1000 for i in range(1000)]), AS_OF)
    assert scores.top(10) == 0.9
    assert scores.at_least(scores.top(10)) == 100
    assert scores.at_least(scores.top(0.01)) == 1
    assert scores.at_least(scores.top(100)) == 1000


def test_the_fingerprint_knows_content_and_not_order(tmp_path: Path) -> None:
    one = read_scores(scores_file(tmp_path / "1.parquet", [0.1, 0.2], ["a", "b"]), AS_OF)
    turned = read_scores(scores_file(tmp_path / "2.parquet", [0.2, 0.1], ["b", "a"]), AS_OF)
    swapped = read_scores(scores_file(tmp_path / "3.parquet", [0.2, 0.1], ["a", "b"]), AS_OF)
    assert one.fingerprint("7") == turned.fingerprint("7")
    assert one.fingerprint("7") != swapped.fingerprint("7")
    assert one.fingerprint("7") != one.fingerprint("8")


def test_membership_of_identities_is_known(tmp_path: Path) -> None:
    scores = read_scores(scores_file(tmp_path / "s.parquet", [0.1, 0.2], ["a", "b"]), AS_OF)
    assert scores.holds(pa.array(["b", "c", "a", "zz"])).tolist() == [True, False, True, False]


def test_score_records_have_the_schemas_shape(tmp_path: Path) -> None:
    scores = read_scores(scores_file(tmp_path / "s.parquet", [0.25, 0.75], ["a", "b"]), AS_OF)
    [[file]] = write_eligible(scores, FIELDS, FACTS, tmp_path)
    assert pq.read_table(file).to_pylist()[1] == {
        "_acme": {
            "userId": "b",
            "propensity": {
                "newsletter": {
                    "score": 0.75,
                    "percentile": 100,
                    "asOf": AS_OF,
                    "runId": "newsletter-20261109",
                    "modelVersion": "7",
                    "eligible": True,
                    "reason": None,
                }
            },
        }
    }
    as_of = schema(FIELDS).field("_acme").type.field("propensity").type.field("newsletter").type.field("asOf")
    assert as_of.type == pa.timestamp("ms", tz="UTC")


def test_scores_are_cut_into_batches_and_files_and_none_is_lost(tmp_path: Path) -> None:
    scores = read_scores(scores_file(tmp_path / "s.parquet", [i / 10 for i in range(10)]), AS_OF)
    parts = write_eligible(scores, FIELDS, FACTS, tmp_path, rows_per_file=3, rows_per_batch=7)
    tables = [[pq.read_table(f) for f in files] for files in parts]
    assert [[t.num_rows for t in part] for part in tables] == [[3, 3, 1], [3]]
    users = [r["_acme"]["userId"] for part in tables for t in part for r in t.to_pylist()]
    assert users == [f"u{i}" for i in range(10)]


def test_who_is_left_out_gets_a_row_without_a_score(tmp_path: Path) -> None:
    assert write_not_eligible([], FIELDS, FACTS, tmp_path) == []
    [file] = write_not_eligible([("a", "converted"), ("b", "opted_out")], FIELDS, FACTS, tmp_path)
    assert pq.read_schema(file).equals(schema(FIELDS))
    first = pq.read_table(file).to_pylist()[0]["_acme"]["propensity"]["newsletter"]
    assert first["eligible"] is False
    assert first["reason"] == "converted"
    assert first["score"] is None
    assert first["asOf"] == AS_OF


def test_paths_grow_into_structs() -> None:
    batch = nest({"a.b": pa.array([1]), "c": pa.array(["x"]), "a.d.e": pa.array([2.0])})
    assert batch.to_pylist() == [{"a": {"b": 1, "d": {"e": 2.0}}, "c": "x"}]
