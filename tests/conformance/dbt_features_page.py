"""Writes dbt_project/DBT_FEATURES.md: what of dbt works on Query Service, and the service's reasons against the rest.

Run `python -m tests.conformance.dbt_features_page` after a change of `dbt_features.yml`; a test keeps the page in step.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LIST: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("dbt_features.yml").read_text(encoding="utf-8"))
PAGE = Path(__file__).parents[2] / "dbt_project" / "DBT_FEATURES.md"
_HEAD = """\
# What of dbt works on Query Service

dbt speaks to Query Service as to PostgreSQL; the macros in `macros/query_service` teach it what is documented there.
dbt's own conformance classes for adapters (dbt-tests-adapter) run through them against the local Query Service. This
page is made from `tests/conformance/dbt_features.yml`; do not edit it.

| feature | works | note |
|---|---|---|
"""
_REASONS = """
## What stands against the rest

The conformance classes that do not pass, by the statement that they need. The tests send each statement and expect
this answer.

| statement | answer | why | classes |
|---|---|---|---|
"""


def page() -> str:
    """The page's text."""
    lines = [_HEAD + "\n".join(_row(each["name"], each["works"], each["note"]) for each in LIST["features"])]
    lines.append(_REASONS + "\n".join(_row(*_reason(group)) for group in LIST["groups"]))
    return "\n".join(lines) + "\n"


def _reason(group: dict[str, Any]) -> tuple[str, str, str, str]:
    classes = ", ".join(sorted({name.rsplit(".", 1)[1] for name in group["classes"]}))
    if "missing_option" in group:
        return f"`dbt {group['missing_option']}`", "no such option", group["why"], classes
    answer = f"{group['sqlstate']} {group['answer']}" if "sqlstate" in group else f"gives {group['gives'] or 'NULL'}"
    return f"`{group['statement']}`", answer, group["why"], classes


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
