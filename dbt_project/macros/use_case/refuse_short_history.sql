{#- A use case whose history is too short for its time split is not built, and says why; the others are. Two label windows
    and `min_history_days` must precede the as-of date: with less, people without any known past would be trained on. -#}
{% macro refuse_short_history(use_case_name) -%}
  {%- if execute and flags.WHICH in ('build', 'run', 'retry') -%}
    {%- set uc = use_case(use_case_name) -%}
    {%- set needed = 2 * (uc.gap_days + uc.horizon_days) + uc.min_history_days -%}
    {%- set seen = (iso_date(setting('as_of')) - iso_date(setting('first_day'))).days -%}
    {%- if seen < needed -%}
      {%- do exceptions.raise_compiler_error(
        "The use case " ~ use_case_name ~ " needs " ~ needed ~ " days of events before the as-of date " ~ setting('as_of')
        ~ "; the data has " ~ seen ~ " (from " ~ setting('first_day') ~ "). None of its sets is built; other use cases are"
        ~ " not held up. Shorten its horizon_days in propensity.yml, load older events, or leave it out: --exclude tag:"
        ~ use_case_name ~ "."
      ) -%}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}
