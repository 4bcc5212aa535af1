"""The one place where time and cutoff meet: door checks, the query, and its runs on DuckDB."""
