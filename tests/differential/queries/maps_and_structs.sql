-- Maps and structs.
# map construction
SELECT map('a', 1, 'b', 2) AS a, map() AS b, map(1, NULL) AS c
# map lookup
SELECT id, m['k'] AS a, element_at(m, 'k') AS b, m['nothing'] AS c, m.k AS d FROM nested
# map_keys, map_values, map_entries
SELECT id, map_keys(m) AS a, map_values(m) AS b FROM nested
# map_from_arrays
SELECT map_from_arrays(array('a', 'b'), array(1, 2)) AS a, map_from_arrays(array(1), array(NULL)) AS b, map_from_arrays(NULL, array(1)) AS c
# map_from_arrays of unequal length
SELECT map_from_arrays(array(1, 2), array(1))
# map_from_arrays with a NULL key
SELECT map_from_arrays(array(1, NULL), array(1, 2))
# map_from_entries
SELECT map_from_entries(array(struct('a', 1), struct('b', 2))) AS a
# map_from_entries with a NULL entry
SELECT map_from_entries(array(struct('a', 1), NULL)) AS a
# map_concat
SELECT map_concat(map('a', 1), map('b', 2)) AS a, map_concat() AS b, map_concat(map('a', 1), NULL) AS c
# duplicate keys are refused
SELECT map('a', 1, 'a', 2)
# duplicate keys in map_concat are refused
SELECT map_concat(map('a', 1), map('a', 2))
# NULL key is refused
SELECT map(NULL, 1)
# odd number of arguments
SELECT map('a')
# map equality is refused
SELECT m = m FROM nested
# group by map is refused
SELECT m, count(*) FROM nested GROUP BY m
# distinct over a map is refused
SELECT DISTINCT m FROM nested
# union distinct over a map is refused
SELECT m FROM nested UNION SELECT m FROM nested
# explode of a map
SELECT id, explode(m) FROM nested
# explode of a map with names
SELECT id, explode(m) AS (k, v) FROM nested
# explode_outer of a map
SELECT id, explode_outer(m) FROM nested
# posexplode of a map
SELECT id, posexplode(m) FROM nested
# size of a map
SELECT id, size(m) AS a, cardinality(m) AS b FROM nested
# map of structs
SELECT map('k', struct(1 AS a, 'x' AS b)) AS a, map('k', struct(1 AS a))['k'].a AS b
# struct construction
SELECT struct(1, 'a') AS a, struct(1 AS x, 'a' AS y) AS b, struct(id, st.x) AS c FROM nested
# named_struct
SELECT named_struct('a', 1, 'b', 'x') AS a
~ named_struct is not in the documented list of functions, so it is refused; struct(1 AS a) does the same.
# struct of columns takes their names
SELECT struct(id, name, city AS town) AS a FROM customers
# struct fields by dot and bracket
SELECT id, st.x AS a, st['y'] AS b, st.z.p AS c, st.z['q'] AS d, nested.st.x AS e FROM nested
# case of field names
SELECT id, ST.X AS a, st.Z.P AS b FROM nested
# unknown field
SELECT st.nothing FROM nested
# struct.*
SELECT id, st.* FROM nested
~ struct.* is not documented for Query Service, so it is refused.
# struct equality
SELECT id FROM nested WHERE st = struct(1, 'one', struct(1.5D, 'q1'))
# group by struct
SELECT st, count(*) AS n FROM nested GROUP BY st
# group by a field
SELECT st.y, count(*) AS n FROM nested GROUP BY st.y
# struct in IN
SELECT id FROM nested WHERE struct(id, st.x) IN (struct(1, 1), struct(6, 10))
# struct with NULL fields is not NULL
SELECT id, st IS NULL AS a, st.z IS NULL AS b, st.z.p IS NULL AS c FROM nested
# reserved words as fields
SELECT s.`order` AS a, s.`group`.`select` AS b FROM (SELECT struct(1 AS `order`, struct(2 AS `select`) AS `group`) AS s)
# field that starts with a digit
SELECT s.`30_day` AS a FROM (SELECT struct(1 AS `30_day`) AS s)
# distinct structs
SELECT DISTINCT st.z FROM nested
# min and max of structs
SELECT min(struct(i, id)) AS a, max(struct(g, id)) AS b FROM numbers
# union of structs with different field names
SELECT struct(1 AS a) AS s UNION ALL SELECT struct(2 AS b)
# union of structs of different widths
SELECT struct(1 AS a) AS s UNION ALL SELECT struct(2, 3)
# common type of structs with different names
SELECT coalesce(struct(1 AS a), struct(2 AS b)) AS a
# map in a CASE
SELECT id, CASE WHEN id > 3 THEN m ELSE map('z', 0) END AS a FROM nested
# str_to_map lookup
SELECT str_to_map('a:1,b:2')['b'] AS a
# a row in parentheses is a struct
SELECT (id, name) AS r, (id + 1, name) FROM customers WHERE id < 4
# distinct rows in parentheses
SELECT DISTINCT (g, ok) AS r FROM numbers
# rows in parentheses compared
SELECT id, (id, 1) = (2, 1) AS a, (id, 1) < (2, 0) AS b, (id, NULL) = (id, NULL) AS c, (1, 2) IN ((1, 2), (3, 4)) AS d FROM customers WHERE id < 4
# rows of different lengths compared
SELECT (1, 2) = (1, 2, 3) AS a
