-- Joins.
# inner
SELECT c.name, o.id FROM customers c JOIN orders o ON c.id = o.customer
# left
SELECT c.name, o.id FROM customers c LEFT JOIN orders o ON c.id = o.customer
# right
SELECT c.name, o.id FROM customers c RIGHT OUTER JOIN orders o ON c.id = o.customer
# full
SELECT c.name, o.id FROM customers c FULL OUTER JOIN orders o ON c.id = o.customer
# cross
SELECT a.id, b.id AS other FROM customers a CROSS JOIN customers b WHERE a.id < b.id
# comma
SELECT a.id, b.id AS other FROM customers a, orders b WHERE a.id = b.customer
# comma and join
SELECT a.id, b.id AS o, c.id AS p FROM customers a, orders b JOIN customers c ON b.customer = c.id WHERE a.id = c.parent
# using
SELECT id, name, units FROM customers JOIN orders USING (id)
# using with star
SELECT * FROM customers JOIN (SELECT id, city AS town FROM customers) b USING (id)
# full join using
SELECT id, a.x, b.y FROM (SELECT 1 AS id, 'l' AS x UNION ALL SELECT 2, 'm') a FULL JOIN (SELECT 2 AS id, 'r' AS y UNION ALL SELECT 3, 's') b USING (id)
# right join using
SELECT id, a.x, b.y FROM (SELECT 1 AS id, 'l' AS x) a RIGHT JOIN (SELECT 2 AS id, 'r' AS y) b USING (id)
# natural
SELECT * FROM (SELECT id, name FROM customers) NATURAL JOIN (SELECT id, units FROM orders)
# self join
SELECT a.name, b.name AS parent FROM customers a LEFT JOIN customers b ON a.parent = b.id
# NULL keys do not match
SELECT count(*) AS n FROM orders a JOIN orders b ON a.customer = b.customer
# NULL-safe keys match
SELECT count(*) AS n FROM orders a JOIN orders b ON a.customer <=> b.customer
# inequality
SELECT a.id, b.id AS other FROM orders a JOIN orders b ON a.units > b.units AND a.id < b.id
# condition on one side of a left join
SELECT c.id, o.id AS o FROM customers c LEFT JOIN orders o ON c.id = o.customer AND o.units > 2
# where after a left join
SELECT c.id FROM customers c LEFT JOIN orders o ON c.id = o.customer WHERE o.id IS NULL
# join on an expression
SELECT a.id, b.id AS other FROM customers a JOIN customers b ON lower(a.name) = lower(b.name)
# join of different types
SELECT a.id FROM customers a JOIN (SELECT '2' AS id) b ON a.id = b.id
# join of date and timestamp
SELECT a.id, b.id AS other FROM times a JOIN times b ON a.day = b.at
# semi join
SELECT id FROM customers LEFT SEMI JOIN orders ON customers.id = orders.customer
~ LEFT SEMI JOIN is not in the documented list of joins, so it is refused; EXISTS does the same.
# anti join
SELECT id FROM customers LEFT ANTI JOIN orders ON customers.id = orders.customer
~ LEFT ANTI JOIN is not in the documented list of joins, so it is refused; NOT EXISTS does the same.
# three tables
SELECT c.name, o.id, v.id AS v FROM customers c JOIN orders o ON c.id = o.customer JOIN visits v ON v.n = o.units WHERE v.id < 20
# ambiguous column
SELECT id FROM customers JOIN orders ON customers.id = orders.customer
# qualified star
SELECT o.*, c.name FROM customers c JOIN orders o ON c.id = o.customer
# duplicate names in star
SELECT * FROM (SELECT 1 AS x) a JOIN (SELECT 2 AS x) b
# join without a condition
SELECT a.id FROM customers a JOIN (SELECT 1 AS one) b
# left join without a condition
SELECT a.id, one FROM customers a LEFT JOIN (SELECT 1 AS one WHERE false) b
# parentheses around joins
SELECT a.id FROM customers a LEFT JOIN (orders o JOIN visits v ON o.units = v.n) ON a.id = o.customer WHERE v.id < 10
# table alias hides the table's name
SELECT customers.id FROM customers c
# alias with column names
SELECT k, v FROM (SELECT id, name FROM customers) AS t(k, v)
# lateral sub-query
SELECT c.id, t.n FROM customers c, LATERAL (SELECT count(*) AS n FROM orders o WHERE o.customer = c.id) t
# a boolean literal as a condition
SELECT count(*) AS n FROM customers a JOIN customers b ON true
# join keys with NaN
SELECT a.id, b.id AS other FROM numbers a JOIN numbers b ON a.d = b.d
# join on minus zero
SELECT a.id, b.id AS other FROM numbers a JOIN (SELECT 0.0D AS z) b ON a.d = b.z JOIN customers c ON true WHERE c.id = 1 AND b.z = 0
# join on structs
SELECT a.id, b.id AS other FROM nested a JOIN nested b ON a.st = b.st
# full join with a condition on both
SELECT a.id, b.id AS other FROM (SELECT id FROM customers WHERE id < 4) a FULL JOIN (SELECT id FROM customers WHERE id > 2) b ON a.id = b.id
