"""Every feature, computed again from the raw events by its name and description alone, with pandas and nothing of ours.

The events come as people's events do: from a file with times in many zones, some late, some twice, some in the same
millisecond, some at midnight, some of a batch that was replaced, and between the batches the features are built.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from runner.events_file import load_events
from runner.ingestion import ingest_parquet
from runner.settings import AudienceSettings, ChannelField, Identity, NumericField, Rate, Settings, UseCase
from runner.xdm_shape import nested, write_file
from tests.integration.feature_store import TENANT, FeatureStore, feature_store

AS_OF = pd.Timestamp("2026-11-09")
DAY, MINUTE = pd.Timedelta(days=1), pd.Timedelta(minutes=1)
TYPES = ("mail.sent", "mail.opened", "web.visit", "order placed")
CASE = {
    "title": "Who will order",
    "target_event": "order placed",
    "repeatable": True,
    "horizon_days": 7,
    "training_as_ofs": 2,
}
SETTINGS = Settings(
    identity=Identity(namespace="CustomerId"),
    event_types=TYPES,
    rates=(Rate(name="opened", numerator="mail.opened", denominator="mail.sent"),),
    numeric_fields=(NumericField(path="commerce.order.priceTotal", name="price"),),
    channel_fields=(ChannelField(path="marketing.trackingCode", name="channel"),),
    use_cases=tuple(
        UseCase(name=name, look_back_days=days, audience=AudienceSettings(name=name, top_percent=10), **CASE)  # type: ignore[arg-type]
        for name, days in (("orders", 90), ("soon", 20))
    ),
)
COLUMNS = ["id", "user_id", "event_type", "at", "price", "channel"]


def raw_events(users: int, seed: int) -> pd.DataFrame:
    """Events of 100 days, crowded around midnights and as-of dates, with many ties."""
    draw = np.random.default_rng(seed)
    n = users * 30
    day = np.datetime64("2026-08-01") + draw.integers(0, 101, n).astype("timedelta64[D]")
    edges = np.array([0, 1, 86_399_999, 86_399_000, 21_600_000, 21_599_999, 43_200_000, 64_800_000])
    inside = np.where(draw.random(n) < 0.25, draw.choice(edges, n), draw.integers(0, 86_400_000, n))
    minutes = draw.random(n) < 0.4  # many of these are half an hour, to the millisecond, from each other
    inside = np.where(minutes, draw.integers(0, 48, n) * 1_800_000, inside)
    events = pd.DataFrame(
        {
            "id": [f"e{k}" for k in range(n)],
            "user_id": [f"u{k}" for k in draw.integers(0, users, n)],
            "event_type": draw.choice([*TYPES, "never.listed"], n, p=[0.35, 0.25, 0.25, 0.1, 0.05]),
            "at": (day.astype("datetime64[ms]") + inside.astype("timedelta64[ms]")),
            "price": np.where(draw.random(n) < 0.3, draw.integers(-5, 50, n), np.nan),
            "channel": draw.choice(["mail", "ad", "social", "", None], n, p=[0.2, 0.2, 0.1, 0.1, 0.4]),
        }
    )
    twin = events.sample(frac=0.05, random_state=seed).assign(id=lambda f: "twin-" + f.id, event_type="web.visit")
    twin["price"] = twin.price + 1
    return pd.concat([events, twin], ignore_index=True)[COLUMNS]


def write_csv(events: pd.DataFrame, path: Path) -> Path:
    """As a file: each time in a zone of its own."""
    zones = [timezone(timedelta(minutes=60 * h)) for h in (-11, -5, 0, 2, 9, 13)] + [timezone(timedelta(minutes=345))]
    times = [
        at.to_pydatetime().replace(tzinfo=UTC).astimezone(zones[k % 7]).isoformat(timespec="milliseconds")
        for k, at in enumerate(events["at"])
    ]
    columns = {"commerce.order.priceTotal": events.price, "marketing.trackingCode": events.channel}
    table = pd.DataFrame({"user_id": events.user_id, "event_type": events.event_type, "timestamp": times} | columns)
    table.to_csv(path, index=False)
    return path


def send(store: FeatureStore, events: pd.DataFrame, name: str) -> None:
    table = nested(
        {
            "_id": pa.array(events.id, pa.string()),
            "timestamp": pa.array(events["at"].astype("datetime64[ms]"), pa.timestamp("ms", tz="UTC")),
            "eventType": pa.array(events.event_type, pa.string()),
            f"{TENANT}.userId": pa.array(events.user_id, pa.string()),
            "commerce.order.priceTotal": pa.array(events.price.to_numpy(), pa.float64(), from_pandas=True),
            "marketing.trackingCode": pa.array(events.channel, pa.string()),
        }
    )
    file = write_file(table, store.folder / f"{name}.parquet")
    ingest_parquet(store.platform, store.settings.datasets.events, [file], external_id=name)


def computed(events: pd.DataFrame, as_of: pd.Timestamp, look_back_days: int) -> pd.DataFrame:
    """Every feature by its name, for everybody with an event in the look-back."""
    e = events[(events["at"] < as_of) & (events["at"] >= as_of - pd.Timedelta(days=look_back_days))]
    e = e.sort_values(["user_id", "at"], kind="stable").assign(channel=e.channel.replace("", None))
    age = as_of - e["at"]
    of_user = e.groupby("user_id")
    out = pd.DataFrame(index=pd.Index(sorted(e.user_id.unique()), name="user_id"))

    out["minutes_since_last_event"] = (as_of - of_user["at"].max()) / MINUTE
    out["tenure_days"] = (as_of - of_user["at"].min()) / DAY
    out["n_event_types"] = of_user.event_type.nunique()
    gap = of_user["at"].diff() / MINUTE
    out["mean_gap_minutes"] = gap.groupby(e.user_id).mean()
    out["longest_gap_minutes"] = gap.groupby(e.user_id).max()
    days = e.assign(day=e["at"].dt.floor("D")).drop_duplicates(["user_id", "day"]).sort_values(["user_id", "day"])
    out["mean_gap_days"] = (days.groupby("user_id").day.diff() / DAY).groupby(days.user_id).mean()
    for name in TYPES:
        word = re.sub(r"[. ]", "_", name)
        out[f"minutes_since_{word}"] = (as_of - e[e.event_type == name].groupby("user_id")["at"].max()) / MINUTE
    carries = e[e.channel.notna()].sort_values(["at", "channel"]).groupby("user_id")
    out["last_channel"] = carries.channel.last()
    out["minutes_since_channel"] = (as_of - carries["at"].max()) / MINUTE

    new_day = e["at"].dt.floor("D") != of_user["at"].shift().dt.floor("D")
    new = gap.isna() | (gap >= 1801 / 60) | new_day
    session = new.groupby(e.user_id).cumsum()
    lengths = e["at"].groupby([e.user_id, session]).agg(lambda t: (t.max() - t.min()) / MINUTE)
    ended = e["at"].groupby([e.user_id, session]).max()

    for w in (1, 7, 28, 90):
        inside = e[age <= pd.Timedelta(days=w)]
        users = inside.groupby("user_id")
        out[f"n_events_{w}d"] = users.size().reindex(out.index, fill_value=0)
        out[f"active_days_{w}d"] = users["at"].agg(lambda t: t.dt.floor("D").nunique()).reindex(out.index, fill_value=0)
        for name in TYPES:
            counted = inside[inside.event_type == name].groupby("user_id").size()
            out[f"n_{re.sub(r'[. ]', '_', name)}_{w}d"] = counted.reindex(out.index, fill_value=0)
        numbers = inside[inside.price.notna()].sort_values(["at", "price"]).groupby("user_id").price
        for aggregation in ("sum", "mean", "max", "last"):
            out[f"{aggregation}_price_{w}d"] = numbers.agg(aggregation)
        of_window = lengths[ended >= as_of - pd.Timedelta(days=w)].groupby("user_id")
        out[f"n_sessions_{w}d"] = of_window.size().reindex(out.index, fill_value=0)
        if w >= 28:
            out[f"mean_session_minutes_{w}d"], out[f"longest_session_minutes_{w}d"] = of_window.mean(), of_window.max()
            out[f"rate_opened_{w}d"] = out[f"n_mail_opened_{w}d"] / out[f"n_mail_sent_{w}d"].replace(0, np.nan)
    out["events_trend_7d"] = out.n_events_7d / (out.n_events_28d / 4).replace(0, np.nan)

    part = (e["at"].dt.hour // 6).map(dict(enumerate(["night", "morning", "afternoon", "evening"])))
    for kind in (part, e["at"].dt.day_name().str.lower()):
        for name in kind.unique():
            out[f"share_{name}"] = (kind == name).groupby(e.user_id).mean()
    return out


def compare(store: FeatureStore, events: pd.DataFrame, use_case: UseCase) -> tuple[int, set[str]]:
    """Cells compared, and the features that were; raises with what differs."""
    cells, names = 0, set()
    for relation in (f"{use_case.name}_scoring_set", f"{use_case.name}_training_set"):
        found = pd.DataFrame(store.sql.rows(f"select * from {relation} limit 0"))
        for as_of, ours in found.groupby("as_of"):
            expected = computed(events, pd.Timestamp(as_of), use_case.look_back_days)
            ours = ours.set_index("user_id")
            expected = expected.reindex(ours.index)
            counts = [c for c in expected if re.match(r"n_|active_days", c)]
            expected[counts] = expected[counts].fillna(0)
            features = set(ours.columns) - {"as_of", "run_id", "label", "weight", "split"}
            differing = {}
            for name in sorted(features):
                if name.startswith(("n_never_listed", "minutes_since_never_listed")):
                    continue  # found in the data, not listed in the settings
                a, b = ours[name], expected[name]
                if name.startswith("last_channel"):
                    same = (a == b) | (a.isna() & b.isna())
                else:
                    a, b = a.astype(float), b.astype(float)
                    same = np.isclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)
                if not same.all():
                    differing[name] = list(zip(a[~same].index[:3], a[~same][:3], b[~same][:3], strict=True))
                cells, names = cells + len(a), names | {name}
            assert not differing, (relation, as_of, differing)
    return cells, names


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("users", "seed"), [(60, 5), (2_000, 6)])
def test_every_feature_equals_one_computed_from_the_raw_events(tmp_path: Path, users: int, seed: int) -> None:
    events = raw_events(users, seed)
    draw = np.random.default_rng(seed).random(len(events))
    late, corrected, wrong = draw < 0.05, (draw >= 0.05) & (draw < 0.1), draw > 0.98
    with feature_store(tmp_path, SETTINGS) as store:
        file = write_csv(events[~late & ~corrected], tmp_path / "events.csv")
        load_events(
            store.settings, store.platform, file, work_dir=tmp_path / "load", accept_bad_rows=False, progress=print
        )
        send(store, events[wrong].assign(id=lambda f: "wrong-" + f.id), "batch-1")
        store.featurize((AS_OF - pd.Timedelta(days=3)).date(), "orders")
        # The wrong batch is replaced by the right one; late events come, a third of them twice, some from the future.
        send(store, events[corrected], "batch-1")
        twice = events[late].sample(frac=0.33, random_state=seed)
        moved = twice["at"].dt.hour < 23
        twice = twice.assign(at=twice["at"] + pd.Timedelta(milliseconds=200), price=1e6).where(moved, twice)
        ahead = events[:5].assign(id=lambda f: "ahead-" + f.id, at=pd.Timestamp(store.local.now().date()) + 2 * DAY)
        send(store, pd.concat([events[late], twice, ahead], ignore_index=True), "late")
        found = {}
        for case in SETTINGS.use_cases:
            store.featurize(AS_OF.date(), case.name)
            found[case.name] = compare(store, events, case)
    cells, names = found["orders"]
    print(f"{cells:,} values of {len(names)} features compared, {found['soon'][0]:,} more with a look-back of 20 days")
    assert cells > 50 * users
    assert len(names) == 74
