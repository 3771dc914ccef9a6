"""Random queries that both engines must answer alike: typed expressions over the suite's tables, from a seed.

What is left out is left out because no answer is promised: sums of doubles of very different size, the order of
collected rows, random numbers, the current time, results that overflow a date.
"""

from __future__ import annotations

import random
from collections.abc import Callable

# Columns by table and kind; `money` is any decimal.
_COLUMNS: dict[str, dict[str, list[str]]] = {
    "numbers": {
        "int": ["id", "i", "s", "b"],
        "bigint": ["l"],
        "double": ["d", "f"],
        "money": ["m", "w"],
        "text": ["g"],
        "truth": ["ok"],
    },
    "words": {"int": ["id"], "text": ["t", "u", "n"]},
    "times": {"int": ["id"], "bigint": ["secs"], "date": ["day"], "time": ["at"], "text": ["zone", "t"]},
    "nested": {"int": ["id", "st.x"], "text": ["st.y", "st.z.q"], "double": ["st.z.p"], "list": ["a"], "words": ["ws"]},
    "orders": {"int": ["id", "customer", "units"], "money": ["amount"], "time": ["at"], "text": ["channel"]},
    "visits": {"int": ["id", "n"], "double": ["score"], "text": ["user", "kind"], "time": ["at"]},
}
_LITERALS: dict[str, list[str]] = {
    "int": ["0", "1", "-7", "42", "2147483647", "CAST(NULL AS int)"],
    "bigint": ["10L", "-3L", "9223372036854775807", "CAST(5 AS bigint)"],
    "double": ["0.5D", "-2.25D", "1e10", "0D", "CAST('NaN' AS double)"],
    "money": ["1.5", "-0.25", "100.00", "0.001", "CAST(7 AS decimal(12,4))"],
    "text": ["'abc'", "''", "' x '", "'12'", "'Größe'", "'a,b'", "NULL"],
    "truth": ["true", "false", "(1 = 2)"],
    "date": ["DATE '2023-06-07'", "DATE '2024-02-29'", "DATE '1969-12-31'"],
    "time": ["TIMESTAMP '2023-06-07 10:20:30'", "TIMESTAMP '2023-12-31 23:59:59.999'"],
    "list": ["array(1, 2, 3)", "array(5, NULL)", "CAST(array() AS array<int>)"],
    "words": ["array('x', 'y')", "split('a,b,c', ',')"],
}
# What makes a kind: a template with the kinds of its holes.
_FORMS: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "int": [
        ("({} + {})", ("int", "int")),
        ("({} - {})", ("int", "int")),
        ("({} * {})", ("int", "int")),
        ("({} % {})", ("int", "int")),
        ("(-{})", ("int",)),
        ("abs({})", ("int",)),
        ("pmod({}, 7)", ("int",)),
        ("length({})", ("text",)),
        ("instr({}, {})", ("text", "text")),
        ("locate({}, {})", ("text", "text")),
        ("ascii({})", ("text",)),
        ("levenshtein({}, {})", ("text", "text")),
        ("year({})", ("date",)),
        ("month({})", ("time",)),
        ("dayofweek({})", ("date",)),
        ("weekofyear({})", ("date",)),
        ("hour({})", ("time",)),
        ("datediff({}, {})", ("date", "date")),
        ("size({})", ("list",)),
        ("size({})", ("words",)),
        ("element_at({}, 1)", ("list",)),
        ("{}[1]", ("list",)),
        ("array_max({})", ("list",)),
        ("CASE WHEN {} THEN {} ELSE {} END", ("truth", "int", "int")),
        ("coalesce({}, {})", ("int", "int")),
        ("greatest({}, {}, 3)", ("int", "int")),
        ("least({}, {})", ("int", "int")),
        ("nullif({}, {})", ("int", "int")),
        ("if({}, {}, 0)", ("truth", "int")),
        ("CAST({} AS int)", ("text",)),
        ("CAST({} AS int)", ("double",)),
        ("CAST({} AS int)", ("bigint",)),
        ("CAST({} AS smallint)", ("int",)),
        ("CAST({} AS int)", ("money",)),
        ("({} & {})", ("int", "int")),
        ("shiftleft({}, 3)", ("int",)),
        ("aggregate(filter({}, x -> x IS NOT NULL), 0, (s, x) -> s + x)", ("list",)),
        ("find_in_set({}, 'a,b,abc')", ("text",)),
        ("sign({})", ("int",)),
        ("round({}, -1)", ("int",)),
        ("hash({}, {})", ("text", "int")),
    ],
    "bigint": [
        ("({} + {})", ("bigint", "int")),
        ("({} * {})", ("bigint", "bigint")),
        ("({} div {})", ("int", "int")),
        ("({} div {})", ("bigint", "bigint")),
        ("CAST({} AS bigint)", ("double",)),
        ("CAST({} AS bigint)", ("time",)),
        ("unix_timestamp({})", ("time",)),
        ("floor({})", ("double",)),
        ("ceil({})", ("double",)),
        ("shiftright({}, 2)", ("bigint",)),
        ("array_position({}, 2)", ("list",)),
        ("coalesce({}, {})", ("bigint", "int")),
        ("crc32({})", ("text",)),
    ],
    "double": [
        ("({} / {})", ("int", "int")),
        ("({} + {})", ("double", "int")),
        ("({} * {})", ("double", "double")),
        ("({} - {})", ("double", "money")),
        ("sqrt(abs({}))", ("int",)),
        ("CAST({} AS double)", ("money",)),
        ("CAST({} AS double)", ("text",)),
        ("round({}, 2)", ("double",)),
        ("nanvl({}, 0)", ("double",)),
        ("CASE WHEN {} THEN {} END", ("truth", "double")),
        ("months_between({}, {})", ("date", "date")),
        ("greatest({}, {})", ("double", "double")),
    ],
    "money": [
        ("({} + {})", ("money", "money")),
        ("({} - {})", ("money", "int")),
        ("({} * {})", ("money", "money")),
        ("({} / {})", ("money", "money")),
        ("({} % {})", ("money", "money")),
        ("round({}, 1)", ("money",)),
        ("abs({})", ("money",)),
        ("CAST({} AS decimal(12,3))", ("int",)),
        ("CAST({} AS decimal(8,1))", ("money",)),
        ("coalesce({}, {})", ("money", "money")),
    ],
    "text": [
        ("concat({}, {})", ("text", "text")),
        ("({} || {})", ("text", "int")),
        ("upper({})", ("text",)),
        ("lower({})", ("text",)),
        ("initcap({})", ("text",)),
        ("trim({})", ("text",)),
        ("substring({}, {}, 3)", ("text", "small")),
        ("left({}, 3)", ("text",)),
        ("lpad({}, 7, '*')", ("text",)),
        ("rpad({}, 4, 'ab')", ("text",)),
        ("replace({}, 'a', 'Z')", ("text",)),
        ("translate({}, 'abc', 'xy')", ("text",)),
        ("reverse({})", ("text",)),
        ("repeat({}, 2)", ("text",)),
        ("substring_index({}, ',', 1)", ("text",)),
        ("regexp_replace({}, '[0-9]+', '#')", ("text",)),
        ("regexp_extract({}, '([a-z]+)', 1)", ("text",)),
        ("CAST({} AS string)", ("int",)),
        ("CAST({} AS string)", ("double",)),
        ("CAST({} AS string)", ("money",)),
        ("CAST({} AS string)", ("date",)),
        ("CAST({} AS string)", ("time",)),
        ("CAST({} AS string)", ("truth",)),
        ("CAST({} AS string)", ("list",)),
        ("date_format({}, 'yyyy-MM-dd HH:mm')", ("time",)),
        ("coalesce({}, {})", ("text", "text")),
        ("CASE {} WHEN 1 THEN {} ELSE 'other' END", ("int", "text")),
        ("array_join({}, '-')", ("words",)),
        ("concat_ws('/', {}, {})", ("text", "text")),
        ("md5({})", ("text",)),
        ("hex({})", ("int",)),
        ("element_at({}, -1)", ("words",)),
        ("to_json(struct({} AS a, {} AS b))", ("int", "text")),
        ('get_json_object(\'{{"a": [1, {{"b": "x"}}]}}\', \'$.a[1].b\')', ()),
        ("nvl2({}, 'yes', {})", ("int", "text")),
        ("soundex({})", ("text",)),
        ("base64(encode({}, 'utf-8'))", ("text",)),
    ],
    "truth": [
        ("({} = {})", ("int", "int")),
        ("({} < {})", ("double", "int")),
        ("({} >= {})", ("text", "text")),
        ("({} <=> {})", ("int", "int")),
        ("({} <> {})", ("money", "int")),
        ("({} > {})", ("date", "date")),
        ("({} <= {})", ("time", "date")),
        ("({} AND {})", ("truth", "truth")),
        ("({} OR {})", ("truth", "truth")),
        ("(NOT {})", ("truth",)),
        ("({} IS NULL)", ("int",)),
        ("({} IS NOT NULL)", ("text",)),
        ("({} LIKE '%a%')", ("text",)),
        ("({} NOT LIKE '_b%')", ("text",)),
        ("({} RLIKE '[a-c]+')", ("text",)),
        ("({} IN (1, 2, {}))", ("int", "int")),
        ("({} NOT IN ('abc', {}))", ("text", "text")),
        ("({} BETWEEN {} AND 10)", ("int", "int")),
        ("array_contains({}, 1)", ("list",)),
        ("exists({}, x -> x > 2)", ("list",)),
        ("arrays_overlap({}, {})", ("list", "list")),
        ("({} = {})", ("list", "list")),
        ("({} < {})", ("list", "list")),
        ("isnan({})", ("double",)),
    ],
    "date": [
        ("date_add({}, {})", ("date", "small")),
        ("date_sub({}, 3)", ("date",)),
        ("add_months({}, {})", ("date", "small")),
        ("last_day({})", ("date",)),
        ("trunc({}, 'month')", ("date",)),
        ("to_date({})", ("time",)),
        ("CAST({} AS date)", ("text",)),
        ("next_day({}, 'TU')", ("date",)),
        ("coalesce({}, {})", ("date", "date")),
        ("({} + INTERVAL 1 MONTH)", ("date",)),
    ],
    "time": [
        ("date_trunc('hour', {})", ("time",)),
        ("date_trunc('week', {})", ("time",)),
        ("({} + INTERVAL 90 MINUTES)", ("time",)),
        ("({} - INTERVAL 1 MONTH)", ("time",)),
        ("CAST({} AS timestamp)", ("date",)),
        ("CAST({} AS timestamp)", ("text",)),
        ("from_utc_timestamp({}, 'America/New_York')", ("time",)),
        ("to_utc_timestamp({}, 'Asia/Kolkata')", ("time",)),
        ("greatest({}, {})", ("time", "time")),
    ],
    "list": [
        ("transform({}, x -> x + 1)", ("list",)),
        ("filter({}, x -> x > 1)", ("list",)),
        ("sort_array({})", ("list",)),
        ("array_distinct({})", ("list",)),
        ("array_union({}, {})", ("list", "list")),
        ("array_except({}, {})", ("list", "list")),
        ("array_intersect({}, {})", ("list", "list")),
        ("slice({}, 1, 2)", ("list",)),
        ("reverse({})", ("list",)),
        ("concat({}, {})", ("list", "list")),
        ("array_remove({}, 1)", ("list",)),
        ("array({}, {})", ("int", "int")),
    ],
    "words": [
        ("split({}, ',')", ("text",)),
        ("transform({}, w -> upper(w))", ("words",)),
        ("array({}, {})", ("text", "text")),
        ("array_sort({})", ("words",)),
    ],
    "small": [("{}", ("digit",))],
}
_AGGREGATES = [
    ("count({})", "any"),
    ("count(DISTINCT {})", "any"),
    ("sum({})", "int"),
    ("sum({})", "money"),
    ("avg({})", "int"),
    ("min({})", "any"),
    ("max({})", "any"),
    ("avg({})", "money"),
    ("sort_array(collect_list({}))", "int"),
    ("sort_array(collect_set({}))", "text"),
    ("percentile({}, 0.5)", "int"),
]
_WINDOWS = [
    "row_number() OVER (PARTITION BY {key} ORDER BY id)",
    "sum({int}) OVER (PARTITION BY {key} ORDER BY id)",
    "lag({any}) OVER (ORDER BY id)",
    "first({any}, true) OVER (PARTITION BY {key} ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
    "count({any}) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)",
    "max({int}) OVER (PARTITION BY {key})",
    "dense_rank() OVER (ORDER BY {int})",
]
_KINDS = ("int", "bigint", "double", "money", "text", "truth", "date", "time", "list", "words")


def query(seed: int) -> str:
    """One query; the same for the same seed."""
    return _Maker(random.Random(seed)).query()


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.table = rng.choice(list(_COLUMNS))
        self.depth = rng.choice((1, 2, 2, 3))

    def query(self) -> str:
        forms: list[Callable[[], str]] = [self._rows, self._rows, self._rows, self._groups, self._windows]
        return self.rng.choice(forms)()

    def _rows(self) -> str:
        selected = ", ".join(f"{self._any()} AS c{place}" for place in range(self.rng.randint(1, 4)))
        return f"SELECT id, {selected} FROM {self.table}{self._where()} ORDER BY id"

    def _groups(self) -> str:
        parts = []
        for place in range(self.rng.randint(1, 3)):
            template, kind = self.rng.choice(_AGGREGATES)
            parts.append(f"{template.format(self._any() if kind == 'any' else self.expression(kind))} AS c{place}")
        key = self.expression(self.rng.choice(("text", "truth", "int")), 1)
        return f"SELECT {key} AS k, {', '.join(parts)} FROM {self.table}{self._where()} GROUP BY {key}"

    def _windows(self) -> str:
        parts = []
        for place in range(self.rng.randint(1, 2)):
            template = self.rng.choice(_WINDOWS)
            filled = template.format(key=self.expression("text", 1), int=self.expression("int", 1), any=self._any())
            parts.append(f"{filled} AS c{place}")
        return f"SELECT id, {', '.join(parts)} FROM {self.table}{self._where()} ORDER BY id"

    def _where(self) -> str:
        return f" WHERE {self.expression('truth')}" if self.rng.random() < 0.4 else ""

    def _any(self) -> str:
        return self.expression(self.rng.choice(_KINDS))

    def expression(self, kind: str, depth: int | None = None) -> str:
        """An expression of a kind, at most so many calls deep."""
        depth = self.depth if depth is None else depth
        if kind in ("digit", "small"):
            return str(self.rng.randint(-3, 5))
        if depth == 0 or self.rng.random() < 0.15:
            columns = _COLUMNS[self.table].get(kind, [])
            return self.rng.choice(columns if columns and self.rng.random() < 0.8 else _LITERALS[kind])
        template, kinds = self.rng.choice(_FORMS[kind])
        return template.format(*(self.expression(each, depth - 1) for each in kinds))
