{#- Generated from propensity.yml by `propensity sync`; edit that file instead. -#}
{{ scored_audience('purchase') }}
