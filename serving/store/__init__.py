"""Rows by customer id: written whole by a batch, read by every worker, swapped without a restart."""
