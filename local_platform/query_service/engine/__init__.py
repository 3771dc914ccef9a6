"""Running compiled statements on DuckDB over the lake's files."""
