"""PostgreSQL's catalogue functions as DuckDB macros, each under a prefix that no user function has."""

from __future__ import annotations

import re

PREFIX = "qs_"

# What is not there in a lake (comments, defaults, definitions, rules) is NULL; every relation can be seen and read.
_TEXT = """
CREATE MACRO qs_pg_get_userbyid(o) AS 'postgres';
CREATE MACRO qs_pg_table_is_visible(o) AS true;
CREATE MACRO qs_pg_type_is_visible(o) AS true;
CREATE MACRO qs_pg_function_is_visible(o) AS true;
CREATE MACRO qs_pg_collation_is_visible(o) AS true;
CREATE MACRO qs_obj_description(o, c := NULL) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_col_description(o, c) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_shobj_description(o, c) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_expr(a, b, c := false) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_function_result(o) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_function_arguments(o) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_function_identity_arguments(o) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_encoding_to_char(o) AS 'UTF8';
CREATE MACRO qs_pg_table_size(o) AS 0;
CREATE MACRO qs_pg_relation_size(o) AS 0;
CREATE MACRO qs_pg_total_relation_size(o) AS 0;
CREATE MACRO qs_pg_database_size(o) AS 0;
CREATE MACRO qs_pg_tablespace_location(o) AS '';
CREATE MACRO qs_pg_size_pretty(o) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_has_database_privilege(a, b, c := NULL) AS true;
CREATE MACRO qs_has_schema_privilege(a, b, c := NULL) AS true;
CREATE MACRO qs_has_table_privilege(a, b, c := NULL) AS true;
CREATE MACRO qs_pg_has_role(a, b, c := NULL) AS true;
CREATE MACRO qs_pg_relation_is_publishable(o) AS false;
CREATE MACRO qs_pg_get_viewdef(o, p := true) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_constraintdef(o, p := true) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_indexdef(o, p := 0, q := true) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_partkeydef(o) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_triggerdef(o, p := true) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_get_serial_sequence(t, c) AS CAST(NULL AS VARCHAR);
CREATE MACRO qs_pg_index_column_has_property(i, c, p) AS CAST(NULL AS BOOLEAN);
CREATE MACRO qs_current_setting(n, m := true) AS (
    SELECT max(qs_s.setting) FROM qs_pg_settings AS qs_s WHERE qs_s.name = lower(n)
);
CREATE MACRO qs_current_schemas(implicit) AS CASE WHEN implicit THEN ['pg_catalog', 'public'] ELSE ['public'] END;
CREATE MACRO qs_array_upper(a, n) AS CASE WHEN len(a) > 0 THEN len(a) END;
CREATE MACRO qs_array_lower(a, n) AS CASE WHEN len(a) > 0 THEN 1 END;
CREATE MACRO qs__pg_expandarray(a) AS unnest(list_transform(a, lambda v, i: {'x': v, 'n': i}));
CREATE MACRO qs_format_type(o, m) AS CASE
    WHEN o = 1700 AND m > 4 THEN 'numeric(' || ((m - 4) >> 16) || ',' || ((m - 4) & 65535) || ')'
    ELSE (SELECT max(qs_t.spelled) FROM qs_pg_type AS qs_t WHERE qs_t.oid = o)
END;
CREATE MACRO qs_class_number(n) AS (SELECT max(qs_c.oid) FROM qs_pg_class AS qs_c WHERE qs_c.relname = n);
CREATE MACRO qs_class_name(o) AS (SELECT max(qs_c.relname) FROM qs_pg_class AS qs_c WHERE qs_c.oid = o);
CREATE MACRO qs_type_number(n) AS (
    SELECT max(qs_t.oid) FROM qs_pg_type AS qs_t WHERE qs_t.typname = n OR qs_t.spelled = n
);
CREATE MACRO qs_function_number(n) AS (SELECT max(qs_p.oid) FROM qs_pg_proc AS qs_p WHERE qs_p.proname = n);
CREATE MACRO qs_schema_number(n) AS (SELECT max(qs_n.oid) FROM qs_pg_namespace AS qs_n WHERE qs_n.nspname = n);
"""

MACROS = {re.findall(rf"CREATE MACRO {PREFIX}(\w+)", text)[0]: text for text in _TEXT.split(";\n") if text.strip()}


def needed(question: str) -> list[str]:
    """The statements that make the macros a query uses."""
    return [text for name, text in MACROS.items() if f"{PREFIX}{name}(" in question.lower()]
