"""XML: Spark's xpath functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.functions.registry import constant_text, function
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql.types import BIGINT, BOOLEAN, DOUBLE, FLOAT, INT, SMALLINT, STRING, array

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

_RESULTS = {
    "xpath": (array(STRING), "spark_xpath({0}, {1})"),
    "xpath_string": (STRING, "spark_xpath_text({0}, {1})"),
    "xpath_boolean": (BOOLEAN, "spark_xpath_truth({0}, {1})"),
    "xpath_double": (DOUBLE, "spark_xpath_number({0}, {1})"),
    "xpath_number": (DOUBLE, "spark_xpath_number({0}, {1})"),
    "xpath_float": (FLOAT, "CAST(spark_xpath_number({0}, {1}) AS FLOAT)"),
    "xpath_long": (BIGINT, "spark_xpath_whole({0}, {1}, 64)"),
    "xpath_int": (INT, "CAST(spark_xpath_whole({0}, {1}, 32) AS INTEGER)"),
    "xpath_short": (SMALLINT, "CAST(spark_xpath_whole({0}, {1}, 16) AS SMALLINT)"),
}


@function(*_RESULTS, least=2, most=2)
def _xpath(self: Expressions, call: Call) -> Value:
    """Of an XML text, what an XPath 1.0 path finds; the path is a literal, the text no other type."""
    xml, path = self.values(call.arguments)
    for value in (xml, path):
        if value.type.kind not in ("string", "void"):
            raise analysis_error(
                f'Cannot resolve "{call.name}": a parameter requires the "STRING" type, however it has the type '
                f'"{value.type.spark.upper()}".',
                kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
            )
    type, sql = _RESULTS[call.name]
    if "void" in (xml.type.kind, path.type.kind):
        return Value(f"CAST(NULL AS {type.duck})", type)
    constant_text(path, f"The path of {call.name}")
    return Value(sql.format(xml.sql, path.sql), type)
