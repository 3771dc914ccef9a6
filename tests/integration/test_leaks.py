"""Features that know the future, each caught: before the build, in what was stored, or by changing the future."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from runner.errors import DataError
from runner.featurize import LeakCheck, check_leaks
from runner.featurize.leak_check import refuse_questions
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
SOUND = """with /* from int_user_day_activity */ `kept` as (
  select
    user_id, as_of, look_back_days, n,
    extract(day from activity_date) as day_of_month,
    lead(n) over (partition by user_id, as_of, look_back_days order by activity_date asc nulls last) as next_n
  {#- join int_user_day_activity would be wrong -#}
  from {{ ref('int_activity_as_of') }}
  where event_type <> ' from raw, x' and n is distinct from days_before
)

select user_id, as_of, look_back_days, cast(sum(coalesce(next_n, (n))) as bigint) as NAME_n
from (kept)
group by user_id, as_of, look_back_days
"""
HIDDEN = """{%- macro everything_of_a_day() -%}
inner join int_user_day_activity as d on k.user_id = d.user_id
{%- endmacro -%}
"""
ASKED = """{%- macro mean_of_everything() -%}
{{ return(run_query('select avg(n) from int_user_day_activity').rows[0][0] if execute else 1) }}
{%- endmacro -%}
"""
NAMED = {
    "comma": ", int_user_day_activity as d",
    "quoted": "inner join `int_user_day_activity` as d on k.user_id = d.user_id",
    "comment": "inner join/* all */int_user_day_activity as d on k.user_id = d.user_id",
    "in_parentheses": "inner join (int_user_day_activity) on k.user_id = user_id",
    "after_dashes_in_a_text": "inner join int_user_day_activity as d on '--' <> '\\'' where exists (select 1 from raw)",
}
"""Ways to write a table's name that a hasty look takes for something else."""
BOUND = "activity.activity_date < as_ofs.as_of_date"


def add_feature(project: Path, name: str, sql: str, how: str = "") -> None:
    folder = project / "models/features"
    (folder / f"{name}.sql").write_text(sql.replace("NAME", name).replace("HOW", how))
    (folder / f"{name}.yml").write_text(YAML.format(name=name))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("leaky")


@pytest.fixture(scope="module")
def refused(folder: Path) -> str:
    """What dbt says about a project full of leaky features, before it builds anything."""
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
    look_backs = "partition by user_id, as_of order by activity_date rows between unbounded preceding and current row"
    add_feature(project, "feat_look_backs", SEEN_OVER, look_backs)
    add_feature(
        project, "feat_window", SEEN_OVER.replace("over (HOW)", "over w") + "window w as (partition by user_id)"
    )
    add_feature(
        project, "feat_profile", SEEN_WITH, "inner join {{ ref('stg_profiles') }} as p on k.user_id = p.user_id"
    )
    add_feature(project, "feat_clock", SEEN_WITH, "where datediff(current_date(), k.activity_date) < 7")
    add_feature(project, "feat_chance", SEEN_WITH, "where rand() < 0.5")
    add_feature(project, "feat_run", SEEN_WITH, "where k.activity_date < '{{ var(\"as_of\") }}'")
    add_feature(project, "feat_asks", SEEN_WITH, "where k.n > {{ run_query('select 1').rows[0][0] if execute else 1 }}")
    add_feature(project, "feat_snapshot", SEEN_WITH, "snapshot as of 7")
    add_feature(project, "feat_sound", SOUND)
    for how, named_so in NAMED.items():
        add_feature(project, f"feat_{how}", SEEN_WITH, named_so)
    (project / "macros/mean_of_everything.sql").write_text(ASKED)
    add_feature(project, "feat_mean", SEEN_WITH, "where k.n > {{ mean_of_everything() }}")
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


@pytest.mark.parametrize(
    ("feature", "fault"),
    [
        *((how, "names the table int_user_day_activity instead of a ref") for how in NAMED),
        ("after_dashes_in_a_text", "names the table raw instead of a ref"),
        ("look_backs", "has a window of sum over several look-backs"),
        ("window", "has a window of sum over several as-of dates"),
        ("profile", "reads stg_profiles, whose attributes are as they are today"),
        ("clock", "asks for the time of the build (current_date)"),
        ("chance", "is another in every build (rand)"),
        ("run", "counts from the as_of of the run"),
        ("asks", "asks while it is compiled (run_query)"),
        ("snapshot", "names a snapshot"),
    ],
)
def test_other_ways_to_know_more_are_refused(refused: str, feature: str, fault: str) -> None:
    assert f"feat_{feature} {fault}" in refused


def test_sound_features_are_refused_nothing(refused: str) -> None:
    assert "feat_activity" not in refused
    assert "feat_events" not in refused
    assert "feat_sound" not in refused


def test_a_macro_that_asks_while_a_feature_is_compiled_is_found(refused: str, folder: Path) -> None:
    assert "feat_mean" not in refused
    manifest = json.loads((folder / "target/manifest.json").read_text())
    with pytest.raises(DataError, match="are compiled: feat_mean by the macro mean_of_everything"):
        refuse_questions(manifest)


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


def test_a_table_hidden_in_a_macro_stops_its_feature(store: FeatureStore) -> None:
    (store.project / "macros/everything_of_a_day.sql").write_text(HIDDEN)
    add_feature(store.project, "feat_hidden", SEEN_WITH, "{{ everything_of_a_day() }}")
    sync(store.settings, store.project)
    arguments = ("run", "--select", "feat_hidden", "--target", "prod")
    try:
        with pytest.raises(DataError, match="future: feat_hidden names the table int_user_day_activity instead"):
            dbt(store, *arguments, prefix="leaks", as_of=AS_OF)
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
        with pytest.raises(DataError, match=r"knows_only_the_past_.* failed: The newest event that a feature saw"):
            store.featurize(as_of)
    finally:
        path.write_text(sound)
