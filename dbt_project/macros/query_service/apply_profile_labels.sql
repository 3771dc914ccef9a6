{#- Stock dbt would send:      nothing: Profile is Adobe's.
    Query Service refuses it:  nothing; ALTER TABLE ADD LABEL 'PROFILE' | 'UPSERT' is documented, and SHOW TABLES prints labels.
                               Where it does not (older pages), the labels are sent each time (unconfirmed: a repeat). -#}
{% macro apply_profile_labels(name, about, before='false') -%}
  {%- set labels = {'true': ['PROFILE'], 'upsert': ['PROFILE', 'UPSERT'], 'false': []} -%}
  {%- set mode = about.get('profile', false) | string | lower -%}
  {%- call statement('show_labels', fetch_result=True, auto_begin=False) -%}
    show tables
  {%- endcall -%}
  {%- set shown = [] -%}
  {%- for row in load_result('show_labels').table.rows if row['name'] | lower == name | lower -%}
    {%- do shown.append(row.get('labels') | string | upper) -%}
  {%- endfor -%}
  {#- With PROFILE, upsert may be on by default: it is only refused where the config asked for it before. -#}
  {%- for label in ('PROFILE', 'UPSERT') if label in shown | join and label not in labels[mode]
      and (mode == 'false' or before == 'upsert') -%}
    {%- do exceptions.raise_compiler_error(
      name ~ " is enabled for Profile (" ~ label ~ "), and the model's config says profile: " ~ mode ~ ". What Profile holds would"
      ~ " stay there. Put the config back, or first run: alter table " ~ name ~ " drop label '" ~ label ~ "'."
    ) -%}
  {%- endfor -%}
  {%- for label in labels[mode] if label not in shown | join -%}
    {%- do run_query('alter table ' ~ name ~ " add label '" ~ label ~ "'") -%}
    {%- if label == 'PROFILE' -%}
      {%- do log(name ~ ' is enabled for Profile from now on: rows that are there already are not sent to it.', info=True) -%}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}
