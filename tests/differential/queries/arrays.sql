-- Arrays.
# positions in brackets count from 0
SELECT id, a[0] AS a, a[1] AS b, a[10] AS c, a[-1] AS d FROM nested
# element_at counts from 1 and from the end
SELECT id, element_at(a, 1) AS a, element_at(a, -1) AS b, element_at(a, 10) AS c FROM nested
# element_at of position zero
SELECT element_at(array(1), 0)
# index from a column
SELECT id, a[id - 1] AS a, element_at(a, id) AS b FROM nested
# size
SELECT id, size(a) AS a, cardinality(ws) AS b, size(m) AS c, size(NULL) AS d FROM nested
# array_contains
SELECT id, array_contains(a, 1) AS a, array_contains(ws, 'x') AS b, array_contains(a, 9) AS c FROM nested
# array_contains of another type
SELECT array_contains(array(1, 2), '1') AS a, array_contains(array(1, 2), 1.0) AS b, array_contains(array(1, NULL), 2) AS c
# array_contains of NULL
SELECT array_contains(array(1, 2), CAST(NULL AS int)) AS a
# array_position
SELECT id, array_position(a, 1) AS a, array_position(ws, 'c') AS b, array_position(a, 99) AS c FROM nested
# array_distinct
SELECT id, array_distinct(a) AS a, array_distinct(ws) AS b, array_distinct(ds) AS c FROM nested
# array_remove
SELECT id, array_remove(a, 1) AS a, array_remove(ws, 'x') AS b FROM nested
# array_repeat
SELECT array_repeat('x', 3) AS a, array_repeat(1, 0) AS b, array_repeat(NULL, 2) AS c, array_repeat('a', -1) AS d
# array_union, array_intersect, array_except
SELECT id, array_union(a, array(1, 9)) AS a, array_intersect(a, array(1, NULL, 2)) AS b, array_except(a, array(1)) AS c FROM nested
# set functions keep the first order
SELECT array_union(array(3, 1, 3), array(2, 1)) AS a, array_intersect(array(3, 1, 3), array(1, 3)) AS b, array_except(array(3, 1, 3, NULL), array(1)) AS c
# set functions of different types
SELECT array_union(array(1), array('a')) AS a
# set functions of int and bigint
SELECT array_union(array(1), array(2L)) AS a, array_except(array(1), array(1.0)) AS b
# set functions of unlike types are refused
SELECT array_union(array(1), array(array(1)))
# set functions of text and number without a cast
SELECT array_intersect(ws, a) FROM nested
# arrays_overlap
SELECT arrays_overlap(array(1, 2), array(2, 3)) AS a, arrays_overlap(array(1), array(2)) AS b, arrays_overlap(array(1, NULL), array(2)) AS c, arrays_overlap(array(), array(1)) AS d, arrays_overlap(NULL, array(1)) AS e
# arrays_zip
SELECT id, arrays_zip(a, ws) AS a FROM nested
# arrays_zip names its fields
SELECT arrays_zip(array(1, 2), array('x')) AS a, arrays_zip(a, array(9)) AS b FROM nested
# array_join
SELECT id, array_join(ws, '-') AS a, array_join(ws, '-', '?') AS b, array_join(a, ',') AS c FROM nested
# array_max and array_min
SELECT id, array_max(a) AS a, array_min(a) AS b, array_max(ds) AS c, array_min(ws) AS d, array_max(ds) AS e FROM nested
# sort_array
SELECT id, sort_array(a) AS a, sort_array(a, false) AS b, sort_array(ds) AS c, sort_array(ws, true) AS d FROM nested
# sort_array of structs
SELECT id, sort_array(items) AS a, sort_array(items, false) AS b FROM nested
# array_sort
SELECT id, array_sort(a) AS a, array_sort(ws) AS b, array_sort(ds) AS c FROM nested
# array_sort with a comparison
SELECT id, array_sort(a, (x, y) -> CASE WHEN x > y THEN -1 WHEN x < y THEN 1 ELSE 0 END) AS a FROM nested WHERE id <> 4
# flatten
SELECT id, flatten(aa) AS a FROM nested
# flatten of a flat array is refused
SELECT flatten(a) FROM nested
# slice
SELECT id, slice(a, 1, 2) AS a, slice(a, -2, 2) AS b, slice(a, 2, 10) AS c, slice(a, 10, 1) AS d FROM nested
# slice from zero
SELECT slice(array(1, 2), 0, 1)
# slice of a negative length
SELECT slice(array(1, 2), 1, -1)
# reverse of an array
SELECT id, reverse(a) AS a, reverse(ws) AS b FROM nested
# concat of arrays
SELECT id, concat(a, array(100)) AS a, concat(ws, ws) AS b, concat(a, NULL) AS c FROM nested
# sequence of numbers
SELECT sequence(1, 5) AS a, sequence(5, 1) AS b, sequence(1, 10, 3) AS c, sequence(0, -6, -2) AS d, sequence(1L, 3L) AS e, sequence(1, 1) AS f
# sequence of dates
SELECT sequence(DATE '2023-01-01', DATE '2023-01-03') AS a, sequence(DATE '2023-01-31', DATE '2023-05-31', INTERVAL 1 MONTH) AS b, sequence(DATE '2023-01-03', DATE '2023-01-01') AS c, sequence(DATE '2020-02-29', DATE '2024-02-29', INTERVAL 1 YEAR) AS d
# sequence of times
SELECT sequence(TIMESTAMP '2023-01-01 00:00:00', TIMESTAMP '2023-01-01 02:00:00', INTERVAL 30 MINUTES) AS a
# sequence of times by days and months
SELECT sequence(TIMESTAMP '2023-01-31 10:00:00', TIMESTAMP '2023-04-30 12:00:00', INTERVAL 1 MONTH) AS a, sequence(TIMESTAMP '2023-01-01 10:00:00', TIMESTAMP '2023-01-03 09:00:00', INTERVAL 1 DAY) AS b
# sequence in the wrong direction
SELECT sequence(1, 5, -1)
# sequence with a step of zero
SELECT sequence(1, 5, 0)
# sequence of mixed widths
SELECT sequence(1, 3L) AS a
# sequence with NULL
SELECT sequence(1, NULL) AS a
# explode
SELECT id, explode(a) AS x FROM nested
# explode_outer
SELECT id, explode_outer(a) AS x FROM nested
# posexplode
SELECT id, posexplode(ws) AS (p, w) FROM nested
# posexplode without names
SELECT posexplode(array('a', 'b'))
# explode without a name
SELECT explode(array(1, 2))
# explode a literal of nothing
SELECT explode(array())
# comparison of array columns
SELECT id FROM nested WHERE a = array(7)
# IN over arrays
SELECT id FROM nested WHERE a IN (array(7), array(3, 1, 2))
# field of an array of structs
SELECT id, items.sku AS a, items.qty AS b, items[0].sku AS c, items[0].price AS d FROM nested
# names of nested fields without an alias
SELECT items[0].sku, items.sku, st.z.q, m['k'], a[0], st FROM nested
# distinct over arrays
SELECT DISTINCT a FROM nested
# group by array
SELECT a, count(*) AS n FROM nested GROUP BY a
# shuffle keeps the elements
SELECT id, sort_array(shuffle(a)) AS a FROM nested
# array functions that are not documented
SELECT array_append(array(1), 2)
~ array_append is not in the documented list of functions, so it is refused.
# nested arrays by position
SELECT id, aa[0][1] AS a, element_at(aa, 1) AS b FROM nested
# array_position of NULL
SELECT array_position(array(1, NULL), NULL) AS a
# array_min of nested arrays
SELECT id, array_max(aa) AS a FROM nested
# a comparison, descending
SELECT id, array_sort(a, (x, y) -> coalesce(y, 0) - coalesce(x, 0)) AS a FROM nested
# a comparison with places for null
SELECT array_sort(array(3, NULL, 2, NULL), (x, y) -> CASE WHEN x IS NULL AND y IS NULL THEN 0 WHEN x IS NULL THEN -1 WHEN y IS NULL THEN 1 ELSE x - y END) AS a
# a comparison keeps the order of equals
SELECT array_sort(array('bb', 'a', 'cc', 'd', 'aa'), (x, y) -> length(x) - length(y)) AS a
# a comparison that never says equal
SELECT array_sort(array('bb', 'a', 'cc', 'd', 'aa'), (x, y) -> CASE WHEN length(x) <= length(y) THEN -1 ELSE 1 END) AS a
# a comparison inside a lambda
SELECT transform(array(array(1, 2), array(4, 3, 5)), q -> array_sort(q, (x, y) -> y - x)) AS a
# a comparison that is null is refused
SELECT array_sort(array(3, NULL, 2), (x, y) -> x - y) AS a
# a comparison of text is refused
SELECT array_sort(array(3, 2), (x, y) -> 'a') AS a
