"""CAST as Spark does it with ANSI mode off: what does not fit becomes NULL, fractions are cut, text is trimmed."""

from __future__ import annotations

import re
from datetime import datetime

from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error, syntax_error
from local_platform.query_service.sql.types import BIGINT, DOUBLE, INT, STRING, TIMESTAMP, Type, quoted

_BOUNDS = {
    "tinyint": (-128, 127),
    "smallint": (-32768, 32767),
    "int": (-2147483648, 2147483647),
    "bigint": (-9223372036854775808, 9223372036854775807),
}
_TRUE = "('t', 'true', 'y', 'yes', '1')"
_FALSE = "('f', 'false', 'n', 'no', '0')"


def cast(value: Value, target: Type) -> Value:
    """The value as another type.

    Raises:
        QueryError: 58000 where Spark knows no such cast.
    """
    source = value.type
    if source == target:
        return value
    if source.kind == "void":
        return Value(f"CAST(NULL AS {target.duck})", target)
    if source.is_complex or target.is_complex:
        return _complex(value, target)
    if isinstance(value.literal, str) and target.kind in ("date", "timestamp"):
        plain = _plain_time(value.literal, target)
        if plain is not None:
            return plain
    return Value(_simple(value.sql, source, target), target)


_PLAIN = re.compile(r"\s*(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d{1,6})?))?\s*")


_DATE = re.compile(r"\s*(\d{4,6})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T].*)?)?)?\s*", re.DOTALL)


def typed_literal(text: str, target: Type) -> Value:
    """DATE '...' or TIMESTAMP '...'.

    Raises:
        QueryError: 42601, the text is no such value.
    """
    found = _DATE.fullmatch(text)
    try:
        if found is not None:
            datetime(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        found = None
    if found is None:
        raise syntax_error(f'The value of the typed literal "{target.spark.upper()}" is invalid: {text!r}.')
    return cast(text_value(text), target)


def _plain_time(text: str, target: Type) -> Value | None:
    """A literal in the usual form, read here: the general form costs the engine a dozen patterns."""
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    try:
        datetime.fromisoformat(found[1] + "T" + (found[2] or "00:00:00"))
    except ValueError:
        return None
    if target.kind == "date":
        return Value(f"DATE '{found[1]}'", target)
    return Value(f"TIMESTAMP '{found[1]} {found[2] or '00:00:00'}'", target)


def _simple(sql: str, source: Type, target: Type) -> str:
    if target.kind == "string":
        return to_text(sql, source)
    if source.kind == "string":
        return _from_text(sql, target)
    if target.is_integral:
        return _to_integral(sql, source, target)
    if target.is_fractional:
        return _to_fractional(sql, source, target)
    if target.kind == "boolean" and source.is_numeric:
        return f"({sql} <> 0)"
    if target.kind == "boolean" and source.kind == "timestamp":
        return f"(epoch_us({sql}) <> 0)"
    if source.kind == "date" and target.kind in ("boolean", "decimal"):
        return f"CAST(NULL AS {target.duck})"
    if target.kind == "decimal" and source.kind == "timestamp":
        return f"TRY_CAST(CAST(epoch_us({sql}) AS DECIMAL(38,6)) * 0.000001 AS {target.duck})"
    if target.kind == "timestamp":
        return _to_timestamp(sql, source)
    if target.kind == "decimal" and (source.is_numeric or source.kind == "boolean"):
        return f"TRY_CAST({sql} AS {target.duck})"
    if target.kind == "date" and source.kind == "timestamp":
        return f"CAST({sql} AS DATE)"
    if target.kind == "binary" and source.is_integral:
        digits = {"tinyint": 2, "smallint": 4, "int": 8, "bigint": 16}[source.kind]
        return f"unhex(right(lpad(to_hex(CAST({sql} AS BIGINT)), 16, '0'), {digits}))"
    if source.is_interval and target.is_interval:
        return sql
    raise _impossible(source, target)


def to_text(sql: str, source: Type) -> str:
    """SQL of Spark's text for a simple value."""
    if source.is_fractional:
        return f"spark_double_text({sql})"
    if source.kind == "binary":
        return f"decode({sql}, 'replace')"
    if source.kind == "decimal" and source.scale > 6:
        return f"spark_small_decimal_text(CAST({sql} AS VARCHAR), {source.scale})"
    if source.kind == "decimal" and source.precision == source.scale:
        # DuckDB leaves the zero before the point out where the type has no place for it.
        return f"CAST(CAST({sql} AS DECIMAL({min(source.precision + 1, 38)},{source.scale})) AS VARCHAR)"
    return f"CAST({sql} AS VARCHAR)"


def _from_text(sql: str, target: Type) -> str:
    kind = target.kind
    if target.is_integral:
        return f"spark_text_to_{kind}({sql})"
    if target.is_fractional:
        return f"TRY_CAST(regexp_replace(trim({sql}), '([0-9.])[dDfF]$', '\\1') AS {target.duck})"
    if kind == "boolean":
        text = f"lower(trim({sql}))"
        return f"(CASE WHEN {text} IN {_TRUE} THEN true WHEN {text} IN {_FALSE} THEN false END)"
    if kind == "date":
        return f"spark_text_to_date({sql})"
    if kind == "timestamp":
        return f"spark_text_to_timestamp({sql})"
    if kind == "decimal":
        return f"TRY_CAST(trim({sql}) AS {target.duck})"
    if kind == "binary":
        return f"encode({sql})"
    raise _impossible(STRING, target)


def _to_integral(sql: str, source: Type, target: Type) -> str:
    low, high = _BOUNDS[target.kind]
    if source.kind == "boolean":
        return f"CAST({sql} AS {target.duck})"
    if source.kind == "timestamp":
        return (
            _to_integral(f"CAST(floor(epoch({sql})) AS BIGINT)", BIGINT, target)
            if target != BIGINT
            else (f"CAST(floor(epoch({sql})) AS BIGINT)")
        )
    if source.is_integral:
        if _BOUNDS[source.kind][1] <= high:
            return f"CAST({sql} AS {target.duck})"
        span = high - low + 1
        wrapped = f"((CAST({sql} AS HUGEINT) - ({low})) % {span} + {span}) % {span} + ({low})"
        return f"CAST(CASE WHEN {sql} BETWEEN {low} AND {high} THEN {sql} ELSE {wrapped} END AS {target.duck})"
    if source.kind in ("decimal", "float", "double") and target.kind in ("tinyint", "smallint"):
        # By way of int, whose bits are cut.
        return _to_integral(_to_integral(sql, source, INT), INT, target)
    if source.kind == "decimal":
        span = high - low + 1
        whole = f"CAST(trunc({sql}) AS HUGEINT)"
        return (
            f"CAST(CASE WHEN trunc({sql}) BETWEEN {low} AND {high} THEN {whole} "
            f"ELSE (({whole} - ({low})) % {span} + {span}) % {span} + ({low}) END AS {target.duck})"
        )
    if source.kind == "date":
        return f"CAST(NULL AS {target.duck})"
    if source.is_fractional:
        # Out of range saturates, NaN is 0. The upper bound of bigint is not a double, hence the comparisons.
        return (
            f"(CASE WHEN isnan({sql}) THEN 0 WHEN {sql} >= {high}::DOUBLE THEN {high} "
            f"WHEN {sql} <= {low}::DOUBLE THEN {low} ELSE CAST(trunc({sql}) AS {target.duck}) END)"
        )
    raise _impossible(source, target)


def _to_fractional(sql: str, source: Type, target: Type) -> str:
    if source.kind == "timestamp":
        return f"CAST(epoch({sql}) AS {target.duck})"
    if source.kind == "date":
        return f"CAST(NULL AS {target.duck})"
    if source.is_numeric or source.kind == "boolean":
        return f"CAST({sql} AS {target.duck})"
    raise _impossible(source, target)


def _to_timestamp(sql: str, source: Type) -> str:
    if source.kind == "date":
        return f"CAST({sql} AS TIMESTAMP)"
    if source.is_integral or source.kind == "boolean":
        return f"make_timestamp(CAST({sql} AS BIGINT) * 1000000)"
    if source.is_numeric:
        return f"make_timestamp(CAST(trunc(CAST({sql} AS DOUBLE) * 1000000) AS BIGINT))"
    raise _impossible(source, TIMESTAMP)


def _complex(value: Value, target: Type) -> Value:
    source = value.type
    if target.kind == "string":
        return Value(complex_text(value.sql, source), STRING)
    if source.kind != target.kind:
        raise _impossible(source, target)
    if source.kind == "array":
        inner = cast(Value("x", source.item), target.item)
        return Value(f"list_transform({value.sql}, lambda x: {inner.sql})", target)
    if source.kind == "struct" and len(source.fields) == len(target.fields):
        parts = []
        for one, other in zip(source.fields, target.fields, strict=True):
            part = cast(Value(f"struct_extract({value.sql}, {literal_text(one.name)})", one.type), other.type)
            parts.append(f"{quoted(other.name)} := {part.sql}")
        return Value(f"(CASE WHEN {value.sql} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END)", target)
    if source.kind == "map":
        return Value(f"CAST({value.sql} AS {target.duck})", target)
    raise _impossible(source, target)


def complex_text(sql: str, type: Type) -> str:
    """SQL of Spark's CAST(... AS string) for nested values: {a, b}, [a, b], {k -> v}; NULL parts read null."""
    if type.kind == "struct":
        parts = ", ', ', ".join(
            _part_text(f"struct_extract({sql}, {literal_text(field.name)})", field.type) for field in type.fields
        )
        return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE concat('{{', {parts}, '}}') END)"
    if type.kind == "array":
        return f"('[' || array_to_string(list_transform({sql}, lambda x: {_part_text('x', type.item)}), ', ') || ']')"
    if type.kind == "map":
        entry = f"{_part_text('x.key', type.key or STRING)} || ' -> ' || {_part_text('x.value', type.item)}"
        return f"('{{' || array_to_string(list_transform(map_entries({sql}), lambda x: {entry}), ', ') || '}}')"
    return to_text(sql, type)


def _part_text(sql: str, type: Type) -> str:
    return f"coalesce({complex_text(sql, type)}, 'null')"


def literal_text(text: str) -> str:
    """A DuckDB text literal."""
    return "'" + text.replace("'", "''") + "'"


def text_value(text: str) -> Value:
    """A text literal."""
    return Value(literal_text(text), STRING, text)


def to_double(value: Value) -> Value:
    """The value as double; text that is no number becomes NULL."""
    return cast(value, DOUBLE)


def _impossible(source: Type, target: Type) -> Exception:
    return analysis_error(
        f'cannot cast "{source.spark.upper()}" to "{target.spark.upper()}"',
        kind="DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION",
    )
