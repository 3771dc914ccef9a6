{#- Stock dbt would send:      nothing; it adds columns to an incremental table and leaves the old rows as they were.
    Query Service refuses it:  nothing. But a daily column that is new would be missing on all old days.
    Returns a fingerprint of all that decides what a day's rows are: the SQL, the views that it reads, their settings. -#}
{% macro definition_of(sql) -%}
  {%- set parts = [sql, bare_name(source('experience_platform', 'events')), setting('identity_path'), setting('tenant'),
                   setting('numeric_fields') | tojson, setting('channel_fields') | tojson] -%}
  {%- for parent in model.depends_on.nodes if parent in graph.nodes -%}
    {%- do parts.append(graph.nodes[parent].raw_code) -%}
  {%- endfor -%}
  {{ return(local_md5(parts | join('\n'))) }}
{%- endmacro %}
