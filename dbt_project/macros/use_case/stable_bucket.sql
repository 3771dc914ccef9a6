{#- A bucket from 0 to buckets - 1 that a user keeps for ever: md5 is the same on every engine, rand() on none. -#}
{% macro stable_bucket(salt, user_id, buckets) -%}
  cast(conv(substr(md5(concat({{ text_literal(salt) }}, {{ user_id }})), 1, 8), 16, 10) as bigint) % {{ buckets }}
{%- endmacro %}
