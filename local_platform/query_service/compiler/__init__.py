"""From a Spark syntax tree to DuckDB's SQL, with names resolved and every type known.

    scope.py        names: what a column or alias means at a place
    query.py        SELECT, set operations, WITH
    relations.py    FROM: tables, views, snapshots, sub-queries, joins, LATERAL VIEW
    expressions.py  everything inside a SELECT
    functions/      the documented functions, one registry

Columns of every inner query are called c0, c1, ... in DuckDB. The names a user sees are kept beside them, so case,
duplicates and reserved words never meet DuckDB's own rules.
"""
