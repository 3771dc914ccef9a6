-- explode and its kin in the select list and in LATERAL VIEW.
# lateral view
SELECT n.id, x FROM nested n LATERAL VIEW explode(a) t AS x
# lateral view outer
SELECT n.id, x FROM nested n LATERAL VIEW OUTER explode(a) t AS x
# lateral view of a map
SELECT id, k, v FROM nested LATERAL VIEW explode(m) t AS k, v
# lateral view without names
SELECT id, col FROM nested LATERAL VIEW explode(a) t
# lateral view of a map without names
SELECT id, key, value FROM nested LATERAL VIEW explode(m) t
# posexplode in a lateral view
SELECT id, pos, w FROM nested LATERAL VIEW posexplode(ws) t AS pos, w
# two lateral views
SELECT id, x, w FROM nested LATERAL VIEW explode(a) t AS x LATERAL VIEW explode(ws) u AS w
# nested lateral views
SELECT id, x FROM nested LATERAL VIEW explode(aa) t AS row LATERAL VIEW explode(row) u AS x
# qualified by the view's name
SELECT t.x FROM nested LATERAL VIEW explode(a) t AS x WHERE t.x > 1
# inline
SELECT id, inline(items) FROM nested
# inline_outer
SELECT id, inline_outer(items) FROM nested
# inline with names
SELECT id, inline(items) AS (s, q, p) FROM nested
# inline in a lateral view
SELECT id, sku, qty FROM nested LATERAL VIEW inline(items) t
# inline of literals
SELECT inline(array(struct(1, 'a'), struct(2, 'b')))
# stack
SELECT stack(2, 1, 2, 3)
# stack with names
SELECT stack(2, 'a', 1, 'b', 2) AS (k, v)
# stack of different types
SELECT stack(2, 1, 'a')
# explode with other columns and a filter
SELECT id, explode(ws) AS w FROM nested WHERE id <> 4
# explode then aggregate
SELECT w, count(*) AS n FROM (SELECT explode(ws) AS w FROM nested) GROUP BY w
# explode of an expression
SELECT id, explode(filter(a, x -> x > 1)) AS x FROM nested
# two generators are refused
SELECT explode(a), explode(ws) FROM nested
~ Adobe documents one generator per select list; open-source Spark takes two in some orders.
# generator inside an expression is refused
SELECT explode(a) + 1 FROM nested
# generator in where is refused
SELECT id FROM nested WHERE explode(a) = 1
# explode of a number is refused
SELECT explode(id) FROM nested
# explode of structs, then fields
SELECT id, o.sku, o.qty FROM (SELECT id, explode(items) AS o FROM nested)
# explode split text
SELECT id, explode(split(t, ',')) AS part FROM words WHERE id = 5
# explode of a sequence
SELECT explode(sequence(1, 4)) AS n
# days between dates
SELECT id, d FROM times LATERAL VIEW explode(sequence(day, date_add(day, 2))) t AS d WHERE id < 3
# join after lateral view
SELECT n.id, x, c.name FROM nested n LATERAL VIEW explode(a) t AS x JOIN customers c ON c.id = x
# lateral view over a join
SELECT c.id, w FROM customers c JOIN nested n ON c.id = n.id LATERAL VIEW explode(n.ws) t AS w
# group by an exploded column
SELECT x, count(*) AS n FROM nested LATERAL VIEW explode(a) t AS x GROUP BY x HAVING count(*) > 1
# posexplode_outer
SELECT id, posexplode_outer(a) FROM nested
~ posexplode_outer is not in the documented list of functions, so it is refused.
# explode in a CTE
WITH e AS (SELECT id, explode(m) AS (k, v) FROM nested) SELECT k, sum(v) AS s FROM e GROUP BY k
# key and inlined value
SELECT key, inline(value) FROM (SELECT explode(map('x', array(struct(1 AS a, 2 AS b), struct(3, 4)))))
# distinct exploded
SELECT DISTINCT explode(a) AS x FROM nested
# order by an exploded column
SELECT explode(a) AS x FROM nested WHERE id = 1 ORDER BY x
# limit over a generator
SELECT count(*) AS n FROM (SELECT explode(a) AS x FROM nested LIMIT 2)
# unnest
SELECT * FROM unnest(array(1, 2))
# explode as a table function
SELECT * FROM explode(array(1, 2))
~ Table functions in FROM are not documented for Query Service, so they are refused.
# range as a table function
SELECT * FROM range(3)
~ Table functions in FROM are not documented for Query Service, so they are refused.
