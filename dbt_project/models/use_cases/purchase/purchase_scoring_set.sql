{#- Generated from propensity.yml by `propensity sync`; edit that file instead. -#}
{{ scoring_set('purchase') }}
