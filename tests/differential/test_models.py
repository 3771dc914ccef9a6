"""Every model of the dbt project is Spark SQL, and Apache Spark and our Query Service make the same rows of it.

The models are found in dbt's manifest, so a new one is compared too. The daily activity is compared twice: as the model
that it is, and statement by statement as two runs built it, the second one of the days that had changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from local_platform.lake import DataFile
from runner.featurize import read_event_days
from runner.ingestion import ingest_parquet
from runner.project import sync
from runner.publishing import RunFacts, publish
from runner.settings import ChannelField, NumericField, load_settings
from runner.sql import SqlClient
from runner.xdm_shape import nested, write_file
from tests.differential.engines import OurEngine, SparkEngine, start_spark
from tests.differential.models import Compared, Sent, Statement, compiled_models, made_by
from tests.integration.dbt_here import SENT, dbt_here
from tests.integration.feature_store import AS_OF, ROOT, TENANT, FeatureStore, feature_store, synthetic_events
from tests.integration.point_in_time import DAY, Event, ms
from tests.integration.sandbox import write_scores
from tests.unit.query_world import query_world

USERS = 100
PREFIX = "ann"
EVENTS = "propensity_events"
NOT_COMPARED: Mapping[str, str] = {}
"""Models that cannot be compared, by name, with the reason. None so far."""
_OWN_TIME = {"read_at", "built_at"}
"""Columns that hold the time of the statement."""


@dataclass(frozen=True)
class World:
    """Both engines, the models' SQL, and what two runs sent to build the daily activity."""

    compared: Compared
    models: dict[str, str]
    sent: list[Sent]


class Noting(SqlClient):
    """The runner's SQL client, which also notes what it executes."""

    def execute(self, sql: str) -> None:
        SENT.append(sql)
        super().execute(sql)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("models")
    models, sent = build(folder)
    spark = SparkEngine(start_spark(folder))
    # The platform's process has ended; the same lake, in this process.
    with query_world(folder / "platform") as opened:
        ours = OurEngine(opened)
        yield World(Compared(spark, ours), models, sent)
        ours.session.close()


def build(folder: Path) -> tuple[dict[str, str], list[Sent]]:
    """Two runs of the daily activity with all that happens to batches between them; then the models, compiled."""
    settings = load_settings(ROOT / "propensity.yml")
    newsletter, purchase = settings.use_cases
    settings = settings.model_copy(
        update={
            "use_cases": (newsletter, purchase.model_copy(update={"exclusions": newsletter.exclusions})),
            "numeric_fields": (NumericField(path="commerce.order.priceTotal", name="price"),),
            "channel_fields": (ChannelField(path="marketing.trackingCode", name="channel"),),
        }
    )
    events = synthetic_events(USERS)
    cut = ms("2026-11-05")
    sent: list[Sent] = []
    with feature_store(folder, settings) as store:
        sync(settings, store.project)
        add_events(store, [e for e in events if e.at_ms < cut], "history")
        add_events(store, [Event("mistake", "nobody", "advertising.clicks", cut - 20 * DAY)], "mistake")
        sent += run_of_the_day(store)
        late = [e for e in events if e.at_ms >= cut] + events[:40]
        now = round(store.local.now().timestamp() * 1000)
        late.append(Event("early", "hasty", "advertising.clicks", now + DAY))
        add_events(store, late, "late")
        revert(store, "mistake")
        sent += run_of_the_day(store)
        users = sorted({event.user_id for event in events if event.user_id})
        store.add_profiles(users, [number % 7 == 0 for number in range(len(users))], "profiles")
        for case in settings.use_cases:
            for days, offset in ((1, 0.0), (0, 0.25)):
                at = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC) - timedelta(days=days)
                scores = {user: (number % 97) / 200 + offset for number, user in enumerate(users[days:])}
                file = write_scores(folder / "scores.parquet", scores, at)
                run = RunFacts(f"{case.name}-{at:%Y%m%d}", at, "3")
                publish(settings, case, store.platform, store.sql, run, file)
        dbt_here(store, "compile", "--select", "resource_type:model", prefix=PREFIX)
    return compiled_models(folder / PREFIX / "target" / "manifest.json"), sent


def add_events(store: FeatureStore, events: Sequence[Event], name: str) -> None:
    """One batch of events, some of which carry a price and a channel."""
    numbers = [int.from_bytes(e.event_id.encode()[-3:]) for e in events]
    table = nested(
        {
            "_id": pa.array([e.event_id for e in events], pa.string()),
            "timestamp": pa.array([e.at_ms for e in events], pa.timestamp("ms", tz="UTC")),
            "eventType": pa.array([e.event_type for e in events], pa.string()),
            f"{TENANT}.userId": pa.array([e.user_id for e in events], pa.string()),
            "commerce.order.priceTotal": pa.array(
                [n % 1000 / 8 if n % 3 == 0 else None for n in numbers], pa.float64()
            ),
            "marketing.trackingCode": pa.array([("mail", "", "search", None)[n % 4] for n in numbers], pa.string()),
        }
    )
    file = write_file(table, store.folder / f"{name}.parquet")
    ingest_parquet(store.platform, store.settings.datasets.events, [file], external_id=name)


def run_of_the_day(store: FeatureStore) -> list[Sent]:
    """The runner's note of the days that have changed and dbt's build of them: the statements."""
    catalog = store.platform.catalog
    dataset = catalog.dataset_named(EVENTS)
    SENT.clear()
    read_event_days(Noting(store.platform), catalog, dataset.id, EVENTS, print)
    dbt_here(store, "run", "--select", "+int_user_day_activity", prefix=PREFIX)
    history = store.sql.rows(
        f"select cast(snapshot_id as string) as id, is_current from (select history_meta('{EVENTS}'))"
    )
    (current,) = [int(row["id"]) for row in history if row["is_current"]]
    return [Sent(sql, current) for sql in SENT]


def revert(store: FeatureStore, name: str) -> None:
    catalog = store.platform.catalog
    dataset = catalog.dataset_named(EVENTS)
    (batch,) = [b for b in catalog.batches(dataset_id=dataset.id, status="success") if b.external_id == name]
    store.platform.ingestion.act(batch.id, "REVERT")


def test_every_model_is_read_by_sparks_own_parser(world: World) -> None:
    parser = world.compared.spark.session._jsparkSession.sessionState().sqlParser()
    files = {f"{PREFIX}_{file.stem}" for file in (ROOT / "dbt_project/models").rglob("*.sql")}
    assert files <= set(world.models)
    for text in world.models.values():
        parser.parsePlan(text)


def test_the_statements_that_keep_the_daily_activity_write_what_spark_would(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    compared, lake = Compared(world.compared.spark, world.compared.ours), world.compared.lake
    written: dict[str, list[DataFile]] = {}
    for sent in world.sent:
        made = made_by(sent.sql)
        if made is None or made.name.endswith("_state"):
            continue
        compared.show(EVENTS, lake.data_files(lake.dataset_by_table(EVENTS).id, up_to=sent.events_up_to))
        compared.show_snapshots(made.select)
        title = f"{made.name} ({len(compared.rows) + 1})"
        select = compared.rewritten(title, made.select)
        if made.kind == "view":
            compared.spark.session.sql(select).createOrReplaceTempView(made.name)
            continue
        dataset = lake.dataset_by_table(made.name)
        batches = list(dict.fromkeys(file.batch_id for file in lake.data_files(dataset.id)))
        before = written.setdefault(made.name, [])
        number = len({file.batch_id for file in before})
        columns = ", ".join(name for name in dataset.schema.names if name not in _OWN_TIME)
        compared.compare(
            title,
            f"select {columns} from ({select}) as made",
            f"select {columns} from {made.name} where {its_rows(made)} limit 100000",
        )
        before.extend(lake.batch_files(batches[number]))
        compared.show(made.name, before)
    with capsys.disabled():
        print("\n" + "\n".join(compared.helped))
    assert not compared.differing, "\n\n".join(f"{name}: {seen}" for name, seen in compared.differing.items())
    assert len(compared.rows) == 6, compared.rows
    assert all(compared.rows.values()), compared.rows


def its_rows(made: Statement) -> str:
    """The condition that a statement's own rows meet."""
    load = re.search(r"'([0-9a-f]{32})' as load_id", made.select)
    number = re.search(r"cast\((\d+) as bigint\) as load_number", made.select)
    if load:
        return f"load_id = '{load[1]}'"
    assert number is not None
    return f"load_number = {number[1]}"


def test_every_model_gives_the_same_rows_on_spark(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    compared, lake = Compared(world.compared.spark, world.compared.ours), world.compared.lake
    for dataset in lake.datasets():
        compared.show(dataset.table_name, lake.data_files(dataset.id))
    for name, text in world.models.items():
        select = compared.rewritten(name, text)
        lake.create_view(name, text, "somebody", replace=True)
        # Checkpointed, so that Spark plans one model at a time.
        compared.spark.session.sql(select).localCheckpoint().createOrReplaceTempView(name)
        if name not in NOT_COMPARED:
            everything = f"select * from {name} limit 100000"
            compared.compare(name, everything, everything)
    with capsys.disabled():
        print(
            "\n"
            + "\n".join([*compared.helped, *(f"{name} is not compared: {why}" for name, why in NOT_COMPARED.items())])
        )
    assert not compared.differing, "\n\n".join(f"{name}: {seen}" for name, seen in compared.differing.items())
    assert len(compared.rows) + len(NOT_COMPARED) == len(world.models)
    assert all(compared.rows.values()), compared.rows


def test_a_model_that_is_computed_wrongly_is_seen(world: World) -> None:
    compared = Compared(world.compared.spark, world.compared.ours)
    name = f"{PREFIX}_feat_sessions"
    right = world.models[name]
    wrong = right.replace("days_before <= 7 ", "days_before < 7 ")
    assert wrong != right
    compared.compare("right", f"select * from {name}", right)
    compared.compare("wrong", f"select * from {name}", wrong)
    assert list(compared.differing) == ["wrong"]
