-- Dates and times in UTC.
# parts of a date
SELECT id, year(day) AS a, quarter(day) AS b, month(day) AS c, day(day) AS d, dayofmonth(day) AS e, dayofyear(day) AS f, dayofweek(day) AS g, weekday(day) AS h, weekofyear(day) AS i FROM times
# parts of a time
SELECT id, hour(at) AS a, minute(at) AS b, second(at) AS c, year(at) AS d, dayofweek(at) AS e FROM times
# extract
SELECT id, extract(YEAR FROM at) AS a, extract(MONTH FROM day) AS b, extract(HOUR FROM at) AS c, extract(SECOND FROM at) AS d, extract(DOW FROM day) AS e, extract(WEEK FROM day) AS f FROM times
~ extract is not in the documented list of functions, so it is refused.
# parts of text
SELECT year('2023-06-07') AS a, hour('2023-06-07 10:20:30') AS b, month('nonsense') AS c
# date_add and date_sub
SELECT id, date_add(day, 30) AS a, date_sub(day, 1) AS b, date_add(day, -1) AS c, date_add(at, 1) AS d FROM times
# date_add of text
SELECT date_add('2023-06-07', 1) AS a, date_sub('2023-03-01', 1) AS b, date_add('x', 1) AS c, date_add('2023-06-07', NULL) AS d
# date_add of a text amount
SELECT date_add('2023-06-07', '5') AS a
# datediff
SELECT id, datediff(day, DATE '2023-01-01') AS a, datediff(DATE '2024-01-01', day) AS b, datediff(at, '2023-01-01') AS c FROM times
# add_months keeps the day, at most the last
SELECT add_months('2023-01-31', 1) AS a, add_months('2024-02-29', 12) AS b, add_months('2023-02-28', 1) AS c, add_months('2023-03-31', -1) AS d, add_months(day, 13) AS e FROM times
# months_between
SELECT months_between('2023-03-15', '2023-01-15') AS a, months_between('2023-03-31', '2023-02-28') AS b, months_between('1997-02-28 10:30:00', '1996-10-30') AS c, months_between('1997-02-28 10:30:00', '1996-10-30', false) AS d, months_between(at, '2023-01-01') AS e FROM times
# last_day and next_day
SELECT id, last_day(day) AS a, next_day(day, 'MONDAY') AS b, next_day(day, 'fr') AS c, next_day(day, 'xx') AS d FROM times
# trunc
SELECT id, trunc(day, 'year') AS a, trunc(day, 'MM') AS b, trunc(day, 'quarter') AS c, trunc(day, 'week') AS d, trunc(day, 'day') AS e, trunc(at, 'month') AS f FROM times
# date_trunc
SELECT id, date_trunc('year', at) AS a, date_trunc('quarter', at) AS b, date_trunc('MON', at) AS c, date_trunc('week', at) AS d, date_trunc('DD', at) AS e, date_trunc('hour', at) AS f FROM times
# date_trunc of small units
SELECT id, date_trunc('minute', at) AS a, date_trunc('second', at) AS b, date_trunc('millisecond', at) AS c, date_trunc('microsecond', at) AS d, date_trunc('nonsense', at) AS e FROM times
# date_trunc of a date and of text
SELECT date_trunc('month', DATE '2023-06-07') AS a, date_trunc('day', '2023-06-07 10:20:30') AS b
# unit from a column
SELECT date_trunc(u, TIMESTAMP '2023-06-07 10:20:30') AS a, trunc(DATE '2023-06-07', u) AS b FROM (SELECT 'year' AS u UNION ALL SELECT 'month' UNION ALL SELECT 'hour')
# interval arithmetic
SELECT id, at + INTERVAL 1 DAY AS a, at - INTERVAL 90 MINUTES AS b, at + INTERVAL '1 2:3:4' DAY TO SECOND AS c, at + INTERVAL 1 MONTH AS d, at - INTERVAL '1-1' YEAR TO MONTH AS e FROM times
# interval arithmetic of dates
SELECT id, day + INTERVAL 1 DAY AS a, day + INTERVAL 1 MONTH AS b, day - INTERVAL 1 YEAR AS c, day + INTERVAL 2 WEEKS AS d FROM times
# a date and hours make a timestamp
SELECT day + INTERVAL 3 HOURS AS a FROM times
# a date and a number
SELECT day + 1 AS a, day - 1 AS b, 1 + day AS c FROM times
# a text and an interval
SELECT '2023-06-07' + INTERVAL 1 DAY AS a
# interval with a fraction
SELECT TIMESTAMP '2023-06-07 00:00:00' + INTERVAL 1.5 SECONDS AS a
# month arithmetic at the end of a month
SELECT DATE '2023-01-31' + INTERVAL 1 MONTH AS a, TIMESTAMP '2024-02-29 10:00:00' + INTERVAL 1 YEAR AS b
# interval of several units
SELECT TIMESTAMP '2023-06-07 00:00:00' + INTERVAL 1 DAY 2 HOURS AS a
# comparison of dates and timestamps
SELECT id, day < at AS a, day = at AS b, day > '2023-01-01' AS c, at >= '2023-01-01' AS d, at > DATE '2023-01-31' AS e FROM times
# comparison with text that is no date
SELECT id FROM times WHERE day > 'nonsense' OR at = 'x'
# unix_timestamp
SELECT id, unix_timestamp(at) AS a, unix_timestamp(day) AS b, to_unix_timestamp(at) AS c FROM times
# unix_timestamp of text
SELECT unix_timestamp('2023-06-07 10:20:30') AS a, unix_timestamp('2023-06-07', 'yyyy-MM-dd') AS b, unix_timestamp('x') AS c, to_unix_timestamp('07/06/2023', 'dd/MM/yyyy') AS d
# from_unixtime
SELECT id, from_unixtime(secs) AS a, from_unixtime(secs, 'yyyy-MM-dd') AS b FROM times
# to_date without a pattern
SELECT id, to_date(t) AS a, to_date(at) AS b FROM times
# to_timestamp without a pattern
SELECT id, to_timestamp(t) AS a, to_timestamp(day) AS b FROM times
# from_utc_timestamp
SELECT id, from_utc_timestamp(at, 'America/New_York') AS a, from_utc_timestamp(at, 'Asia/Seoul') AS b, from_utc_timestamp(at, zone) AS c FROM times
# to_utc_timestamp
SELECT id, to_utc_timestamp(at, 'America/New_York') AS a, to_utc_timestamp(at, zone) AS b, to_utc_timestamp('2021-08-31', 'Asia/Seoul') AS c FROM times
# daylight saving: an hour that does not exist and one that exists twice
SELECT to_utc_timestamp('2023-03-26 02:30:00', 'Europe/Berlin') AS a, to_utc_timestamp('2023-10-29 02:30:00', 'Europe/Berlin') AS b, to_utc_timestamp('2023-03-12 02:30:00', 'America/New_York') AS c, from_utc_timestamp('2023-03-26 01:00:00', 'Europe/Berlin') AS d, from_utc_timestamp('2023-10-29 01:00:00', 'Europe/Berlin') AS e
# zones by offset and abbreviation
SELECT from_utc_timestamp('2023-06-07 00:00:00', '+02:00') AS a, from_utc_timestamp('2023-06-07 00:00:00', 'GMT+3') AS b, from_utc_timestamp('2023-06-07 00:00:00', 'UTC') AS c, from_utc_timestamp('2023-06-07 00:00:00', 'Z') AS d, from_utc_timestamp('2023-06-07 00:00:00', 'PST') AS e, from_utc_timestamp('2023-06-07 00:00:00', 'UTC+1') AS f
# an unknown zone
SELECT from_utc_timestamp('2023-06-07 00:00:00', 'Mars/Base')
# window in a select
SELECT window(at, '1 hour') AS w, count(*) AS n FROM visits GROUP BY window(at, '1 hour')
# window fields
SELECT window.start AS s, window.end AS e, count(*) AS n FROM visits GROUP BY window(at, '1 day')
# window that slides
SELECT window(at, '2 hours', '1 hour').start AS s, count(*) AS n FROM visits GROUP BY window(at, '2 hours', '1 hour')
# window with an offset
SELECT window(at, '1 hour', '1 hour', '15 minutes').start AS s, count(*) AS n FROM visits GROUP BY window(at, '1 hour', '1 hour', '15 minutes')
# window before the epoch and of weeks
SELECT id, window(at, '1 week').start AS a FROM times WHERE at IS NOT NULL GROUP BY id, window(at, '1 week')
# differences of timestamps in seconds
SELECT id, unix_timestamp(at) - unix_timestamp(TIMESTAMP '2023-01-01 00:00:00') AS a, (CAST(at AS double) - CAST(TIMESTAMP '2023-01-01 00:00:00' AS double)) / 60 AS b FROM times
# current values agree with each other
SELECT current_date() = to_date(current_timestamp()) AS a, now() = current_timestamp() AS b, current_date = current_date() AS c, datediff(current_date, date_sub(current_date, 3)) AS d
# timestamp functions that are not documented
SELECT timestampadd(HOUR, 1, at) FROM times
~ timestampadd is not in the documented list of functions, so it is refused.
# dates from their parts, and months as intervals
SELECT make_date(2023, 1, 2) AS a, make_date(2019, 2, 30) AS b, make_date(2019, 13, 1) AS c, make_date(id, NULL, 1) AS d, day - make_ym_interval(0, 1) AS e, day + make_ym_interval(1, 2) AS f, at - make_ym_interval(0, 4) AS g FROM times
# min and max of dates
SELECT min(day) AS a, max(at) AS b, count(day) AS c, approx_count_distinct(day) AS d FROM times
# a day before 1970 in seconds
SELECT CAST(TIMESTAMP '1969-12-31 23:59:59.5' AS bigint) AS a, unix_timestamp(TIMESTAMP '1969-12-31 23:59:59.5') AS b, second(TIMESTAMP '1969-12-31 23:59:59.5') AS c
# leap days
SELECT date_add('2024-02-28', 1) AS a, datediff('2024-03-01', '2024-02-28') AS b, add_months('2024-01-31', 1) AS c, dayofyear('2024-12-31') AS d, last_day('2100-02-01') AS e
# week numbers at the turn of the year
SELECT weekofyear('2020-12-31') AS a, weekofyear('2021-01-01') AS b, weekofyear('2024-12-30') AS c, weekofyear('2023-01-01') AS d, extract(YEAROFWEEK FROM DATE '2021-01-01') AS e
~ extract is not in the documented list of functions, so it is refused.
# sliding windows with a start
SELECT window.start AS s, window.end AS e, count(*) AS n FROM visits GROUP BY window(at, '1 hour 30 minutes', '1 hour', '5 minutes')
# sliding windows without groups
SELECT id, window(at, '1 day', '12 hours') AS w FROM visits WHERE id < 6
# sliding windows that do not fit evenly
SELECT window(at, '50 minutes', '30 minutes') AS w, sum(n) AS s FROM visits GROUP BY window(at, '50 minutes', '30 minutes') HAVING count(*) > 1
# a slide longer than its window is refused
SELECT window(at, '1 hour', '2 hours') AS w FROM visits
# two sliding windows are refused
SELECT window(at, '2 hours', '1 hour') AS a, window(at, '3 hours', '1 hour') AS b FROM visits
# a window of months is refused
SELECT window(at, '1 month', '1 day') AS w FROM visits
