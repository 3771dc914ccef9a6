"""Rows of the row groups a query opened, from the engine's profile of its scans.

The profile says how many row groups a scan opened and with which filters, not which ones. The filters are applied to
the statistics of every row group; when as many remain as were opened, these are the ones. Otherwise (a join's filter,
say) the mean size of those that remain stands for the opened ones.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

Bounds = tuple[Any, Any]


@dataclass(frozen=True)
class Group:
    """A row group: its rows, and the bounds of each column by dotted lower-case path."""

    rows: int
    bounds: dict[str, Bounds]


@dataclass(frozen=True)
class Read:
    """What a statement read: bytes from files, rows of the row groups it opened (each reference counted)."""

    bytes: int
    rows: int


def read_of(profile: str, lists: Sequence[Sequence[Path]]) -> Read:
    """What the engine's profile of a statement says.

    Args:
        lists: the lists of files the statement scans.
    """
    try:
        tree = json.loads(profile)
    except ValueError:
        return Read(0, 0)
    rows = sum(_rows(node, lists) for node in _scans(tree.get("operator", [])))
    return Read(int(tree.get("io", {}).get("total_bytes_read", 0)), rows)


def _scans(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if node.get("type") == "TABLE_SCAN" and "READ_PARQUET" in str(node.get("extra_info", {}).get("Function", "")):
            yield node
        yield from _scans(node.get("children", []))


def _rows(node: dict[str, Any], lists: Sequence[Sequence[Path]]) -> int:
    info = node["extra_info"]
    opened, total = int(node.get("row_groups_scanned", 0)), int(node.get("total_row_groups_to_scan", 0))
    if opened == 0:
        return 0
    first = str(info.get("Filename(s)", "")).split(", ")[0]
    files = next((each for each in lists if each and str(each[0]) == first), [Path(first)])
    groups = [group for file in files for group in groups_of(str(file))]
    if opened >= min(total, len(groups)):
        return sum(group.rows for group in groups)
    kept = [group.rows for group in groups if _may_match(group, info.get("Filters", []))]
    if len(kept) == opened:
        return sum(kept)
    return round(sum(kept or [0]) / max(len(kept), 1) * opened)


@lru_cache(maxsize=8192)
def groups_of(path: str) -> tuple[Group, ...]:
    """Row groups of a Parquet file; files never change, so they are read once."""
    metadata = pq.read_metadata(path)
    found = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        bounds: dict[str, Bounds] = {}
        for place in range(group.num_columns):
            column = group.column(place)
            statistics = column.statistics if column.is_stats_set else None
            if statistics is not None and statistics.has_min_max:
                bounds[column.path_in_schema.lower()] = (statistics.min, statistics.max)
        found.append(Group(group.num_rows, bounds))
    return tuple(found)


def _may_match(group: Group, filters: str | list[str]) -> bool:
    texts = [filters] if isinstance(filters, str) else filters
    return all(_possible(tree, group) for text in texts if (tree := _parsed(text)) is not None)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> exp.Expression | None:
    try:
        return sqlglot.parse_one(text.replace("optional: ", ""), dialect="duckdb")
    except SqlglotError:
        return None


_COMPARISONS: dict[type, Callable[[Any, Any, Any], bool]] = {
    exp.EQ: lambda low, high, value: low <= value <= high,
    exp.LT: lambda low, _, value: operator.lt(low, value),
    exp.LTE: lambda low, _, value: operator.le(low, value),
    exp.GT: lambda _, high, value: operator.gt(high, value),
    exp.GTE: lambda _, high, value: operator.ge(high, value),
}


def _possible(node: exp.Expression, group: Group) -> bool:
    """Whether a row of the group may satisfy the filter; true for everything that is not understood."""
    if isinstance(node, exp.Paren):
        return _possible(node.this, group)
    if isinstance(node, exp.And):
        return _possible(node.this, group) and _possible(node.expression, group)
    if isinstance(node, exp.Or):
        return _possible(node.this, group) or _possible(node.expression, group)
    if isinstance(node, exp.In):
        tests = [exp.EQ(this=node.this, expression=option) for option in node.expressions]
        return any(_possible(test, group) for test in tests)
    compare = _COMPARISONS.get(type(node))
    bounds = group.bounds.get(node.this.sql(dialect="duckdb").replace('"', "").lower()) if compare is not None else None
    if compare is None or bounds is None:
        return True
    value = _constant(node.expression)
    try:
        return value is None or compare(_comparable(bounds[0]), _comparable(bounds[1]), value)
    except TypeError:
        return True


def _constant(node: exp.Expression) -> Any:
    if isinstance(node, exp.Cast):
        text = node.this.this if isinstance(node.this, exp.Literal) else None
        if text is None:
            return None
        try:
            return _comparable(datetime.fromisoformat(str(text)))
        except ValueError:
            return None
    if isinstance(node, exp.Neg):
        inner = _constant(node.this)
        return None if inner is None else -inner
    if isinstance(node, exp.Literal):
        return node.this if node.is_string else float(node.this)
    return None


def _comparable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return float(value) if isinstance(value, Decimal) else value
