"""Names of result columns that have no alias, as Spark makes them from the expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

_OPERATORS: dict[type, str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.IntDiv: "div",
    exp.EQ: "=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "<=>",
    exp.And: "AND",
    exp.Or: "OR",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "^",
}
# What a function is called with where an argument was left out.
_DEFAULTS = {
    ("round", 1): ", 0",
    ("split", 2): ", -1",
    ("substring", 2): ", 2147483647",
    ("substr", 2): ", 2147483647",
    ("regexp_extract", 2): ", 1",
    ("regexp_replace", 3): ", 1",
    ("position", 2): ", 1",
    ("sentences", 1): ", , ",
    ("sentences", 2): ", ",
    ("unix_timestamp", 0): "current_timestamp(), yyyy-MM-dd HH:mm:ss",
    ("lpad", 2): ",  ",
    ("rpad", 2): ",  ",
    ("locate", 2): ", 1",
    ("sort_array", 1): ", true",
    ("unix_timestamp", 1): ", yyyy-MM-dd HH:mm:ss",
    ("to_unix_timestamp", 1): ", yyyy-MM-dd HH:mm:ss",
    ("from_unixtime", 1): ", yyyy-MM-dd HH:mm:ss",
    ("months_between", 2): ", true",
    ("lag", 1): ", 1, NULL",
    ("lead", 1): ", 1, NULL",
    ("lag", 2): ", NULL",
    ("lead", 2): ", NULL",
    ("percentile_approx", 2): ", 10000",
    ("approx_percentile", 2): ", 10000",
    ("percentile", 2): ", 1",
    ("str_to_map", 1): ", ,, :",
    ("str_to_map", 2): ", :",
}
_CAPITALS = {"pi": "PI", "e": "E", "log": "LOG", "time_window": "window", "random": "rand"}
_UPPER = (
    "SIN COS TAN ASIN ACOS ATAN ATAN2 SINH COSH TANH EXP EXPM1 SQRT CBRT LOG10 LOG2 LOG1P DEGREES RADIANS "
    "CEIL COT FLOOR HYPOT POWER SIGNUM"
)
_PRINTED = {name.lower(): name for name in _UPPER.split()} | _CAPITALS
_CAST_FUNCTIONS = {"bigint", "binary", "boolean", "date", "decimal", "double", "float", "int", "smallint", "string"} | {
    "timestamp",
    "tinyint",
}
# These two take part in a frame of their own; others get the whole partition or everything up to the row.
_ROWS_ONLY = ("row_number", "rank", "dense_rank", "percent_rank", "ntile")
_TO_HERE = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


def output_name(node: exp.Expression) -> str:
    """Alias, last part of a dotted name, or the expression's own text."""
    if isinstance(node, exp.Alias):
        return str(node.alias)
    if isinstance(node, exp.Column | exp.Identifier):
        return str(node.name)
    if isinstance(node, exp.Dot) and _is_path(node.this):
        return str(node.expression.name)
    return text_of(node)


def _is_path(node: exp.Expression) -> bool:
    return isinstance(node, exp.Column | exp.Identifier) or (isinstance(node, exp.Dot) and _is_path(node.this))


def text_of(node: exp.Expression) -> str:
    """The expression as Spark prints it in a column's name."""
    if type(node) in _OPERATORS:
        return f"({text_of(node.this)} {_OPERATORS[type(node)]} {text_of(node.expression)})"
    handler = _HANDLERS.get(type(node))
    if handler is not None:
        return handler(node)
    return str(node.sql(dialect="spark")).replace("'", "").replace("`", "")


def _literal(node: exp.Literal) -> str:
    if not node.is_string and "e" in str(node.this).lower():
        return repr(float(node.this))
    return str(node.this)


def _negated(node: exp.Neg) -> str:
    return f"-{text_of(node.this)}" if isinstance(node.this, exp.Literal) else f"(- {text_of(node.this)})"


def _not(node: exp.Not) -> str:
    inner = node.this.this if isinstance(node.this, exp.Paren) else node.this
    if isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null):
        return f"({text_of(node.this.this)} IS NOT NULL)"
    return f"(NOT {text_of(inner)})"


def _cast(node: exp.Cast) -> str:
    kind = node.to.sql(dialect="spark").replace(", ", ",")
    if type(node) is exp.Cast and isinstance(node.this, exp.Literal):
        # DATE '2023-01-01', or a number with a suffix such as 10L.
        return f"{kind} '{node.this.this}'" if node.this.is_string else str(node.this.this)
    return f"CAST({text_of(node.this)} AS {kind})"


def _case(node: exp.Case) -> str:
    subject = node.args.get("this")
    whens = []
    for branch in node.args["ifs"]:
        test = text_of(branch.this)
        test = f"({text_of(subject)} = {test})" if subject is not None else test
        whens.append(f"WHEN {test} THEN {text_of(branch.args['true'])}")
    default = node.args.get("default")
    ending = f" ELSE {text_of(default)}" if default is not None else ""
    return f"CASE {' '.join(whens)}{ending} END"


def _if(node: exp.If) -> str:
    parts = (node.this, node.args["true"], node.args.get("false"))
    return f"(IF({', '.join(text_of(part) for part in parts if part is not None)}))"


def _in(node: exp.In) -> str:
    if node.args.get("query") is not None:
        return f"({text_of(node.this)} IN (listquery()))"
    return f"({text_of(node.this)} IN ({', '.join(text_of(part) for part in node.expressions)}))"


def _between(node: exp.Between) -> str:
    value = text_of(node.this)
    return f"(({value} >= {text_of(node.args['low'])}) AND ({value} <= {text_of(node.args['high'])}))"


def _like(node: exp.Expression) -> str:
    if isinstance(node, exp.ILike):
        text = f"ilike({text_of(node.this)}, {text_of(node.expression)})"
    else:
        text = f"{text_of(node.this)} LIKE {text_of(node.expression)}"
    return f"(NOT {text})" if node.args.get("negate") else text


def _bracket(node: exp.Bracket) -> str:
    return f"{text_of(node.this)}[{', '.join(text_of(part) for part in node.expressions)}]"


def _trim(node: exp.Trim) -> str:
    position = str(node.args.get("position") or "").upper() or "BOTH"
    characters = node.args.get("expression")
    if characters is None:
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(position, "trim")
        return f"{name}({text_of(node.this)})"
    return f"TRIM({position} {text_of(characters)} FROM {text_of(node.this)})"


def _window(node: exp.Window) -> str:
    parts = [text_of(part) for part in node.args.get("partition_by") or []]
    order = node.args.get("order")
    keys = [_sort_key(key) for key in order.expressions] if order is not None else []
    text = f"PARTITION BY {', '.join(parts)} " if parts else ""
    text += f"ORDER BY {', '.join(keys)} " if keys else ""
    return f"{text_of(node.this)} OVER ({text}{_frame(node, bool(keys))})"


def _sort_key(key: exp.Ordered) -> str:
    word = "DESC" if key.args.get("desc") else "ASC"
    return f"{text_of(key.this)} {word} NULLS {'FIRST' if key.args.get('nulls_first') else 'LAST'}"


def _frame(node: exp.Window, ordered: bool) -> str:
    name = str(node.this.this).lower() if isinstance(node.this, exp.Anonymous) else ""
    spec = node.args.get("spec")
    if spec is not None:
        end = spec.args.get("end")
        start = _bound(spec.args.get("start"), spec.args.get("start_side"))
        last = _bound(end, spec.args.get("end_side")) if end else "CURRENT ROW"
        return f"{spec.args['kind']} BETWEEN {start} AND {last}"
    if name in _ROWS_ONLY:
        return _TO_HERE
    if name in ("lag", "lead"):
        offset = node.this.expressions[1] if len(node.this.expressions) > 1 else exp.Literal.number(1)
        distance = f"{'-' if name == 'lag' else ''}{text_of(offset)}"
        return f"ROWS BETWEEN {distance} FOLLOWING AND {distance} FOLLOWING"
    if ordered:
        return "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    return "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"


def _bound(value: Any, side: Any) -> str:
    if isinstance(value, str):
        return value if value.upper() == "CURRENT ROW" else f"{value} {side}"
    return f"{text_of(value)} {side}"


def _lambda(node: exp.Lambda) -> str:
    names = {parameter.name.lower() for parameter in node.expressions}
    body = node.this.copy()
    for column in list(body.find_all(exp.Column, exp.Identifier)):
        if column.name.lower() in names and not isinstance(column.parent, exp.Column):
            stand_in = exp.Anonymous(this="namedlambdavariable", expressions=[])
            if column is body:
                body = stand_in
            else:
                column.replace(stand_in)
    return f"lambdafunction({', '.join([text_of(body), *('namedlambdavariable()' for _ in names)])})"


def _call(node: exp.Anonymous) -> str:
    name = str(node.this).lower()
    arguments = node.expressions
    if len(arguments) == 1 and isinstance(arguments[0], exp.Star):
        return f"{name}(1)"
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        return f"{name}(DISTINCT {', '.join(text_of(part) for part in arguments[0].expressions)})"
    if name in _CAST_FUNCTIONS and len(arguments) == 1:
        return text_of(arguments[0])
    if name == "time_window":
        return "window"
    if name in ("from_json", "to_json", "schema_of_json", *_EDGES):
        arguments = arguments[:1]
    if name in _PREDICATES and len(arguments) == 1:
        return _PREDICATES[name].format(text_of(arguments[0]))
    listed = ", ".join(text_of(part) for part in arguments)
    if name in ("aggregate", "reduce") and len(arguments) == 3:
        listed += ", lambdafunction(namedlambdavariable(), namedlambdavariable())"
    listed += _DEFAULTS.get((name, len(arguments)), "")
    if name in ("ceil", "floor") and len(arguments) == 2:
        return f"{name}({listed})"
    return f"{_PRINTED.get(name, name)}({listed})"


_EDGES = ("first", "first_value", "last", "last_value")
_PREDICATES = {
    "isnull": "({} IS NULL)",
    "isnotnull": "({} IS NOT NULL)",
    "positive": "(+ {})",
    "assert_true": "assert_true({0}, '{0}' is not true!)",
}


def _position(node: exp.StrPosition) -> str:
    parts = ", ".join(text_of(part) for part in (node.args["substr"], node.this))
    # POSITION(a IN b) has no place for a start.
    name = "position" if "position" in node.args else "locate"
    start = node.args.get("position")
    return f"{name}({parts}, {text_of(start) if start is not None else '1'})"


def _interval(node: exp.Interval) -> str:
    """INTERVAL '1' MONTH; longer units and spans. Others are printed as they are written."""
    unit = node.args.get("unit")
    text = str(node.this.name) if isinstance(node.this, exp.Literal) else ""
    if isinstance(unit, exp.IntervalSpan):
        return f"INTERVAL '{text}' {unit.this.name} TO {unit.expression.name}"
    name = str(unit.name if unit is not None else "").upper().removesuffix("S")
    if name in ("YEAR", "MONTH", "DAY") and text.lstrip("-").isdigit():
        return f"INTERVAL '{text}' {name}"
    return str(node.sql(dialect="spark")).replace("'", "")


def as_struct(node: exp.Tuple) -> exp.Anonymous:
    """(a, b) as the call it stands for."""
    return exp.Anonymous(this="struct", expressions=[part.copy() for part in node.expressions])


def _tuple(node: exp.Tuple) -> str:
    parts = []
    for place, part in enumerate(node.expressions, start=1):
        named = isinstance(part, exp.Alias | exp.Column | exp.Dot)
        parts.append(f"{part.alias_or_name if named else f'col{place}'}, {text_of(part)}")
    return f"named_struct({', '.join(parts)})"


def _substring(node: exp.Substring) -> str:
    parts = [text_of(part) for part in (node.this, node.args.get("start"), node.args.get("length")) if part]
    return f"substring({', '.join(parts)}{', 2147483647' if len(parts) == 2 else ''})"


def _named(node: exp.Alias) -> str:
    return f"{text_of(node.this)} AS {node.alias}"


_HANDLERS: dict[type, Callable[[Any], str]] = {
    exp.Paren: lambda node: text_of(node.this),
    exp.NEQ: lambda node: f"(NOT ({text_of(node.this)} = {text_of(node.expression)}))",
    exp.Literal: _literal,
    exp.Boolean: lambda node: "true" if node.this else "false",
    exp.Null: lambda _: "NULL",
    exp.Neg: _negated,
    exp.Not: _not,
    exp.Is: lambda node: f"({text_of(node.this)} IS {text_of(node.expression)})",
    exp.BitwiseNot: lambda node: f"~{text_of(node.this)}",
    exp.DPipe: lambda node: f"concat({text_of(node.this)}, {text_of(node.expression)})",
    exp.CurrentDate: lambda _: "current_date()",
    exp.CurrentTimestamp: lambda _: "current_timestamp()",
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.If: _if,
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
    exp.ILike: _like,
    exp.RegexpLike: lambda node: f"RLIKE({text_of(node.this)}, {text_of(node.expression)})",
    exp.Bracket: _bracket,
    exp.Column: lambda node: str(node.name),
    exp.Identifier: lambda node: str(node.name),
    exp.Dot: lambda node: f"{text_of(node.this)}.{node.expression.name}",
    exp.Alias: _named,
    exp.Trim: _trim,
    exp.Substring: _substring,
    exp.StrPosition: _position,
    exp.Interval: _interval,
    exp.HexString: lambda node: f"X'{str(node.this).upper()}'",
    exp.Window: _window,
    exp.Lambda: _lambda,
    exp.Anonymous: _call,
    exp.Tuple: _tuple,
    exp.Subquery: lambda _: "scalarsubquery()",
    exp.Select: lambda _: "scalarsubquery()",
}
