{#- Stock dbt would send:      delete from t where run_id = ...; insert into t ... so that the run is made again as it is now asked for.
    Query Service refuses it:  DELETE. A run is built once; under a question that has changed since (propensity.yml), the rows
                               that are there would be taken for its answer. `before` is '' where it was not kept. -#}
{% macro refuse_changed_question(relation, run, before, now) -%}
  {%- set then, asked = fromjson(before or '{}'), fromjson(now) -%}
  {%- set changed = [] -%}
  {%- for key, value in asked.items() if then and then.get(key) != value -%}
    {%- do changed.append(key ~ ' was ' ~ (then.get(key) | tojson) ~ ' and is ' ~ (value | tojson)) -%}
  {%- endfor -%}
  {%- if changed -%}
    {%- do exceptions.raise_compiler_error(
      bare_name(relation) ~ " holds run " ~ run ~ ", which was built for another question: " ~ changed | join(', ')
      ~ ". A run is built once. Build another date (propensity featurize --as-of DATE), take this run out (propensity forget"
      ~ " --run-id " ~ run ~ "), or take the change back in propensity.yml."
    ) -%}
  {%- endif -%}
{%- endmacro %}
