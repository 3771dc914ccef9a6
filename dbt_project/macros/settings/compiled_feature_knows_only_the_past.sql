{#- Before a feature model is built, as its pre-hook: the same look at its SQL as `features_know_only_the_past` takes, now that
    it is compiled, so that what a macro wrote is seen too. Sends no statement. -#}
{% macro compiled_feature_knows_only_the_past() -%}
  {%- if execute and model.get('compiled_code') -%}
    {%- set relations = [] -%}
    {%- for parent in model.refs -%}
      {%- do relations.extend(modules.re.findall('\\w+', ref(parent.name) | string | lower)) -%}
    {%- endfor -%}
    {%- set faults = faults_of_feature_sql(model.compiled_code, relations) -%}
    {%- if faults -%}
      {%- do exceptions.raise_compiler_error(
        "A feature could see the future: " ~ model.name ~ " " ~ (faults | join('; it ')) ~ ". A macro that it calls may have"
        ~ " written that. Read events through int_activity_as_of by ref, which ends at as_of."
      ) -%}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}
