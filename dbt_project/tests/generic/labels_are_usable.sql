{#- Labels are 0 or 1, weights at least 1, splits known, and there are both outcomes to learn from. -#}
{% test labels_are_usable(model) %}
with by_split as (
  select
    split,
    sum(case when label in (0, 1) and weight >= 1 then 0 else 1 end) as unusable,
    sum(case when label = 1 then 1 else 0 end) as positives,
    sum(case when label = 0 then 1 else 0 end) as negatives
  from {{ model }}
  group by split
)

select *
from by_split
where
  unusable > 0
  or (split = 'train' and (positives = 0 or negatives = 0))
  or split is null
  or split not in ('train', 'validate', 'calibrate', 'test')
{% endtest %}
