{#- What the SQL of a feature model does that lineage cannot see: it names a table itself instead of by ref, so that nobody
    knows what it reads; or a window function runs over rows of several as-of dates, the later of which lie in the future
    of the earlier, or over a frame that nobody wrote down. Returns a list of sentences without a subject. -#}
{% macro faults_of_feature_sql(raw_code) -%}
  {%- set re = modules.re -%}
  {%- set no_comments = re.sub('(?s)\\{#.*?#\\}|--[^\\n]*', '', raw_code) | lower -%}
  {%- set sql = re.sub("'(?:[^'\\\\]|\\\\.)*'", "''", no_comments) -%}
  {%- set sql = re.sub('extract\\s*\\(\\s*\\w+\\s+from', 'extract(', sql) -%}
  {%- set faults = [] -%}
  {%- for name in re.findall('\\b(?:from|join)\\s+([a-z_][\\w.]*)', sql) -%}
    {%- if not re.search('\\b' ~ re.escape(name) ~ '\\s+as\\s*\\(', sql) -%}
      {%- do faults.append('names the table ' ~ name ~ ' instead of a ref') -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set nested = '((?:[^()]|\\((?:[^()]|\\([^()]*\\))*\\))*)' -%}
  {%- for function, inside, window in re.findall('(\\w+)\\s*\\(' ~ nested ~ '\\)\\s*over\\s*\\(' ~ nested ~ '\\)', sql) -%}
    {%- set ranks = function in ('row_number', 'rank', 'dense_rank', 'percent_rank', 'ntile', 'lag') -%}
    {%- if not re.search('partition\\s+by[^()]*\\bas_of\\b', window) -%}
      {%- do faults.append('has a window of ' ~ function ~ ' over several as-of dates (partition by user_id, as_of)') -%}
    {%- elif 'order' in window and not ranks and not re.search('\\brows\\s+between\\b', window) -%}
      {%- do faults.append('has a window of ' ~ function ~ ' without a frame (rows between ...)') -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(faults) }}
{%- endmacro %}
