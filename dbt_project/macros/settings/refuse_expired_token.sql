{#- Bare dbt, with the variables of `propensity env` in an old shell: the server's answer would be several lines about a
    password. Compared with this machine's clock, before the first statement. -#}
{% macro refuse_expired_token() -%}
  {%- set expires = env_var('PROPENSITY_TOKEN_EXPIRES', '') -%}
  {%- if expires and modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%dT%H:%M:%SZ') > expires -%}
    {%- do exceptions.raise_compiler_error(
      "The access token in this shell expired at " ~ expires ~ ": run eval \"$(propensity env)\" again, or use `propensity dbt"
      ~ " -- ...`, which fetches one each time."
    ) -%}
  {%- endif -%}
{%- endmacro %}
