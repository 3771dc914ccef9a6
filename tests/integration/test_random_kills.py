"""A build that is killed anywhere, or cut off while its rows become visible, is completed by the next one."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

import pytest

from runner.errors import PropensityError
from runner.featurize import read_event_days
from runner.local import local_platform
from runner.platform import Platform
from runner.sql import SqlClient
from tests.integration.cutting_proxy import cut_once
from tests.integration.feature_store import ROOT, FeatureStore, dbt, feature_store, synthetic_events
from tests.integration.point_in_time import Event, ms
from tests.integration.whole_build import check_equal_to_a_whole_build, sorted_rows

START = date(2026, 10, 20)
LONG_START = date(2026, 10, 5)
"""So early that each of 33 runs has a day, and so a run, of its own: a run that exists keeps its rows."""
OPENED = "directMarketing.emailOpened"
CUT_AS_OF = date(2026, 10, 12)
VICTIMS = ("command", "dbt", "platform")
LONGEST_WAIT = 9.0
"""About as long as a run takes."""


class Campaign:
    """A store whose platform and whose runs are killed, and started again over the same files."""

    def __init__(self, store: FeatureStore, again: ExitStack, start: date) -> None:
        self.store = store
        self.first_day = start
        self._again = again
        shutil.copyfile(ROOT / "propensity.yml", store.folder / "propensity.yml")

    def start_run(self) -> subprocess.Popen[bytes]:
        """`propensity featurize` as its own process."""
        command = [
            sys.executable,
            "-m",
            "runner.cli",
            "featurize",
            "--settings",
            str(self.store.folder / "propensity.yml"),
        ]
        command += ["--use-case", "newsletter"]
        environment = {**os.environ, **self.store.local.environment()}
        with (self.store.folder / "runs.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)

    def kill(self, run: subprocess.Popen[bytes], victim: str) -> None:
        """Kill one of the three, and wait until the run has ended."""
        if victim == "platform":
            os.kill(self.store.local.process_id, signal.SIGKILL)
            self.restart()
        elif victim == "dbt":
            children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
            for child in children.read_text().split() if children.exists() else ():
                with suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
        else:
            run.kill()
        run.wait(timeout=120)

    def restart(self) -> None:
        """The platform again, over the files it left."""
        store = self.store
        store.local = self._again.enter_context(local_platform(store.folder / "platform", delays="none"))
        store.platform = Platform(store.local.connection())
        store.sql = SqlClient(store.platform)


@contextmanager
def campaign(folder: Path, start: date = START) -> Iterator[Campaign]:
    with ExitStack() as again, feature_store(folder) as store:
        store.add_profiles(["quiet", "refuser"], [False, True], "profiles-1")
        store.add_events([e for e in EVENTS if e.at_ms < ms(str(start))], "history")
        yield Campaign(store, again, start)


EVENTS = synthetic_events(120)


def next_day(campaign: Campaign, number: int) -> None:
    """One more day, a late event, and every third time a correction of the day before."""
    store, day = campaign.store, campaign.first_day + timedelta(days=number)
    new = [e for e in EVENTS if ms(str(day)) <= e.at_ms < ms(str(day + timedelta(days=1)))]
    store.add_events(new, f"day-{number}")
    late = Event(f"late-{number}", f"tardy-{number % 4}", OPENED, ms("2026-09-10") + number * 40_000_000)
    store.add_events([late], f"late-{number}")
    if number % 3 == 2:
        store.add_events([late], f"late-{number - 1}")


def kills(campaign: Campaign, round_number: int) -> None:
    """The command, dbt and the platform are killed in turn, at random points; then one run goes through."""
    dice = random.Random(round_number)
    store = campaign.store
    for place, victim in enumerate(VICTIMS):
        next_day(campaign, 3 * round_number + place)
        run = campaign.start_run()
        with suppress(subprocess.TimeoutExpired):
            run.wait(timeout=dice.random() * LONGEST_WAIT)
        campaign.kill(run, victim)
    last = store.featurize(None)
    check_equal_to_a_whole_build(store, last, f"whole{round_number}")
    for name in ("spine", "training_set", "scoring_set"):
        copies = store.sql.rows(
            f"select run_id from newsletter_{name}_runs group by run_id, user_id, as_of having count(*) > 1 limit 5"
        )
        assert copies == [], name


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    with campaign(tmp_path_factory.mktemp("kills")) as made:
        yield made


def test_a_run_that_was_killed_anywhere_is_completed_by_the_next(killed: Campaign) -> None:
    kills(killed, 0)


def filled(store: FeatureStore, table: str) -> int:
    """How often rows were added to the tables of this name, straight from the platform's catalog."""
    statement = (
        "select count(*) from snapshots s join datasets d on d.id = s.dataset_id "
        "where d.table_name glob ? and s.output_record_count > 0"
    )
    with sqlite3.connect(f"file:{store.folder / 'platform/catalog.sqlite'}?mode=ro", uri=True) as catalog:
        return int(catalog.execute(statement, (table,)).fetchone()[0])


@pytest.mark.parametrize(
    ("table", "model"),
    [
        ("int_user_day_activity_t*", "int_user_day_activity"),
        pytest.param("int_user_day_activity_days", "int_user_day_activity", marks=pytest.mark.soak),
        ("newsletter_spine_runs", "newsletter_spine"),
    ],
)
def test_an_insert_whose_answer_was_lost_is_not_repeated(killed: Campaign, table: str, model: str) -> None:
    store = killed.store
    if not store.sql.rows("select table_exists('int_user_day_activity_days') as built")[0]["built"]:
        store.featurize(None)  # Chosen alone: nothing was built yet.
    number = store.sql.count("int_user_day_activity")
    store.add_events([Event(f"cut-{number}", f"cut {number}", OPENED, ms("2026-10-01"))], f"cut-{number}")
    events = store.platform.catalog.dataset_named("propensity_events")
    read_event_days(store.sql, store.platform.catalog, events.id, events.table_name, print)
    before = filled(store, table)
    build = ("run", "--select", f"+{model}", "--target", "prod")
    with cut_once(int(str(store.local.ready["sql_port"])), lambda: filled(store, table) > before) as proxy:
        with pytest.raises(PropensityError):
            dbt(store, *build, prefix="cut", as_of=CUT_AS_OF, extra={"PROPENSITY_SQL_PORT": str(proxy.port)})
        assert proxy.cuts == 1
    dbt(store, *build, prefix="cut", as_of=CUT_AS_OF)
    assert filled(store, table) == before + 1
    rows = sorted_rows(store, "int_user_day_activity")
    assert len(rows) == len(set(rows)) == number + 1


@pytest.mark.soak
def test_thirty_random_kills_leave_what_an_undisturbed_run_makes(tmp_path: Path) -> None:
    with campaign(tmp_path, LONG_START) as made:
        for round_number in range(1, 11):
            kills(made, round_number)
