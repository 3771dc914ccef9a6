{#- The newest value of a field on a day, and its time. Of several in the same millisecond the largest holds: that is
    the same however the day's rows are grouped. -#}
{% macro last_of_day(field) -%}
max(case when {{ field }} is not null then struct(event_ms as at_ms, {{ field }} as held) end).held as last_{{ field }},
    max(case when {{ field }} is not null then event_ms end) as last_{{ field }}_ms
{%- endmacro %}
