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
# names of operators
SELECT 1 + 2, 1 - 2 * 3, 4 / 2, 5 % 3, -1, 1 = 1, 1 <> 2, 1 < 2, NOT true, true AND false, true OR false
# names of literals
SELECT 1, 1.5, 'text', NULL, true, DATE '2023-01-01', TIMESTAMP '2023-01-01 00:00:00', 1e3
# names of functions
SELECT upper('a'), concat('a', 'b'), substring('abc', 1, 2), round(1.5), coalesce(NULL, 1), if(true, 1, 2), abs(-1)
# names of casts
SELECT CAST(1 AS string), CAST('1' AS int), CAST(1.5 AS decimal(5,2)), int('1')
# names of case
SELECT CASE WHEN true THEN 1 ELSE 2 END, CASE 1 WHEN 1 THEN 'a' END
# names of predicates
SELECT 1 IN (1, 2), 1 BETWEEN 0 AND 2, 'a' LIKE 'b', 'a' RLIKE 'b', NULL IS NULL, 1 IS NOT NULL, 1 <=> 1
# names of columns
SELECT id, c.name, c.CITY, `since` FROM customers c WHERE id = 1
# names of expressions over columns
SELECT id + 1, upper(name), c.id * 2, length(c.name) FROM customers c WHERE id = 1
# names of arrays, maps, structs
SELECT array(1, 2), map('a', 1), struct(1, 2), array(1)[0], map('a', 1)['a'], struct(1 AS x).x
# names of aggregates
SELECT count(*), count(1), sum(id), count(DISTINCT name), max(id + 1), avg(id), min(name) FROM customers
# names of lambdas
SELECT transform(array(1), x -> x + 1)
# names of intervals and dates
SELECT date_add('2023-01-01', 1), DATE '2023-01-01' + INTERVAL 1 DAY, year('2023-01-01'), datediff('2023-01-02', '2023-01-01')
~ The name of an unaliased date plus interval is the expression's text; Spark prints its own rewriting of it.
# names of current functions
SELECT current_date() IS NULL, current_timestamp() IS NULL, pi(), e()
# names of window functions
SELECT row_number() OVER (ORDER BY id), sum(id) OVER (PARTITION BY city ORDER BY id), count(*) OVER () FROM customers
# names of extract, trim, position
SELECT extract(YEAR FROM DATE '2023-01-01'), trim('x' FROM 'xax'), position('a' IN 'ba'), substring('abc' FROM 2)
~ extract is not in the documented list of functions, so it is refused.
# names of nested functions
SELECT upper(lower(concat('a', 1))), size(split('a,b', ','))
# names with aliases in the middle
SELECT id AS a, id, id b FROM customers WHERE id = 1
# names of concatenation
SELECT 'a' || 'b', name || city FROM customers WHERE id = 1
# names keep the case of the alias
SELECT 1 AS CamelCase, 2 AS `with space`, 3 AS lower_case
# names of bit operators
SELECT 5 & 3, 5 | 3, 5 ^ 3, ~5
# names of division
SELECT 7 div 2, mod(7, 2), 7 % 2
~ mod is not in the documented list of functions, so it is refused; % does the same.
# names of exists and scalar
SELECT EXISTS (SELECT 1) AS a
# names of unary operators
SELECT -id, NOT (id = 1) FROM customers WHERE id = 1
# names of date functions with literals
SELECT date_format(DATE '2023-01-01', 'yyyy'), to_date('2023-01-01'), date_trunc('month', DATE '2023-01-01')
# functions are found in any case
SELECT UPPER('a') AS a, Concat('a', 'b') AS b, COUNT(*) AS c FROM customers
# wrong number of arguments
SELECT upper()
# wrong type of argument
SELECT date_add(DATE '2023-01-01', DATE '2023-01-01')
# double equals
SELECT 1 == 1 AS a, 1 != 2 AS b, 1 <> 1 AS c, !true AS d
# null-safe chain
SELECT id FROM numbers WHERE g <=> NULL
# comments
SELECT 1 /* inside */ AS a -- at the end
# name of an unary plus
SELECT +id FROM customers
~ The parser drops a plus in front of a value, so it is missing from the column's name.
# name of a number with a suffix
SELECT 10L
~ A number with a suffix is read as a cast, and named so.

# decimals that meet outside arithmetic keep their scale, and the digits before the point give way
SELECT coalesce(CAST(1 AS decimal(38,13)), CAST(2 AS decimal(10,2))) AS a, coalesce(m / m, 100.00 + id) AS b, greatest(m / m, CAST(id AS decimal(20,1))) AS c FROM numbers
# a scale for which whole digits are not left
SELECT coalesce(CAST(1 AS decimal(38,30)), CAST(2 AS decimal(38,2))) AS a, CAST(1 AS decimal(38,30)) < CAST(2 AS decimal(38,2)) AS b
SELECT coalesce(CAST(NULL AS decimal(38,30)), CAST(123456789012 AS decimal(38,2))) AS a
SELECT CAST(1 AS decimal(38,30)) < CAST(123456789012 AS decimal(38,2)) AS a
SELECT CAST(1 AS decimal(38,30)) AS a UNION ALL SELECT CAST(2 AS decimal(38,2))
