-- UNION, INTERSECT, EXCEPT.
# union removes duplicates
SELECT g FROM numbers UNION SELECT channel FROM orders
# union all keeps them
SELECT g FROM numbers UNION ALL SELECT channel FROM orders
# union widens types
SELECT 1 AS x UNION ALL SELECT 2.5 UNION ALL SELECT CAST(3 AS double)
# union of text and number
SELECT 1 AS x UNION ALL SELECT 'a'
# union of date and timestamp
SELECT DATE '2023-01-01' AS x UNION ALL SELECT TIMESTAMP '2023-01-01 10:00:00'
# union of decimals
SELECT m AS x FROM numbers UNION ALL SELECT w FROM numbers
# union of boolean and number is refused
SELECT true AS x UNION ALL SELECT 1
# intersect
SELECT customer FROM orders INTERSECT SELECT id FROM customers
# intersect all
SELECT units FROM orders INTERSECT ALL SELECT customer FROM orders
# except
SELECT id FROM customers EXCEPT SELECT customer FROM orders
# minus
SELECT id FROM customers MINUS SELECT customer FROM orders
# except all
SELECT units FROM orders EXCEPT ALL SELECT id FROM customers
# NULL equals NULL in set operations
SELECT channel FROM orders INTERSECT SELECT g FROM numbers
# NaN in set operations
SELECT d FROM numbers INTERSECT SELECT d FROM numbers
# precedence of intersect
SELECT 1 AS x UNION SELECT 2 INTERSECT SELECT 2
# left to right
SELECT 1 AS x UNION ALL SELECT 1 EXCEPT SELECT 2
# parentheses
(SELECT 1 AS x UNION ALL SELECT 2) EXCEPT (SELECT 2 UNION ALL SELECT 3)
# order applies to the whole
SELECT id FROM customers UNION ALL SELECT id FROM orders ORDER BY id DESC LIMIT 5
# order of one branch
(SELECT id FROM orders ORDER BY id DESC LIMIT 2) UNION ALL (SELECT id FROM customers ORDER BY id LIMIT 1)
# different numbers of columns
SELECT 1, 2 UNION SELECT 1
# names come from the first
SELECT id AS a FROM customers WHERE id = 1 UNION ALL SELECT id AS b FROM orders WHERE id = 2
# union of arrays
SELECT array(1) AS x UNION SELECT array(1) UNION SELECT array(2.5)
# distinct after union all
SELECT DISTINCT x FROM (SELECT 1 AS x UNION ALL SELECT 1)
# union of NULL columns
SELECT NULL AS x UNION ALL SELECT 1
# union with an empty set
SELECT id FROM customers WHERE false UNION ALL SELECT id FROM customers WHERE id = 2
# ordering by a qualified name
SELECT c.id FROM customers c UNION SELECT o.id FROM orders o ORDER BY id
# limit inside
SELECT count(*) AS n FROM (SELECT id FROM orders LIMIT 5)
# inner LIMIT 0
SELECT count(*) AS n FROM (SELECT id FROM orders LIMIT 0)
# values
SELECT * FROM VALUES (1, 'a'), (2, 'b') AS t(x, y)
# values without names
SELECT * FROM VALUES (1, NULL), (2.5, 'b')
# bare values
VALUES (1, 'x'), (2, 'y')
# values of different widths
VALUES (1), (2, 3)
