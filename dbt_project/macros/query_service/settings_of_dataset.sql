{#- Stock dbt would send:      nothing: what a model's config was when its table was made is known to nobody.
    Query Service refuses it:  nothing; but only identities and Profile labels can be asked for there. So the rest of what a
                               dataset was made with is kept in `{name}_state`, in the form that this gives it: JSON text. -#}
{% macro settings_of_dataset(about) -%}
  {{ return(tojson({
    'xdm_schema': about.get('xdm_schema') or '',
    'row_validation': about.get('row_validation', true) | string | lower,
    'profile': about.get('profile', false) | string | lower,
    'identities': about.get('identities', {}).keys() | map('lower') | sort,
    'usage_labels': about.get('usage_labels', []) | sort,
  }, sort_keys=true)) }}
{%- endmacro %}
