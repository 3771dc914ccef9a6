{#- Before anything is built: feature models may read `int_activity_as_of` and other feature models, and nothing else; and
    their SQL may do nothing that lineage cannot see (faults_of_feature_sql). Everything that knows what came after as_of is
    out of their reach, profiles too: their attributes are today's. What this cannot see, `propensity check-leaks` finds. -#}
{% macro features_know_only_the_past() -%}
  {%- if execute -%}
    {%- set faults = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and 'feature' in node.tags -%}
      {%- for parent in node.depends_on.nodes -%}
        {%- set name = parent.split('.')[-1] -%}
        {%- set known = graph.nodes.get(parent, {}) -%}
        {%- if name == 'stg_profiles' -%}
          {%- do faults.append(
            node.name ~ ' reads stg_profiles, whose attributes are as they are today (one that never changes may be trained on:'
            ~ ' `role: feature` in profile_attributes of propensity.yml)'
          ) -%}
        {%- elif name != 'int_activity_as_of' and 'feature' not in known.get('tags', []) -%}
          {%- do faults.append(node.name ~ ' reads ' ~ name) -%}
        {%- endif -%}
      {%- endfor -%}
      {%- for fault in faults_of_feature_sql(node.raw_code) -%}
        {%- do faults.append(node.name ~ ' ' ~ fault) -%}
      {%- endfor -%}
    {%- endfor -%}
    {%- if faults -%}
      {%- do exceptions.raise_compiler_error(
        "A feature could see the future: " ~ (faults | join('; ')) ~ ". Read events through int_activity_as_of by ref,"
        ~ " which ends at as_of."
      ) -%}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}
