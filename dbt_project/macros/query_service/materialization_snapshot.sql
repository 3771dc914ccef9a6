{#- Stock dbt would send:      create table ... as, then update ... set dbt_valid_to and insert ... from a temporary table.
    Query Service refuses it:  UPDATE and MERGE: rows never change there. So a snapshot is refused with the way that exists. -#}
{% materialization snapshot, adapter='postgres' %}
  {%- do exceptions.raise_compiler_error(
    "dbt snapshots close old rows with UPDATE or MERGE, and Query Service has neither: tables are append-only. To keep history,"
    ~ " write a model that is materialized as dataset: each run adds its rows under its run_id and all earlier ones stay in"
    ~ " {name}_runs. For rows as they were up to two days ago, read the table with SNAPSHOT (history_meta lists its snapshots)."
  ) -%}
{% endmaterialization %}
