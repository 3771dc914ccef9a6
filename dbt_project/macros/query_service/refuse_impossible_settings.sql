{#- Stock dbt would send:      the statements one after the other, until one of them fails.
    Query Service refuses it:  that one, after CREATE TABLE AS has run and been paid for, and the dataset stays as it is by then.
                               So what can be known of a dataset's identities and Profile is asked before. -#}
{% macro refuse_impossible_settings(about) -%}
  {%- set where = model.name ~ ': config.meta.query_service.' -%}
  {%- set identities = about.get('identities', {}) -%}
  {%- set columns = model.columns.keys() | map('lower') | list -%}
  {%- for column in identities if columns and column.split('.')[0] | lower not in columns -%}
    {%- do exceptions.raise_compiler_error(
      where ~ "identities names " ~ column ~ ", which is no column of the model (" ~ columns | join(', ') ~ ")."
    ) -%}
  {%- endfor -%}
  {%- set mode = about.get('profile', false) | string | lower -%}
  {%- if mode not in ('true', 'upsert', 'false') -%}
    {%- do exceptions.raise_compiler_error(where ~ "profile is " ~ about.profile ~ "; it can be true, upsert or false.") -%}
  {%- endif -%}
  {%- if mode != 'false' and not identities.values() | selectattr('primary') | list -%}
    {%- do exceptions.raise_compiler_error(
      model.name ~ ": Profile needs a primary identity. Add config.meta.query_service.identities: {user_id: {namespace: ...,"
      ~ " primary: true}}."
    ) -%}
  {%- endif -%}
{%- endmacro %}
