-- Where NULL and NaN stand in an order, and what they are in comparisons.
# ascending puts NULL first
SELECT id, d FROM numbers ORDER BY d, id
# descending puts NULL last
SELECT id, d FROM numbers ORDER BY d DESC, id
# NULLS LAST ascending
SELECT id, i FROM numbers ORDER BY i NULLS LAST, id
# NULLS FIRST descending
SELECT id, i FROM numbers ORDER BY i DESC NULLS FIRST, id DESC
# order by an expression
SELECT id, i FROM numbers ORDER BY i % 3, id
# order by position
SELECT g, id FROM numbers ORDER BY 1 DESC, 2
# order by an alias
SELECT id, -i AS opposite FROM numbers ORDER BY opposite, id
# order by a column that is not selected
SELECT g FROM numbers ORDER BY id DESC
# order by boolean
SELECT id, ok FROM numbers ORDER BY ok, id
# order by text is by code point
SELECT t FROM words ORDER BY t
# order by a struct
SELECT id, st FROM nested ORDER BY st, id
# order by a struct descending
SELECT id FROM nested ORDER BY st DESC, id
# order by an array
SELECT id, a FROM nested ORDER BY a, id
# order by an array descending
SELECT id FROM nested ORDER BY a DESC, id
# order by array of structs
SELECT id FROM nested ORDER BY items, id
# order by a map is refused
SELECT id FROM nested ORDER BY m
# order by a literal struct with NULL inside
SELECT s FROM (SELECT struct(1 AS a, 2 AS b) AS s UNION ALL SELECT struct(NULL, 9) UNION ALL SELECT struct(1, NULL) UNION ALL SELECT NULL) ORDER BY s
# comparison of structs with NULL inside
SELECT struct(1, NULL) < struct(1, 2) AS a, struct(1, 2) = struct(1, 2) AS b, struct(NULL, 1) = struct(NULL, 1) AS c, struct(1, NULL) <=> struct(1, NULL) AS d
# comparison of arrays
SELECT array(1, 2) < array(1, 3) AS a, array(1, NULL) < array(1, 2) AS b, array(1) < array(1, 1) AS c, array(1, 2) = array(1, 2) AS d
# equality with NULL is NULL
SELECT NULL = NULL AS a, 1 = NULL AS b, NULL <> 1 AS c, NULL <=> NULL AS d, 1 <=> NULL AS e
# three-valued logic
SELECT id, ok AND NULL AS a, ok OR NULL AS b, NOT ok AS c, ok AND true AS d FROM numbers
# NaN equals itself and is largest
SELECT id, d = d AS same, d > 1e308 AS large, d < CAST('NaN' AS double) AS below FROM numbers ORDER BY id
# minus zero equals zero
SELECT id, d = 0 AS zero FROM numbers WHERE d = 0.0
# NaN in IN
SELECT id FROM numbers WHERE d IN (CAST('NaN' AS double), 2.25)
# IN with NULL in the list
SELECT id, i IN (100, NULL) AS a, i NOT IN (100, NULL) AS b FROM numbers
# IN with values of several types
SELECT id FROM numbers WHERE i IN (42, 7.0, '100')
# BETWEEN and NOT BETWEEN
SELECT id, i BETWEEN -7 AND 42 AS a, i NOT BETWEEN 0 AND 10 AS b FROM numbers
# greatest and least skip NULL
SELECT id, greatest(i, l, 3) AS a, least(i, s, 5) AS b, greatest(NULL, 1) AS c, least(d, 0.5D) AS d FROM numbers
# coalesce and its kin
SELECT id, coalesce(i, 0) AS a, nvl(g, 'none') AS b, nvl2(g, 'some', 'none') AS c, ifnull(d, 0) AS d, nullif(i, 42) AS e FROM numbers
# nullif of different types
SELECT nullif(1, 1.0) AS a, nullif('a', 'b') AS b, nullif(1, NULL) AS c
# nanvl
SELECT id, nanvl(d, 0) AS a, nanvl(f, 1.5) AS b, isnan(d) AS c, isnan(NULL) AS d FROM numbers
# isnull and isnotnull
SELECT id, isnull(g) AS a, isnotnull(g) AS b, g IS NULL AS c, g IS NOT NULL AS d FROM numbers
# IS TRUE and IS FALSE
SELECT id, ok IS TRUE AS a, ok IS NOT TRUE AS b, ok IS FALSE AS c, ok IS NOT FALSE AS d FROM numbers
# distinct treats NULL as one value
SELECT DISTINCT g, ok FROM numbers
# distinct of doubles
SELECT DISTINCT d FROM numbers
# grouping by NaN and minus zero
SELECT d, count(*) AS n FROM numbers GROUP BY d
# limit after order
SELECT id FROM numbers ORDER BY id DESC LIMIT 3
# offset
SELECT id FROM numbers ORDER BY id LIMIT 3 OFFSET 2
# limit zero means all rows
SELECT id FROM numbers ORDER BY id LIMIT 0
~ LIMIT 0 at the outermost level returns every row, as Adobe documents; Spark returns none.
# WHERE takes a text that reads true
SELECT id FROM words WHERE 'true'
# WHERE takes no number
SELECT id FROM words WHERE 1
# order by using an operator
SELECT id FROM customers ORDER BY id USING >
~ Adobe's grammar has ORDER BY ... USING, so it is accepted; Spark's parser refuses it. Unconfirmed.

# order by a position, and by numbers that are none
SELECT id FROM numbers ORDER BY -1
SELECT id FROM numbers ORDER BY (1) DESC
SELECT id FROM numbers ORDER BY 1.5, id
SELECT id FROM numbers ORDER BY 10000000000, id
