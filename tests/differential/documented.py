"""Names on Adobe's pages of Spark's functions and of its own, as printed there (help/query-service/sql, 2025)."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


OPERATORS = _words("% * + - / ! not < <= = > >= ^ | ~ in or when if rollup")
SPARK = _words(
    """
abs acos approx_count_distinct approx_percentile asin atan atan2 avg cbrt ceil ceiling conv corr cos cosh cot dense_rank
e exp expm1 factorial floor greatest hypot kurtosis least ln log log10 log1p log2 max mean min
monotonically_increasing_id negative percent_rank percentile percentile_approx pi pmod positive pow power radians rand
randn rint round sign signum sin sinh sqrt stddev stddev_samp sum tan tanh var_pop var_samp variance arrays_overlap
assert_true ifnull isnan isnotnull isnull nanvl xpath_boolean add_months date_add date_format date_sub date_trunc
datediff day dayofmonth dayofweek dayofyear from_unixtime from_utc_timestamp hour last_day minute month months_between
next_day quarter second to_date to_timestamp to_unix_timestamp to_utc_timestamp trunc unix_timestamp weekday weekofyear
year array array_contains array_distinct array_except array_intersect array_join array_max array_min array_position
array_remove array_repeat array_sort array_union arrays_zip cardinality element_at explode explode_outer find_in_set
flatten inline inline_outer posexplode reverse shuffle slice sort_array zip_with bigint binary boolean date decimal
double float int smallint str_to_map string struct tinyint ascii base64 bin bit_length char chr char_length
character_length crc32 degrees format_number from_json get_json_object hash hex initcap lcase lower lpad map
map_from_arrays map_from_entries md5 rpad rtrim sha sha1 sha2 soundex stack substr substring to_json translate trim
ucase upper unbase64 unhex uuid coalesce collect_list collect_set concat concat_ws count decode elt encode first
first_value grouping grouping_id instr json_tuple lag lead last last_value left length levenshtein locate position
map_concat map_keys map_values ntile nullif nvl nvl2 parse_url rank regexp_extract repeat replace row_number
schema_of_json sentences sequence shiftleft shiftright shiftrightunsigned size space split substring_index window xpath
xpath_double xpath_number xpath_float xpath_int xpath_long xpath_short xpath_string current_database current_date
current_timestamp now transform exists filter aggregate
"""
)
# Printed so; the links beside them lead to stddev_pop, regexp_replace, and to no function at all.
MISPRINTED = {"sttdev_pop": "stddev_pop", "regex_replace": "regexp_replace", "type": "cast"}
ADOBE = _words(
    """
sess_timeout sess_start_if sess_end_if previous next time_between_previous_match time_between_next_match
attribution_first_touch attribution_last_touch attribution_first_touch_exp_if attribution_last_touch_exp_if
attribution_first_touch_exp_timeout attribution_last_touch_exp_timeout
"""
)
# Functions that stand elsewhere in the documentation: in its guides, its statements, or as a type.
ELSEWHERE = _words(
    """
history_meta hll_build_agg hll_estimate hll_merge_agg hll_merge_count_agg make_date make_ym_interval raise_error random
reduce regexp_extract_all sample_meta table_exists timestamp
"""
)
# What the compiler calls TRIM(LEADING ...) and window(...).
INNER = ["trim leading", "time_window"]
