-- Functions that take lambdas.
# transform
SELECT id, transform(a, x -> x + 1) AS a, transform(ws, w -> upper(w)) AS b FROM nested
# transform with an index
SELECT id, transform(a, (x, i) -> x * i) AS a FROM nested
# nested transform
SELECT id, transform(aa, row -> transform(row, x -> x * 10)) AS a FROM nested
# transform over structs
SELECT id, transform(items, o -> o.qty * o.price) AS a, transform(items, o -> struct(o.sku AS s, o.qty + 1 AS q)) AS b FROM nested
# a lambda sees the columns around it
SELECT id, transform(a, x -> x + id) AS a FROM nested
# a parameter hides a column
SELECT id, transform(a, id -> id + 1) AS a FROM nested
# filter
SELECT id, filter(a, x -> x > 1) AS a, filter(ws, w -> w <> '') AS b, filter(a, x -> x IS NOT NULL) AS c FROM nested
# filter with an index
SELECT id, filter(a, (x, i) -> i % 2 = 0) AS a FROM nested
# exists
SELECT id, exists(a, x -> x = 2) AS a, exists(a, x -> x IS NULL) AS b, exists(a, x -> x > 100) AS c FROM nested
# exists with NULL elements is NULL
SELECT exists(array(1, NULL), x -> x > 5) AS a, exists(array(6, NULL), x -> x > 5) AS b, exists(array(), x -> true) AS c
# aggregate
SELECT id, aggregate(a, 0, (acc, x) -> acc + x) AS a, aggregate(filter(a, x -> x IS NOT NULL), 0, (acc, x) -> acc + x, acc -> acc * 10) AS b FROM nested
# aggregate of text
SELECT id, aggregate(ws, '', (acc, x) -> concat(acc, coalesce(x, '?'))) AS a FROM nested
# aggregate whose type does not fit
SELECT aggregate(array(1.5, 2.5), 0, (acc, x) -> acc + x)
# aggregate with a cast
SELECT aggregate(array(1.5D, 2.5D), CAST(0 AS double), (acc, x) -> acc + x) AS a
# aggregate into a struct
SELECT aggregate(array(1, 2, 3), struct(0 AS s, 0 AS n), (acc, x) -> struct(acc.s + x AS s, acc.n + 1 AS n), acc -> acc.s / acc.n) AS a
# reduce
SELECT reduce(array(1, 2, 3), 0, (acc, x) -> acc + x) AS a
# zip_with
SELECT zip_with(array(1, 2), array('x', 'y', 'z'), (x, y) -> concat(coalesce(CAST(x AS string), '-'), y)) AS a, zip_with(a, a, (x, y) -> x + y) AS b FROM nested
# lambda over a map's entries
SELECT id, transform(map_keys(m), k -> m[k]) AS a FROM nested
# forall is not documented
SELECT forall(array(1), x -> x > 0)
~ forall is not in the documented list of functions, so it is refused.
# transform_values is not documented
SELECT transform_values(map('a', 1), (k, v) -> v + 1)
~ transform_values is not in the documented list of functions, so it is refused.
# lambda outside a function that takes one
SELECT upper(x -> x)
# wrong number of parameters
SELECT transform(array(1), (x, y, z) -> x)
# filter by something that is no truth value
SELECT filter(array(1, 2), x -> x)
# lambda in a where clause
SELECT id FROM nested WHERE size(filter(items, o -> o.sku = 'A')) > 1
# sum of an array
SELECT id, aggregate(items, CAST(0 AS decimal(20,2)), (acc, o) -> CAST(acc + coalesce(o.price * o.qty, 0) AS decimal(20,2))) AS a FROM nested
# sort keys by transform
SELECT id, sort_array(transform(items, o -> o.sku)) AS a FROM nested
# sequences through transform
SELECT transform(sequence(1, 3), x -> date_add(DATE '2023-01-01', x)) AS a
# case inside a lambda
SELECT id, transform(a, x -> CASE WHEN x IS NULL THEN 'none' WHEN x > 2 THEN 'large' ELSE 'small' END) AS a FROM nested
# aggregates inside a lambda are refused
SELECT transform(collect_list(id), x -> sum(x)) FROM nested
~ An aggregate over a lambda's parameter is refused; Spark 3.5 answers with zeros, which nobody means.
# a lambda over an aggregate
SELECT transform(sort_array(collect_list(id)), x -> x * 2) AS a FROM nested
