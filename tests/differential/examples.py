"""The examples of Spark's own documentation of its functions, and which of them we answer otherwise on purpose."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local_platform.query_service.compiler import generators
from local_platform.query_service.compiler.functions import names
from tests.differential.documented import OPERATORS
from tests.differential.engines import SparkEngine

_EXAMPLE = re.compile(r"^\s*>\s*(.*?);\s*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Different:
    """Examples that are answered otherwise.

    Attributes:
        sql: matches the whole example.
        compared: whether they must differ; not where chance decides, or where a value cannot be compared.
    """

    sql: str
    reason: str
    compared: bool = True


DIFFERENT = (
    Different(
        r"SELECT a, b, \w*rank\(b\) OVER .*", "rank, dense_rank and percent_rank take no argument, which Spark ignores."
    ),
    Different(r".*\bINTERVAL\b.*", "Intervals have no sign, no absolute value and no percentile here.", compared=False),
    Different(r"SELECT make_ym_interval\(.*\)", "Arrow has no type for intervals of months.", compared=False),
    Different(r"SELECT .*named_struct\(.*", "named_struct is not among Query Service's functions: struct(1 AS a) is."),
    Different(r"SELECT MOD\(.*\)", "mod is not among Query Service's functions: % is."),
    Different(r"SELECT 2 > 1\.1|SELECT 2L / 2L", "Only the column's name differs: Spark prints numbers it has cast."),
    Different(r"SELECT .*collection => .*", "Arguments have no names: the documentation has none."),
    Different(r"SELECT \* FROM posexplode.*", "FROM takes no functions; LATERAL VIEW and the select list do."),
    Different(r"SELECT substr\(.* FROM .*\)", "substr has no FROM; substring has."),
    Different(
        r"SELECT hex\([lr]pad\(unhex\('aabb'\), 5\)\)", "The column's name is that of a text padded with blanks."
    ),
    Different(
        r"SELECT zip_with\(.*\(y, x\)\)", "Only the column's name differs: fields of a lambda's struct are col1, col2."
    ),
    Different(r"SELECT array_sort\(array\('b', .*", "Only the column's name differs: Spark prints its own comparison."),
    Different(r"SELECT current_database\(\)", "The database is the connection's, `all`."),
    Different(
        r"SELECT (now|uuid|rand|randn|random|shuffle|current_timestamp|collect_set)\b.*",
        "The time, chance, and an order that is not defined.",
        compared=False,
    ),
)


def examples(spark: SparkEngine) -> dict[str, list[str]]:
    """SQL of the examples, by function, of those functions that Query Service has."""
    known = {*names(), *generators.NAMES, *OPERATORS}
    listed = spark.session._jvm.org.apache.spark.sql.api.python.PythonSQLUtils.listBuiltinFunctionInfos()
    return {
        info.getName(): [" ".join(example.split()) for example in _EXAMPLE.findall(info.getExamples())]
        for info in listed
        if info.getName().lower() in known
    }


def different(sql: str) -> Different | None:
    """What is said of an example that differs; None where it must be equal."""
    return next((each for each in DIFFERENT if re.fullmatch(each.sql, sql, re.IGNORECASE)), None)
