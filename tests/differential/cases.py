"""The files of queries.

    # title of a query
    SELECT 5/2 AS x          the query, on one or more lines
    ~ reason                 a deliberate deviation: the answers must differ, and this is why

`queries/{theme}.sql` holds one theme; the first lines, which begin with `--`, say what it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("queries")


@dataclass(frozen=True)
class Case:
    """One query of the suite.

    Attributes:
        theme: name of its file without the ending.
        reason: why the answers differ; empty where they must be equal.
    """

    theme: str
    title: str
    sql: str
    reason: str = ""

    @property
    def name(self) -> str:
        return f"{self.theme}: {self.title}"


def read_cases(folder: Path = FOLDER) -> list[Case]:
    """All cases, theme by theme.

    Raises:
        ValueError: a title without a query, or a title that occurs twice in a theme.
    """
    cases = [case for file in sorted(folder.glob("*.sql")) for case in _read(file)]
    names = [case.name for case in cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Titles must differ within a theme: {', '.join(twice)}.")
    return cases


def _read(file: Path) -> Iterator[Case]:
    title, lines, reason = "", [], ""
    for line in [*file.read_text(encoding="utf-8").splitlines(), "# "]:
        if line.startswith("# "):
            if title:
                if not lines:
                    raise ValueError(f"{file.name}: {title!r} has no query.")
                yield Case(file.stem, title, "\n".join(lines).strip().rstrip(";"), reason)
            title, lines, reason = line[2:].strip(), [], ""
        elif line.startswith("~ "):
            reason = f"{reason} {line[2:].strip()}".strip()
        elif title and line.strip():
            lines.append(line)
