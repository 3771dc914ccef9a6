{#- What the SQL of a feature model does that lineage cannot see: it names a table itself instead of by ref, so that nobody
    knows what it reads; a window function runs over rows of several as-of dates, the later of which lie in the future of the
    earlier, or over a frame that nobody wrote down; or it is another in every build: by the clock, by chance, by a snapshot,
    or by what it asks while it is compiled. Returns a list of sentences without a subject.

    `code` is the model as it was written, or compiled; then `relations` are the names that its refs have become, and a table
    that Jinja named is seen as well. -#}
{% macro faults_of_feature_sql(code, relations=[]) -%}
  {%- set re = modules.re -%}
  {%- set levels = sql_by_level(code) -%}
  {%- set whole = levels | join(' ; ') -%}
  {%- set own_names = re.findall('([a-z_]\\w*)`?\\s+as\\s+§', whole) -%}
  {%- set windows = dict(re.findall('([a-z_]\\w*)\\s+as\\s+§(\\d+)§', whole)) -%}
  {%- set faults = [] -%}

  {%- set lists = [] -%}
  {%- for level in levels if 'select' in level.split() -%}
    {%- for after in re.split('\\bfrom\\b', level)[1:] -%}
      {%- do lists.append(re.split('\\b(?:where|group|order|sort|having|limit|union|intersect|except|minus|window|select)\\b', after)[0]) -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- for list in lists -%}
    {%- for item in re.split(',|\\bjoin\\b', list) -%}
      {%- set words = item.replace('lateral', '').split() -%}
      {%- set name = (words | first or '').replace('`', '') -%}
      {%- set inside = re.findall('^§(\\d+)§$', name) -%}
      {%- if inside and 'select' not in levels[inside[0] | int].split() -%}
        {%- do lists.append(levels[inside[0] | int]) -%}
      {%- elif name and not inside and name not in ('@ref', '@jinja') and name not in own_names and name not in relations
        and not (words[1:] | first or '').startswith('§') -%}
        {%- do faults.append('names the table ' ~ name ~ ' instead of a ref') -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endfor -%}

  {%- set ranks = ('row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'ntile', 'lag', 'lead') -%}
  {%- set over = '(\\w+)\\s*§\\d+§(?:\\s*filter\\s*§\\d+§)?(?:\\s*(?:ignore|respect)\\s+nulls)?\\s*\\bover\\s*(?:§(\\d+)§|(\\w+))' -%}
  {%- for function, place, name in re.findall(over, whole) -%}
    {%- set place = place or windows.get(name) -%}
    {%- set window = levels[place | int] if place else '' -%}
    {%- set partition = re.findall('partition\\s+by\\b(.*?)(?:\\border\\b|\\brows\\b|\\brange\\b|$)', window.replace('\n', ' ')) -%}
    {%- set keys = re.findall('\\w+', partition | join(' ')) -%}
    {%- if 'as_of' not in keys -%}
      {%- do faults.append('has a window of ' ~ function ~ ' over several as-of dates (partition by user_id, as_of, look_back_days)') -%}
    {%- elif 'look_back_days' not in keys -%}
      {%- do faults.append('has a window of ' ~ function ~ ' over several look-backs (partition by user_id, as_of, look_back_days)') -%}
    {%- endif -%}
    {%- if 'order' in window and function not in ranks and not re.search('\\b(?:rows|range)\\s+between\\b', window) -%}
      {%- do faults.append('has a window of ' ~ function ~ ' without a frame (rows between ...)') -%}
    {%- endif -%}
  {%- endfor -%}

  {%- for word in re.findall('\\b(?:current_date|current_timestamp|curdate|localtimestamp)\\b|\\bnow(?=\\s*§)', whole) -%}
    {%- do faults.append('asks for the time of the build (' ~ word ~ '): count from as_of') -%}
  {%- endfor -%}
  {%- for place in re.findall('\\bunix_timestamp\\s*§(\\d+)§', whole) if not levels[place | int].strip() -%}
    {%- do faults.append('asks for the time of the build (unix_timestamp): count from as_of') -%}
  {%- endfor -%}
  {%- for word in re.findall('\\b(rand|randn|random|uuid|shuffle|monotonically_increasing_id)\\s*§|\\b(tablesample)\\b', whole) -%}
    {%- do faults.append('is another in every build (' ~ word | join ~ ')') -%}
  {%- endfor -%}
  {%- if re.search('\\bsnapshot\\s+(?:as|since|between)\\b', whole) -%}
    {%- do faults.append('names a snapshot') -%}
  {%- endif -%}
  {%- for word in re.findall('\\b(run_query|statement|load_result|adapter|api)\\s*[(.]', re.sub('(?s)\\{#.*?#\\}', '', code)) -%}
    {%- do faults.append('asks while it is compiled (' ~ word ~ ')') -%}
  {%- endfor -%}
  {%- if re.search('\\bvar\\s*\\(\\s*[\'"]as_of\\b', code) -%}
    {%- do faults.append('counts from the as_of of the run (every row has its own: the column as_of)') -%}
  {%- endif -%}
  {{ return(faults | unique | list) }}
{%- endmacro %}
