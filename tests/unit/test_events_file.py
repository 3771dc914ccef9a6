"""Promises about loading one's own events: what is read, what is refused, and that nothing is lost or doubled."""

from __future__ import annotations

import gzip
import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import DataError
from runner.events_file import EventsFile, check_history, read_events, required_days, survey
from runner.settings import AudienceSettings, UseCase
from runner.xdm_paths import standard_paths

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEADER = "user_id,event_type,timestamp"
ROW = "u1,shop.visit,2026-11-01T10:00:00Z"


def csv_file(folder: Path, *rows: str, header: str = HEADER, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def read(path: Path, **options: Any) -> EventsFile:
    given: dict[str, Any] = {"tenant": "acme", "out_dir": path.parent / "out", "now": NOW, **options}
    return read_events(path, **given)


def rows_of(events: EventsFile) -> list[dict[str, Any]]:
    return [row for file in events.files for row in pq.read_table(file).to_pylist()]


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(path, **options)
    return str(caught.value)


def test_a_csv_file_becomes_experience_events(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "u2,commerce.purchases,2026-11-02 08:30:00.123,12.5,blue",
        "u1,shop.visit,2026-11-01T10:00:00Z,,",
        header=f"{HEADER},commerce.order.priceTotal,_{{tenant}}.colour",
    )
    events = read(path)
    assert events.rows == events.users == 2
    assert events.first == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert events.last == datetime(2026, 11, 2, 8, 30, 0, 123000, tzinfo=UTC)
    assert events.event_types == {"commerce.purchases": 1, "shop.visit": 1}
    assert events.fields == (("commerce.order.priceTotal", "double"), ("_acme.colour", "string"))
    first, second = rows_of(events)
    assert first["eventType"] == "shop.visit"
    assert first["_acme"] == {"userId": "u1", "colour": None}
    assert first["commerce"] is None, "no order, no commerce"
    assert second["commerce"]["order"]["priceTotal"] == 12.5
    schema = pq.read_schema(events.files[0])
    assert schema.field("timestamp").type == pa.timestamp("ms", tz="UTC")


def test_the_same_events_from_parquet_csv_or_in_another_order_are_the_same_events(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "user_id": ["a", "b", "a", "c"],
            "event_type": ["x", "y", "x", "z"],
            "timestamp": pd.to_datetime(["2026-11-01", "2026-11-02", "2026-11-01", "2026-11-03"]),
            "commerce.order.priceTotal": [1.5, 2.0, 3.25, np.nan],
        }
    )
    frame.to_parquet(tmp_path / "one.parquet")
    frame.to_csv(tmp_path / "two.csv", index=False)
    frame.iloc[[3, 0, 2, 1]].to_parquet(tmp_path / "three.parquet")
    (tmp_path / "four.csv.gz").write_bytes(gzip.compress((tmp_path / "two.csv").read_bytes()))
    found = [read(tmp_path / name) for name in ("one.parquet", "two.csv", "three.parquet", "four.csv.gz")]
    assert len({events.digest for events in found}) == 1
    assert rows_of(found[0]) == rows_of(found[2])
    assert found[2].left_out == ("__index_level_0__",)


def test_the_event_id_depends_on_the_event_alone(tmp_path: Path) -> None:
    small = read(csv_file(tmp_path, ROW, name="small.csv"))
    large = read(csv_file(tmp_path, "u0,other,2026-10-01", ROW, "u9,shop.visit,2026-11-05", name="large.csv"))
    (one,) = rows_of(small)
    assert one["_id"] in {row["_id"] for row in rows_of(large)}
    assert small.digest != large.digest


def test_equal_rows_are_kept_as_events_of_their_own_and_counted(tmp_path: Path) -> None:
    path = csv_file(tmp_path, f"{ROW},1", f"{ROW},1", f"{ROW},2", f"{ROW},", f"{ROW},", header=f"{HEADER},_acme.n")
    events = read(path)
    assert events.rows == 5
    assert events.duplicate_rows == 2
    assert len({row["_id"] for row in rows_of(events)}) == 5
    assert {row["_id"][-2:] for row in rows_of(events)} == {"-0", "-1", "-2", "-3", "-4"}


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00.000"),
        ("2026-11-01 10:00:00", "2026-11-01T10:00:00.000"),
        ("2026-11-01T10:00", "2026-11-01T10:00:00.000"),
        ("2026-11-01", "2026-11-01T00:00:00.000"),
        ("2026-11-01T10:00:00.9999999Z", "2026-11-01T10:00:00.999"),
        ('"2026-11-01T10:00:00,25Z"', "2026-11-01T10:00:00.250"),
        ("2026-11-01T10:00:00+02:00", "2026-11-01T08:00:00.000"),
        ("2026-11-01 10:00:00 -0530", "2026-11-01T15:30:00.000"),
        ("2026-11-01 10:00:00+00", "2026-11-01T10:00:00.000"),
        ("2026-11-01 10:00:00 UTC", "2026-11-01T10:00:00.000"),
        ("1793527200", "2026-11-01T10:00:00.000"),
        ("1793527200123", "2026-11-01T10:00:00.123"),
        ("1793527200123999", "2026-11-01T10:00:00.123"),
    ],
)
def test_a_time_can_be_written_in_these_ways(tmp_path: Path, text: str, meaning: str) -> None:
    events = read(csv_file(tmp_path, f"u1,shop.visit,{text}"))
    assert events.first.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] == meaning


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "timestamp is empty"),
        ("soon", "timestamp is not a time"),
        ("2026-02-30T10:00:00Z", "timestamp is not a time"),
        ("2026-11-01T25:00:00Z", "timestamp is not a time"),
        ("12345", "timestamp is not a time"),
        ("01/11/2026 10:00", "day and month can be read either way"),
        ("2026-11-01 10:00:00 CET", "time zone is a name"),
        ("2026-11-01 10:00:00 Europe/Zurich", "time zone is a name"),
        ("2026-11-23T12:00:01Z", "timestamp is in the future (now is 2026-11-23 12:00 UTC)"),
        ("2026-11-23T13:30:00+01:00", "timestamp is in the future"),
        ("1969-12-31T23:59:59Z", "timestamp is before 1970"),
    ],
)
def test_a_row_without_a_usable_time_is_refused_by_number_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    message = refusal(csv_file(tmp_path, ROW, f"u1,shop.visit,{text}"))
    assert "1 of 2 rows" in message
    assert "row 2: " in message
    assert reason in message


@pytest.mark.parametrize(
    ("kind", "values", "milliseconds"),
    [
        (pa.timestamp("s"), [1793527200], 1793527200000),
        (pa.timestamp("us", tz="UTC"), [1793527200123456], 1793527200123),
        (pa.timestamp("ns", tz="Europe/Zurich"), [1793527200123456789], 1793527200123),
        (pa.timestamp("us"), [1793527200123456], 1793527200123),
        (pa.int64(), [1793527200123], 1793527200123),
        (pa.date32(), [date(2026, 11, 1)], 1793491200000),
        (pa.string(), ["2026-11-01T10:00:00.5Z"], 1793527200500),
    ],
)
def test_parquet_times_of_every_kind_become_milliseconds_in_utc(
    tmp_path: Path, kind: pa.DataType, values: list[Any], milliseconds: int
) -> None:
    table = pa.table({"user_id": ["u"], "event_type": ["e"], "timestamp": pa.array(values, kind)})
    pq.write_table(table, tmp_path / "e.parquet")
    assert read(tmp_path / "e.parquet").first == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


@pytest.mark.parametrize(("kind", "value"), [(pa.float64(), 1793527200.5), (pa.time32("s"), 5), (pa.bool_(), True)])
def test_a_column_that_can_hold_no_time_is_refused_as_a_whole(tmp_path: Path, kind: pa.DataType, value: Any) -> None:
    table = pa.table({"user_id": ["u"], "event_type": ["e"], "timestamp": pa.array([value], kind)})
    pq.write_table(table, tmp_path / "e.parquet")
    assert "which is no time" in refusal(tmp_path / "e.parquet")


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("", "user_id is empty"),
        ('"   "', "user_id is empty"),
        ("u" * 1025, "user_id has more than 1024 characters"),
        ("NULL", "user_id is one that the platform blocks"),
        ("anonymous", "user_id is one that the platform blocks"),
        ('"a\tb"', "user_id holds a control character"),
    ],
)
def test_a_row_without_a_usable_user_is_refused(tmp_path: Path, user: str, reason: str) -> None:
    assert reason in refusal(csv_file(tmp_path, f"{user},shop.visit,2026-11-01", ROW))


def test_ids_are_never_trimmed_or_coerced(tmp_path: Path) -> None:
    ids = ["007", " padded ", "1.50", "1e5", "NaN", "NA", "ÜñïÇødé", "a,b", "9" * 40, "true"]
    path = csv_file(tmp_path, *[f'"{i}",e,2026-11-01' for i in ids])
    assert sorted(row["_acme"]["userId"] for row in rows_of(read(path))) == sorted(ids)


def test_whole_numbers_as_ids_are_written_out_exactly_and_floats_refused(tmp_path: Path) -> None:
    def with_ids(values: list[Any], kind: pa.DataType) -> Path:
        n = len(values)
        table = pa.table({"user_id": pa.array(values, kind), "event_type": ["e"] * n, "timestamp": ["2026-11-01"] * n})
        pq.write_table(table, tmp_path / "e.parquet")
        return tmp_path / "e.parquet"

    big = 2**63 + 5
    assert {r["_acme"]["userId"] for r in rows_of(read(with_ids([big, 7], pa.uint64())))} == {str(big), "7"}
    forty = Decimal("9" * 38)
    assert {r["_acme"]["userId"] for r in rows_of(read(with_ids([forty], pa.decimal128(38, 0))))} == {"9" * 38}
    message = refusal(with_ids([1.0], pa.float64()))
    assert "user_id has the type double" in message
    assert "Write user_id as text" in message
    categories = with_ids(["a", "b", "a"], pa.string())
    table = pq.read_table(categories)
    pq.write_table(table.set_column(0, "user_id", table["user_id"].dictionary_encode()), categories)
    assert read(categories).users == 2


def test_an_ecid_has_38_digits(tmp_path: Path) -> None:
    good, bad = "0" * 5 + "1" * 33, "1" * 37
    assert read(csv_file(tmp_path, f"{good},e,2026-11-01"), namespace="ECID").users == 1
    assert "no ECID (38 digits)" in refusal(csv_file(tmp_path, f"{bad},e,2026-11-01"), namespace="ECID")


def test_a_file_without_the_needed_columns_is_told_which(tmp_path: Path) -> None:
    message = refusal(csv_file(tmp_path, "u,e,2026-11-01", header="userId,event_type,when"))
    assert "lacks the columns user_id, timestamp" in message
    assert "it has: 'userId', 'event_type', 'when'" in message
    assert "Rename 'userId' to 'user_id'." in message


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("commerce.order.total", "commerce.order.priceTotal"),
        ("price", "_{tenant}.price"),
        ("Order Value", "_{tenant}.orderValue"),
        ("_other.price", "this organisation's namespace is _acme"),
        ("_id", "filled from user_id, event_type and timestamp"),
        ("_{tenant}.userId", "filled from user_id, event_type and timestamp"),
        ("_acme.userId", "filled from user_id, event_type and timestamp"),
        ("timestamp", "more than one column named timestamp"),
    ],
)
def test_a_column_that_is_no_xdm_path_is_refused_with_a_way_out(tmp_path: Path, header: str, part: str) -> None:
    assert part in refusal(csv_file(tmp_path, f"{ROW},1", header=f'{HEADER},"{header}"'))


def test_a_path_cannot_be_a_value_and_a_folder(tmp_path: Path) -> None:
    path = csv_file(tmp_path, f"{ROW},1,2", header=f"{HEADER},_acme.a,_acme.a.b")
    assert "is also the folder of other fields" in refusal(path)
    path = csv_file(tmp_path, f"{ROW},1,2", header=f"{HEADER},_acme.a,_{{tenant}}.a")
    assert "_acme.a in two columns" in refusal(path)


def test_types_of_own_fields_follow_the_data(tmp_path: Path) -> None:
    columns = {
        "number": ["1", "-2.5e3", ""],
        "zip": ["01234", "99999", ""],
        "card": ["1234567890123456789", "1", ""],
        "flag": ["true", "FALSE", ""],
        "day": ["2026-01-02", "2026-03-04", ""],
        "moment": ["2026-01-02T03:04:05+01:00", "2026-03-04 05:06:07", ""],
        "mixed": ["1", "two", ""],
        "nothing": ["", "", ""],
    }
    rows = [",".join([f"u{i}", "e", "2026-11-01", *(v[i] for v in columns.values())]) for i in range(3)]
    events = read(csv_file(tmp_path, *rows, header=",".join([HEADER, *(f"_{{tenant}}.{c}" for c in columns)])))
    assert dict(events.fields) == {
        "_acme.number": "double",
        "_acme.zip": "string",
        "_acme.card": "string",
        "_acme.flag": "boolean",
        "_acme.day": "date",
        "_acme.moment": "date-time",
        "_acme.mixed": "string",
        "_acme.nothing": "string",
    }
    by_user = {row["_acme"]["userId"]: row["_acme"] for row in rows_of(events)}
    assert by_user["u0"]["moment"] == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert by_user["u1"]["number"] == -2500
    assert by_user["u1"]["flag"] is False
    assert by_user["u0"]["day"] == date(2026, 1, 2)
    assert {k: v for k, v in by_user["u2"].items() if k != "userId"} == dict.fromkeys(columns)


def test_a_survey_sees_the_same_types_as_the_load(tmp_path: Path) -> None:
    header = f"{HEADER},commerce.order.priceTotal,_{{tenant}}.zip,_{{tenant}}.n"
    path = csv_file(tmp_path, f"{ROW},3,01234,1", f"{ROW},,99999,", "u,,2026-11-01,,,", header=header)
    seen = survey(path)
    assert seen.number_columns == ("commerce.order.priceTotal", "_{tenant}.n")
    assert seen.event_types == {"shop.visit": 2}
    loaded = read(path, accept_bad_rows=True)
    assert [kind for _, kind in loaded.fields] == ["double", "string", "double"]


def test_a_standard_path_prescribes_its_type(tmp_path: Path) -> None:
    header = f"{HEADER},commerce.order.priceTotal,web.webPageDetails.isHomePage,device.screenWidth"
    good = read(csv_file(tmp_path, f"{ROW},3,true,1024", header=header))
    assert dict(good.fields)["device.screenWidth"] == "integer"
    assert pq.read_schema(good.files[0]).field("device").type.field("screenWidth").type == pa.int32()
    message = refusal(csv_file(tmp_path, f"{ROW},dear,perhaps,10.5", f"{ROW},1e999,true,1", header=header))
    for reason in (
        "commerce.order.priceTotal is no number",
        "web.webPageDetails.isHomePage is no boolean",
        "device.screenWidth is no whole number",
    ):
        assert reason in message
    assert "2 x commerce.order.priceTotal" in message, "an infinite number is none"


def test_typed_columns_of_parquet_keep_their_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "user_id": ["u1", "u2"],
            "event_type": ["e", "e"],
            "timestamp": pa.array([datetime(2026, 11, 1), datetime(2026, 11, 2)], pa.timestamp("us")),
            "commerce.order.priceTotal": pa.array([Decimal("12.30"), None], pa.decimal128(10, 2)),
            "_{tenant}.n": pa.array([1, None], pa.int64()),
            "_{tenant}.missing": pa.array([1.5, float("nan")], pa.float32()),
            "_{tenant}.text": pa.array(["1", "2"]),
            "_{tenant}.flag": pa.array([True, None]),
            "_{tenant}.at": pa.array([datetime(2026, 1, 1), None], pa.timestamp("ns")),
            "device.screenWidth": pa.array([1024.0, None], pa.float64()),
            "marketing.trackingCode": pa.array([12, 13], pa.int32()),
        }
    )
    pq.write_table(table, tmp_path / "e.parquet")
    events = read(tmp_path / "e.parquet")
    assert dict(events.fields) == {
        "commerce.order.priceTotal": "double",
        "_acme.n": "double",
        "_acme.missing": "double",
        "_acme.text": "string",
        "_acme.flag": "boolean",
        "_acme.at": "date-time",
        "device.screenWidth": "integer",
        "marketing.trackingCode": "string",
    }
    first, second = rows_of(events)
    assert first["commerce"]["order"]["priceTotal"] == 12.3
    assert second["_acme"]["missing"] is None, "data frames write a missing number as NaN"
    assert first["device"]["screenWidth"] == 1024
    assert first["marketing"]["trackingCode"] == "12"
    nested = table.append_column("_{tenant}.list", pa.array([[1], [2]]))
    pq.write_table(nested, tmp_path / "e.parquet")
    assert "Write each value in a column named by its own XDM path" in refusal(tmp_path / "e.parquet")


def test_one_bad_row_refuses_the_file_and_says_everything(tmp_path: Path) -> None:
    rows = [ROW] * 30 + [",,soon"] * 25
    message = refusal(csv_file(tmp_path, *rows))
    assert "25 of 55 rows" in message
    assert "25 x event_type is empty" in message
    assert "row 31: user_id is empty; event_type is empty; timestamp is not a time" in message
    assert "row 50: " in message
    assert "row 51: " not in message
    assert "and 5 more" in message
    assert "Nothing was loaded" in message
    assert "--accept-bad-rows" in message
    complete = (tmp_path / "out" / "events.csv.rejected.csv").read_text().splitlines()
    assert complete[0] == "row,reason"
    assert len(complete) == 26
    assert not list((tmp_path / "out").glob("*.parquet"))


def test_bad_rows_can_be_accepted_and_are_listed(tmp_path: Path) -> None:
    path = csv_file(tmp_path, ROW, ",x,2026-11-01", "u2,y,2026-11-02", "u3,y,2026-11-02,too many", "u4")
    events = read(path, accept_bad_rows=True)
    assert events.rows == 2
    assert events.rejected == 3
    assert events.rejected_by_reason == {"wrong number of columns": 2, "user_id is empty": 1}
    assert events.rejects_file is not None
    listed = Path(events.rejects_file).read_text().splitlines()[1:]
    assert listed == ["2,user_id is empty", "4,wrong number of columns", "5,wrong number of columns"]
    assert "1 of 1 rows" in refusal(csv_file(tmp_path, "u1,x,never"), accept_bad_rows=True)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["u1", "u2", "", " u1", "007"]),
            st.sampled_from(["a", "b.c", ""]),
            st.sampled_from(["2026-11-01", "2026-11-01T00:00:00Z", "bad", "", "2026-12-24"]),
            st.sampled_from(["", "1", "x"]),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_every_row_is_loaded_or_listed(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]) -> None:
    folder = tmp_path_factory.mktemp("rows")
    path = csv_file(folder, *[",".join(row) for row in rows], header=f"{HEADER},_acme.note")
    good = [u and e and t not in ("bad", "", "2026-12-24") for u, e, t, _ in rows]
    if not any(good):
        assert f"{len(rows)} of {len(rows)} rows" in refusal(path, accept_bad_rows=True)
        return
    events = read(path, accept_bad_rows=True)
    assert events.rows == sum(map(bool, good))
    assert events.rows + events.rejected == len(rows)
    loaded = rows_of(events)
    assert len({row["_id"] for row in loaded}) == events.rows
    wanted = sorted((u, e) for (u, e, _, _), fine in zip(rows, good, strict=True) if fine)
    assert sorted((row["_acme"]["userId"], row["eventType"]) for row in loaded) == wanted


def test_row_numbers_stay_right_after_unreadable_rows_and_line_breaks_in_quotes(tmp_path: Path) -> None:
    path = csv_file(tmp_path, '"u\n1",a,2026-11-01', "short", "u2,b,2026-11-01", "u3,,2026-11-01")
    message = refusal(path)
    assert "row 1: user_id holds a control character" in message
    assert "row 2: wrong number of columns" in message
    assert "row 4: event_type is empty" in message
    assert "of 4 rows" in message


def test_files_that_cannot_be_read_are_refused_with_what_was_seen(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "nowhere.csv")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and then nothing")
    assert "cannot be read as Parquet" in refusal(tmp_path / "cut.parquet")
    (tmp_path / "text.parquet").write_text(f"{HEADER}\n{ROW}\n")
    assert "its first bytes are not PAR1" in refusal(tmp_path / "text.parquet")
    (tmp_path / "events.json").write_text("{}")
    assert "neither Parquet nor named .csv" in refusal(tmp_path / "events.json")
    (tmp_path / "latin.csv").write_bytes(f"{HEADER}\nM\xfcller,e,2026-11-01\n".encode("latin-1"))
    assert "UTF-8" in refusal(tmp_path / "latin.csv")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"x" * 10_000)[:-8])
    assert "cannot be unpacked" in refusal(tmp_path / "cut.csv.gz")
    assert "holds no rows" in refusal(csv_file(tmp_path))
    semicolons = csv_file(tmp_path, "u;e;2026-11-01", header="user_id;event_type;timestamp")
    assert "not separated by commas" in refusal(semicolons)
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "empty.csv" in refusal(tmp_path / "empty.csv")


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_text(f"{HEADER}\r\n{ROW}\r\n", encoding="utf-8-sig", newline="")
    assert read(path).rows == 1


def test_a_data_frames_row_numbers_are_left_out_and_reported(tmp_path: Path) -> None:
    path = csv_file(tmp_path, f"0,{ROW}", header=f",{HEADER}")
    assert read(path).left_out == ("",)


def test_three_hundred_thousand_rows_take_seconds(tmp_path: Path) -> None:
    rng, n = np.random.default_rng(0), 300_000
    times = pd.to_datetime(1_790_000_000_000 + rng.integers(0, 30 * 86_400_000, n), unit="ms")
    frame = pd.DataFrame(
        {
            "user_id": np.char.add("customer-", rng.integers(0, 30_000, n).astype(str)),
            "event_type": rng.choice(["visit", "search", "buy"], n),
            "timestamp": times.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "commerce.order.priceTotal": np.where(rng.random(n) < 0.2, rng.random(n).round(2), np.nan),
        }
    )
    frame.to_csv(tmp_path / "large.csv", index=False)
    start = time.process_time()
    events = read(tmp_path / "large.csv")
    assert events.rows == n
    assert time.process_time() - start < 20, "about two seconds when nothing else runs"
    table = pq.read_table(events.files[0])
    assert pc.count_distinct(table["_id"]).as_py() == n
    assert pc.all(pc.less_equal(table["timestamp"][:-1], table["timestamp"][1:])).as_py()


def test_the_standard_paths_have_types_that_the_registry_knows() -> None:
    assert standard_paths()["commerce.order.priceTotal"] == "double"
    assert set(standard_paths().values()) == {"string", "boolean", "integer", "double", "date-time"}


USE_CASE = UseCase(
    name="buy",
    title="Who buys",
    target_event="buy",
    horizon_days=7,
    audience=AudienceSettings(name="A", top_percent=10),
)


def test_a_history_too_short_states_the_days_needed_and_seen() -> None:
    first, last = datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 20, 21, tzinfo=UTC)
    assert required_days(USE_CASE) == 2 * 7 + 7
    with pytest.raises(DataError, match=r"21 days of events before 2026-11-21 are needed .* 20 are there") as caught:
        check_history(first, last, USE_CASE)
    assert "a horizon of at most 6 days" in str(caught.value)
    assert check_history(first - timedelta(days=1), last, USE_CASE) == date(2026, 11, 21)
    zurich = timezone(timedelta(hours=1))
    assert check_history(first - timedelta(days=1), last.astimezone(zurich), USE_CASE) == date(2026, 11, 21)


def test_an_as_of_date_beyond_the_data_is_refused() -> None:
    first, last = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 11, 20, 21, tzinfo=UTC)
    assert check_history(first, last, USE_CASE, date(2026, 11, 10)) == date(2026, 11, 10)
    with pytest.raises(DataError, match="lies after the data"):
        check_history(first, last, USE_CASE, date(2026, 11, 22))
