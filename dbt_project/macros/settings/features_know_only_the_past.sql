{#- Before anything is built: feature models may read `int_activity_as_of`, profiles and other feature models, and nothing
    else; and their SQL may neither name tables itself nor look across as-of dates. Everything that sees events past as_of
    is out of their reach. What this cannot see, `propensity check-leaks` finds. -#}
{% macro features_know_only_the_past() -%}
  {%- if execute -%}
    {%- set faults = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and 'feature' in node.tags -%}
      {%- for parent in node.depends_on.nodes -%}
        {%- set name = parent.split('.')[-1] -%}
        {%- set known = graph.nodes.get(parent, {}) -%}
        {%- if name not in ('int_activity_as_of', 'stg_profiles') and 'feature' not in known.get('tags', []) -%}
          {%- do faults.append(node.name ~ ' reads ' ~ name) -%}
        {%- endif -%}
      {%- endfor -%}
      {%- for fault in faults_of_feature_sql(node.raw_code) -%}
        {%- do faults.append(node.name ~ ' ' ~ fault) -%}
      {%- endfor -%}
    {%- endfor -%}
    {%- if faults -%}
      {%- do exceptions.raise_compiler_error(
        "A feature could see the future: " ~ (faults | join('; ')) ~ ". Read events through int_activity_as_of, which ends"
        ~ " at as_of."
      ) -%}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}
