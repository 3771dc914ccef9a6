{#- Stock dbt would send:      commit; before each hook that is marked `transaction: false`.
    Query Service refuses it:  nothing, but there is no transaction of data to be inside of: every hook runs where it stands. -#}
{% macro run_hooks(hooks, inside_transaction=True) -%}
  {%- for hook in hooks if inside_transaction -%}
    {%- set rendered = render(hook.get('sql')) | trim -%}
    {%- if rendered -%}
      {%- call statement('hook', auto_begin=false) -%}
        {{ rendered }}
      {%- endcall -%}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}
