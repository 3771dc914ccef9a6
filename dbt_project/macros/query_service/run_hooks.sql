{#- Stock dbt would send:      commit; before each hook that is marked `transaction: false`; and for {{ this }} in a hook
                               "prod:all"."public"."name".
    Query Service refuses it:  the three-part name (see ref), so {{ this }} becomes the bare name. There is no transaction of
                               data to be inside of: every hook runs where it stands. -#}
{% macro run_hooks(hooks, inside_transaction=True) -%}
  {%- for hook in hooks if inside_transaction -%}
    {%- set rendered = render(hook.get('sql')) | replace(this | string, bare_name(this)) | trim -%}
    {%- if rendered -%}
      {%- call statement('hook', auto_begin=false) -%}
        {{ rendered }}
      {%- endcall -%}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}
