"""Scored as of a date with nothing known but what came before it, people rank as they then behave."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from runner.contract import Contract
from runner.evaluation import auc
from runner.export import Exported, export_data_access
from runner.featurize import Featurized
from runner.ingestion import ingest_parquet
from runner.scoring import score
from runner.synthetic import SyntheticSpec, generate
from runner.training import train
from runner.training.model import TEST_SCORES_FILE
from runner.xdm_shape import nested, write_file
from tests.integration.feature_store import TENANT, FeatureStore, feature_store

END, HORIZON = date(2026, 11, 9), 14
AS_OF = END - timedelta(days=HORIZON)
"""Day 56 of 70."""


@pytest.mark.parametrize(
    ("users", "seed", "least"),
    [
        (4_000, 7, 0.7),
        # What the notebooks' generator lets a plain point-in-time LightGBM reach there: 0.76 to 0.78.
        pytest.param(30_000, 7, 0.76, marks=pytest.mark.soak),
        pytest.param(30_000, 8, 0.76, marks=pytest.mark.soak),
    ],
)
def test_the_published_scores_rank_what_follows(tmp_path: Path, users: int, seed: int, least: float) -> None:
    events = generate(SyntheticSpec.ending(END, users=users, seed=seed, scenario="reference")).events
    before = pc.less(events["timestamp"], pa.scalar(datetime.combine(AS_OF, time(), UTC), events["timestamp"].type))
    with feature_store(tmp_path) as store:
        ingest(store, events.filter(before))
        built = store.featurize(AS_OF)
        training, scoring = (exported(store, built, f"newsletter_{name}") for name in ("training_set", "scoring_set"))
        use_case = store.settings.use_case("newsletter")
    trained = train(*training, use_case, tmp_path / "model")
    scored = score(tmp_path / "model", *scoring, tmp_path / "scores.parquet")

    after = events.filter(pc.invert(before))
    converted = after.filter(pc.equal(after["event_type"], use_case.target_event))["user_id"].unique()
    told = pq.read_table(scored.scores_file)
    happened = pc.is_in(told["user_id"], converted).to_numpy().astype(np.float64)
    reached = auc(told["score"].to_numpy(), happened)
    print(
        f"{users:,} users, seed {seed}, as of {AS_OF}: AUC {reached:.4f}; judged {trained.metrics['auc']:.4f} earlier"
    )
    assert reached >= least

    # What says how good the model is stays with the judged one, which is a label window older.
    judged = pq.read_table(tmp_path / "model" / TEST_SCORES_FILE)
    assert judged["as_of"].unique().to_pylist()[0].date() == AS_OF - timedelta(days=HORIZON)
    assert trained.refitted_through == trained.judged_as_of == (AS_OF - timedelta(days=HORIZON)).isoformat()
    assert auc(judged["score"].to_numpy(), judged["label"].to_numpy().astype(float)) == pytest.approx(
        trained.metrics["auc"]
    )


def ingest(store: FeatureStore, events: pa.Table) -> None:
    """The events, and one person without any, so that there is a profile."""
    table = nested(
        {
            "_id": events["event_id"].combine_chunks(),
            "timestamp": events["timestamp"].cast(pa.timestamp("ms", tz="UTC")).combine_chunks(),
            "eventType": events["event_type"].cast(pa.string()).combine_chunks(),
            f"{TENANT}.userId": events["user_id"].combine_chunks(),
        }
    )
    file = write_file(table, store.folder / "events.parquet")
    ingest_parquet(store.platform, store.settings.datasets.events, [file], external_id="events")
    store.add_profiles(["quiet"], [False], "profiles")


def exported(store: FeatureStore, built: Featurized, model: str) -> tuple[Exported, Contract]:
    contract = Contract.from_manifest(Path(built.manifest_file), model)
    folder = store.folder / model
    return export_data_access(store.platform, store.sql, contract.dataset, built.run_id, folder, contract), contract
