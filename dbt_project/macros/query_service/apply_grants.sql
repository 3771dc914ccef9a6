{#- Stock dbt would send:      a query of information_schema.role_table_grants, then grant and revoke.
    Query Service refuses it:  GRANT and REVOKE are not documented; access is given by labels and roles in the interface. -#}
{% macro apply_grants(relation, grant_config, should_revoke=True) -%}
{%- endmacro %}
