"""Statements nobody wrote: our conformance cases and queries compared with Spark, with tokens dropped, swapped,
repeated or replaced, by a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2

from local_platform.conformance.cases import read_cases
from local_platform.query_service.errors import QueryError
from local_platform.query_service.sql.lexer import tokenize
from tests.differential import cases as differential
from tests.unit.query_world import World

# Words of what lies beneath the service, and of its failures; none may reach a client.
LEAKS = re.compile(
    r"duckdb|sqlglot|traceback|python|\.py\b|(Catalog|Binder|Parser|Conversion|Invalid Input|Internal) Error|"
    r"the platform's log has the reason|NoneType|has no attribute|max_expression_depth|SET memory_limit|"
    r"(Scalar|Aggregate|Table) Function with name|No function matches|candidate functions|explicit type casts|"
    r"list_transform|list_filter|struct_pack|struct_extract|spark_[a-z]|::VARCHAR|try_cast",
    re.IGNORECASE,
)
_ODD = (
    *("0", "-1", "99999999999999999999999999", "1e999", "9223372036854775808", "''", "'\\\\'", "NULL", "*", "()", "[]"),
    *(
        "\u202e",
        "'\U0001f600'",
        "`\u00e9 `",
        '""',
        "``",
        "$1",
        "@x",
        "'\\0'",
        "'\ud7ff'",
        "%",
        "?",
        ";",
        "--",
        "/*",
        "$$",
    ),
    *("SELECT", "FROM", "WHERE", "OVER", "AS", "NOT", "CASE", "END", "IN", "LIMIT", "INTERVAL", "DISTINCT", "->", "::"),
)
_LONGEST = 4_000


@dataclass(frozen=True)
class Finding:
    """A statement that the server did not take as it should, and how."""

    sql: str
    what: str


def mutated(seed: int, count: int) -> Iterator[str]:
    """So many statements, always the same for a seed."""
    rng = random.Random(seed)
    sources = [sql.replace("{p}", "m_") for case in read_cases() for sql in case.statements]
    sources += [case.sql for case in differential.read_cases()]
    tokens = [each for each in map(_tokens, sources) if each]
    for _ in range(count):
        words = list(rng.choice(tokens))
        for _ in range(rng.choice((1, 1, 2, 4))):
            _change(rng, words, rng.choice(tokens))
        if words and words != [";"]:
            yield " ".join(words)[:_LONGEST]


def _tokens(sql: str) -> list[str]:
    try:
        return [token.text for token in tokenize(sql)]
    except QueryError:
        return []


def _change(rng: random.Random, words: list[str], others: list[str]) -> None:
    place = rng.randrange(len(words)) if words else 0
    kind = rng.randrange(8) if words else 2
    if kind == 0:
        del words[place]
    elif kind == 1:
        other = rng.randrange(len(words))
        words[place], words[other] = words[other], words[place]
    elif kind == 2:
        words.insert(place, rng.choice(_ODD))
    elif kind == 3:
        words[place] = rng.choice(_ODD)
    elif kind == 4:
        words[place] = rng.choice(others)
    elif kind == 5:
        start = rng.randrange(len(others))
        words[place:place] = others[start : start + rng.randint(1, 8)]
    elif kind == 6:
        words[place] = "(" * (times := rng.choice((1, 2, 50, 600))) + words[place] + ")" * times
    else:
        words[place:place] = words[place : place + rng.randint(1, 6)] * rng.choice((1, 3, 40))


def findings(world: World, statements: Iterator[str]) -> list[Finding]:
    """Run statements in sessions of fifty; what leaked, failed inside or took the server away."""
    found: list[Finding] = []
    session = world.connected()
    cursor = session.__enter__()
    try:
        for number, sql in enumerate(statements):
            if number % 50 == 49 or cursor.connection.closed:
                session.__exit__(None, None, None)
                session = world.connected()
                cursor = session.__enter__()
            found += _tried(cursor, sql)
    finally:
        session.__exit__(None, None, None)
    return found


def _tried(cursor: psycopg2.extensions.cursor, sql: str) -> Iterator[Finding]:
    try:
        cursor.execute(sql)
        if cursor.description:
            cursor.fetchmany(10)
    except psycopg2.Error as error:
        text = str(error)
        # What the client wrote may hold any word.
        told = re.sub(r"near '.*?'|`[^`]*`|'[^']*'|\"[^\"]*\"", "", text, flags=re.DOTALL)
        if "empty query" in told:
            return
        beneath = re.search("sqlglot|duckdb|<class", text, re.IGNORECASE)
        if error.pgcode in (None, "XX000") or beneath or LEAKS.search(told):
            yield Finding(sql, f"{error.pgcode} {text.strip()[:400]}")
    except ValueError:
        # A text with a zero byte does not leave the client.
        return
