"""Small training and scoring sets with a known effect, as an export leaves them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from runner.contract import Column, Contract
from runner.export.exported import Exported
from runner.settings import AudienceSettings, UseCase

RUN = "newsletter-20261109"
TEST_AS_OF = datetime(2026, 10, 26, tzinfo=UTC)
ANCHOR = TEST_AS_OF - timedelta(days=14)
USE_CASE = UseCase(
    name="newsletter",
    title="Who will subscribe",
    target_event="web.formFilledOut",
    audience=AudienceSettings(name="Likely", top_percent=10),
)
FEATURES = (
    Column("n_opened_7d", "feature", "number", "int", "Opened in 7 days."),
    Column("n_opened_90d", "feature", "number", "int", "Opened in 90 days."),
    Column("n_noise_90d", "feature", "number", "int", "Says nothing."),
    Column("minutes_since_opened", "feature", "number", "double", "Minutes since; null: never."),
    Column("channel", "feature", "category", "string", "Where they came from."),
)
HEAD = (
    Column("user_id", "key", "category", "string", ""),
    Column("as_of", "as_of", "number", "timestamp", ""),
    Column("run_id", "run", "category", "string", ""),
)
JUDGED = (
    Column("label", "label", "number", "int", ""),
    Column("weight", "weight", "number", "double", ""),
    Column("split", "split", "category", "string", ""),
)
COUNTRY = Column("country", "attribute", "category", "string", "Carried along.")
TRAINING = Contract(
    "newsletter_training_set", "newsletter_training_set", "newsletter_training_set_runs", (*HEAD, *JUDGED, *FEATURES)
)
SCORING = Contract(
    "newsletter_scoring_set", "newsletter_scoring_set", "newsletter_scoring_set_runs", (*HEAD, *FEATURES, COUNTRY)
)


def people(users: int, seed: int = 1) -> pd.DataFrame:
    """Features and the true chance of converting: it grows with opened mails, and doubles for those from search."""
    rng = np.random.default_rng(seed)
    opened = rng.poisson(2.0, users)
    channel = rng.choice(np.array(["mail", "search", None], dtype=object), users, p=[0.5, 0.3, 0.2])
    chance = (0.02 + 0.03 * opened) * np.where(channel == "search", 2.0, 1.0)
    return pd.DataFrame(
        {
            "user_id": [f"user-{i:06d}" for i in range(users)],
            "n_opened_7d": rng.binomial(opened, 0.1).astype(np.int32),
            "n_opened_90d": opened.astype(np.int32),
            "n_noise_90d": rng.poisson(1.0, users).astype(np.int32),
            "minutes_since_opened": np.where(opened > 0, rng.exponential(20_000, users), np.nan),
            "channel": channel,
            "chance": np.clip(chance, 0, 1),
            "run_id": RUN,
            "country": "DE",
        }
    )


def training_rows(users: int = 4_000, seed: int = 1) -> pd.DataFrame:
    """Train, validate and calibrate at the anchor by user, test two weeks later with everybody."""
    rng = np.random.default_rng(seed + 100)
    parts = []
    for as_of in (ANCHOR, TEST_AS_OF):
        frame = people(users, seed + int(as_of == TEST_AS_OF))
        frame["as_of"] = pd.Timestamp(as_of)
        frame["label"] = (rng.random(users) < frame.pop("chance")).astype(np.int32)
        frame["weight"] = 1.0
        number = np.arange(users) % 10
        frame["split"] = (
            "test" if as_of == TEST_AS_OF else np.select([number < 6, number < 8], ["train", "validate"], "calibrate")
        )
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def export(frame: pd.DataFrame, contract: Contract, folder: Path, files: int = 1) -> Exported:
    """Write a frame's contract columns as an export of `files` Parquet files."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for number in range(files):
        part = frame.iloc[number::files][list(contract.names)]
        path = folder / f"part-{number:05d}.parquet"
        pq.write_table(pa.Table.from_pandas(part, preserve_index=False), path, row_group_size=1_000)
        names.append(str(path))
    return Exported(tuple(names), len(frame), "data_access", contract.dataset, RUN, ("b1",), contract.names, "abc123")


def with_columns(contract: Contract, *columns: Column) -> Contract:
    """The contract with other columns."""
    return replace(contract, columns=columns)


def changed(frame: pd.DataFrame, rows: Any, column: str, value: Any) -> pd.DataFrame:
    """A copy with one column changed in some rows."""
    copy = frame.copy()
    copy.loc[rows, column] = value
    return copy
