"""Running an anonymous block: one statement after the other, nothing written is undone."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from local_platform.query_service.engine.results import Result
from local_platform.query_service.engine.session import Session
from local_platform.query_service.errors import QueryError, analysis_error, syntax_error
from local_platform.query_service.sql.blocks import Assign, Body, If, Run, Step, parse_block
from local_platform.query_service.sql.lexer import tokenize
from local_platform.query_service.sql.parse import parse_statement
from local_platform.query_service.sql.statements import Block

_VARIABLE = re.compile(r"@(\w+)")
_CANCELLED = "57014"


def run_block(session: Session, statement: Block) -> Result:
    """Run a block; the result is that of its last SELECT.

    Raises:
        QueryError: what a statement was refused with, if the block has no handler.
    """
    return _Block(session).body(parse_block(statement.body)) or Result("END")


class _Block:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.variables: dict[str, Any] = {}

    def body(self, body: Body) -> Result | None:
        try:
            return self.steps(body.steps)
        except QueryError as error:
            if body.handler is None or error.sqlstate == _CANCELLED:
                raise
            return self.steps(body.handler)

    def steps(self, steps: tuple[Step, ...]) -> Result | None:
        """Run in order; the result of the last step that has rows, those before it are dropped."""
        last: Result | None = None
        for step in steps:
            made = self.step(step)
            if made is not None and (made.columns is not None or last is None):
                _drop(last)
                last = made
        return last

    def step(self, step: Step) -> Result | None:
        if isinstance(step, Run):
            return self.run(self.filled(step.sql))
        if isinstance(step, Assign):
            self.variables[step.name] = self.value(self.filled(step.query), f"SET @{step.name}")
            return None
        if isinstance(step, If):
            for condition, branch in step.branches:
                if self.value(f"SELECT {self.filled(condition)} AS condition", "IF") is True:
                    return self.steps(branch)
            return self.steps(step.otherwise)
        return self.body(step)

    def run(self, sql: str) -> Result:
        from local_platform.query_service.engine.execute import run

        result = run(self.session, parse_statement(sql), sql)
        if result.columns is not None:
            # A later row may still raise an error that the handler must see.
            result.batches = iter(list(result.batches))
            result.close()
        return result

    def value(self, sql: str, what: str) -> Any:
        """The one value of a query; NULL when it gives no row."""
        result = self.run(sql)
        rows = [row for batch in result.batches for row in zip(*(c.to_pylist() for c in batch.columns), strict=True)]
        if len(result.columns or []) != 1 or len(rows) > 1:
            raise analysis_error(f"{what} needs one value; the query gives {len(rows)} rows.")
        return rows[0][0] if rows else None

    def filled(self, sql: str) -> str:
        """The statement with its variables replaced: by a literal, or by plain text inside quotes.

        Raises:
            QueryError: 42601, a variable that was never set.
        """
        parts, end = [], 0
        for token in tokenize(sql):
            if token.kind == "text":
                text = _VARIABLE.sub(self._inside_quotes, token.text)
            elif token.kind == "word" and token.text.startswith("@"):
                text = literal(self._of(token.text[1:]))
            else:
                continue
            parts += [sql[end : token.start], text]
            end = token.end
        return "".join(parts) + sql[end:]

    def _inside_quotes(self, match: re.Match[str]) -> str:
        """An @ in ordinary text (an e-mail address) is left alone."""
        name = match[1].lower()
        if name not in self.variables:
            return match[0]
        return _plain(self.variables[name]).replace("\\", "\\\\").replace("'", "\\'")

    def _of(self, name: str) -> Any:
        if name.lower() not in self.variables:
            raise syntax_error(f"Variable @{name} is not set; SET @{name} = SELECT ... comes first.")
        return self.variables[name.lower()]


def _drop(result: Result | None) -> None:
    if result is not None:
        result.close()


def _plain(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return str(value)


def literal(value: Any) -> str:
    """A value in Spark's SQL. true compares equal to both 'true' and 't', which the guides use side by side."""
    if value is None or isinstance(value, bool | int | Decimal):
        return _plain(value)
    if isinstance(value, float):
        return f"{value!r}D" if value == value and abs(value) != float("inf") else f"CAST('{value}' AS double)"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{_plain(value)}'"
    if isinstance(value, date):
        return f"DATE '{value}'"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
