-- Spark's semantics as DuckDB macros, made once for the service's in-memory database.

-- A single value is made in one piece that neither a timeout nor a cancel interrupts, outside the memory limit: what
-- would be larger than a machine can hold is refused before it is made. The bound stands in the count, so that it
-- holds for constants too. 100 million characters, 20 million elements, and together what the process may hold.
CREATE MACRO spark_bounded_count(n, width) AS spark_counted(CAST(n AS BIGINT), CAST(width AS BIGINT), 100000000);
CREATE MACRO spark_bounded_items(n) AS spark_counted(CAST(n AS BIGINT), 1, 20000000);
CREATE MACRO spark_bounded_stop(first, last, step) AS
  CASE
    WHEN abs(CAST(last AS HUGEINT) - first) > 20000000 * abs(CAST(step AS HUGEINT)) AND step <> 0 THEN
      error('An array of more than 20 million elements does not fit the memory of the local Query Service; make it shorter.')
    WHEN spark_room(CAST(16 * abs(CAST(last AS HUGEINT) - first) // greatest(abs(CAST(step AS HUGEINT)), 1) AS BIGINT)) THEN last
  END;

-- '123456789.5', '1e+16', '1.5e-05' -> '1.234567895E8', '1.0E16', '1.5E-5'
CREATE MACRO spark_exponent_digits(digits) AS
  CASE WHEN rtrim(digits, '0') = '' THEN '0' ELSE rtrim(digits, '0') END;

CREATE MACRO spark_exponent_text(t) AS
  CASE
    WHEN contains(t, 'e') THEN
      split_part(t, 'e', 1) || (CASE WHEN contains(split_part(t, 'e', 1), '.') THEN '' ELSE '.0' END)
      || 'E' || CAST(CAST(split_part(t, 'e', 2) AS INTEGER) AS VARCHAR)
    WHEN abs(CAST(t AS DOUBLE)) >= 1 THEN
      (CASE WHEN t[1] = '-' THEN '-' ELSE '' END) || ltrim(t, '-')[1] || '.'
      || spark_exponent_digits(split_part(ltrim(t, '-'), '.', 1)[2:] || split_part(t, '.', 2))
      || 'E' || CAST(length(split_part(ltrim(t, '-'), '.', 1)) - 1 AS VARCHAR)
    ELSE
      (CASE WHEN t[1] = '-' THEN '-' ELSE '' END) || ltrim(split_part(t, '.', 2), '0')[1] || '.'
      || spark_exponent_digits(ltrim(split_part(t, '.', 2), '0')[2:])
      || 'E-' || CAST(length(split_part(t, '.', 2)) - length(ltrim(split_part(t, '.', 2), '0')) + 1 AS VARCHAR)
  END;

-- Java's text of a double: 1.0, 1.0E10, 1.0E-4, NaN, Infinity
CREATE MACRO spark_double_text(x) AS
  CASE
    WHEN x IS NULL THEN NULL
    WHEN isnan(x) THEN 'NaN'
    WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
    WHEN x = 0 THEN CASE WHEN CAST(x AS VARCHAR)[1] = '-' THEN '-0.0' ELSE '0.0' END
    WHEN abs(x) >= 1e-3 AND abs(x) < 1e7 THEN CAST(x AS VARCHAR)
    ELSE spark_exponent_text(CAST(x AS VARCHAR))
  END;

-- Text to whole numbers: blanks around it are dropped, a fraction is cut, anything else is NULL.
CREATE MACRO spark_whole_part(t) AS nullif(regexp_extract(regexp_replace(trim(t), '^([+-]?)\.(\d+)$', '\10.\2'), '^([+-]?\d+)(\.\d*)?$', 1), '');
CREATE MACRO spark_text_to_tinyint(t) AS TRY_CAST(spark_whole_part(t) AS TINYINT);
CREATE MACRO spark_text_to_smallint(t) AS TRY_CAST(spark_whole_part(t) AS SMALLINT);
CREATE MACRO spark_text_to_int(t) AS TRY_CAST(spark_whole_part(t) AS INTEGER);
CREATE MACRO spark_text_to_bigint(t) AS TRY_CAST(spark_whole_part(t) AS BIGINT);

-- 2023, 2023-6, 2023-06-07, and a date followed by a blank or T and anything
CREATE MACRO spark_text_to_date(t) AS
  TRY_CAST(CASE
    WHEN regexp_full_match(trim(t), '\d{4,6}') THEN trim(t) || '-01-01'
    WHEN regexp_full_match(trim(t), '\d{4,6}-\d{1,2}') THEN trim(t) || '-01'
    ELSE nullif(regexp_extract(trim(t), '^(\d{4,6}-\d{1,2}-\d{1,2})([ T].*)?$', 1), '')
  END AS DATE);

-- '2023-6-7T1:2' -> '2023-6-7 1:2:00'
CREATE MACRO spark_complete_time(t) AS
  regexp_extract(t, '^\d{4,6}-\d{1,2}-\d{1,2}') || ' '
  || coalesce(nullif(regexp_extract(t, '^\S+?[ T](\d{1,2})', 1), ''), '00') || ':'
  || coalesce(nullif(regexp_extract(t, '^\S+?[ T]\d{1,2}:(\d{1,2})', 1), ''), '00') || ':'
  || coalesce(nullif(regexp_extract(t, '^\S+?[ T]\d{1,2}:\d{1,2}:(\d{1,2}(\.\d{1,6})?)', 1), ''), '00');

-- What stands behind the time: Z, UTC, +02:00, GMT+2, Europe/Paris
CREATE MACRO spark_zone(t) AS trim(regexp_replace(t, '^\S+?[ T]\d{1,2}(:\d{1,2}(:\d{1,2}(\.\d*)?)?)?', ''));

-- A time in a named zone or at an offset, as UTC
CREATE MACRO spark_at_zone(local, zone) AS
  CASE
    WHEN regexp_full_match(zone, '(?i)(UTC|GMT|UT)?[+-]\d{1,2}(:?\d{2})?') THEN
      local - (CASE WHEN contains(zone, '-') THEN -1 ELSE 1 END) * (
        to_hours(CAST(regexp_extract(zone, '[+-](\d{1,2})', 1) AS INTEGER))
        + to_minutes(CAST(coalesce(nullif(regexp_extract(zone, '[+-]\d{1,2}:?(\d{2})', 1), ''), '0') AS INTEGER)))
    WHEN zone IN ('Z', 'z', 'UTC', 'GMT', 'UT') THEN local
    ELSE timezone('UTC', TRY_CAST(CAST(local AS VARCHAR) || ' ' || zone AS TIMESTAMPTZ))
  END;

CREATE MACRO spark_text_to_timestamp(t) AS
  CASE
    WHEN regexp_matches(t, '[ T]24(:|$)') THEN NULL
    -- A time alone is a time of today.
    WHEN regexp_full_match(trim(t), 'T?\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,6})?)?') THEN
      TRY_CAST(spark_complete_time(CAST(current_date AS VARCHAR) || ' ' || ltrim(trim(t), 'T')) AS TIMESTAMP)
    WHEN regexp_full_match(trim(t), '\d{4,6}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z?') THEN
      TRY_CAST(trim(t) AS TIMESTAMP)
    WHEN regexp_full_match(trim(t), '\d{4,6}(-\d{1,2}){0,2}') THEN CAST(spark_text_to_date(t) AS TIMESTAMP)
    WHEN regexp_full_match(trim(t), '\d{4,6}-\d{1,2}-\d{1,2}[ T]\d{1,2}(:\d{1,2}(:\d{1,2}(\.\d*)?)?)?') THEN
      TRY_CAST(spark_complete_time(trim(t)) AS TIMESTAMP)
    WHEN regexp_full_match(trim(t), '\d{4,6}-\d{1,2}-\d{1,2}[ T]\d{1,2}(:\d{1,2}(:\d{1,2}(\.\d*)?)?)?\s*\S.*') THEN
      spark_at_zone(TRY_CAST(spark_complete_time(trim(t)) AS TIMESTAMP), spark_zone(trim(t)))
  END;

CREATE MACRO spark_seconds_of_day(t) AS floor(epoch(t)) - floor(epoch(date_trunc('day', t)));

CREATE MACRO spark_months_between(a, b) AS
  CASE
    WHEN day(a) = day(b) OR (CAST(a AS DATE) = last_day(a) AND CAST(b AS DATE) = last_day(b))
    THEN CAST((year(a) - year(b)) * 12 + month(a) - month(b) AS DOUBLE)
    ELSE (year(a) - year(b)) * 12 + month(a) - month(b)
      + ((day(a) - day(b)) * 86400.0::DOUBLE + spark_seconds_of_day(a) - spark_seconds_of_day(b)) / 2678400.0::DOUBLE
  END;

CREATE MACRO spark_weekday(n) AS
  CASE
    WHEN regexp_full_match(n, '(?i)\s*(mo|mon|monday)\s*') THEN 1
    WHEN regexp_full_match(n, '(?i)\s*(tu|tue|tuesday)\s*') THEN 2
    WHEN regexp_full_match(n, '(?i)\s*(we|wed|wednesday)\s*') THEN 3
    WHEN regexp_full_match(n, '(?i)\s*(th|thu|thursday)\s*') THEN 4
    WHEN regexp_full_match(n, '(?i)\s*(fr|fri|friday)\s*') THEN 5
    WHEN regexp_full_match(n, '(?i)\s*(sa|sat|saturday)\s*') THEN 6
    WHEN regexp_full_match(n, '(?i)\s*(su|sun|sunday)\s*') THEN 7
  END;

CREATE MACRO spark_next_day(d, n) AS d + CAST((spark_weekday(n) - isodow(d) + 6) % 7 + 1 AS INTEGER);

CREATE MACRO spark_initcap(s) AS
  array_to_string(list_transform(string_split(lower(s), ' '), lambda w: upper(w[1]) || w[2:]), ' ');

CREATE MACRO spark_find_in_set(s, l) AS
  CASE
    WHEN s IS NULL OR l IS NULL THEN NULL
    WHEN contains(s, ',') THEN 0
    ELSE coalesce(CAST(list_position(string_split(l, ','), s) AS INTEGER), 0)
  END;

CREATE MACRO spark_format_number(x, d) AS
  CASE WHEN d < 0 THEN NULL WHEN isinf(x) THEN CASE WHEN x > 0 THEN '∞' ELSE '-∞' END WHEN isnan(x) THEN 'NaN'
  ELSE format('{:,.' || d || 'f}', x) END;

-- DuckDB's cbrt(27) is not quite 3.
CREATE MACRO spark_cbrt(x) AS CASE WHEN pow(round(cbrt(x)), 3) = x THEN round(cbrt(x)) ELSE cbrt(x) END;

-- exp(x) - 1 and ln(1 + x) without losing digits near 0
CREATE MACRO spark_expm1(x) AS CASE WHEN abs(x) < 1e-5 THEN x + x * x / 2 + x * x * x / 6 ELSE exp(x) - 1 END;
CREATE MACRO spark_log1p(x) AS CASE WHEN abs(x) < 1e-5 THEN x - x * x / 2 + x * x * x / 3 ELSE ln(1 + x) END;

CREATE MACRO spark_shift_left(x, n) AS
  CAST(((CAST(x AS HUGEINT) * CAST(pow(2, n & 31) AS HUGEINT) + 2147483648) % 4294967296 + 4294967296) % 4294967296
    - 2147483648 AS INTEGER);

CREATE MACRO spark_unbase64(s) AS TRY(from_base64(s));
CREATE MACRO spark_unhex(s) AS
  CASE WHEN regexp_full_match(s, '[0-9A-Fa-f]*') THEN unhex(CASE WHEN length(s) % 2 = 1 THEN '0' || s ELSE s END) END;

-- 2020-01-01T00:00:00.000Z; microseconds are cut
CREATE MACRO spark_iso_timestamp(t) AS strftime(t, '%Y-%m-%dT%H:%M:%S.%g') || 'Z';

-- psql prints at least one decimal of a timestamp; so does the text of a struct.
CREATE MACRO spark_shown_timestamp(t) AS
  CASE WHEN contains(CAST(t AS VARCHAR), '.') THEN CAST(t AS VARCHAR) ELSE CAST(t AS VARCHAR) || '.0' END;

-- Hexadecimal to decimal, what hashing by md5 needs, without leaving the engine
CREATE MACRO spark_conv(s, a, b) AS
  CASE
    WHEN a = 16 AND b = 10 AND regexp_full_match(s, '[0-9A-Fa-f]{1,15}') THEN CAST(CAST('0x' || s AS BIGINT) AS VARCHAR)
    ELSE spark_conv_slow(s, a, b)
  END;

-- Wider types, in which sums and products of whole numbers fit
CREATE MACRO spark_int(x) AS CAST(x AS INTEGER);
CREATE MACRO spark_bigint(x) AS CAST(x AS BIGINT);
CREATE MACRO spark_hugeint(x) AS CAST(x AS HUGEINT);

-- A macro's argument is written out wherever it stands: divisions inside divisions would grow without end. A lambda takes
-- the value once.

-- Half away from zero
CREATE MACRO spark_round_divide(a, b) AS
  list_extract(list_transform([struct_pack(a := a, b := b)], lambda p:
    CASE WHEN 2 * abs(p.a % p.b) >= abs(p.b) THEN p.a // p.b + (CASE WHEN (p.a < 0) = (p.b < 0) THEN 1 ELSE -1 END)
    ELSE p.a // p.b END), 1);

-- '12345', 2 -> '123.45'
CREATE MACRO spark_decimal(digits, scale) AS
  CASE WHEN scale = 0 THEN digits ELSE
    regexp_replace(
      regexp_replace(digits, '^(-?)', '\1' || repeat('0', scale + 1)),
      '^(-?)0*(\d+)(\d{' || scale || '})$', '\1\2.\3')
  END;

-- Java writes a decimal below 0.000001 with an exponent: 0E-8, 1.5E-7
CREATE MACRO spark_small_decimal_text(t, scale) AS
  CASE
    WHEN regexp_full_match(t, '-?0*\.0{6}\d*') AND ltrim(replace(t, '-', ''), '0.') = '' THEN '0E-' || scale
    WHEN regexp_full_match(t, '-?0*\.0{6}\d*') THEN
      (CASE WHEN t[1] = '-' THEN '-' ELSE '' END)
      || (CASE WHEN length(ltrim(replace(t, '-', ''), '0.')) = 1 THEN ltrim(replace(t, '-', ''), '0.')
          ELSE ltrim(replace(t, '-', ''), '0.')[1] || '.' || ltrim(replace(t, '-', ''), '0.')[2:] END)
      || 'E-' || CAST(scale - length(ltrim(replace(t, '-', ''), '0.')) + 1 AS VARCHAR)
    WHEN t[1] = '.' THEN '0' || t
    WHEN t[1:2] = '-.' THEN '-0' || t[2:]
    ELSE t
  END;

CREATE MACRO spark_upper(t) AS replace(upper(t), 'ẞ', 'SS');

-- An instant in a zone by name, offset or abbreviation, as that zone's local time
CREATE MACRO spark_offset(zone) AS
  (CASE WHEN contains(zone, '-') THEN -1 ELSE 1 END) * (
    CAST(regexp_extract(zone, '[+-](\d{1,2})', 1) AS INTEGER) * 60
    + CAST(coalesce(nullif(regexp_extract(zone, '[+-]\d{1,2}:?(\d{2})', 1), ''), '0') AS INTEGER));
CREATE MACRO spark_is_offset(zone) AS regexp_full_match(zone, '(UTC|GMT|UT)?[+-]\d{1,2}(:?\d{2})?');
CREATE MACRO spark_zone_name(zone) AS
  CASE zone
    WHEN 'Z' THEN 'UTC' WHEN 'PST' THEN 'America/Los_Angeles' WHEN 'CST' THEN 'America/Chicago'
    WHEN 'JST' THEN 'Asia/Tokyo' WHEN 'IST' THEN 'Asia/Kolkata' WHEN 'CTT' THEN 'Asia/Shanghai'
    WHEN 'BST' THEN 'Asia/Dhaka' WHEN 'ECT' THEN 'Europe/Paris' WHEN 'AET' THEN 'Australia/Sydney'
    -- Java's table has no EDT; the guide on trended reports writes it.
    WHEN 'EDT' THEN 'Etc/GMT+4'
    ELSE zone
  END;
CREATE MACRO spark_from_utc(t, zone) AS
  CASE WHEN spark_is_offset(zone) THEN t + to_minutes(spark_offset(zone))
  ELSE timezone(CASE WHEN spark_is_offset(zone) THEN 'UTC' ELSE spark_zone_name(zone) END, timezone('UTC', t)) END;
-- Where an hour occurs twice the earlier one is meant, as in Java.
CREATE MACRO spark_earlier(t, u, zone) AS
  CASE
    WHEN timezone(zone, timezone('UTC', u - to_minutes(60))) = t THEN u - to_minutes(60)
    WHEN timezone(zone, timezone('UTC', u - to_minutes(30))) = t THEN u - to_minutes(30)
    ELSE u
  END;
CREATE MACRO spark_in_zone(t, zone) AS spark_earlier(t, timezone('UTC', timezone(zone, t)), zone);
CREATE MACRO spark_to_utc(t, zone) AS
  CASE WHEN spark_is_offset(zone) THEN t - to_minutes(spark_offset(zone))
  ELSE spark_in_zone(t, CASE WHEN spark_is_offset(zone) THEN 'UTC' ELSE spark_zone_name(zone) END) END;
