"""Query Service's SQL as a sqlglot dialect: Spark's grammar, Adobe's clauses, nothing else.

Function calls are kept as they are written (name and arguments): what a name means is decided by the compiler's
registry, which holds exactly the documented functions. Clauses other engines have and Spark has not are not read.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar

from sqlglot import exp, tokens
from sqlglot.dialects.spark import Spark
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.spark import SparkParser
from sqlglot.tokens import TokenType

from local_platform.query_service.errors import QueryError, syntax_error, undefined_function
from local_platform.query_service.sql import lexer

# Keys of a node's meta: the SNAPSHOT clause of a table, the quote an identifier was written in.
SNAPSHOT = "snapshot"
QUOTE = "quote"
_SNAPSHOT_WORD = "SNAPSHOT"


class QueryServiceParser(SparkParser):  # type: ignore[misc]
    """Reads queries and expressions; statements around them are read by `sql.statements`."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar = {
        name: SparkParser.FUNCTION_PARSERS[name] for name in ("CAST", "EXTRACT", "POSITION", "TRIM", "SUBSTRING")
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar = {name: SparkParser.NO_PAREN_FUNCTION_PARSERS[name] for name in ("CASE", "IF")}
    NO_PAREN_FUNCTIONS: ClassVar = {
        kind: SparkParser.NO_PAREN_FUNCTIONS[kind] for kind in (TokenType.CURRENT_DATE, TokenType.CURRENT_TIMESTAMP)
    }
    ARRAY_CONSTRUCTORS: ClassVar[dict[str, Any]] = {}
    SUBQUERY_PREDICATES: ClassVar = {TokenType.EXISTS: exp.Exists}
    # 10L and 2.5D reach the parser as casts with ::, which nobody may write (see _check_tokens).
    COLUMN_OPERATORS: ClassVar = {
        kind: SparkParser.COLUMN_OPERATORS[kind] for kind in (TokenType.DOT, TokenType.DCOLON)
    }
    RANGE_PARSERS: ClassVar = {
        kind: SparkParser.RANGE_PARSERS[kind]
        for kind in (
            TokenType.BETWEEN,
            TokenType.ILIKE,
            TokenType.IN,
            TokenType.IS,
            TokenType.LIKE,
            TokenType.RLIKE,
        )
    }

    TERM: ClassVar = {**SparkParser.TERM, TokenType.DPIPE: exp.DPipe}

    def _parse_bitwise(self) -> Any:
        """& binds closer than ^, and that closer than |."""
        return self._parse_bits((TokenType.PIPE, TokenType.CARET, TokenType.AMP))

    def _parse_bits(self, signs: tuple[TokenType, ...]) -> Any:
        if not signs:
            return self._parse_term()
        this = self._parse_bits(signs[1:])
        while self._match(signs[0]):
            this = self.expression(self.BITWISE[signs[0]](this=this, expression=self._parse_bits(signs[1:])))
        return this

    def _parse_type(self, parse_interval: bool = True, fallback_to_identifier: bool = False) -> Any:
        """A type's name before a parenthesis is a function: read at once, or int(int(...)) is read twice a level."""
        is_type = self._curr and self._curr.token_type in self.TYPE_TOKENS - {TokenType.INTERVAL}
        if is_type and self._next and self._next.token_type == TokenType.L_PAREN and not fallback_to_identifier:
            this = self._parse_column()
            return this and self._parse_column_ops(this)
        return super()._parse_type(parse_interval, fallback_to_identifier)

    def _parse_function_args(self, alias: bool = False) -> Any:
        """Spark names the fields of struct(...) with or without AS."""
        name = self._tokens[self._index - 2].text.upper()
        if name != "STRUCT":
            return super()._parse_function_args(alias)
        return self._parse_csv(lambda: self._parse_alias(self._parse_lambda()))

    def _parse_ordered(self, parse_method: Any = None) -> Any:
        """Spark's, and the USING < and USING > of the documented grammar."""
        ordered = super()._parse_ordered(parse_method)
        if ordered is None or not self._match(TokenType.USING):
            return ordered
        descending = bool(self._match(TokenType.GT))
        if not descending and not self._match(TokenType.LT):
            self.raise_error("ORDER BY ... USING is followed by < or >")
        first, last = self._match_text_seq("NULLS", "FIRST"), self._match_text_seq("NULLS", "LAST")
        ordered.set("desc", descending)
        ordered.set("nulls_first", bool(first) or not (last or descending))
        return ordered

    def _parse_table_alias(self, alias_tokens: Any = None) -> Any:
        if self._curr and self._curr.text.upper() == _SNAPSHOT_WORD:
            return None
        return super()._parse_table_alias(alias_tokens)

    def _parse_table(self, *args: Any, **kwargs: Any) -> Any:
        table = super()._parse_table(*args, **kwargs)
        if table is not None and self._match_text_seq(_SNAPSHOT_WORD):
            table.meta[SNAPSHOT] = self._parse_snapshot()
            if isinstance(table, exp.Table | exp.Subquery) and not table.args.get("alias"):
                alias = self._parse_table_alias()
                if alias:
                    table.set("alias", alias)
        return table

    def _parse_snapshot(self) -> tuple[str, Any, Any]:
        """`SINCE a`, `AS OF b` or `BETWEEN a AND b`; returned as (kind, a, b)."""
        if self._match_text_seq("SINCE"):
            return ("since", self._snapshot_bound(), None)
        if self._match_text_seq("AS", "OF"):
            return ("as of", None, self._snapshot_bound())
        if self._match_text_seq("BETWEEN"):
            start = self._snapshot_bound()
            if not self._match_text_seq("AND"):
                self.raise_error("SNAPSHOT BETWEEN needs two bounds joined by AND")
            return ("between", start, self._snapshot_bound())
        self.raise_error("SNAPSHOT is followed by SINCE, AS OF or BETWEEN")
        raise AssertionError  # raise_error does not return

    def _snapshot_bound(self) -> str | int:
        """A snapshot id, or 'HEAD' / 'TAIL' in single quotes. Ids may be quoted: block variables are text."""
        if self._match(TokenType.NUMBER):
            return int(self._prev.text)
        if self._match(TokenType.STRING):
            text = str(self._prev.text)
            if text.lstrip("-").isdigit():
                return int(text)
            if text.upper() in ("HEAD", "TAIL"):
                return text.upper()
        self.raise_error("a SNAPSHOT bound is a snapshot id, 'HEAD' or 'TAIL' (the words in single quotes)")
        raise AssertionError  # raise_error does not return


class QueryService(Spark):  # type: ignore[misc]
    """Spark with identifiers in double quotes, as a PostgreSQL client expects."""

    class Tokenizer(Spark.Tokenizer):  # type: ignore[misc]
        QUOTES: ClassVar = ["'"]
        IDENTIFIERS: ClassVar = ["`", '"']
        RAW_STRINGS: ClassVar = [("r'", "'"), ("R'", "'")]

    Parser = QueryServiceParser


_DIALECT = QueryService()


def tokenize(sql: str) -> list[tokens.Token]:
    """Tokens of a text.

    Raises:
        QueryError: 42601 for a quote or comment that never ends.
    """
    try:
        return list(_DIALECT.tokenize(sql))
    except TokenError as error:
        raise syntax_error(f"The statement cannot be read: {error}") from None


@lru_cache(maxsize=512)
def parse_query(sql: str) -> exp.Expression:
    """The syntax tree of one SELECT, WITH or VALUES. Shared between callers: never change it.

    Raises:
        QueryError: 42601.
    """
    _check_tokens(sql)
    sql = _window_calls(sql)
    trees = _parse(sql)
    if len(trees) != 1 or not isinstance(trees[0], exp.Query | exp.Values):
        raise syntax_error(f"Expected one SELECT, seen: {shorten(sql)}")
    for identifier in trees[0].find_all(exp.Identifier):
        # Double quotes and back quotes are the same to the parser, not to Query Service.
        start = identifier.meta.get("start")
        if identifier.args.get("quoted") and start is not None:
            identifier.meta[QUOTE] = sql[start]
    return trees[0]


def _window_calls(sql: str) -> str:
    """window(time, width) under its second name: behind GROUP BY the word would open a WINDOW clause.

    Raises:
        QueryError: 58000, the second name is not for users.
    """
    if "window" not in sql.lower():
        return sql
    read = lexer.tokenize(sql)
    for token, following in reversed(list(pairwise(read))):
        if token.upper == "TIME_WINDOW" and following.text == "(":
            raise undefined_function(token.text)
        if token.upper == "WINDOW" and following.text == "(":
            sql = f"{sql[: token.start]}time_window{sql[token.end :]}"
    return sql


def parse_type(text: str) -> exp.DataType:
    """The tree of a type name.

    Raises:
        QueryError: 42601.
    """
    try:
        return exp.DataType.build(text, dialect=_DIALECT, udt=False)
    except (ParseError, TokenError, ValueError):
        raise syntax_error(f"{shorten(text)!r} is not a type.") from None


def _check_tokens(sql: str) -> None:
    """Refuse what the parser would read although Spark does not."""
    read = lexer.tokenize(sql)
    for token, following, behind in zip(read, [*read[1:], None], [*read[2:], None, None], strict=False):
        if token.text == "::" and token.kind == "sign":
            raise syntax_error("Syntax error: `::` is PostgreSQL's cast; write CAST(value AS type).")
        after = following.upper if following is not None else ""
        if (
            token.upper in ("AT", "WITH", "WITHOUT")
            and after == "TIME"
            and behind is not None
            and behind.upper == "ZONE"
        ):
            raise syntax_error(f"Syntax error: {token.upper} TIME ZONE is not Spark's; times are UTC, without a zone.")
        call = behind is not None and behind.text in ("(", ".") and after == "WINDOW"
        if token.kind == "sign" and token.text == "," and (following is None or after in _NOT_AFTER_COMMA) and not call:
            raise syntax_error(f"Syntax error: a comma stands before {after or 'the end'}.")


_NOT_AFTER_COMMA = ("FROM", ")", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "WINDOW")


def _parse(sql: str) -> list[Any]:
    try:
        return list(_DIALECT.parse(sql))
    except ParseError as error:
        raise _syntax_error(sql, error) from None
    except TokenError as error:
        raise syntax_error(f"The statement cannot be read: {error}") from None
    except (ValueError, TypeError, AttributeError, KeyError, IndexError):
        # The parser builds its tree while it reads, and stumbles over what makes no tree, such as an empty name.
        raise syntax_error(f"Syntax error: this cannot be read: {shorten(sql)}") from None


def _syntax_error(sql: str, error: ParseError) -> QueryError:
    detail = error.errors[0] if error.errors else {}
    place = f"line {detail['line']}, column {detail['col']}" if detail.get("line") else "the start"
    near = detail.get("highlight") or shorten(sql)
    told = str(detail.get("description") or error)
    if "<class" in told:
        # What the parser misses is told by the name of its own class.
        told = "a part of the expression is missing."
    return syntax_error(f"Syntax error at {place}, near {near!r}: {told}")


def shorten(text: str, length: int = 120) -> str:
    """Text on one line, cut for a message."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 3] + "..."
