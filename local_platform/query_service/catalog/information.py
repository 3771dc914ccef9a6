"""information_schema, made of pg_catalog.

Power BI lists tables and columns through it; the documentation says that it does, not what it asks, so everything but
the two is here only as far as that connector and Looker read it. unconfirmed: whether the real service answers more.
"""

from __future__ import annotations

_DATABASE = "(SELECT max(d.datname) FROM qs_pg_database d)"
_NAMES = "CAST(NULL AS VARCHAR)"
_COUNT = "CAST(NULL AS BIGINT)"

_COLUMNS = f"""
SELECT {_DATABASE} AS table_catalog, 'public' AS table_schema, c.relname AS table_name, a.attname AS column_name,
    a.attnum AS ordinal_position, {_NAMES} AS column_default, 'YES' AS is_nullable,
    CASE WHEN t.typtype = 'c' THEN 'USER-DEFINED' ELSE t.spelled END AS data_type,
    {_COUNT} AS character_maximum_length, CASE WHEN t.oid = 25 THEN 1073741824 END AS character_octet_length,
    CASE t.oid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 END
        AS numeric_precision,
    CASE WHEN t.oid IN (20, 21, 23, 700, 701) THEN 2 WHEN t.oid = 1700 THEN 10 END AS numeric_precision_radix,
    CASE WHEN t.oid IN (20, 21, 23) THEN 0 END AS numeric_scale,
    CASE t.oid WHEN 1082 THEN 0 WHEN 1114 THEN 6 END AS datetime_precision,
    {_NAMES} AS interval_type, {_COUNT} AS interval_precision, {_NAMES} AS character_set_catalog,
    {_NAMES} AS character_set_schema, {_NAMES} AS character_set_name, {_NAMES} AS collation_catalog,
    {_NAMES} AS collation_schema, {_NAMES} AS collation_name, {_NAMES} AS domain_catalog, {_NAMES} AS domain_schema,
    {_NAMES} AS domain_name, {_DATABASE} AS udt_catalog, n.nspname AS udt_schema, t.typname AS udt_name,
    'NO' AS is_identity, 'NEVER' AS is_generated, {_NAMES} AS generation_expression, 'NO' AS is_updatable
FROM qs_pg_attribute a
JOIN qs_pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'v')
JOIN qs_pg_type t ON t.oid = a.atttypid
JOIN qs_pg_namespace n ON n.oid = t.typnamespace
"""

_TABLES = f"""
SELECT {_DATABASE} AS table_catalog, n.nspname AS table_schema, c.relname AS table_name,
    CASE WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type,
    {_NAMES} AS self_referencing_column_name, {_NAMES} AS reference_generation,
    {_NAMES} AS user_defined_type_catalog, {_NAMES} AS user_defined_type_schema, {_NAMES} AS user_defined_type_name,
    CASE WHEN c.relkind = 'v' THEN 'NO' ELSE 'YES' END AS is_insertable_into, 'NO' AS is_typed,
    {_NAMES} AS commit_action
FROM qs_pg_class c JOIN qs_pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v')
"""

_VIEWS = f"""
SELECT {_DATABASE} AS table_catalog, 'public' AS table_schema, c.relname AS table_name, {_NAMES} AS view_definition,
    'NONE' AS check_option, 'NO' AS is_updatable, 'NO' AS is_insertable_into
FROM qs_pg_class c WHERE c.relkind = 'v'
"""

_SCHEMATA = f"""
SELECT {_DATABASE} AS catalog_name, n.nspname AS schema_name, 'postgres' AS schema_owner,
    {_NAMES} AS default_character_set_catalog, {_NAMES} AS default_character_set_schema,
    {_NAMES} AS default_character_set_name, {_NAMES} AS sql_path
FROM qs_pg_namespace n
"""


def _nothing(texts: str, numbers: str = "") -> str:
    """A view without rows: there are no constraints in a lake."""
    columns = [f"{_NAMES} AS {name}" for name in texts.split()]
    columns += [f"{_COUNT} AS {name}" for name in numbers.split()]
    return f"SELECT {', '.join(columns)} WHERE false"


_CONSTRAINT = "constraint_catalog constraint_schema constraint_name"
_OF_TABLE = "table_catalog table_schema table_name"

VIEWS = {
    "columns": _COLUMNS,
    "tables": _TABLES,
    "views": _VIEWS,
    "schemata": _SCHEMATA,
    "character_sets": "SELECT NULL AS character_set_catalog, NULL AS character_set_schema, "
    "'UTF8' AS character_set_name, 'UCS' AS character_repertoire, 'UTF8' AS form_of_use",
    "table_constraints": _nothing(
        f"{_CONSTRAINT} {_OF_TABLE} constraint_type is_deferrable initially_deferred enforced"
    ),
    "key_column_usage": _nothing(
        f"{_CONSTRAINT} {_OF_TABLE} column_name", "ordinal_position position_in_unique_constraint"
    ),
    "referential_constraints": _nothing(
        f"{_CONSTRAINT} unique_constraint_catalog unique_constraint_schema unique_constraint_name match_option "
        "update_rule delete_rule"
    ),
    "constraint_column_usage": _nothing(f"{_OF_TABLE} column_name {_CONSTRAINT}"),
}
