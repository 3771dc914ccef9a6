{#- Stock dbt would send:      the whole build again, whatever has changed.
    Query Service refuses it:  nothing. But every CREATE TABLE AS is billed, and an engineer builds many times a day.
    Returns a fingerprint of all that the rows of a set are made from: its SQL, the files of the project (as `propensity
    dbt` saw them), the daily activity and the profiles; '' where the files are not known, as with bare dbt. -#}
{% macro dataset_made_from(sql) -%}
  {%- set project = env_var('PROPENSITY_PROJECT', '') -%}
  {%- set prefix = '' if target.name == 'prod' else target.schema ~ '_' -%}
  {%- set activity = state_of(prefix ~ 'int_user_day_activity') if project else none -%}
  {%- if activity is none -%}
    {{ return('') }}
  {%- endif -%}
  {%- set parts = [sql, project, newest_snapshot(source('experience_platform', 'profiles'))] -%}
  {%- for value in activity.values() -%}
    {%- do parts.append(value | string) -%}
  {%- endfor -%}
  {{ return(local_md5(parts | join('\n'))) }}
{%- endmacro %}
