"""Reading the case files.

    # title of a case
    SELECT 5/2 AS x          one statement, or several separated by a line with a semicolon alone; the last is judged
    => 2.5                   an expected row, values separated by ` | `; several lines are several rows, in order
    => (no rows)             no row
    => {ok}                  the statement succeeds; rows are not looked at
    !! 42P01 not found       it fails with this SQLSTATE and a message that contains the text (in any case)
    ?? 7                     a probe: what the server answers is printed beside open question 7

NULL, {empty} and {blank} stand for NULL, the empty text and a blank. `{p}` in SQL becomes a prefix of the run's own, so
that nothing of the sandbox is touched. A line `@batch` marks a case that writes (Data Distiller), `@aside` one that
runs in a session of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).with_name("cases")


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        file: name of its file without the ending.
        rows: expected rows as text; None when rows are not judged.
        sqlstate: expected error; empty when none is.
        fragment: what its message contains.
        question: number of the open question a probe belongs to; 0 for ordinary cases.
        writes: needs CTAS or INSERT.
    """

    file: str
    title: str
    statements: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] | None = None
    sqlstate: str = ""
    fragment: str = ""
    question: int = 0
    writes: bool = False
    aside: bool = False

    @property
    def name(self) -> str:
        return f"{self.file}: {self.title}"


@dataclass
class _Draft:
    title: str
    lines: list[str] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    expected: bool = False
    loose: bool = False
    sqlstate: str = ""
    fragment: str = ""
    question: int = 0
    writes: bool = False
    aside: bool = False


def read_cases(folder: Path = FOLDER) -> list[Case]:
    """All cases, file by file.

    Raises:
        ValueError: a case without SQL or without an expectation.
    """
    return [case for file in sorted(folder.glob("*.case")) for case in _read(file)]


def _read(file: Path) -> Iterator[Case]:
    draft: _Draft | None = None
    for line in [*file.read_text().splitlines(), "# the end"]:
        if line.startswith("# "):
            if draft is not None and draft.lines:
                yield _case(file.stem, draft)
            draft = _Draft(line[2:].strip())
        elif draft is not None and line.strip():
            _take(draft, line)


def _take(draft: _Draft, line: str) -> None:
    if line.startswith("=> "):
        draft.expected = True
        if line.strip() == "=> {ok}":
            draft.loose = True
        elif line.strip() != "=> (no rows)":
            draft.rows.append(tuple(_value(part) for part in line[3:].split(" | ")))
    elif line.startswith("!! "):
        draft.expected = True
        draft.sqlstate, _, draft.fragment = line[3:].strip().partition(" ")
    elif line.startswith("?? "):
        draft.expected = True
        draft.question = int(line[3:].split()[0])
    elif line.strip() == "@batch":
        draft.writes = True
    elif line.strip() == "@aside":
        draft.aside = True
    else:
        draft.lines.append(line)


def _value(text: str) -> str:
    return text.strip().replace("{empty}", "").replace("{blank}", " ")


def _case(file: str, draft: _Draft) -> Case:
    if not draft.expected:
        raise ValueError(f"{file}: {draft.title!r} expects nothing; add =>, !! or ??.")
    statements = tuple(part.strip() for part in "\n".join(draft.lines).split("\n;\n"))
    judged = not (draft.loose or draft.sqlstate or draft.question)
    return Case(
        file=file,
        title=draft.title,
        statements=statements,
        rows=tuple(draft.rows) if judged else None,
        sqlstate=draft.sqlstate,
        fragment=draft.fragment,
        question=draft.question,
        writes=draft.writes,
        aside=draft.aside,
    )
