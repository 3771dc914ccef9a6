"""Type names in CAST and in column lists."""

from __future__ import annotations

from sqlglot import exp

from local_platform.query_service.errors import analysis_error, syntax_error
from local_platform.query_service.sql import types
from local_platform.query_service.sql.types import Type

_SIMPLE = {
    "TEXT": types.STRING,
    "VARCHAR": types.STRING,
    "CHAR": types.STRING,
    "BOOLEAN": types.BOOLEAN,
    "TINYINT": types.TINYINT,
    "SMALLINT": types.SMALLINT,
    "INT": types.INT,
    "BIGINT": types.BIGINT,
    "FLOAT": types.FLOAT,
    "DOUBLE": types.DOUBLE,
    "DATE": types.DATE,
    "TIMESTAMP": types.TIMESTAMP,
    "TIMESTAMPTZ": types.TIMESTAMP,
    "TIMESTAMPLTZ": types.TIMESTAMP,
    "BINARY": types.BINARY,
    "VARBINARY": types.BINARY,
}


def type_of(node: exp.DataType) -> Type:
    """The type a name stands for.

    Raises:
        QueryError: a name Spark does not have.
    """
    name = node.this.value if isinstance(node.this, exp.DataType.Type) else str(node.this)
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name == "DECIMAL":
        sizes = [int(part.name) for part in node.expressions if part.name.isdecimal()]
        if len(sizes) < len(node.expressions) or len(sizes) > 2:
            raise syntax_error(f"Unsupported data type {node.sql(dialect='spark')!r}; write decimal(precision, scale).")
        precision, scale = (sizes[0], sizes[1] if len(sizes) > 1 else 0) if sizes else (10, 0)
        if precision > 38 or scale > precision:
            raise analysis_error(f"decimal({precision},{scale}) does not exist; 38 digits are the most.")
        return Type("decimal", precision=precision, scale=scale)
    if name == "ARRAY" and node.expressions:
        return types.array(type_of(node.expressions[0]))
    if name == "MAP" and len(node.expressions) == 2:
        return types.map_of(type_of(node.expressions[0]), type_of(node.expressions[1]))
    if name == "STRUCT" and node.expressions:
        return types.struct(*(_field(part) for part in node.expressions))
    raise syntax_error(f"Unsupported data type {node.sql(dialect='spark')!r}.")


def _field(node: exp.Expression) -> tuple[str, Type]:
    if not isinstance(node, exp.ColumnDef) or node.args.get("kind") is None:
        raise syntax_error(f"A field of a struct type is written `name: type`; seen {node.sql(dialect='spark')!r}.")
    return node.name, type_of(node.args["kind"])
