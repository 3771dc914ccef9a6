-- Sub-queries and common table expressions.
# scalar
SELECT id, (SELECT max(amount) FROM orders) AS m FROM customers
# correlated scalar
SELECT c.id, (SELECT count(*) FROM orders o WHERE o.customer = c.id) AS n FROM customers c
# correlated scalar sum over nothing is NULL
SELECT c.id, (SELECT sum(o.units) FROM orders o WHERE o.customer = c.id) AS n FROM customers c
# scalar with several rows
SELECT (SELECT id FROM orders) AS x
# scalar with no row is NULL
SELECT (SELECT id FROM orders WHERE false) AS x
# scalar with two columns
SELECT (SELECT id, units FROM orders LIMIT 1)
# in
SELECT id FROM customers WHERE id IN (SELECT customer FROM orders)
# not in with NULL among the values
SELECT id FROM customers WHERE id NOT IN (SELECT customer FROM orders)
# not in without NULL
SELECT id FROM customers WHERE id NOT IN (SELECT customer FROM orders WHERE customer IS NOT NULL)
# in with two columns
SELECT id FROM orders WHERE (customer, units) IN (SELECT customer, max(units) FROM orders GROUP BY customer)
# exists
SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer = c.id AND o.units > 2)
# not exists
SELECT id FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer = c.id)
# the published anti-join binds to the inner table
SELECT id FROM customers WHERE NOT EXISTS (SELECT id FROM orders a WHERE id = a.id)
# exists in the select list
SELECT id, EXISTS (SELECT 1 FROM orders o WHERE o.customer = c.id) AS e FROM customers c
# in the select list
SELECT id, id IN (SELECT customer FROM orders) AS e FROM customers
# cte
WITH totals AS (SELECT customer, sum(amount) AS total FROM orders GROUP BY customer) SELECT c.name, t.total FROM customers c JOIN totals t ON c.id = t.customer
# two ctes
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT * FROM a, b
# cte with column names
WITH t(p, q) AS (SELECT id, name FROM customers) SELECT p, q FROM t WHERE p < 3
# cte hides a table
WITH customers AS (SELECT 99 AS id) SELECT id FROM customers
# nested ctes
WITH a AS (WITH b AS (SELECT 5 AS x) SELECT x * 2 AS y FROM b) SELECT y FROM a
# cte inside a sub-query
SELECT * FROM (WITH q AS (SELECT 3 AS z) SELECT z FROM q)
# recursive cte
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t
# derived table without a name
SELECT x FROM (SELECT 1 AS x)
# lateral alias
SELECT id * 2 AS twice, twice + 1 AS more FROM customers
# a column wins over a lateral alias
SELECT units + 1 AS id, id AS again FROM orders
# sub-query in having
SELECT channel, count(*) AS n FROM orders GROUP BY channel HAVING count(*) > (SELECT min(units) FROM orders)
# sub-query in case
SELECT id, CASE WHEN units > (SELECT avg(units) FROM orders) THEN 'high' ELSE 'low' END AS c FROM orders
# sub-query in order by
SELECT id FROM customers ORDER BY (SELECT max(id) FROM orders) - id
# correlated with inequality
SELECT id FROM orders a WHERE EXISTS (SELECT 1 FROM orders b WHERE b.units > a.units AND b.customer = a.customer)
# correlated two levels up
SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer = c.id AND EXISTS (SELECT 1 FROM visits v WHERE v.n = o.units AND v.id > c.id))
# any and all
SELECT id FROM orders WHERE units > ANY (SELECT units FROM orders)
# name of a scalar sub-query
SELECT (SELECT 1)
# unknown table
SELECT * FROM nowhere
# unknown column
SELECT nothing FROM customers
# unknown function
SELECT nothing_like_it(1)
# where sees no alias
SELECT id AS k FROM customers WHERE k = 1
# group by in a sub-query with order
SELECT * FROM (SELECT channel, count(*) AS n FROM orders GROUP BY channel ORDER BY n DESC, channel LIMIT 2)
# sub-query over values
SELECT id FROM customers WHERE city IN (SELECT * FROM VALUES ('Berlin'), ('Rome'))
# correlated in
SELECT c.id FROM customers c WHERE 'web' IN (SELECT o.channel FROM orders o WHERE o.customer = c.id)
# scalar sub-query with an aggregate and a limit
SELECT (SELECT channel FROM orders ORDER BY amount DESC LIMIT 1) AS top
