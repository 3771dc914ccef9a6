"""A pytest plugin: one line of JSON for each test of a conformance class, written as soon as it is over.

The line has `name` (module.Class), `passed`, and `text`: the assertion and what dbt printed, where the test failed.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

OUTCOMES = "DBT_CLASSES_OUTCOMES"
_COLOUR = re.compile(r"\x1b\[\d*m")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Called by pytest after set-up, call and tear-down of each test."""
    if report.passed and report.when != "call":
        return
    name = report.nodeid.split("::")[1].removeprefix("Test ")
    text = "" if report.passed else _COLOUR.sub("", f"{report.longreprtext}\n{report.capstdout}")
    line = {"name": name, "passed": report.passed or report.skipped, "text": text}
    with Path(os.environ[OUTCOMES]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
