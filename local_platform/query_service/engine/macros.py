"""Spark's semantics as DuckDB macros, made once for the service's in-memory database."""

from __future__ import annotations

_EXPONENT = """
CASE
  WHEN x IS NULL THEN NULL
  WHEN isnan(x) THEN 'NaN'
  WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
  WHEN x = 0 THEN CASE WHEN CAST(x AS VARCHAR)[1] = '-' THEN '-0.0' ELSE '0.0' END
  WHEN abs(x) >= 1e-3 AND abs(x) < 1e7 THEN CAST(x AS VARCHAR)
  ELSE spark_exponent_text(CAST(x AS VARCHAR))
END
"""

# '123456789.5', '1e+16', '1.5e-05' -> '1.234567895E8', '1.0E16', '1.5E-5'
_EXPONENT_TEXT = r"""
CASE
  WHEN contains(t, 'e') THEN
    (CASE WHEN contains(split_part(t, 'e', 1), '.') THEN split_part(t, 'e', 1) ELSE split_part(t, 'e', 1) || '.0' END)
    || 'E' || CAST(CAST(split_part(t, 'e', 2) AS INTEGER) AS VARCHAR)
  WHEN abs(CAST(t AS DOUBLE)) >= 1 THEN
    (CASE WHEN t[1] = '-' THEN '-' ELSE '' END) || ltrim(t, '-')[1] || '.'
    || (CASE WHEN rtrim(replace(split_part(ltrim(t, '-'), '.', 1)[2:] || split_part(t, '.', 2), '.', ''), '0') = '' THEN '0'
        ELSE rtrim(split_part(ltrim(t, '-'), '.', 1)[2:] || split_part(t, '.', 2), '0') END)
    || 'E' || CAST(length(split_part(ltrim(t, '-'), '.', 1)) - 1 AS VARCHAR)
  ELSE
    (CASE WHEN t[1] = '-' THEN '-' ELSE '' END) || ltrim(split_part(t, '.', 2), '0')[1] || '.'
    || (CASE WHEN ltrim(split_part(t, '.', 2), '0')[2:] = '' THEN '0' ELSE ltrim(split_part(t, '.', 2), '0')[2:] END)
    || 'E-' || CAST(length(split_part(t, '.', 2)) - length(ltrim(split_part(t, '.', 2), '0')) + 1 AS VARCHAR)
END
"""

_WHOLE = r"TRY_CAST(nullif(regexp_extract(trim(t), '^([+-]?\d+)(\.\d*)?$', 1), '') AS {type})"

_DATE = r"""
TRY_CAST(CASE
  WHEN regexp_full_match(trim(t), '\d{4}') THEN trim(t) || '-01-01'
  WHEN regexp_full_match(trim(t), '\d{4}-\d{1,2}') THEN trim(t) || '-01'
  ELSE nullif(regexp_extract(trim(t), '^(\d{4,6}-\d{1,2}-\d{1,2})([ T].*)?$', 1), '')
END AS DATE)
"""

_TIMESTAMP = r"""
CASE
  WHEN regexp_full_match(trim(t), '\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z?') THEN TRY_CAST(trim(t) AS TIMESTAMP)
  WHEN regexp_full_match(trim(t), '\d{4}(-\d{1,2}){0,2}') THEN CAST(spark_text_to_date(t) AS TIMESTAMP)
  WHEN regexp_full_match(trim(t), '\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}(:\d{1,2})?(:\d{1,2})?(\.\d*)?') THEN
    TRY_CAST(spark_complete_time(trim(t)) AS TIMESTAMP)
  WHEN regexp_full_match(trim(t), '\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{1,2}(:\d{1,2}(\.\d*)?)?\s*\S.*') THEN
    timezone('UTC', TRY_CAST(
      spark_complete_time(regexp_extract(trim(t), '^(\S+[ T]\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?)', 1)) || ' ' ||
      regexp_replace(trim(regexp_replace(trim(t), '^\S+[ T]\d{1,2}:\d{1,2}(:\d{1,2}(\.\d*)?)?', '')), '^(UTC|GMT)?([+-])', '\2')
      AS TIMESTAMPTZ))
END
"""

_COMPLETE_TIME = r"""
replace(regexp_extract(t, '^\d{4}-\d{1,2}-\d{1,2}'), ' ', '') || ' ' ||
coalesce(nullif(regexp_extract(t, '^\S+?[ T](\d{1,2})', 1), ''), '00') || ':' ||
coalesce(nullif(regexp_extract(t, '^\S+?[ T]\d{1,2}:(\d{1,2})', 1), ''), '00') || ':' ||
coalesce(nullif(regexp_extract(t, '^\S+?[ T]\d{1,2}:\d{1,2}:(\d{1,2}(\.\d{1,6})?)', 1), ''), '00')
"""

_MONTHS_BETWEEN = """
CASE
  WHEN day(a) = day(b) OR (CAST(a AS DATE) = last_day(a) AND CAST(b AS DATE) = last_day(b))
  THEN CAST((year(a) - year(b)) * 12 + month(a) - month(b) AS DOUBLE)
  ELSE (year(a) - year(b)) * 12 + month(a) - month(b)
    + (((day(a) - day(b)) * 86400.0::DOUBLE) + (floor(epoch(a)) % 86400) - (floor(epoch(b)) % 86400)) / 2678400.0::DOUBLE
END
"""

_NEXT_DAY = """
CASE WHEN list_position(['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'], lower(trim(n))[1:2]) IS NULL
       OR NOT list_contains(['mo', 'mon', 'monday', 'tu', 'tue', 'tuesday', 'we', 'wed', 'wednesday', 'th', 'thu', 'thursday',
                             'fr', 'fri', 'friday', 'sa', 'sat', 'saturday', 'su', 'sun', 'sunday'], lower(trim(n))) THEN NULL
ELSE d + CAST(((list_position(['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'], lower(trim(n))[1:2]) - isodow(d) + 6) % 7) + 1 AS INTEGER)
END
"""

_SUBSTRING_INDEX = """
CASE WHEN n = 0 OR d = '' THEN ''
     WHEN n > 0 THEN array_to_string(list_slice(string_split(s, d), 1, n), d)
     ELSE array_to_string(list_slice(string_split(s, d), greatest(len(string_split(s, d)) + n + 1, 1), len(string_split(s, d))), d)
END
"""

_INITCAP = """
array_to_string(list_transform(string_split(lower(s), ' '), lambda w: upper(w[1]) || w[2:]), ' ')
"""

MACROS: tuple[str, ...] = (
    f"CREATE MACRO spark_exponent_text(t) AS ({_EXPONENT_TEXT})",
    f"CREATE MACRO spark_double_text(x) AS ({_EXPONENT})",
    f"CREATE MACRO spark_float_text(x) AS ({_EXPONENT})",
    *(
        f"CREATE MACRO spark_text_to_{kind}(t) AS ({_WHOLE.format(type=type)})"
        for kind, type in (("tinyint", "TINYINT"), ("smallint", "SMALLINT"), ("int", "INTEGER"), ("bigint", "BIGINT"))
    ),
    f"CREATE MACRO spark_text_to_date(t) AS ({_DATE})",
    f"CREATE MACRO spark_complete_time(t) AS ({_COMPLETE_TIME})",
    f"CREATE MACRO spark_text_to_timestamp(t) AS ({_TIMESTAMP})",
    f"CREATE MACRO spark_months_between(a, b) AS ({_MONTHS_BETWEEN})",
    f"CREATE MACRO spark_next_day(d, n) AS ({_NEXT_DAY})",
    f"CREATE MACRO spark_substring_index(s, d, n) AS ({_SUBSTRING_INDEX})",
    f"CREATE MACRO spark_initcap(s) AS ({_INITCAP})",
    "CREATE MACRO spark_find_in_set(s, l) AS (CASE WHEN contains(s, ',') THEN 0 ELSE "
    "coalesce(CAST(list_position(string_split(l, ','), s) AS INTEGER), CASE WHEN s IS NULL OR l IS NULL THEN NULL ELSE 0 END) END)",
    "CREATE MACRO spark_format_number(x, d) AS (CASE WHEN d >= 0 THEN format('{:,.' || d || 'f}', x) END)",
    "CREATE MACRO spark_expm1(x) AS (CASE WHEN abs(x) < 1e-5 THEN x + x * x / 2 + x * x * x / 6 ELSE exp(x) - 1 END)",
    "CREATE MACRO spark_log1p(x) AS (CASE WHEN abs(x) < 1e-5 THEN x - x * x / 2 + x * x * x / 3 ELSE ln(1 + x) END)",
    "CREATE MACRO spark_shift_left(x, n) AS (CAST((((CAST(x AS HUGEINT) * CAST(pow(2, n & 31) AS HUGEINT)) + 2147483648) "
    "% 4294967296 + 4294967296) % 4294967296 - 2147483648 AS INTEGER))",
    "CREATE MACRO spark_unbase64(s) AS (TRY(from_base64(s)))",
    "CREATE MACRO spark_unhex(s) AS (CASE WHEN regexp_full_match(s, '[0-9A-Fa-f]*') THEN "
    "unhex(CASE WHEN length(s) % 2 = 1 THEN '0' || s ELSE s END) END)",
    "CREATE MACRO spark_iso_timestamp(t) AS (strftime(t, '%Y-%m-%dT%H:%M:%S') || "
    "(CASE WHEN microsecond(t) % 1000 = 0 THEN strftime(t, '.%g') ELSE strftime(t, '.%f') END) || 'Z')",
)

# After the Python functions are known.
LATE_MACROS: tuple[str, ...] = (
    "CREATE MACRO spark_conv(s, a, b) AS (CASE WHEN a = 16 AND b = 10 AND regexp_full_match(s, '[0-9A-Fa-f]{1,15}') "
    "THEN CAST(CAST('0x' || s AS BIGINT) AS VARCHAR) ELSE spark_conv_slow(s, a, b) END)",
)
