{#- Every (user_id, as_of) once in the newest run. -#}
{% test one_row_per_key(model) %}
select
  user_id,
  as_of,
  count(*) as copies
from {{ model }}
group by user_id, as_of
having count(*) > 1 or user_id is null or as_of is null
{% endtest %}
