"""Text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from local_platform.query_service.compiler import growth, operators, regex
from local_platform.query_service.compiler.calls import LEADING, Call
from local_platform.query_service.compiler.casts import cast, literal_text, to_text
from local_platform.query_service.compiler.functions.registry import arguments, function, simple
from local_platform.query_service.compiler.scope import Value
from local_platform.query_service.errors import analysis_error, execution_error
from local_platform.query_service.sql.types import BINARY, DOUBLE, INT, STRING, Type, array

if TYPE_CHECKING:
    from local_platform.query_service.compiler.expressions import Expressions

simple("ascii", [STRING], INT, "CAST(CASE WHEN {0} = '' THEN 0 ELSE unicode({0}) END AS INTEGER)")
simple("lcase lower", [STRING], STRING, "lower({0})")
simple("ucase upper", [STRING], STRING, "spark_upper({0})")
simple("initcap", [STRING], STRING, "spark_initcap({0})")
simple("translate", [STRING, STRING, STRING], STRING, "translate({0}, {1}, {2})")
simple("soundex", [STRING], STRING, "spark_soundex({0})")
simple("instr", [STRING, STRING], INT, "CAST(strpos({0}, {1}) AS INTEGER)")
simple("find_in_set", [STRING, STRING], INT, "spark_find_in_set({0}, {1})")
simple("sentences", [STRING, STRING, STRING], array(array(STRING)), "spark_sentences({0})", optional=2)
simple("char chr", [INT], STRING, "(CASE WHEN {0} < 0 THEN '' ELSE chr(CAST({0} % 256 AS INTEGER)) END)")
simple("uuid", [], STRING, "CAST(uuid() AS VARCHAR)")


@function("substring_index", least=3, most=3)
def _substring_index(self: Expressions, call: Call) -> Value:
    """Up to so many occurrences of a delimiter; counted from the end when negative."""
    text, delimiter, count = arguments(self, call, STRING, STRING, INT)
    pieces = f"string_split({text.sql}, {delimiter.sql})"
    after = f"list_slice({pieces}, greatest(len({pieces}) + {count.sql} + 1, 1), len({pieces}))"
    kept = f"(CASE WHEN {count.sql} > 0 THEN list_slice({pieces}, 1, {count.sql}) ELSE {after} END)"
    nothing = f"{count.sql} = 0 OR {delimiter.sql} = ''"
    return Value(f"(CASE WHEN {nothing} THEN '' ELSE {joined(kept, delimiter)} END)", STRING)


def joined(items: str, separator: Value) -> str:
    """SQL of the elements of an array of texts, end to end; the engine's own function takes a constant separator."""
    name = "array_to_string" if isinstance(separator.literal, str) else "spark_join"
    return f"{name}({items}, {separator.sql})"


@function("parse_url", least=2, most=3)
def _parse_url(self: Expressions, call: Call) -> Value:
    values = arguments(self, call, STRING, STRING, STRING)
    if len(values) == 2:
        return Value(f"spark_parse_url({values[0].sql}, {values[1].sql})", STRING)
    return Value(f"spark_parse_url_key({values[0].sql}, {values[1].sql}, {values[2].sql})", STRING)


@function("length", "char_length", "character_length", "bit_length")
def _length(self: Expressions, call: Call) -> Value:
    """Characters of a text, bytes of a binary; bit_length counts bits of either."""
    value = self.value(call.arguments[0])
    if value.type != BINARY:
        value = cast(value, STRING)
    if call.name == "bit_length":
        bits = f"8 * octet_length({value.sql})" if value.type == BINARY else f"bit_length({value.sql})"
        return Value(f"CAST({bits} AS INTEGER)", INT)
    return Value(f"CAST({'octet_length' if value.type == BINARY else 'length'}({value.sql}) AS INTEGER)", INT)


_SURELY_FITS = 10_000


def bounded_count(count: Value, width: str = "1") -> str:
    """A number of repetitions, refused where no memory would hold the text; a small literal needs no test, which would
    also keep the expression out of GROUP BY and PARTITION BY."""
    if isinstance(count.literal, int) and 0 <= count.literal <= (_SURELY_FITS if width == "1" else 1):
        return count.sql
    return f"spark_bounded_count({count.sql}, {width})"


@function("repeat", least=2, most=2)
def _repeat(self: Expressions, call: Call) -> Value:
    text, count = arguments(self, call, STRING, INT)
    width = "1" if isinstance(text.literal, str) and len(text.literal) < 8 else f"strlen({text.sql})"
    return Value(f"repeat({text.sql}, {bounded_count(count, width)})", STRING)


@function("space")
def _space(self: Expressions, call: Call) -> Value:
    return Value(f"repeat(' ', {bounded_count(arguments(self, call, INT)[0])})", STRING)


@function("replace", least=2, most=3)
def _replace(self: Expressions, call: Call) -> Value:
    """Every occurrence; without a replacement it is taken away."""
    values = arguments(self, call, STRING, STRING, STRING)
    new = values[2] if len(values) > 2 else Value("''", STRING, "")
    name = "spark_replace" if _may_grow(self, [*values[:2], new]) else "replace"
    return Value(f"{name}({values[0].sql}, {values[1].sql}, {new.sql})", STRING)


def _may_grow(self: Expressions, values: list[Value]) -> bool:
    """Whether replace(text, old, new) may make a text too long, and so has to count first."""
    old, new = (value.literal for value in values[1:3])
    if not isinstance(old, str) or not isinstance(new, str):
        return True
    return len(new) > len(old) > 0 and growth.is_risky(self, values, -(-len(new) // len(old)))


@function("levenshtein", least=2, most=3)
def _levenshtein(self: Expressions, call: Call) -> Value:
    """Edits between two texts, by character; -1 beyond the threshold."""
    values = arguments(self, call, STRING, STRING, INT)
    one, other = values[0].sql, values[1].sql
    # DuckDB counts bytes, which is the same for ASCII only.
    quick = f"strlen({one}) = length({one}) AND strlen({other}) = length({other})"
    quick += f" AND CAST(strlen({one}) AS DOUBLE) * strlen({other}) < 1000000"
    distance = f"(CASE WHEN {quick} THEN levenshtein({one}, {other}) ELSE spark_levenshtein({one}, {other}) END)"
    if len(values) == 3:
        most = values[2].sql
        distance = f"(CASE WHEN {distance} > {most} THEN -1 WHEN {most} IS NOT NULL THEN {distance} END)"
    return Value(f"CAST({distance} AS INTEGER)", INT)


@function("format_number", least=2, most=2)
def _format_number(self: Expressions, call: Call) -> Value:
    """With a number of places, or by a pattern of Java's DecimalFormat."""
    number, form = self.value(call.arguments[0]), self.value(call.arguments[1])
    if not number.type.is_numeric and number.type.kind != "void":
        raise analysis_error(
            f'format_number takes a number, not "{number.type.spark.upper()}"; CAST it to a numeric type.',
            kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        )
    if form.type.kind not in ("string", "void") and not form.type.is_integral:
        raise analysis_error(
            f'format_number takes a number of decimal places or a pattern, not "{form.type.spark.upper()}".',
            kind="DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        )
    # A double does not hold every decimal and bigint.
    exact = number.type.kind in ("decimal", "bigint")
    if form.type.kind == "string":
        if exact:
            return Value(f"spark_format_exactly_by_pattern({to_text(number.sql, number.type)}, {form.sql})", STRING)
        return Value(f"spark_format_by_pattern({cast(number, DOUBLE).sql}, {form.sql})", STRING)
    places = cast(form, INT).sql
    if exact:
        return Value(f"spark_format_exactly_by_places({to_text(number.sql, number.type)}, {places})", STRING)
    return Value(f"spark_format_number({cast(number, DOUBLE).sql}, {places})", STRING)


@function("left", least=2, most=2)
def _left(self: Expressions, call: Call) -> Value:
    """The first characters of a text, or bytes of a binary."""
    value, count = arguments(self, call, None, INT)
    if value.type == BINARY:
        return Value(f"unhex(left(hex({value.sql}), 2 * greatest({count.sql}, 0)))", BINARY)
    return Value(f"left({cast(value, STRING).sql}, greatest({count.sql}, 0))", STRING)


@function("trim", "rtrim", LEADING, most=2)
def _trim(self: Expressions, call: Call) -> Value:
    """trim(text) takes blanks away; with two arguments the first is the set of characters."""
    values = arguments(self, call, STRING, STRING)
    characters = values[0].sql if len(values) > 1 else "' '"
    name = "ltrim" if call.name == LEADING else call.name
    return Value(f"{name}({values[-1].sql}, {characters})", STRING)


@function("lpad", "rpad", least=2, most=3)
def _pad(self: Expressions, call: Call) -> Value:
    values = arguments(self, call, None, INT, None)
    if all(value.type == BINARY for value in (values[0], *values[2:])):
        return _padded_bytes(call.name, values)
    values = [cast(value, STRING) if place != 1 else value for place, value in enumerate(values)]
    pad = values[2].sql if len(values) > 2 else "' '"
    text, size = values[0].sql, bounded_count(values[1])
    padded = f"{call.name}({text}, {size}, nullif({pad}, ''))"
    return Value(f"(CASE WHEN {pad} = '' THEN left({text}, {size}) ELSE {padded} END)", STRING)


def _padded_bytes(name: str, values: Sequence[Value]) -> Value:
    """The same of a binary, with zeros unless told otherwise, by way of its hexadecimal digits."""
    pad = f"hex({values[2].sql})" if len(values) > 2 else "'00'"
    digits, size = f"hex({values[0].sql})", f"2 * {bounded_count(values[1])}"
    padded = f"{name}({digits}, {size}, nullif({pad}, ''))"
    return Value(f"unhex(CASE WHEN {pad} = '' THEN left({digits}, {size}) ELSE {padded} END)", BINARY)


@function("substring", "substr", least=2, most=3)
def _substring(self: Expressions, call: Call) -> Value:
    """Positions count from 1; 0 means 1; negative ones count from the end."""
    values = arguments(self, call, None, INT, INT)
    if values[0].type == BINARY:
        return _bytes(values)
    text, start = cast(values[0], STRING).sql, values[1]
    if isinstance(start.literal, int) and start.literal > 0:
        position = start.sql
    else:
        position = f"(CASE WHEN {start.sql} = 0 THEN 1 ELSE {start.sql} END)"
    if len(values) == 2:
        return Value(f"substring({text}, {position})", STRING)
    return Value(f"substring({text}, {position}, greatest({values[2].sql}, 0))", STRING)


def _bytes(values: Sequence[Value]) -> Value:
    """The same of a binary, by way of its hexadecimal digits."""
    data, start = values[0].sql, values[1].sql
    first = (
        f"(CASE WHEN {start} > 0 THEN {start} WHEN {start} = 0 THEN 1 "
        f"ELSE greatest(octet_length({data}) + {start} + 1, 1) END)"
    )
    length = f", greatest({values[2].sql}, 0) * 2" if len(values) > 2 else ""
    return Value(f"unhex(substring(hex({data}), 2 * {first} - 1{length}))", BINARY)


@function("locate", "position", least=2, most=3)
def _locate(self: Expressions, call: Call) -> Value:
    """Position of the first argument in the second, from the third on; 0 when it is not there."""
    values = arguments(self, call, STRING, STRING, INT)
    wanted, text = values[0].sql, values[1].sql
    if len(values) == 2:
        return Value(f"CAST(strpos({text}, {wanted}) AS INTEGER)", INT)
    start = values[2].sql
    found = f"strpos(substring({text}, {start}), {wanted})"
    place = (
        f"CASE WHEN {wanted} IS NULL OR {text} IS NULL THEN NULL WHEN {start} IS NULL OR {start} < 1 THEN 0 "
        f"WHEN {wanted} = '' THEN 1 WHEN {found} = 0 THEN 0 ELSE {found} + {start} - 1 END"
    )
    return Value(f"CAST({place} AS INTEGER)", INT)


@function("concat", least=0, most=None)
def _concat(self: Expressions, call: Call) -> Value:
    """NULL as soon as one part is NULL; arrays are joined end to end."""
    values = self.values(call.arguments)
    if not values:
        return Value("''", STRING, "")
    if any(value.type.kind == "array" for value in values):
        if any(value.type.kind == "void" for value in values):
            raise analysis_error("Input to `concat` should all be the same type.", kind="DATATYPE_MISMATCH")
        lists = self.unified(values, "concat")
        any_null = " OR ".join(f"{value.sql} IS NULL" for value in lists)
        whole = "list_concat(" + ", ".join(value.sql for value in lists) + ")" if len(lists) > 1 else lists[0].sql
        made = Value(f"(CASE WHEN {any_null} THEN NULL ELSE {whole} END)", lists[0].type)
        return growth.watched(made) if growth.is_risky(self, lists, len(lists)) else made
    if all(value.type == BINARY for value in values):
        return operators.concatenated(self, values)
    return operators.concatenated(self, [cast(value, STRING) for value in values])


@function("concat_ws", most=None)
def _concat_ws(self: Expressions, call: Call) -> Value:
    """NULL parts and NULL elements are skipped; a NULL separator gives NULL."""
    values = self.values(call.arguments)
    between = self.held(cast(values[0], STRING))
    separator = between.sql
    parts = []
    for value in values[1:]:
        if value.type.kind == "array":
            kept = f"list_filter({cast(value, array(STRING)).sql}, lambda x: x IS NOT NULL)"
            parts.append(f"(CASE WHEN len({kept}) > 0 THEN {joined(kept, between)} END)")
        else:
            parts.append(cast(value, STRING).sql)
    if not parts:
        return Value(f"(CASE WHEN {separator} IS NULL THEN NULL ELSE '' END)", STRING)
    whole = f"concat_ws({separator}, {', '.join(parts)})"
    made = Value(f"(CASE WHEN {separator} IS NULL THEN NULL ELSE {whole} END)", STRING)
    return growth.watched(made) if growth.is_risky(self, values, 2 * len(values)) else made


def _matched(self: Expressions, call: Call) -> tuple[Value, Value, Value]:
    """Text, pattern and group (1 unless said otherwise) of a regexp_extract."""
    values = arguments(self, call, STRING, STRING, INT)
    group = values[2] if len(values) > 2 else Value("1", INT, 1)
    known = regex.groups(values[1])
    if known is not None and isinstance(group.literal, int) and not 0 <= group.literal <= known:
        raise execution_error(
            f"[INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX] {call.name} expects a group index between 0 and {known}, "
            f"but got {group.literal}."
        )
    return values[0], values[1], group


@function("regexp_extract_all", least=2, most=3)
def _regexp_extract_all(self: Expressions, call: Call) -> Value:
    """The group of every match. Not in the list of functions, but the guide on similar records builds on it."""
    text, pattern, group = _matched(self, call)
    return Value(f"spark_regexp_extract_all({text.sql}, {pattern.sql}, {group.sql})", array(STRING))


@function("regexp_extract", least=2, most=3)
def _regexp_extract(self: Expressions, call: Call) -> Value:
    """The group of the first match; empty text when there is none."""
    *values, group = _matched(self, call)
    text, pattern = values[0].sql, values[1].sql
    general = f"spark_regexp_extract({text}, {pattern}, {group.sql})"
    if not isinstance(group.literal, int):
        return Value(general, STRING)
    return Value(regex.choose(values[1], text, f"regexp_extract({text}, {pattern}, {group.sql})", general), STRING)


@function("regexp_replace", least=3, most=4)
def _regexp_replace(self: Expressions, call: Call) -> Value:
    """Every match; $1 in the replacement is a group, as in Java."""
    values = arguments(self, call, STRING, STRING, STRING, INT)
    text, pattern, replacement = values[0].sql, values[1].sql, values[2]
    if len(values) == 4:
        start = values[3].sql
        head, text = f"left({text}, {start} - 1)", f"substring({text}, {start})"
    general = f"spark_regexp_replace({text}, {pattern}, {replacement.sql})"
    result = general
    grown = replacement.literal is None or growth.is_risky(self, values, len(str(replacement.literal)) + 1)
    if isinstance(replacement.literal, str) and not grown:
        fast = f"regexp_replace({text}, {pattern}, {literal_text(regex.re2_replacement(replacement.literal))}, 'g')"
        result = regex.choose(values[1], text, fast, general)
    return Value(f"({head} || {result})" if len(values) == 4 else result, STRING)


@function("split", least=2, most=3)
def _split(self: Expressions, call: Call) -> Value:
    """Pieces between matches of the pattern; a positive limit bounds their number."""
    values = arguments(self, call, STRING, STRING, INT)
    text, pattern = values[0].sql, values[1].sql
    if len(values) == 2:
        general = f"spark_split({text}, {pattern}, -1)"
        return Value(regex.choose(values[1], text, f"string_split_regex({text}, {pattern})", general), array(STRING))
    return Value(f"spark_split({text}, {pattern}, {values[2].sql})", array(STRING))


@function("elt", least=2, most=None)
def _elt(self: Expressions, call: Call) -> Value:
    position = cast(self.value(call.arguments[0]), INT).sql
    options = ", ".join(cast(value, STRING).sql for value in self.values(call.arguments[1:]))
    return Value(f"(CASE WHEN {position} > 0 THEN list_extract([{options}], {position}) END)", STRING)


@function("encode", least=2, most=2)
def _encode(self: Expressions, call: Call) -> Value:
    text = cast(self.value(call.arguments[0]), STRING)
    _utf8(self.value(call.arguments[1]))
    return Value(f"encode({text.sql})", BINARY)


@function("decode", least=2, most=None)
def _decode(self: Expressions, call: Call) -> Value:
    """decode(binary, charset), or the CASE of Oracle: decode(x, search, result, ..., default)."""
    if len(call.arguments) == 2:
        data = cast(self.value(call.arguments[0]), BINARY)
        _utf8(self.value(call.arguments[1]))
        return Value(f"decode({data.sql})", STRING)
    return _decode_case(self, call)


def _decode_case(self: Expressions, call: Call) -> Value:
    values = self.values(call.arguments)
    pairs = values[1:]
    has_default = len(pairs) % 2 == 1
    results = [*pairs[1::2], *(pairs[-1:] if has_default else [])]
    unified = self.unified(results, "decode")
    searches = pairs[0 : len(pairs) - has_default : 2]
    subject, *wanted = self.unified([values[0], *searches], "decode")
    whens = " ".join(
        f"WHEN {subject.sql} IS NOT DISTINCT FROM {search.sql} THEN {result.sql}"
        for search, result in zip(wanted, unified, strict=False)
    )
    default = unified[-1].sql if has_default else "NULL"
    return Value(f"(CASE {whens} ELSE {default} END)", unified[0].type)


def _utf8(charset: Value) -> None:
    name = str(charset.literal).lower().replace("_", "-") if isinstance(charset.literal, str) else ""
    if name not in ("utf-8", "us-ascii"):
        raise analysis_error(f"The local Query Service reads the charset 'utf-8' only, seen {charset.sql}.")


@function("reverse")
def _reverse(self: Expressions, call: Call) -> Value:
    value = self.value(call.arguments[0])
    if value.type.kind == "array":
        return Value(f"list_reverse({value.sql})", value.type)
    text = cast(value, STRING)
    return Value(f"reverse({text.sql})", STRING)


def text_type(value: Value) -> Type:
    """STRING for anything simple; used where Spark would cast."""
    return value.type if value.type == BINARY else STRING
