-- ROLLUP, CUBE, GROUPING SETS.
# rollup
SELECT channel, customer, count(*) AS n FROM orders GROUP BY ROLLUP (channel, customer)
# cube
SELECT channel, customer, sum(units) AS n FROM orders GROUP BY CUBE (channel, customer)
# grouping sets
SELECT channel, customer, count(*) AS n FROM orders GROUP BY GROUPING SETS ((channel), (customer), ())
# with rollup
SELECT channel, count(*) AS n FROM orders GROUP BY channel WITH ROLLUP
# with cube
SELECT channel, customer, count(*) AS n FROM orders GROUP BY channel, customer WITH CUBE
# grouping
SELECT channel, grouping(channel) AS g, count(*) AS n FROM orders GROUP BY ROLLUP (channel)
# grouping_id
SELECT channel, customer, grouping_id() AS g, count(*) AS n FROM orders GROUP BY CUBE (channel, customer)
# grouping_id with columns
SELECT channel, customer, grouping_id(channel, customer) AS g FROM orders GROUP BY CUBE (channel, customer)
# columns before GROUPING SETS
SELECT channel, customer, count(*) AS n FROM orders GROUP BY channel, customer GROUPING SETS ((channel, customer), (channel))
# a key beside a rollup
SELECT channel, customer, count(*) AS n FROM orders GROUP BY channel, ROLLUP (customer)
# sets of expressions
SELECT units % 2 AS odd, count(*) AS n FROM orders GROUP BY ROLLUP (units % 2)
# grouping outside of sets is refused
SELECT grouping(channel) FROM orders GROUP BY channel
# a rollup's null and the data's null
SELECT channel, grouping(channel) AS g, count(*) AS n FROM orders GROUP BY GROUPING SETS ((channel), ()) ORDER BY g, channel
# having over sets
SELECT channel, count(*) AS n FROM orders GROUP BY ROLLUP (channel) HAVING grouping(channel) = 0 AND count(*) > 2
# aggregates over a grouping column
SELECT channel, max(channel) AS m, count(channel) AS n FROM orders GROUP BY ROLLUP (channel)
# rollup of an alias
SELECT upper(channel) AS c, count(*) AS n FROM orders GROUP BY ROLLUP (c)
# rollup by tuples
SELECT channel, customer, units, count(*) AS n FROM orders GROUP BY ROLLUP ((channel, customer), units)
# distinct aggregate over sets
SELECT channel, count(DISTINCT customer) AS n FROM orders GROUP BY CUBE (channel)
# order by grouping
SELECT channel, count(*) AS n FROM orders GROUP BY ROLLUP (channel) ORDER BY grouping(channel), channel
# an expression over a rolled up column
SELECT coalesce(channel, 'all') AS c, count(*) AS n FROM orders GROUP BY ROLLUP (channel)
# empty set alone
SELECT count(*) AS n FROM orders GROUP BY ()
~ Adobe's grammar has the empty grouping element, so it is accepted; Spark's parser refuses it. Unconfirmed.
# empty set over nothing
SELECT count(*) AS n FROM orders WHERE false GROUP BY GROUPING SETS (())
~ The empty grouping set over no rows gives one row, as no GROUP BY does; Spark 3.5 gives none.
# duplicate sets
SELECT channel, count(*) AS n FROM orders GROUP BY GROUPING SETS ((channel), (channel))
# a column that is in none of the sets
SELECT channel, customer, count(*) AS n FROM orders GROUP BY channel, customer GROUPING SETS ((channel), ())
~ A column in front of GROUPING SETS that is in none of them is refused; Spark shows NULL for it.
# rollup inside sets
SELECT channel, customer, count(*) AS n FROM orders GROUP BY GROUPING SETS (ROLLUP (channel, customer), (customer))
# cube inside sets, with an empty one
SELECT channel, customer, count(*) AS n FROM orders GROUP BY GROUPING SETS (CUBE (channel), (), (channel, customer))
# sets inside sets
SELECT channel, customer, grouping_id() AS g, count(*) AS n FROM orders GROUP BY GROUPING SETS (GROUPING SETS ((channel), (customer)), ())
