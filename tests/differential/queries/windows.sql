-- Window functions.
# row_number, rank, dense_rank
SELECT id, row_number() OVER (ORDER BY id) AS a, rank() OVER (ORDER BY units) AS b, dense_rank() OVER (ORDER BY units) AS c FROM orders
# ranking within a partition
SELECT id, channel, row_number() OVER (PARTITION BY channel ORDER BY amount, id) AS a FROM orders
# percent_rank and ntile
SELECT id, percent_rank() OVER (ORDER BY units) AS a, ntile(3) OVER (ORDER BY id) AS b, ntile(5) OVER (ORDER BY id DESC) AS c FROM orders
# cume_dist is not documented
SELECT cume_dist() OVER (ORDER BY id) FROM orders
~ cume_dist is not in the documented list of functions, so it is refused.
# lag and lead
SELECT id, lag(id) OVER (ORDER BY id) AS a, lead(id) OVER (ORDER BY id) AS b, lag(id, 2) OVER (ORDER BY id) AS c, lead(id, 2, -1) OVER (ORDER BY id) AS d, lag(channel, 1, 'none') OVER (ORDER BY id) AS e FROM orders
# lag within a partition
SELECT id, user, lag(at) OVER (PARTITION BY user ORDER BY at, id) AS a, lead(kind) OVER (PARTITION BY user ORDER BY at, id) AS b FROM visits
# lag ignoring NULL
SELECT id, lag(kind, 1) IGNORE NULLS OVER (ORDER BY id) AS a, lag(kind) RESPECT NULLS OVER (ORDER BY id) AS b FROM visits
# lag with a negative offset
SELECT id, lag(id, -1) OVER (ORDER BY id) AS a, lag(id, 0) OVER (ORDER BY id) AS b FROM orders
# running sum
SELECT id, sum(amount) OVER (ORDER BY id) AS a, count(*) OVER (ORDER BY id) AS b, avg(units) OVER (ORDER BY id) AS c FROM orders
# ties share a running sum
SELECT id, units, sum(id) OVER (ORDER BY units) AS a, count(*) OVER (ORDER BY units) AS b FROM orders
# rows frame
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS a, sum(id) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS b, sum(id) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS c FROM orders
# empty frame
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING) AS a, count(*) OVER (ORDER BY id ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING) AS b FROM orders
# range frame over numbers
SELECT id, units, sum(id) OVER (ORDER BY units RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS a FROM orders
# range frame over times
SELECT id, count(*) OVER (PARTITION BY user ORDER BY at RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) AS a FROM visits
# range frame descending
SELECT id, units, count(*) OVER (ORDER BY units DESC RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS a FROM orders
# first_value and last_value
SELECT id, first_value(id) OVER (PARTITION BY channel ORDER BY id) AS a, last_value(id) OVER (PARTITION BY channel ORDER BY id) AS b, last_value(id) OVER (PARTITION BY channel ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS c FROM orders
# first and last ignoring NULL
SELECT id, first(kind, true) OVER (ORDER BY id) AS a, last(kind, true) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS b, last(score, true) OVER (ORDER BY id) AS c FROM visits
# last_value IGNORE NULLS
SELECT id, last_value(kind) IGNORE NULLS OVER (ORDER BY id) AS a FROM visits
# aggregates without an order
SELECT id, sum(amount) OVER (PARTITION BY channel) AS a, count(*) OVER () AS b, max(at) OVER () AS c FROM orders
# share of a total
SELECT id, amount / sum(amount) OVER (PARTITION BY channel) AS a FROM orders
# named window
SELECT id, sum(id) OVER w AS a, row_number() OVER w AS b FROM orders WINDOW w AS (PARTITION BY channel ORDER BY id)
# named window with a frame added
SELECT id, sum(id) OVER (w ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS a FROM orders WINDOW w AS (ORDER BY id)
# window over an aggregate
SELECT channel, sum(amount) AS a, rank() OVER (ORDER BY sum(amount) DESC) AS b FROM orders GROUP BY channel
# sum of a sum
SELECT channel, sum(sum(units)) OVER (ORDER BY channel) AS a FROM orders GROUP BY channel
# NULL order in a window
SELECT id, row_number() OVER (ORDER BY units, id) AS a, row_number() OVER (ORDER BY units DESC, id) AS b, row_number() OVER (ORDER BY units NULLS LAST, id) AS c FROM orders
# partition by NULL
SELECT id, channel, count(*) OVER (PARTITION BY channel) AS a FROM orders
# partition by an expression
SELECT id, sum(id) OVER (PARTITION BY id % 3 ORDER BY id) AS a FROM orders
# collect_list over a window
SELECT id, collect_list(id) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS a FROM orders
# min and max over a frame
SELECT id, min(score) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS a, max(n) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING) AS b FROM visits
# statistics over a window
SELECT id, stddev(n) OVER (ORDER BY id ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) AS a, avg(score) OVER (PARTITION BY kind) AS b FROM visits
# distinct over a window is refused
SELECT id, count(DISTINCT channel) OVER (PARTITION BY customer) FROM orders
# ranking without an order is refused
SELECT rank() OVER (PARTITION BY channel) FROM orders
# window in where is refused
SELECT id FROM orders WHERE row_number() OVER (ORDER BY id) = 1
# newest row of each key
SELECT id, user FROM (SELECT id, user, row_number() OVER (PARTITION BY user ORDER BY at DESC, id DESC) AS r FROM visits) WHERE r = 1
# QUALIFY
SELECT id FROM orders QUALIFY row_number() OVER (ORDER BY id) = 1
# time since the row before
SELECT id, unix_timestamp(at) - unix_timestamp(lag(at) OVER (PARTITION BY user ORDER BY at, id)) AS a FROM visits
# name of an unaliased window
SELECT row_number() OVER (ORDER BY id) FROM orders
# order by a window
SELECT id FROM orders ORDER BY row_number() OVER (ORDER BY amount DESC, id)
# a window of a window is refused
SELECT sum(row_number() OVER (ORDER BY id)) OVER (ORDER BY id) FROM orders
~ A window function over a window function is refused; write a sub-query.
# lead over dates with a default of another type
SELECT id, lead(day, 1, DATE '2099-01-01') OVER (ORDER BY id) AS a FROM times
# nth_value is not documented
SELECT nth_value(id, 2) OVER (ORDER BY id) FROM orders
~ nth_value is not in the documented list of functions, so it is refused.
