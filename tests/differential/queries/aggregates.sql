-- Aggregates.
# count
SELECT count(*) AS a, count(i) AS b, count(DISTINCT g) AS c, count(1) AS d, count(DISTINCT g, ok) AS e, count(i, g) AS f FROM numbers
# names of unaliased aggregates
SELECT count(*), sum(i), avg(d), max(g), count(DISTINCT g), min(i + 1) FROM numbers WHERE id < 3
# no rows
SELECT count(*) AS a, sum(i) AS b, max(g) AS c, collect_list(g) AS d, avg(i) AS e FROM numbers WHERE false
# no rows with GROUP BY
SELECT g, count(*) AS a FROM numbers WHERE false GROUP BY g
# group by
SELECT g, count(*) AS n, sum(i) AS a, min(d) AS b, max(d) AS c FROM numbers GROUP BY g
# group by an expression and an alias
SELECT i % 2 AS odd, count(*) AS n FROM numbers GROUP BY odd
# group by position
SELECT g, ok, count(*) AS n FROM numbers GROUP BY 1, 2
# having
SELECT g, count(*) AS n FROM numbers GROUP BY g HAVING count(*) > 1
# having with an alias
SELECT g, count(*) AS n FROM numbers GROUP BY g HAVING n > 1
# having without group by
SELECT sum(id) AS s FROM numbers HAVING sum(id) > 100
# a column that is not grouped
SELECT g, i FROM numbers GROUP BY g
# an expression over grouped columns
SELECT upper(g) AS a, concat(g, count(*)) AS b FROM numbers GROUP BY g
# group by an expression, select it
SELECT upper(g), count(*) AS n FROM numbers GROUP BY upper(g)
# aggregate in where is refused
SELECT g FROM numbers WHERE count(*) > 1 GROUP BY g
# nested aggregates are refused
SELECT sum(count(*)) FROM numbers GROUP BY g
# sum, avg of doubles with NaN
SELECT sum(d) AS a, avg(d) AS b, min(d) AS c, max(d) AS d FROM numbers
# min and max of text, dates, booleans
SELECT min(t) AS a, max(t) AS b, min(id) AS c FROM words
# min and max of booleans
SELECT min(ok) AS a, max(ok) AS b FROM numbers
# statistics
SELECT stddev(n) AS a, stddev_samp(n) AS b, stddev_pop(n) AS c, variance(n) AS d, var_samp(n) AS e, var_pop(n) AS f FROM visits
# statistics of one row
SELECT stddev(n) AS a, var_samp(n) AS b, stddev_pop(n) AS c, skewness(n) AS d FROM visits WHERE id = 3
~ skewness is not in the documented list of functions, so it is refused.
# statistics of one row, documented ones
SELECT stddev(n) AS a, var_samp(n) AS b, stddev_pop(n) AS c, kurtosis(n) AS d FROM visits WHERE id = 3
# correlation
SELECT corr(n, score) AS a, corr(n, 1) AS b FROM visits
# covariance is not documented
SELECT covar_pop(n, score) FROM visits
~ covar_pop is not in the documented list of functions, so it is refused.
# kurtosis
SELECT kurtosis(n) AS a, kurtosis(score) AS b FROM visits
# percentile
SELECT percentile(n, 0.5) AS a, percentile(score, 0.25) AS b, percentile(n, array(0.1, 0.9)) AS c FROM visits
# percentile by group
SELECT kind, percentile(n, 0.5) AS a, count(*) AS n FROM visits GROUP BY kind
# approximate percentile
SELECT percentile_approx(n, 0.5) AS a, approx_percentile(score, 0.5) AS b, percentile_approx(n, array(0.25, 0.75), 100) AS c, approx_percentile(n, 0.5, 1000) AS d FROM visits
~ percentile_approx is exact here whatever its accuracy; with an accuracy of 100 Spark's answer is approximate.
# percentile out of range
SELECT percentile(n, 1.5) FROM visits
# approximate distinct count of few values
SELECT approx_count_distinct(kind) AS a, approx_count_distinct(n) AS b FROM visits
# collect_list skips NULL
SELECT g, sort_array(collect_list(i)) AS a, size(collect_list(ok)) AS b FROM numbers GROUP BY g
# collect_set
SELECT g, sort_array(collect_set(i)) AS a, sort_array(collect_set(g)) AS b FROM numbers GROUP BY g
# collect_list of structs
SELECT kind, sort_array(collect_list(struct(id, n))) AS a FROM visits WHERE id < 12 GROUP BY kind
# collect_set of arrays
SELECT sort_array(collect_set(a)) AS a FROM nested
# first and last within one row
SELECT first(g) AS a, last(g) AS b, first(i, true) AS c, first_value(d) AS d FROM numbers WHERE id = 1
# first ignoring NULL
SELECT first(g, true) AS a, last(ok, true) AS b FROM numbers WHERE id IN (3)
# distinct aggregates
SELECT sum(DISTINCT s) AS a, avg(DISTINCT s) AS b, count(DISTINCT s) AS c, max(DISTINCT s) AS d FROM numbers
# several distinct aggregates with others
SELECT g, count(DISTINCT i) AS a, count(DISTINCT ok) AS b, sum(i) AS c FROM numbers GROUP BY g
# aggregates of expressions
SELECT sum(CASE WHEN ok THEN 1 ELSE 0 END) AS a, sum(i * 2) AS b, avg(CASE WHEN i > 0 THEN i END) AS c FROM numbers
# aggregates of text
SELECT sum(n) AS a, avg(n) AS b FROM words
# arithmetic over aggregates
SELECT g, sum(i) / count(*) AS a, max(i) - min(i) AS b FROM numbers GROUP BY g
# sum of booleans is refused
SELECT sum(ok) FROM numbers
# max of a map is refused
SELECT max(m) FROM nested
# max of an array
SELECT max(a) AS a, min(a) AS b FROM nested
# order by an aggregate
SELECT g, count(*) AS n FROM numbers GROUP BY g ORDER BY count(*) DESC, g
# order by an aggregate that is not selected
SELECT g FROM numbers GROUP BY g ORDER BY sum(i) DESC, g
# group by nothing but literals
SELECT 1 AS a, 'x' AS b, count(*) AS n FROM numbers GROUP BY 1, 'x'
# FILTER
SELECT count(*) FILTER (WHERE i > 0) AS a FROM numbers
~ FILTER is not documented for Query Service, so it is refused; SUM(CASE ...) does the same.
# count_if is not documented
SELECT count_if(i > 0) FROM numbers
~ count_if is not in the documented list of functions, so it is refused.
# bool_and is not documented
SELECT bool_and(ok) FROM numbers
~ bool_and is not in the documented list of functions, so it is refused.
# max_by is not documented
SELECT max_by(g, i) FROM numbers
~ max_by is not in the documented list of functions, so it is refused.
# group by a NULL literal
SELECT NULL AS k, count(*) AS n FROM numbers GROUP BY k
# distinct rows of an aggregate
SELECT DISTINCT count(*) AS n FROM numbers GROUP BY g
# group by a timestamp truncated
SELECT date_trunc('day', at) AS d, count(*) AS n, count(DISTINCT user) AS u FROM visits GROUP BY date_trunc('day', at)
# group by to_date
SELECT to_date(at) AS d, kind, sum(score) AS s FROM visits GROUP BY to_date(at), kind
# group by ALL
SELECT g, count(*) AS n FROM numbers GROUP BY ALL
~ GROUP BY ALL is not documented for Query Service, so it is refused.
# decimals in aggregates keep their scale
SELECT channel, sum(amount) AS a, avg(amount) AS b, max(amount) AS c, count(amount) AS d FROM orders GROUP BY channel

# what is a position and what is not
SELECT 1 AS a, count(*) AS n FROM numbers GROUP BY (1)
SELECT 1 AS a, count(*) AS n FROM numbers GROUP BY -1
SELECT 1 AS a, count(*) AS n FROM numbers GROUP BY 1.5
SELECT 1 AS a, count(*) AS n FROM numbers GROUP BY 10000000000
SELECT 1 AS a, count(*) AS n FROM numbers GROUP BY 1L
SELECT 1 + 1 AS a, count(*) AS n FROM numbers GROUP BY 1 + 1
# first and last of rows in their order
SELECT first(x) AS a, last(x) AS b, last_value(x) AS c, first(x, true) AS d, last(x, true) AS e FROM VALUES (NULL), (10), (5), (20), (NULL) AS t(x)
# names of first and last
SELECT first(x, true), last_value(x, true), first_value(x) FROM VALUES (1) AS t(x)
