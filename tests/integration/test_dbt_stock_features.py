"""What an engineer knows of dbt from elsewhere: appended models, clones, samples, dbt's own functions."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest

from runner.errors import DataError
from tests.integration.dbt_here import SENT, invoke
from tests.integration.dbt_here import dbt_here as dbt
from tests.integration.feature_store import ROOT, FeatureStore, feature_store
from tests.integration.small_project import small_project, write
from tests.integration.test_dbt_over_the_wire import DOCUMENTED, REFUSED, shown

DEV = ("--target", "dev")
APPENDED = """{{ config(materialized='incremental', on_schema_change='%s') }}
select n, at%s from {{ ref('numbers') }}
{%% if is_incremental() %%}where n > (select max(n) from {{ this }}){%% endif %%}
"""
READER = "select numbers.n from {{ ref('numbers') }} as numbers"
MODELS = """version: 2
models:
  - {name: appended, config: {event_time: at}}
seeds:
  - {name: numbers, config: {event_time: at, column_types: {at: timestamp}}}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with feature_store(tmp_path_factory.mktemp("stock")) as running:
        files = {
            "seeds/numbers.csv": "n,at\n1,2026-01-01 10:00:00\n2,2026-01-02 10:00:00\n",
            "models/appended.sql": APPENDED % ("ignore", ""),
            "models/reader.sql": READER,
            "models/models.yml": MODELS,
            "models/__sources.yml": (ROOT / "dbt_project/models/staging/__sources.yml").read_text(),
        }
        yield small_project(running, "small", files)


def tables(store: FeatureStore, pattern: str) -> list[str]:
    return sorted(row["name"] for row in store.sql.rows("show tables") if re.fullmatch(pattern, row["name"]))


def test_an_incremental_model_appends_what_is_new_and_can_get_a_column(store: FeatureStore) -> None:
    dbt(store, "build", *DEV, prefix="ann")
    assert store.sql.count("ann_appended") == 2
    (first,) = tables(store, r"ann_appended_t\d{17}")

    rows = "n,at\n1,2026-01-01 10:00:00\n2,2026-01-02 10:00:00\n3,2026-01-03 10:00:00\n"
    write(store.project / "seeds/numbers.csv", rows)
    dbt(store, "build", *DEV, prefix="ann")
    assert [row["n"] for row in store.sql.rows("select n from ann_appended order by n")] == [1, 2, 3]
    assert tables(store, r"ann_appended_t\d{17}") == [first], "rows were added to the table that was there"
    assert any("select max(n) from ann_appended)" in sql for sql in SENT), "the model's own name is bare"

    write(store.project / "models/appended.sql", APPENDED % ("fail", ", n * 2 as twice"))
    with pytest.raises(
        DataError, match=r"columns of ann_appended are out of step.*newly gives \(twice\).*append_new_columns"
    ):
        dbt(store, "run", "--select", "appended", *DEV, prefix="ann")
    write(store.project / "models/appended.sql", APPENDED % ("append_new_columns", ", n * 2 as twice"))
    write(store.project / "seeds/numbers.csv", rows + "4,2026-01-04 10:00:00\n")
    dbt(store, "build", *DEV, prefix="ann")
    assert [row["twice"] for row in store.sql.rows("select twice from ann_appended order by n")] == [
        None,
        None,
        None,
        8,
    ]

    dbt(store, "run", "--full-refresh", "--select", "appended", *DEV, prefix="ann")
    assert [row["twice"] for row in store.sql.rows("select twice from ann_appended order by n")] == [2, 4, 6, 8]
    assert len(tables(store, r"ann_appended_t\d{17}")) == 2, "a reader may still be in the old one"


@pytest.mark.parametrize(
    "config", ["unique_key='n'", "incremental_strategy='merge'", "incremental_strategy='delete+insert'"]
)
def test_an_incremental_model_that_would_replace_rows_is_told_what_there_is(store: FeatureStore, config: str) -> None:
    write(
        store.project / "models/replaced.sql", f"{{{{ config(materialized='incremental', {config}) }}}} select 1 as n"
    )
    try:
        with pytest.raises(DataError, match=r"replaces rows.*neither DELETE nor MERGE.*incremental_strategy: append"):
            dbt(store, "run", "--select", "replaced", *DEV, prefix="bob")
    finally:
        (store.project / "models/replaced.sql").unlink()


def test_empty_and_sample_runs_read_less_and_a_reference_keeps_its_alias(store: FeatureStore) -> None:
    dbt(store, "build", "--exclude", "appended", *DEV, prefix="eve")
    assert store.sql.count("eve_reader") > 0
    dbt(store, "run", "--select", "reader", "--empty", *DEV, prefix="eve")
    assert store.sql.count("eve_reader") == 0
    sample = "{'start': '2026-01-02', 'end': '2026-01-03'}"
    dbt(store, "run", "--select", "reader", "--sample", sample, *DEV, prefix="eve")
    assert [row["n"] for row in store.sql.rows("select n from eve_reader")] == [2]


@pytest.mark.soak
def test_a_clone_is_a_view_of_the_other_name_and_defer_reads_it(store: FeatureStore) -> None:
    dbt(store, "build", "--exclude", "appended", *DEV, prefix="pro")
    state = store.folder / "state"
    state.mkdir()
    shutil.copyfile(store.folder / "pro/target/manifest.json", state / "manifest.json")
    rows = store.sql.count("pro_reader")
    invoke(store, "clone", "--select", "reader", "--state", str(state), *DEV, prefix="dan")
    assert store.sql.count("dan_reader") == rows
    assert not tables(store, r"dan_.*")
    dbt(store, "run", "--select", "reader", "--defer", "--state", str(state), *DEV, prefix="fay")
    assert store.sql.count("fay_reader") == rows
    assert any("from pro_numbers" in sql for sql in SENT if "view fay_reader" in sql)


def test_dbts_own_functions_give_what_they_give_elsewhere(store: FeatureStore) -> None:
    half = "'2020-01-31 10:30:00.5'"
    wanted: list[tuple[str, object]] = [
        (f"dbt.dateadd('month', 1, \"{half}\")", datetime(2020, 2, 29, 10, 30, 0, 500_000)),
        (f"dbt.dateadd('minute', -31, \"{half}\")", datetime(2020, 1, 31, 9, 59, 0, 500_000)),
        (f"dbt.datediff(\"'2020-02-02'\", \"{half}\", 'day')", -2),
        ("dbt.datediff(\"'2020-01-05'\", \"'2020-01-06'\", 'week')", 1),
        ("dbt.datediff(\"'2019-12-31 23:59:59'\", \"'2020-01-01'\", 'year')", 1),
        ("dbt.last_day(\"'2020-02-03'\", 'quarter')", date(2020, 3, 31)),
        ("dbt.date(2020, 2, 3)", date(2020, 2, 3)),
        ("dbt.split_part(\"'a.b.c'\", \"'.'\", 2)", "b"),
        ("dbt.split_part(\"'a.b.c'\", \"'.'\", 4)", ""),
        ("dbt.right(\"'abcdef'\", 2)", "ef"),
        ("dbt.hash(\"'a'\")", "0cc175b9c0f1b6a831c399e269772661"),
        ("dbt.safe_cast(\"'x'\", api.Column.translate_type('integer'))", None),
        ("dbt.array_concat(dbt.array_construct([1]), dbt.array_construct([]))", "{1}"),
        ("dbt.cast_bool_to_text('1 = 1')", "true"),
        ("dbt.bool_or('n = 2')", True),
        ("dbt.listagg('n', \"'-'\", 'order by n desc', 2)", "3-2"),
        ("dbt.listagg('distinct abs(n)')", "1,2,3"),
        ("dbt.any_value('5')", 5),
    ]
    columns = ", ".join(f"{{{{ {call} }}}} as c{place}" for place, (call, _) in enumerate(wanted))
    data = "(select 1 as n union all select 2 union all select 3 union all select -3) as numbers where n > -3 or n = -4"
    ((*found,),) = shown(store, "--inline", f"select {columns} from {data}")
    plain = [int(value) if isinstance(value, Decimal) else value for value in found]
    assert plain == [value for _, value in wanted]
    spine = "select count(*) as n, min(date_day) as first from ({{ dbt.date_spine('day', dbt.date(2023, 9, 1),"
    days = shown(store, "--inline", spine + " dbt.date(2023, 9, 10)) }}) as days")
    assert [tuple(int(v) if isinstance(v, Decimal) else v for v in row) for row in days] == [(9, datetime(2023, 9, 1))]


def test_a_header_is_a_statement_of_its_own_and_all_statements_are_documented(store: FeatureStore) -> None:
    write(
        store.project / "models/headed.sql",
        "{{ config(materialized='table', sql_header='set auto_to_json = true') }} select struct(1 as a) as s",
    )
    dbt(store, "run", "--select", "headed", *DEV, prefix="eve")
    assert "set auto_to_json = true" in SENT
    for statement in SENT:
        bare = re.sub(r"'(?:[^'\\]|\\.)*'", "''", statement).lower()
        assert re.match(DOCUMENTED, statement), statement
        assert not re.search(REFUSED.replace(r"\blimit 0\b|", ""), bare), statement
