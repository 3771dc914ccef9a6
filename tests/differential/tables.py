"""The tables of the differential suite: small, and full of what engines disagree about."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

INSTANT = pa.timestamp("us", tz="UTC")


def tables() -> dict[str, pa.Table]:
    """Every table by name."""
    return {
        "numbers": _numbers(),
        "words": _words(),
        "times": _times(),
        "nested": _nested(),
        "documents": _documents(),
        "customers": _customers(),
        "orders": _orders(),
        "visits": _visits(),
    }


def _table(schema: dict[str, pa.DataType], rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    return pa.table(
        {name: pa.array(list(values), type) for (name, type), values in zip(schema.items(), columns, strict=True)}
    )


def _numbers() -> pa.Table:
    nan, inf = float("nan"), float("inf")
    return _table(
        {
            "id": pa.int32(),
            "b": pa.int8(),
            "s": pa.int16(),
            "i": pa.int32(),
            "l": pa.int64(),
            "f": pa.float32(),
            "d": pa.float64(),
            "m": pa.decimal128(10, 2),
            "w": pa.decimal128(38, 6),
            "ok": pa.bool_(),
            "g": pa.string(),
        },
        [
            (1, 1, 10, 100, 1000, 1.5, 2.25, Decimal("12.34"), Decimal("1.500000"), True, "a"),
            (2, -7, -7, -7, -7, -2.5, -0.5, Decimal("-0.05"), Decimal("-2.250000"), False, "a"),
            (3, None, None, None, None, None, None, None, None, None, None),
            (4, 127, 32767, 2147483647, 9223372036854775807, 0.1, 0.1, Decimal("99999999.99"), Decimal("0"), True, "b"),
            (
                5,
                -128,
                -32768,
                -2147483648,
                -9223372036854775808,
                -0.0,
                -0.0,
                Decimal("-99999999.99"),
                Decimal("123456789012.345678"),
                False,
                "b",
            ),
            (6, 0, 0, 0, 0, 0.0, 0.0, Decimal("0.00"), Decimal("0.000001"), None, "b"),
            (7, 5, 3, 2, 4, nan, nan, Decimal("2.50"), Decimal("2.500000"), True, "c"),
            (8, 5, 3, 2, 4, inf, inf, Decimal("3.50"), Decimal("-3.500000"), False, "c"),
            (9, 3, 2, 7, 8, -inf, -inf, Decimal("1.00"), Decimal("7.000000"), True, None),
            (10, 42, 42, 42, 42, 1e10, 1e-7, Decimal("100.10"), Decimal("42.424242"), None, "d"),
        ],
    )


def _words() -> pa.Table:
    return _table(
        {"id": pa.int32(), "t": pa.string(), "u": pa.string(), "n": pa.string(), "raw": pa.binary()},
        [
            (1, "Hello World", "hello", "42", b"hello"),
            (2, "", "a", " 7 ", b""),
            (3, None, "b", None, None),
            (4, "ünïcödé straße", "ß", "3.7", "ä".encode()),
            (5, "a,b,,c", ",", "-12", b"\x00\xff"),
            (6, "  padded  ", " ", "1e3", b"  "),
            (7, "foo123bar456", "bar", "abc", b"foo"),
            (8, "50% off_now", "%", "true", b"50"),
            (9, "tab\there\nline", "\n", "9999999999", b"tab"),
            (10, "漢字かな", "字", "NaN", "漢".encode()),
            (11, "O'Reilly \\ path", "'", "", b"\\"),
            (12, "aaa", "aa", "2147483648", b"aaa"),
        ],
    )


def _times() -> pa.Table:
    return _table(
        {
            "id": pa.int32(),
            "day": pa.date32(),
            "at": INSTANT,
            "zone": pa.string(),
            "t": pa.string(),
            "secs": pa.int64(),
        },
        [
            (1, date(2023, 6, 7), datetime(2023, 6, 7, 10, 20, 30, 123000), "UTC", "2023-06-07 10:20:30", 1686133230),
            (2, date(2024, 2, 29), datetime(2024, 2, 29, 23, 59, 59, 999999), "America/New_York", "2024-02-29", 0),
            (3, None, None, None, None, None),
            (4, date(1970, 1, 1), datetime(1970, 1, 1), "Europe/Berlin", "1970-01-01T00:00:00Z", -1),
            (5, date(1969, 12, 31), datetime(1969, 12, 31, 23, 59, 59, 500000), "Asia/Seoul", "1969-12-31 1:2", -86400),
            (6, date(2023, 3, 26), datetime(2023, 3, 26, 1, 30), "Europe/Berlin", "2023-3-26", 1679790600),
            (7, date(2023, 10, 29), datetime(2023, 10, 29, 0, 30), "Europe/Berlin", "29/10/2023", 1698539400),
            (8, date(2023, 1, 31), datetime(2023, 1, 31, 12), "Asia/Kolkata", "2023-01-31 12:00:00+05:30", 1675166400),
            (9, date(2020, 12, 31), datetime(2020, 12, 31, 6, 0, 0, 1), "-08:00", "2020-12-31 06:00:00.000001", 99),
            (10, date(2023, 1, 1), datetime(2023, 1, 1), "Australia/Sydney", "2023", 1672531200),
        ],
    )


def _nested() -> pa.Table:
    inner = pa.struct([("p", pa.float64()), ("q", pa.string())])
    record = pa.struct([("x", pa.int32()), ("y", pa.string()), ("z", inner)])
    item = pa.struct([("sku", pa.string()), ("qty", pa.int32()), ("price", pa.decimal128(8, 2))])
    return _table(
        {
            "id": pa.int32(),
            "a": pa.list_(pa.int32()),
            "ws": pa.list_(pa.string()),
            "aa": pa.list_(pa.list_(pa.int32())),
            "m": pa.map_(pa.string(), pa.int32()),
            "st": record,
            "items": pa.list_(item),
            "ds": pa.list_(pa.float64()),
        },
        [
            (
                1,
                [3, 1, 2],
                ["b", "a", "c"],
                [[1, 2], [3]],
                [("k", 1), ("j", 2)],
                {"x": 1, "y": "one", "z": {"p": 1.5, "q": "q1"}},
                [{"sku": "A", "qty": 2, "price": Decimal("9.99")}, {"sku": "B", "qty": None, "price": Decimal("1.00")}],
                [1.0, 2.5],
            ),
            (2, [], [], [], [], {"x": None, "y": None, "z": None}, [], []),
            (3, None, None, None, None, None, None, None),
            (
                4,
                [1, None, 3, None, 1],
                ["x", None, "x", ""],
                [[None], None, []],
                [("k", None), ("z", 26)],
                {"x": -5, "y": "", "z": {"p": None, "q": "q4"}},
                [None, {"sku": "C", "qty": 1, "price": None}],
                [float("nan"), None, -0.0],
            ),
            (
                5,
                [7],
                ["solo"],
                [[5, 5], [5]],
                [("only", 7)],
                {"x": 1, "y": "one", "z": {"p": 2.5, "q": None}},
                [{"sku": None, "qty": 5, "price": Decimal("0.10")}],
                [0.1],
            ),
            (
                6,
                [2, 2, 2, 1],
                ["b", "B", "b"],
                [[4]],
                [("a", 1), ("b", 1), ("c", 3)],
                {"x": 10, "y": "ten", "z": {"p": 0.0, "q": "q6"}},
                [
                    {"sku": "A", "qty": 1, "price": Decimal("5.00")},
                    {"sku": "A", "qty": 3, "price": Decimal("4.50")},
                    {"sku": "D", "qty": 0, "price": Decimal("0.00")},
                ],
                [3.5, 3.5, float("inf")],
            ),
        ],
    )


def _documents() -> pa.Table:
    return _table(
        {"id": pa.int32(), "j": pa.string(), "url": pa.string(), "kv": pa.string()},
        [
            (
                1,
                '{"a": 1, "b": {"c": [10, 20, {"d": "x"}]}, "s": "text", "n": null, "f": 1.5, "t": true}',
                "https://user:pw@example.com:8080/path/to?a=1&b=two&empty=#frag",
                "a:1,b:2",
            ),
            (2, '[1, 2, {"k": "v"}]', "http://example.com", "a=1;b=2"),
            (3, None, None, None),
            (4, "not json", "not a url", ""),
            (5, "{}", "ftp://files.example.org/x/y.txt", "a"),
            (6, '{"a": "1", "b": {}, "s": "with \\"quotes\\" and \\u00e4", "f": 2}', "http://h/p?q=a%20b&q=c", "k:"),
            (7, '{"a": 12345678901234567890, "b": [], "dotted.name": 5, "f": -1e3}', "https://ex.com/a;b?x=1", ":v"),
            (8, '{"items": [{"p": 1, "q": "u"}, {"p": 2}, {"q": "w"}]}', "mailto:me@example.com", "a:1,a:2"),
        ],
    )


def _customers() -> pa.Table:
    return _table(
        {"id": pa.int32(), "name": pa.string(), "city": pa.string(), "since": pa.date32(), "parent": pa.int32()},
        [
            (1, "Ann", "Berlin", date(2020, 1, 1), None),
            (2, "Bob", "Paris", date(2021, 6, 15), 1),
            (3, "Cid", None, None, 1),
            (4, None, "Berlin", date(2019, 3, 3), 2),
            (5, "Eve", "Rome", date(2022, 12, 31), None),
            (6, "ann", "Paris", date(2020, 1, 1), 5),
        ],
    )


def _orders() -> pa.Table:
    cents = ["10.00", "20.50", "5.25", "10.00", "0.99", "300.00", "7.77", "12.00", "88.80", "1.01", "64.00", "2.50"]
    rows: list[tuple[Any, ...]] = []
    for number, amount in enumerate(cents, start=1):
        rows.append(
            (
                number,
                [1, 2, 2, 1, 5, None, 6, 9, 1, 2, 5, 5][number - 1],
                None if number == 8 else Decimal(amount),
                datetime(2023, 5, 1, 8) + timedelta(hours=7 * number, minutes=number % 3 * 15),
                ["web", "shop", "web", None, "app", "web", "app", "shop", "web", "web", "shop", "app"][number - 1],
                [3, 1, 2, 3, 7, None, 1, 1, 4, 2, 2, 5][number - 1],
            )
        )
    return _table(
        {
            "id": pa.int32(),
            "customer": pa.int32(),
            "amount": pa.decimal128(10, 2),
            "at": INSTANT,
            "channel": pa.string(),
            "units": pa.int32(),
        },
        rows,
    )


def _visits() -> pa.Table:
    """Sixty events of seven users, with ties in time and NULL keys."""
    rows: list[tuple[Any, ...]] = []
    kinds = ["view", "click", "buy", "mail", None]
    for number in range(60):
        rows.append(
            (
                number,
                None if number % 17 == 0 else f"u{number * 7 % 7}",
                kinds[number * 11 % 5],
                datetime(2023, 1, 30) + timedelta(minutes=number * number * 13 % 5003, seconds=number % 4 * 20),
                None if number % 9 == 0 else (number * 37 % 101) / 4,
                number * 29 % 13 - 3,
            )
        )
    return _table(
        {
            "id": pa.int32(),
            "user": pa.string(),
            "kind": pa.string(),
            "at": INSTANT,
            "score": pa.float64(),
            "n": pa.int32(),
        },
        rows,
    )
