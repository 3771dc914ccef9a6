"""A file of one's own, made by another generator: the loop runs on it and its scores predict what follows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.metrics import roc_auc_score

from tests.end_to_end.conftest import run_demo

START = datetime(2026, 6, 1, tzinfo=UTC)
AS_OF_DAY, DAYS, HORIZON = 80, 94, 14


def other_generator(path: Path, users: int = 4000, seed: int = 1) -> tuple[set[str], dict[str, float]]:
    """Visitors of different zeal; the zealous look at more and buy more. Returns who buys after as_of, and the zeal."""
    rng = np.random.default_rng(seed)
    zeal = rng.gamma(0.7, 1.0, users)
    rows: dict[str, list[object]] = {"user_id": [], "event_type": [], "timestamp": [], "commerce.order.priceTotal": []}
    later: set[str] = set()
    for user in range(users):
        for event, rate in (("shop.view", 0.15), ("shop-basket", 0.04), ("order placed", 0.012)):
            for t in rng.uniform(0, DAYS, rng.poisson(rate * zeal[user] * DAYS)):
                rows["user_id"].append(f"00{user}")
                rows["event_type"].append(event)
                rows["timestamp"].append(START + timedelta(milliseconds=int(t * 86_400_000)))
                rows["commerce.order.priceTotal"].append(
                    round(float(rng.gamma(2, 20)), 2) if "order" in event else None
                )
                if event == "order placed" and AS_OF_DAY <= t < AS_OF_DAY + HORIZON:
                    later.add(f"00{user}")
    pq.write_table(pa.table(rows), path)
    return later, {f"00{user}": float(zeal[user]) for user in range(users)}


def test_scores_of_a_loaded_file_predict_what_follows(tmp_path: Path) -> None:
    file, home = tmp_path / "events.parquet", tmp_path / "demo"
    later, zeal = other_generator(file)
    as_of = (START + timedelta(days=AS_OF_DAY)).date().isoformat()
    run_demo(home, "--events", str(file), "--as-of", as_of, "--target", "order placed", "--repeatable")
    told = json.loads((home / "summary.json").read_text())
    assert told["auc_best_possible"] is None
    assert told["scores_published"] == told["scoring_rows"] == told["profiles_with_score"]
    assert told["audience_size"] == told["activated_rows"] > 0
    scores = pq.read_table(told["scores_file"])
    people = scores["user_id"].to_pylist()
    happened = [user in later for user in people]
    limit = roc_auc_score(happened, [zeal[user] for user in people])
    reached = roc_auc_score(happened, scores["score"].to_numpy())
    assert limit > 0.7
    assert reached - 0.5 > 0.85 * (limit - 0.5), f"{reached:.3f}, and the visitors' own zeal {limit:.3f}"
