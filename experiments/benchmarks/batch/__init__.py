"""Batches beside a bare loop: the same trees over the same rows, from Parquet to Parquet."""
