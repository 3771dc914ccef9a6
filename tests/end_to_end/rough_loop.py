"""The whole loop on a platform that misbehaves, and what must be true of the lake whatever happened.

The lake is read beside the client under test: by SQL with the ready file's credential, which no fault touches.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import requests
import yaml

from runner import steps
from runner.errors import PropensityError
from runner.session import open_session
from tests.end_to_end.conftest import Project

END = date(2026, 11, 2)
RUN = f"newsletter-{END:%Y%m%d}"
SCORES = "propensity_newsletter_scores"
_NAME = "_acme.propensity.newsletter"


@dataclass
class RoughLoop:
    """A project whose platform can be told to misbehave."""

    project: Project
    users: int = 600
    seed: int = 11
    errors: list[PropensityError] = field(default_factory=list)

    def wait_at_most(self, minutes: float) -> None:
        """Give up on a batch or export sooner: some of them are stuck on purpose."""
        content = yaml.safe_load(self.project.settings.read_text(encoding="utf-8"))
        text = yaml.safe_dump(content | {"wait_minutes": minutes}, sort_keys=False, allow_unicode=True)
        self.project.settings.write_text(text, encoding="utf-8")

    def faults(self, body: dict[str, Any] | None) -> dict[str, Any]:
        """Put faults in force, or with None take them away; returns the rules of before with their counts."""
        ready = self.project.platform.ready
        headers = {"Authorization": f"Bearer {ready['client_secret']}"}
        url = f"{ready['control_url']}/faults"
        before = requests.get(url, headers=headers, timeout=30).json()
        requests.request("DELETE" if body is None else "POST", url, headers=headers, json=body, timeout=30)
        return dict(before)

    def once(self) -> None:
        """Events in, audience out, as another process would do it."""
        open_session.cache_clear()
        settings = self.project.settings
        steps.synthesize(settings, users=self.users, days=70, end=END, seed=self.seed, scenario="default")
        assert steps.run(settings, "newsletter", None) == RUN
        if not steps.activate(settings, RUN):
            self.project.a_day_passes()
            if not steps.activate(settings, RUN):
                pending = PropensityError("The activation is still pending after a day.", "Activate again later.")
                pending.step = "Step 7 (activate)"
                raise pending

    def on_a_rough_platform(self, attempts: int) -> bool:
        """Plain reruns until one succeeds; every stop names its step, and leaves nothing half done in the lake."""
        for _ in range(attempts):
            error = self.try_once()
            if error is None:
                return True
            self.errors.append(error)
            assert error.step.startswith("Step "), error
            assert error.remedy, error
            self.check_nothing_is_half_done()
        return False

    def try_once(self) -> PropensityError | None:
        """What stopped the loop, or None. Any other exception is a defect."""
        try:
            self.once()
        except PropensityError as error:
            return error
        return None

    # -- what the lake holds -------------------------------------------------------------------------------------------

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        ready = self.project.platform.ready
        login = {name: ready[name] for name in ("dbname", "user", "password", "sslmode")}
        with closing(
            psycopg2.connect(host=ready["sql_host"], port=ready["sql_port"], gssencmode="disable", **login)
        ) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())

    def published(self) -> Counter[str]:
        """How often each identity has a score in the lake."""
        tables = {row[0] for row in self.sql("SHOW TABLES")}
        if SCORES not in tables:
            return Counter()
        rows = self.sql(f"SELECT _acme.userId AS who FROM {SCORES} WHERE {_NAME}.eligible = true LIMIT 50000")
        return Counter(str(row[0]) for row in rows)

    def to_be_scored(self) -> set[str]:
        """Who must have a score, computed from the generated files alone."""
        folder = next((self.state_dir / "data").glob("synthetic-*"))
        profiles = pq.read_table(folder / "profiles.parquet").to_pylist()
        events = pq.read_table(folder / "events.parquet").to_pylist()
        converted = {
            row["user_id"]
            for row in events
            if row["event_type"] == "web.formFilledOut" and row["timestamp"].date() < END
        }
        return {row["user_id"] for row in profiles if not row["email_opt_out"]} - converted

    @property
    def state_dir(self) -> Path:
        return open_session(self.project.settings).settings.state_dir

    def check_nothing_is_half_done(self) -> None:
        """The run's scores are there once each, or not at all; the same for events and profiles."""
        scored = self.published()
        assert set(scored.values()) <= {1}
        assert not scored or set(scored) == self.to_be_scored()
        for table, wanted in (("propensity_events", "events"), ("propensity_profiles", "profiles")):
            if table in {row[0] for row in self.sql("SHOW TABLES")}:
                [(rows,)] = self.sql(f"SELECT count(*) AS n FROM {table}")
                assert rows in (0, self.generated(wanted)), f"{rows} rows are visible in {table}"

    def generated(self, what: str) -> int:
        return sum(pq.read_metadata(f).num_rows for f in (self.state_dir / "data").glob(f"synthetic-*/{what}.parquet"))

    def check_everything_is_there_once(self) -> None:
        """Events, profiles, sets, scores, members and delivered rows: exactly the right ones."""
        [(events, ids)] = self.sql("SELECT count(*) AS n, count(DISTINCT _id) AS ids FROM propensity_events")
        assert events == ids == self.generated("events")
        [(profiles,)] = self.sql("SELECT count(*) AS n FROM propensity_profiles")
        assert profiles == self.generated("profiles") == self.users
        people = self.to_be_scored()
        assert self.published() == Counter(people)
        [(rows,)] = self.sql(f"SELECT count(*) AS n FROM {SCORES}")
        assert rows == len(people), "rows of another run or attempt are visible"
        workspace = open_session(self.project.settings).workspace(RUN)
        told = {name: workspace.load(name) for name in ("featurize", "export", "score", "publish", "activate")}
        for kind in ("training", "scoring"):
            [(rows,)] = self.sql(f"SELECT count(*) AS n FROM newsletter_{kind}_set")
            keys = f"SELECT DISTINCT user_id, as_of FROM newsletter_{kind}_set"
            [(distinct,)] = self.sql(f"SELECT count(*) AS n FROM ({keys}) AS found")
            assert rows == distinct == told["featurize"][f"{kind}_rows"]
        assert told["export"]["rows"] == told["featurize"]["training_rows"]
        scores = pq.read_table(told["score"]["scores_file"]).to_pylist()
        lake = dict(self.sql(f"SELECT _acme.userId AS who, {_NAME}.score AS score FROM {SCORES} LIMIT 50000"))
        assert lake == {row["user_id"]: row["score"] for row in scores}
        assert told["publish"]["scores_published"] == len(people)
        assert told["activate"]["audience_size"] == told["activate"]["activated_rows"] > 0
