"""Runs the cases against a server and says which answers differ."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg2

from local_platform.conformance.cases import Case, read_cases


@dataclass(frozen=True)
class Verdict:
    """How a case went; `seen` is what the server answered."""

    case: Case
    passed: bool
    seen: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; 0 when every case passed.

    Args:
        arguments: of the command line; None takes the process's own.
    """
    options = _parser().parse_args(arguments)
    cases = [case for case in read_cases() if options.only.lower() in case.name.lower()]
    if options.read_only:
        cases = [case for case in cases if not case.writes]
    if options.list:
        for case in cases:
            print(case.name)
        return 0
    if not options.dsn:
        example = "--dsn 'host=127.0.0.1 port=5432 dbname=prod:all user=...'"
        print(f"error: --dsn is needed, for example {example}.", file=sys.stderr)
        return 2
    os.environ.setdefault("PGGSSENCMODE", "disable")
    try:
        verdicts = run(cases, lambda: psycopg2.connect(options.dsn))
    except psycopg2.OperationalError as error:
        print(f"error: {str(error).strip()}", file=sys.stderr)
        return 2
    _report(verdicts, verbose=options.verbose)
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local_platform conformance",
        description="Compare a Query Service with its documentation, and print its answers to what the documentation "
        "leaves open. Everything the run creates carries a prefix of its own and is dropped at the end.",
    )
    parser.add_argument("--dsn", default=os.environ.get("CONFORMANCE_DSN", ""), help="libpq connection string")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose file or title contains the text")
    parser.add_argument("--read-only", action="store_true", help="leave out what writes (no Data Distiller needed)")
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    parser.add_argument("--verbose", action="store_true", help="print every case")
    return parser


def run(cases: Sequence[Case], connect: Callable[[], Any]) -> list[Verdict]:
    """Run cases over connections that `connect` opens.

    Cases of one file share a session and run in order, so a table made by one is there for the next.
    """
    prefix = f"qsc_{secrets.token_hex(3)}_"
    verdicts: list[Verdict] = []
    try:
        for file in dict.fromkeys(case.file for case in cases):
            session = _Session(connect, prefix)
            verdicts += [session.judge(case) for case in cases if case.file == file]
            session.close()
    finally:
        _clean(connect, prefix)
    return verdicts


class _Session:
    def __init__(self, connect: Callable[[], Any], prefix: str) -> None:
        self._connect = connect
        self._prefix = prefix
        self._connection: Any = None

    def judge(self, case: Case) -> Verdict:
        try:
            seen = self._answer(case)
        except psycopg2.Error as error:
            return self._failed(case, error)
        if case.sqlstate:
            return Verdict(case, False, f"accepted: {seen}")
        passed = case.rows is None or seen == [tuple(row) for row in case.rows]
        return Verdict(case, passed, _shown(seen))

    def _answer(self, case: Case) -> list[tuple[str, ...]]:
        connection = self._open() if case.aside else self._own()
        try:
            rows: list[tuple[str, ...]] = []
            with connection.cursor() as cursor:
                for statement in case.statements:
                    cursor.execute(statement.replace("{p}", self._prefix))
                    found = cursor.fetchall() if cursor.description else []
                    rows = [tuple(text_of(value) for value in row) for row in found]
            return rows
        finally:
            if case.aside:
                connection.close()

    def _failed(self, case: Case, error: psycopg2.Error) -> Verdict:
        state, message = error.pgcode or "", " ".join(str(error).split())
        if self._connection is not None and self._connection.closed:
            self._connection = None
        passed = bool(case.question) or (
            state == case.sqlstate and case.fragment.lower() in message.replace(self._prefix, "").lower()
        )
        return Verdict(case, passed, f"{state} {message}")

    def _own(self) -> Any:
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _open(self) -> Any:
        connection = self._connect()
        connection.autocommit = True
        return connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def text_of(value: Any) -> str:
    """A value as the case files write it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(value).rstrip("0").rstrip(".") if value.microsecond else str(value)
    return str(value)


def _shown(rows: list[tuple[str, ...]]) -> str:
    return "; ".join(" | ".join(row) for row in rows[:5]) or "(no rows)"


def _clean(connect: Callable[[], Any], prefix: str) -> None:
    """Drop what the run made; a server that refuses is told once for each name."""
    connection = connect()
    connection.autocommit = True
    with connection.cursor() as cursor:
        made = (("SHOW VIEWS", 2, ("VIEW",)), ("SHOW TABLES", 0, ("TABLE", "AUDIENCE")))
        for listing, column, kinds in (*made, ("SHOW FIELDGROUPS", 0, ("FIELDGROUP",))):
            with suppress(psycopg2.Error):
                cursor.execute(listing)
                for name in [row[column] for row in cursor.fetchall() if str(row[column]).startswith(prefix)]:
                    for kind in kinds:
                        with suppress(psycopg2.Error):
                            cursor.execute(f"DROP {kind} {name}")
    connection.close()


def _report(verdicts: Sequence[Verdict], *, verbose: bool) -> None:
    for verdict in verdicts:
        if verdict.case.question:
            continue
        if not verdict.passed or verbose:
            print(f"{'ok  ' if verdict.passed else 'FAIL'} {verdict.case.name}")
        if not verdict.passed:
            print(f"     sql      {verdict.case.statements[-1]}")
            print(f"     expected {_expected(verdict.case)}")
            print(f"     seen     {verdict.seen}")
    _answers([verdict for verdict in verdicts if verdict.case.question])
    judged = [verdict for verdict in verdicts if not verdict.case.question]
    passed = sum(verdict.passed for verdict in judged)
    print(f"{passed} of {len(judged)} cases passed.")


def _expected(case: Case) -> str:
    if case.sqlstate:
        return f"error {case.sqlstate} with {case.fragment!r}"
    return "success" if case.rows is None else _shown(list(case.rows))


def _answers(probes: Sequence[Verdict]) -> None:
    if not probes:
        return
    print("\nWhat the documentation leaves open, and what this server answers:")
    for verdict in sorted(probes, key=lambda each: each.case.question):
        print(f"  {verdict.case.question:>2}  {verdict.case.title}\n      {verdict.seen}")
    print()
