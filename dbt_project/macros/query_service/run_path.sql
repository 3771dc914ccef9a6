{#- Stock dbt would send:      nothing: a relation's columns are flat to it.
    Query Service refuses it:  nothing; in a dataset with an XDM schema the key columns lie in the tenant's struct, and a dotted
                               path is read there as it is (in back quotes where a part is a reserved word).
    Where a dataset keeps user_id, as_of and run_id: config.meta.query_service.paths, by default under these names. -#}
{% macro run_path(about, column='run_id') -%}
  {{ return(xdm_path(about.get('paths', {}).get(column, column))) }}
{%- endmacro %}
