-- Java's date patterns in date_format, to_date, to_timestamp and their kin.
# common patterns
SELECT id, date_format(at, 'yyyy-MM-dd') AS a, date_format(at, 'HH:mm:ss.SSS') AS b, date_format(at, 'yyyyMMdd') AS c, date_format(day, 'dd/MM/yy') AS d, date_format(at, 'yyyy-MM-dd\'T\'HH:mm:ss\'Z\'') AS e FROM times
# names
SELECT id, date_format(at, 'EEEE') AS a, date_format(at, 'EEE') AS b, date_format(at, 'MMMM') AS c, date_format(at, 'MMM d') AS d, date_format(at, 'E') AS e FROM times
# years
SELECT date_format(at, 'y') AS a, date_format(at, 'yy') AS b, date_format(at, 'yyy') AS c, date_format(at, 'yyyyy') AS d, date_format(at, 'G') AS e, date_format(at, 'u') AS f FROM times WHERE id = 1
# week letters are refused
SELECT date_format(at, 'YYYY-ww') FROM times
# day of week letter F, narrow names
SELECT date_format(DATE '2023-06-07', 'F') AS a, date_format(DATE '2023-06-07', 'aa') AS b
# an unknown letter
SELECT date_format(DATE '2023-06-07', 'jjj')
# percent signs and quotes
SELECT date_format(DATE '2023-06-07', '100% yyyy') AS a, date_format(DATE '2023-06-07', 'yyyy \'year\'\'s\'') AS b
# reading dates
SELECT to_date('07/06/2023', 'dd/MM/yyyy') AS a, to_date('2023-6-7', 'yyyy-M-d') AS b, to_date('Jun 7, 2023', 'MMM d, yyyy') AS c, to_date('20230607', 'yyyyMMdd') AS d, to_date('7-Jun-23', 'd-MMM-yy') AS e, to_date('June 7 2023', 'MMMM d yyyy') AS f
# reading times
SELECT to_timestamp('2023-06-07 10:20:30', 'yyyy-MM-dd HH:mm:ss') AS a, to_timestamp('07.06.2023 10:20', 'dd.MM.yyyy HH:mm') AS b, to_timestamp('2023-06-07T10:20:30.123', 'yyyy-MM-dd\'T\'HH:mm:ss.SSS') AS c, to_timestamp('10:20 PM 07/06/2023', 'hh:mm a dd/MM/yyyy') AS d
# unix_timestamp with patterns
SELECT unix_timestamp('07/06/2023 10', 'dd/MM/yyyy HH') AS a, unix_timestamp('2023', 'yyyy') AS b, unix_timestamp('bad', 'yyyy') AS c
# from_unixtime with patterns
SELECT from_unixtime(0, 'EEE, d MMM yyyy HH:mm:ss') AS a, from_unixtime(1686133230, 'yyyy/MM/dd') AS b, from_unixtime(-1) AS c, from_unixtime(NULL) AS d
# quoted text while reading
SELECT to_date('day 07 of 06/2023', '\'day\' dd \'of\' MM/yyyy') AS a
# case of names while reading
SELECT to_date('JUN 7 2023', 'MMM d yyyy') AS a, to_date('jun 7 2023', 'MMM d yyyy') AS b
# the date part of a pattern with time
SELECT to_date('2023-06-07 23:59:59', 'yyyy-MM-dd HH:mm:ss') AS a
