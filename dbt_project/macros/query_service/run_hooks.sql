{#- Stock dbt would send:      commit; before a hook marked `transaction: false`, and "prod:all"."public"."x" for {{ this }}
    Query Service refuses it:  the three-part name (see ref), so {{ this }} becomes the bare name in a hook. There is no
                               transaction of data to be inside of: every hook runs where it stands. -#}
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
