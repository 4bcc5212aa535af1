"""Batch scores on Spark, an extra: frames of a session that its user configures, scored by the same artifacts."""
