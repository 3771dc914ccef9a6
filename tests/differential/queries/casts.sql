-- CAST with ANSI mode off: what does not fit is NULL, what is too large wraps or saturates.
# text to numbers
SELECT id, CAST(n AS int) AS a, CAST(n AS bigint) AS b, CAST(n AS double) AS c, CAST(n AS decimal(10,2)) AS d, CAST(n AS tinyint) AS e, CAST(n AS float) AS f FROM words
# text to boolean
SELECT CAST('true' AS boolean) AS a, CAST('T' AS boolean) AS b, CAST('yes' AS boolean) AS c, CAST('1' AS boolean) AS d, CAST('on' AS boolean) AS e, CAST(' no ' AS boolean) AS f, CAST('' AS boolean) AS g
# text with signs and blanks
SELECT CAST('+5' AS int) AS a, CAST(' -5 ' AS int) AS b, CAST('5.9' AS int) AS c, CAST('.5' AS int) AS d, CAST('5.' AS int) AS e, CAST('1e2' AS int) AS f, CAST('0x10' AS int) AS g, CAST('1_000' AS int) AS h
# text to double, odd forms
SELECT CAST('1e400' AS double) AS a, CAST('-Infinity' AS double) AS b, CAST('inf' AS double) AS c, CAST('nan' AS double) AS d, CAST('1.5d' AS double) AS e, CAST('1.5f' AS double) AS f, CAST('.' AS double) AS g, CAST('1e' AS double) AS h, CAST('+.5' AS double) AS i
# text to decimal
SELECT CAST('1.005' AS decimal(10,2)) AS a, CAST('1e3' AS decimal(10,2)) AS b, CAST('123456789012' AS decimal(5,0)) AS c, CAST('-0.005' AS decimal(4,2)) AS d, CAST('abc' AS decimal(4,2)) AS e, CAST('' AS decimal(4,2)) AS f
# double to whole numbers saturates
SELECT id, CAST(d AS int) AS a, CAST(d AS bigint) AS b, CAST(f AS int) AS c FROM numbers
# large doubles to small types
SELECT CAST(300.7D AS tinyint) AS a, CAST(-40000.5D AS smallint) AS b, CAST(3e9D AS int) AS c, CAST(-3e9D AS int) AS d, CAST(1e19D AS bigint) AS e
# whole numbers wrap
SELECT id, CAST(i AS tinyint) AS a, CAST(l AS int) AS b, CAST(i AS smallint) AS c, CAST(l AS smallint) AS d FROM numbers
# decimal to whole numbers
SELECT id, CAST(m AS int) AS a, CAST(w AS bigint) AS b, CAST(m AS tinyint) AS c, CAST(w AS int) AS d FROM numbers
# decimal to decimal rounds half up
SELECT CAST(1.005 AS decimal(10,2)) AS a, CAST(-2.5 AS decimal(10,0)) AS b, CAST(3.5 AS decimal(10,0)) AS c, CAST(123.45 AS decimal(4,2)) AS d
# double to decimal
SELECT CAST(0.1D AS decimal(20,18)) AS a, CAST(1e10D AS decimal(5,2)) AS b, CAST(2.675D AS decimal(10,2)) AS c, CAST(CAST('NaN' AS double) AS decimal(5,2)) AS d
# numbers to decimal
SELECT id, CAST(i AS decimal(10,2)) AS a, CAST(b AS decimal(3,0)) AS b, CAST(l AS decimal(20,0)) AS c, CAST(ok AS decimal(3,1)) AS d FROM numbers
# decimal without precision
SELECT CAST('12.7' AS decimal) AS a, CAST(12.5 AS decimal(4)) AS b
# numbers to text
SELECT id, CAST(b AS string) AS a, CAST(l AS string) AS b, CAST(d AS string) AS c, CAST(f AS string) AS d, CAST(m AS string) AS e, CAST(ok AS string) AS f FROM numbers
# doubles as text
SELECT CAST(1.0D AS string) AS a, CAST(1e7D AS string) AS b, CAST(12345678.9D AS string) AS c, CAST(1e-3D AS string) AS d, CAST(1e-4D AS string) AS e, CAST(1.0E21D AS string) AS f, CAST(100000000D AS string) AS g, CAST(CAST(0.1 AS float) AS string) AS h, CAST(1e-300D AS string) AS i
# decimals as text
SELECT CAST(w AS string) AS a, CAST(0.000001 AS string) AS b, CAST(CAST(0 AS decimal(10,8)) AS string) AS c FROM numbers
# numbers to boolean
SELECT id, CAST(i AS boolean) AS a, CAST(d AS boolean) AS b, CAST(m AS boolean) AS c FROM numbers
# boolean to numbers
SELECT CAST(true AS int) AS a, CAST(false AS double) AS b, CAST(true AS bigint) AS c, CAST(NULL AS int) AS d
# text to date
SELECT id, CAST(t AS date) AS a FROM times
# text to date, odd forms
SELECT CAST('2023' AS date) AS a, CAST('2023-6' AS date) AS b, CAST('2023-06-07 25:00' AS date) AS c, CAST('2023-06-07T' AS date) AS d, CAST('2023-02-30' AS date) AS e, CAST('06/07/2023' AS date) AS f, CAST(' 2023-06-07 ' AS date) AS g, CAST('2023-06-07x' AS date) AS h
# text to timestamp
SELECT id, CAST(t AS timestamp) AS a FROM times
# text to timestamp, odd forms
SELECT CAST('2023-06-07 10' AS timestamp) AS a, CAST('2023-06-07T10:20' AS timestamp) AS b, CAST('2023-06-07 10:20:30.1234567' AS timestamp) AS c, CAST('2023-06-07 10:20:30Z' AS timestamp) AS d, CAST('2023-06-07 10:20:30+02:00' AS timestamp) AS e, CAST('2023-06-07 10:20:30 Europe/Berlin' AS timestamp) AS f, CAST('2023-06-07 24:00:00' AS timestamp) AS g, CAST('07-29-2021 00:00:00' AS timestamp) AS h
# a time without a date
SELECT CAST('10:20:30' AS timestamp) IS NOT NULL AS a, CAST('T10:20' AS timestamp) IS NOT NULL AS b
# numbers to timestamp
SELECT CAST(0 AS timestamp) AS a, CAST(1.5D AS timestamp) AS b, CAST(-1 AS timestamp) AS c, CAST(1686133230L AS timestamp) AS d, CAST(1.25 AS timestamp) AS e
# timestamp to numbers
SELECT id, CAST(at AS bigint) AS a, CAST(at AS double) AS b, CAST(at AS int) AS c FROM times
# timestamp to decimal
SELECT id, CAST(at AS decimal(20,6)) AS a FROM times
# timestamps and dates as text
SELECT id, CAST(at AS string) AS a, CAST(day AS string) AS b, CAST(at AS date) AS c, CAST(day AS timestamp) AS d FROM times
# date to number is refused
SELECT CAST(DATE '2023-01-01' AS int)
# timestamp to boolean
SELECT CAST(TIMESTAMP '1970-01-01 00:00:00' AS boolean) AS a
# text to binary and back
SELECT id, CAST(t AS binary) AS a, CAST(raw AS string) AS b FROM words WHERE id <> 5
# numbers to binary
SELECT CAST(1 AS binary) AS a, CAST(CAST(258 AS smallint) AS binary) AS b, CAST(1L AS binary) AS c
# nested values as text
SELECT id, CAST(a AS string) AS a, CAST(m AS string) AS b, CAST(st AS string) AS c, CAST(aa AS string) AS d FROM nested
# array of structs as text
SELECT id, CAST(items AS string) AS a, CAST(ds AS string) AS b FROM nested
# arrays element by element
SELECT id, CAST(a AS array<string>) AS a, CAST(ws AS array<int>) AS b, CAST(a AS array<double>) AS c FROM nested
# structs field by field
SELECT id, CAST(st AS struct<x: string, y: int, z: struct<p: int, q: string>>) AS a FROM nested
# maps
SELECT id, CAST(m AS map<string, double>) AS a FROM nested
# a struct to an array is refused
SELECT CAST(st AS array<int>) FROM nested
# text to a struct is refused
SELECT CAST('{1}' AS struct<a: int>)
# cast functions
SELECT int('5') AS a, string(5) AS b, double('1.5') AS c, bigint(7.9) AS d, boolean('yes') AS e, date('2023-01-02') AS f, float(1) AS g, smallint(3) AS h, tinyint(300) AS i, decimal(2.5) AS j, binary('a') AS k
# type names
SELECT CAST(1 AS integer) AS a, CAST(1 AS long) AS b, CAST(1 AS short) AS c, CAST(1 AS byte) AS d, CAST('1' AS real) AS e, CAST(1 AS dec(5,1)) AS f, CAST(1 AS numeric) AS g
# varchar and char in a cast
SELECT CAST('abc' AS varchar(2)) AS a, CAST('abc' AS char(5)) AS b
# unknown type
SELECT CAST(1 AS serial)
# typed literals
SELECT DATE '2023-06-07' AS a, TIMESTAMP '2023-06-07 10:20:30' AS b, TIMESTAMP '2023-06-07 10:20:30.5+02:00' AS c, DATE '2023' AS d
# typed literal that is no date
SELECT DATE '2023-13-01'
# hexadecimal literal
SELECT X'4142' AS a, hex(X'00ff') AS b
# CASE takes the common type
SELECT CASE WHEN true THEN 1 ELSE 2.5 END AS a, CASE WHEN false THEN 'x' ELSE 1 END AS b, CASE 1 WHEN 1 THEN DATE '2023-01-01' ELSE TIMESTAMP '2023-01-01 00:00:00' END AS c, CASE WHEN NULL THEN 1 END AS d
# IF takes the common type
SELECT if(true, 1, 2L) AS a, if(false, 1, 'x') AS b, if(NULL, 1.5, 2) AS c, iff(true, 1, 2) AS d
# CASE over mixed decimals
SELECT CASE WHEN id > 3 THEN m ELSE w END AS a, CASE WHEN id > 3 THEN i ELSE m END AS b, CASE WHEN id > 3 THEN m ELSE d END AS c FROM numbers
# coalesce over mixed types
SELECT coalesce(i, l, d) AS a, coalesce(g, i) AS b, coalesce(m, 1) AS c FROM numbers
# boolean and text have a common type
SELECT coalesce(true, 'x') AS a, CASE WHEN true THEN 'y' ELSE false END AS b
# array of mixed types
SELECT array(1, 2.5) AS a, array('x', 1) AS b, array(1, NULL) AS c, array() AS d, array(1, 2L, 3.0F) AS e
# a struct and a number have no common type
SELECT coalesce(st, 1) FROM nested

# years of five and six digits
SELECT unix_timestamp(cast('202312-06-07' AS timestamp)) AS a, unix_timestamp(cast('12023-6-7 1:2' AS timestamp)) AS b, year(cast('12023-06' AS date)) AS c, year(cast('12023' AS date)) AS d
