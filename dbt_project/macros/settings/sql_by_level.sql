{#- SQL (or a model's Jinja SQL) in lower case as a list of texts without parentheses, so that each can be read by itself: what
    stood in a pair of them is a text of its own, and ` §7§ ` in its place names the place in the list. The last text is
    what stood in none. Comments are gone, a string is '', `{{ ref(...) }}` is @ref and other Jinja is @jinja. -#}
{% macro sql_by_level(code) -%}
  {%- set re = modules.re -%}
  {#- Strings are matched with the comments, so that a comment's sign in a string begins none. -#}
  {%- set string = "'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\"" -%}
  {%- set code = re.sub('(?s)\\{#.*?#\\}|--[^\\n]*|/\\*.*?\\*/|(' ~ string ~ ')', ' \\1', code) -%}
  {%- set code = re.sub('(?s)\\{\\{-?\\s*ref\\s*\\(.*?\\}\\}', ' @ref ', code) -%}
  {%- set code = re.sub('(?s)\\{\\{.*?\\}\\}', ' @jinja ', re.sub('(?s)\\{%.*?%\\}', ' ', code)) -%}
  {%- set code = re.sub('(?s)' ~ string, "''", code) | lower -%}
  {%- set code = re.sub('\\b(?:extract|trim|substring|overlay)\\s*\\([^()]*?\\bfrom\\b', 'function(', code) -%}
  {%- set code = re.sub('\\bdistinct\\s+from\\b', 'distinct', code) -%}
  {%- set levels = [] -%}
  {%- set rest = namespace(text=code) -%}
  {%- for _ in range(100) if '(' in rest.text -%}
    {%- set pieces = re.split('\\(([^()]*)\\)', rest.text) -%}
    {%- set flat = [] -%}
    {%- for piece in pieces -%}
      {%- if loop.index0 % 2 -%}
        {%- do flat.append(' §' ~ (levels | length) ~ '§ ') -%}
        {%- do levels.append(piece) -%}
      {%- else -%}
        {%- do flat.append(piece) -%}
      {%- endif -%}
    {%- endfor -%}
    {%- set rest.text = flat | join -%}
  {%- endfor -%}
  {{ return(levels + [rest.text]) }}
{%- endmacro %}
