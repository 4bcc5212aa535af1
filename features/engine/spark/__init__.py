"""Spark, an extra: the queries of the engine over the DataFrames of a session that its user configures."""
