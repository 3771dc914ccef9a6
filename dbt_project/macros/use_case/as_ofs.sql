{#- The as-of dates of a run of one use case, newest first, each with what it is for:

    score    the as-of date of the run itself
    test     one label window earlier, so that its label is mature: all users, judged on and never trained on
    anchor   two label windows earlier: users are divided by a stable hash into train, validate and calibrate
    earlier  steps back from the anchor, while `min_history_days` of data precede them: train users only

    Label windows of everything but test and score end at or before the test as-of. Dates are ISO text, in UTC. -#}
{% macro as_ofs(use_case_name) -%}
  {%- set uc = use_case(use_case_name) -%}
  {%- set one_day = modules.datetime.timedelta(days=1) -%}
  {%- set scored = iso_date(setting('as_of') or '2000-01-01') -%}
  {%- set first_day = iso_date(setting('first_day') or '1999-01-01') -%}
  {%- set window = (uc.gap_days + uc.horizon_days) * one_day -%}
  {%- set anchor = scored - 2 * window -%}
  {%- set plan = [('score', scored), ('test', scored - window), ('anchor', anchor)] -%}
  {%- for step in range(1, uc.training_as_ofs) -%}
    {%- set earlier = anchor - step * uc.as_of_step_days * one_day -%}
    {%- if (earlier - first_day).days >= uc.min_history_days -%}
      {%- do plan.append(('earlier', earlier)) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set epoch = iso_date('1970-01-01') -%}
  {%- set rows = [] -%}
  {%- for purpose, as_of in plan -%}
    {%- do rows.append({
      'purpose': purpose,
      'as_of': as_of.isoformat(),
      'as_of_ms': (as_of - epoch).days * 86400000,
      'look_back_from': (as_of - uc.look_back_days * one_day).isoformat(),
      'look_back_days': uc.look_back_days,
      'label_from': (as_of + uc.gap_days * one_day).isoformat(),
      'label_until': (as_of + window).isoformat(),
    }) -%}
  {%- endfor -%}
  {{ return(rows) }}
{%- endmacro %}
