"""dbt in the foreground: its output as it comes, except that a refused access token is one line, and names are bare."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

REFUSED = ("28P01", "password authentication failed", "invalid password", "Invalid authentication token")
"""What Query Service and libpq say when the token is not accepted."""
ONE_LINE = "Query Service refused the access token: it has expired. Run the command again, which fetches a new one."
_THREE_PARTS = re.compile(r"\b[\w-]+:\w+\.\w+\.(?=\w)")
"""What dbt puts before a table's name where no macro is asked: `dev:all.dev.`, which Query Service cannot read."""
_MAY_BE_AN_ERROR = "Encountered an error"


def pass_on(command: Sequence[str], folder: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Run dbt, hand every line to `say`, and return its exit status.

    From `Encountered an error` on, lines are held back until dbt ends: when they are about the access token, one line
    that says so takes their place.
    """
    held: list[str] = []
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            line = _THREE_PARTS.sub("", line)
            if held or _MAY_BE_AN_ERROR in line:
                held.append(line.rstrip("\n"))
            else:
                say(line.rstrip("\n"))
    if any(word.lower() in line.lower() for word in REFUSED for line in held):
        held = [ONE_LINE]
    for line in held:
        say(line)
    return process.returncode
