"""Names of result columns that have no alias, as Spark makes them from the expression."""

from __future__ import annotations

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


def output_name(node: exp.Expression) -> str:
    """Alias, last part of a dotted name, or the expression's own text."""
    if isinstance(node, exp.Alias):
        return str(node.alias)
    if isinstance(node, exp.Column | exp.Identifier):
        return str(node.name)
    if isinstance(node, exp.Dot):
        return str(node.expression.name)
    if isinstance(node, exp.Bracket) and isinstance(node.expressions[0], exp.Literal):
        index = node.expressions[0]
        return str(index.this) if index.is_string else f"{text_of(node.this)}[{index.this}]"
    return text_of(node)


def text_of(node: exp.Expression) -> str:
    """The expression as Spark prints it in a column's name."""
    if isinstance(node, exp.Paren):
        return text_of(node.this)
    if type(node) in _OPERATORS:
        return f"({text_of(node.this)} {_OPERATORS[type(node)]} {text_of(node.expression)})"
    if isinstance(node, exp.NEQ):
        return f"(NOT ({text_of(node.this)} = {text_of(node.expression)}))"
    if isinstance(node, exp.Literal):
        return str(node.this)
    if isinstance(node, exp.Null):
        return "NULL"
    if isinstance(node, exp.Neg):
        return f"(- {text_of(node.this)})" if not isinstance(node.this, exp.Literal) else f"-{node.this.this}"
    if isinstance(node, exp.Not):
        return f"(NOT {text_of(node.this)})"
    if isinstance(node, exp.Is):
        return f"({text_of(node.this)} IS {text_of(node.expression)})"
    if isinstance(node, exp.CurrentDate):
        return "current_date()"
    if isinstance(node, exp.CurrentTimestamp):
        return "current_timestamp()"
    if isinstance(node, exp.Cast):
        return f"CAST({text_of(node.this)} AS {node.to.sql(dialect='spark')})"
    if isinstance(node, exp.Anonymous):
        return _call(node)
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        parts = (node.this, node.args["true"], node.args.get("false"))
        return f"(IF({', '.join(text_of(part) for part in parts if part is not None)}))"
    if isinstance(node, exp.Subquery | exp.Select):
        return "scalarsubquery()"
    if isinstance(node, exp.Column | exp.Dot | exp.Bracket):
        return str(node.sql(dialect="spark")).replace("`", "")
    return str(node.sql(dialect="spark")).replace("'", "").replace("`", "")


def _call(node: exp.Anonymous) -> str:
    name = str(node.this).lower()
    arguments = node.expressions
    if len(arguments) == 1 and isinstance(arguments[0], exp.Star):
        return f"{name}(1)"
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        return f"{name}(DISTINCT {', '.join(text_of(part) for part in arguments[0].expressions)})"
    return f"{name}({', '.join(text_of(part) for part in arguments)})"
