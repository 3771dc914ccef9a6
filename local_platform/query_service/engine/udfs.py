"""Functions DuckDB does not have, over Arrow arrays."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.func import FunctionNullHandling, PythonUDFType

from local_platform.query_service.engine import (
    bounded,
    decimalformat,
    exact,
    javatime,
    murmur3,
    pace,
    regex,
    sketches,
    sparkjson,
    url,
    xpath,
)


def register(database: Any) -> None:
    """Make the functions known to a DuckDB."""
    for name, python, takes, gives in _FUNCTIONS:
        database.create_function(
            f"{name}_paced",
            _by_value(python, gives, len(takes)),
            [duckdb.sqltype(type) for type in (*takes, "BIGINT")],
            duckdb.sqltype(gives),
            type=_ARROW,
            null_handling=_SPECIAL,
        )
        names = ", ".join(f"p{place}" for place in range(len(takes)))
        database.execute(
            f"CREATE MACRO {name}({names}) AS {name}_paced({names}, CAST(getvariable('{STATEMENT}') AS BIGINT))"
        )
    for name, vectorised, takes, gives in _VECTORISED:
        database.create_function(
            name,
            vectorised,
            [duckdb.sqltype(type) for type in takes],
            duckdb.sqltype(gives),
            type=_ARROW,
            null_handling=_SPECIAL,
        )


STATEMENT = "statement"
"""The variable of a connection that holds its statement's number, see pace."""
_ARROW: Any = PythonUDFType.ARROW
_SPECIAL: Any = FunctionNullHandling.SPECIAL
_RESULTS = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
    "VARCHAR[][]": pa.list_(pa.list_(pa.string())),
}


def _by_value(python: Callable[..., Any], gives: str, arity: int) -> Callable[..., Any]:
    def over_arrays(*columns: Any) -> Any:
        *given, numbers = columns
        results = []
        with pace.Work(numbers[0].as_py() if len(numbers) else None) as work:
            for row in zip(*map(_values, given), strict=True):
                work.step()
                result = None if any(part is None for part in row) else python(*row)
                if isinstance(result, str):
                    work.made(len(result))
                elif isinstance(result, list):
                    work.made(64 * len(result))
                results.append(result)
            # Copied for Arrow, and again for the engine.
            pace.room(2 * work.total)
            return pa.array(results, _RESULTS[gives])

    # DuckDB counts the parameters, so a variadic function will not do.
    by_arity: dict[int, Callable[..., Any]] = {
        1: lambda a, n: over_arrays(a, n),
        2: lambda a, b, n: over_arrays(a, b, n),
        3: lambda a, b, c, n: over_arrays(a, b, c, n),
        4: lambda a, b, c, d, n: over_arrays(a, b, c, d, n),
    }
    return by_arity[arity]


def _values(column: Any) -> Iterable[Any]:
    """The column's values; of large ones one at a time."""
    return column.to_pylist() if column.nbytes < _LARGE else (value.as_py() for value in column)


_LARGE = 16_000_000


def _conv(text: str, from_base: int, to_base: int) -> str | None:
    """A number in another base; digits that do not belong to the base end it; 64 bits, unsigned unless to_base < 0."""
    text = text.strip()
    if not (2 <= from_base <= 36 and 2 <= abs(to_base) <= 36) or not text:
        return None
    negative = text.startswith("-")
    value = 0
    for character in text.lstrip("-"):
        digit = int(character, 36) if character.isascii() and character.isalnum() else 99
        if digit >= from_base:
            break
        value = value * from_base + digit
    value = min(value, 2**64 - 1)
    if negative:
        value = -value
    if to_base > 0:
        value %= 2**64
    elif value >= 2**63:
        value -= 2**64
    return _in_base(value, abs(to_base))


def _in_base(value: int, base: int) -> str:
    digits = ""
    rest = abs(value)
    while True:
        rest, digit = divmod(rest, base)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
        if rest == 0:
            return ("-" if value < 0 else "") + digits


def _soundex(text: str) -> str:
    codes = {
        letter: code for code, letters in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1) for letter in letters
    }
    if not text or not text[0].isascii() or not text[0].isalpha():
        return text
    # Byte by byte, as Spark does: only a-z have capitals, and every other letter parts its neighbours.
    result, last = text[0].upper(), codes.get(text[0].upper(), 0)
    for letter in (letter.upper() if letter.isascii() else letter for letter in text[1:]):
        code = codes.get(letter, 0)
        if code and code != last:
            result += str(code)
            if len(result) == 4:
                break
        if letter not in "HW":
            last = code
    return result.ljust(4, "0")


def _levenshtein(left: str, right: str) -> int:
    """Edits by character; a row of the table at a time.

    Raises:
        ValueError: the table is too large.
    """
    if len(left) * len(right) > _MOST_COMPARED:
        raise ValueError("levenshtein compares texts of up to 100,000 characters each; these are longer.")
    letters = np.frombuffer(right.encode("utf-32-le"), np.uint32)
    places = np.arange(len(right) + 1)
    row = places.copy()
    for number, letter in enumerate(left, start=1):
        pace.tick()
        # From above and across first, then from the left: least of what stands before, one more for each step.
        best = np.minimum(row[1:] + 1, row[:-1] + (letters != ord(letter)))
        row = np.minimum.accumulate(np.concatenate(([number], best)) - places) + places
    return int(row[-1])


_MOST_COMPARED = 100_000**2


def _room(sizes: Any) -> Any:
    """True for each; an error where together they would be too large."""
    pace.room(int(pc.sum(sizes).as_py() or 0))
    return pa.array(np.ones(len(sizes), dtype=bool))


def _counted(counts: Any, widths: Any, most: Any) -> Any:
    """A number of repetitions, none below nought; an error where one, or all together, would make too much."""
    numbers, widths_, limits = _numbers(counts, np.int64), _numbers(widths, np.int64), _numbers(most, np.int64)
    numbers = np.maximum(numbers, 0)
    # In floating point, which does not wrap around.
    sizes = numbers.astype(np.float64) * np.maximum(widths_, 1)
    unknown = _one(widths).is_null().to_numpy(zero_copy_only=False)
    sizes[unknown] = 0
    if (sizes > limits).any():
        what = "A text of more than 100 million characters" if limits.max() > _MOST_ITEMS else _TOO_MANY_ITEMS
        raise ValueError(f"{what} does not fit the memory of the local Query Service; make it shorter.")
    pace.room(int(sizes.sum()) * (1 if limits.max() > _MOST_ITEMS else 16))
    return pa.array(numbers, pa.int64(), mask=_one(counts).is_null().to_numpy(zero_copy_only=False)).cast(pa.int32())


_MOST_ITEMS = 20_000_000
_TOO_MANY_ITEMS = "An array of more than 20 million elements"


def _sentences(text: str) -> list[list[str]]:
    return [re.findall(r"[\w']+", sentence) for sentence in re.split(r"[.!?]+", text) if re.search(r"\w", sentence)]


def _crc32(data: bytes) -> int:
    return zlib.crc32(data)


def _sha2(data: bytes, bits: int) -> str:
    return hashlib.new(f"sha{bits}", data).hexdigest()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _hash_bytes(values: Any, seeds: Any) -> Any:
    return murmur3.hash_bytes(_one(values).cast(pa.binary()), _numbers(seeds, np.int32))


def _hash_int(values: Any, seeds: Any) -> Any:
    return murmur3.hash_int(_one(values), _numbers(seeds, np.int32))


def _hash_long(values: Any, seeds: Any) -> Any:
    return murmur3.hash_long(_one(values), _numbers(seeds, np.int32))


def _hash_double(values: Any, seeds: Any) -> Any:
    bits = np.where(_numbers(values, np.float64) == 0, 0.0, _numbers(values, np.float64)).view(np.int64)
    array = pa.array(bits, mask=_one(values).is_null().to_numpy(zero_copy_only=False))
    return murmur3.hash_long(array, _numbers(seeds, np.int32))


def _hash_float(values: Any, seeds: Any) -> Any:
    bits = np.where(_numbers(values, np.float32) == 0, np.float32(0), _numbers(values, np.float32)).view(np.int32)
    array = pa.array(bits, mask=_one(values).is_null().to_numpy(zero_copy_only=False))
    return murmur3.hash_int(array, _numbers(seeds, np.int32))


def _one(values: Any) -> Any:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _numbers(values: Any, type: Any) -> Any:
    return _one(values).fill_null(0).to_numpy(zero_copy_only=False).astype(type)


_FUNCTIONS: tuple[tuple[str, Callable[..., Any], list[str], str], ...] = (
    ("spark_conv_slow", _conv, ["VARCHAR", "INTEGER", "INTEGER"], "VARCHAR"),
    ("spark_decimal_operation", exact.operate, ["VARCHAR", "VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR"),
    ("spark_soundex", _soundex, ["VARCHAR"], "VARCHAR"),
    ("spark_levenshtein", _levenshtein, ["VARCHAR", "VARCHAR"], "INTEGER"),
    ("spark_parse_url", url.part, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("spark_parse_url_key", url.key_of_query, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("spark_sentences", _sentences, ["VARCHAR"], "VARCHAR[][]"),
    ("spark_split", regex.split, ["VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR[]"),
    ("spark_regexp_matches", regex.matches, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    ("spark_regexp_extract", regex.extract, ["VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR"),
    ("spark_join", bounded.join, ["VARCHAR[]", "VARCHAR"], "VARCHAR"),
    ("spark_replace", bounded.replace, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("spark_regexp_extract_all", regex.extract_all, ["VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR[]"),
    ("spark_regexp_replace", regex.replace, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    ("spark_format_time", javatime.format_time, ["BIGINT", "VARCHAR"], "VARCHAR"),
    ("spark_parse_time", javatime.parse_time, ["VARCHAR", "VARCHAR"], "BIGINT"),
    ("spark_json_path", sparkjson.at_path, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("spark_json_conform", sparkjson.conform, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("spark_sketch", sketches.build, ["VARCHAR[]", "INTEGER"], "VARCHAR"),
    ("spark_sketch_merged", sketches.merge, ["VARCHAR[]", "BOOLEAN"], "VARCHAR"),
    ("spark_sketch_estimate", sketches.estimate, ["VARCHAR"], "DOUBLE"),
    ("spark_crc32", _crc32, ["BLOB"], "BIGINT"),
    ("spark_sha2", _sha2, ["BLOB", "INTEGER"], "VARCHAR"),
    ("spark_schema_of_json", sparkjson.schema_of, ["VARCHAR"], "VARCHAR"),
    ("spark_format_by_pattern", decimalformat.by_pattern, ["DOUBLE", "VARCHAR"], "VARCHAR"),
    ("spark_format_exactly_by_pattern", decimalformat.exactly_by_pattern, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("spark_format_exactly_by_places", decimalformat.exactly_by_places, ["VARCHAR", "INTEGER"], "VARCHAR"),
    ("spark_xpath", xpath.nodes, ["VARCHAR", "VARCHAR"], "VARCHAR[]"),
    ("spark_xpath_text", xpath.text, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    ("spark_xpath_number", xpath.number, ["VARCHAR", "VARCHAR"], "DOUBLE"),
    ("spark_xpath_truth", xpath.truth, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    ("spark_xpath_whole", xpath.whole, ["VARCHAR", "VARCHAR", "INTEGER"], "BIGINT"),
)
_VECTORISED: tuple[tuple[str, Callable[..., Any], list[str], str], ...] = (
    ("spark_hash_bytes", _hash_bytes, ["BLOB", "INTEGER"], "INTEGER"),
    ("spark_hash_int", _hash_int, ["INTEGER", "INTEGER"], "INTEGER"),
    ("spark_hash_long", _hash_long, ["BIGINT", "INTEGER"], "INTEGER"),
    ("spark_hash_double", _hash_double, ["DOUBLE", "INTEGER"], "INTEGER"),
    ("spark_room", _room, ["BIGINT"], "BOOLEAN"),
    ("spark_counted", _counted, ["BIGINT", "BIGINT", "BIGINT"], "INTEGER"),
    ("spark_hash_float", _hash_float, ["FLOAT", "INTEGER"], "INTEGER"),
)
