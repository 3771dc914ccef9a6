-- Java's date patterns in date_format, to_date, to_timestamp and their kin.
# common patterns
SELECT id, date_format(at, 'yyyy-MM-dd') AS a, date_format(at, 'HH:mm:ss.SSS') AS b, date_format(at, 'yyyyMMdd') AS c, date_format(day, 'dd/MM/yy') AS d, date_format(at, 'yyyy-MM-dd\'T\'HH:mm:ss\'Z\'') AS e FROM times
# names
SELECT id, date_format(at, 'EEEE') AS a, date_format(at, 'EEE') AS b, date_format(at, 'MMMM') AS c, date_format(at, 'MMM d') AS d, date_format(at, 'E') AS e FROM times
# twelve hours
SELECT id, date_format(at, 'hh:mm a') AS a, date_format(at, 'h a') AS b, date_format(at, 'K') AS c, date_format(at, 'kk') AS d FROM times
# fractions of a second
SELECT id, date_format(at, 'S') AS a, date_format(at, 'SS') AS b, date_format(at, 'SSSS') AS c, date_format(at, 'SSSSSS') AS d, date_format(at, 'SSSSSSSSS') AS e FROM times
# day of the year, quarter
SELECT id, date_format(at, 'D') AS a, date_format(at, 'DDD') AS b, date_format(at, 'Q') AS c, date_format(at, 'QQ') AS d, date_format(at, 'q') AS e, date_format(at, 'QQQ') AS f FROM times
# zone letters
SELECT date_format(at, 'XXX') AS a, date_format(at, 'X') AS b, date_format(at, 'z') AS c, date_format(at, 'Z') AS d, date_format(at, 'VV') AS e, date_format(at, 'O') AS f, date_format(at, 'xxx') AS g, date_format(at, 'ZZZZ') AS h, date_format(at, 'zzzz') AS i FROM times WHERE id = 1
# years
SELECT date_format(at, 'y') AS a, date_format(at, 'yy') AS b, date_format(at, 'yyy') AS c, date_format(at, 'yyyyy') AS d, date_format(at, 'G') AS e, date_format(at, 'u') AS f FROM times WHERE id = 1
# week letters are refused
SELECT date_format(at, 'YYYY-ww') FROM times
# single letters do not pad
SELECT date_format(TIMESTAMP '2023-01-02 03:04:05', 'M/d H:m:s') AS a, date_format(TIMESTAMP '2023-01-02 03:04:05', 'MM/dd HH:mm:ss') AS b, date_format(TIMESTAMP '2023-01-02 03:04:05', 'L LL LLL LLLL') AS c
# day of week letter F, narrow names
SELECT date_format(DATE '2023-06-07', 'F') AS a, date_format(DATE '2023-06-07', 'aa') AS b
# an unknown letter
SELECT date_format(DATE '2023-06-07', 'jjj')
# optional parts while printing
SELECT date_format(TIMESTAMP '2023-06-07 10:20:30', 'yyyy[-MM]') AS a
# percent signs and quotes
SELECT date_format(DATE '2023-06-07', '100% yyyy') AS a, date_format(DATE '2023-06-07', 'yyyy \'year\'\'s\'') AS b
# empty pattern
SELECT date_format(DATE '2023-06-07', '') AS a
# pattern from a column
SELECT date_format(TIMESTAMP '2023-06-07 10:20:30', p) AS a FROM (SELECT 'yyyy' AS p UNION ALL SELECT 'MM/dd' UNION ALL SELECT NULL)
# reading dates
SELECT to_date('07/06/2023', 'dd/MM/yyyy') AS a, to_date('2023-6-7', 'yyyy-M-d') AS b, to_date('Jun 7, 2023', 'MMM d, yyyy') AS c, to_date('20230607', 'yyyyMMdd') AS d, to_date('7-Jun-23', 'd-MMM-yy') AS e, to_date('June 7 2023', 'MMMM d yyyy') AS f
# reading what does not fit
SELECT to_date('2023-06-07 10:00', 'yyyy-MM-dd') AS a, to_date('2023-13-07', 'yyyy-MM-dd') AS b, to_date('2023-02-30', 'yyyy-MM-dd') AS c, to_date('x', 'yyyy') AS d, to_date('2023', 'yyyy') AS e, to_date('2023-06', 'yyyy-MM') AS f
# digits must fill the pattern
SELECT to_date('2023-6-7', 'yyyy-MM-dd') AS a, to_date('23-06-07', 'yyyy-MM-dd') AS b, to_date('02023-06-07', 'yyyy-MM-dd') AS c, to_date('2023-06-07', 'yyyy-M-d') AS d
# reading times
SELECT to_timestamp('2023-06-07 10:20:30', 'yyyy-MM-dd HH:mm:ss') AS a, to_timestamp('07.06.2023 10:20', 'dd.MM.yyyy HH:mm') AS b, to_timestamp('2023-06-07T10:20:30.123', 'yyyy-MM-dd\'T\'HH:mm:ss.SSS') AS c, to_timestamp('10:20 PM 07/06/2023', 'hh:mm a dd/MM/yyyy') AS d
# reading fractions
SELECT to_timestamp('2023-06-07 10:20:30.5', 'yyyy-MM-dd HH:mm:ss.S') AS a, to_timestamp('2023-06-07 10:20:30.123456', 'yyyy-MM-dd HH:mm:ss.SSSSSS') AS b, to_timestamp('2023-06-07 10:20:30.12', 'yyyy-MM-dd HH:mm:ss.SSS') AS c, to_timestamp('2023-06-07 10:20:30.1', 'yyyy-MM-dd HH:mm:ss[.SSS]') AS d
# reading zones
SELECT to_timestamp('2023-06-07 10:20:30+02:00', 'yyyy-MM-dd HH:mm:ssXXX') AS a, to_timestamp('2023-06-07 10:20:30 Europe/Berlin', 'yyyy-MM-dd HH:mm:ss VV') AS b, to_timestamp('2023-06-07 10:20:30Z', 'yyyy-MM-dd HH:mm:ssX') AS c, to_timestamp('2023-06-07 10:20:30 +0200', 'yyyy-MM-dd HH:mm:ss Z') AS d
# optional parts while reading
SELECT to_timestamp('2023-06-07', 'yyyy-MM-dd[ HH:mm:ss]') AS a, to_timestamp('2023-06-07 10:20:30', 'yyyy-MM-dd[ HH:mm:ss]') AS b
# reading without a date
SELECT to_timestamp('10:20', 'HH:mm') AS a
# reading of columns
SELECT id, to_timestamp(t, 'yyyy-MM-dd HH:mm:ss') AS a, to_date(t, 'yyyy-MM-dd') AS b FROM times
# unix_timestamp with patterns
SELECT unix_timestamp('07/06/2023 10', 'dd/MM/yyyy HH') AS a, unix_timestamp('2023', 'yyyy') AS b, unix_timestamp('bad', 'yyyy') AS c
# from_unixtime with patterns
SELECT from_unixtime(0, 'EEE, d MMM yyyy HH:mm:ss') AS a, from_unixtime(1686133230, 'yyyy/MM/dd') AS b, from_unixtime(-1) AS c, from_unixtime(NULL) AS d
# quoted text while reading
SELECT to_date('day 07 of 06/2023', '\'day\' dd \'of\' MM/yyyy') AS a
# case of names while reading
SELECT to_date('JUN 7 2023', 'MMM d yyyy') AS a, to_date('jun 7 2023', 'MMM d yyyy') AS b
# a pattern Spark does not take while reading
SELECT to_date('Wed', 'EEE')
# the date part of a pattern with time
SELECT to_date('2023-06-07 23:59:59', 'yyyy-MM-dd HH:mm:ss') AS a
