-- Whole numbers, doubles and decimals: result types, overflow, division.
# division of integers is double
SELECT 5/2 AS a, 4/2 AS b, -1/3 AS c, 1/0 AS d, 0/0 AS e
# division by zero is NULL
SELECT id, i / 0 AS a, d / 0 AS b, i % 0 AS c, i div 0 AS d FROM numbers
# integral division
SELECT 7 div 2 AS a, -7 div 2 AS b, 7 div -2 AS c, 7.5 div 2 AS d, CAST(7 AS tinyint) div CAST(2 AS tinyint) AS e
# integral division of a column
SELECT id, i div 7 AS a, l div 3 AS b, s div 2 AS c FROM numbers
# remainder keeps the sign of the dividend
SELECT -5 % 3 AS a, 5 % -3 AS b, 5.5 % 2 AS c, -5.5D % 2 AS d
# pmod
SELECT id, pmod(i, 7) AS a, pmod(i, -7) AS b, pmod(d, 2) AS c, pmod(m, 3) AS d FROM numbers
# pmod with zero
SELECT pmod(5, 0) AS a, pmod(-7, 3) AS b, pmod(-7.5, 2) AS c
# sums widen to the wider operand
SELECT b + s AS a, s + i AS b, i + l AS c, l + f AS d, f + d AS e, i + d AS f FROM numbers
# int overflow wraps
SELECT i + 1 AS a, i - 1 AS b, i * 2 AS c FROM numbers
# bigint overflow wraps
SELECT l + 1 AS a, l - 1 AS b, l * 2 AS c, -l AS d FROM numbers
# tinyint and smallint overflow wrap
SELECT b + CAST(1 AS tinyint) AS a, b * CAST(2 AS tinyint) AS b, s + CAST(1 AS smallint) AS c, -b AS d FROM numbers
# literals
SELECT 1 AS a, 2147483648 AS b, 9223372036854775808 AS c, 1.5 AS d, 1.50 AS e, 1e3 AS f, 10L AS g, 2.5D AS h, .5 AS i, 5. AS j
# more literals
SELECT 1S AS a, 1Y AS b, 1.5F AS c, 1.5BD AS d, -1 AS e, -2147483648 AS f, 0.001 AS g, 1E-2 AS h
# decimal addition
SELECT m + w AS a, m - w AS b, m + 1 AS c, m + 1.5 AS d, i + m AS e FROM numbers
# decimal multiplication
SELECT m * m AS a, m * 2 AS b, m * 1.5 AS c, w * m AS d FROM numbers
# decimal division
SELECT m / 3 AS a, m / m AS b, w / 7 AS c, 1 / m AS d, m / 0 AS e FROM numbers
# decimal division of literals
SELECT 1.0 / 3 AS a, 10.00 / 3.0 AS b, 1.23456789 / 9.87 AS c, 2.0 / 0 AS d
# decimal remainder
SELECT m % 3 AS a, w % 0.7 AS b, m % 0 AS c FROM numbers
# decimal with double
SELECT m + d AS a, m * f AS b, m / d AS c FROM numbers
# decimal overflow is NULL
SELECT CAST('99999999999999999999999999999999999999' AS decimal(38,0)) + 1 AS a, CAST('1e20' AS decimal(38,10)) * CAST('1e15' AS decimal(38,10)) AS b
# decimal comparison
SELECT id, m > w AS a, m = 12.340 AS b, m < i AS c, m = 2.5D AS d FROM numbers
# sum of decimals
SELECT sum(m) AS a, avg(m) AS b, sum(w) AS c, avg(w) AS d, min(m) AS e, max(w) AS f FROM numbers
# sum of integers
SELECT sum(b) AS a, sum(i) AS b, sum(l) AS c, avg(i) AS d, avg(b) AS e FROM numbers WHERE id NOT IN (4, 5)
# bigint sum overflow wraps
SELECT sum(l) AS a FROM numbers WHERE id IN (4, 10)
# text operands become double
SELECT '3' + 4 AS a, '3' * '4' AS b, '7' / 2 AS c, 'x' + 1 AS d, '5' % 3 AS e, -'3' AS f
# text in a decimal sum
SELECT '1.5' + 2.5 AS a, m + '1' AS b FROM numbers
# NULL operands
SELECT NULL + 1 AS a, 1 - NULL AS b, NULL * 1.5 AS c, NULL / 2 AS d, -NULL AS e
# boolean arithmetic is refused
SELECT true + 1
# unary plus and minus
SELECT +i AS a, -i AS b, - -i AS c, positive(i) AS d, negative(i) AS e FROM numbers
# abs keeps the type
SELECT abs(b) AS a, abs(i) AS b, abs(d) AS c, abs(m) AS d, abs(l) AS e, abs('-3') AS f FROM numbers
# sign and signum
SELECT sign(i) AS a, signum(d) AS b, sign(m) AS c FROM numbers
# round half up
SELECT round(0.5) AS a, round(1.5) AS b, round(-0.5) AS c, round(2.5D) AS d, round(-2.5D) AS e, round(3.14159, 2) AS f, round(314.159, -2) AS g
# round of columns
SELECT id, round(d) AS a, round(d, 1) AS b, round(m) AS c, round(m, 1) AS d, round(i, -1) AS e, round(f, 1) AS f FROM numbers
# round of whole numbers with a negative place
SELECT round(25, -1) AS a, round(-25, -1) AS b, round(149, -2) AS c, round(5, 2) AS d, round(2147483647, -1) AS e
# bround
SELECT bround(0.5) AS a
~ The list of Query Service's functions leaves it out, and no guide uses it.
# rint
SELECT rint(2.5) AS a, rint(3.5) AS b, rint(-2.5D) AS c, rint(d) AS d FROM numbers
# ceil and floor
SELECT ceil(m) AS a, floor(m) AS b, ceil(i) AS c, floor(2.5D) AS d, ceiling(-2.5) AS e, floor(-2.5) AS f FROM numbers
# ceil and floor of doubles saturate
SELECT ceil(1e30D) AS a, floor(-1e30D) AS b, ceil(CAST('NaN' AS double)) AS c, ceil(NULL) AS d
# ceil with a scale
SELECT ceil(3.1415, 2) AS a, floor(3.1415, 2) AS b, floor(-3.1415, 3) AS c, ceil(314, -2) AS d
# powers and roots
SELECT pow(2, 10) AS a, power(2, -1) AS b, sqrt(2) AS c, sqrt(-1) AS d, cbrt(27) AS e, cbrt(-8) AS f, pow(0, 0) AS g
# exponentials and logarithms
SELECT exp(1) AS a, ln(10) AS b, log(2, 8) AS c, log10(1000) AS d, log2(8) AS e, expm1(1e-10) AS f, log1p(1e-10) AS g, ln(0) AS h, ln(-1) AS i, log(10) AS j
# logarithms of columns
SELECT id, ln(i) AS a, log2(i) AS b, log10(d) AS c, log(3, i) AS d, log1p(d) AS e FROM numbers
# trigonometry
SELECT sin(1) AS a, cos(1) AS b, tan(1) AS c, asin(1) AS d, acos(2) AS e, atan(1) AS f, atan2(1, -1) AS g, cot(1) AS h, sinh(1) AS i, cosh(1) AS j, tanh(1) AS k, degrees(pi()) AS l, radians(180) AS m, e() AS n
# hypot and factorial
SELECT hypot(3, 4) AS a, factorial(5) AS b, factorial(20) AS c, factorial(21) AS d, factorial(-1) AS e
# bits
SELECT 5 & 3 AS a, 5 | 3 AS b, 5 ^ 3 AS c, ~5 AS d, i & 255 AS e, l | 1 AS f, s ^ b AS g FROM numbers
# shifts
SELECT shiftleft(1, 31) AS a, shiftleft(1, 33) AS b, shiftright(-8, 1) AS c, shiftrightunsigned(-8, 1) AS d, shiftleft(1L, 40) AS e, shiftrightunsigned(-8L, 60) AS f
# shifts of columns
SELECT id, shiftleft(i, 3) AS a, shiftright(l, 2) AS b, shiftrightunsigned(i, 28) AS c FROM numbers
# hex, bin, conv
SELECT hex(255) AS a, hex(-1) AS b, bin(13) AS c, bin(-1) AS d, conv('ff', 16, 10) AS e, conv('-10', 16, -10) AS f, conv('zz', 36, 10) AS g, conv('12x', 10, 2) AS h, hex('Spark') AS i, conv('', 10, 16) AS j
# hex and bin of columns
SELECT id, hex(i) AS a, bin(s) AS b, hex(l) AS c FROM numbers
# comparison of numbers and text
SELECT 1 = '1' AS a, 1 = '1.0' AS b, 1.5 = '1.5' AS c, 'a' = 1 AS d, '10' > 9 AS e, '10' > '9' AS f, 2 > '10' AS g
# boolean and number
SELECT true = 1 AS a, false = 0 AS b, CAST(true AS int) + 1 AS c, true > false AS d
# precedence
SELECT 2 + 3 * 4 AS a, (2 + 3) * 4 AS b, 2 * 3 % 4 AS c, NOT true OR true AS d, 1 + 2 = 3 AS e, 10 - 2 - 3 AS f, 5 & 6 + 1 AS g, 1 | 2 ^ 3 & 4 AS h
# mean and avg are one
SELECT mean(i) AS a, avg(i) AS b FROM numbers
# monotonic ids
SELECT id, monotonically_increasing_id() >= 0 AS a FROM numbers
# random numbers lie in their range
SELECT count(*) AS n FROM (SELECT rand() AS r, randn(3) AS s FROM numbers) WHERE r >= 0 AND r < 1 AND s IS NOT NULL
# double text form in division
SELECT 1.0e10 AS a, 1e7 AS b, 123456789.0D AS c, 1e-5 AS d

# div takes no doubles, and a string is one
SELECT 1.5D div 2 AS a
SELECT cast(1.5 AS float) div 2.0 AS a
SELECT '7' div 2 AS a
SELECT 7 div '2' AS a
SELECT sign(-7) div 2 AS a
SELECT 7.5 div 2 AS a, 7 div 2.5 AS b, NULL div 2 AS c, 2 div NULL AS d

# divisions inside divisions
SELECT 0.001 / ((0.001 / 1.5) / CAST(1.5 AS decimal(8,1))) AS a, 1.0 / 3 / 7 / 1.1 AS b, -1 / 3.0 / 2.5 AS c, 1.0 / (2.5 / (7.0 / (3.0 / 1.5))) AS d

# rounding leaves no negative zero
SELECT CAST(round(-0.001D, 2) AS string) AS a, CAST(round(CAST(-0.001 AS float), 2) AS string) AS b, round(-0.4D) AS c, round(-0D, 1) AS d, round(CAST('NaN' AS double), 1) AS e, round(-2.5D) AS f
