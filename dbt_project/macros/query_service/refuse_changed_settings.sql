{#- Stock dbt would send:      nothing; a config that holds from creation is ignored on a table that is there.
    Query Service refuses it:  ALTER TABLE for a schema or row validation is not documented, and a usage label is not a build's
                               to take away. So a config that says something else than the one that the dataset was made or
                               last built with (`before`, from its state) stops the build, with the way out. Identities and
                               Profile labels can be asked for: apply_dataset_settings. -#}
{% macro refuse_changed_settings(name, before, now) -%}
  {%- for key in ('xdm_schema', 'row_validation') if before and before[key] != now[key] -%}
    {%- do exceptions.raise_compiler_error(
      name ~ " was made with " ~ key ~ ": " ~ (before[key] or 'none') ~ ", the model's config says " ~ (now[key] or 'none')
      ~ "; it holds from creation. Put the config back, or give the model another name, which makes another dataset."
    ) -%}
  {%- endfor -%}
  {%- set taken_off = var('labels_taken_off', []) -%}
  {%- for label in before.get('usage_labels', []) if label not in now.usage_labels and label not in taken_off -%}
    {%- do exceptions.raise_compiler_error(
      "The model's config no longer names the usage label " ~ label ~ " of " ~ name ~ ", and a build takes no label away. Put it"
      ~ " back; or take it off the dataset (Datasets > " ~ name ~ " > Data governance) and run once with --vars"
      ~ " '{labels_taken_off: [" ~ label ~ "]}'."
    ) -%}
  {%- endfor -%}
{%- endmacro %}
