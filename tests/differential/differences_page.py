"""Writes local_platform/DIFFERENCES_spark.md: the queries whose answers differ from Spark's on purpose, with reasons.

Run `python -m tests.differential.differences_page` after a change; a test keeps the page in step with the queries.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from tests.differential.cases import read_cases
from tests.differential.examples import DIFFERENT

PAGE = Path(__file__).parents[2] / "local_platform" / "DIFFERENCES_spark.md"
_HEAD = """\
# Differences from Apache Spark

Query Service runs Spark SQL, so the local one is compared with Apache Spark 3.5 (ANSI mode off, session in UTC),
query by query, in `tests/differential`. These queries have another answer here than there, on purpose. Each is run on
both by the tests, which fail when a difference listed here is gone. So are the examples of Spark's own documentation of
those functions that Query Service has. This page is made from the queries; do not edit it.
"""


def page() -> str:
    """The page's text."""
    lines = [_HEAD]
    listed = [case for case in read_cases() if case.reason]
    for theme, cases in groupby(listed, key=lambda case: case.theme):
        lines += [f"## {theme.replace('_', ' ').capitalize()}", "", "| query | why |", "|---|---|"]
        for case in cases:
            sql = " ".join(case.sql.split()).replace("|", "\\|")
            lines.append(f"| `{sql}` | {case.reason} |")
        lines.append("")
    lines += ["## Examples of Spark's documentation", "", "| examples (a pattern) | why |", "|---|---|"]
    lines += ["| `{}` | {} |".format(each.sql.replace("|", "\\|"), each.reason) for each in DIFFERENT]
    lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
