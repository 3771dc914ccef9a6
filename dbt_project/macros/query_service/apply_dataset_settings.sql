{#- Stock dbt would send:      alter table "t" add constraint ... primary key (...), from a contract's constraints.
    Query Service refuses it:  those; its own forms are ADD CONSTRAINT [PRIMARY] IDENTITY and ADD LABEL 'PROFILE' | 'UPSERT'.
    What is missing is added, on creation and later. What would take something away from data that may already be in Profile is
    an error that gives the statement, also where the config is gone altogether (`before` is that of the last build). Targets
    other than `prod` are never put into Profile. -#}
{% macro apply_dataset_settings(relation, about, before={}) -%}
  {%- set name = bare_name(relation) -%}
  {%- set wanted = about.get('identities', {}) -%}
  {%- set asked = before.get('profile', 'false') -%}
  {%- set there = identities_of(name) if wanted or about.profile is defined or before.get('identities') else {} -%}
  {%- for column, identity in there.items() -%}
    {%- set match = [] -%}
    {%- for key, value in wanted.items() if key | lower == column -%}
      {%- do match.append(value) -%}
    {%- endfor -%}
    {%- set kind = 'primary identity' if identity.primary else 'identity' -%}
    {%- if not match or match[0].namespace | lower != identity.namespace | lower
        or match[0].get('primary', false) != identity.primary -%}
      {%- do exceptions.raise_compiler_error(
        "The column '" ~ column ~ "' of " ~ name ~ " is its " ~ kind ~ " in namespace " ~ identity.namespace ~ ", the model's"
        ~ " config says " ~ (match[0] if match else 'nothing of it') ~ ". An identity is not changed under data. Put the config"
        ~ " back, or first run: alter table " ~ name ~ " drop constraint " ~ kind ~ " (" ~ column ~ ")."
      ) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- for column, identity in wanted.items() if column | lower not in there -%}
    {%- do run_query(
      'alter table ' ~ name ~ ' add constraint ' ~ ('primary ' if identity.get('primary', false) else '') ~ 'identity (' ~ column
      ~ ') namespace ' ~ text_literal(identity.namespace)
    ) -%}
  {%- endfor -%}
  {%- if (about.profile is defined or asked != 'false') and target.name == 'prod' -%}
    {%- do apply_profile_labels(name, about, asked) -%}
  {%- endif -%}
{%- endmacro %}
