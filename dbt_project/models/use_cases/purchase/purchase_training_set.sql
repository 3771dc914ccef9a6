{#- Generated from propensity.yml by `propensity sync`; edit that file instead. -#}
{{ training_set('purchase') }}
