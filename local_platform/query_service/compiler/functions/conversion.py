"""Conversions: casts in function form, hashes, encodings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_platform.query_service.compiler import growth
from local_platform.query_service.compiler.calls import Call
from local_platform.query_service.compiler.casts import cast, literal_text
from local_platform.query_service.compiler.functions.registry import arguments, constant_int, function, simple
from local_platform.query_service.compiler.scope import Statement, Value
from local_platform.query_service.errors import analysis_error
from local_platform.query_service.sql import types
from local_platform.query_service.sql.types import BIGINT, BINARY, INT, STRING, Type

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

_CASTS = {
    "bigint": types.BIGINT,
    "binary": types.BINARY,
    "boolean": types.BOOLEAN,
    "date": types.DATE,
    "decimal": Type("decimal", precision=10),
    "double": types.DOUBLE,
    "float": types.FLOAT,
    "int": types.INT,
    "smallint": types.SMALLINT,
    "string": types.STRING,
    "timestamp": types.TIMESTAMP,
    "tinyint": types.TINYINT,
}
_SHA2 = (0, 224, 256, 384, 512)

simple("unbase64", [STRING], BINARY, "spark_unbase64({0})")
simple("crc32", [BINARY], BIGINT, "spark_crc32({0})")
simple("md5", [BINARY], STRING, "md5({0})")
simple("sha sha1", [BINARY], STRING, "sha1({0})")
simple("unhex", [STRING], BINARY, "spark_unhex({0})")


@function(*_CASTS)
def _cast(self: Expressions, call: Call) -> Value:
    """int(x), string(x), ...: the same as CAST."""
    return cast(self.value(call.arguments[0]), _CASTS[call.name])


@function("hex")
def _hex(self: Expressions, call: Call) -> Value:
    value = self.value(call.arguments[0])
    if value.type.is_numeric:
        return Value(f"to_hex({cast(value, BIGINT).sql})", STRING)
    made = Value(f"hex({cast(value, BINARY).sql})", STRING)
    return growth.watched(made) if growth.is_risky(self, [value], 2) else made


@function("base64")
def _base64(self: Expressions, call: Call) -> Value:
    value = arguments(self, call, BINARY)[0]
    made = Value(f"base64({value.sql})", STRING)
    return growth.watched(made) if growth.is_risky(self, [value], 2) else made


@function("sha2", least=2, most=2)
def _sha2(self: Expressions, call: Call) -> Value:
    data = cast(self.value(call.arguments[0]), BINARY)
    bits = constant_int(self.value(call.arguments[1]), "The bit length of sha2")
    if bits not in _SHA2:
        return Value("CAST(NULL AS VARCHAR)", STRING)
    if bits in (0, 256):
        return Value(f"sha256({data.sql})", STRING)
    return Value(f"spark_sha2({data.sql}, {bits})", STRING)


@function("hash", most=None)
def _hash(self: Expressions, call: Call) -> Value:
    """Murmur3 with seed 42, each value seeded with the hash of those before it; NULL leaves the seed."""
    seed = "42"
    for value in self.values(call.arguments):
        seed = _murmur3(self.statement, value, seed)
    return Value(f"({seed})", INT)


def _murmur3(statement: Statement, value: Value, seed: str) -> str:
    kind = value.type.kind
    if kind == "string":
        return f"spark_hash_bytes(encode({value.sql}), {seed})"
    if kind == "binary":
        return f"spark_hash_bytes({value.sql}, {seed})"
    if kind in ("boolean", "tinyint", "smallint", "int"):
        return f"spark_hash_int(CAST({value.sql} AS INTEGER), {seed})"
    if kind == "date":
        return f"spark_hash_int(CAST({value.sql} - DATE '1970-01-01' AS INTEGER), {seed})"
    if kind == "timestamp":
        return f"spark_hash_long(epoch_us({value.sql}), {seed})"
    if kind == "bigint":
        return f"spark_hash_long({value.sql}, {seed})"
    if kind in ("double", "float"):
        return f"spark_hash_{kind}({value.sql}, {seed})"
    if kind == "decimal" and value.type.precision <= 18:
        unscaled = f"CAST({value.sql} * 1{'0' * value.type.scale} AS BIGINT)"
        return f"spark_hash_long({unscaled}, {seed})"
    if kind == "void":
        return seed
    if kind == "struct":
        for field in value.type.fields:
            part = Value(f"struct_extract({value.sql}, {literal_text(field.name)})", field.type)
            seed = _murmur3(statement, part, seed)
        return seed
    if kind == "array":
        # Each element is hashed with the hash of those before it; NULL and the empty array leave the seed.
        so_far, element = statement.name("h"), statement.name("e")
        step = _murmur3(statement, Value(element, value.type.item), so_far)
        return f"coalesce(list_reduce({value.sql}, lambda {so_far}, {element}: {step}, {seed}), {seed})"
    if kind == "map":
        raise analysis_error(
            'Input to the function `hash` cannot contain elements of the "MAP" type.', kind="DATATYPE_MISMATCH"
        )
    raise analysis_error(f"The local Query Service does not hash values of type {value.type.spark}.")
