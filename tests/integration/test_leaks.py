"""Features that know the future, each caught: before the build, in what was stored, or by changing the future."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from runner.errors import DataError
from runner.featurize import LeakCheck, check_leaks
from runner.project import sync
from tests.integration.feature_store import FeatureStore, dbt, feature_store, synthetic_events
from tests.integration.test_dbt_project import PROJECT
from tests.integration.test_dbt_project import dbt as offline_dbt

AS_OF = date(2026, 11, 2)
YAML = """version: 2
models:
  - name: {name}
    description: It knows too much.
    columns:
      - {{name: user_id, data_type: string, description: The person key.}}
      - {{name: as_of, data_type: timestamp, description: Features know events before this moment.}}
      - {{name: look_back_days, data_type: int, description: How far back.}}
      - name: {name}_n
        data_type: bigint
        description: It knows too much.
        config: {{meta: {{propensity: {{role: feature, kind: number}}}}}}
"""
SEEN_WITH = """select
  k.user_id,
  k.as_of,
  k.look_back_days,
  cast(count(*) as bigint) as NAME_n
from {{ ref('int_activity_as_of') }} as k
HOW
group by k.user_id, k.as_of, k.look_back_days
"""
SEEN_OVER = """with numbered as (
  select *, sum(n) over (HOW) as seen
  from {{ ref('int_activity_as_of') }}
)

select user_id, as_of, look_back_days, max(seen) as NAME_n
from numbered
group by user_id, as_of, look_back_days
"""
HIDDEN = """{%- macro everything_of_a_day() -%}
inner join int_user_day_activity as d on k.user_id = d.user_id
{%- endmacro -%}
"""
BOUND = "activity.activity_date < as_ofs.as_of_date"


def add_feature(project: Path, name: str, sql: str, how: str = "") -> None:
    folder = project / "models/features"
    (folder / f"{name}.sql").write_text(sql.replace("NAME", name).replace("HOW", how))
    (folder / f"{name}.yml").write_text(YAML.format(name=name))


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What dbt says about a project full of leaky features, before it builds anything."""
    folder = tmp_path_factory.mktemp("leaky")
    project = Path(shutil.copytree(PROJECT, folder / "p", ignore=shutil.ignore_patterns("target", "logs")))
    joined = "inner join {{ ref('stg_events') }} as e on k.user_id = e.user_id"
    add_feature(project, "feat_join", SEEN_WITH, joined)
    add_feature(project, "feat_past", SEEN_WITH.replace("int_activity_as_of", "int_user_day_activity"))
    named = "inner join int_user_day_activity as d on k.user_id = d.user_id"
    add_feature(project, "feat_named", SEEN_WITH, named)
    across = "partition by user_id order by activity_date rows between unbounded preceding and current row"
    add_feature(project, "feat_across", SEEN_OVER, across)
    no_frame = "partition by user_id, as_of order by activity_date"
    add_feature(project, "feat_no_frame", SEEN_OVER, no_frame)
    done = offline_dbt(project, folder / "target", "run", "--select", "feat_join", "--no-populate-cache")
    assert done.returncode != 0
    return done.stdout


def test_a_join_with_events_is_refused(refused: str) -> None:
    assert "feat_join reads stg_events" in refused


def test_a_way_past_the_bounded_model_is_refused(refused: str) -> None:
    assert "feat_past reads int_user_day_activity" in refused


def test_a_table_that_is_named_instead_of_a_ref_is_refused(refused: str) -> None:
    assert "feat_named names the table int_user_day_activity instead of a ref" in refused


def test_a_window_over_several_as_of_dates_is_refused(refused: str) -> None:
    assert "feat_across has a window of sum over several as-of dates" in refused


def test_a_window_without_a_frame_is_refused(refused: str) -> None:
    assert "feat_no_frame has a window of sum without a frame" in refused


def test_our_own_features_are_refused_nothing(refused: str) -> None:
    assert "feat_activity" not in refused
    assert "feat_events" not in refused


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("leaks")) as running:
        running.add_events(synthetic_events(200), "events-1")
        running.add_profiles(["quiet"], [False], "profiles-1")
        yield running


def check(store: FeatureStore) -> LeakCheck:
    """Change the future, build the features again, and compare with what production shows."""
    case, work = store.settings.use_case("newsletter"), store.folder / "check"
    return check_leaks(store.settings, case, store.platform, store.sql, AS_OF, store.project, work, print)


def build(store: FeatureStore) -> None:
    """The features alone, for production."""
    dbt(store, "run", "--select", "+tag:feature", "--target", "prod", prefix="leaks", as_of=AS_OF)


def test_no_feature_changes_with_the_future_and_nothing_is_left_behind(store: FeatureStore) -> None:
    build(store)
    checked = check(store)
    assert checked.as_of == "2026-10-19"
    assert checked.features > 100
    assert set(checked.rows) == {"feat_activity", "feat_events", "feat_rhythm", "feat_sessions"}
    assert min(checked.rows.values()) > 500
    assert min(checked.removed, checked.altered, checked.added) > 50
    names = [r.get("name") or r.get("Name") for kind in ("tables", "views") for r in store.sql.rows(f"show {kind}")]
    assert "int_activity_as_of" in names
    assert not [n for n in names if str(n).startswith("leakcheck")]


def test_a_join_across_as_of_dates_is_found_by_changing_the_future(store: FeatureStore) -> None:
    joined = "inner join {{ ref('int_activity_as_of') }} as l on k.user_id = l.user_id"
    add_feature(store.project, "feat_later", SEEN_WITH, joined)
    sync(store.settings, store.project)
    build(store)
    try:
        with pytest.raises(
            DataError, match=r"changed when only events from 2026-10-19 on did: feat_later.feat_later_n \("
        ):
            check(store)
    finally:
        remove(store, "models/features/feat_later.sql", "models/features/feat_later.yml")


@pytest.mark.soak
def test_a_table_hidden_in_a_macro_is_found(store: FeatureStore) -> None:
    (store.project / "macros/everything_of_a_day.sql").write_text(HIDDEN)
    add_feature(store.project, "feat_hidden", SEEN_WITH, "{{ everything_of_a_day() }}")
    sync(store.settings, store.project)
    try:
        with pytest.raises(DataError, match="lineage does not show: feat_hidden names int_user_day_activity"):
            check(store)
    finally:
        remove(
            store,
            "macros/everything_of_a_day.sql",
            "models/features/feat_hidden.sql",
            "models/features/feat_hidden.yml",
        )


def remove(store: FeatureStore, *paths: str) -> None:
    for path in paths:
        (store.project / path).unlink()
    sync(store.settings, store.project)


@pytest.mark.parametrize(
    ("bound", "as_of"),
    [(BOUND.replace("<", "<="), AS_OF), ("1 = 1", date(2026, 11, 1))],
    ids=["at as_of", "after as_of"],
)
def test_a_bound_that_lets_events_in_is_found_in_what_was_stored(store: FeatureStore, bound: str, as_of: date) -> None:
    path = store.project / "macros/activity/bounded_activity.sql"
    sound = path.read_text()
    assert BOUND in sound
    path.write_text(sound.replace(BOUND, bound))
    try:
        with pytest.raises(DataError, match="knows_only_the_past"):
            store.featurize(as_of)
    finally:
        path.write_text(sound)
