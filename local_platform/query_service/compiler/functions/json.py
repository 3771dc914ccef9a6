"""JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sqlglot import exp

from local_platform.query_service.compiler import growth
from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast, literal_text, text_value
from local_platform.query_service.compiler.functions.dates import formatted_time
from local_platform.query_service.compiler.functions.registry import arguments, constant_text, function
from local_platform.query_service.compiler.jsontext import Form, json_sql, structure_of, wanted_of
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.compiler.typenames import type_of
from local_platform.query_service.engine.sparkjson import schema_of
from local_platform.query_service.errors import QueryError, analysis_error, execution_error
from local_platform.query_service.sql.dialect import parse_type
from local_platform.query_service.sql.types import STRING, Type

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions


# What DuckDB's paths mean alike; anything else goes the long way.
_PLAIN_PATH = re.compile(r"\$(\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])*")


@function("to_json", most=2)
def _to_json(self: Expressions, call: Call) -> Value:
    """NULL fields are left out."""
    options = _options(self, call, 1)
    value = self.value(call.arguments[0])
    if not value.type.is_complex:
        raise analysis_error(
            f"to_json needs a struct, array or map, not {value.type.spark}.",
            kind="DATATYPE_MISMATCH.INVALID_JSON_SCHEMA",
        )
    made = Value(json_sql(value.sql, value.type, _form(options)), STRING)
    # Quotes and backslashes are doubled, again and again where JSON stands in JSON.
    return growth.watched(made) if growth.is_risky(self, [value], 2) else made


@function("from_json", least=2, most=3)
def _from_json(self: Expressions, call: Call) -> Value:
    """The schema is DDL text; what does not fit is NULL."""
    options = _options(self, call, 2)
    text = cast(self.value(call.arguments[0]), STRING)
    schema = _schema_text(self, call.arguments[1])
    lowered = schema.lower()
    if not lowered.startswith(("struct<", "array<", "map<")):
        schema = f"STRUCT<{schema}>"
    type = type_of(parse_type(schema))
    _check_corrupt_record(type, options)
    fitted = f"spark_json_conform({text.sql}, {literal_text(wanted_of(type, options))})"
    return Value(f"CAST(from_json({fitted}, {literal_text(structure_of(type))}) AS {type.duck})", type)


_READING = {
    "allowComments",
    "allowNonNumericNumbers",
    "allowNumericLeadingZeros",
    "allowSingleQuotes",
    "allowUnquotedFieldNames",
}
_OPTIONS = {
    "from_json": {"columnNameOfCorruptRecord", "dateFormat", "mode", "timestampFormat"} | _READING,
    "schema_of_json": {"primitivesAsString"} | _READING,
    "to_json": {"dateFormat", "ignoreNullFields", "timestampFormat"},
}


def _options(self: Expressions, call: Call, position: int) -> dict[str, str]:
    """The map of options at a position, names in lower case.

    Spark ignores an option it does not know, and knows some more than these; here both are refused.

    Raises:
        QueryError: 58000, no map of texts, or such an option.
    """
    if len(call.arguments) <= position:
        return {}
    node = call.arguments[position]
    if not isinstance(node, exp.Anonymous) or str(node.this).lower() != "map":
        raise analysis_error("Must use the `map()` function for options.", kind="INVALID_OPTIONS.NON_MAP_FUNCTION")
    texts = [self.value(each).literal for each in node.expressions]
    if len(texts) % 2 or not all(isinstance(text, str) for text in texts):
        raise analysis_error(
            f"The options of {call.name} are a map() of text literals.", kind="INVALID_OPTIONS.NON_STRING_TYPE"
        )
    known = {name.lower() for name in _OPTIONS[call.name]}
    options = {}
    for name, value in zip(texts[::2], texts[1::2], strict=True):
        if name.lower() not in known:
            raise analysis_error(
                f"The local Query Service does not know the option {name!r} of {call.name}; "
                f"it knows {', '.join(sorted(_OPTIONS[call.name]))}."
            )
        options[name.lower()] = value if name.lower() in _SPELLED else value.lower()
    if options.get("mode", "permissive") not in ("permissive", "failfast"):
        raise analysis_error(
            f"from_json() doesn't support the {options['mode'].upper()} mode. "
            "Acceptable modes are PERMISSIVE and FAILFAST."
        )
    return options


_SPELLED = ("columnnameofcorruptrecord", "dateformat", "timestampformat")


def _check_corrupt_record(type: Type, options: dict[str, str]) -> None:
    name = options.get("columnnameofcorruptrecord", "_corrupt_record")
    if any(field.name == name and field.type != STRING for field in type.fields):
        raise analysis_error("The field for corrupt records must be string type and nullable.")


def _form(options: dict[str, str]) -> Form:
    form = Form(nulls=options.get("ignorenullfields") == "false")
    if pattern := options.get("timestampformat"):
        form = replace(form, timestamp=partial(formatted_time, pattern=text_value(pattern)))
    if pattern := options.get("dateformat"):
        form = replace(form, date=partial(formatted_date, pattern=text_value(pattern)))
    return form


def formatted_date(sql: str, pattern: Value) -> str:
    """SQL of a date's text."""
    return formatted_time(f"CAST({sql} AS TIMESTAMP)", pattern)


def _schema_text(self: Expressions, node: exp.Expression) -> str:
    """DDL text, as a literal or as schema_of_json of a literal."""
    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "schema_of_json" and node.expressions:
        sample = constant_text(self.value(node.expressions[0]), "The document of schema_of_json")
        found = schema_of(sample, _options(self, Call("schema_of_json", node.expressions), 1))
        if found is None:
            raise _no_json()
        return found
    return constant_text(self.value(node), "The schema of from_json").strip()


@function("get_json_object", least=2, most=2)
def _get_json_object(self: Expressions, call: Call) -> Value:
    """Text of what a path like $.a[0].b finds; objects and arrays as JSON."""
    text, path = arguments(self, call, STRING, STRING)
    if not isinstance(path.literal, str) or not _PLAIN_PATH.fullmatch(path.literal):
        return Value(f"spark_json_path({text.sql}, {path.sql})", STRING)
    # What is no JSON to DuckDB may still be to Spark: with single quotes.
    valid = f"CASE WHEN json_valid({text.sql}) THEN {text.sql} END"
    other = f"spark_json_path({text.sql}, {path.sql})"
    return Value(
        f"(CASE WHEN json_valid({text.sql}) THEN json_extract_string({valid}, {path.sql}) ELSE {other} END)", STRING
    )


@function("schema_of_json", most=2)
def _schema_of_json(self: Expressions, call: Call) -> Value:
    options = _options(self, call, 1)
    value = self.value(call.arguments[0])
    found = schema_of(constant_text(value, "The document of schema_of_json"), options)
    if found is None:
        raise _no_json()
    return text_value(found)


def _no_json() -> QueryError:
    return execution_error("The document of schema_of_json is no JSON.")
