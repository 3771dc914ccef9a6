-- Conditional functions, and the names of columns nobody named.
# case without else
SELECT id, CASE WHEN i > 40 THEN 'many' WHEN i > 0 THEN 'some' END AS a FROM numbers
# case with a subject
SELECT id, CASE g WHEN 'a' THEN 1 WHEN 'b' THEN 2 ELSE 0 END AS a FROM numbers
# case with a NULL subject
SELECT CASE NULL WHEN NULL THEN 1 ELSE 2 END AS a
# if
SELECT id, if(i > 10, 'x', 'y') AS a, if(ok, i, -i) AS b FROM numbers
# when without case
SELECT id, when(i > 0, 'p') AS a FROM numbers
# nested case
SELECT id, CASE WHEN i > 0 THEN CASE WHEN i > 50 THEN 'a' ELSE 'b' END ELSE 'c' END AS a FROM numbers
# assert_true
SELECT assert_true(true) AS a
# assert_true that fails
SELECT assert_true(1 > 2)
# raise_error
SELECT raise_error('custom')
# names of columns
SELECT id, c.name, c.CITY, `since` FROM customers c WHERE id = 1
# names of aggregates
SELECT count(*), count(1), sum(id), count(DISTINCT name), max(id + 1), avg(id), min(name) FROM customers
# names with aliases in the middle
SELECT id AS a, id, id b FROM customers WHERE id = 1
# names keep the case of the alias
SELECT 1 AS CamelCase, 2 AS `with space`, 3 AS lower_case
# names of bit operators
SELECT 5 & 3, 5 | 3, 5 ^ 3, ~5
# names of exists and scalar
SELECT EXISTS (SELECT 1) AS a
# functions are found in any case
SELECT UPPER('a') AS a, Concat('a', 'b') AS b, COUNT(*) AS c FROM customers
# wrong number of arguments
SELECT upper()
# double equals
SELECT 1 == 1 AS a, 1 != 2 AS b, 1 <> 1 AS c, !true AS d
# null-safe chain
SELECT id FROM numbers WHERE g <=> NULL
# comments
SELECT 1 /* inside */ AS a -- at the end
