"""The SQL engine: declarations become one query, for DuckDB, Spark and warehouses."""
